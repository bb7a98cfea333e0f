import { expect, test } from "bun:test";
import { PieceChain, TurnBuffer } from "../../../src/io/bun/turn-buffer.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";

test("chains that are filled by turns each keep their own bytes", () => {
  const random = new SeededRandom(3);
  const buffer = new TurnBuffer(10_000);
  for (let turn = 0; turn < 50; turn++) {
    const chains = Array.from({ length: 4 }, () => ({ chain: new PieceChain(), sent: [] as Uint8Array[] }));
    for (;;) {
      const { chain, sent } = random.pick(chains);
      const bytes = random.bytes(1 + random.below(300));
      if (!buffer.add(chain, bytes)) break;
      sent.push(bytes);
    }
    for (const { chain, sent } of chains) {
      expect(Buffer.compare(buffer.gather(chain), Buffer.concat(sent))).toBe(0);
      expect(chain.sizeBytes).toBe(Buffer.concat(sent).length);
      chain.clear();
      expect(buffer.gather(chain).length).toBe(0);
    }
    buffer.clear();
  }
});

test("an add that finds no room, of bytes or of pieces, changes nothing", () => {
  const buffer = new TurnBuffer(100_000);
  const [left, right] = [new PieceChain(), new PieceChain()];
  let count = 0;
  while (buffer.add(count % 2 === 0 ? left : right, Uint8Array.of(count & 0xff))) count++;
  expect(count).toBe(8192);
  expect([left.sizeBytes, right.sizeBytes]).toEqual([4096, 4096]);
  expect(buffer.gather(right).length).toBe(4096);
  expect(buffer.add(left, new Uint8Array(100_000))).toBe(false);
  expect(left.sizeBytes).toBe(4096);
  buffer.clear();
  left.clear();
  expect(buffer.add(left, new Uint8Array(100_000))).toBe(true);
});
