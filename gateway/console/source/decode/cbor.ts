import { hexLine } from "./bytes.ts";

/** Lists and maps in each other. */
const MAX_DEPTH = 32;
const BREAK = Symbol("break");

/**
 * Reads CBOR (RFC 8949) into what JSON can show: bytes become "h'01 02'", keys that are no text are written as text, whole
 * numbers beyond 53 bits become text, tags are left out but for the times, which become ISO 8601. Null where it is none, or
 * where something is left over.
 */
export function decodeCbor(bytes: Uint8Array): { readonly value: unknown } | null {
  if (bytes.length === 0) return null;
  try {
    const reader = new Reader(bytes);
    const value = reader.item(0);
    return reader.isAtEnd && value !== BREAK ? { value } : null;
  } catch {
    return null;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new RangeError("too deep");
    const first = this.#view.getUint8(this.#at++);
    const info = first & 0x1f;
    switch (first >> 5) {
      case 0:
        return shown(this.#argument(info));
      case 1:
        return shown(-1n - BigInt(this.#argument(info)));
      case 2:
        return `h'${hexLine(this.#string(info, 2))}'`;
      case 3:
        return new TextDecoder("utf-8", { fatal: true }).decode(this.#string(info, 3));
      case 4:
        return this.#list(info, depth);
      case 5:
        return this.#map(info, depth);
      case 6:
        return this.#tagged(Number(this.#argument(info)), depth);
      default:
        return this.#simple(info);
    }
  }

  #argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    const at = this.#at;
    const size = 1 << (info - 24);
    if (info > 27) throw new RangeError("no length");
    this.#at += size;
    if (size === 1) return BigInt(this.#view.getUint8(at));
    if (size === 2) return BigInt(this.#view.getUint16(at));
    return size === 4 ? BigInt(this.#view.getUint32(at)) : this.#view.getBigUint64(at);
  }

  /** Bytes or text; of unknown length it comes in pieces of the same kind. */
  #string(info: number, kind: number): Uint8Array {
    if (info !== 31) {
      const size = Number(this.#argument(info));
      if (size > this.#bytes.length - this.#at) throw new RangeError("beyond the end");
      this.#at += size;
      return this.#bytes.subarray(this.#at - size, this.#at);
    }
    const pieces: number[] = [];
    for (;;) {
      const first = this.#view.getUint8(this.#at++);
      if (first === 0xff) return Uint8Array.from(pieces);
      if (first >> 5 !== kind || (first & 0x1f) === 31) throw new RangeError("another piece");
      for (const byte of this.#string(first & 0x1f, kind)) pieces.push(byte);
    }
  }

  #list(info: number, depth: number): unknown[] {
    const items: unknown[] = [];
    let left = info === 31 ? Number.POSITIVE_INFINITY : Number(this.#argument(info));
    for (; left > 0; left--) {
      const item = this.item(depth + 1);
      if (item === BREAK) {
        if (info !== 31) throw new RangeError("a break where none can be");
        break;
      }
      items.push(item);
    }
    return items;
  }

  #map(info: number, depth: number): object {
    const fields = new Map<string, unknown>();
    let left = info === 31 ? Number.POSITIVE_INFINITY : Number(this.#argument(info));
    for (; left > 0; left--) {
      const key = this.item(depth + 1);
      if (key === BREAK) {
        if (info !== 31) throw new RangeError("a break where none can be");
        break;
      }
      const value = this.item(depth + 1);
      if (value === BREAK) throw new RangeError("a break where none can be");
      fields.set(typeof key === "string" ? key : JSON.stringify(key), value);
    }
    return Object.fromEntries(fields);
  }

  #tagged(tag: number, depth: number): unknown {
    const value = this.item(depth + 1);
    if (value === BREAK) throw new RangeError("a break where none can be");
    if (tag === 1 && typeof value === "number" && Math.abs(value) < 8.64e12) {
      return new Date(value * 1000).toISOString();
    }
    return value;
  }

  #simple(info: number): unknown {
    const at = this.#at;
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        this.#at += 2;
        return half(this.#view.getUint16(at));
      case 26:
        this.#at += 4;
        return number(this.#view.getFloat32(at));
      case 27:
        this.#at += 8;
        return number(this.#view.getFloat64(at));
      case 31:
        return BREAK;
      default:
        return `simple(${this.#argument(info)})`;
    }
  }
}

function shown(value: bigint): number | string {
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value.toString();
}

/** JSON has no NaN and no infinity. */
function number(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** A float of 16 bits. */
function half(bits: number): number | string {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return number(fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN);
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
