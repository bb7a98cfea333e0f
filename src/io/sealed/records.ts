import { hmac } from "../../base/hmac.ts";
import type { Random } from "../random.ts";
import { type Aead, type Cryptography, NONCE_BYTES, TAG_BYTES } from "./aead.ts";
import { BLOCK_BYTES, RECORD_HEADER_BYTES, SLOT_HEADER_BYTES } from "./layout.ts";

const SESSION_BYTES = 4;
const RANDOM_BYTES = 6;
const TAG_AT = SESSION_BYTES + NONCE_BYTES;
/** Records under one session's key; another session follows. */
const MAX_SESSION_RECORDS = 2 ** 30;
/** Keys of sessions that a file keeps at hand. */
const MAX_KEYS = 64;
const POOL_BYTES = RANDOM_BYTES * 512;
const UINT32 = 2 ** 32;
const BOUND_BYTES = 9;
const [AT_HOME, IN_SLOT] = [0, 1];

/** A record as it is found. */
export interface FoundRecord {
  readonly version: number;
  readonly plain: Uint8Array;
}

export interface FoundSlot extends FoundRecord {
  readonly block: number;
}

/** "empty": never written. null: it does not open. */
export type Found<What> = What | "empty" | null;

export interface SealingOptions {
  readonly cryptography: Cryptography;
  readonly random: Random;
  /** Hears of every nonce that is used, with the key's session; for tests. */
  readonly onSealed?: (fileId: Uint8Array, session: number, nonce: Uint8Array) => void;
  /** A deliberate bug. */
  readonly repeatNonce?: boolean;
}

/**
 * Seals and opens the records of one file. Each session of writing has a key of its own, derived from the data key, the
 * file's id and the session's number, which is drawn. Within it versions only grow, and a nonce is the version and six
 * bytes of chance: it is never used twice under one key, also where two sessions draw the same number.
 */
export class Records {
  readonly #options: SealingOptions;
  readonly #dataKey: Uint8Array;
  readonly #fileId: Uint8Array;
  readonly #keys = new Map<number, Aead>();
  readonly #bound = new Uint8Array(BOUND_BYTES);
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  #pool: Uint8Array = new Uint8Array(0);
  #poolAt = 0;
  #session = 0;
  #sealer: Aead | null = null;
  #sealed = 0;

  constructor(options: SealingOptions, dataKey: Uint8Array, fileId: Uint8Array) {
    this.#options = options;
    this.#dataKey = dataKey;
    this.#fileId = fileId;
  }

  /** Puts the record of a full block at `at` of `into`. */
  sealBlock(block: number, version: number, plain: Uint8Array, into: Uint8Array, at: number): void {
    this.#seal(AT_HOME, block, version, plain, into, at, at + RECORD_HEADER_BYTES);
  }

  /** The bytes of a slot. `plain` is the block's beginning; what is behind it is zero. */
  sealSlot(block: number, version: number, plain: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(SLOT_HEADER_BYTES + plain.length);
    putUint48(bytes, RECORD_HEADER_BYTES, block);
    bytes[RECORD_HEADER_BYTES + 6] = plain.length >>> 8;
    bytes[RECORD_HEADER_BYTES + 7] = plain.length & 0xff;
    this.#seal(IN_SLOT, block, version, plain, bytes, 0, SLOT_HEADER_BYTES);
    return bytes;
  }

  openBlock(block: number, bytes: Uint8Array, at: number): Found<FoundRecord> {
    if (isZero(bytes, at, at + RECORD_HEADER_BYTES)) return "empty";
    const start = at + RECORD_HEADER_BYTES;
    return this.#open(AT_HOME, block, bytes, at, start, start + BLOCK_BYTES);
  }

  openSlot(bytes: Uint8Array): Found<FoundSlot> {
    if (isZero(bytes, 0, SLOT_HEADER_BYTES)) return "empty";
    const block = uint48At(bytes, RECORD_HEADER_BYTES);
    const length = ((bytes[RECORD_HEADER_BYTES + 6] ?? 0) << 8) | (bytes[RECORD_HEADER_BYTES + 7] ?? 0);
    if (length > BLOCK_BYTES) return null;
    const found = this.#open(IN_SLOT, block, bytes, 0, SLOT_HEADER_BYTES, SLOT_HEADER_BYTES + length);
    return found === null ? null : { ...found, block };
  }

  #seal(
    place: number,
    block: number,
    version: number,
    plain: Uint8Array,
    into: Uint8Array,
    at: number,
    start: number,
  ): void {
    const sealer = this.#currentSealer();
    const { repeatNonce, onSealed } = this.#options;
    putUint32(into, at, this.#session);
    putUint48(into, at + SESSION_BYTES, version);
    if (repeatNonce !== true) this.#putRandom(into, at + SESSION_BYTES + 6);
    const nonce = this.#nonce;
    copyBytes(into, at + SESSION_BYTES, nonce, NONCE_BYTES);
    sealer.seal(nonce, this.#bind(place, block, plain.length), plain, into, start, at + TAG_AT);
    onSealed?.(this.#fileId, this.#session, nonce.slice());
  }

  #open(
    place: number,
    block: number,
    bytes: Uint8Array,
    at: number,
    start: number,
    end: number,
  ): FoundRecord | null {
    const key = this.#key(uint32At(bytes, at));
    const nonceAt = at + SESSION_BYTES;
    const plain = key.open(
      bytes.subarray(nonceAt, nonceAt + NONCE_BYTES),
      this.#bind(place, block, end - start),
      bytes.subarray(start, end),
      bytes.subarray(at + TAG_AT, at + TAG_AT + TAG_BYTES),
    );
    return plain === null ? null : { version: uint48At(bytes, nonceAt), plain };
  }

  #bind(place: number, block: number, length: number): Uint8Array {
    const bound = this.#bound;
    bound[0] = place;
    putUint48(bound, 1, block);
    bound[7] = length >>> 8;
    bound[8] = length & 0xff;
    return bound;
  }

  #currentSealer(): Aead {
    if (this.#sealer === null || this.#sealed === MAX_SESSION_RECORDS) {
      this.#session = uint32At(this.#options.random.bytes(SESSION_BYTES), 0);
      this.#sealer = this.#key(this.#session);
      this.#sealed = 0;
    }
    this.#sealed += 1;
    return this.#sealer;
  }

  #key(session: number): Aead {
    const known = this.#keys.get(session);
    if (known !== undefined) return known;
    if (this.#keys.size === MAX_KEYS) this.#keys.clear();
    const number = new Uint8Array(SESSION_BYTES);
    putUint32(number, 0, session);
    const key = this.#options.cryptography.cipher(
      hmac("sha256", this.#dataKey, "headwater block", this.#fileId, number),
    );
    this.#keys.set(session, key);
    return key;
  }

  #putRandom(into: Uint8Array, at: number): void {
    if (this.#poolAt + RANDOM_BYTES > this.#pool.length) {
      this.#pool = this.#options.random.bytes(POOL_BYTES);
      this.#poolAt = 0;
    }
    for (let i = 0; i < RANDOM_BYTES; i++) into[at + i] = this.#pool[this.#poolAt + i] ?? 0;
    this.#poolAt += RANDOM_BYTES;
  }
}

function copyBytes(from: Uint8Array, at: number, into: Uint8Array, count: number): void {
  for (let i = 0; i < count; i++) into[i] = from[at + i] ?? 0;
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function uint32At(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function putUint48(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / UINT32);
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  putUint32(bytes, at + 2, value >>> 0);
}

function uint48At(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)) * UINT32 + uint32At(bytes, at + 2);
}
