import { describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { hasCode } from "../../src/base/errors.ts";
import {
  COMPRESSION_GZIP,
  COMPRESSION_LZ4,
  COMPRESSION_SNAPPY,
  COMPRESSION_ZSTD,
} from "../../src/records/batch.ts";
import {
  COMPRESSION_NAMES,
  type CompressionName,
  compress,
  compressionByName,
  decompress,
} from "../../src/records/compression/codecs.ts";
import { xxhash32 } from "../../src/records/compression/xxhash32.ts";
import { readJsonLines, Seeded } from "./support.ts";

const CODES = [COMPRESSION_GZIP, COMPRESSION_SNAPPY, COMPRESSION_LZ4, COMPRESSION_ZSTD] as const;
const LIMIT = 16 * 1024 * 1024;

/** What the fixtures hold, written by other implementations: lines of readings, cut at the length. */
function readings(sizeBytes: number): Uint8Array<ArrayBuffer> {
  let text = "";
  for (let i = 0; text.length < sizeBytes; i++) text += `{"device":"device-${i % 20}","n":${i}}\n`;
  return new TextEncoder().encode(text.slice(0, sizeBytes));
}

/** Bytes of several kinds in one: runs, noise and repetitions near and far. */
function mixed(random: Seeded, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  for (let at = 0; at < sizeBytes; ) {
    const length = Math.min(1 + random.below(300), sizeBytes - at);
    const kind = random.below(4);
    if (kind === 0) bytes.fill(random.below(256), at, at + length);
    else if (kind === 1) bytes.set(random.bytes(length), at);
    else {
      const distance = 1 + random.below(Math.max(1, kind === 2 ? Math.min(at, 64) : at));
      for (let i = 0; i < length; i++) bytes[at + i] = bytes[at + i - distance] ?? 0;
    }
    at += length;
  }
  return bytes;
}

function expectSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) !== 0) throw new Error(`${what} came back different`);
}

/** The decompressed bytes, or null where they were refused; any other failure fails the test. */
function decompressOrRefuse(code: number, bytes: Uint8Array, limit: number): Uint8Array | null {
  try {
    return decompress(code, bytes, limit);
  } catch (error) {
    if (!hasCode(error, "MALFORMED")) throw error;
    return null;
  }
}

interface Compressed {
  readonly codec: CompressionName;
  readonly origin: string;
  readonly sizeBytes: number;
  readonly times: number;
  readonly base64: string;
}

describe("what other implementations wrote", () => {
  for (const line of readJsonLines<Compressed>("compressed.jsonl")) {
    test(`${line.origin} is read`, () => {
      const content = readings(line.sizeBytes);
      const expected = new Uint8Array(Buffer.concat(Array(line.times).fill(content)));
      const bytes = Uint8Array.fromBase64(line.base64);
      expectSame(
        decompress(COMPRESSION_NAMES.indexOf(line.codec), bytes, expected.length),
        expected,
        line.origin,
      );
    });

    test(`${line.origin} is refused at every truncation but a whole frame`, () => {
      const bytes = Uint8Array.fromBase64(line.base64);
      const code = COMPRESSION_NAMES.indexOf(line.codec);
      const whole = line.sizeBytes * line.times;
      const step = Math.max(1, Math.floor(bytes.length / 500));
      let accepted = 0;
      for (let length = 0; length < bytes.length; length += length < 64 ? 1 : step) {
        const output = decompressOrRefuse(code, bytes.subarray(0, length), LIMIT);
        if (output === null) continue;
        expect(output.length).toBeLessThan(Math.max(whole, 1));
        accepted++;
      }
      // Of two frames the first alone is a whole; so is a chunked stream after a chunk, or a skipped frame.
      expect(accepted).toBeLessThanOrEqual(line.origin.includes("framed") ? 3 : 1);
    });

    test(`${line.origin} is refused beyond the bound`, () => {
      const total = line.sizeBytes * line.times;
      if (total === 0) return;
      const bytes = Uint8Array.fromBase64(line.base64);
      const code = COMPRESSION_NAMES.indexOf(line.codec);
      expect(decompressOrRefuse(code, bytes, total - 1)).toBeNull();
    });
  }
});

