import { expect, test } from "bun:test";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { NamePattern, NameSet } from "../../src/security/name-pattern.ts";

test("a star is any run of characters, and what a regular expression says", () => {
  const random = new SeededRandom(7);
  const word = (letters: string, length: number) =>
    Array.from({ length: random.below(length) }, () => letters[random.below(letters.length)] ?? "").join("");
  let matched = 0;
  for (let round = 0; round < 20_000; round++) {
    const pattern = word("ab*.", 7);
    const name = word("ab.", 8);
    const expected = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(name);
    if (new NamePattern(pattern).matches(name) !== expected) throw new Error(`${pattern} and ${name}`);
    if (expected) matched++;
  }
  expect(matched).toBeGreaterThan(500);
});

test("a pattern of many stars takes no longer than its name is long", () => {
  expect(new NamePattern("*a".repeat(2_000)).matches("a".repeat(100_000))).toBe(true);
  expect(new NamePattern(`${"*a".repeat(2_000)}b`).matches("a".repeat(100_000))).toBe(false);
});

test("a set of names and patterns", () => {
  const names = new NameSet(["anna", "pump-*"]);
  expect(["anna", "pump-1", "pump-", "ann", "annab", "xpump-1"].map((name) => names.has(name))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
