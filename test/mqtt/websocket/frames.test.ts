import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { FrameHeaders, FrameReader, type FramesEnd } from "../../../src/mqtt/websocket/frames.ts";
import { type FrameMore, frame } from "../support/web-frames.ts";

interface Outcome {
  readonly data: Uint8Array;
  readonly pongs: readonly string[];
  readonly end: FramesEnd | null;
}

/** Reads a stream that arrives in these chunks. */
function read(chunks: readonly Uint8Array[]): Outcome {
  const reader = new FrameReader();
  const data: Uint8Array[] = [];
  const pongs: string[] = [];
  for (const chunk of chunks) {
    // Something before the frames, as the end of a handshake would be.
    const received = Buffer.concat([new Uint8Array([1, 2, 3]), chunk]);
    const count = reader.read(received, 3, (payload) => pongs.push(Buffer.from(payload).toString()));
    data.push(received.slice(0, count));
  }
  return { data: Buffer.concat(data), pongs, end: reader.end };
}

function bytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (index * 7) & 0xff);
}

describe("a stream of frames", () => {
  const parts = [bytes(5), bytes(126), bytes(0), bytes(3)];
  const stream = Buffer.concat([
    frame(2, parts[0] ?? bytes(0)),
    frame(9, "are you there"),
    frame(2, parts[1] ?? bytes(0), { continues: true }),
    frame(9, ""),
    frame(10, "unasked"),
    frame(0, parts[2] ?? bytes(0), { continues: true }),
    frame(0, parts[3] ?? bytes(0)),
    frame(2, bytes(0)),
    frame(8, Buffer.from([0x03, 0xe8])),
  ]);
  const wanted = {
    data: Buffer.concat(parts),
    pongs: ["are you there", ""],
    end: { closeCode: 1000, fault: null },
  };

  test("gives the same data wherever it is cut in two", () => {
    for (let at = 0; at <= stream.length; at++) {
      expect(read([stream.subarray(0, at), stream.subarray(at)])).toEqual(wanted);
    }
  });

  test("gives the same data byte by byte", () => {
    expect(read(Array.from(stream, (byte) => new Uint8Array([byte])))).toEqual(wanted);
  });

  test("that is cut off has no end, and all data that came", () => {
    const first = frame(2, bytes(5)).length;
    for (let at = 0; at < stream.length; at++) {
      const { data, end } = read([stream.subarray(0, at)]);
      expect(end).toBeNull();
      expect(Buffer.concat([data]).equals(wanted.data.subarray(0, data.length))).toBe(true);
      if (at === first) expect(data).toHaveLength(5);
    }
  });

  test("of any lengths, in any chunks", () => {
    const random = new SeededRandom(7);
    for (const size of [1, 125, 126, 127, 1_000, 65_535, 65_536, 200_000]) {
      const payload = bytes(size);
      const sent = Buffer.concat([frame(2, payload), frame(2, payload)]);
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < sent.length; ) {
        const count = 1 + random.below(20_000);
        chunks.push(sent.subarray(at, at + count));
        at += count;
      }
      const { data, end } = read(chunks);
      expect(Buffer.concat([data]).equals(Buffer.concat([payload, payload]))).toBe(true);
      expect(end).toBeNull();
    }
  });

  test("nothing is read after its end", () => {
    const { data, pongs } = read([stream, frame(2, bytes(9)), frame(9, "again")]);
    expect(data).toEqual(wanted.data);
    expect(pongs).toEqual(wanted.pongs);
  });
});

describe("what ends the stream", () => {
  const cases: readonly (readonly [string, readonly Uint8Array[], number | null, string | null])[] = [
    ["a close without a code", [frame(8, "")], null, null],
    ["a close with a code of its own", [frame(8, Buffer.from([0x0f, 0xa0]))], 4000, null],
    ["a text frame", [frame(1, "x")], 1003, "a WebSocket text frame"],
    ["reserved bits", [frame(2, "x", { reserved: 0x40 })], 1002, "a WebSocket frame with reserved bits"],
    ["no mask", [frame(2, "x", { bare: true })], 1002, "a WebSocket frame without a mask"],
    ["an unknown opcode", [frame(3, "x")], 1002, "a WebSocket frame of an unknown kind"],
    ["an unknown control", [frame(11, "x")], 1002, "a WebSocket frame of an unknown kind"],
    ["a continuation of nothing", [frame(0, "x")], 1002, "a continuation of no WebSocket message"],
    [
      "a continuation after the last one",
      [frame(2, "x", { continues: true }), frame(0, "x"), frame(0, "x")],
      1002,
      "a continuation of no WebSocket message",
    ],
    [
      "a message within another",
      [frame(2, "x", { continues: true }), frame(2, "x")],
      1002,
      "a WebSocket message within another",
    ],
    ["half a ping", [frame(9, "x", { continues: true })], 1002, "a WebSocket control frame in fragments"],
    ["a long ping", [frame(9, bytes(126))], 1002, "a WebSocket control frame that is too long"],
    ["a close of one byte", [frame(8, "x")], 1002, "a WebSocket close with half a code"],
    ["HTTP", [Buffer.from("GET / HTTP/1.1\r\n")], 1002, "a WebSocket frame with reserved bits"],
  ];
  for (const [name, frames, closeCode, fault] of cases) {
    test(name, () => {
      expect(read([Buffer.concat(frames)]).end).toEqual({ closeCode, fault });
    });
  }

  test("codes that nobody may send", () => {
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65_535]) {
      const { end } = read([frame(8, Buffer.from([code >> 8, code & 0xff]))]);
      expect(end).toEqual({ closeCode: 1002, fault: "a WebSocket close with a code that may not be sent" });
    }
  });

  test("lengths that are padded, or beyond counting, as soon as they are announced", () => {
    const mask = [0, 0, 0, 0];
    const padded = { closeCode: 1002, fault: "a WebSocket frame with a padded length" };
    expect(read([new Uint8Array([0x82, 0xfe, 0, 125, ...mask])]).end).toEqual(padded);
    expect(read([new Uint8Array([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...mask])]).end).toEqual(padded);
    const { end } = read([new Uint8Array([0x82, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 0, ...mask])]);
    expect(end?.closeCode).toBe(1009);
    const large = read([new Uint8Array([0x82, 0xff, 0, 0x1f, 0, 0, 0, 0, 0, 0, ...mask, 9])]);
    expect(large).toEqual({ data: Buffer.from([9]), pongs: [], end: null });
  });

  test("random bytes end it or not, and never throw", () => {
    const random = new SeededRandom(11);
    let ended = 0;
    for (let round = 0; round < 2_000; round++) {
      const { end } = read([random.bytes(1 + random.below(60)), random.bytes(20)]);
      if (end !== null) ended++;
    }
    expect(ended).toBeGreaterThan(1_500);
  });
});

test("headers of a server are those of a client but for the mask", () => {
  const headers = new FrameHeaders();
  const bare: FrameMore = { bare: true };
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
    const whole = frame(2, bytes(size), bare);
    expect(Buffer.from(headers.of(2, size)).toHex()).toBe(whole.subarray(0, whole.length - size).toHex());
  }
});
