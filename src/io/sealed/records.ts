import { hmac } from "../../base/hmac.ts";
import type { Random } from "../random.ts";
import { type Aead, type Cryptography, NONCE_BYTES, TAG_BYTES } from "./aead.ts";
import { RECORD_HEADER_BYTES, SLOT_HEADER_BYTES } from "./layout.ts";

const SESSION_BYTES = 10;
const VERSION_BYTES = 6;
const TAG_AT = SESSION_BYTES + VERSION_BYTES;
/** Records under one session's key; another session follows. */
const MAX_SESSION_RECORDS = 2 ** 30;
/** Keys of sessions that a file keeps at hand. */
const MAX_KEYS = 64;
const UINT32 = 2 ** 32;
/** Highest bit of the block in a nonce. */
const IN_SLOT = 2 ** 47;

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
  readonly onSealed?: (fileId: Uint8Array, session: Uint8Array, nonce: Uint8Array) => void;
  /** A deliberate bug. */
  readonly repeatNonce?: boolean;
}

/**
 * Seals and opens the records of one file. Each session of writing has a key of its own, derived from the data key, the
 * file's id and the session's number, of which 80 bits are drawn. A nonce is the version, which only grows within a session,
 * and the block with the kind of its place: it is never used twice under one key, and what was sealed for one
 * place does not open in another.
 */
export class Records {
  readonly #options: SealingOptions;
  readonly #dataKey: Uint8Array;
  readonly #fileId: Uint8Array;
  readonly #blockBytes: number;
  readonly #keys = new Map<string, Aead>();
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  #session: Uint8Array = new Uint8Array(SESSION_BYTES);
  #sealer: Aead | null = null;
  #sealed = 0;
  /** The last session that was opened: that of most records around. */
  #lastSession: Uint8Array = new Uint8Array(SESSION_BYTES);
  #lastOpener: Aead | null = null;

  constructor(
    options: SealingOptions,
    dataKey: Uint8Array,
    { fileId, blockBytes }: { readonly fileId: Uint8Array; readonly blockBytes: number },
  ) {
    this.#options = options;
    this.#dataKey = dataKey;
    this.#fileId = fileId;
    this.#blockBytes = blockBytes;
  }

  /** Puts the record of a full block at `at` of `into`. */
  sealBlock(block: number, version: number, plain: Uint8Array, into: Uint8Array, at: number): void {
    this.#seal(block, version, plain, into, at, at + RECORD_HEADER_BYTES);
  }

  /** The bytes of a slot. `plain` is the block's beginning; what is behind it is zero. */
  sealSlot(block: number, version: number, plain: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(SLOT_HEADER_BYTES + plain.length);
    putUint48(bytes, RECORD_HEADER_BYTES, block);
    bytes[RECORD_HEADER_BYTES + 6] = plain.length >>> 8;
    bytes[RECORD_HEADER_BYTES + 7] = plain.length & 0xff;
    this.#seal(IN_SLOT + block, version, plain, bytes, 0, SLOT_HEADER_BYTES);
    return bytes;
  }

  openBlock(block: number, bytes: Uint8Array, at: number): Found<FoundRecord> {
    if (isZero(bytes, at, at + RECORD_HEADER_BYTES)) return "empty";
    const start = at + RECORD_HEADER_BYTES;
    return this.#open(block, bytes, at, start, start + this.#blockBytes);
  }

  openSlot(bytes: Uint8Array): Found<FoundSlot> {
    if (isZero(bytes, 0, SLOT_HEADER_BYTES)) return "empty";
    const block = uint48At(bytes, RECORD_HEADER_BYTES);
    const length = ((bytes[RECORD_HEADER_BYTES + 6] ?? 0) << 8) | (bytes[RECORD_HEADER_BYTES + 7] ?? 0);
    if (length > this.#blockBytes || block >= IN_SLOT) return null;
    const found = this.#open(IN_SLOT + block, bytes, 0, SLOT_HEADER_BYTES, SLOT_HEADER_BYTES + length);
    return found === null ? null : { ...found, block };
  }

  #seal(
    place: number,
    version: number,
    plain: Uint8Array,
    into: Uint8Array,
    at: number,
    start: number,
  ): void {
    const sealer = this.#currentSealer();
    into.set(this.#session, at);
    const named = this.#options.repeatNonce === true ? 0 : version;
    putUint48(into, at + SESSION_BYTES, named);
    const nonce = this.#nonceOf(place, named);
    sealer.seal(nonce, plain, into, start, at + TAG_AT);
    this.#options.onSealed?.(this.#fileId, this.#session, nonce.slice());
  }

  #open(place: number, bytes: Uint8Array, at: number, start: number, end: number): FoundRecord | null {
    const version = uint48At(bytes, at + SESSION_BYTES);
    const plain = this.#openerAt(bytes, at).open(
      this.#nonceOf(place, version),
      bytes.subarray(start, end),
      bytes.subarray(at + TAG_AT, at + TAG_AT + TAG_BYTES),
    );
    return plain === null ? null : { version, plain };
  }

  /** Good until the next one. */
  #nonceOf(place: number, version: number): Uint8Array {
    putUint48(this.#nonce, 0, version);
    putUint48(this.#nonce, VERSION_BYTES, place);
    return this.#nonce;
  }

  #currentSealer(): Aead {
    if (this.#sealer === null || this.#sealed === MAX_SESSION_RECORDS) {
      this.#session = this.#options.random.bytes(SESSION_BYTES).slice();
      this.#sealer = this.#key(this.#session);
      this.#sealed = 0;
    }
    this.#sealed += 1;
    return this.#sealer;
  }

  #openerAt(bytes: Uint8Array, at: number): Aead {
    const last = this.#lastSession;
    let isLast = this.#lastOpener !== null;
    for (let i = 0; isLast && i < SESSION_BYTES; i++) isLast = bytes[at + i] === last[i];
    if (isLast && this.#lastOpener !== null) return this.#lastOpener;
    this.#lastSession = bytes.slice(at, at + SESSION_BYTES);
    this.#lastOpener = this.#key(this.#lastSession);
    return this.#lastOpener;
  }

  #key(session: Uint8Array): Aead {
    const name = session.toHex();
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    if (this.#keys.size === MAX_KEYS) this.#keys.clear();
    const key = this.#options.cryptography.cipher(
      hmac("sha256", this.#dataKey, "headwater block", this.#fileId, session),
    );
    this.#keys.set(name, key);
    return key;
  }
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
