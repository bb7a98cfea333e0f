import { MAX_DEPTH, MAX_ITEMS } from "../limits.ts";

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

const TWO_32 = 4_294_967_296;
const LAST_FIELD_NUMBER = 536_870_911;

const strictText = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads protobuf's wire format where it lies: tag (field number << 3 | wire type), then a varint, 4 or 8 bytes, or a
 * length and its bytes. A fault ends all reading: what is read after it is empty. Fields, nesting and lengths are bounded,
 * so that the cost is that of looking once at each byte.
 */
export class ProtobufReader {
  /** The first thing that was wrong; null so far. */
  fault: string | null = null;
  /** Of the field at hand. */
  field = 0;
  wire = 0;
  /** The latest varint: its lower and upper 32 bits, unsigned. */
  low = 0;
  high = 0;
  /** Fields, and items of packed lists, so far. */
  items = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;
  #end: number;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  fail(fault: string): void {
    this.fault ??= fault;
  }

  /** Reads the tag of the message's next field; false at its end, or after a fault. */
  next(): boolean {
    if (this.fault !== null || this.#position >= this.#end) return false;
    this.count(1);
    this.#varint();
    this.wire = this.low & 7;
    this.field = this.low >>> 3;
    if (this.high !== 0 || this.field === 0 || this.field > LAST_FIELD_NUMBER) {
      this.fail(`byte ${this.#position} ends no field's number`);
    }
    return this.fault === null;
  }

  /** Counts what the limits are for; false where it is too much. */
  count(items: number): boolean {
    this.items += items;
    if (this.items > MAX_ITEMS) this.fail(`more than ${MAX_ITEMS} values`);
    return this.fault === null;
  }

  /** Passes over the field at hand. */
  skip(): void {
    switch (this.wire) {
      case WIRE_VARINT:
        this.#varint();
        break;
      case WIRE_FIXED64:
        this.#take(8);
        break;
      case WIRE_BYTES:
        this.bytes();
        break;
      case WIRE_FIXED32:
        this.#take(4);
        break;
      default:
        this.fail(`wire type ${this.wire} is not taken`);
    }
  }

  /** Reads a varint into `low` and `high`. */
  varint(): void {
    if (this.#expect(WIRE_VARINT)) this.#varint();
  }

  /** An unsigned integer of 64 bits. */
  unsigned(): number | bigint {
    this.varint();
    return unsigned64(this.low, this.high);
  }

  /** An unsigned integer of 32 bits; as protobuf has it, higher ones are cut off. */
  unsigned32(): number {
    this.varint();
    return this.low;
  }

  boolean(): boolean {
    this.varint();
    return this.low !== 0 || this.high !== 0;
  }

  float(): number {
    if (!this.#expect(WIRE_FIXED32)) return 0;
    const start = this.#take(4);
    return start < 0 ? 0 : this.#view.getFloat32(start, true);
  }

  double(): number {
    if (!this.#expect(WIRE_FIXED64)) return 0;
    const start = this.#take(8);
    return start < 0 ? 0 : this.#view.getFloat64(start, true);
  }

  /** A view of the field's bytes. */
  bytes(): Uint8Array {
    const length = this.#length();
    const start = this.#take(length);
    return start < 0 ? new Uint8Array(0) : this.#bytes.subarray(start, start + length);
  }

  text(): string {
    const bytes = this.bytes();
    try {
      return strictText.decode(bytes);
    } catch {
      this.fail("a text that is not UTF-8");
      return "";
    }
  }

  /** Reads the message that the field holds: `each` is called with each of its fields, and reads or skips it. */
  message(each: (field: number) => void): void {
    const length = this.#length();
    if (this.fault !== null) return;
    if (length > this.#end - this.#position) {
      this.fail(`${length} bytes are announced where ${this.#end - this.#position} are left`);
      return;
    }
    if (++this.#depth > MAX_DEPTH) {
      this.fail(`nested deeper than ${MAX_DEPTH}`);
      return;
    }
    const outer = this.#end;
    this.#end = this.#position + length;
    while (this.next()) each(this.field);
    this.#end = outer;
    this.#depth--;
  }

  /** A list of unsigned integers of 32 bits: one of them, or all of them packed. */
  packed32(into: number[]): void {
    if (this.wire !== WIRE_BYTES) {
      into.push(this.unsigned32());
      return;
    }
    const length = this.#length();
    const start = this.#take(length);
    if (start < 0) return;
    const [outer, after] = [this.#end, this.#position];
    this.#position = start;
    this.#end = after;
    while (this.fault === null && this.#position < after) {
      this.count(1);
      this.#varint();
      into.push(this.low);
    }
    this.#end = outer;
  }

  #expect(wire: number): boolean {
    if (this.fault !== null) return false;
    if (this.wire === wire) return true;
    this.fail(`field ${this.field} has wire type ${this.wire} and not ${wire}`);
    return false;
  }

  #length(): number {
    if (!this.#expect(WIRE_BYTES)) return 0;
    this.#varint();
    return this.high * TWO_32 + this.low;
  }

  /** Where so many bytes begin, or -1 where they are not there. */
  #take(length: number): number {
    if (this.fault !== null) return -1;
    const left = this.#end - this.#position;
    if (length > left) {
      this.fail(`${length} bytes are announced where ${left} are left`);
      return -1;
    }
    const start = this.#position;
    this.#position += length;
    return start;
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#position >= this.#end) {
        this.fail("the end comes too early");
        break;
      }
      const byte = this.#bytes[this.#position++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else if (bits > 1) this.fail("an integer beyond 64 bits");
      else high |= bits << 31;
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    this.fail("an integer of more than ten bytes");
    this.low = 0;
    this.high = 0;
  }
}

/** A number where it is exact. */
export function unsigned64(low: number, high: number): number | bigint {
  const value = high * TWO_32 + low;
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
}

/** The same bits as two's complement. */
export function signed64(low: number, high: number): number | bigint {
  if (high < 0x80000000) return unsigned64(low, high);
  const value = BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
  return value >= -9_007_199_254_740_991n ? Number(value) : value;
}
