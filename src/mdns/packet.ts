/**
 * Messages of multicast DNS (RFC 1035, section 4; RFC 6762, section 18), as far as a responder needs them.
 *
 * A header of 12 bytes (id, flags, counts of questions, answers, authorities, additional records), then these. A name is
 * labels, each behind its length, and an end of 0; two bytes that begin with the bits 11 say where the rest of it
 * stands earlier on. A record: name, type, class (its highest bit: it takes the place of others), time to live,
 * length, data.
 */

export const TYPE = { a: 1, ptr: 12, txt: 16, aaaa: 28, srv: 33, nsec: 47, any: 255 } as const;
const CLASS_IN = 1;
const CLASS_ANY = 255;
/** Of a record's class: forget what was known of the name. Of a question's: answer me alone. */
const TOP_BIT = 0x8000;
const CLASS_MASK = 0x7fff;
const RESPONSE = 0x8000;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const OPCODE_AND_ERROR = 0x780f;
const HEADER_BYTES = 12;
const POINTER = 0xc0;
const MAX_POINTER = 0x3fff;
const MAX_LABEL_BYTES = 63;
const MAX_NAME_BYTES = 255;
/** As RFC 6762 bounds a message, headers of IP and UDP included. */
export const MAX_PACKET_BYTES = 9_000;
/** Entries of all kinds in a message that is looked at; there is no room for more that mean anything. */
const MAX_ENTRIES = 500;

/** Labels from the left; compared without regard to ASCII case. */
export type Name = readonly string[];

export interface Question {
  readonly name: Name;
  readonly type: number;
  /** Whoever asks would like the answer for himself alone. */
  readonly unicast: boolean;
}

export interface Rr {
  readonly name: Name;
  readonly type: number;
  /** Nobody else has records of this name and type. */
  readonly unique: boolean;
  readonly ttlSec: number;
  /** Names in it are whole. */
  readonly data: Uint8Array;
}

export interface Packet {
  readonly id: number;
  readonly isResponse: boolean;
  /** More known answers follow in another message. */
  readonly isTruncated: boolean;
  readonly questions: readonly Question[];
  readonly answers: readonly Rr[];
  readonly authorities: readonly Rr[];
  readonly additionals: readonly Rr[];
}

/** A name for maps and comparisons. */
export function keyOf(name: Name): string {
  return name.map((label) => label.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())).join("\0");
}

/** A text as a label, cut where it is too long for one. */
export function labelOf(text: string): string {
  let label = text;
  while (Buffer.byteLength(label) > MAX_LABEL_BYTES) label = [...label].slice(0, -1).join("");
  return label;
}

export function nameBytes(name: Name): Uint8Array {
  const parts = name.map((label) => Buffer.from(label)).flatMap((bytes) => [Buffer.of(bytes.length), bytes]);
  return Buffer.concat([...parts, Buffer.of(0)]);
}

export function srvData(port: number, target: Name): Uint8Array {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(port, 4);
  return Buffer.concat([head, nameBytes(target)]);
}

/** Texts of at most 255 bytes each; none is one that is empty (RFC 6763, section 6.1). */
export function txtData(texts: readonly string[]): Uint8Array {
  const kept = texts.map((text) => Buffer.from(text)).filter(({ length }) => length > 0 && length <= 255);
  if (kept.length === 0) return Buffer.of(0);
  return Buffer.concat(kept.flatMap((bytes) => [Buffer.of(bytes.length), bytes]));
}

/** The message as it goes out. */
export function encodePacket(packet: Partial<Packet>): Uint8Array {
  const { questions = [], answers = [], authorities = [], additionals = [] } = packet;
  const writer = new Writer();
  writer.u16(packet.id ?? 0);
  writer.u16(
    (packet.isResponse === true ? RESPONSE | AUTHORITATIVE : 0) | (packet.isTruncated ? TRUNCATED : 0),
  );
  for (const entries of [questions, answers, authorities, additionals]) writer.u16(entries.length);
  for (const { name, type, unicast } of questions) {
    writer.name(name);
    writer.u16(type);
    writer.u16(unicast ? CLASS_IN | TOP_BIT : CLASS_IN);
  }
  for (const record of [...answers, ...authorities, ...additionals]) writer.record(record);
  return writer.bytes();
}

