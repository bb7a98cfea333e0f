import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { roomOf } from "./rooms.ts";
import { TOP } from "./sources.ts";

/** What the documents at the top name has to be there. */
const DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"];
const FOLDERS = ["src", "test", "scripts", "devices", "gateway", ".ci"];
const rooms = readdirSync(join(TOP, "src"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** Paths in backquotes: from the top, or from src/ where the first name is a room's; `*` stands for anything. */
function namedPaths(text: string): readonly string[] {
  return [...text.matchAll(/`(?:\.\/)?([\w.-]+(?:\/[\w.*-]+)+\/?)(?: [^`]*)?`/g)]
    .map((match) => match[1] ?? "")
    .flatMap((path) => {
      const first = path.split("/")[0] ?? "";
      if (FOLDERS.includes(first)) return [path];
      return rooms.includes(first) ? [join("src", path)] : [];
    });
}

function isThere(path: string): boolean {
  const bare = path.replace(/\/$/, "");
  if (bare.includes("*")) return [...new Bun.Glob(bare).scanSync({ cwd: TOP, onlyFiles: false })].length > 0;
  // A module may be named without its ending, as in "broker/ingest".
  return [bare, `${bare}.ts`].some((candidate) => existsSync(join(TOP, candidate)));
}

test("the scanner finds paths, and notices one that is gone", () => {
  const text = "See `test/house/`, `log/attic` and `./scripts/test test/log`; `a/b` is none.";
  expect(namedPaths(text)).toEqual(["test/house/", "src/log/attic", "scripts/test"]);
  expect(namedPaths(text).map(isThere)).toEqual([true, false, true]);
  expect(isThere("test/house/*.test.ts")).toBe(true);
  expect(isThere("test/attic/*.test.ts")).toBe(false);
});

for (const name of DOCUMENTS) {
  test(`every path that ${name} names is there`, () => {
    const text = readFileSync(join(TOP, name), "utf8");
    expect(namedPaths(text).filter((path) => !isThere(path))).toEqual([]);
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? "");
    expect(links.filter((link) => !existsSync(join(TOP, link)))).toEqual([]);
  });
}

test("ARCHITECTURE.md shows every room of src/", () => {
  const text = readFileSync(join(TOP, "ARCHITECTURE.md"), "utf8");
  expect(rooms.filter((room) => !text.includes(`\n  ${room}/ `))).toEqual([]);
  expect(rooms.filter((room) => roomOf(`src/${room}/a.ts`) === null)).toEqual([]);
});

test("ARCHITECTURE.md gives every dependency its line", () => {
  const text = readFileSync(join(TOP, "ARCHITECTURE.md"), "utf8");
  const manifest: { dependencies: object; devDependencies: object } = JSON.parse(
    readFileSync(join(TOP, "package.json"), "utf8"),
  );
  const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test("all versions of dependencies are exact", () => {
  const manifest: { dependencies: object; devDependencies: object } = JSON.parse(
    readFileSync(join(TOP, "package.json"), "utf8"),
  );
  const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
});
