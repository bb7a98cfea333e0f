import { afterAll, beforeAll, describe, expect } from "bun:test";
import mqtt from "mqtt";
import { KAFKA_CLIENTS } from "./kafka-clients.ts";
import { Results } from "./results.ts";
import { REFERENCE, startTarget, type Target } from "./target.ts";
import { required } from "./tools.ts";

/**
 * The broker dies again and again while commands are produced and delivered: each device has in the end what is in
 * the topic, once, in its order.
 */
const START_MS = 60_000;
const COMMANDS = 900;
/** After every hundred commands. */
const PAUSE_MS = 400;
const CRASH_AFTER_MS = 700;
const CRASHES = 4;
const END_MS = 30_000;
const DOWNLINK = '[{topic = "commands", target = "devices/{key}/commands", qos = 2}]';
const results = new Results("mqtt-downlink-crash");
const producer = KAFKA_CLIENTS.find(({ name }) => name === "franz-go");
let target: Target;

describe.skipIf(REFERENCE)("QoS 2 out of Kafka over crashes", () => {
  const reason = required(producer?.missing() ?? null);
  beforeAll(async () => {
    target = await startTarget({ settings: { "mqtt.downlink": DOWNLINK } });
    const shape = { bootstrap: target.kafka, topic: "commands", partitions: 1, configs: {} };
    if (reason === null) await producer?.createTopic?.(shape);
  }, START_MS);
  afterAll(() => target?.stop(), START_MS);

  for (const version of [4, 5] as const) {
    const name = `MQTT.js ${version === 4 ? "3.1.1" : "5"}`;
    results.test(name, "every command once over crashes", reason, async () => {
      const device = `commanded-${version}`;
      const received = await commandOverCrashes(device, version);
      const place = { bootstrap: target.kafka, topic: "commands", partition: 0 };
      const count = Number(await producer?.offset?.({ ...place, timestampMs: -1 }));
      const read = (await producer?.consume?.({ ...place, offset: 0, count })) ?? [];
      const wanted = read.filter((record) => record.key === device).map((record) => String(record.value));
      expect(new Set(wanted).size).toBe(COMMANDS);
      const deadline = Date.now() + END_MS;
      while (received.length < wanted.length && Date.now() < deadline) await Bun.sleep(50);
      expect(received).toEqual(wanted);
    });
  }
});

/** Produces and listens while the broker dies; what was received grows on for a while. */
async function commandOverCrashes(device: string, protocolVersion: 4 | 5): Promise<readonly string[]> {
  const client = await mqtt.connectAsync(`mqtt://${target.mqtt}`, {
    protocolVersion,
    clientId: device,
    clean: false,
    reconnectPeriod: 50,
    // The session is the broker's to keep.
    resubscribe: false,
    ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 600 } } : {}),
  });
  client.on("error", () => {});
  const received: string[] = [];
  client.on("message", (_, payload) => received.push(payload.toString()));
  await client.subscribeAsync(`devices/${device}/commands`, { qos: 2 });
  const crashing = (async () => {
    for (let crash = 0; crash < CRASHES; crash += 1) {
      await Bun.sleep(CRASH_AFTER_MS);
      await target.crash();
    }
  })();
  const records = Array.from({ length: COMMANDS }, (_, n) => ({
    partition: 0,
    key: device,
    value: `do ${n}`,
    headers: [],
    timestampMs: null,
  }));
  await producer?.produce?.({ bootstrap: target.kafka, topic: "commands", records, pauseMs: PAUSE_MS });
  await crashing;
  return received;
}
