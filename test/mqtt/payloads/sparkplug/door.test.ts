import { describe, expect, test } from "bun:test";
import { decodePayload, encodePayload, type UPayload } from "sparkplug-payload/lib/sparkplugbpayload.js";
import { org } from "sparkplug-payload/lib/sparkplugPayloadProto.js";
import { compileSchema } from "../../../../src/mqtt/payloads/json-schema.ts";
import type { RouteConfig } from "../../../../src/mqtt/routes.ts";
import { publishedMessages } from "../../support/published.ts";
import { publishPacket, Rig, subscribePacket } from "../../support/rig.ts";

const NOW = 1_767_000_000_000;
const ROUTE: RouteConfig = {
  filter: "spBv1.0/#",
  topic: "plant",
  key: { sparkplug: "metric" },
  timestamp: { payload: "timestamp" },
  payload: "sparkplug-b",
  sparkplug: { rebirthIntervalMs: 60_000, isAware: true },
};
const STATE: RouteConfig = {
  filter: "STATE/+",
  topic: "hosts",
  payload: "sparkplug-b",
  key: { sparkplug: "device" },
};
const REST: RouteConfig = { filter: "#", topic: "mqtt" };

function payload(seq: number | null, metrics: readonly object[], timestamp = NOW): Uint8Array {
  const message = seq === null ? { timestamp, metrics } : { timestamp, metrics, seq };
  return encodePayload(message as unknown as UPayload);
}

/** Metrics as DATA has them: alias and value, no name and no type. The protobuf definition alone writes those. */
function dataPayload(seq: number | null, metrics: readonly object[]): Uint8Array {
  const message = seq === null ? { timestamp: NOW, metrics } : { timestamp: NOW, metrics, seq };
  const { Payload } = org.eclipse.tahu.protobuf;
  return Payload.encode(Payload.create(message as object)).finish();
}

const BD = (value: number) => ({ name: "bdSeq", type: "Int64", value });
const NBIRTH = (bdSeq = 0, seq = 0) =>
  payload(seq, [BD(bdSeq), { name: "Load", alias: 1, timestamp: NOW + 1, type: "Int8", value: -3 }]);
const DBIRTH = (seq: number) =>
  payload(seq, [{ name: "Motor/Temp", alias: 2, timestamp: NOW + 2, type: "Float", value: 21.1 }]);
const byAlias = (alias: number, intValue: number) => ({ alias, timestamp: NOW + 3, intValue });

class Plant {
  readonly rig: Rig;
  readonly device;

  constructor(route: Partial<RouteConfig> = {}) {
    this.rig = new Rig({}, [{ ...ROUTE, ...route }, STATE, REST]);
    this.device = this.rig.connect(4, "edge");
  }

  send(topic: string, bytes: Uint8Array): void {
    this.device.feed(publishPacket(topic, bytes));
  }

  /** Records since the last time, as values and keys. */
  rows(): [string | null, Record<string, unknown>][] {
    const rows = this.rig.ingest.records.splice(0);
    return rows.map(({ key, text }) => [key, JSON.parse(text) as Record<string, unknown>]);
  }

  values(): Record<string, unknown>[] {
    return this.rows().map(([, value]) => value);
  }
}