describe.each(CODES.map((code) => [COMPRESSION_NAMES[code] ?? "", code] as const))("%s", (name, code) => {
  test("round trip of all lengths to 300 and of many up to 200,000", () => {
    const random = new Seeded(code);
    const lengths = Array.from({ length: 301 }, (_, i) => i);
    for (const edge of [4_096, 32_768, 65_536, 98_304, 131_072, 200_000])
      lengths.push(edge - 1, edge, edge + 1);
    for (let i = 0; i < 20; i++) lengths.push(random.below(200_000));
    for (const length of lengths) {
      for (const bytes of [mixed(random, length), readings(length), new Uint8Array(length)]) {
        expectSame(decompress(code, compress(code, bytes), length), bytes, `${name} of ${length}`);
      }
    }
  });

  test("bytes that don't compress grow little", () => {
    for (const length of [0, 1, 100, 10_000, 65_536, 200_000]) {
      const bytes = new Seeded(length + 1).bytes(length);
      const compressed = compress(code, bytes);
      expect(compressed.length).toBeLessThan(length + 64 + length / 500);
      expectSame(decompress(code, compressed, length), bytes, `${name} of ${length}`);
    }
  });

  test("readings shrink", () => {
    expect(compress(code, readings(65_536)).length).toBeLessThan(65_536 / 3);
  });

  test("the input may be a view anywhere in its buffer", () => {
    const bytes = readings(5_000);
    const around = new Uint8Array(6_000).fill(0xee);
    around.set(bytes, 333);
    const compressed = compress(code, around.subarray(333, 5_333));
    const compressedAround = new Uint8Array(compressed.length + 100).fill(0xee);
    compressedAround.set(compressed, 37);
    const view = compressedAround.subarray(37, 37 + compressed.length);
    expectSame(decompress(code, view, 5_000), bytes, name);
  });

  test("a later call leaves an earlier result alone", () => {
    const first = compress(code, readings(3_000));
    const second = compress(code, new Uint8Array(3_000));
    const firstAgain = decompress(code, first, 3_000);
    decompress(code, second, 3_000);
    expectSame(firstAgain, readings(3_000), name);
  });

  test("a bomb is refused, quickly and without the memory", () => {
    const bomb = compress(code, new Uint8Array(32 * 1024 * 1024));
    const before = process.memoryUsage.rss();
    expect(decompressOrRefuse(code, bomb, 1024 * 1024)).toBeNull();
    expect(process.memoryUsage.rss() - before).toBeLessThan(24 * 1024 * 1024);
  });

  test("noise and mutations are refused or read within the bound", () => {
    const random = new Seeded(77 + code);
    const original = compress(code, mixed(random, 3_000));
    let refused = 0;
    for (let round = 0; round < 3_000; round++) {
      const bytes = round % 10 === 0 ? random.bytes(random.below(300)) : original.slice();
      for (let changes = 1 + random.below(4); changes > 0 && bytes.length > 0; changes--) {
        bytes[random.below(bytes.length)] = random.below(256);
      }
      const output = decompressOrRefuse(code, bytes, 10_000);
      if (output === null) refused++;
      else expect(output.length).toBeLessThanOrEqual(10_000);
    }
    expect(refused).toBeGreaterThan(300);
  });
});

