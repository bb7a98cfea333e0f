import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../../../src/io/simulated/random.ts";
import { MAX_RECORDS } from "../../../../src/mqtt/payloads/limits.ts";
import { SparkplugNodes } from "../../../../src/mqtt/payloads/sparkplug/nodes.ts";
import type { Metric, SparkplugPayload } from "../../../../src/mqtt/payloads/sparkplug/payload.ts";
import {
  type NodeMessage,
  type SparkplugTopic,
  sparkplugTopic,
} from "../../../../src/mqtt/payloads/sparkplug/topic.ts";

type NodeTopic = SparkplugTopic & { readonly kind: "node" };

function topic(type: NodeMessage, node: string, device: string | null = null): NodeTopic {
  const found = sparkplugTopic(`spBv1.0/G/${type}/${node}${device === null ? "" : `/${device}`}`);
  if (found?.kind !== "node") throw new Error("no topic of a node");
  return found;
}

function metric(name: string | null, alias: number | null, datatype: number | null = 3): Metric {
  const flags = { isHistorical: false, isTransient: false, isNull: false, metadata: null, properties: null };
  return {
    name,
    alias,
    timestamp: null,
    datatype,
    ...flags,
    raw: { kind: "integer", low: 1, high: 0, bits: 32 },
  };
}

function payload(seq: number | null, metrics: readonly Metric[] = []): SparkplugPayload {
  return { timestamp: 1, metrics, seq, uuid: null, body: null };
}

const MAX_BYTES = 100_000;

class Nodes {
  readonly stats = { sparkplugGaps: 0, sparkplugUnknownAliases: 0, sparkplugRebirths: 0 };
  readonly nodes: SparkplugNodes;

  constructor(maxBytes = MAX_BYTES) {
    this.nodes = new SparkplugNodes({ maxBytes, maxRebirthsPerSec: 1_000 }, this.stats);
  }

  birth(node: string, metrics: readonly Metric[], device: string | null = null) {
    return this.nodes.take(topic(device === null ? "NBIRTH" : "DBIRTH", node, device), payload(0, metrics));
  }

  named(node: string, alias: number, device: string | null = null): string | null {
    return (
      this.nodes.metricOf(topic(device === null ? "NDATA" : "DDATA", node, device), metric(null, alias, null))
        ?.name ?? null
    );
  }
}

describe("what births say", () => {
  test("aliases are those of their device, and of its latest birth", () => {
    const one = new Nodes();
    one.birth("N", [metric("a", 1)]);
    one.birth("N", [metric("b", 1)], "D");
    expect([one.named("N", 1), one.named("N", 1, "D"), one.named("N", 1, "E"), one.named("M", 1)]).toEqual([
      "a",
      "b",
      null,
      null,
    ]);
    one.birth("N", [metric("c", 2)]);
    expect([one.named("N", 1), one.named("N", 2)]).toEqual([null, "c"]);
  });

  test("an alias of 64 bits is told from its neighbour", () => {
    const one = new Nodes();
    const big = 2n ** 63n;
    one.birth("N", [
      { ...metric("a", 0), alias: big },
      { ...metric("b", 0), alias: big + 1n },
    ]);
    const found = one.nodes.metricOf(topic("NDATA", "N"), { ...metric(null, 0), alias: big + 1n });
    expect(found?.name).toBe("b");
  });

  test("a name without an alias keeps its type", () => {
    const one = new Nodes();
    one.birth("N", [metric("a", null, 1)]);
    expect(one.nodes.metricOf(topic("NDATA", "N"), metric("a", null, null))?.datatype).toBe(1);
  });
});

describe("sequence numbers", () => {
  test("every message but a death and a command counts, devices' too, and 0 follows 255", () => {
    const one = new Nodes();
    one.nodes.take(topic("NBIRTH", "N"), payload(254));
    const take = (type: NodeMessage, seq: number | null, device: string | null = null) =>
      one.nodes.take(topic(type, "N", device), payload(seq)).rebirth;
    expect(take("DBIRTH", 255, "D")).toBe(false);
    expect(take("DDATA", 0, "D")).toBe(false);
    expect(take("NCMD", null)).toBe(false);
    expect(take("NDATA", 1)).toBe(false);
    expect(take("DDEATH", 2, "D")).toBe(false);
    expect(one.stats.sparkplugGaps).toBe(0);
    expect(take("NDATA", 4)).toBe(true);
    expect(take("NDATA", 5)).toBe(false);
    expect(take("NDATA", 5)).toBe(true);
    expect(one.stats.sparkplugGaps).toBe(2);
    // A birth begins anew, whatever its number is.
    expect(take("NBIRTH", 77)).toBe(false);
    expect(take("NDATA", 78)).toBe(false);
    expect(one.stats.sparkplugGaps).toBe(2);
  });

  test("a birth of the node makes those of its devices void", () => {
    const one = new Nodes();
    one.birth("N", []);
    one.nodes.take(topic("DBIRTH", "N", "D"), payload(1));
    one.birth("N", []);
    expect(one.nodes.take(topic("DDATA", "N", "D"), payload(1)).rebirth).toBe(true);
  });
});