describe("births, data and deaths", () => {
  test("a metric is a record; names and types of data come from the birth; keys, times and one partition a node", () => {
    const plant = new Plant();
    plant.send("spBv1.0/G/NBIRTH/N", NBIRTH());
    plant.send("spBv1.0/G/DBIRTH/N/D", DBIRTH(1));
    plant.send("spBv1.0/G/NDATA/N", dataPayload(2, [byAlias(1, 0xfffffffe)]));
    plant.send("spBv1.0/G/DDATA/N/D", dataPayload(3, [{ alias: 2, timestamp: NOW + 4, floatValue: 0.5 }]));
    expect(plant.rig.ingest.placements).toEqual(Array.from({ length: 4 }, () => ["plant", "G/N"]));
    const timestamps = plant.rig.ingest.records.map(({ timestampMs }) => timestampMs - NOW);
    expect(timestamps).toEqual([0, 0, 1, 0, 2, 3, 4]);
    const node = { group: "G", node: "N" };
    const device = { ...node, device: "D" };
    expect(plant.rows()).toEqual([
      ["G/N", { ...node, type: "NBIRTH", timestamp: NOW, online: true, bdSeq: 0, seq: 0 }],
      [
        "G/N/bdSeq",
        { ...node, type: "NBIRTH", name: "bdSeq", timestamp: NOW, datatype: "Int64", value: 0, seq: 0 },
      ],
      [
        "G/N/Load",
        {
          ...node,
          type: "NBIRTH",
          name: "Load",
          alias: 1,
          timestamp: NOW + 1,
          datatype: "Int8",
          value: -3,
          seq: 0,
        },
      ],
      ["G/N/D", { ...device, type: "DBIRTH", timestamp: NOW, online: true, seq: 1 }],
      [
        "G/N/D/Motor/Temp",
        {
          ...device,
          type: "DBIRTH",
          name: "Motor/Temp",
          alias: 2,
          timestamp: NOW + 2,
          datatype: "Float",
          value: 21.1,
          seq: 1,
        },
      ],
      [
        "G/N/Load",
        {
          ...node,
          type: "NDATA",
          name: "Load",
          alias: 1,
          timestamp: NOW + 3,
          datatype: "Int8",
          value: -2,
          seq: 2,
        },
      ],
      [
        "G/N/D/Motor/Temp",
        {
          ...device,
          type: "DDATA",
          name: "Motor/Temp",
          alias: 2,
          timestamp: NOW + 4,
          datatype: "Float",
          value: 0.5,
          seq: 3,
        },
      ],
    ]);
    expect(plant.rig.door.stats()).toMatchObject({
      sparkplugGaps: 0,
      sparkplugUnknownAliases: 0,
      sparkplugRebirths: 0,
    });
  });

  test("a key of the device, or of the route", () => {
    const plant = new Plant({ key: { sparkplug: "device" } });
    plant.send("spBv1.0/G/DDATA/N/D", payload(3, [{ name: "x", type: "Int8", value: 1 }]));
    const own = new Plant({ key: "all" });
    own.send("spBv1.0/G/DDATA/N/D", payload(3, [{ name: "x", type: "Int8", value: 1 }]));
    expect([plant.rows()[0]?.[0], own.rows()[0]?.[0]]).toEqual(["G/N/D", "all"]);
  });

  test("with a deadband births are stored whatever they say, and what is historical is compared with nothing", () => {
    const plant = new Plant({ deadband: { value: "0.5" } });
    const temperature = (value: number, more: object = {}) => [
      { name: "T", type: "Double", timestamp: NOW, value, ...more },
    ];
    plant.send("spBv1.0/G/NBIRTH/N", payload(0, temperature(20)));
    plant.send("spBv1.0/G/NDATA/N", payload(1, temperature(20.4)));
    plant.send("spBv1.0/G/NDATA/N", payload(2, temperature(5, { isHistorical: true })));
    plant.send("spBv1.0/G/NDATA/N", payload(3, temperature(20.2)));
    plant.send("spBv1.0/G/NDATA/N", payload(4, temperature(0, { isNull: true, value: null })));
    plant.send("spBv1.0/G/NDATA/N", payload(5, temperature(20)));
    plant.send("spBv1.0/G/NBIRTH/N", payload(0, temperature(20)));
    const metrics = plant.values().filter(({ name }) => name === "T");
    expect(metrics.map(({ type, value, seq }) => [type, value, seq])).toEqual([
      ["NBIRTH", 20, 0],
      ["NDATA", 5, 2],
      ["NDATA", null, 4],
      ["NDATA", 20, 5],
      ["NBIRTH", 20, 0],
    ]);
    expect(plant.rig.door.stats()).toMatchObject({ recordsUnchanged: 2, sparkplugGaps: 0 });
  });

  test("metrics are checked, picked and renamed as any record is; what is said of nodes is not", () => {
    const schemaCheck = compileSchema({ properties: { value: { type: "number" } }, required: ["value"] });
    const plant = new Plant({ schemaCheck, select: ["name", "value"], rename: { value: "v" } });
    plant.send("spBv1.0/G/NBIRTH/N", payload(0, [{ name: "T", type: "Double", timestamp: NOW, value: 68 }]));
    plant.send("spBv1.0/G/NDATA/N", payload(1, [{ name: "T", type: "String", timestamp: NOW, value: "x" }]));
    const [status, metric, letter] = plant.rig.ingest.records;
    expect(JSON.parse(status?.text ?? "")).toMatchObject({ type: "NBIRTH", online: true });
    expect(metric?.text).toBe('{"name":"T","v":68}');
    expect(letter?.topic).toBe("dlq.mqtt");
  });

  test("a node's death is one record, and one for each of its devices; a late one of an earlier connection changes nothing", () => {
    const plant = new Plant();
    plant.send("spBv1.0/G/NBIRTH/N", NBIRTH(6));
    plant.send("spBv1.0/G/DBIRTH/N/D", DBIRTH(1));
    plant.rows();
    const arrival = plant.rig.clock.nowMs();
    plant.send("spBv1.0/G/NDEATH/N", payload(null, [BD(5)]));
    const node = { group: "G", node: "N", type: "NDEATH", timestamp: arrival };
    expect(plant.values()).toEqual([{ ...node, online: true, late: true, bdSeq: 5 }]);
    plant.send("spBv1.0/G/NDEATH/N", payload(null, [BD(6)]));
    expect(plant.rows()).toEqual([
      ["G/N", { ...node, online: false, stale: true, bdSeq: 6 }],
      ["G/N/D", { ...node, device: "D", online: false, stale: true }],
    ]);
    plant.send("spBv1.0/G/NDEATH/N", payload(null, [BD(6)]));
    expect(plant.values()).toHaveLength(1);
  });

  test("a device's death, and commands, which have no sequence", () => {
    const plant = new Plant();
    plant.send("spBv1.0/G/NBIRTH/N", NBIRTH());
    plant.send("spBv1.0/G/DBIRTH/N/D", DBIRTH(1));
    plant.rows();
    plant.send("spBv1.0/G/NCMD/N", dataPayload(null, [byAlias(1, 9)]));
    plant.send("spBv1.0/G/DDEATH/N/D", payload(2, []));
    expect(plant.values()).toMatchObject([
      { type: "NCMD", name: "Load", value: 9 },
      { device: "D", type: "DDEATH", timestamp: NOW, online: false, stale: true, seq: 2 },
    ]);
    expect(plant.rig.door.stats().sparkplugGaps).toBe(0);
  });

  test("a will is a death like any other", () => {
    const plant = new Plant();
    const will = { topic: "spBv1.0/G/NDEATH/M", payload: "\x08\x01" };
    plant.rig.connect(4, "other", { will }).break();
    expect(plant.values()).toMatchObject([{ node: "M", type: "NDEATH", online: false, stale: true }]);
  });

  test("host applications: JSON, and the texts before 3.0", () => {
    const plant = new Plant();
    plant.send("spBv1.0/STATE/scada", Buffer.from(`{"online":true,"timestamp":${NOW}}`));
    plant.send("STATE/scada", Buffer.from("OFFLINE"));
    plant.send("STATE/scada", Buffer.from("maybe"));
    const rows = plant.rig.ingest.records.map(({ topic, key, text }) => [topic, key, text]);
    expect(rows).toEqual([
      ["plant", "scada", `{"host":"scada","type":"STATE","timestamp":${NOW},"online":true}`],
      ["hosts", "scada", '{"host":"scada","type":"STATE","online":false}'],
      ["dlq.mqtt", "scada", "maybe"],
    ]);
  });

  test.each([
    ["spBv1.0/G/NOTHING/N", "the topic is none of Sparkplug B's"],
    ["spBv1.0/G/NDATA/N/D", "the topic is none of Sparkplug B's"],
    ["spBv1.0/G/DDATA/N", "the topic is none of Sparkplug B's"],
    ["spBv1.0/G/NDATA/N", "not a Sparkplug payload: the end comes too early"],
  ])("what is no message of %s is a dead letter", (topic, reason) => {
    const plant = new Plant();
    plant.send(topic, Uint8Array.of(8, 0x80));
    const [letter, ...others] = plant.rig.ingest.records;
    expect(others).toEqual([]);
    expect(letter?.topic).toBe("dlq.mqtt");
    expect(letter?.headers).toContainEqual(["headwater.dead-letter.reason", reason]);
  });
});

