import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shownValue } from "../../src/broker/config-definition.ts";
import {
  logConfigOf,
  TOPIC_CONFIGS,
  topicConfigDefinition,
  topicConfigFault,
} from "../../src/broker/topic-config.ts";
import { collisionName, topicNameFault } from "../../src/broker/topic-name.ts";

describe("topic configs", () => {
  test("every default passes its own check", () => {
    expect(TOPIC_CONFIGS.length).toBeGreaterThan(30);
    for (const { name, default: value } of TOPIC_CONFIGS) {
      if (value === "") continue;
      expect([name, topicConfigFault(new Map([[name, value]]))]).toEqual([name, null]);
    }
  });

  test.each([
    ["retention.ms", "-2", "at least -1"],
    ["retention.ms", "soon", "type LONG"],
    ["retention.ms", "99999999999999999999", "type LONG"],
    ["segment.bytes", "1000", "at least 1048576"],
    ["cleanup.policy", "delete,burn", "one of: compact, delete"],
    ["durability", "paper", "one of: disk, memory"],
    ["preallocate", "yes", "either true or false"],
    ["min.cleanable.dirty.ratio", "1.5", "no more than 1"],
    ["no.such.config", "1", "Unknown topic config name: no.such.config"],
  ])("%s=%s is refused with the name and the reason", (name, value, words) => {
    const fault = topicConfigFault(new Map([[name, value]]));
    expect(fault).toContain(name);
    expect(fault).toContain(words);
  });

  test("a topic's own value wins over the broker's default, and that over Kafka's", () => {
    const defaults = new Map([
      ["retention.ms", "1000"],
      ["segment.bytes", "2097152"],
    ]);
    const config = logConfigOf(new Map([["retention.ms", "5000"]]), defaults);
    expect(config.retentionMs).toBe(5000);
    expect(config.segmentBytes).toBe(2097152);
    expect(config.maxMessageBytes).toBe(1048588);
  });

  test("a topic that is compacted only is never shortened by age or size", () => {
    const limits = new Map([
      ["retention.ms", "1000"],
      ["retention.bytes", "1"],
    ]);
    expect(logConfigOf(new Map([["cleanup.policy", "compact"]]), limits).retentionMs).toBe(-1);
    expect(logConfigOf(new Map([["cleanup.policy", "compact"]]), limits).retentionBytes).toBe(-1);
    expect(logConfigOf(new Map([["cleanup.policy", "compact,delete"]]), limits).retentionMs).toBe(1000);
  });
});

describe("Kafka's own table of topic settings", () => {
  /** What a topic of Kafka 4.3 knows, as `LogConfig` prints it. */
  const table: readonly { name: string; type: string; default: string; valid: string }[] = JSON.parse(
    readFileSync(join(import.meta.dir, "fixtures/topic-configs.json"), "utf8"),
  );
  /** Defaults that are others here, with the reason beside the definition or in ARCHITECTURE.md. */
  const OWN_DEFAULTS = ["message.timestamp.after.max.ms", "segment.bytes", "internal.segment.bytes"];
  /** Checked and stored, and nothing else: what they would change has no place on one broker with a journal. */
  const STORED = [
    "compression.lz4.level",
    "file.delete.delay.ms",
    "flush.messages",
    "flush.ms",
    "follower.replication.throttled.replicas",
    "leader.replication.throttled.replicas",
    "local.retention.bytes",
    "local.retention.ms",
    "min.insync.replicas",
    "preallocate",
    "remote.log.copy.disable",
    "remote.log.delete.on.disable",
    "remote.storage.enable",
    "segment.index.bytes",
    "segment.jitter.ms",
    "unclean.leader.election.enable",
  ];

  test("every setting of it is known, of the same type, and takes Kafka's default", () => {
    expect(table.length).toBe(34);
    for (const { name, type, default: byDefault } of table) {
      const definition = topicConfigDefinition(name);
      expect([name, definition?.type.toUpperCase()]).toEqual([name, type]);
      if (definition === null || byDefault === "null") continue;
      const value = byDefault.replace(/^\[(.*)\]$/, "$1");
      expect([name, topicConfigFault(new Map([[name, value]]))]).toEqual([name, null]);
      if (OWN_DEFAULTS.includes(name)) continue;
      expect([name, shownValue(definition, definition.default)]).toEqual([name, value]);
    }
  });

  test("durability and what begins with headwater is ours, and what is stored without being obeyed is listed", () => {
    const kafka = new Set(table.map(({ name }) => name));
    expect(TOPIC_CONFIGS.filter(({ name }) => !kafka.has(name)).map(({ name }) => name)).toEqual([
      "durability",
      "headwater.full.policy",
      "headwater.keep.unforwarded",
      "headwater.priority",
    ]);
    expect(TOPIC_CONFIGS.filter(({ obeyed }) => !obeyed).map(({ name }) => name)).toEqual(STORED);
  });

  test("bounds are Kafka's", () => {
    for (const { name, valid } of table) {
      const range = /^\[(-?\d+),\.\.\.(?:,(\d+))?\]$/.exec(valid);
      const definition = topicConfigDefinition(name);
      if (range === null || definition === null) continue;
      const [, min, max] = range;
      expect([name, definition.fault(min ?? "")]).toEqual([name, null]);
      if (min !== undefined && definition.type !== "double") {
        expect([name, definition.fault(String(BigInt(min) - 1n))]).toEqual([
          name,
          expect.stringContaining(`at least ${min}`),
        ]);
      }
      if (max !== undefined) expect(definition.fault(`${max}1`)).toContain(`no more than ${max}`);
    }
  });
});

describe("topic names", () => {
  test.each(["a", "telemetry", "a.b_c-D9", "x".repeat(249), "..."])("%s is legal", (name) => {
    expect(topicNameFault(name)).toBeNull();
  });

  test.each(["", ".", "..", "a b", "a/b", "ä", "x".repeat(250)])("'%s' is refused", (name) => {
    expect(topicNameFault(name)).toBeString();
  });

  test("dots and underscores collide", () => {
    expect(collisionName("a.b")).toBe(collisionName("a_b"));
  });
});