/** Null for what is no message, or none that a responder minds: other operations, errors, too many entries. */
export function decodePacket(bytes: Uint8Array): Packet | null {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_PACKET_BYTES) return null;
  const reader = new Reader(bytes);
  const id = reader.u16();
  const flags = reader.u16();
  if ((flags & OPCODE_AND_ERROR) !== 0) return null;
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()] as const;
  if (counts.reduce((sum, count) => sum + count, 0) > MAX_ENTRIES) return null;
  const questions = reader.questions(counts[0]);
  const [answers, authorities, additionals] = [counts[1], counts[2], counts[3]].map((count) =>
    reader.records(count),
  );
  if (reader.isBad || !answers || !authorities || !additionals) return null;
  const isResponse = (flags & RESPONSE) !== 0;
  return {
    id,
    isResponse,
    isTruncated: (flags & TRUNCATED) !== 0,
    questions,
    answers,
    authorities,
    additionals,
  };
}

class Writer {
  readonly #parts: Uint8Array[] = [];
  /** Where names that were written stand, to be pointed at. */
  readonly #places = new Map<string, number>();
  #length = 0;

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  u16(value: number): void {
    this.#add(Uint8Array.of(value >> 8, value & 0xff));
  }

  name(name: Name): void {
    for (let from = 0; from < name.length; from++) {
      const key = keyOf(name.slice(from));
      const known = this.#places.get(key);
      if (known !== undefined) {
        this.u16((POINTER << 8) | known);
        return;
      }
      if (this.#length <= MAX_POINTER) this.#places.set(key, this.#length);
      const label = Buffer.from(name[from] ?? "");
      this.#add(Buffer.concat([Buffer.of(label.length), label]));
    }
    this.#add(Uint8Array.of(0));
  }

  record({ name, type, unique, ttlSec, data }: Rr): void {
    this.name(name);
    this.u16(type);
    this.u16(unique ? CLASS_IN | TOP_BIT : CLASS_IN);
    this.u16(Math.floor(ttlSec / 65_536));
    this.u16(ttlSec % 65_536);
    this.u16(data.length);
    this.#add(data);
  }

  #add(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }
}

/** Reads what may be anything: `isBad` says afterwards that it was no message. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  isBad = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(): number {
    const value = ((this.#bytes[this.#at] ?? 0) << 8) | (this.#bytes[this.#at + 1] ?? 0);
    this.#at += 2;
    this.isBad ||= this.#at > this.#bytes.length;
    return value;
  }

  questions(count: number): readonly Question[] {
    const found: Question[] = [];
    for (let index = 0; index < count && !this.isBad; index++) {
      const name = this.#name();
      const type = this.u16();
      const of = this.u16();
      const isOurs = (of & CLASS_MASK) === CLASS_IN || (of & CLASS_MASK) === CLASS_ANY;
      if (!this.isBad && isOurs) found.push({ name, type, unicast: (of & TOP_BIT) !== 0 });
    }
    return found;
  }

  records(count: number): readonly Rr[] {
    const found: Rr[] = [];
    for (let index = 0; index < count && !this.isBad; index++) {
      const name = this.#name();
      const type = this.u16();
      const of = this.u16();
      const ttlSec = this.u16() * 65_536 + this.u16();
      const length = this.u16();
      const end = this.#at + length;
      if (end > this.#bytes.length) this.isBad = true;
      if (this.isBad) break;
      const data = this.#data(type, end);
      this.#at = end;
      if ((of & CLASS_MASK) === CLASS_IN)
        found.push({ name, type, unique: (of & TOP_BIT) !== 0, ttlSec, data });
    }
    return found;
  }

  /** With names whole, so that data can be compared. */
  #data(type: number, end: number): Uint8Array {
    const from = this.#at;
    const head = type === TYPE.srv ? 6 : 0;
    if (type !== TYPE.ptr && type !== TYPE.srv) return new Uint8Array(this.#bytes.subarray(from, end));
    this.#at += head;
    const name = this.#name();
    this.isBad ||= this.#at > end;
    return Buffer.concat([this.#bytes.subarray(from, from + head), nameBytes(name)]);
  }

  #name(): Name {
    const labels: string[] = [];
    let at = this.#at;
    let jumped = false;
    let length = 0;
    // A pointer leads backwards only, so that this comes to an end.
    for (let lowest = at; ; ) {
      const size = this.#bytes[at];
      if (size === undefined) break;
      if (size >= POINTER) {
        const to = ((size & 0x3f) << 8) | (this.#bytes[at + 1] ?? 0);
        if (!jumped) this.#at = at + 2;
        jumped = true;
        if (at + 1 >= this.#bytes.length || to >= lowest) break;
        lowest = to;
        at = to;
        continue;
      }
      at += 1 + size;
      length += 1 + size;
      if (size > MAX_LABEL_BYTES || length > MAX_NAME_BYTES || at > this.#bytes.length) break;
      if (size === 0) {
        if (!jumped) this.#at = at;
        return labels;
      }
      labels.push(this.#bytes.toString("utf8", at - size, at));
    }
    this.isBad = true;
    return labels;
  }
}
