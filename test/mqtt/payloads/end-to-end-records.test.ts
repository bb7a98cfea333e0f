import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import mqtt, { type MqttClient } from "mqtt";
import { decodePayload, encodePayload, type UPayload } from "sparkplug-payload/lib/sparkplugbpayload.js";
import { type Headwater, startHeadwater } from "../../support/headwater.ts";

// A whole gateway: MQTT.js publishes, KafkaJS reads what the routes make of it, Prometheus the counts.

const START_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), "headwater-records-"));
const schema = join(folder, "reading.json");
let headwater: Headwater;

beforeAll(async () => {
  writeFileSync(
    schema,
    JSON.stringify({
      type: "object",
      required: ["temperature"],
      properties: { temperature: { type: "number", maximum: 500 } },
    }),
  );
  const routes = `[
    { filter = "d/{key}", topic = "readings", payload = "json", schema = ${JSON.stringify(schema)}, select = ["temperature", "status.rssi"], rename = { status.rssi = "rssi" }, convert = { temperature = "degF -> Cel" }, deadband = { temperature = 0.5 }, errors.deadletterqueue.topic.name = "bad" },
    { filter = "spBv1.0/#", topic = "plant", payload = "sparkplug-b", key = "sparkplug:metric", sparkplug.rebirth.ms = "1s", sparkplug.aware = true },
  ]`;
  headwater = await startHeadwater({
    settings: { "mqtt.route": routes, "group.initial.rebalance.delay.ms": "0" },
  });
}, START_MS);
afterAll(async () => {
  await headwater?.dispose();
  rmSync(folder, { recursive: true, force: true });
}, START_MS);

let readers = 0;

/** The first so many records of a topic, as key and text. */
async function readTopic(topic: string, count: number): Promise<(readonly [string, string])[]> {
  const kafka = new Kafka({ brokers: [headwater.kafka], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `read-${readers++}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    const read: (readonly [string, string])[] = [];
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          read.push([String(message.key), String(message.value)]);
          if (read.length === count) resolve();
        },
      });
    });
    return read;
  } finally {
    await consumer.disconnect();
  }
}

function connect(clientId: string): Promise<MqttClient> {
  return mqtt.connectAsync(`mqtt://${headwater.mqtt}`, { protocolVersion: 5, clientId, reconnectPeriod: 0 });
}

test(
  "records are checked, converted, picked, renamed, and left out while they do not change; the first after a start is not",
  async () => {
    const device = await connect("sensor");
    const send = (client: MqttClient, temperature: string) =>
      client.publishAsync("d/7", `{"temperature":${temperature},"status":{"rssi":-60.50},"noise":1}`, {
        qos: 1,
      });
    await send(device, "68");
    await send(device, "68.5");
    await send(device, "70");
    await send(device, "501");
    await device.endAsync();
    const before = await (await fetch(`http://${headwater.http}/metrics`)).text();
    expect(before).toContain("headwater_mqtt_records_unchanged_total 1");
    await headwater.stop();
    await headwater.restart();
    const again = await connect("sensor");
    await send(again, "70");
    await again.endAsync();
    const expected = ["20", "21.1111111111111", "21.1111111111111"];
    expect(await readTopic("readings", 3)).toEqual(
      expected.map((temperature) => ["7", `{"temperature":${temperature},"rssi":-60.50}`] as const),
    );
    expect(await readTopic("bad", 1)).toEqual([
      ["7", '{"temperature":501,"status":{"rssi":-60.50},"noise":1}'],
    ]);
  },
  START_MS,
);

test(
  "a Sparkplug edge node: metrics by name, births that late subscribers get, a rebirth after a gap, and its death",
  async () => {
    const encode = (message: object) => Buffer.from(encodePayload(message as UPayload));
    const at = Date.now();
    const bdSeq = { name: "bdSeq", type: "Int64", value: 4 };
    const birth = encode({
      timestamp: at,
      seq: 0,
      metrics: [bdSeq, { name: "Load", alias: 9, type: "Int64", value: -5, timestamp: at }],
    });
    const will = {
      topic: "spBv1.0/G/NDEATH/N",
      payload: encode({ timestamp: 1, metrics: [bdSeq] }),
      qos: 1,
      retain: false,
    } as const;
    const url = `mqtt://${headwater.mqtt}`;
    const node = await mqtt.connectAsync(url, { clientId: "node", will, reconnectPeriod: 0 });
    await node.publishAsync("spBv1.0/G/NBIRTH/N", birth, { qos: 1 });
    await node.publishAsync(
      "spBv1.0/G/NDATA/N",
      encode({
        timestamp: at,
        seq: 1,
        metrics: [{ alias: 9, name: "Load", type: "Int64", value: 6, timestamp: at }],
      }),
      { qos: 1 },
    );

    const host = await connect("host");
    const messages: (readonly [string, Buffer, boolean])[] = [];
    let arrived = () => {};
    host.on("message", (topic, payload, { retain }) => {
      messages.push([topic, payload, retain]);
      arrived();
    });
    const next = async (count: number) => {
      while (messages.length < count)
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
    };
    await host.subscribeAsync(["$sparkplug/certificates/#", "spBv1.0/+/NCMD/#", "spBv1.0/+/NDEATH/#"]);
    await next(1);
    expect(messages[0]?.[0]).toBe("$sparkplug/certificates/spBv1.0/G/NBIRTH/N");
    expect(messages[0]?.[1].equals(birth)).toBe(true);
    expect(messages[0]?.[2]).toBe(true);

    // A gap in the numbers: the gateway asks for the births again.
    await node.publishAsync("spBv1.0/G/NDATA/N", encode({ timestamp: at, seq: 9, metrics: [] }), { qos: 1 });
    await next(2);
    expect(messages[1]?.[0]).toBe("spBv1.0/G/NCMD/N");
    expect(decodePayload(messages[1]?.[1] ?? Buffer.alloc(0)).metrics?.[0]).toMatchObject({
      name: "Node Control/Rebirth",
      value: true,
    });

    node.stream.destroy();
    await next(3);
    expect(messages[2]?.[0]).toBe("spBv1.0/G/NDEATH/N");
    expect(Number(decodePayload(messages[2]?.[1] ?? Buffer.alloc(0)).timestamp)).toBeGreaterThanOrEqual(at);
    await host.endAsync();

    const rows = (await readTopic("plant", 7)).map(
      ([key, text]) => [key, JSON.parse(text) as Record<string, unknown>] as const,
    );
    expect(
      rows.map(([key, { type, name, value, online }]) => [key, type, name ?? null, value ?? online ?? null]),
    ).toEqual([
      ["G/N", "NBIRTH", null, true],
      ["G/N/bdSeq", "NBIRTH", "bdSeq", 4],
      ["G/N/Load", "NBIRTH", "Load", -5],
      ["G/N/Load", "NDATA", "Load", 6],
      ["G/N", "NDATA", null, null],
      ["G/N/Node Control/Rebirth", "NCMD", "Node Control/Rebirth", true],
      ["G/N", "NDEATH", null, false],
    ]);
    const metrics = await (await fetch(`http://${headwater.http}/metrics`)).text();
    expect(metrics).toContain("headwater_sparkplug_sequence_gaps_total 1");
    expect(metrics).toContain("headwater_sparkplug_rebirth_requests_total 1");
  },
  START_MS,
);
