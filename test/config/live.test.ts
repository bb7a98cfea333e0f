import { expect, test } from "bun:test";
import { isLive, settingChanges, withLive } from "../../src/config/live.ts";
import { loadSettings } from "../../src/config/load.ts";

function loaded(text: string) {
  const file = { path: "gw.toml", text };
  const result = loadSettings({ file, env: {}, set: [], flags: new Map(), hostName: "h" });
  if (!result.ok) throw new Error(result.problems.map(({ key, fault }) => `${key}: ${fault}`).join("; "));
  return result;
}

const BEFORE = `
log.level = "info"
log.retention.ms = "7d"
kafka.listen = "127.0.0.1:9092"
[uplink.central]
bootstrap = "kafka.example:9092"
rate.limit = "100KiB"
budget.day = "1MB"
topics = ["telemetry"]
`;

test("levels, defaults of topics and what an uplink may send are live, doors and the like are not", () => {
  for (const key of [
    "log.level",
    "log.retention.ms",
    "log.segment.bytes",
    "uplink.a.rate.limit",
    "uplink.a.budget.day",
  ])
    expect([key, isLive(key)]).toEqual([key, true]);
  for (const key of [
    "kafka.listen",
    "data",
    "journal.bytes",
    "uplink.a.bootstrap",
    "uplink.a",
    "mqtt.route",
    "rate.limit",
  ])
    expect([key, isLive(key)]).toEqual([key, false]);
});

test("changes are told by name, live ones and those that need a restart", () => {
  const after = BEFORE.replace("info", "debug")
    .replace("7d", "1d")
    .replace("9092", "9999")
    .replace("1MB", "2MB");
  expect(settingChanges(loaded(BEFORE).settings, loaded(after).settings)).toEqual({
    live: ["log.retention.ms", "log.level", "uplink.central.budget.day"],
    restart: ["kafka.listen"],
  });
  expect(settingChanges(loaded(BEFORE).settings, loaded(BEFORE).settings)).toEqual({ live: [], restart: [] });
  const more = `${BEFORE}\n[uplink.other]\nbootstrap = "b:9092"\n`;
  expect(settingChanges(loaded(BEFORE).settings, loaded(more).settings)).toEqual({
    live: [],
    restart: ["uplink.other"],
  });
});

test("what is in force afterwards is the old, but for what is live, and so is where it is from", () => {
  const after = BEFORE.replace("info", "debug")
    .replace("9092", "9999")
    .replace("100KiB", "50KiB")
    .replace("telemetry", "more");
  const { settings, sources } = withLive(loaded(BEFORE), loaded(after));
  expect(settings["log.level"]).toBe("debug");
  expect(settings["kafka.listen"]).toEqual({ host: "127.0.0.1", port: 9092 });
  expect(settings.uplinks[0]).toMatchObject({ "rate.limit": 50 * 1024, topics: ["telemetry"] });
  expect(sources.get("log.level")).toMatchObject({ kind: "file", line: 2 });
  // What is left differs from what was read: it waits for the next start.
  expect(settingChanges(settings, loaded(after).settings)).toEqual({
    live: [],
    restart: ["kafka.listen", "uplink.central.topics"],
  });
});
