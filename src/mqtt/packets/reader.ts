import { Reason, type Refusal } from "./codes.ts";

// Byte order marks are characters of the string here: MQTT-1.5.4-3 forbids to skip them.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one packet's fields between two positions of a chunk. The first fault sticks: later reads return
 * zeros, and the decoder looks at `fault` when it is done. Reused from packet to packet.
 */
export class PacketReader {
  bytes: Uint8Array = new Uint8Array(0);
  position = 0;
  end = 0;
  fault: Refusal | null = null;

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.fault = null;
  }

  /** Notes a fault; the first one wins. */
  fail(reason: number, what: string): void {
    if (this.fault === null) this.fault = { reason, what };
    this.position = this.end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  u8(): number {
    if (this.position >= this.end) return this.#short();
    return this.bytes[this.position++] ?? 0;
  }

  u16(): number {
    if (this.end - this.position < 2) return this.#short();
    const value = ((this.bytes[this.position] ?? 0) << 8) | (this.bytes[this.position + 1] ?? 0);
    this.position += 2;
    return value;
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  /** A variable byte integer (MQTT 5, 1.5.5): at most four bytes, and as few as the value needs. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) this.fail(Reason.MALFORMED_PACKET, "a padded variable byte integer");
        return value;
      }
    }
    this.fail(Reason.MALFORMED_PACKET, "a variable byte integer of five bytes");
    return 0;
  }

  /** Binary data (MQTT 5, 1.5.6): a view of the chunk. */
  binary(): Uint8Array {
    const length = this.u16();
    if (length > this.end - this.position) {
      this.#short();
      return this.bytes.subarray(0, 0);
    }
    const view = this.bytes.subarray(this.position, this.position + length);
    this.position += length;
    return view;
  }

  /** A UTF-8 string, checked (MQTT 5, 1.5.4). */
  string(): string {
    const view = this.binary();
    if (this.fault !== null) return "";
    const text = decodeText(view);
    if (text === null) this.fail(Reason.MALFORMED_PACKET, "a string that is not UTF-8 or has U+0000");
    return text ?? "";
  }

  /** Steps over a UTF-8 string that is checked but not wanted as a JavaScript string. */
  skipString(): void {
    const length = this.u16();
    if (length > this.end - this.position) {
      this.#short();
      return;
    }
    if (!isText(this.bytes, this.position, this.position + length)) {
      this.fail(Reason.MALFORMED_PACKET, "a string that is not UTF-8 or has U+0000");
      return;
    }
    this.position += length;
  }

  skip(count: number): void {
    if (count > this.end - this.position) this.#short();
    else this.position += count;
  }

  #short(): number {
    this.fail(Reason.MALFORMED_PACKET, "a packet that ends before its fields do");
    return 0;
  }
}

/** A copy of its own memory, also where a chunk is a Buffer, whose `slice` is a view. */
export function copyOf(bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end);
}

/** Whether bytes are UTF-8 without U+0000 and without surrogates (MQTT-1.5.4-1, MQTT-1.5.4-2). */
export function isText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let position = start; position < end; position++) {
    const byte = bytes[position] ?? 0;
    if (byte === 0) return false;
    if (byte >= 0x80) return decodeText(bytes.subarray(start, end)) !== null;
  }
  return true;
}

/** The string that UTF-8 bytes stand for, or null where MQTT does not allow them as a string. */
export function decodeText(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}