describe("what is claimed and not there", () => {
  test("a snappy block that claims 2 GiB allocates nothing", () => {
    const lie = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07, 0x00, 0x41);
    expect(() => decompress(COMPRESSION_SNAPPY, lie, 2 ** 31)).toThrow("claims more than it can hold");
  });

  test("a zstd frame that claims 2 GiB allocates nothing", () => {
    const frame = compress(COMPRESSION_ZSTD, new Uint8Array(100_000));
    // Single segment with a content size of four bytes, then the size.
    expect(frame[4]).toBe(0xa0);
    new DataView(frame.buffer, frame.byteOffset).setUint32(5, 0x7fffffff, true);
    expect(() => decompress(COMPRESSION_ZSTD, frame, 2 ** 31)).toThrow(
      "claims more than its blocks can hold",
    );
  });

  test("an lz4 frame that states another content size is refused", () => {
    const line = readJsonLines<Compressed>("compressed.jsonl").find((each) =>
      each.origin.includes("content size and"),
    );
    const frame = Uint8Array.fromBase64(line?.base64 ?? "");
    new DataView(frame.buffer).setUint32(6, 69_999, true);
    frame[14] = xxhash32(frame, 4, 14) >>> 8;
    expect(() => decompress(COMPRESSION_LZ4, frame, LIMIT)).toThrow("frame states 69999 bytes and has 70000");
  });
});

describe("lz4 as Kafka reads it", () => {
  test("the header is that of Kafka's Java client, and blocks are 64 KiB at most", () => {
    const frame = compress(COMPRESSION_LZ4, mixed(new Seeded(5), 200_000));
    expect(frame.subarray(0, 7).toHex()).toBe("04224d18604082");
    const view = new DataView(frame.buffer, frame.byteOffset);
    let position = 7;
    let blocks = 0;
    for (let size = view.getUint32(position, true); size !== 0; size = view.getUint32(position, true)) {
      expect(size & 0x7fffffff).toBeLessThanOrEqual(65_536);
      position += 4 + (size & 0x7fffffff);
      blocks++;
    }
    expect(blocks).toBe(4);
    expect(position + 4).toBe(frame.length);
  });

  test("a wrong header, block or content checksum is refused", () => {
    const line = readJsonLines<Compressed>("compressed.jsonl").find((each) =>
      each.origin.includes("block checksums"),
    );
    const frame = Uint8Array.fromBase64(line?.base64 ?? "");
    const damage: readonly [number, string][] = [
      [14, "header checksum is wrong"],
      [1_000, "block checksum is wrong"],
      [frame.length - 1, "content checksum is wrong"],
    ];
    for (const [position, message] of damage) {
      const damaged = frame.slice();
      damaged[position] = (damaged[position] ?? 0) ^ 1;
      expect(() => decompress(COMPRESSION_LZ4, damaged, LIMIT)).toThrow(message);
    }
  });
});

test("snappy is framed as Kafka's Java client does", () => {
  const bytes = compress(COMPRESSION_SNAPPY, readings(70_000));
  expect(bytes.subarray(0, 16).toHex()).toBe("82534e41505059000000000100000001");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let chunks = 0;
  for (let position = 16; position < bytes.length; position += 4 + view.getInt32(position)) chunks++;
  expect(chunks).toBe(3);
});

test("gzip is what the engine's own decoder reads", () => {
  for (const level of [1, 6, 9]) {
    expectSame(gunzipSync(compress(COMPRESSION_GZIP, readings(5_000), level)), readings(5_000), "gzip");
  }
});

test("XXH32 gives the published check values", () => {
  const sum = (text: string) => {
    const bytes = new TextEncoder().encode(text);
    return xxhash32(bytes, 0, bytes.length);
  };
  expect(sum("")).toBe(0x02cc5d05);
  expect(sum("a")).toBe(0x550d7456);
  expect(sum("abc")).toBe(0x32d153ff);
  expect(sum("Nobody inspects the spammish repetition")).toBe(0xe2293b2f);
});

test("names and codes belong together", () => {
  for (const [code, name] of COMPRESSION_NAMES.entries()) expect(compressionByName(name)).toBe(code);
  expect(compressionByName("brotli")).toBeNull();
  const bytes = readings(10);
  expect(decompress(0, bytes, 0)).toBe(bytes);
  expect(() => decompress(5, bytes, 100)).toThrow("compression code 5 is unassigned");
  expect(() => compress(5, bytes)).toThrow("compression code 5 is unassigned");
});
