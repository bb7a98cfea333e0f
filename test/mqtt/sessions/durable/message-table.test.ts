import { describe, expect, test } from "bun:test";
import { MessageTable } from "../../../../src/mqtt/sessions/durable/message-table.ts";

describe("the table of messages", () => {
  test("holds what was put in, over chunks", () => {
    const table = new MessageTable();
    for (let n = 0; n < 10_000; n++) {
      expect(table.add(n * 3, 100 + n, 2)).toBe(n);
      expect(table.offset(n)).toBe(-1);
      table.setOffset(n, 2 ** 40 + n);
    }
    expect(table.count).toBe(10_000);
    expect(table.sizeBytes).toBe(10_000 * 100 + (9_999 * 10_000) / 2);
    expect([table.number(9_999), table.offset(9_999), table.sizeOf(9_999)]).toEqual([
      29_997,
      2 ** 40 + 9_999,
      10_099,
    ]);
  });

  test("finds numbers while they were only added", () => {
    const table = new MessageTable();
    for (let n = 0; n < 5_000; n++) table.add(n * 3, 1, 0);
    for (const n of [0, 1, 2_500, 4_999]) expect(table.find(n * 3)).toBe(n);
    expect(table.find(1)).toBe(-1);
    expect(table.find(15_000)).toBe(-1);
  });

  test("frees a slot when nobody needs it, and uses it again", () => {
    const table = new MessageTable();
    const slot = table.add(1, 10, 1);
    table.need(slot);
    expect(table.release(slot)).toBe(false);
    expect(table.release(slot)).toBe(true);
    expect(() => table.release(slot)).toThrow();
    table.free(slot);
    expect([table.count, table.sizeBytes]).toEqual([0, 0]);
    table.add(2, 5, 1);
    expect(table.slots).toBe(1);
    expect(table.number(slot)).toBe(2);
  });

  test("uses freed slots again, the last freed first, whatever their messages were", () => {
    const table = new MessageTable();
    for (let n = 0; n < 6_000; n++) table.add(n, 1, 1, 1_000 * (n + 1));
    const freed = [4_100, 3, 5_999, 0];
    for (const slot of freed) {
      table.release(slot);
      table.free(slot);
    }
    expect(freed.map((slot) => table.isFree(slot))).toEqual([true, true, true, true]);
    const far = 2 ** 45;
    expect([0, 1, 2, 3].map((n) => table.add(far + n, 1, 1))).toEqual(freed.toReversed());
    expect(table.add(far + 4, 1, 1)).toBe(6_000);
    expect([table.number(3), table.number(4), table.offset(3), table.expiresAtMs(4)]).toEqual([
      far + 2,
      4,
      -1,
      5_000,
    ]);
  });
});
