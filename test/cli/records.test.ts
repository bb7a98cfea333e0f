import { describe, expect, test } from "bun:test";
import { hasCode } from "../../src/base/errors.ts";
import { startOf } from "../../src/cli/consume.ts";
import { lines } from "../../src/cli/lines.ts";
import { type LocatedRecord, recordFormat } from "../../src/cli/record-format.ts";
import { run } from "./support.ts";

const RECORD: LocatedRecord = {
  topic: "t",
  partition: 1,
  offset: 42,
  timestampMs: Date.UTC(2026, 0, 1),
  key: Buffer.from("k"),
  value: Buffer.from("välue"),
  headers: [
    { key: "a", value: Buffer.from("1") },
    { key: "b", value: null },
    { key: "c", value: Uint8Array.of(0xff) },
  ],
};
const EMPTY: LocatedRecord = { ...RECORD, key: null, value: null, headers: [] };

function format(name: string, record: LocatedRecord): string {
  return Buffer.from(recordFormat(name)(record)).toString();
}

describe("formats", () => {
  const cases: readonly (readonly [string, LocatedRecord, string])[] = [
    ["plain", RECORD, "välue\n"],
    ["plain", EMPTY, "\n"],
    ["%t/%p@%o %T %k=%s\\n", RECORD, "t/1@42 1767225600000 k=välue\n"],
    ["%K:%S|%h|%%", RECORD, "1:6|a=1,b=NULL,c=ff|%"],
    ["%K:%S %k%s", EMPTY, "-1:-1 "],
    ["%s\\t\\x41\\\\", RECORD, "välue\tA\\"],
    ["hex", EMPTY, "t-1 42 2026-01-01T00:00:00.000Z\n  key   NULL\n  value NULL\n"],
  ];
  for (const [name, record, expected] of cases) {
    test(JSON.stringify([name, record.key]), () => expect(format(name, record)).toBe(expected));
  }

  test("bytes that are no text pass a template unchanged", () => {
    const value = Uint8Array.of(0, 0xff, 0xc3);
    expect(recordFormat("%s")({ ...RECORD, value })).toEqual(Buffer.from(value));
  });

  test("json keeps bytes that are no text as base64", () => {
    expect(JSON.parse(format("json", RECORD))).toEqual({
      topic: "t",
      partition: 1,
      offset: 42,
      timestampMs: 1767225600000,
      key: "k",
      value: "välue",
      headers: [
        { name: "a", value: "1" },
        { name: "b", value: null },
        { name: "c", valueBase64: "/w==" },
      ],
    });
    expect(JSON.parse(format("json", EMPTY))).toMatchObject({ key: null, value: null });
    expect(JSON.parse(format("json", { ...RECORD, value: Uint8Array.of(0xff) }))).toMatchObject({
      valueBase64: "/w==",
    });
  });
});

describe("where to start", () => {
  const now = Date.UTC(2026, 0, 10);
  const cases: readonly (readonly [Readonly<Record<string, string>>, object])[] = [
    [{}, { beforeEnd: 0 }],
    [{ from: "latest" }, { beforeEnd: 0 }],
    [{ from: "earliest" }, { timestampMs: -2 }],
    [{ from: "0" }, { offset: 0 }],
    [{ from: "123" }, { offset: 123 }],
    [{ from: "@1767225600000" }, { timestampMs: 1767225600000 }],
    [{ from: "1h30m" }, { timestampMs: now - 5_400_000 }],
    [{ from: "2026-01-01" }, { timestampMs: Date.UTC(2026, 0, 1) }],
    [{ from: "2026-01-01T12:30Z" }, { timestampMs: Date.UTC(2026, 0, 1, 12, 30) }],
    [{ tail: "5" }, { beforeEnd: 5 }],
  ];
  for (const [given, expected] of cases) {
    test(JSON.stringify(given), () => {
      expect(startOf({ value: (name) => given[name] ?? null }, now)).toEqual(expected as never);
    });
  }
});

test("a day that the calendar does not have is refused wherever a time is written", async () => {
  const at = ["-b", "127.0.0.1:1"];
  for (const args of [
    ["consume", "telemetry", ...at, "--from", "2026-02-30T12:00Z"],
    ["produce", "telemetry", ...at, "--timestamp", "2026-02-30"],
    ["replay", "-t", "telemetry", ...at, "-d", "a", "--from", "2026-02-30"],
    ["replay", "-t", "telemetry", ...at, "-d", "a", "--to", "2025-02-29T00:00Z"],
  ]) {
    const { code, err } = await run(args);
    expect({ args, code, err }).toEqual({ args, code: 2, err: expect.stringContaining("2026-01-31T12:00Z") });
  }
});

describe("lines of a stream", () => {
  const text = "a\n\nbc\r\nlong line\nend";

  async function read(chunks: readonly string[], maxLineBytes = 100): Promise<string[][]> {
    const groups: string[][] = [];
    async function* stream() {
      for (const chunk of chunks) yield Buffer.from(chunk);
    }
    for await (const group of lines(stream(), maxLineBytes))
      groups.push(group.map((line) => Buffer.from(line).toString()));
    return groups;
  }

  test("the same at every place where the stream is cut", async () => {
    const expected = text.split("\n");
    for (let cut = 0; cut <= text.length; cut++) {
      expect((await read([text.slice(0, cut), text.slice(cut)])).flat()).toEqual(expected);
    }
    expect((await read([...text])).flat()).toEqual(expected);
  });

  test("what has come is handed on before more is waited for", async () => {
    expect(await read(["a\nb\nc", "d\n"])).toEqual([["a", "b"], ["cd"]]);
    expect(await read(["a\n"])).toEqual([["a"]]);
    expect(await read([])).toEqual([]);
  });

  test("a line beyond the bound is refused", async () => {
    const error = await read(["x".repeat(60), "x".repeat(60)]).catch((caught) => caught);
    expect(hasCode(error, "MALFORMED")).toBe(true);
  });
});
