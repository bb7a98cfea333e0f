import { expect, test } from "bun:test";
import { AES_GCM } from "../../../src/io/bun/aes-gcm.ts";
import {
  isSealedFolder,
  KEYRING_FILES,
  newKeyring,
  parseMasterKey,
  readKeyring,
  writeKeyring,
} from "../../../src/io/sealed/keyring.ts";
import { type Operation, SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { codeOf } from "../disk-contract.ts";

const [OLD, NEW] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
const random = new SeededRandom(9);

function made(onOperation: (operation: Operation) => void = () => {}): SimulatedDisk {
  const disk = new SimulatedDisk({ seed: 1, onOperation });
  disk.makeFolder("/data");
  return disk;
}

test("data keys come back under the master key, and under no other", () => {
  const disk = made();
  expect(isSealedFolder(disk, "/data")).toBe(false);
  const keyring = newKeyring(random);
  writeKeyring(disk, "/data", keyring, OLD, AES_GCM, random);
  expect(isSealedFolder(disk, "/data")).toBe(true);
  const found = readKeyring(disk, "/data", OLD, AES_GCM);
  expect(found.isWhole).toBe(true);
  expect(found.keyring.key(1)).toEqual(keyring.key(1));
  expect(found.keyring.key(2)).toBeNull();
  expect(codeOf(() => readKeyring(disk, "/data", NEW, AES_GCM))).toBe("CONFIG_INVALID");
});

test("one of the two files may be gone, cut or changed anywhere", () => {
  const keyring = newKeyring(random);
  const sealed = keyring.seal(OLD, AES_GCM, random);
  const variants: (Uint8Array | null)[] = [null];
  for (let length = 0; length < sealed.length; length++) variants.push(sealed.slice(0, length));
  for (let at = 0; at < sealed.length; at++) {
    const bytes = sealed.slice();
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    variants.push(bytes);
  }
  for (const [index, bytes] of variants.entries()) {
    const disk = made();
    const [bad, good] = index % 2 === 0 ? KEYRING_FILES : KEYRING_FILES.toReversed();
    if (bytes !== null) disk.replaceFile(`/data/${bad}`, bytes);
    if (bytes !== null)
      expect(codeOf(() => readKeyring(disk, "/data", OLD, AES_GCM))).not.toBe("nothing thrown");
    disk.replaceFile(`/data/${good}`, sealed);
    const found = readKeyring(disk, "/data", OLD, AES_GCM);
    expect(found.isWhole).toBe(false);
    expect(found.keyring.key(1)).toEqual(keyring.key(1));
  }
});

test("a rotation that is cut off anywhere leaves the folder open to one of the two keys", () => {
  let operations = 0;
  for (let cut = 1, isCut = true; isCut; cut++) {
    let crashed: SimulatedDisk | null = null;
    operations = 0;
    let isArmed = false;
    const disk = made(() => {
      if (isArmed && ++operations === cut) crashed = disk.crash("sectors", cut);
    });
    const keyring = newKeyring(random);
    writeKeyring(disk, "/data", keyring, OLD, AES_GCM, random);
    disk.syncFolderNow("/");
    isArmed = true;
    writeKeyring(
      disk,
      "/data",
      keyring.renewed(random, () => true),
      NEW,
      AES_GCM,
      random,
    );
    isCut = crashed !== null;
    const left: SimulatedDisk = crashed ?? disk;
    const opened = [OLD, NEW].flatMap((key) => {
      try {
        return [readKeyring(left, "/data", key, AES_GCM).keyring];
      } catch {
        return [];
      }
    });
    expect(opened.length).toBeGreaterThan(0);
    for (const found of opened) expect(found.key(1)).toEqual(keyring.key(1));
    if (!isCut) expect(readKeyring(left, "/data", NEW, AES_GCM).isWhole).toBe(true);
  }
  expect(operations).toBeGreaterThan(8);
});

test("keys that no file needs go, the newest stays", () => {
  const third = newKeyring(random)
    .renewed(random, () => true)
    .renewed(random, () => true);
  expect([third.count, third.current, third.sequence]).toEqual([3, 3, 3]);
  const fourth = third.renewed(random, (number) => number === 2);
  expect([fourth.count, fourth.current, fourth.key(1), fourth.key(3)]).toEqual([2, 4, null, null]);
  expect(fourth.key(2)).toEqual(third.key(2));
});

test("a key is 32 bytes, or these in hex or base64", () => {
  const key = pattern32();
  const text = (value: string) => new TextEncoder().encode(value);
  for (const given of [
    key,
    text(key.toHex()),
    text(`${key.toHex().toUpperCase()}\n`),
    text(` ${key.toBase64()}\n`),
  ])
    expect(parseMasterKey(given)).toEqual(key);
  for (const given of ["", "secret", "00".repeat(31), "00".repeat(33), "A".repeat(44), `${"A".repeat(42)}==`])
    expect(parseMasterKey(text(given))).toBeNull();
});

function pattern32(): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 130);
}
