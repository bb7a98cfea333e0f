import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { PlainDisk } from "../../src/io/bun/plain-disk.ts";
import { TAR_END, tarHeader, tarPadding } from "../../src/io/tar.ts";
import { batchOf, createLog, mustAppend, openStore } from "../log/support.ts";
import { run } from "./support.ts";

const root = mkdtempSync(join(tmpdir(), "headwater-backup-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function fill(folder: string, topic: string, count: number): Promise<void> {
  const opened = await openStore({ disk: new PlainDisk(), folder });
  const log = createLog(opened.store, topic);
  for (let i = 0; i < count; i++) mustAppend(log, batchOf([`reading ${i}`], { key: `pump-${i % 2}` }));
  await opened.clock.settleAll();
  await opened.store.close();
}

function segmentOf(folder: string, name: string): Uint8Array {
  return readFileSync(join(folder, name, "00000000000000000000.log"));
}

test("what was backed up comes back bit for bit, and only into an empty folder unless it is to replace", async () => {
  const [data, file, other] = [join(root, "a"), join(root, "a.backup"), join(root, "b")];
  await fill(data, "telemetry", 20);
  const made = await run(["backup", "--data", data, "--to", file, "-o", "json"]);
  expect(made).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(made.out)).toMatchObject({ to: file, files: 6, left: [] });
  expect(readdirSync(root).filter((name) => name.endsWith(".part"))).toEqual([]);
  const before = segmentOf(data, "telemetry-0");
  const restored = await run(["restore", "--data", other, "--from", file]);
  expect(restored).toMatchObject({ code: 0, err: "" });
  // The file has room behind the batches, the copy has none.
  const copied = segmentOf(other, "telemetry-0");
  expect(copied.length).toBeGreaterThan(20 * 70);
  expect(before.subarray(0, copied.length)).toEqual(copied);
  expect((await run(["verify", "--data", other])).out).toContain("(shut down cleanly): 1 partition");

  await fill(other, "more", 3);
  const refused = await run(["restore", "--data", other, "--from", file]);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("--replace");
  const replaced = await run(["restore", "--data", other, "--from", file, "--replace"]);
  expect(replaced.out).toContain(`what was there before is in ${other}/replaced.1`);
  expect(readdirSync(other)).not.toContain("more-0");
  expect(readdirSync(join(other, "replaced.1"))).toContain("more-0");
});

test("a backup that is damaged, cut or forged is refused, and nothing is changed", async () => {
  const [data, file, target] = [join(root, "c"), join(root, "c.backup"), join(root, "d")];
  await fill(data, "telemetry", 20);
  await run(["backup", "--data", data, "--to", file]);
  const whole = readFileSync(file);
  const tar = zstdDecompressSync(whole);
  const flipped = Uint8Array.from(tar);
  const at = flipped.findIndex((_, i) => tar.subarray(i, i + 9).toString() === "reading 7");
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  const letter = new TextEncoder().encode("x");
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [whole.subarray(0, whole.length / 2), "a damaged one"],
    [zstdCompressSync(tar.subarray(0, 2048)), "ends before its end"],
    [zstdCompressSync(flipped), "1 files don't fit their sums (telemetry-0/00000000000000000000.log)"],
    [
      zstdCompressSync(Buffer.concat([tarHeader("../x", 1, 0), letter, tarPadding(1), TAR_END])),
      'of the name "../x"',
    ],
    [
      zstdCompressSync(Buffer.concat([tarHeader("a/../../x", 1, 0), letter, tarPadding(1), TAR_END])),
      "of the name",
    ],
    [zstdCompressSync(TAR_END), "without a manifest"],
    [new TextEncoder().encode("no backup at all"), "is no backup"],
  ];
  for (const [bytes, why] of cases) {
    writeFileSync(file, bytes);
    const { code, err } = await run(["restore", "--data", target, "--from", file]);
    expect([code, err.includes(why) ? why : err]).toEqual([1, why]);
    expect(readdirSync(target)).toEqual(["lock"]);
  }
  expect((await run(["restore", "--data", target, "--from", join(root, "none")])).code).toBe(2);
});

test("a folder that is in use is neither restored to nor copied behind its owner's back", async () => {
  const [data, file] = [join(root, "e"), join(root, "e.backup")];
  const { store } = await openStore({ disk: new PlainDisk(), folder: data });
  expect((await run(["restore", "--data", data, "--from", file, "--replace"])).code).toBe(4);
  const { code, err } = await run(["backup", "--data", data, "--to", file, "--set", "http.listen=off"]);
  expect(code).toBe(4);
  expect(err).toContain("http.listen is off");
  expect((await run(["backup", "--data", data])).code).toBe(2);
  await store.close();
});
