import { releaseChunk } from "../../io/release-chunk.ts";
import { Reason, type Refusal } from "./codes.ts";

/** Takes the packets that a framer cuts out of the stream. */
export interface PacketSink {
  /**
   * A packet is announced: its first byte and its size with the fixed header. A refusal ends the stream
   * before a byte of the packet is buffered.
   */
  announced(firstByte: number, sizeBytes: number): Refusal | null;
  /** A whole packet. `start` to `end` is what follows the fixed header. The bytes are valid during the call. */
  packet(firstByte: number, bytes: Uint8Array, start: number, end: number): void;
  /** False once nothing more of the stream is wanted. */
  readonly listening: boolean;
}

/** What a split packet's buffer starts with; it doubles from there, up to the packet's size. */
const FIRST_BUFFER_BYTES = 512;
/** A type byte and at most four bytes of length. */
const MAX_HEADER_BYTES = 5;

/**
 * Cuts a byte stream into control packets: byte 1 is type and flags, then the remaining length as a varint of
 * at most four bytes (MQTT 5, 2.1). Whole packets are handed on where they lie in the chunk; only a packet
 * that chunks split is copied, into a buffer that grows with what has come, never by what was announced.
 */
export class Framer {
  #buffer: Uint8Array | null = null;
  #have = 0;
  /** Size of the packet being assembled with its fixed header; 0 until that is known. */
  #need = 0;
  /** Where the latest chunk was not read on: its end, or where its sink wanted no more. */
  position = 0;

  /** Bytes held of a packet that is not complete. */
  get heldBytes(): number {
    return this.#have;
  }

  /** Feeds a chunk, which ends at `end`. Returns why the stream has to end, or null. */
  push(chunk: Uint8Array, sink: PacketSink, end = chunk.length): Refusal | null {
    let position = 0;
    if (this.#have > 0) {
      const taken = this.#assemble(chunk, end, sink);
      if (typeof taken !== "number") return taken;
      position = taken;
    }
    this.position = end;
    while (position < end && sink.listening) {
      const available = end - position;
      const length = remainingLength(chunk, position, end);
      if (length === INVALID_LENGTH) return FIVE_BYTE_LENGTH;
      if (length === INCOMPLETE_LENGTH) {
        this.#hold(chunk, position, end, MAX_HEADER_BYTES);
        return null;
      }
      const first = chunk[position] ?? 0;
      const size = lengthBytes(chunk, position) + 1 + length;
      const refusal = sink.announced(first, size);
      if (refusal !== null) return refusal;
      if (size > available) {
        this.#need = size;
        this.#hold(chunk, position, end, size);
        return null;
      }
      sink.packet(first, chunk, position + size - length, position + size);
      position += size;
    }
    this.position = position;
    return null;
  }

  /** Completes the packet that is held, as far as the chunk goes. Returns how much of the chunk it took. */
  #assemble(chunk: Uint8Array, chunkEnd: number, sink: PacketSink): number | Refusal {
    let position = 0;
    while (this.#need === 0) {
      if (position === chunkEnd) return position;
      this.#hold(chunk, position, position + 1, MAX_HEADER_BYTES);
      position++;
      const held = this.#buffer ?? chunk;
      const length = remainingLength(held, 0, this.#have);
      if (length === INVALID_LENGTH) return FIVE_BYTE_LENGTH;
      if (length === INCOMPLETE_LENGTH) continue;
      this.#need = this.#have + length;
      const refusal = sink.announced(held[0] ?? 0, this.#need);
      if (refusal !== null) return refusal;
    }
    const end = Math.min(chunkEnd, position + this.#need - this.#have);
    this.#hold(chunk, position, end, this.#need);
    if (this.#have < this.#need) return end;
    const packet = this.#buffer ?? chunk;
    const size = this.#need;
    this.#buffer = null;
    this.#have = 0;
    this.#need = 0;
    sink.packet(packet[0] ?? 0, packet, 1 + lengthBytes(packet, 0), size);
    // A packet is valid while it is handled, as a chunk is.
    if (packet !== chunk) releaseChunk(packet);
    return end;
  }

  #hold(chunk: Uint8Array, start: number, end: number, wantedBytes: number): void {
    const have = this.#have + end - start;
    let buffer = this.#buffer;
    if (buffer === null || buffer.length < have) {
      const size = Math.max(have, Math.min(wantedBytes, Math.max(FIRST_BUFFER_BYTES, 2 * have)));
      const grown = new Uint8Array(size);
      if (buffer !== null) {
        grown.set(buffer.subarray(0, this.#have));
        releaseChunk(buffer);
      }
      buffer = grown;
      this.#buffer = grown;
    }
    buffer.set(chunk.subarray(start, end), this.#have);
    this.#have = have;
  }
}

const INCOMPLETE_LENGTH = -1;
const INVALID_LENGTH = -2;
const FIVE_BYTE_LENGTH: Refusal = {
  reason: Reason.MALFORMED_PACKET,
  what: "a remaining length of five bytes",
};

/** The remaining length of the packet that starts at `position`, or why it can't be told. */
function remainingLength(bytes: Uint8Array, position: number, end: number): number {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    const at = position + 1 + index;
    if (at >= end) return INCOMPLETE_LENGTH;
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return value;
  }
  return INVALID_LENGTH;
}

/** How many bytes the remaining length takes, padding included: some devices always send two or four. */
function lengthBytes(bytes: Uint8Array, position: number): number {
  let count = 1;
  while ((bytes[position + count] ?? 0) >= 0x80) count++;
  return count;
}
