import { expect, test } from "bun:test";
import { topicConfigDefinition } from "../../src/broker/topic-config.ts";
import {
  defaultSettings,
  gatewayIdFromHost,
  OPTION_ENTRIES,
  topicDefaults,
} from "../../src/config/options.ts";
import { environmentName } from "../../src/config/raw-values.ts";
import { ROUTE_OPTIONS } from "../../src/config/route-options.ts";
import { UPLINK_OPTIONS } from "../../src/config/uplink-options.ts";

const ALL = [...OPTION_ENTRIES, ...Object.entries(UPLINK_OPTIONS), ...Object.entries(ROUTE_OPTIONS)];

test("every default is a value that its own option takes", () => {
  for (const [name, option] of ALL) {
    if (option.default === undefined || option.defaultText !== undefined) continue;
    const shown = (option.show as (value: unknown) => string)(option.default);
    const text =
      option.type === "list" || option.type === "table" ? Bun.TOML.parse(`v = ${shown}`) : { v: shown };
    const reading = option.read((text as { v: unknown }).v);
    expect([name, reading.ok && reading.value]).toEqual([name, option.default]);
  }
});

test("every setting says what it is, in sentences", () => {
  for (const [name, { doc, range }] of ALL) {
    expect([name, doc.endsWith("."), range.length > 0]).toEqual([name, true, true]);
  }
});

test("no key is the beginning of another, so that each can stand in a TOML file", () => {
  const names = OPTION_ENTRIES.map(([name]) => name as string);
  for (const name of [...names, "mqtt.route", "uplink"]) {
    expect(names.filter((other) => other.startsWith(`${name}.`))).toEqual([]);
  }
});

test("no two settings share an environment variable", () => {
  const names = OPTION_ENTRIES.map(([name]) => environmentName(name));
  expect(new Set(names).size).toBe(names.length);
});

test("defaults for topics are topic configurations that the broker knows and takes", () => {
  const defaults = topicDefaults(defaultSettings());
  expect(defaults.get("segment.bytes")).toBe("16777216");
  expect(defaults.get("retention.ms")).toBe("604800000");
  expect(defaults.get("durability")).toBe("disk");
  for (const [name, value] of defaults) {
    const definition = topicConfigDefinition(name);
    expect([name, definition?.obeyed, definition?.fault(value)]).toEqual([name, true, null]);
  }
});

test("a gateway's id is made of its host's name", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["raspberrypi", "raspberrypi"],
    ["pi 3.local", "pi-3.local"],
    ["", "gateway"],
    ["ü", "-"],
    ["x".repeat(80), "x".repeat(64)],
  ];
  for (const [host, id] of cases) expect(gatewayIdFromHost(host)).toBe(id);
});
