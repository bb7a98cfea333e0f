import { describe, expect, test } from "bun:test";
import { type FetchedPartition, walkRecords } from "../../../src/kafka/client/fetch.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";

interface Written {
  readonly offset: number;
  readonly producer?: number;
  readonly values?: readonly string[];
  /** A transaction marker: 0 aborts, 1 commits. */
  readonly marker?: 0 | 1;
}

function log(...batches: readonly Written[]): Uint8Array {
  return Buffer.concat(
    batches.map(({ offset, producer, values, marker }) => {
      const builder = new BatchBuilder();
      if (marker !== undefined) builder.append(0, Uint8Array.of(0, 0, 0, marker), new Uint8Array(6), null);
      for (const value of values ?? []) builder.append(0, null, new TextEncoder().encode(value), null);
      return builder.build({
        baseOffset: offset,
        ...(producer === undefined ? {} : { producerId: producer, producerEpoch: 0, baseSequence: 0 }),
        transactional: producer !== undefined,
        control: marker !== undefined,
      });
    }),
  );
}

function fetched(batches: Uint8Array, given: Partial<FetchedPartition> = {}): FetchedPartition {
  const ends = { logStartOffset: 0, highWatermark: 100, lastStableOffset: 100 };
  return { topic: "t", partition: 0, offset: 0, error: 0, ...ends, batches, aborted: [], ...given };
}

function walk(from: FetchedPartition, isolation: "read_committed" | "read_uncommitted" = "read_committed") {
  const seen: string[] = [];
  const next = walkRecords(from, isolation, (record) => {
    seen.push(`${record.offset} ${new TextDecoder().decode(record.value() ?? undefined)}`);
    return undefined;
  });
  return { seen, next };
}

describe("walking fetched records", () => {
  const mixed = log(
    { offset: 0, producer: 1, values: ["a", "b"] },
    { offset: 2, producer: 2, values: ["c"] },
    { offset: 3, values: ["plain"] },
    { offset: 4, producer: 1, marker: 0 },
    { offset: 5, producer: 1, values: ["d"] },
    { offset: 6, producer: 2, marker: 1 },
    { offset: 7, producer: 1, marker: 1 },
  );
  const aborted = [{ producerId: 1, firstOffset: 0 }];

  test("read_committed hides what was aborted, up to the marker and no further", () => {
    expect(walk(fetched(mixed, { aborted }))).toEqual({ seen: ["2 c", "3 plain", "5 d"], next: 8 });
  });

  test("read_uncommitted shows everything but markers", () => {
    expect(walk(fetched(mixed), "read_uncommitted")).toEqual({
      seen: ["0 a", "1 b", "2 c", "3 plain", "5 d"],
      next: 8,
    });
  });

  test("a transaction that began before the fetch is hidden, too", () => {
    const rest = log({ offset: 4, producer: 1, values: ["x"] }, { offset: 5, producer: 1, marker: 0 });
    expect(walk(fetched(rest, { offset: 4, aborted }))).toEqual({ seen: [], next: 6 });
  });

  test("two aborted transactions of one producer, one committed between them", () => {
    const batches = log(
      { offset: 0, producer: 1, values: ["a"] },
      { offset: 1, producer: 1, marker: 0 },
      { offset: 2, producer: 1, values: ["b"] },
      { offset: 3, producer: 1, marker: 1 },
      { offset: 4, producer: 1, values: ["c"] },
      { offset: 5, producer: 1, marker: 0 },
    );
    const ranges = [
      { producerId: 1, firstOffset: 4 },
      { producerId: 1, firstOffset: 0 },
    ];
    expect(walk(fetched(batches, { aborted: ranges }))).toEqual({ seen: ["2 b"], next: 6 });
  });

  test("starts within a batch, and stops before one that is cut off", () => {
    const whole = log({ offset: 10, values: ["a", "b", "c"] }, { offset: 13, values: ["d"] });
    for (let cut = 1; cut < 60; cut += 1) {
      const batches = whole.subarray(0, whole.length - cut);
      expect(walk(fetched(batches, { offset: 11 }))).toEqual({ seen: ["11 b", "12 c"], next: 13 });
    }
  });

  test("stops where it is told to", () => {
    const batches = log({ offset: 0, values: ["a", "b", "c"] });
    expect(walkRecords(fetched(batches), "read_committed", ({ offset }) => offset < 1)).toBe(2);
  });

  test("a flipped bit is refused", () => {
    const batches = log({ offset: 0, values: ["abc"] });
    batches[batches.length - 2] = (batches[batches.length - 2] as number) ^ 1;
    expect(() => walk(fetched(batches))).toThrow(expect.objectContaining({ code: "MALFORMED" }));
  });
});
