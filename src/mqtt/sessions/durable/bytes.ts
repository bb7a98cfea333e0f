const FIRST_BYTES = 256;
/** A buffer that one large value has grown beyond this is given back. */
const KEPT_BYTES = 262_144;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Writes the fields of a record's key or value. Numbers are seven bits a byte, lowest first, the high bit set on all
 * but the last. What `take` gives is a view that is good until the next `start`.
 */
export class FieldWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;

  start(): this {
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(FIRST_BYTES);
    return this;
  }

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** A safe integer that is not negative. */
  number(value: number): this {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  /** Bytes behind their length. */
  field(bytes: Uint8Array): this {
    return this.number(bytes.length).rest(bytes);
  }

  text(value: string): this {
    return this.field(encoder.encode(value));
  }

  /** Bytes without a length: the last field. */
  rest(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  restText(value: string): this {
    return this.rest(encoder.encode(value));
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#length + count, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const NO_BYTES = new Uint8Array(0);

/**
 * Reads what `FieldWriter` wrote, in place. Bytes that are no such thing make `ok` false, and what is read then is zero
 * or empty: whoever reads asks once, at the end.
 */
export class FieldReader {
  bytes: Uint8Array = NO_BYTES;
  position = 0;
  end = 0;
  ok = true;

  open(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.ok = true;
    return this;
  }

  u8(): number {
    if (this.position >= this.end) return this.#short();
    return this.bytes[this.position++] ?? 0;
  }

  number(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) return this.#short();
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  /** A view. */
  field(): Uint8Array {
    return this.#view(this.number());
  }

  skipField(): void {
    const length = this.number();
    if (length > this.end - this.position) this.#short();
    else this.position += length;
  }

  text(): string {
    return decoder.decode(this.field());
  }

  /** A view of all that is left. */
  rest(): Uint8Array {
    return this.#view(this.end - this.position);
  }

  restText(): string {
    return decoder.decode(this.rest());
  }

  #view(length: number): Uint8Array {
    if (length > this.end - this.position) {
      this.#short();
      return NO_BYTES;
    }
    const view = this.bytes.subarray(this.position, this.position + length);
    this.position += length;
    return view;
  }

  #short(): number {
    this.ok = false;
    this.position = this.end;
    return 0;
  }
}
