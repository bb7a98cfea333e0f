import { expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fingerprint, makeKey, readPrivateKey, readPublicKey } from "../../../scripts/releasing/keys.ts";
import { PUBLIC_KEY, releaseFaults, SIGNATURE, SUMS, writeSums } from "../../../scripts/releasing/sums.ts";
import { folder, newKey, writeRelease } from "./support.ts";

const { privateKey, publicKey } = newKey();
const BINARY = "headwater-linux-x64";

/** What is said of a release to which this was done. */
async function faultsAfter(change: (path: (name: string) => string) => void): Promise<readonly string[]> {
  using release = folder();
  await writeRelease(release.path, privateKey);
  change((name) => join(release.path, name));
  return await releaseFaults(release.path, publicKey);
}

function flipBit(path: string, bit: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  writeFileSync(path, bytes);
}

test("a release as it was made has no fault", async () => {
  expect(await faultsAfter(() => {})).toEqual([]);
});

test("a flipped bit in any file is named", async () => {
  for (const name of [BINARY, `${BINARY}.cdx.json`, "headwater_0.1.0~git1_amd64.deb", PUBLIC_KEY]) {
    const faults = await faultsAfter((path) => flipBit(path(name), 3));
    expect(faults).toEqual([`${name}: its bytes don't have the sum in ${SUMS}`]);
  }
});

test("every flipped bit of the sums is noticed", async () => {
  using release = folder();
  await writeRelease(release.path, privateKey);
  const path = join(release.path, SUMS);
  for (let bit = 0; bit < statSync(path).size * 8; bit += 1) {
    flipBit(path, bit);
    const [first = ""] = await releaseFaults(release.path, publicKey);
    expect(first).toStartWith(`${SIGNATURE}: is not the signature of ${SUMS} by SHA256:`);
    flipBit(path, bit);
  }
  expect(await releaseFaults(release.path, publicKey)).toEqual([]);
});

test("every flipped bit of the signature is noticed", async () => {
  using release = folder();
  await writeRelease(release.path, privateKey);
  for (let bit = 0; bit < 64 * 8; bit += 1) {
    flipBit(join(release.path, SIGNATURE), bit);
    const faults = await releaseFaults(release.path, publicKey);
    expect(faults.map((fault) => fault.split(":")[0])).toEqual([SIGNATURE]);
    flipBit(join(release.path, SIGNATURE), bit);
  }
});

test("a signature that was cut, or went on, is named", async () => {
  const cut = await faultsAfter((path) =>
    writeFileSync(path(SIGNATURE), readFileSync(path(SIGNATURE)).subarray(1)),
  );
  expect(cut).toEqual([`${SIGNATURE}: has 63 bytes, not the 64 of a signature`]);
  const longer = await faultsAfter((path) => appendFileSync(path(SIGNATURE), "\n"));
  expect(longer).toEqual([`${SIGNATURE}: has 65 bytes, not the 64 of a signature`]);
});

test("missing files are named, the sums and the signature among them", async () => {
  for (const name of [BINARY, SUMS, SIGNATURE, PUBLIC_KEY]) {
    expect(await faultsAfter((path) => rmSync(path(name)))).toEqual([`${name}: is missing`]);
  }
});

test("what was added is named, be it a file, a folder or a link", async () => {
  const faults = await faultsAfter((path) => writeFileSync(path("headwater-linux-x64.sh"), "more"));
  expect(faults).toEqual([`headwater-linux-x64.sh: is not in ${SUMS}`]);
  expect(await faultsAfter((path) => mkdirSync(path("more")))).toEqual(["more: is no regular file"]);
  const linked = await faultsAfter((path) => {
    rmSync(path(BINARY));
    symlinkSync("/bin/true", path(BINARY));
  });
  expect(linked).toEqual([`${BINARY}: is no regular file`]);
});

test("a release that another key signed is refused, with both fingerprints", async () => {
  const other = newKey();
  using release = folder();
  await writeRelease(release.path, other.privateKey);
  const [fault, ...rest] = await releaseFaults(release.path, publicKey);
  const keys = `${fingerprint(other.publicKey)}, not by ${fingerprint(publicKey)}`;
  expect(fault).toBe(`${SIGNATURE}: was made by another key, ${keys}`);
  expect(rest).toEqual([]);
});

test("signed sums that list a file twice, or lead out of the folder, are refused", async () => {
  using release = folder();
  await writeRelease(release.path, privateKey);
  const path = join(release.path, SUMS);
  const lines = readFileSync(path, "utf8");
  const [first = ""] = lines.split("\n");
  writeFileSync(path, `${lines}${first}\n${"0".repeat(64)}  ../outside\n${first}`);
  const faults = (await releaseFaults(release.path, publicKey)).slice(1);
  expect(faults).toEqual([
    `${SUMS}: ends in the middle of a line`,
    `${BINARY}: line 5 of ${SUMS} must not list it`,
    `${SUMS}: line 6 is none of a sum`,
  ]);
});

test("a file whose name could not be verified is not signed", async () => {
  using release = folder();
  writeFileSync(join(release.path, "two words"), "");
  await expect(writeSums(release.path, privateKey)).rejects.toThrow("can't have a file named 'two words'");
});

test("a new key is for its owner alone, is never written over, and is refused when others can read it", () => {
  using keys = folder();
  const file = join(keys.path, "key");
  const printed = makeKey(file, `${file}.pub`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(fingerprint(readPrivateKey(file))).toBe(printed);
  expect(fingerprint(readPublicKey(`${file}.pub`))).toBe(printed);
  const before = readFileSync(file, "utf8");
  expect(() => makeKey(file, `${file}.pub`)).toThrow("EEXIST");
  expect(readFileSync(file, "utf8")).toBe(before);
  for (const mode of [0o640, 0o604, 0o620, 0o666]) {
    chmodSync(file, mode);
    expect(() => readPrivateKey(file)).toThrow(`mode ${mode.toString(8)}): chmod 600 ${file}`);
  }
  expect(() => readPublicKey(file)).toThrow("is a private key");
  chmodSync(`${file}.pub`, 0o600);
  expect(() => readPrivateKey(`${file}.pub`)).toThrow("holds no key in PEM");
  expect(existsSync(file)).toBe(true);
});
