export const MAJOR_UNSIGNED = 0;
export const MAJOR_NEGATIVE = 1;
export const MAJOR_BYTES = 2;
export const MAJOR_TEXT = 3;
export const MAJOR_ARRAY = 4;
export const MAJOR_MAP = 5;
export const MAJOR_TAG = 6;
export const MAJOR_SIMPLE = 7;

/** The argument of a head that announces no length. */
export const INDEFINITE = -1;
export const BREAK = 0xff;

/**
 * Reads the heads of CBOR items (RFC 8949, 3): one byte of major type and additional information, then an argument
 * of up to eight bytes. Nothing is allocated per head. `bad` is set, and stays, where the bytes are no CBOR or end
 * too early.
 */
export class CborReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  position = 0;
  bad = false;
  major = 0;
  info = 0;
  /** Value or length of the head read last; INDEFINITE where it has none. Above 2^53 it is rounded. */
  argument = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atBreak(): boolean {
    return this.bytes[this.position] === BREAK;
  }

  /** Bytes behind the position. */
  get remaining(): number {
    return this.bytes.length - this.position;
  }

  head(): void {
    const first = this.bytes[this.position];
    if (first === undefined || first === BREAK) {
      this.bad = true;
      return;
    }
    this.major = first >> 5;
    this.info = first & 31;
    const at = this.position + 1;
    this.advance(1 + argumentBytes(this.info));
    if (this.bad) return;
    if (this.info < 24) this.argument = this.info;
    else if (this.info === 24) this.argument = this.view.getUint8(at);
    else if (this.info === 25) this.argument = this.view.getUint16(at);
    else if (this.info === 26) this.argument = this.view.getUint32(at);
    else if (this.info === 27) {
      this.argument = this.view.getUint32(at) * 0x1_0000_0000 + this.view.getUint32(at + 4);
    } else {
      this.argument = INDEFINITE;
      // 28 to 30 are reserved; only strings, arrays and maps may be of indefinite length.
      if (this.info !== 31 || this.major < MAJOR_BYTES || this.major > MAJOR_MAP) this.bad = true;
    }
  }

  /** The number of the head read last, which is a float's: additional information 25, 26 or 27. */
  float(): number {
    if (this.info === 25) return halfFloat(this.view.getUint16(this.position - 2));
    return this.info === 26
      ? this.view.getFloat32(this.position - 4)
      : this.view.getFloat64(this.position - 8);
  }

  advance(count: number): void {
    if (count > this.bytes.length - this.position) this.bad = true;
    else this.position += count;
  }
}

function argumentBytes(info: number): number {
  return info < 24 || info > 27 ? 0 : 1 << (info - 24);
}

/** RFC 8949, appendix D. */
function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  let value: number;
  if (exponent === 0) value = fraction * 2 ** -24;
  else if (exponent === 31) value = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  else value = (fraction + 1024) * 2 ** (exponent - 25);
  return bits >= 0x8000 ? -value : value;
}
