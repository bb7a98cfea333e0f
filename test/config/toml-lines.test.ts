import { expect, test } from "bun:test";
import { faultyLine, tomlLines } from "../../src/config/toml-lines.ts";

test("keys are found under their tables, whatever stands in the values", () => {
  const text = [
    "# a comment with = and [brackets]", // 1
    'a = "x # no comment = \\" ]"', // 2
    "b.c = 1", // 3
    "long = '''", // 4
    "[not.a.table]", // 5
    "k = 1'''", // 6
    "list = [ # with a comment ]", // 7
    '  "x", {y = 1, z.q = 2},', // 8
    "]", // 9
    "[log] # the log", // 10
    'level = "info"', // 11
    "segment.bytes = 1", // 12
    "", // 13
    '[uplink."central"]', // 14
    'bootstrap = "a:1"', // 15
    "[[mqtt.route]]", // 16
    'filter = "a"', // 17
    "[mqtt.route.headers]", // 18
    'h = "1"', // 19
    "[[mqtt.route]]", // 20
    'headers = { a = "b", c.d = "e" }', // 21
    'last = """x""""', // 22
    "end=1979-05-27 07:32:00", // 23
  ].join("\r\n");
  expect(Bun.TOML.parse(text)).toBeTruthy();
  const lines = tomlLines(text);
  const expected: Readonly<Record<string, number>> = {
    a: 2,
    b: 3,
    "b.c": 3,
    long: 4,
    list: 7,
    "list[0]": 8,
    "list[1]": 8,
    "list[1].z.q": 8,
    log: 10,
    "log.level": 11,
    "log.segment.bytes": 12,
    "uplink.central.bootstrap": 15,
    "mqtt.route[0]": 16,
    "mqtt.route[0].filter": 17,
    "mqtt.route[0].headers": 18,
    "mqtt.route[0].headers.h": 19,
    "mqtt.route[1]": 20,
    "mqtt.route[1].headers.a": 21,
    "mqtt.route[1].headers.c.d": 21,
    "mqtt.route[1].last": 22,
    "mqtt.route[1].end": 23,
  };
  for (const [key, line] of Object.entries(expected)) expect([key, lines.get(key)]).toEqual([key, line]);
  expect(lines.has("not.a.table")).toBe(false);
});

test("any text ends the scan", () => {
  // Not TOML, so that lines mean nothing; the scan has to come to an end all the same.
  const pieces = ["[", "]", "{", "}", "=", '"', "'", '"""', "\n", ",", "#", ".", "a", "\\", " "];
  let state = 1;
  for (let round = 0; round < 2_000; round++) {
    let text = "";
    for (let length = 0; length < 12; length++) {
      state = (state * 48_271) % 2_147_483_647;
      text += pieces[state % pieces.length] ?? "";
    }
    expect(tomlLines(text).size).toBeLessThan(50);
  }
});

test("the faulty line is the one after the longest beginning that is right", () => {
  const parses = (text: string) => {
    try {
      Bun.TOML.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  expect(faultyLine("a = 1\nb = 2\nc = \nd = 4\n", parses)).toBe(3);
  expect(faultyLine("a = yes", parses)).toBe(1);
  expect(faultyLine("a = [1,\n2,\n3]\n\na = 2", parses)).toBe(5);
});
