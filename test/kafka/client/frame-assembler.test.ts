import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { ANSWERS_HTTP, FrameAssembler } from "../../../src/kafka/client/frame-assembler.ts";

const BODIES = [4, 5, 70, 1000, 70_000, 200_000].map((length, index) =>
  Uint8Array.from({ length }, (_, at) => (at + index) & 255),
);

function stream(): Uint8Array {
  return Buffer.concat(
    BODIES.flatMap((body) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(body.length);
      return [length, body];
    }),
  );
}

describe("the frame assembler", () => {
  test("hands out frames whole and in order, whatever the chunks", () => {
    const random = new SeededRandom(5);
    const bytes = stream();
    for (const largest of [1, 3, 5, 1000, 100_000, bytes.length]) {
      const assembler = new FrameAssembler(1_000_000);
      const frames: Uint8Array[] = [];
      let position = 0;
      while (position < bytes.length) {
        const chunk = bytes.subarray(position, position + 1 + random.below(largest));
        position += chunk.length;
        expect(assembler.push(chunk, (frame) => frames.push(frame.slice()))).toBeNull();
      }
      expect(frames).toEqual(BODIES);
    }
  });

  test("says of a stream of HTTP that it is one", () => {
    const chunk = new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n");
    expect(new FrameAssembler(1_000_000).push(chunk, () => {})).toBe(ANSWERS_HTTP);
  });

  test.each([[3], [0], [-1], [1_000_001], [0x7fffffff]])("refuses a frame of %d bytes", (length) => {
    const prefix = Buffer.alloc(8);
    prefix.writeInt32BE(length);
    const fault = new FrameAssembler(1_000_000).push(prefix, () => {});
    expect(fault).toBe(`a response of ${length} bytes; between 4 and 1000000 are taken`);
  });
});