describe("bounds", () => {
  test("a flood of nodes, long names and births stays within them, and what was heard last is known", () => {
    const one = new Nodes();
    const random = new SeededRandom(3);
    const number = (below: number) =>
      (random.bytes(4).reduce((sum, byte) => sum * 256 + byte, 0) >>> 0) % below;
    for (let round = 0; round < 20_000; round++) {
      const name = `n${number(500)}${"x".repeat(number(200))}`;
      const metrics = Array.from({ length: number(20) }, (_, index) =>
        metric(`m${"y".repeat(number(100))}${index}`, index),
      );
      const device = number(3) === 0 ? `d${number(50)}` : null;
      one.birth(name, metrics, device);
      expect(one.nodes.sizeBytes).toBeLessThanOrEqual(MAX_BYTES);
      expect(one.nodes.sizeBytes).toBeGreaterThan(0);
      if (metrics.length > 0) expect(one.named(name, 0, device)).toBe(metrics[0]?.name ?? "");
    }
    expect(one.nodes.count).toBeGreaterThan(1);
    expect(one.nodes.count).toBeLessThan(MAX_BYTES / 512);
  });

  test("commands and data of nodes that were never born cost as little as they can", () => {
    const one = new Nodes();
    for (let node = 0; node < 10_000; node++) {
      one.nodes.take(topic("NCMD", `n${node}`), payload(null));
      one.nodes.take(topic("DDATA", `m${node}`, "d"), payload(1));
    }
    expect(one.nodes.sizeBytes).toBeLessThanOrEqual(MAX_BYTES);
  });

  test("a birth larger than all of it is forgotten, and its node is not", () => {
    const one = new Nodes(10_000);
    one.birth(
      "N",
      Array.from({ length: 1_000 }, (_, index) => metric(`m${index}`, index)),
    );
    expect(one.named("N", 5)).toBeNull();
    expect(one.nodes.sizeBytes).toBeLessThanOrEqual(10_000);
    expect(one.nodes.take(topic("NDATA", "N"), payload(1)).rebirth).toBe(true);
  });

  test("a name beyond the bound has no alias", () => {
    const one = new Nodes();
    one.birth("N", [metric("x".repeat(2_000), 1)]);
    expect(one.named("N", 1)).toBeNull();
  });

  test("a node's death is told of no more devices than a message may have records", () => {
    const one = new Nodes(100_000_000);
    one.birth("N", []);
    for (let device = 0; device < 6_000; device++) one.birth("N", [], `d${device}`);
    const { stale } = one.nodes.take(topic("NDEATH", "N"), payload(null));
    expect(stale.length).toBeGreaterThan(4_000);
    expect(stale.length).toBeLessThan(MAX_RECORDS);
  });
});

describe("topics", () => {
  test.each<[string, unknown]>([
    ["spBv1.0/G/NBIRTH/N", { kind: "node", prefix: "", group: "G", type: "NBIRTH", node: "N", device: null }],
    ["spBv1.0/G/DCMD/N/D", { kind: "node", prefix: "", group: "G", type: "DCMD", node: "N", device: "D" }],
    [
      "site/7/spBv1.0/G/NDATA/N",
      { kind: "node", prefix: "site/7/", group: "G", type: "NDATA", node: "N", device: null },
    ],
    ["spBv1.0/STATE/host", { kind: "state", host: "host" }],
    ["STATE/host", { kind: "state", host: "host" }],
    ["spBv1.0/G/NBIRTH", null],
    ["spBv1.0/G/NBIRTH/N/D", null],
    ["spBv1.0/G/DBIRTH/N", null],
    ["spBv1.0/G/DBIRTH/N/D/x", null],
    ["spBv1.0/G//N", null],
    ["spAv1.0/G/NBIRTH/N", null],
    ["$sparkplug/certificates/spBv1.0/G/NBIRTH/N", null],
    ["STATE/host/x", null],
  ])("%s", (mqttTopic, expected) => {
    expect(sparkplugTopic(mqttTopic)).toEqual(expected as SparkplugTopic | null);
  });
});