describe("what is missing is asked for", () => {
  function commandsOf(plant: Plant): { watcher: ReturnType<Rig["connect"]>; take(): unknown[] } {
    const watcher = plant.rig.connect(4, "node");
    watcher.feed(subscribePacket(4, 1, [["spBv1.0/G/NCMD/+", 0]]));
    watcher.take();
    const take = () => {
      plant.rig.settle();
      return publishedMessages(watcher.take()).map(({ topic, payload: bytes }) => {
        const { metrics } = decodePayload(bytes);
        return [topic, ...(metrics ?? []).map(({ name, value }) => [name, value])];
      });
    };
    return { watcher, take };
  }
  const REQUEST = ["spBv1.0/G/NCMD/N", ["Node Control/Rebirth", true]];

  test("an alias that no birth has told of is kept, and counted; once a minute and node", () => {
    const plant = new Plant();
    const commands = commandsOf(plant);
    plant.send("spBv1.0/G/NDATA/N", dataPayload(7, [byAlias(1, 5)]));
    expect(plant.values()[0]).toEqual({
      group: "G",
      node: "N",
      type: "NDATA",
      alias: 1,
      timestamp: NOW + 3,
      value: 5,
      seq: 7,
    });
    expect(commands.take()).toEqual([REQUEST]);
    plant.send("spBv1.0/G/NDATA/N", dataPayload(8, [byAlias(1, 5)]));
    expect(commands.take()).toEqual([]);
    plant.rig.clock.advance(60_000);
    plant.send("spBv1.0/G/NDATA/N", dataPayload(9, [byAlias(1, 5)]));
    expect(commands.take()).toEqual([REQUEST]);
    expect(plant.rig.door.stats()).toMatchObject({
      sparkplugUnknownAliases: 3,
      sparkplugRebirths: 2,
      sparkplugGaps: 0,
    });
  });

  test("the request is a record too, and a gap in the numbers asks for one", () => {
    const plant = new Plant();
    const commands = commandsOf(plant);
    plant.send("spBv1.0/G/NBIRTH/N", NBIRTH(0, 255));
    plant.send("spBv1.0/G/NDATA/N", dataPayload(0, [byAlias(1, 5)]));
    plant.rows();
    expect(commands.take()).toEqual([]);
    plant.send("spBv1.0/G/NDATA/N", dataPayload(2, [byAlias(1, 6)]));
    expect(commands.take()).toEqual([REQUEST]);
    expect(plant.values().map(({ type, name, value }) => [type, name, value])).toEqual([
      ["NDATA", "Load", 6],
      ["NCMD", "Node Control/Rebirth", true],
    ]);
    expect(plant.rig.door.stats()).toMatchObject({ sparkplugGaps: 1, sparkplugRebirths: 1 });
  });

  test("data of a device without a birth, or after its node's death", () => {
    const plant = new Plant({ sparkplug: { rebirthIntervalMs: 0, isAware: false } });
    const commands = commandsOf(plant);
    plant.send("spBv1.0/G/NBIRTH/N", NBIRTH());
    plant.send("spBv1.0/G/DDATA/N/D", payload(1, [{ name: "x", type: "Int8", value: 1 }]));
    expect(commands.take()).toEqual([REQUEST]);
    plant.send("spBv1.0/G/NDEATH/N", payload(null, [BD(0)]));
    expect(commands.take()).toEqual([]);
    plant.send("spBv1.0/G/NDATA/N", payload(2, [{ name: "x", type: "Int8", value: 1 }]));
    expect(commands.take()).toEqual([REQUEST]);
  });

  test("nobody is asked where the route does not say so", () => {
    const plant = new Plant({ sparkplug: { rebirthIntervalMs: -1, isAware: false } });
    const commands = commandsOf(plant);
    plant.send("spBv1.0/G/NDATA/N", dataPayload(7, [byAlias(1, 5)]));
    expect(commands.take()).toEqual([]);
    expect(plant.rig.door.stats()).toMatchObject({ sparkplugUnknownAliases: 1, sparkplugRebirths: 0 });
  });

  test("not more than 32 nodes a second, however many there are", () => {
    const plant = new Plant();
    for (let node = 0; node < 100; node++) plant.send(`spBv1.0/G/NDATA/N${node}`, payload(7, []));
    expect(plant.rig.door.stats().sparkplugRebirths).toBe(32);
  });
});

