import { describe, expect, test } from "bun:test";
import { AssemblyMemory, FrameReader, type FrameUse } from "../../src/kafka/frames.ts";

function frame(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setInt32(0, body.length);
  bytes.set(body, 4);
  return bytes;
}

const keep = (): FrameUse => "kept";

function numbered(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (first + index) & 255);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

describe("FrameReader", () => {
  const bodies = [numbered(8, 1), numbered(300, 7), numbered(9, 99), numbered(1000, 5)];
  const stream = concat(bodies.map(frame));

  for (const chunkBytes of [1, 2, 3, 5, 7, 64, 301, 305, stream.length]) {
    test(`hands out every frame whole and in order, fed ${chunkBytes} bytes at a time`, () => {
      const reader = new FrameReader(1024);
      const frames: Uint8Array[] = [];
      for (let position = 0; position < stream.length; position += chunkBytes) {
        const chunk = stream.slice(position, position + chunkBytes);
        const fault = reader.push(chunk, (bytes) => {
          frames.push(bytes.slice());
          return "read";
        });
        expect(fault).toBeNull();
      }
      expect(frames).toEqual(bodies);
      expect(reader.heldBytes).toBe(0);
    });
  }

  test("gives a frame that lies in one chunk as a view of it", () => {
    const reader = new FrameReader(1024);
    let seen: Uint8Array | null = null;
    reader.push(stream, (bytes) => {
      seen ??= bytes;
      return "kept";
    });
    expect((seen as Uint8Array | null)?.buffer).toBe(stream.buffer as ArrayBuffer);
  });

  test("assembles a split frame where one was that is read, never where one is kept", () => {
    const memory = new AssemblyMemory();
    const split = (body: Uint8Array, use: FrameUse): Uint8Array => {
      const reader = new FrameReader(1024, memory);
      const bytes = frame(body);
      let seen = new Uint8Array(0);
      for (const part of [bytes.subarray(0, 100), bytes.subarray(100)]) {
        reader.push(part, (assembled) => {
          seen = assembled as Uint8Array<ArrayBuffer>;
          return use;
        });
      }
      return seen;
    };
    const read = split(numbered(300, 1), "read");
    const kept = split(numbered(200, 2), "kept");
    const last = split(numbered(200, 3), "kept");
    expect(kept.buffer).toBe(read.buffer);
    expect(kept).toEqual(numbered(200, 2));
    expect(last.buffer).not.toBe(kept.buffer);
    expect(last).toEqual(numbered(200, 3));
  });

  test("holds no more memory for a large frame than about twice what has come", () => {
    const reader = new FrameReader(0x7fffffff);
    const prefix = Uint8Array.of(0x7f, 0xff, 0xff, 0xf0);
    expect(reader.push(prefix, keep)).toBeNull();
    reader.push(numbered(300_000, 0), keep);
    expect(reader.heldBytes).toBeLessThan(700_000);
  });

  test.each([
    ["a length of 2 GB", [0x7f, 0xff, 0xff, 0xff], "2147483647"],
    ["a negative length", [0xff, 0xff, 0xff, 0xff], "-1"],
    ["a length shorter than any header", [0, 0, 0, 7], "7 bytes"],
    ["a TLS hello", [0x16, 0x03, 0x01, 0x02], "TLS"],
    ["an HTTP request", [0x47, 0x45, 0x54, 0x20], "HTTP"],
    ["an MQTT CONNECT", [0x10, 0x1a, 0x00, 0x04], "MQTT"],
  ])("refuses %s, also when its bytes come one by one", (_, bytes, words) => {
    const whole = new FrameReader(1024);
    expect(whole.push(Uint8Array.from(bytes), keep)).toContain(words);
    const split = new FrameReader(1024);
    let fault: string | null = null;
    for (const byte of bytes) fault = split.push(Uint8Array.of(byte), keep);
    expect(fault).toContain(words);
  });
});
