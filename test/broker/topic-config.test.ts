import { describe, expect, test } from "bun:test";
import { logConfigOf, TOPIC_CONFIGS, topicConfigFault } from "../../src/broker/topic-config.ts";
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
