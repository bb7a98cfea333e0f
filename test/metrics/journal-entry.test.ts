import { describe, expect, test } from "bun:test";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { journalEntry, logField } from "../../src/metrics/journal-entry.ts";
import { LogOutput } from "../../src/metrics/log-output.ts";
import { entryFields } from "./journal-fields.ts";

const text = (entry: Uint8Array) => Buffer.from(entry).toString();

describe("an entry of the journal", () => {
  test("is NAME=value a line", () => {
    const entry = journalEntry(
      "warn",
      "login refused",
      [["remoteAddress", "192.0.2.7"]],
      "login refused from it",
    );
    expect(text(entry)).toBe(
      [
        "MESSAGE=login refused from it",
        "PRIORITY=4",
        "SYSLOG_IDENTIFIER=headwater",
        "HEADWATER_EVENT=login refused",
        "HEADWATER_REMOTE_ADDRESS=192.0.2.7",
        "",
      ].join("\n"),
    );
  });

  test("has the length before a value with line breaks: nothing in it can be taken for a field", () => {
    const entry = journalEntry("info", "odd", [["name", "a\nPRIORITY=0\nß"]], "odd");
    const value = Buffer.from("a\nPRIORITY=0\nß");
    const length = Buffer.alloc(8);
    length.writeUInt8(value.length);
    const expected = Buffer.concat([Buffer.from("HEADWATER_NAME\n"), length, value, Buffer.from("\n")]);
    expect(Buffer.from(entry).subarray(-expected.length)).toEqual(expected);
    expect(entryFields(entry)).toMatchObject({ HEADWATER_NAME: "a\nPRIORITY=0\nß", PRIORITY: "6" });
  });

  test("has names that the journal takes, and its own message whatever fields are called", () => {
    const long = "x".repeat(100);
    const fields = entryFields(
      journalEntry(
        "error",
        "m",
        [
          ["event", "e"],
          ["über.alles", 1],
          [long, 2],
          ["qos2Id", 3],
          ["message", "n"],
        ],
        "t",
      ),
    );
    expect(fields).toMatchObject({
      HEADWATER_EVENT: "m",
      HEADWATER_EVENT_: "e",
      MESSAGE: "t",
      PRIORITY: "3",
    });
    expect(fields).toMatchObject({ HEADWATER_QOS2_ID: "3", HEADWATER_MESSAGE: "n" });
    for (const name of Object.keys(fields)) expect(name).toMatch(/^[A-Z][A-Z0-9_]{0,63}$/);
  });

  test.each([
    ["remoteAddress", "192.0.2.7"],
    ["count", 5],
    ["clientId", "5"],
    ["clientId", '"5"'],
    ["clientId", "null"],
    ["fields", { a: [1, "x"] }],
    ["retained", true],
    ["error", null],
  ])("gives %s back as it was: %j", (name, value) => {
    const [[field = "", shown = ""] = []] = Object.entries(
      entryFields(journalEntry("info", "m", [[name, value]], "m")),
    ).slice(4);
    expect(logField(field, shown)).toEqual([name, value]);
    expect(logField("MESSAGE", "m")).toBeNull();
  });
});

describe("log output to the journal", () => {
  function opened(takes: boolean) {
    const entries: Uint8Array[] = [];
    const lines: string[] = [];
    const send = (entry: Uint8Array) => {
      if (takes) entries.push(entry);
      return takes;
    };
    const output = new LogOutput({
      ...{ clock: new ManualClock(), level: "info", format: "journal", colour: false },
      ...{ journal: { send }, write: (line: string) => lines.push(line) },
    });
    return { logger: output.logger, entries, lines };
  }

  test("is one entry a line, and nothing on standard error", () => {
    const { logger, entries, lines } = opened(true);
    logger.child({ topic: "telemetry" }).warn("records were refused", { count: 3, why: "no\nroom" });
    logger.debug("not asked for");
    expect(lines).toEqual([]);
    expect(entries.map(entryFields)).toEqual([
      {
        MESSAGE: 'records were refused topic=telemetry count=3 why="no\\nroom"',
        PRIORITY: "4",
        SYSLOG_IDENTIFIER: "headwater",
        HEADWATER_EVENT: "records were refused",
        HEADWATER_TOPIC: "telemetry",
        HEADWATER_COUNT: "3",
        HEADWATER_WHY: "no\nroom",
      },
    ]);
  });

  test("is a line with its priority where the journal does not take it", () => {
    const { logger, lines } = opened(false);
    logger.error("the disk is full", { path: "/data" });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toStartWith('<3>{"time":"');
    expect(lines[0]).toEndWith('"level":"error","message":"the disk is full","path":"/data"}\n');
  });
});
