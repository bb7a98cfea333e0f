import { afterAll, beforeAll, describe, expect } from "bun:test";
import mqtt from "mqtt";
import { KAFKA_CLIENTS } from "./kafka-clients.ts";
import { Results } from "./results.ts";
import { REFERENCE, startTarget, type Target } from "./target.ts";
import { required } from "./tools.ts";

/** The broker dies three times under devices that publish: whatever had its PUBACK is there, in order. */
const START_MS = 60_000;
const READINGS = 600;
const EVERY_MS = 5;
const CRASH_AFTER_MS = 800;
const CRASHES = 3;
const results = new Results("mqtt-crash");
let target: Target;

describe.skipIf(REFERENCE)("QoS 1 over crashes", () => {
  beforeAll(async () => {
    target = await startTarget();
  }, START_MS);
  afterAll(() => target?.stop(), START_MS);

  const reader = KAFKA_CLIENTS.find(({ name }) => name === "franz-go");
  const reason = required(reader?.missing() ?? null);
  for (const version of [4, 5] as const) {
    const name = `MQTT.js ${version === 4 ? "3.1.1" : "5"}`;
    results.test(name, "nothing acknowledged is lost over crashes", reason, async () => {
      const device = `crashed-${version}`;
      const acked = await publishOverCrashes(device, version);
      expect(acked.length).toBe(READINGS);
      const bootstrap = target.kafka;
      const place = { bootstrap, topic: "telemetry", partition: 0 };
      const count = Number(await reader?.offset?.({ ...place, timestampMs: -1 }));
      const read = (await reader?.consume?.({ ...place, offset: 0, count })) ?? [];
      const values = read.filter((record) => record.key === device).map((record) => Number(record.value));
      // A reading whose PUBACK was lost with the broker comes again: once or more, never out of order at first.
      const firsts = [...new Set(values)];
      expect(firsts).toEqual(Array.from({ length: READINGS }, (_, index) => index));
    });
  }
});

/** Returns the readings that were acknowledged. The client reconnects and sends again what was not. */
async function publishOverCrashes(device: string, protocolVersion: 4 | 5): Promise<readonly number[]> {
  const options = { protocolVersion, clientId: device, clean: false, reconnectPeriod: 50 } as const;
  const client = await mqtt.connectAsync(`mqtt://${target.mqtt}`, options);
  client.on("error", () => {});
  const acked: number[] = [];
  const sent: Promise<unknown>[] = [];
  const crashing = (async () => {
    for (let crash = 0; crash < CRASHES; crash += 1) {
      await Bun.sleep(CRASH_AFTER_MS);
      await target.crash();
    }
  })();
  for (let index = 0; index < READINGS; index += 1) {
    const publish = client.publishAsync(`devices/${device}/level`, String(index), { qos: 1 });
    sent.push(publish.then(() => acked.push(index)));
    await Bun.sleep(EVERY_MS);
  }
  await crashing;
  await Promise.all(sent);
  await client.endAsync();
  return acked;
}
