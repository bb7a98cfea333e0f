import { assert } from "../base/assert.ts";
import type { Clock } from "../io/clock.ts";
import type { Random } from "../io/random.ts";

const KEY_BYTES = 16;
/** Of SipHash-1-3: rounds for each eight bytes, and at the end. */
const WORD_ROUNDS = 1;
const END_ROUNDS = 3;

/**
 * SipHash (Aumasson and Bernstein) with a result of 128 bits: short inputs are told apart, and nobody who does
 * not know the key can find two that are not. Its 64-bit words are kept as pairs of 32-bit integers, the lower
 * half first. One object is filled anew by every `sum`; nothing is allocated.
 */
export class SipHash {
  /** The result, little-endian from its start. */
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  readonly #initial = new Int32Array(8);
  readonly #v = new Int32Array(8);
  readonly #wordRounds: number;
  readonly #endRounds: number;

  constructor(key: Uint8Array, wordRounds = WORD_ROUNDS, endRounds = END_ROUNDS) {
    assert(key.length === KEY_BYTES, "a SipHash key has 16 bytes");
    const view = new DataView(key.buffer, key.byteOffset, KEY_BYTES);
    const k = [0, 4, 8, 12].map((at) => view.getInt32(at, true)) as [number, number, number, number];
    // "somepseudorandomlygeneratedbytes", and a bit that tells results of 128 from those of 64 bits.
    this.#initial.set([
      k[0] ^ 0x70736575,
      k[1] ^ 0x736f6d65,
      k[2] ^ 0x6e646f6d ^ 0xee,
      k[3] ^ 0x646f7261,
      k[0] ^ 0x6e657261,
      k[1] ^ 0x6c796765,
      k[2] ^ 0x79746573,
      k[3] ^ 0x74656462,
    ]);
    this.#wordRounds = wordRounds;
    this.#endRounds = endRounds;
  }

  sum(bytes: Uint8Array, start: number, end: number): void {
    const v = this.#v;
    v.set(this.#initial);
    const length = end - start;
    const whole = start + (length & ~7);
    for (let at = start; at < whole; at += 8) this.#word(int32Le(bytes, at), int32Le(bytes, at + 4));
    let low = 0;
    let high = (length & 0xff) << 24;
    for (let i = 0; i < (length & 7); i++) {
      const byte = bytes[whole + i] as number;
      if (i < 4) low |= byte << (8 * i);
      else high |= byte << (8 * (i - 4));
    }
    this.#word(low, high);
    v[4] = (v[4] as number) ^ 0xee;
    for (let i = 0; i < this.#endRounds; i++) round(v);
    this.a = fold(v, 0);
    this.b = fold(v, 1);
    v[2] = (v[2] as number) ^ 0xdd;
    for (let i = 0; i < this.#endRounds; i++) round(v);
    this.c = fold(v, 0);
    this.d = fold(v, 1);
  }

  #word(low: number, high: number): void {
    const v = this.#v;
    v[6] = (v[6] as number) ^ low;
    v[7] = (v[7] as number) ^ high;
    for (let i = 0; i < this.#wordRounds; i++) round(v);
    v[0] = (v[0] as number) ^ low;
    v[1] = (v[1] as number) ^ high;
  }
}

function int32Le(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function fold(v: Int32Array, half: 0 | 1): number {
  return (v[half] as number) ^ (v[2 + half] as number) ^ (v[4 + half] as number) ^ (v[6 + half] as number);
}

/** One SipRound: additions, rotations and exclusive ors of the four words. */
function round(v: Int32Array): void {
  let a0 = v[0] as number;
  let a1 = v[1] as number;
  let b0 = v[2] as number;
  let b1 = v[3] as number;
  let c0 = v[4] as number;
  let c1 = v[5] as number;
  let d0 = v[6] as number;
  let d1 = v[7] as number;
  let low: number;
  let swap: number;

  low = (a0 + b0) | 0;
  a1 = (a1 + b1 + (low >>> 0 < a0 >>> 0 ? 1 : 0)) | 0;
  a0 = low;
  swap = (b0 << 13) | (b1 >>> 19);
  b1 = ((b1 << 13) | (b0 >>> 19)) ^ a1;
  b0 = swap ^ a0;
  swap = a0;
  a0 = a1;
  a1 = swap;

  low = (c0 + d0) | 0;
  c1 = (c1 + d1 + (low >>> 0 < c0 >>> 0 ? 1 : 0)) | 0;
  c0 = low;
  swap = (d0 << 16) | (d1 >>> 16);
  d1 = ((d1 << 16) | (d0 >>> 16)) ^ c1;
  d0 = swap ^ c0;

  low = (a0 + d0) | 0;
  a1 = (a1 + d1 + (low >>> 0 < a0 >>> 0 ? 1 : 0)) | 0;
  a0 = low;
  swap = (d0 << 21) | (d1 >>> 11);
  d1 = ((d1 << 21) | (d0 >>> 11)) ^ a1;
  d0 = swap ^ a0;

  low = (c0 + b0) | 0;
  c1 = (c1 + b1 + (low >>> 0 < c0 >>> 0 ? 1 : 0)) | 0;
  c0 = low;
  swap = (b0 << 17) | (b1 >>> 15);
  b1 = ((b1 << 17) | (b0 >>> 15)) ^ c1;
  b0 = swap ^ c0;
  swap = c0;
  c0 = c1;
  c1 = swap;

  v[0] = a0;
  v[1] = a1;
  v[2] = b0;
  v[3] = b1;
  v[4] = c0;
  v[5] = c1;
  v[6] = d0;
  v[7] = d1;
}

/** A key for hashes. From the time where there is no random: in tests, whose keys nobody chooses to collide. */
export function newSecret(random: Random | null, clock: Clock): Uint8Array {
  if (random !== null) return random.bytes(KEY_BYTES).slice();
  const secret = new Uint8Array(KEY_BYTES);
  new DataView(secret.buffer).setFloat64(0, clock.nowMs());
  new DataView(secret.buffer).setFloat64(8, clock.monotonicMs());
  return secret;
}
