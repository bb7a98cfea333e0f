import type { KeyObject } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprint, isSignedBy, readPublicKey, signBytes } from "./keys.ts";

/** As `sha256sum -c` reads it: a line for every other file of the release. */
export const SUMS = "SHA256SUMS";
/** The ed25519 signature of SHA256SUMS, 64 bytes. */
export const SIGNATURE = "SHA256SUMS.sig";
/** For comparison alone: who checks a release takes the key from elsewhere. */
export const PUBLIC_KEY = "release-key.pub";

const MAX_SUMS_BYTES = 1024 * 1024;
const LINE = /^([0-9a-f]{64}) [ *]([\w.+~-]+)$/;

/** Writes SHA256SUMS about all files of the folder, and its signature. */
export async function writeSums(folder: string, key: KeyObject): Promise<void> {
  const lines: string[] = [];
  for (const name of readdirSync(folder).sort()) {
    const line = `${await sha256(join(folder, name))}  ${name}`;
    // What couldn't be verified afterwards must not be signed.
    if (!LINE.test(line)) throw new Error(`a release can't have a file named '${name}'`);
    lines.push(`${line}\n`);
  }
  const sums = new TextEncoder().encode(lines.join(""));
  writeFileSync(join(folder, SUMS), sums);
  writeFileSync(join(folder, SIGNATURE), signBytes(sums, key));
}

/**
 * What is wrong with a release: a sentence for each fault, which begins with the file's name; none where it is whole and
 * signed by that key. Nothing in the folder is trusted, its copy of the public key neither.
 */
export async function releaseFaults(folder: string, key: KeyObject): Promise<readonly string[]> {
  const names = readdirSync(folder).sort();
  const odd = names.filter((name) => !lstatSync(join(folder, name)).isFile());
  if (odd.length > 0) return odd.map((name) => `${name}: is no regular file`);
  const missing = [SUMS, SIGNATURE].filter((name) => !names.includes(name));
  if (missing.length > 0) return missing.map((name) => `${name}: is missing`);
  if (statSync(join(folder, SUMS)).size > MAX_SUMS_BYTES)
    return [`${SUMS}: is too large to be a list of sums`];
  const bytes = new Uint8Array(readFileSync(join(folder, SUMS)));
  return [...signatureFaults(folder, bytes, key), ...(await sumFaults(folder, bytes, names))];
}

function signatureFaults(folder: string, sums: Uint8Array, key: KeyObject): readonly string[] {
  const signature = new Uint8Array(readFileSync(join(folder, SIGNATURE)));
  if (signature.length !== 64)
    return [`${SIGNATURE}: has ${signature.length} bytes, not the 64 of a signature`];
  if (isSignedBy(sums, signature, key)) return [];
  const wanted = fingerprint(key);
  const other = keyInRelease(folder);
  if (other !== null && fingerprint(other) !== wanted && isSignedBy(sums, signature, other)) {
    return [`${SIGNATURE}: was made by another key, ${fingerprint(other)}, not by ${wanted}`];
  }
  return [`${SIGNATURE}: is not the signature of ${SUMS} by ${wanted}: one of the two files was changed`];
}

function keyInRelease(folder: string): KeyObject | null {
  try {
    return readPublicKey(join(folder, PUBLIC_KEY));
  } catch {
    return null;
  }
}

async function sumFaults(
  folder: string,
  sums: Uint8Array,
  names: readonly string[],
): Promise<readonly string[]> {
  const faults: string[] = [];
  const listed = new Set<string>([SUMS, SIGNATURE]);
  const lines = new TextDecoder().decode(sums).split("\n");
  if (lines.pop() !== "") faults.push(`${SUMS}: ends in the middle of a line`);
  for (const [index, line] of lines.entries()) {
    const [, sum, name] = LINE.exec(line) ?? [];
    if (sum === undefined || name === undefined) faults.push(`${SUMS}: line ${index + 1} is none of a sum`);
    else if (listed.has(name)) faults.push(`${name}: line ${index + 1} of ${SUMS} must not list it`);
    else {
      listed.add(name);
      if (!names.includes(name)) faults.push(`${name}: is missing`);
      else if ((await sha256(join(folder, name))) !== sum)
        faults.push(`${name}: its bytes don't have the sum in ${SUMS}`);
    }
  }
  for (const name of names) if (!listed.has(name)) faults.push(`${name}: is not in ${SUMS}`);
  return faults;
}

/** In pieces: a binary has more than a hundred megabytes. */
async function sha256(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const piece of Bun.file(path).stream()) hasher.update(piece);
  return hasher.digest("hex");
}
