/** Frames of RFC 6455, 5.2: what a server reads and writes of them. */

export const Opcode = {
  CONTINUATION: 0,
  TEXT: 1,
  BINARY: 2,
  CLOSE: 8,
  PING: 9,
  PONG: 10,
} as const;

/** RFC 6455, 7.4.1. */
export const CloseCode = {
  NORMAL: 1000,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  MESSAGE_TOO_BIG: 1009,
} as const;

/** Why a stream of frames ended: the peer closed, or sent what ends it (then `fault` says what). */
export interface FramesEnd {
  /** What to close with; null where the peer's own close named no code. */
  readonly closeCode: number | null;
  readonly fault: string | null;
}

/** Two bytes, up to eight of a longer length, four of the mask. */
const MAX_HEADER_BYTES = 14;
const SHORT_HEADER_BYTES = 6;
/** Payload of a control frame (5.5). */
const MAX_CONTROL_BYTES = 125;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;

/**
 * Reads the frames of a client as a stream, as MQTT wants it (MQTT-6.0.0-3): the data of binary messages, one byte
 * after the other, wherever frames and messages begin and end. No frame is waited for or held, so that one may
 * have any length; a control frame of up to 125 bytes is.
 */
export class FrameReader {
  /** Not null once the stream is over: nothing is read from then on. */
  end: FramesEnd | null = null;
  readonly #header = new Uint8Array(MAX_HEADER_BYTES);
  #headerBytes = 0;
  #headerNeeds = 2;
  #inPayload = false;
  /** Bytes of the payload at hand that have not come, and how many have. */
  #left = 0;
  #come = 0;
  /** Whether a message has begun that is not finished: continuations follow. */
  #inMessage = false;
  #control: Uint8Array | null = null;

