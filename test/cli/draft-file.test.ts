import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDraft } from "../../src/cli/draft-file.ts";
import { run } from "./support.ts";

let folder: string;
let target: string;
let server: Server | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headwater-draft-"));
  target = join(folder, "gw7.hwbackup");
});
afterEach(() => {
  server?.close();
  server = null;
  rmSync(folder, { recursive: true });
});

/** What is no file, made at a path. */
const THINGS: readonly (readonly [string, (path: string) => void | Promise<void>])[] = [
  ["a folder", (path) => mkdirSync(path)],
  ["a named pipe", (path) => void Bun.spawnSync(["mkfifo", path])],
  [
    "a socket",
    (path) =>
      new Promise((listens) => {
        server = createServer().listen(path, () => listens());
      }),
  ],
  ["a symbolic link", (path) => symlinkSync(join(folder, "elsewhere"), path)],
];

describe("what is no file is not replaced", () => {
  test.each(THINGS)("%s", async (name, make) => {
    await make(target);
    const { ino } = lstatSync(target);
    expect(() => openDraft(target)).toThrow(`${target} is ${name}, and would be replaced: name a file`);
    for (const args of [
      ["backup", "--to", target],
      ["support-bundle", "--file", target],
    ]) {
      const outcome = await run([...args, "--data", join(folder, "data"), "--set", "http.listen=off"]);
      expect(outcome).toMatchObject({ code: 2, err: expect.stringContaining(`${target} is ${name}`) });
    }
    expect(lstatSync(target).ino).toBe(ino);
    expect(existsSync(`${target}.part`)).toBe(false);
  });

  test.each(THINGS.filter(([name]) => name !== "a symbolic link"))("%s as the draft", async (name, make) => {
    await make(`${target}.part`);
    expect(() => openDraft(target)).toThrow(`${target}.part, which is to be written first, is ${name}`);
  });
});

test("a draft is a new file that its owner alone can read, whatever was left or leads elsewhere", () => {
  const other = join(folder, "other");
  writeFileSync(other, "not touched");
  writeFileSync(target, "of yesterday");
  const leave: readonly (() => void)[] = [
    () => {},
    () => writeFileSync(`${target}.part`, "left, and longer", { mode: 0o644 }),
    () => symlinkSync(other, `${target}.part`),
  ];
  for (const before of leave) {
    before();
    const { draft, fd } = openDraft(target);
    writeSync(fd, "new");
    closeSync(fd);
    expect([readFileSync(draft, "utf8"), lstatSync(draft).mode & 0o777]).toEqual(["new", 0o600]);
    rmSync(draft);
  }
  expect([readFileSync(other, "utf8"), readFileSync(target, "utf8")]).toEqual([
    "not touched",
    "of yesterday",
  ]);
});

test("a folder that is not there is a fault of the disk", () => {
  expect(() => openDraft(join(folder, "none", "x"))).toThrow(
    expect.objectContaining({ code: "DISK_IO", message: expect.stringContaining("ENOENT") }),
  );
});
