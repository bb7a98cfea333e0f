import { describe, expect, test } from "bun:test";
import { Budget } from "../../../src/upstream/link/budget.ts";

class SetClock {
  at: string | null = null;

  nowMs(): number | null {
    return this.at === null ? null : Date.parse(this.at);
  }

  offsetMs(): number {
    return 0;
  }
}

describe("a budget", () => {
  test("begins anew with the day, or with the month", () => {
    const clock = new SetClock();
    const [day, month] = [new Budget("day", 100), new Budget("month", 1000)];
    clock.at = "2026-01-30T12:00:00Z";
    for (const budget of [day, month]) {
      budget.advance(clock);
      budget.count(60);
    }
    clock.at = "2026-01-31T00:00:00Z";
    expect([day.advance(clock), month.advance(clock)]).toEqual([true, false]);
    expect([day.usedBytes, month.usedBytes]).toEqual([0, 60]);
    clock.at = "2026-02-01T00:00:00Z";
    expect([day.advance(clock), month.advance(clock)]).toEqual([true, true]);
    expect([day.leftBytes, month.leftBytes]).toEqual([100, 1000]);
    expect([day.resetsInMs(clock), month.resetsInMs(clock)]).toEqual([86_400_000, 28 * 86_400_000]);
  });

  test("is not given twice by a clock that is set back over midnight", () => {
    const clock = new SetClock();
    const day = new Budget("day", 100);
    clock.at = "2026-01-31T23:59:59Z";
    day.advance(clock);
    day.count(100);
    clock.at = "2026-02-01T00:01:00Z";
    expect(day.advance(clock)).toBe(true);
    day.count(40);
    clock.at = "2026-01-31T23:59:00Z";
    expect(day.advance(clock)).toBe(false);
    expect(day.usedBytes).toBe(40);
    clock.at = "2026-02-01T00:02:00Z";
    expect(day.advance(clock)).toBe(false);
    expect(day.usedBytes).toBe(40);
  });

  test("follows a clock back that was far ahead, and keeps what is used", () => {
    const clock = new SetClock();
    const day = new Budget("day", 100);
    clock.at = "2036-05-01T12:00:00Z";
    day.advance(clock);
    day.count(70);
    clock.at = "2026-05-01T12:00:00Z";
    expect(day.advance(clock)).toBe(false);
    expect(day.usedBytes).toBe(70);
    clock.at = "2026-05-02T00:00:00Z";
    expect(day.advance(clock)).toBe(true);
    expect(day.usedBytes).toBe(0);
  });

  test("counts while the time is not known, and after a start before it is", () => {
    const clock = new SetClock();
    const day = new Budget("day", 100);
    day.restore({ startMs: Date.parse("2026-01-30T00:00:00Z"), usedBytes: 50 });
    day.count(20);
    expect(day.advance(clock)).toBe(false);
    expect(day.resetsInMs(clock)).toBeNull();
    expect(day.leftBytes).toBe(30);
    clock.at = "2026-01-30T10:00:00Z";
    expect(day.advance(clock)).toBe(false);
    expect(day.leftBytes).toBe(30);
    clock.at = "2026-01-31T10:00:00Z";
    expect(day.advance(clock)).toBe(true);
  });

  test("without a limit is never used up", () => {
    const budget = new Budget("month", 0);
    budget.count(1e12);
    expect(budget.leftBytes).toBe(Number.POSITIVE_INFINITY);
  });
});
