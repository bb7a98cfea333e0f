import { describe, expect, test } from "bun:test";
import { setBatchBaseOffset } from "../../src/records/batch.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { RecordCursor } from "../../src/records/reader.ts";
import { MAX_SAMPLED_KEYS, SAMPLING_BLOCK_OFFSETS, Selection } from "../../src/upstream/selection.ts";
import { PLAIN_ROUTE, type UplinkRoute } from "../../src/upstream/settings.ts";

type Given = readonly [offset: number, key: string | null, timestampMs?: number, headers?: Uint8Array];

/** Offsets that are taken. */
function taken(selection: Selection, records: readonly Given[]): readonly number[] {
  const offsets: number[] = [];
  for (const [offset, key, timestampMs = 0, headers = null] of records) {
    const builder = new BatchBuilder();
    builder.append(timestampMs, key === null ? null : Buffer.from(key), null, headers);
    const batch = builder.build();
    setBatchBaseOffset(batch, 0, offset);
    const cursor = new RecordCursor();
    cursor.open(batch);
    if (cursor.next() && selection.takes(cursor)) offsets.push(offset);
  }
  return offsets;
}

const of = (route: Partial<UplinkRoute>) => new Selection({ ...PLAIN_ROUTE, ...route });

test("a route without conditions needs no selection", () => {
  expect(Selection.of(PLAIN_ROUTE)).toBeNull();
  expect(Selection.of({ ...PLAIN_ROUTE, keys: ["*"] })).not.toBeNull();
});

describe("keys", () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ["press-7", ["press-7"], ["press-70", "press", "xpress-7", ""]],
    ["press-*", ["press-", "press-7", "press-*"], ["pres", "xpress-7"]],
    ["*-7", ["-7", "press-7", "-7-7"], ["press-70"]],
    ["*", ["", "anything"], []],
    ["a*b*c", ["abc", "a-b-c", "abbcc"], ["ab", "ac", "bc", "abcd", "acb"]],
    ["a*a", ["aa", "aba"], ["a"]],
    ["**", ["", "x"], []],
    ["m\u00fc*", ["m\u00fcnchen"], ["munchen"]],
    ["", [""], ["x"]],
  ])("%j", (pattern, matching, others) => {
    const selection = of({ keys: [pattern] });
    const offsets = (keys: readonly string[]) => keys.map((key, offset) => [offset, key] as const);
    expect(taken(selection, offsets(matching))).toHaveLength(matching.length);
    expect(taken(selection, offsets(others))).toEqual([]);
    expect(taken(selection, [[0, null]])).toEqual([]);
  });
});

describe("headers", () => {
  const field = (text: string | null) => (text === null ? [1] : [text.length * 2, ...Buffer.from(text)]);
  const headers = (...entries: readonly (readonly [string, string | null])[]) =>
    Uint8Array.of(
      entries.length * 2,
      ...entries.flatMap(([name, value]) => [...field(name), ...field(value)]),
    );
  const cases: readonly (readonly [string, Uint8Array | undefined, boolean, boolean, boolean])[] = [
    ["none", undefined, false, false, true],
    ["another", headers(["other", "yes"]), false, false, true],
    ["one that begins like it", headers(["alarms", "yes"]), false, false, true],
    ["it", headers(["other", "x"], ["alarm", "yes"]), true, true, false],
    ["it with another value", headers(["alarm", "no"]), false, true, false],
    ["it with a longer value", headers(["alarm", "yes!"]), false, true, false],
    ["it without a value", headers(["alarm", null]), false, true, false],
    ["it twice", headers(["alarm", "yes"], ["alarm", "no"]), false, true, false],
    ["it twice, right at last", headers(["alarm", "no"], ["alarm", "yes"]), true, true, false],
  ];
  test.each(cases)("%s", (_what, given, equal, there, absent) => {
    const record: Given = given === undefined ? [0, "k"] : [0, "k", 0, given];
    for (const [value, expected] of [
      ["yes", equal],
      [true, there],
      [false, absent],
    ] as const) {
      const selection = of({ headers: [{ name: "alarm", value }] });
      expect(taken(selection, [record])).toEqual(expected ? [0] : []);
    }
  });
});

describe("sampling", () => {
  const rows = (count: number, from = 0): Given[] =>
    Array.from({ length: count }, (_, index) => [
      from + index,
      `device-${(from + index) % 4}`,
      (from + index) * 10,
    ]);

  test("takes the first of each key and then every third", () => {
    const selection = of({ sampling: { kind: "every", count: 3 } });
    expect(taken(selection, rows(28))).toEqual([0, 1, 2, 3, 12, 13, 14, 15, 24, 25, 26, 27]);
  });

  test("takes one of each key in a time, and begins anew where the clock was set back", () => {
    const selection = of({ sampling: { kind: "interval", intervalMs: 100 } });
    expect(taken(selection, rows(28))).toEqual([0, 1, 2, 3, 12, 13, 14, 15, 24, 25, 26, 27]);
    const back = of({ sampling: { kind: "interval", intervalMs: 100 } });
    const times = [1_000, 1_099, 950, 901, 900, 950, 1_000];
    expect(
      taken(
        back,
        times.map((timeMs, offset) => [offset, "k", timeMs] as const),
      ),
    ).toEqual([0, 4, 6]);
  });

  test("chooses the same wherever it is resumed, and anew in each block", () => {
    const start = SAMPLING_BLOCK_OFFSETS - 10;
    const all = rows(40, start);
    const whole = of({ sampling: { kind: "every", count: 3 } });
    whole.begin(start);
    const expected = taken(whole, all);
    expect(expected).toContain(SAMPLING_BLOCK_OFFSETS);
    for (let resumeAt = SAMPLING_BLOCK_OFFSETS; resumeAt < start + 40; resumeAt += 1) {
      const resumed = of({ sampling: { kind: "every", count: 3 } });
      const from = resumed.begin(resumeAt);
      expect(from).toBe(SAMPLING_BLOCK_OFFSETS);
      const seen = taken(
        resumed,
        all.filter(([offset]) => offset >= from),
      );
      expect(seen.filter((offset) => offset >= resumeAt)).toEqual(
        expected.filter((offset) => offset >= resumeAt),
      );
    }
  });

  test("remembers a bounded number of keys", () => {
    const selection = of({ sampling: { kind: "every", count: 2 } });
    const many = Array.from({ length: MAX_SAMPLED_KEYS + 1 }, (_, index) => [index, `key-${index}`] as const);
    expect(taken(selection, many)).toHaveLength(MAX_SAMPLED_KEYS + 1);
    // The first was forgotten for the last, the second was not.
    expect(
      taken(selection, [
        [100_000, "key-1"],
        [100_001, "key-0"],
      ]),
    ).toEqual([100_001]);
  });
});
