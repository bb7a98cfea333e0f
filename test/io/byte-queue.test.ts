import { expect, test } from "bun:test";
import { ByteQueue } from "../../src/io/byte-queue.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";

test("bytes come out as they went in, whatever the sizes", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new SeededRandom(seed);
    const queue = new ByteQueue();
    let waiting = Buffer.alloc(0);
    for (let step = 0; step < 400; step++) {
      if (random.chance(0.5)) {
        const bytes = random.bytes(random.below(random.chance(0.05) ? 40_000 : 300));
        queue.add(bytes);
        waiting = Buffer.concat([waiting, bytes]);
      } else {
        const shown = queue.peek();
        expect(shown.length > 0).toBe(waiting.length > 0);
        expect(Buffer.compare(shown, waiting.subarray(0, shown.length))).toBe(0);
        const count = random.chance(0.3) ? shown.length : random.below(shown.length + 1);
        queue.take(count);
        waiting = waiting.subarray(count);
      }
      expect(queue.sizeBytes).toBe(waiting.length);
    }
  }
});

test("what was added may be reused by its owner", () => {
  const queue = new ByteQueue();
  const bytes = Uint8Array.of(1, 2, 3);
  queue.add(bytes);
  bytes.fill(9);
  expect(queue.peek()).toEqual(Uint8Array.of(1, 2, 3));
  queue.take(3);
  expect(queue.peek().length).toBe(0);
});
