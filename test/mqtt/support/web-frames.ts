/** What the client's end of a WebSocket writes and reads, byte by byte. */

const MASK = [0x37, 0xfa, 0x21, 0x3d] as const;

export interface FrameMore {
  /** More frames of the message follow. */
  readonly continues?: boolean;
  /** A frame without a mask, which only servers may send. */
  readonly bare?: boolean;
  /** Bits beside the opcode's and the last one. */
  readonly reserved?: number;
}

/** One frame with a mask, in memory of its own. */
export function frame(opcode: number, payload: Uint8Array | string, more: FrameMore = {}): Uint8Array {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  const first = (more.continues === true ? 0 : 0x80) | (more.reserved ?? 0) | opcode;
  const masked = more.bare === true ? 0 : 0x80;
  const mask = more.bare === true ? [] : MASK;
  const data = more.bare === true ? bytes : bytes.map((byte, index) => byte ^ (MASK[index & 3] ?? 0));
  const head = [first, masked | Math.min(bytes.length, bytes.length < 65_536 ? 126 : 127)];
  const longBytes = bytes.length < 126 ? 0 : bytes.length < 65_536 ? 2 : 8;
  for (let at = longBytes - 1; at >= 0; at--) head.push(Math.floor(bytes.length / 256 ** at) % 256);
  return new Uint8Array(Buffer.concat([new Uint8Array([...head, ...mask]), data]));
}

/** A binary message in one frame. */
export function binary(payload: Uint8Array): Uint8Array {
  return frame(2, payload);
}

export interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** The frames of a server, all of them whole and last ones, without a mask. */
export function framesOf(stream: Uint8Array): readonly Frame[] {
  const frames: Frame[] = [];
  const bytes = Buffer.from(stream);
  for (let at = 0; at < bytes.length; ) {
    const first = bytes.readUInt8(at);
    const length = bytes.readUInt8(at + 1);
    if ((first & 0xf0) !== 0x80 || length >= 0x80) throw new Error("not a frame of a server");
    let start = at + 2;
    let size = length;
    if (length === 126) {
      size = bytes.readUInt16BE(start);
      start += 2;
    } else if (length === 127) {
      size = Number(bytes.readBigUInt64BE(start));
      start += 8;
    }
    if (start + size > bytes.length) throw new Error("a frame that is cut off");
    frames.push({ opcode: first & 0x0f, payload: bytes.subarray(start, start + size) });
    at = start + size;
  }
  return frames;
}

/** The data of a server's frames, which are all of binary messages. */
export function dataOf(stream: Uint8Array): Uint8Array {
  const frames = framesOf(stream);
  if (frames.some(({ opcode }) => opcode !== 2)) throw new Error("not only binary messages");
  return Buffer.concat(frames.map(({ payload }) => payload));
}

const REQUEST = {
  Host: "gateway",
  Upgrade: "websocket",
  Connection: "keep-alive, Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Protocol": "mqtt",
};

/** A handshake that is accepted but for what `changes` changes; null leaves a header out. */
export function handshake(
  requestLine = "GET /mqtt HTTP/1.1",
  changes: Readonly<Record<string, string | null>> = {},
): Uint8Array {
  const headers = Object.entries({ ...REQUEST, ...changes }).filter(([, value]) => value !== null);
  const lines = [requestLine, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
}
