import { crc32c } from "../../base/crc32c.ts";
import { HeadwaterError } from "../../base/errors.ts";
import { hmac } from "../../base/hmac.ts";
import type { Disk } from "../disk.ts";
import type { Random } from "../random.ts";
import { type Cryptography, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from "./aead.ts";
import type { DataKeys } from "./sealed-disk.ts";

/**
 * The data keys of a folder, sealed under the master key, in two files of the same content written one after the other, so
 * that neither a power cut nor a flipped bit takes all records along. Big-endian: magic "HWKEYS", version uint16, sequence
 * uint32 (the higher is newer), salt 16 bytes, nonce 12, tag 16, length uint32 of the sealed, these, CRC32C of all before
 * uint32. Sealed: for each data key its number uint32, and 32 bytes. The key of the seal is derived from the master key and all
 * that stands before the nonce.
 *
 * A new master key makes a new keyring and leaves files as they are; files that are made from then on take a new data key.
 */
export const KEYRING_FILES = ["keyring.0", "keyring.1"] as const;

const MAGIC = new TextEncoder().encode("HWKEYS");
const VERSION = 1;
const SALT_AT = 12;
const SALT_BYTES = 16;
const NONCE_AT = SALT_AT + SALT_BYTES;
const TAG_AT = NONCE_AT + NONCE_BYTES;
const LENGTH_AT = TAG_AT + TAG_BYTES;
const SEALED_AT = LENGTH_AT + 4;
const SUM_BYTES = 4;
const ENTRY_BYTES = 4 + KEY_BYTES;
/** A rotation a day for ten years. */
const MAX_KEYS = 4096;
const MAX_BYTES = SEALED_AT + MAX_KEYS * ENTRY_BYTES + SUM_BYTES;

/** Data keys, in the clear. */
export class Keyring implements DataKeys {
  readonly sequence: number;
  readonly #keys: ReadonlyMap<number, Uint8Array>;

  constructor(sequence: number, keys: ReadonlyMap<number, Uint8Array>) {
    this.sequence = sequence;
    this.#keys = keys;
  }

  get current(): number {
    return Math.max(...this.#keys.keys());
  }

  get count(): number {
    return this.#keys.size;
  }

  key(number: number): Uint8Array | null {
    return this.#keys.get(number) ?? null;
  }

  /** The same with one more key, for what is written from now on; without those that no file needs. */
  renewed(random: Random, isNeeded: (number: number) => boolean): Keyring {
    const keys = new Map([...this.#keys].filter(([number]) => isNeeded(number)));
    if (keys.size >= MAX_KEYS)
      throw new HeadwaterError("UNSUPPORTED", `files of ${MAX_KEYS} data keys are there: that is too many`);
    keys.set(this.current + 1, random.bytes(KEY_BYTES).slice());
    return new Keyring(this.sequence + 1, keys);
  }

  /** As the file has it. */
  seal(masterKey: Uint8Array, cryptography: Cryptography, random: Random): Uint8Array {
    const plain = new Uint8Array(this.#keys.size * ENTRY_BYTES);
    let at = 0;
    for (const [number, key] of this.#keys) {
      new DataView(plain.buffer).setUint32(at, number);
      plain.set(key, at + 4);
      at += ENTRY_BYTES;
    }
    const bytes = new Uint8Array(SEALED_AT + plain.length + SUM_BYTES);
    const view = new DataView(bytes.buffer);
    bytes.set(MAGIC);
    view.setUint16(6, VERSION);
    view.setUint32(8, this.sequence);
    bytes.set(random.bytes(SALT_BYTES + NONCE_BYTES), SALT_AT);
    view.setUint32(LENGTH_AT, plain.length);
    const cipher = cryptography.cipher(sealKey(masterKey, bytes));
    cipher.seal(bytes.slice(NONCE_AT, TAG_AT), plain, bytes, SEALED_AT, TAG_AT);
    view.setUint32(bytes.length - SUM_BYTES, crc32c(bytes, 0, bytes.length - SUM_BYTES));
    return bytes;
  }
}

/** Whether a data folder is encrypted. */
export function isSealedFolder(disk: Disk, folder: string): boolean {
  return KEYRING_FILES.some((name) => disk.exists(`${folder}/${name}`));
}

export function newKeyring(random: Random): Keyring {
  return new Keyring(1, new Map([[1, random.bytes(KEY_BYTES).slice()]]));
}

/** Writes both files; each is durable before the next is begun. Throws DISK_FULL or DISK_IO. */
export function writeKeyring(
  disk: Disk,
  folder: string,
  keyring: Keyring,
  masterKey: Uint8Array,
  cryptography: Cryptography,
  random: Random,
): void {
  for (const name of KEYRING_FILES)
    disk.replaceFile(`${folder}/${name}`, keyring.seal(masterKey, cryptography, random));
}

export interface FoundKeyring {
  readonly keyring: Keyring;
  /** Whether a file is missing, damaged or of before: `writeKeyring` mends it. */
  readonly isWhole: boolean;
}

/**
 * The newest keyring that the master key opens. Throws CONFIG_INVALID where it is another folder's, or of before a rotation;
 * LOG_CORRUPT where neither file can be believed; DISK_IO.
 */
export function readKeyring(
  disk: Disk,
  folder: string,
  masterKey: Uint8Array,
  cryptography: Cryptography,
): FoundKeyring {
  let newest: Keyring | null = null;
  const sequences: number[] = [];
  let isThere = false;
  for (const name of KEYRING_FILES) {
    const bytes = disk.readFile(`${folder}/${name}`, MAX_BYTES);
    if (bytes === null || !isKeyring(bytes)) continue;
    isThere = true;
    const keyring = open(bytes, masterKey, cryptography);
    if (keyring === null) continue;
    sequences.push(keyring.sequence);
    if (newest === null || keyring.sequence > newest.sequence) newest = keyring;
  }
  if (newest !== null) {
    const { sequence } = newest;
    return {
      keyring: newest,
      isWhole: sequences.length === 2 && sequences.every((other) => other === sequence),
    };
  }
  const path = `${folder}/${KEYRING_FILES[0]}`;
  if (isThere)
    throw new HeadwaterError(
      "CONFIG_INVALID",
      `the key does not open ${folder}: it is another folder's, or of before a rotation`,
      { path },
    );
  throw new HeadwaterError(
    "LOG_CORRUPT",
    `both of ${folder}/${KEYRING_FILES.join(" and ")} are damaged: without them nothing in the folder can be read; bring one back from a copy, or restore a backup into an empty folder`,
    { path },
  );
}

function isKeyring(bytes: Uint8Array): boolean {
  if (bytes.length < SEALED_AT + SUM_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return (
    view.getUint16(6) === VERSION &&
    view.getUint32(LENGTH_AT) === bytes.length - SEALED_AT - SUM_BYTES &&
    view.getUint32(bytes.length - SUM_BYTES) === crc32c(bytes, 0, bytes.length - SUM_BYTES)
  );
}

/** Null where the key is another one. */
function open(bytes: Uint8Array, masterKey: Uint8Array, cryptography: Cryptography): Keyring | null {
  const plain = cryptography
    .cipher(sealKey(masterKey, bytes))
    .open(
      bytes.subarray(NONCE_AT, TAG_AT),
      bytes.subarray(SEALED_AT, bytes.length - SUM_BYTES),
      bytes.subarray(TAG_AT, LENGTH_AT),
    );
  if (plain === null || plain.length === 0 || plain.length % ENTRY_BYTES !== 0) return null;
  const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
  const keys = new Map<number, Uint8Array>();
  for (let at = 0; at < plain.length; at += ENTRY_BYTES)
    keys.set(view.getUint32(at), plain.slice(at + 4, at + ENTRY_BYTES));
  return new Keyring(new DataView(bytes.buffer, bytes.byteOffset).getUint32(8), keys);
}

function sealKey(masterKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  return hmac("sha256", masterKey, "headwater keyring", bytes.subarray(0, NONCE_AT));
}

/**
 * The key in a file: 32 bytes as they are, or as 64 digits in hex or 44 characters in base64, with white space around.
 * Null where it is neither.
 */
export function parseMasterKey(bytes: Uint8Array): Uint8Array | null {
  if (bytes.length === KEY_BYTES) return bytes.slice();
  const text = new TextDecoder().decode(bytes).trim();
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Uint8Array.fromHex(text);
  if (/^[A-Za-z0-9+/]{43}=$/.test(text)) return Uint8Array.fromBase64(text);
  return null;
}
