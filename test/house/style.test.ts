import { beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOMS } from "./rooms.ts";
import { readSources, TOP, withoutComments } from "./sources.ts";

const MAX_README_LINES = 80;
const TOP_LEVEL: readonly string[] = [
  ".ci",
  ".gitattributes",
  ".gitignore",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "biome.json",
  "bun.lock",
  "devices",
  "gateway",
  "package.json",
  "scripts",
  "src",
  "test",
  "tsconfig.json",
];

/** Folders of test/ that mirror no room of src/. */
const TEST_FOLDERS: readonly string[] = [
  "arm",
  "bench",
  "binary",
  "chaos",
  "conformance",
  "console",
  "devices",
  "fixtures",
  "fuzz",
  "gateway",
  "house",
  "differential",
  "interop",
  "powercut",
  "programs",
  "scripts",
  "simulation",
  "support",
];

// Files that git knows or would add: what is ignored is nobody's business here.
const files = git("ls-files", "--cached", "--others", "--exclude-standard").filter((path) =>
  existsSync(join(TOP, path)),
);
const sources = ["src", "devices", "scripts", "test"].flatMap(readSources);

test("the checks below read the project", () => {
  expect(files.length).toBeGreaterThan(50);
  expect(sources.length).toBeGreaterThan(50);
});

test("the top level holds what ARCHITECTURE.md lists, and nothing else", () => {
  const names = new Set(files.map((path) => path.split("/")[0] ?? ""));
  expect([...names].filter((name) => !TOP_LEVEL.includes(name))).toEqual([]);
});

test("file names are kebab-case", () => {
  const name = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test|\.d)?\.ts$/;
  const bad = sources.map((source) => source.path).filter((path) => !name.test(path.split("/").at(-1) ?? ""));
  expect(bad).toEqual([]);
});

test("test/ mirrors src/", () => {
  const rooms = new Set(ROOMS.map((room) => room.split("/")[0] ?? ""));
  const folders = new Set(
    files.filter((path) => /^test\/[^/]+\//.test(path)).map((path) => path.split("/")[1] ?? ""),
  );
  expect([...folders].filter((name) => !rooms.has(name) && !TEST_FOLDERS.includes(name))).toEqual([]);
});

test("every room has a README of a page or less", () => {
  const rooms = ROOMS.map((room) => join("src", room)).filter(
    (room) => !room.endsWith(".ts") && files.some((path) => path.startsWith(`${room}/`)),
  );
  expect(rooms.length).toBeGreaterThan(5);
  // io/bun and io/simulated are two sides of one seam: the README of io speaks of both.
  const missing = rooms
    .filter((room) => !room.startsWith("src/io/"))
    .filter((room) => !existsSync(join(TOP, room, "README.md")));
  expect(missing).toEqual([]);
  const long = files
    .filter((path) => path.startsWith("src/") && path.endsWith("README.md"))
    .filter((path) => readFileSync(join(TOP, path), "utf8").split("\n").length > MAX_README_LINES);
  expect(long).toEqual([]);
});

test("no path of somebody's machine stands in the project", () => {
  // Put together from pieces, so that this file passes its own check.
  const folders = ["work", "farm", "root", "home/[a-z]+", "Users/[a-z]+"].join("|");
  const pattern = new RegExp(`(?:^|[^A-Za-z0-9_.])/(?:${folders})/`);
  expect(pattern.test(`see ${"/"}home/ann/notes`)).toBe(true);
  const bad = files.filter(
    (path) =>
      /\.(?:ts|md|json|sh|toml|txt|py|go|xml|yaml|yml|service)$|^scripts\/|^\.ci\//.test(path) &&
      !path.includes("/fixtures/") &&
      pattern.test(readFileSync(join(TOP, path), "utf8")),
  );
  expect(bad).toEqual([]);
});

test("nothing is put off in a comment", () => {
  const marks = new RegExp(
    `\\b(?:${["TO", "FIX"].map((half) => `${half}${half === "TO" ? "DO" : "ME"}`).join("|")})\\b`,
  );
  expect(sources.filter((source) => marks.test(source.text)).map((source) => source.path)).toEqual([]);
});

test("no check of types or lint is switched off without a reason", () => {
  const bare = /@ts-(?:ignore|nocheck)|@ts-expect-error(?!:? \w)|biome-ignore[^:\n]*(?:\n|: *\n|$)/;
  const bad = sources.filter(
    (source) => source.path !== "test/house/style.test.ts" && bare.test(source.text),
  );
  expect(bad.map((source) => source.path)).toEqual([]);
});

test("test files assert on something, or run a contract suite that does", () => {
  const tests = sources.filter((source) => source.path.endsWith(".test.ts"));
  const idle = tests.filter(
    (source) => !/\bexpect\(|\bassert|\bis\(|[cC]ontract\(/.test(withoutComments(source.text)),
  );
  expect(idle.map((source) => source.path)).toEqual([]);
});

describe("the linter refuses", () => {
  // Biome holds these; what is tested is that our settings make it.
  const planted: readonly (readonly [string, string])[] = [
    ["noExplicitAny", "export const a: any = 1;\n"],
    ["noDefaultExport", "export default function a(): void {}\n"],
    ["noNonNullAssertion", "export const f = (a: string | null): string => a!;\n"],
    ["noEnum", "export enum A {\n  B,\n}\n"],
    ["noBarrelFile", 'export * from "./a.ts";\n'],
    ["useImportExtensions", 'import { a } from "./noEnum";\n\nexport const b = a;\n'],
    ["noExcessiveLinesPerFunction", `export function f(): void {\n${"  g();\n".repeat(101)}}\n`],
    ["noExcessiveLinesPerFile", "g();\n".repeat(601)],
  ];
  let output = "";
  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), "headwater-lint-"));
    const settings: object = JSON.parse(readFileSync(join(TOP, "biome.json"), "utf8"));
    writeFileSync(join(folder, "biome.json"), JSON.stringify({ ...settings, vcs: { enabled: false } }));
    mkdirSync(join(folder, "src"));
    for (const [rule, text] of planted) writeFileSync(join(folder, "src", `${rule}.ts`), text);
    const biome = join(TOP, "node_modules/.bin/biome");
    const run = spawnSync(biome, ["lint", "--max-diagnostics=none"], { cwd: folder, encoding: "utf8" });
    output = run.stdout + run.stderr;
    rmSync(folder, { recursive: true });
  });
  for (const [rule] of planted) {
    test(rule, () => expect(output).toMatch(new RegExp(`src/${rule}\\.ts\\S* lint/\\w+/${rule}\\b`)));
  }
});

function git(...args: readonly string[]): readonly string[] {
  const run = spawnSync("git", args, { cwd: TOP, encoding: "utf8", maxBuffer: 64 << 20 });
  // A source archive has no history: then the folders stand for themselves.
  if (run.status !== 0) {
    return readdirSync(TOP, { recursive: true, encoding: "utf8" }).filter(
      (path) => !/^(?:node_modules|dist|\.cache|\.git)(?:\/|$)/.test(path) && /\.\w+$/.test(path),
    );
  }
  return run.stdout.split("\n").filter((path) => path !== "");
}