test("what comes below a prefix has keys and a partition of its own, which no other node or device has", () => {
  const plant = new Plant({ filter: "#", sparkplug: { rebirthIntervalMs: 60_000, isAware: false } });
  plant.send("spBv1.0/G/NBIRTH/N", NBIRTH());
  plant.send("spBv1.0/G/DBIRTH/N/D", DBIRTH(1));
  const theirs = plant.rows().map(([key]) => key);
  plant.send("site/spBv1.0/G/NBIRTH/N", NBIRTH());
  plant.send("site/spBv1.0/G/DBIRTH/N/D", DBIRTH(1));
  // As a device of the node G/N would be called, were it not for the namespace.
  plant.send("G/spBv1.0/N/NBIRTH/D", NBIRTH());
  expect([...new Set(plant.rig.ingest.placements.map(([, placement]) => placement))]).toEqual([
    "G/N",
    "site/spBv1.0/G/N",
    "G/spBv1.0/N/D",
  ]);
  const prefixed = plant.rows().map(([key]) => key);
  expect(prefixed).toContain("site/spBv1.0/G/N/D/Motor/Temp");
  expect(prefixed).toContain("G/spBv1.0/N/D/Load");
  expect(prefixed.filter((key) => theirs.includes(key))).toEqual([]);
});

