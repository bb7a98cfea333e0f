import { afterAll, beforeAll, describe, expect } from "bun:test";
import { heard, type MqttSession, type MqttSessionClient } from "./clients/mqtt-session.ts";
import { MQTT_SESSION_CLIENTS } from "./clients/mqtt-session-clients.ts";
import { mqttjs } from "./clients/mqttjs-session.ts";
import { KAFKA_CLIENTS } from "./kafka-clients.ts";
import { Results } from "./results.ts";
import { REFERENCE, startTarget, type Target } from "./target.ts";
import { required } from "./tools.ts";

/**
 * What only a broker with logs has: MQTT clients that read what was published before, and records of Kafka programs
 * that reach MQTT clients, those that were away and those of a broker that died meanwhile.
 */
const START_MS = 60_000;
const RECEIVED_MS = 20_000;
const DOWNLINK =
  '[{topic = "commands", target = "devices/{key}/commands", qos = 2, reports.topic = "reports"}]';
const PLAIN = mqttjs("5");
const PRODUCERS = ["kcat", "java"] as const;
const results = new Results("mqtt-history");
let target: Target;

describe.skipIf(REFERENCE)("history and commands", () => {
  beforeAll(async () => {
    target = await startTarget({ settings: { "mqtt.downlink": DOWNLINK } });
  }, START_MS);
  afterAll(() => target?.stop(), START_MS);

  for (const [index, client] of MQTT_SESSION_CLIENTS.entries()) {
    const name = client.name.replaceAll(/[ .]/g, "-");
    const connect = (durable: boolean) =>
      client.connect({ address: target.mqtt, clientId: `${name}-${durable}`, durable });

    for (const qos of [0, 1, 2] as const) {
      const feature = "replay, then live";
      results.test(
        client.name,
        feature,
        required(client.missing()),
        () => replay(client, name, qos),
        ` QoS ${qos}`,
      );
    }

    const producer = PRODUCERS[index % PRODUCERS.length] ?? "kcat";
    const kafka = KAFKA_CLIENTS.find((one) => one.name.startsWith(producer));
    const reason = required(client.missing() ?? kafka?.missing() ?? null);
    results.test(
      client.name,
      "commands from Kafka, also what it missed",
      reason,
      async () => {
        const produce = (from: number) =>
          kafka?.produce?.({
            bootstrap: target.kafka,
            topic: "commands",
            records: numbers(from, from + 5).map((n) => ({
              partition: 0,
              key: name,
              value: `do ${n}`,
              headers: [],
              timestampMs: null,
            })),
          });
        const filter = `devices/${name}/commands`;
        const first = await connect(true);
        await first.subscribe(filter, 2);
        await produce(0);
        expect(payloads(await heard(first, 5))).toEqual(commands(0, 5));
        // A client shows a message before its PUBREC leaves: one that died by then would rightly get it again.
        await received(name, 5);
        await leave(first);
        await produce(5);
        await target.crash();
        await produce(10);
        const second = await connect(true);
        if (second.sessionPresent === null) await second.subscribe(filter, 2);
        await heard(second, 10);
        // A command after all that was missed shows that none came twice.
        await produce(15);
        expect(payloads(await heard(second, 15))).toEqual(commands(5, 20));
        await received(name, 20);
        await second.disconnect();
        expect(await reported(name)).toEqual(numbers(0, 20).map(() => "delivered"));
      },
      ` (${producer})`,
    );
  }
});

/** History of one device among two, and what comes while it is read. */
async function replay(client: MqttSessionClient, name: string, qos: 0 | 1 | 2): Promise<void> {
  const topic = `devices/${name}-${qos}/level`;
  const publisher = await PLAIN.connect({ address: target.mqtt, clientId: `${name}-publisher` });
  const publish = async (from: number, to: number) => {
    for (const n of numbers(from, to)) {
      await publisher.publish({ topic, payload: `do ${n}`, qos: 1 });
      await publisher.publish({ topic: "devices/other/level", payload: "other", qos: 1 });
    }
  };
  await publish(0, 40);
  const session = await client.connect({ address: target.mqtt, clientId: `${name}-replay` });
  await session.subscribe(`$replay/PT1H/devices/${name}-${qos}/#`, qos);
  await publish(40, 50);
  const received = await heard(session, 50);
  expect(payloads(received)).toEqual(commands(0, 50));
  expect(new Set(received.map((message) => `${message.topic} ${message.qos}`))).toEqual(
    new Set([`${topic} ${qos}`]),
  );
  await session.disconnect();
  await publisher.disconnect();
}

/** Half of the clients die without a goodbye. */
let dies = false;
async function leave(session: MqttSession): Promise<void> {
  dies = !dies;
  await (dies ? session.die() : session.disconnect());
}

/** Waits until the broker knows that the client has so many commands. */
async function received(key: string, count: number): Promise<void> {
  const deadline = Date.now() + RECEIVED_MS;
  while ((await reported(key)).length < count) {
    if (Date.now() > deadline) throw new Error(`no reports of ${count} commands for ${key}`);
    await Bun.sleep(20);
  }
}

/** What the topic of reports says of the commands under a key, by their offsets. */
async function reported(key: string): Promise<readonly string[]> {
  const reader = KAFKA_CLIENTS.find((one) => one.name.startsWith("kcat"));
  const place = { bootstrap: target.kafka, topic: "reports", partition: 0 };
  const count = Number(await reader?.offset?.({ ...place, timestampMs: -1 }));
  const read = (await reader?.consume?.({ ...place, offset: 0, count })) ?? [];
  const byOffset = new Map<number, string>();
  for (const record of read) {
    if (record.key !== key) continue;
    const { offset, status } = JSON.parse(String(record.value));
    byOffset.set(offset, status);
  }
  return [...byOffset].toSorted(([a], [b]) => a - b).map(([, status]) => status);
}

function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function commands(from: number, to: number): readonly string[] {
  return numbers(from, to).map((n) => `do ${n}`);
}

function payloads(messages: readonly { readonly payload: string }[]): readonly string[] {
  return messages.map(({ payload }) => payload);
}
