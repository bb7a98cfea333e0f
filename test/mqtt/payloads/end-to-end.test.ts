import { afterAll, beforeAll, expect, test } from "bun:test";
import { Encoder } from "cbor-x";
import { Kafka, logLevel } from "kafkajs";
import mqtt from "mqtt";
import { type Headwater, startHeadwater } from "../../support/headwater.ts";

// A whole gateway: MQTT.js publishes packs, KafkaJS reads measurements and dead letters, Prometheus the counts.

const START_MS = 60_000;
const ROUTES = `[
  { filter = "json/{key}", topic = "measurements", payload = "senml+json" },
  { filter = "cbor/{key}", topic = "measurements", payload = "senml+cbor" },
  { filter = "list/{key}", topic = "readings", payload = "json", split = "payload:r", key = "payload:id", errors.deadletterqueue.topic.name = "dlq.list" },
]`;
const encoder = new Encoder({ useRecords: false, mapsAsObjects: false, ...{ useTag259ForMaps: false } });
let headwater: Headwater;

beforeAll(async () => {
  headwater = await startHeadwater({
    settings: { "mqtt.route": ROUTES, "group.initial.rebalance.delay.ms": "0" },
  });
}, START_MS);
afterAll(() => headwater?.dispose(), START_MS);

interface Read {
  readonly key: string;
  readonly value: string;
  readonly timestampMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

async function readTopic(topic: string, count: number): Promise<readonly Read[]> {
  const kafka = new Kafka({ brokers: [headwater.kafka], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `read-${topic}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    const read: Read[] = [];
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
          read.push({
            key: String(message.key),
            value: String(message.value),
            timestampMs: Number(message.timestamp),
            headers: Object.fromEntries(headers),
          });
          if (read.length === count) resolve();
        },
      });
    });
    return read;
  } finally {
    await consumer.disconnect();
  }
}

test(
  "packs become measurements, what is broken becomes dead letters, and every publish is acknowledged",
  async () => {
    const client = await mqtt.connectAsync(`mqtt://${headwater.mqtt}`, {
      protocolVersion: 5,
      clientId: "sensor-7",
      reconnectPeriod: 0,
    });
    const send = (topic: string, payload: string | Uint8Array) =>
      client.publishAsync(topic, typeof payload === "string" ? payload : Buffer.from(payload), { qos: 1 });
    await send("json/m1", '[{"bn":"m1/","bt":1.7e9,"bu":"Cel","n":"a","v":21.5},{"n":"b","t":1,"v":22}]');
    const record = new Map<number, unknown>([
      [-2, "m2/"],
      [-3, 1.7e9],
      [0, "c"],
      [2, 3],
    ]);
    await send("cbor/m2", encoder.encode([record]));
    await send("cbor/m2", Uint8Array.of(0x81, 0xd8, 0x1b, 0x82));
    await send("list/m3", '{"r":[{"id":"x","v":1},{"id":"y","v":2}]}');
    await send("list/m3", '{"r":[{"id":"x","v":1},{"v":2}]}');
    await client.endAsync();

    const t = 1_700_000_000;
    expect(
      (await readTopic("measurements", 3)).map(({ key, value, timestampMs }) => [key, value, timestampMs]),
    ).toEqual([
      ["m1/a", `{"n":"m1/a","u":"Cel","v":21.5,"t":${t}}`, t * 1_000],
      ["m1/b", `{"n":"m1/b","u":"Cel","v":22,"t":${t + 1}}`, (t + 1) * 1_000],
      ["m2/c", `{"n":"m2/c","v":3,"t":${t}}`, t * 1_000],
    ]);
    expect((await readTopic("readings", 2)).map(({ key, value }) => [key, value])).toEqual([
      ["x", '{"id":"x","v":1}'],
      ["y", '{"id":"y","v":2}'],
    ]);
    expect((await readTopic("dlq.mqtt", 1))[0]?.headers).toEqual({
      "mqtt.topic": "cbor/m2",
      "mqtt.route": "cbor/{key}",
      "mqtt.client-id": "sensor-7",
      "headwater.dead-letter.reason": "not CBOR that is taken: tag 27 is not taken",
    });
    const [letter] = await readTopic("dlq.list", 1);
    expect(letter?.value).toBe('{"r":[{"id":"x","v":1},{"v":2}]}');
    expect(letter?.headers["headwater.dead-letter.reason"]).toBe('no key at "id"');
    const metrics = await (await fetch(`http://${headwater.http}/metrics`)).text();
    expect(metrics).toContain("headwater_mqtt_dead_letters_total 2");
  },
  START_MS,
);