describe("an aware server", () => {
  test("[tck-id-conformance-mqtt-aware-nbirth-mqtt-retain] the latest births are retained, as they came", () => {
    const plant = new Plant();
    plant.send("spBv1.0/G/NBIRTH/N", NBIRTH(1));
    plant.send("spBv1.0/G/NBIRTH/N", NBIRTH(2));
    plant.send("spBv1.0/G/DBIRTH/N/D", DBIRTH(1));
    plant.rig.settle();
    const late = plant.rig.connect(4, "late");
    late.feed(subscribePacket(4, 1, [["$sparkplug/certificates/#", 0]]));
    plant.rig.settle();
    const found = publishedMessages(late.take());
    expect(found.map(({ topic, retain }) => [topic, retain]).sort()).toEqual([
      ["$sparkplug/certificates/spBv1.0/G/DBIRTH/N/D", true],
      ["$sparkplug/certificates/spBv1.0/G/NBIRTH/N", true],
    ]);
    const birth = found.find(({ topic }) => topic.endsWith("NBIRTH/N"));
    expect(Buffer.from(birth?.payload ?? []).equals(Buffer.from(NBIRTH(2)))).toBe(true);
    // They are in no topic of their own.
    expect(new Set(plant.rig.ingest.records.map(({ topic }) => topic))).toEqual(new Set(["plant"]));
  });

  test("clients can't publish certificates themselves", () => {
    const plant = new Plant();
    plant.send("$sparkplug/certificates/spBv1.0/G/NBIRTH/N", NBIRTH());
    expect(plant.rows()).toEqual([]);
  });

  test("[tck-id-conformance-mqtt-aware-ndeath-timestamp] a death has the time at which it is delivered", () => {
    const plant = new Plant();
    const watcher = plant.rig.connect(4, "watcher");
    watcher.feed(subscribePacket(4, 1, [["spBv1.0/#", 0]]));
    watcher.take();
    const will = { topic: "spBv1.0/G/NDEATH/M", payload: "\x08\x01" };
    plant.rig.connect(4, "other", { will }).break();
    plant.rig.settle();
    const [death] = publishedMessages(watcher.take());
    expect(Number(decodePayload(death?.payload ?? new Uint8Array(0)).timestamp)).toBe(
      plant.rig.clock.nowMs(),
    );
    const broken = { topic: "spBv1.0/G/NDEATH/M", payload: "\x0b" };
    plant.rig.connect(4, "third", { will: broken }).break();
    plant.rig.settle();
    expect(publishedMessages(watcher.take()).map((one) => Buffer.from(one.payload).toString())).toEqual([
      "\x0b",
    ]);
  });
});
