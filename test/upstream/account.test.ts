import { expect, test } from "bun:test";
import { decodeAccount, encodeAccount, forwardedOf } from "../../src/upstream/account.ts";

test("an account of what was all forwarded takes no room, others little", () => {
  const nothing = { firstOffset: 0, filtered: 0, gapped: 0, empty: 0 };
  for (const [account, text] of [
    [nothing, ""],
    [{ ...nothing, filtered: 36 }, "0.10"],
    [{ firstOffset: 35, filtered: 1, gapped: 2, empty: 3 }, "z.1.2.3"],
    [{ ...nothing, empty: Number.MAX_SAFE_INTEGER }, "0.0.0.2gosa7pa2gv"],
  ] as const) {
    expect(encodeAccount(account)).toBe(text);
    expect(decodeAccount(text)).toEqual(account);
  }
  expect(forwardedOf({ firstOffset: 10, filtered: 1, gapped: 2, empty: 3 }, 20)).toBe(4);
});

test("what is none is null", () => {
  for (const text of ["-1", "1.2.3.4.5", "A", "1..2", ".", "zzzzzzzzzzz", "1.2.3.", "1 "]) {
    expect([text, decodeAccount(text)]).toEqual([text, null]);
  }
});
