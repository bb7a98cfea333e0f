import { expect, test } from "bun:test";
import { RepeatedWords } from "../../src/upstream/repeated-words.ts";

const MINUTE_MS = 60_000;

test("the same words are told at once, and then at times that grow, with how often they came", () => {
  const words = new RepeatedWords();
  const told: (readonly [minute: number, before: number])[] = [];
  for (let ms = 0; ms <= 3 * 60 * MINUTE_MS; ms += 10_000) {
    const before = words.say("nobody listens there", ms);
    if (before !== null) told.push([ms / MINUTE_MS, before]);
  }
  expect(told).toEqual([
    [0, 0],
    [1, 6],
    [3, 12],
    [7, 24],
    [15, 48],
    [31, 96],
    [63, 192],
    [127, 384],
  ]);
});

test("other words are told meanwhile, and all of them anew once it is over", () => {
  const words = new RepeatedWords();
  expect(words.say("a", 0)).toBe(0);
  expect(words.say("b", 1)).toBe(0);
  expect(words.say("a", 2)).toBeNull();
  words.forget();
  expect(words.say("a", 3)).toBe(0);
});

test("however many words come, no more are remembered than a bound", () => {
  const words = new RepeatedWords();
  for (let index = 0; index < 1_000; index += 1) expect(words.say(`word ${index}`, index)).toBe(0);
  expect(words.say("word 0", 1_000)).toBe(0);
  expect(words.say("word 999", 1_001)).toBeNull();
});
