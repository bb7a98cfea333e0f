import { describe, expect, test } from "bun:test";
import { FEATURES, featureFault, featureLevel } from "../../src/broker/features.ts";

const NONE: ReadonlyMap<string, number> = new Map();

describe("features", () => {
  test("a new broker is at the levels of a new Kafka 4.3", () => {
    const levels = FEATURES.map(({ name }) => [name, featureLevel(name, NONE)]);
    expect(Object.fromEntries(levels)).toEqual({
      "eligible.leader.replicas.version": 1,
      "group.version": 1,
      "kraft.version": 0,
      "metadata.version": 30,
      "share.version": 1,
      "transaction.version": 2,
    });
    expect(featureLevel("nonsense", NONE)).toBe(0);
  });

  test.each([
    ["group.version", 1, "upgrade", null],
    ["nonsense", 1, "upgrade", "does not support"],
    ["group.version", 2, "upgrade", "supports versions 0 to 1"],
    ["group.version", -1, "safe-downgrade", "less than 0"],
    ["group.version", 0, "upgrade", "downgrade"],
    ["group.version", 0, "safe-downgrade", null],
    ["transaction.version", 1, "unsafe-downgrade", null],
    ["metadata.version", 30, "upgrade", null],
    ["metadata.version", 29, "safe-downgrade", "stays at 30"],
    ["metadata.version", 1, "safe-downgrade", "supports versions 7 to 30"],
    ["group.version", 1, "unknown", "upgrade type"],
  ] as const)("%s to %p by %s: %p", (name, level, change, fault) => {
    const said = featureFault(name, level, change, NONE);
    if (fault === null) expect(said).toBeNull();
    else expect(said).toContain(fault);
  });

  test("a level that was lowered can be raised again", () => {
    const lowered = new Map([["transaction.version", 0]]);
    expect(featureLevel("transaction.version", lowered)).toBe(0);
    expect(featureFault("transaction.version", 2, "upgrade", lowered)).toBeNull();
  });
});