  /**
   * Reads a chunk from `start` on and moves the data in it, unmasked, to the chunk's beginning. Returns how many bytes of
   * data these are; pings are answered by `pong`, whose bytes are valid during the call.
   */
  read(chunk: Uint8Array, start: number, pong: (payload: Uint8Array) => void): number {
    let position = start;
    let dataBytes = 0;
    while (position < chunk.length && this.end === null) {
      if (!this.#inPayload) {
        this.#header[this.#headerBytes++] = chunk[position++] ?? 0;
        this.#readHeader(pong);
        continue;
      }
      const count = Math.min(chunk.length - position, this.#left);
      const isControl = this.#opcode >= Opcode.CLOSE;
      if (isControl) {
        this.#control ??= new Uint8Array(MAX_CONTROL_BYTES);
        this.#unmask(chunk, position, this.#control, this.#come, count);
      } else {
        this.#unmask(chunk, position, chunk, dataBytes, count);
        dataBytes += count;
      }
      position += count;
      this.#come += count;
      this.#left -= count;
      if (this.#left === 0) this.#endFrame(pong);
    }
    return dataBytes;
  }

  get #opcode(): number {
    return (this.#header[0] ?? 0) & 0x0f;
  }

  #readHeader(pong: (payload: Uint8Array) => void): void {
    if (this.#headerBytes === 2) {
      const second = this.#header[1] ?? 0;
      this.end = faultOf(this.#header[0] ?? 0, second, this.#inMessage);
      this.#headerNeeds = SHORT_HEADER_BYTES + lengthBytes(second);
    }
    if (this.#headerBytes !== this.#headerNeeds || this.end !== null) return;
    const sizeBytes = this.#payloadSize();
    if (typeof sizeBytes !== "number") {
      this.end = sizeBytes;
      return;
    }
    this.#left = sizeBytes;
    this.#come = 0;
    this.#inPayload = true;
    if (sizeBytes === 0) this.#endFrame(pong);
  }

  /** The length that the header says, or why it may not be. */
  #payloadSize(): number | FramesEnd {
    const header = this.#header;
    const length = (header[1] ?? 0) & 0x7f;
    if (length < LENGTH_16) return length;
    let size = 0;
    for (let at = 2; at < this.#headerNeeds - 4; at++) size = size * 256 + (header[at] ?? 0);
    if (!Number.isSafeInteger(size)) {
      return fault("a WebSocket frame of more bytes than can be counted", CloseCode.MESSAGE_TOO_BIG);
    }
    if (size < (length === LENGTH_16 ? LENGTH_16 : 65_536)) {
      return fault("a WebSocket frame with a padded length");
    }
    return size;
  }

  #endFrame(pong: (payload: Uint8Array) => void): void {
    const opcode = this.#opcode;
    const isLast = ((this.#header[0] ?? 0) & FIN) !== 0;
    const payload = opcode < Opcode.CLOSE ? NOTHING : (this.#control?.subarray(0, this.#come) ?? NOTHING);
    this.#inPayload = false;
    this.#headerBytes = 0;
    this.#headerNeeds = 2;
    if (opcode < Opcode.CLOSE) this.#inMessage = !isLast;
    else if (opcode === Opcode.PING) pong(payload);
    else if (opcode === Opcode.CLOSE) this.end = endByPeer(payload);
    this.#control = null;
  }

  /** Bytes may move towards the beginning of the same array. */
  #unmask(source: Uint8Array, from: number, target: Uint8Array, to: number, count: number): void {
    const maskAt = this.#headerNeeds - 4;
    const mask = (index: number): number => this.#header[maskAt + ((this.#come + index) & 3)] ?? 0;
    const [first, second, third, fourth] = [mask(0), mask(1), mask(2), mask(3)];
    const whole = count - (count & 3);
    for (let index = 0; index < whole; index += 4) {
      const read = from + index;
      const write = to + index;
      target[write] = (source[read] ?? 0) ^ first;
      target[write + 1] = (source[read + 1] ?? 0) ^ second;
      target[write + 2] = (source[read + 2] ?? 0) ^ third;
      target[write + 3] = (source[read + 3] ?? 0) ^ fourth;
    }
    for (let index = whole; index < count; index++) {
      target[to + index] = (source[from + index] ?? 0) ^ mask(index);
    }
  }
}

const NOTHING = new Uint8Array(0);

function fault(what: string, closeCode: number = CloseCode.PROTOCOL_ERROR): FramesEnd {
  return { closeCode, fault: what };
}

/** What is wrong with a frame by its first two bytes, or null. */
function faultOf(first: number, second: number, inMessage: boolean): FramesEnd | null {
  if ((first & RESERVED) !== 0) return fault("a WebSocket frame with reserved bits");
  if ((second & MASKED) === 0) return fault("a WebSocket frame without a mask");
  switch (first & 0x0f) {
    case Opcode.TEXT:
      // MQTT-6.0.0-1
      return fault("a WebSocket text frame", CloseCode.UNSUPPORTED_DATA);
    case Opcode.BINARY:
      return inMessage ? fault("a WebSocket message within another") : null;
    case Opcode.CONTINUATION:
      return inMessage ? null : fault("a continuation of no WebSocket message");
    case Opcode.CLOSE:
    case Opcode.PING:
    case Opcode.PONG:
      if ((first & FIN) === 0) return fault("a WebSocket control frame in fragments");
      return (second & 0x7f) > MAX_CONTROL_BYTES ? fault("a WebSocket control frame that is too long") : null;
    default:
      return fault("a WebSocket frame of an unknown kind");
  }
}

/** Bytes of the longer length, by the header's second byte. */
function lengthBytes(second: number): number {
  const length = second & 0x7f;
  if (length < LENGTH_16) return 0;
  return length === LENGTH_16 ? 2 : 8;
}

function endByPeer(payload: Uint8Array): FramesEnd {
  if (payload.length === 0) return { closeCode: null, fault: null };
  if (payload.length === 1) return fault("a WebSocket close with half a code");
  const code = (payload[0] ?? 0) * 256 + (payload[1] ?? 0);
  return isCloseCode(code)
    ? { closeCode: code, fault: null }
    : fault("a WebSocket close with a code that may not be sent");
}

/** Codes that an end point may send (7.4.1, 7.4.2). */
function isCloseCode(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

/** Headers of a server's frames, whole and without a mask. One serves many connections. */
export class FrameHeaders {
  readonly #short = new Uint8Array(2);
  readonly #medium = new Uint8Array(4);
  readonly #long = new Uint8Array(10);

  /** Valid until the next call. */
  of(opcode: number, sizeBytes: number): Uint8Array {
    const header = sizeBytes < LENGTH_16 ? this.#short : sizeBytes < 65_536 ? this.#medium : this.#long;
    header[0] = FIN | opcode;
    if (header === this.#short) {
      header[1] = sizeBytes;
      return header;
    }
    header[1] = header === this.#medium ? LENGTH_16 : LENGTH_64;
    let rest = sizeBytes;
    for (let at = header.length - 1; at >= 2; at--) {
      header[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return header;
  }
}
