import { murmur2 } from "../records/murmur2.ts";
import type { RecordCursor } from "../records/reader.ts";
import type { Sampling, UplinkRoute } from "./settings.ts";

/**
 * Sampling counts anew at each offset of a partition that this divides. So what it chooses follows from the log alone,
 * and after a restart no more than this many records are read again to choose the same.
 */
export const SAMPLING_BLOCK_OFFSETS = 262_144;
/** Keys of one partition that are remembered; beyond them the one that came first is forgotten. */
export const MAX_SAMPLED_KEYS = 16_384;
const LOW_HASH_BITS = 2 ** 21;

/** Which records of one source partition go up. */
export class Selection {
  readonly #keys: readonly BytePattern[];
  readonly #headers: readonly EncodedCondition[];
  readonly #sampler: Sampler | null;

  constructor({ keys, headers, sampling }: Pick<UplinkRoute, "keys" | "headers" | "sampling">) {
    this.#keys = keys.map((pattern) => new BytePattern(pattern));
    this.#headers = headers.map(({ name, value }) => ({
      name: encode(name),
      value: typeof value === "string" ? encode(value) : value,
    }));
    this.#sampler = sampling.kind === "all" ? null : new Sampler(sampling);
  }

  /** Null where a route takes every record. */
  static of(route: UplinkRoute): Selection | null {
    const takesAll = route.keys.length === 0 && route.headers.length === 0 && route.sampling.kind === "all";
    return takesAll ? null : new Selection(route);
  }

  /** From where on records have to be shown to `takes`, so that it is right about those from `offset` on. */
  begin(offset: number): number {
    if (this.#sampler === null) return offset;
    this.#sampler.reset();
    return offset - (offset % SAMPLING_BLOCK_OFFSETS);
  }

  /** Shown every record of the partition, in order. */
  takes(record: RecordCursor): boolean {
    if (
      this.#keys.length > 0 &&
      !this.#keys.some((key) => key.matches(record.bytes, record.keyStart, record.keyEnd))
    ) {
      return false;
    }
    if (this.#headers.length > 0 && !this.#headers.every((condition) => holds(condition, record)))
      return false;
    return this.#sampler === null || this.#sampler.takes(record);
  }
}

/** Every Nth record of each key, or one of each key in an interval of the records' time. */
class Sampler {
  readonly #sampling: Exclude<Sampling, { kind: "all" }>;
  /** By hash of the key: records since the last one that was taken, or that one's timestamp. */
  readonly #known = new Map<number, number>();
  #block = -1;

  constructor(sampling: Exclude<Sampling, { kind: "all" }>) {
    this.#sampling = sampling;
  }

  reset(): void {
    this.#known.clear();
    this.#block = -1;
  }

  takes(record: RecordCursor): boolean {
    const block = Math.floor(record.offset / SAMPLING_BLOCK_OFFSETS);
    if (block !== this.#block) this.#known.clear();
    this.#block = block;
    const hash = hashOf(record);
    const known = this.#known.get(hash);
    const sampling = this.#sampling;
    if (sampling.kind === "every") {
      const isTaken = known === undefined || known + 1 >= sampling.count;
      this.#remember(hash, isTaken ? 0 : (known ?? 0) + 1);
      return isTaken;
    }
    // A clock that was set back has its records begin anew.
    const isTaken = known === undefined || Math.abs(record.timestampMs - known) >= sampling.intervalMs;
    if (isTaken) this.#remember(hash, record.timestampMs);
    return isTaken;
  }

  #remember(hash: number, value: number): void {
    if (this.#known.size >= MAX_SAMPLED_KEYS && !this.#known.has(hash)) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(hash, value);
  }
}

/** 53 bits, so that two keys of a partition hardly ever share one. -1 for no key. */
function hashOf(record: RecordCursor): number {
  const key = record.key();
  if (key === null) return -1;
  return (murmur2(key) >>> 0) * LOW_HASH_BITS + (Bun.hash.xxHash32(key) % LOW_HASH_BITS);
}

/** A name in bytes with `*` for any run of them; nothing is made to match. */
class BytePattern {
  readonly #first: Uint8Array;
  readonly #others: readonly Uint8Array[];

  constructor(pattern: string) {
    const [first = "", ...others] = pattern.split("*").map(encode);
    this.#first = typeof first === "string" ? encode(first) : first;
    this.#others = others;
  }

  /** `start` is negative for no key, which no pattern takes. */
  matches(bytes: Uint8Array, start: number, end: number): boolean {
    if (start < 0 || !isAt(this.#first, bytes, start, end)) return false;
    let position = start + this.#first.length;
    const last = this.#others.length - 1;
    if (last < 0) return position === end;
    for (const [index, part] of this.#others.entries()) {
      if (index === last) return end - part.length >= position && isAt(part, bytes, end - part.length, end);
      position = find(part, bytes, position, end);
      if (position < 0) return false;
      position += part.length;
    }
    return true;
  }
}

interface EncodedCondition {
  readonly name: Uint8Array;
  readonly value: Uint8Array | boolean;
}

/** The last header of a name counts, as it does for those who read. */
function holds({ name, value }: EncodedCondition, record: RecordCursor): boolean {
  const { bytes, headersEnd } = record;
  let found = false;
  let isEqual = false;
  let position = afterVarint(bytes, record.headersStart);
  while (position < headersEnd) {
    const nameStart = afterVarint(bytes, position);
    const nameEnd = nameStart + Math.max(0, varintAt(bytes, position));
    const valueStart = afterVarint(bytes, nameEnd);
    const valueEnd = valueStart + Math.max(0, varintAt(bytes, nameEnd));
    if (nameEnd - nameStart === name.length && isAt(name, bytes, nameStart, nameEnd)) {
      found = true;
      isEqual =
        typeof value !== "boolean" &&
        varintAt(bytes, nameEnd) === value.length &&
        isAt(value, bytes, valueStart, valueEnd);
    }
    position = valueEnd;
  }
  return typeof value === "boolean" ? found === value : isEqual;
}

function isAt(part: Uint8Array, bytes: Uint8Array, position: number, end: number): boolean {
  if (position + part.length > end) return false;
  for (let index = 0; index < part.length; index += 1) {
    if (bytes[position + index] !== part[index]) return false;
  }
  return true;
}

function find(part: Uint8Array, bytes: Uint8Array, from: number, end: number): number {
  for (let position = from; position + part.length <= end; position += 1) {
    if (isAt(part, bytes, position, end)) return position;
  }
  return -1;
}

/** Of a record that was read: its form has been checked. */
function varintAt(bytes: Uint8Array, position: number): number {
  let value = 0;
  for (let shift = 0, at = position; ; shift += 7, at += 1) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
  }
}

function afterVarint(bytes: Uint8Array, position: number): number {
  let at = position;
  while ((bytes[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
