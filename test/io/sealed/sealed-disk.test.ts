import { expect, test } from "bun:test";
import { linkSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "../../../src/base/errors.ts";
import { PlainDisk } from "../../../src/io/bun/plain-disk.ts";
import { Layout } from "../../../src/io/sealed/layout.ts";
import type { SealedDisk } from "../../../src/io/sealed/sealed-disk.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { codeOf, equal, pattern } from "../disk-contract.ts";
import { DATA_KEY, sealedDisk } from "./support.ts";

const BLOCK = 4096;
const LAYOUT = new Layout(BLOCK);
const PATH = "/data/f";

function made(): SimulatedDisk {
  const inner = new SimulatedDisk({ seed: 1 });
  inner.makeFolder("/data");
  return inner;
}

/** Four blocks: three in their places, the last in a slot. */
function filled(inner: SimulatedDisk, path = PATH): Uint8Array {
  const content = pattern(3 * BLOCK + 100, 3);
  const file = sealedDisk(inner, { random: new SeededRandom(path.length) }).createFile(path, 4 * BLOCK);
  file.write(0, content);
  file.syncNow();
  file.close();
  return content;
}

function contentOf(disk: SealedDisk, path = PATH): Uint8Array {
  const file = disk.openFile(path, "read");
  const bytes = file.view(0, file.sizeBytes).slice();
  file.close();
  return bytes;
}

function rawOf(inner: SimulatedDisk, path = PATH): Uint8Array {
  return inner.readFile(path, 1 << 24)?.slice() ?? new Uint8Array(0);
}

function putRaw(inner: SimulatedDisk, position: number, bytes: Uint8Array, path = PATH): void {
  const file = inner.openFile(path, "write");
  file.write(position, bytes);
  file.close();
}

/** Blocks that read as what was never written there. */
function damagedBlocks(bytes: Uint8Array): number[] {
  const damaged: number[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK)
    if (bytes.subarray(at, at + BLOCK).every((byte) => byte === 0xdb)) damaged.push(at / BLOCK);
  return damaged;
}

test("nothing of what is written is in the file, however it is written", () => {
  const inner = made();
  const disk = sealedDisk(inner);
  const canary = new TextEncoder().encode("a canary in the data");
  const file = disk.createFile(PATH, 8 * BLOCK);
  for (let at = 0; at < 5 * BLOCK; at += 999) file.write(at, canary);
  file.syncNow();
  const large = new Uint8Array(2 * BLOCK);
  for (let at = 0; at + canary.length < large.length; at += canary.length) large.set(canary, at);
  file.write(5 * BLOCK, large);
  file.close();
  disk.replaceFile("/data/small", canary);
  for (const path of [PATH, "/data/small"]) {
    expect(Buffer.from(rawOf(inner, path)).includes(Buffer.from("canary"))).toBe(false);
  }
  expect(sealedDisk(inner).readFile("/data/small", 100)).toEqual(canary);
});

test("a nonce is used once under one key, over crashes and restarts too", () => {
  const inner = made();
  const seen = new Set<string>();
  const options = (repeatNonce: boolean, onSealed: (name: string) => void) => ({
    repeatNonce,
    onSealed: (fileId: Uint8Array, session: Uint8Array, nonce: Uint8Array) =>
      onSealed(`${fileId.toHex()} ${session.toHex()} ${nonce.toHex()}`),
  });
  let random = 1;
  const work = (disk: SealedDisk) => {
    const file = disk.exists(PATH) ? disk.openFile(PATH, "write") : disk.createFile(PATH, 8 * BLOCK);
    for (let i = 0; i < 60; i++) {
      file.write((i * 777) % (7 * BLOCK), pattern(((i * 531) % 5000) % BLOCK, i));
      if (i % 7 === 0) file.syncNow();
    }
    file.resize(3 * BLOCK + 5);
    file.resize(8 * BLOCK);
    file.close();
  };
  for (let start = 0; start < 10; start++) {
    work(
      sealedDisk(inner, {
        random: new SeededRandom(random++),
        ...options(false, (name) => {
          expect(seen.has(name)).toBe(false);
          seen.add(name);
        }),
      }),
    );
  }
  expect(seen.size).toBeGreaterThan(500);
  // The test notices it where one is used again.
  const [repeated, counts] = [made(), new Map<string, number>()];
  work(
    sealedDisk(
      repeated,
      options(true, (name) => counts.set(name, (counts.get(name) ?? 0) + 1)),
    ),
  );
  expect([...counts.values()].some((count) => count > 1)).toBe(true);
});

test("any flipped bit damages the block that it is in, and no other", () => {
  const inner = made();
  const content = filled(inner);
  const raw = rawOf(inner);
  for (const [position, block] of [
    [LAYOUT.recordPosition(0) + 3, 0],
    [LAYOUT.recordPosition(1) + 12, 1],
    [LAYOUT.recordPosition(1) + 20, 1],
    [LAYOUT.recordPosition(2) + 32, 2],
    [LAYOUT.recordPosition(3) - 1, 2],
  ] as const) {
    const bytes = raw.slice(position, position + 1);
    putRaw(inner, position, Uint8Array.of((bytes[0] ?? 0) ^ 4));
    const told: number[] = [];
    const read = contentOf(sealedDisk(inner, { damaged: (_path, at) => told.push(at) }));
    expect(damagedBlocks(read)).toEqual([block]);
    expect(told).toEqual([block]);
    putRaw(inner, position, bytes);
  }
  // One copy of the header may go.
  putRaw(inner, 3, new Uint8Array(40));
  expect(equal(contentOf(sealedDisk(inner)).subarray(0, content.length), content)).toBe(true);
  putRaw(inner, 300, new Uint8Array(40).fill(9));
  putRaw(inner, 256, new Uint8Array(40).fill(9));
  expect(damagedBlocks(contentOf(sealedDisk(inner))).length).toBeGreaterThan(0);
});

test("a block that is put elsewhere, or into another file, does not open", () => {
  const inner = made();
  filled(inner);
  filled(inner, "/data/other");
  const raw = rawOf(inner);
  const record = (bytes: Uint8Array, block: number) =>
    bytes.slice(LAYOUT.recordPosition(block), LAYOUT.recordPosition(block + 1));
  putRaw(inner, LAYOUT.recordPosition(0), record(raw, 1));
  expect(damagedBlocks(contentOf(sealedDisk(inner)))).toEqual([0]);
  putRaw(inner, LAYOUT.recordPosition(0), record(rawOf(inner, "/data/other"), 0));
  expect(damagedBlocks(contentOf(sealedDisk(inner)))).toEqual([0]);
  putRaw(inner, LAYOUT.recordPosition(0), record(raw, 0));
  expect(damagedBlocks(contentOf(sealedDisk(inner)))).toEqual([]);
});

test("with another key, or one that is not there, nothing opens and nothing is written", () => {
  const inner = made();
  filled(inner);
  const raw = rawOf(inner);
  const other = sealedDisk(inner, { keys: { current: 1, key: () => new Uint8Array(32) } });
  expect(damagedBlocks(contentOf(other))).toEqual([0, 1, 2]);
  const none = sealedDisk(inner, { keys: { current: 2, key: (number) => (number === 2 ? DATA_KEY : null) } });
  const file = none.openFile(PATH, "write");
  expect(damagedBlocks(file.view(0, 3 * BLOCK))).toEqual([0, 1, 2]);
  expect(codeOf(() => file.write(0, pattern(10, 1)))).toBe("DISK_IO");
  file.close();
  expect(rawOf(inner)).toEqual(raw);
});

test("a file that is under another name, too, reads as it is on the disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-sealed-"));
  try {
    const disk = sealedDisk(new PlainDisk());
    const file = disk.createFile(join(folder, "a"), 8 * BLOCK);
    file.write(0, pattern(BLOCK + 50, 1));
    file.syncNow();
    linkSync(join(folder, "a"), join(folder, "b"));
    const copy = disk.openFile(join(folder, "b"), "read");
    expect(copy.sizeBytes).toBe(8 * BLOCK);
    // Meanwhile all slots are used for other blocks.
    for (let at = BLOCK + 50; at < 6 * BLOCK; at += 1500) {
      file.write(at, pattern(1500, at));
      file.syncNow();
    }
    expect(equal(copy.view(0, BLOCK + 50), pattern(BLOCK + 50, 1))).toBe(true);
    copy.close();
    file.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("what could not be written when the turn ended fails the next use, and every sync until the next start", async () => {
  const inner = made();
  const disk = sealedDisk(inner);
  const file = disk.createFile(PATH, 4 * BLOCK);
  file.write(0, pattern(10, 1));
  inner.fail({ kind: "write" });
  await Promise.resolve();
  await Promise.resolve();
  const failure = await file.sync().catch((error: unknown) => error);
  expect(hasCode(failure, "DISK_IO")).toBe(true);
  expect(() => file.write(0, pattern(10, 1))).toThrow("input/output error");
  file.close();
  // Whoever opens it again must not take a good sync for one of what was lost.
  const again = disk.openFile(PATH, "write");
  expect(() => again.syncNow()).toThrow("input/output error");
  again.close();
});

test("a file that is full takes what is changed here and there, and keeps it", () => {
  const inner = made();
  const model = pattern(20 * BLOCK, 1);
  const random = new SeededRandom(4);
  let disk = sealedDisk(inner);
  let file = disk.createFile(PATH, model.length);
  file.write(0, model);
  for (let i = 0; i < 400; i++) {
    const at = random.below(model.length - 200);
    const bytes = pattern(1 + random.below(200), i);
    file.write(at, bytes);
    model.set(bytes, at);
    if (random.chance(0.2)) file.syncNow();
    if (random.chance(0.1)) {
      file.close();
      if (random.chance(0.5)) disk = sealedDisk(inner, { random: new SeededRandom(i) });
      file = disk.openFile(PATH, "write");
    }
  }
  expect(equal(file.view(0, model.length), model)).toBe(true);
});
