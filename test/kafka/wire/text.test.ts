import { describe, expect, test } from "bun:test";
import { decodeUtf8 } from "../../../src/kafka/wire/text.ts";
import { randomFrom } from "./seeded.ts";

const decoder = new TextDecoder();

/** Decodes as a part of something longer, since the ends are what may be got wrong. */
function decode(text: Uint8Array): string {
  const bytes = new Uint8Array(text.length + 6).fill(0x2a);
  bytes.set(text, 3);
  return decodeUtf8(bytes, 3, 3 + text.length);
}

describe("decodeUtf8", () => {
  test("tells apart names that are alike in length and in all but one byte, in any order", () => {
    for (const length of [4, 5, 6, 20, 63, 64, 65]) {
      const names = Array.from({ length }, (_, changed) =>
        Uint8Array.from({ length }, (_, index) => (index === changed ? 0x62 : 0x61)),
      );
      for (let round = 0; round < 3; round++) {
        for (const name of names) expect(decode(name)).toBe(decoder.decode(name));
        for (const name of names.toReversed()) {
          expect(decode(name)).toBe(decoder.decode(name));
          expect(decode(name)).toBe(decoder.decode(name));
        }
      }
    }
  });

  test("decodes any bytes as the runtime does, the first time and the next", () => {
    const random = randomFrom(5);
    for (let round = 0; round < 3000; round++) {
      const bytes = Uint8Array.from({ length: random() % 70 }, () => random() & 255);
      expect(decode(bytes)).toBe(Buffer.from(bytes).toString());
      expect(decode(bytes)).toBe(Buffer.from(bytes).toString());
    }
  });

  test("keeps what it returned when its input changes", () => {
    const bytes = new TextEncoder().encode("sensors-7");
    const first = decodeUtf8(bytes, 0, bytes.length);
    bytes[4] = 0x58;
    expect([first, decodeUtf8(bytes, 0, bytes.length)]).toEqual(["sensors-7", "sensXrs-7"]);
  });
});
