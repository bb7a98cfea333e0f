import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeadwaterError } from "../../../src/base/errors.ts";
import { CONVERSION_FILE, type KeySource, openDataDisk } from "../../../src/io/bun/data-disk.ts";

const root = mkdtempSync(join(tmpdir(), "headwater-data-disk-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const [key, other, noKey] = [join(root, "key"), join(root, "other"), join(root, "no-key")];
writeFileSync(key, new Uint8Array(32).fill(1));
writeFileSync(other, new Uint8Array(32).fill(2));
writeFileSync(noKey, "not a key\n");
const NONE: KeySource = { file: "", credential: "" };
const fileKey = (file: string): KeySource => ({ file, credential: "" });
let folders = 0;

function newFolder(...names: readonly string[]): string {
  const folder = join(root, `data${folders++}`);
  mkdirSync(folder);
  for (const name of names) writeFileSync(join(folder, name), "x");
  return folder;
}

const open = (folder: string, source: KeySource, isOwner = true) =>
  openDataDisk({ folder, implementation: "plain", key: source, isOwner });

async function refusal(opened: Promise<unknown>): Promise<string> {
  const error = await opened.catch((cause: unknown) => cause);
  return error instanceof HeadwaterError ? error.code : "none";
}

test("an empty folder is encrypted where there is a key, by its owner only", async () => {
  const folder = newFolder("lock", "users");
  expect((await open(folder, NONE)).disk.kind).toBe("plain");
  expect((await open(folder, fileKey(key), false)).disk.kind).toBe("plain");
  expect(readdirSync(folder)).toEqual(["lock", "users"]);
  const { disk } = await open(folder, fileKey(key));
  expect(disk.kind).toBe("sealed");
  disk.replaceFile(join(folder, "format"), new TextEncoder().encode("canary"));
  expect(
    new TextDecoder().decode(
      (await open(folder, fileKey(key), false)).disk.readFile(join(folder, "format"), 99) ?? undefined,
    ),
  ).toBe("canary");
});

test("a key that is missing, wrong or none at all opens nothing, and touches nothing", async () => {
  const folder = newFolder();
  await open(folder, fileKey(key));
  const before = readdirSync(folder);
  expect(await refusal(open(folder, NONE))).toBe("CONFIG_INVALID");
  expect(await refusal(open(folder, fileKey(other)))).toBe("CONFIG_INVALID");
  expect(await refusal(open(folder, fileKey(noKey)))).toBe("CONFIG_INVALID");
  expect(await refusal(open(folder, fileKey(join(root, "nowhere"))))).toBe("FILE_MISSING");
  expect(await refusal(open(folder, { file: "", credential: "headwater.key" }))).toBe("FILE_MISSING");
  expect(open(folder, fileKey(root))).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: `storage.encryption.key.file: ${root} is a folder: name the file of the key`,
  });
  expect(readdirSync(folder)).toEqual(before);
  const fresh = newFolder();
  expect(await refusal(open(fresh, fileKey(join(root, "nowhere"))))).toBe("FILE_MISSING");
  expect(readdirSync(fresh)).toEqual([]);
});

test("a folder with records in the clear is not taken for an encrypted one, nor one that is half converted", async () => {
  const plain = newFolder("format");
  expect(await refusal(open(plain, fileKey(key)))).toBe("CONFIG_INVALID");
  expect(readdirSync(plain)).toEqual(["format"]);
  const half = newFolder(CONVERSION_FILE);
  expect(await refusal(open(half, NONE))).toBe("CONFIG_INVALID");
  expect(await refusal(open(half, fileKey(key)))).toBe("CONFIG_INVALID");
});

test("a keyring of which one file is lost is whole again after a start", async () => {
  const folder = newFolder();
  await open(folder, fileKey(key));
  rmSync(join(folder, "keyring.0"));
  await open(folder, fileKey(key), false);
  expect(readdirSync(folder)).not.toContain("keyring.0");
  await open(folder, fileKey(key));
  rmSync(join(folder, "keyring.1"));
  expect((await open(folder, fileKey(key))).disk.kind).toBe("sealed");
});

test("a credential is read where systemd puts it", async () => {
  const folder = newFolder();
  const before = process.env.CREDENTIALS_DIRECTORY;
  process.env.CREDENTIALS_DIRECTORY = root;
  try {
    expect((await open(folder, { file: "", credential: "key" })).disk.kind).toBe("sealed");
  } finally {
    if (before === undefined) delete process.env.CREDENTIALS_DIRECTORY;
    else process.env.CREDENTIALS_DIRECTORY = before;
  }
});
