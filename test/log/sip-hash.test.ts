import { expect, test } from "bun:test";
import { SipHash } from "../../src/log/sip-hash.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

function hex(hash: SipHash): string {
  const view = new DataView(new ArrayBuffer(16));
  for (const [i, word] of [hash.a, hash.b, hash.c, hash.d].entries()) view.setInt32(i * 4, word, true);
  return Buffer.from(view.buffer).toString("hex");
}

// From the vectors of the reference implementation, SipHash-2-4 with 128 bits: key 00..0f, input 00, 01, 02 ...
test.each([
  [0, "a3817f04ba25a8e66df67214c7550293"],
  [1, "da87c1d86b99af44347659119b22fc45"],
  [2, "8177228da4a45dc7fca38bdef60affe4"],
])("%i bytes give what the reference gives", (length, expected) => {
  const hash = new SipHash(KEY, 2, 4);
  hash.sum(
    Uint8Array.from({ length }, (_, i) => i),
    0,
    length,
  );
  expect(hex(hash)).toBe(expected);
});

test("every byte counts, and so does the key", () => {
  const input = Uint8Array.from({ length: 41 }, (_, i) => i * 7);
  const seen = new Set<string>();
  const sum = (key: Uint8Array, bytes: Uint8Array, end = bytes.length) => {
    const hash = new SipHash(key);
    hash.sum(bytes, 0, end);
    seen.add(hex(hash));
  };
  for (let end = 0; end <= input.length; end++) sum(KEY, input, end);
  for (let i = 0; i < input.length; i++) sum(KEY, input.with(i, 255));
  for (let i = 0; i < KEY.length; i++) sum(KEY.with(i, 255), input);
  expect(seen.size).toBe(42 + 41 + 16);
});
