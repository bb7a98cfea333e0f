import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDataDisk } from "../../src/io/bun/data-disk.ts";
import { run } from "./support.ts";

const root = mkdtempSync(join(tmpdir(), "headwater-encryption-"));
const [data, plain, key, other] = ["data", "plain", "key", "other"].map((name) => join(root, name)) as [
  string,
  string,
  string,
  string,
];
beforeAll(async () => {
  for (const folder of [data, plain]) mkdirSync(folder);
  writeFileSync(key, new Uint8Array(32).fill(1));
  writeFileSync(other, new Uint8Array(32).fill(2));
  await openDataDisk({
    ...{ folder: data, implementation: "plain", isOwner: true },
    key: { file: key, credential: "" },
  });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const status = (folder: string, file: string, ...more: readonly string[]) => {
  const set = file === "" ? [] : ["--set", `storage.encryption.key.file=${file}`];
  return run(["encryption", "status", "--data", folder, ...set, ...more]);
};

describe("status", () => {
  test("of a folder that its key opens", async () => {
    expect((await status(data, key)).out).toBe(`${data} is encrypted, and the key opens it (1 data keys)\n`);
    const { code, out } = await status(data, key, "-o", "json");
    expect([code, JSON.parse(out)]).toEqual([0, { folder: data, encrypted: true, opens: true, dataKeys: 1 }]);
  });

  test("of an encrypted folder without any key set", async () => {
    expect(await status(data, "")).toMatchObject({
      ...{ code: 1, err: "" },
      out: `${data} is encrypted; no key is set (storage.encryption.key.file or .credential)\n`,
    });
    const { code, out } = await status(data, "", "-o", "json");
    expect([code, JSON.parse(out)]).toEqual([
      1,
      { folder: data, encrypted: true, opens: false, dataKeys: null },
    ]);
  });

  test("of one that is not encrypted", async () => {
    const { code, out } = await status(plain, "", "-o", "json");
    expect([code, JSON.parse(out)]).toEqual([
      0,
      { folder: plain, encrypted: false, opens: null, dataKeys: 0 },
    ]);
  });

  test("with the key of another folder", async () => {
    expect((await status(data, other)).code).toBe(2);
  });
});

describe("a key that can't be had is a fault of the settings, with its name", () => {
  test("a folder in place of the key", async () => {
    expect(await status(data, root)).toMatchObject({
      ...{ code: 2, out: "" },
      err: expect.stringContaining(`storage.encryption.key.file: ${root} is a folder`),
    });
    const rotated = await run(
      ["encryption", "rotate", "--data", data, "--new-key", root].concat([
        ...["--set", `storage.encryption.key.file=${key}`],
      ]),
    );
    expect(rotated).toMatchObject({
      code: 2,
      err: expect.stringContaining(`--new-key: ${root} is a folder`),
    });
  });

  test("no key to rotate from", async () => {
    expect(await run(["encryption", "rotate", "--data", data, "--new-key", other])).toMatchObject({
      ...{ code: 2, err: expect.stringContaining("no key is set: name it with storage.encryption.key.file") },
    });
  });
});
