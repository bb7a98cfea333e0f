import { describe, expect, test } from "bun:test";
import { assert } from "../../src/base/assert.ts";
import { HeadwaterError } from "../../src/base/errors.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { LogOutput, type LogOutputOptions } from "../../src/metrics/log-output.ts";

const INTERVAL_MS = 10_000;

function setUp(options: Partial<LogOutputOptions> = {}) {
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  const output = new LogOutput({ clock, level: "info", format: "json", colour: false, write, ...options });
  const json = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { clock, lines, json, output, logger: output.logger };
}

test("a JSON line has time, level, message and the fields of its logger", () => {
  const { json, logger } = setUp();
  logger.child({ topic: "t" }).child({ partition: 1 }).warn("slow", { tookMs: 5, nothing: undefined });
  expect(json()).toEqual([
    { time: "2026-01-02T03:04:05.006Z", level: "warn", message: "slow", topic: "t", partition: 1, tookMs: 5 },
  ]);
});

test("a line for people is one line, with what needs quotes in quotes", () => {
  const { lines, logger } = setUp({ format: "human" });
  logger.info("listening", { address: "127.0.0.1:1", reason: 'a "b"\n\x1b[31mc', count: 3 });
  expect(lines).toEqual([
    '03:04:05.006 INFO  listening address=127.0.0.1:1 reason="a \\"b\\"\\n\\u001b[31mc" count=3\n',
  ]);
});

test("a field cannot take the place of time, level or message", () => {
  const { json, logger } = setUp();
  logger.info("true", { message: "false", level: "none" });
  expect(json()[0]).toMatchObject({ message: "true", level: "info", message_: "false", level_: "none" });
});

test("lines below the level are not written, and the level can change", () => {
  const { lines, output, logger } = setUp({ level: "warn" });
  logger.info("a");
  logger.error("b");
  output.setLevel("debug");
  logger.debug("c");
  expect(lines.map((line) => JSON.parse(line).message)).toEqual(["b", "c"]);
});

test("an error is its code, message and causes; a bug has its stack", () => {
  const { json, logger } = setUp();
  const cause = new Error("EIO");
  logger.error("x", { error: new HeadwaterError("DISK_IO", "sync failed", { cause }) });
  expect(json()[0]?.error).toBe("DISK_IO: sync failed; caused by EIO");
  try {
    assert(false, "broken");
  } catch (error) {
    logger.error("y", { error });
  }
  expect(String(json()[1]?.error)).toContain("log-output.test.ts");
});

test("values are bounded, and whatever they are makes a line", () => {
  const { lines, json, logger } = setUp();
  const round: Record<string, unknown> = {};
  round.self = round;
  logger.info("x", {
    long: "y".repeat(100_000),
    list: Array.from({ length: 1000 }, (_, index) => index),
    big: 2n ** 64n,
    bytes: new Uint8Array(1000),
    nan: Number.NaN,
    round,
    nothing: null,
  });
  expect(lines[0]?.length).toBeLessThan(3_000);
  expect(json()[0]).toMatchObject({ big: "18446744073709551616", nan: "NaN", nothing: null });
});

describe("lines that clients cause", () => {
  test("one per message and address in an interval, then how many were held back", () => {
    const { clock, json, logger } = setUp();
    for (let count = 0; count < 100; count++) logger.warn("garbage", { remoteAddress: "1.1.1.1", count });
    logger.warn("garbage", { remoteAddress: "2.2.2.2" });
    logger.warn("other", { remoteAddress: "1.1.1.1" });
    expect(json()).toHaveLength(3);
    clock.advance(INTERVAL_MS);
    expect(json().slice(3)).toMatchObject([
      { message: "garbage", remoteAddress: "1.1.1.1", count: 99, suppressed: 99 },
    ]);
    logger.warn("garbage", { remoteAddress: "1.1.1.1" });
    expect(json()).toHaveLength(5);
  });

  test("a fixed number of lines and of memory, however many addresses there are", () => {
    const { clock, json, output, logger } = setUp();
    for (let count = 0; count < 50_000; count++) logger.warn("garbage", { remoteAddress: `10.0.${count}` });
    expect(json().length).toBeLessThan(1_300);
    clock.advance(INTERVAL_MS);
    const suppressed = json().reduce((sum, line) => sum + Number(line.suppressed ?? 0), 0);
    const direct = json().filter((line) => line.suppressed === undefined).length;
    expect(direct + suppressed).toBe(50_000);
    output.close();
  });

  test("what is held back is written at the end, and lines of our own are never held back", () => {
    const { json, output, logger } = setUp();
    for (let count = 0; count < 3; count++) logger.warn("garbage", { remoteAddress: "1.1.1.1" });
    for (let count = 0; count < 3; count++) logger.warn("disk is slow");
    expect(json()).toHaveLength(4);
    output.close();
    expect(json()[4]).toMatchObject({ message: "garbage", suppressed: 2 });
  });
});
