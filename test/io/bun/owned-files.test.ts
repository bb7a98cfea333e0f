import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HostOwnedFiles } from "../../../src/io/bun/owned-files.ts";

let top: string;
const files = new HostOwnedFiles();
const SECRET = { mode: 0o600, owner: null };
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "headwater-owned-"));
});
afterEach(() => rmSync(top, { recursive: true }));
const mode = (path: string) => statSync(path).mode & 0o777;

test("a file has its rights, whatever the mask of the process, and replaces another's content and rights", () => {
  const path = join(top, "a");
  const before = process.umask(0o077);
  try {
    files.write(path, Buffer.from("one"), { mode: 0o644, owner: null });
    expect([mode(path), readFileSync(path, "utf8")]).toEqual([0o644, "one"]);
    files.makeFolder(join(top, "x/y"), { mode: 0o750, owner: null });
    expect([mode(join(top, "x")), mode(join(top, "x/y"))]).toEqual([0o750, 0o750]);
  } finally {
    process.umask(before);
  }
  files.write(path, Buffer.from("two"), SECRET);
  expect([mode(path), new TextDecoder().decode(files.read(path, 10) ?? undefined)]).toEqual([0o600, "two"]);
  expect(readdirSync(top).sort()).toEqual(["a", "x"]);
});

test.skipIf(process.getuid?.() !== 0)("a file belongs to whom it is for", () => {
  const path = join(top, "a");
  files.write(path, Buffer.from("x"), { mode: 0o640, owner: { uid: 0, gid: 12345 } });
  files.makeFolder(join(top, "f"), { mode: 0o750, owner: { uid: 23456, gid: 12345 } });
  expect([statSync(path).gid, statSync(join(top, "f")).uid]).toEqual([12345, 23456]);
});

test("a link stays one, and what a crash has left is written over, and shown to nobody", () => {
  const [real, link] = [join(top, "real"), join(top, "link")];
  writeFileSync(real, "old");
  symlinkSync(real, link);
  writeFileSync(`${real}.headwater-new`, "half");
  expect(files.list(top)).toEqual(["link", "real"]);
  files.write(link, Buffer.from("new"), SECRET);
  expect([readlinkSync(link), readFileSync(real, "utf8")]).toEqual([real, "new"]);
  expect(existsSync(`${real}.headwater-new`)).toBe(false);
});

test("what can't be done has a code and the path", () => {
  writeFileSync(join(top, "a"), "x".repeat(11));
  expect(() => files.read(join(top, "a"), 10)).toThrow("more than 10");
  expect(() => files.read(top, 10)).toThrow();
  expect(files.read(join(top, "none"), 10)).toBeNull();
  expect(files.list(join(top, "none"))).toEqual([]);
  files.remove(join(top, "none"));
  expect(() => files.write(join(top, "none/b"), Buffer.from("x"), SECRET)).toThrow("none/b can't be written");
  expect(() => files.makeFolder(join(top, "a/b"), SECRET)).toThrow("can't be made");
});
