import { describe, expect, test } from "bun:test";
import { PartitionEnd, QUIET_RECORDS } from "../../../src/cli/replay/partition-end.ts";

const TO_MS = 1_000_000;
const MARGIN_MS = 1_000;
const LATER_MS = TO_MS + MARGIN_MS;

function quiet(end: PartitionEnd, log: string, records: number): void {
  for (let count = 0; count < records; count += 1) end.take(LATER_MS, log, false);
}

describe("the end of a time span in a partition", () => {
  test("is behind a run of later records, not behind one of a wrong clock", () => {
    const end = new PartitionEnd(TO_MS, MARGIN_MS, true);
    end.take(LATER_MS + 10 ** 9, "a", true);
    end.take(TO_MS - 1, "b", false);
    quiet(end, "b", QUIET_RECORDS - 1);
    expect(end.reached).toBe(false);
    quiet(end, "b", 1);
    expect(end.reached).toBe(true);
  });

  test("records within the margin are no sign of the end", () => {
    const end = new PartitionEnd(TO_MS, MARGIN_MS, true);
    for (let count = 0; count < QUIET_RECORDS * 2; count += 1) end.take(LATER_MS - 1, "a", false);
    expect(end.reached).toBe(false);
  });

  test("waits for a gateway that was behind, until it brings a later record", () => {
    const end = new PartitionEnd(TO_MS, MARGIN_MS, true);
    end.take(TO_MS - 5, "offline", true);
    quiet(end, "others", QUIET_RECORDS);
    expect(end.reached).toBe(false);
    expect([...end.behind]).toEqual(["offline"]);
    end.take(TO_MS - 4, "offline", true);
    end.take(TO_MS, "offline", false);
    quiet(end, "others", QUIET_RECORDS);
    expect(end.reached).toBe(true);
    // One of its devices with a clock that is slow does not begin it anew.
    end.take(TO_MS - 3, "offline", true);
    quiet(end, "others", QUIET_RECORDS);
    expect(end.reached).toBe(true);
  });

  test("does not wait where it is told not to, nor for those nobody asked for", () => {
    const strict = new PartitionEnd(TO_MS, MARGIN_MS, false);
    strict.take(TO_MS - 5, "offline", true);
    quiet(strict, "others", QUIET_RECORDS);
    expect(strict.reached).toBe(true);
    expect([...strict.behind]).toEqual(["offline"]);
    const patient = new PartitionEnd(TO_MS, MARGIN_MS, true);
    patient.take(TO_MS - 5, "offline", false);
    quiet(patient, "others", QUIET_RECORDS);
    expect(patient.reached).toBe(true);
  });

  test("goes on waiting for whom an earlier reading waited", () => {
    const end = new PartitionEnd(TO_MS, MARGIN_MS, true, ["offline"]);
    quiet(end, "others", QUIET_RECORDS);
    expect(end.reached).toBe(false);
  });

  test("without an end, or with a margin for ever, is the end of the log", () => {
    for (const end of [
      new PartitionEnd(Number.POSITIVE_INFINITY, MARGIN_MS, true),
      new PartitionEnd(TO_MS, Number.POSITIVE_INFINITY, true),
    ]) {
      quiet(end, "a", QUIET_RECORDS * 2);
      expect(end.reached).toBe(false);
    }
  });
});
