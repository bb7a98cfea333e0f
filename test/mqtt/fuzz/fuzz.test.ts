import { expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { SubscriptionTrie } from "../../../src/mqtt/sessions/subscription-trie.ts";
import { corpus } from "./corpus.ts";
import { Fuzzer } from "./fuzzer.ts";
import { CHUNKINGS, chunksOf, mutate, withTrueLength } from "./mutations.ts";

const PACKETS = 100_000;
const MAX_GROWTH_MB = 24;
const MAX_SLOW_MS = 2_000;
const TEST_MS = 180_000;

for (const seed of [1, 2, 3]) {
  test(
    `mutated packets harm nobody else and leave nothing behind (seed ${seed})`,
    () => {
      const fuzzer = new Fuzzer(seed);
      fuzzer.run(PACKETS / 5);
      const before = heapMb();
      fuzzer.run(PACKETS);
      const grewMb = heapMb() - before;
      const left = fuzzer.end();
      expect(grewMb).toBeLessThan(MAX_GROWTH_MB);
      expect(left).toMatchObject({ connections: 1, subscriptions: 1, unsettledBytes: 0, stagedBytes: 0 });
      const { taken, refused, connections, slowestMs, bystanderTurns } = fuzzer.figures;
      // Not all are refused at their first byte, and not all pass.
      expect(taken).toBeGreaterThan(PACKETS * 0.7);
      expect(refused).toBeGreaterThan(connections / 2);
      expect(bystanderTurns).toBeGreaterThan(PACKETS / 1_000);
      expect(slowestMs).toBeLessThan(MAX_SLOW_MS);
    },
    TEST_MS,
  );
}

test("a door that forgets to forget a filter is found out", () => {
  const genuine = SubscriptionTrie.prototype.remove;
  SubscriptionTrie.prototype.remove = () => false;
  try {
    const fuzzer = new Fuzzer(4);
    fuzzer.run(2_000);
    expect(fuzzer.end().subscriptions).toBeGreaterThan(1);
  } finally {
    SubscriptionTrie.prototype.remove = genuine;
  }
}, 60_000);

test("the same seed throws the same packets", () => {
  const runs = [7, 7, 8].map((seed) => {
    const fuzzer = new Fuzzer(seed);
    fuzzer.run(3_000);
    return JSON.stringify(fuzzer.end());
  });
  expect(runs[0]).toBe(runs[1] ?? "");
  expect(runs[2]).not.toBe(runs[0] ?? "");
}, 60_000);

test("chunks are the packets' bytes, whichever way they are cut", () => {
  const random = new SeededRandom(1);
  const packets = corpus(5).map((one) => mutate(one, one, random));
  const whole = Buffer.concat(packets).toHex();
  for (const chunking of CHUNKINGS) {
    expect(Buffer.concat(chunksOf(packets, chunking, random)).toHex()).toBe(whole);
  }
});

test("a length that is made true is the length", () => {
  const long = new Uint8Array(300).fill(1);
  long.set([0x30, 0x05]);
  expect(withTrueLength(long).subarray(0, 3).toHex()).toBe("30aa02");
  expect(withTrueLength(Uint8Array.of(0x30, 0x85, 0x01, 9, 9)).toHex()).toBe("30020909");
  expect(corpus(4).map((one) => withTrueLength(one).toHex())).toEqual(corpus(4).map((one) => one.toHex()));
});

function heapMb(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed / 2 ** 20;
}
