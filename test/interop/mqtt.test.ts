import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Mosquitto } from "./clients/mosquitto.ts";
import type { MessageProperties, MqttClient, MqttMessage, ReceivedMessage } from "./clients/mqtt-client.ts";
import { Mqttjs } from "./clients/mqttjs.ts";
import { Paho } from "./clients/paho.ts";
import { KAFKA_CLIENTS } from "./kafka-clients.ts";
import { Results } from "./results.ts";
import { REFERENCE, startTarget, type Target } from "./target.ts";
import { required } from "./tools.ts";

/** Every MQTT client publishes, every one receives; and what devices publish is read by Kafka clients. */
const START_MS = 60_000;
const MESSAGES = 40;
const LEVELS = [0, 1, 2] as const;
const CLIENTS: readonly MqttClient[] = [
  new Mosquitto("3.1.1"),
  new Mosquitto("5"),
  new Paho("3.1.1"),
  new Paho("5"),
  new Mqttjs("3.1.1"),
  new Mqttjs("5"),
];
const PROPERTIES: MessageProperties = {
  contentType: "application/json",
  responseTopic: "answers/here",
  correlationData: "question-7",
  userProperties: [["unit", "°C"]],
};

const reasons = new Map(CLIENTS.map((client) => [client.name, required(client.missing())]));
const results = new Results("mqtt");
let target: Target;

beforeAll(async () => {
  target = await startTarget({ doors: ["mqtt"] });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

describe("publish and subscribe", () => {
  for (const [index, publisher] of CLIENTS.entries()) {
    for (const [other, subscriber] of CLIENTS.entries()) {
      const reason = reasonOf(publisher) ?? reasonOf(subscriber);
      const body = (): Promise<void> => carry(publisher, subscriber, `pairs/${index}-${other}`);
      results.test(publisher.name, "publish QoS 0, 1, 2", reason, body, ` to ${subscriber.name}`);
    }
  }
  for (const [index, subscriber] of CLIENTS.entries()) {
    results.test(subscriber.name, "subscribe by filter", reasonOf(subscriber), async () => {
      await filtered(subscriber, `filters/${index}`);
    });
  }
});

describe("properties of MQTT 5", () => {
  for (const publisher of CLIENTS.filter(({ version }) => version === "5")) {
    for (const subscriber of CLIENTS.filter(({ showsProperties }) => showsProperties)) {
      const reason = reasonOf(publisher) ?? reasonOf(subscriber);
      const body = async (): Promise<void> => {
        const topic = `properties/${publisher.name}/${subscriber.name}`.replaceAll(/[ .]/g, "-");
        const subscription = await subscriber.subscribe({ address: target.mqtt, filter: topic, count: 1 });
        const messages = [{ topic, payload: "21.5" }];
        await publisher.publish({ address: target.mqtt, qos: 1, messages, properties: PROPERTIES });
        const [received] = await subscription.received;
        expect(received?.properties).toEqual(PROPERTIES);
      };
      results.test(publisher.name, "properties", reason, body, ` to ${subscriber.name}`);
    }
  }
});

describe.skipIf(REFERENCE)("from MQTT to Kafka", () => {
  for (const publisher of CLIENTS) {
    results.test(publisher.name, "read by Kafka clients", reasonOf(publisher), async () => {
      await arriveInKafka(publisher, `device ${publisher.name}`.replaceAll(/[ .]/g, "-"));
    });
  }

  test("what no route names goes to the topic mqtt, keyed by its MQTT topic", async () => {
    const topic = "building/7/door";
    await new Mqttjs("5").publish({
      address: target.mqtt,
      qos: 1,
      messages: [{ topic, payload: "open" }],
    });
    const read = await readAll("mqtt");
    const mine = read.filter((record) => record.key === topic);
    expect(mine.map((record) => record.value)).toEqual(["open"]);
  });
});

function reasonOf(client: MqttClient): string | null {
  return reasons.get(client.name) ?? null;
}

function messagesFor(topic: string, qos: number): readonly MqttMessage[] {
  return Array.from({ length: MESSAGES }, (_, index) => ({
    topic,
    payload: JSON.stringify({ n: index, qos, text: "½ 水" }),
  }));
}

/** One subscriber with QoS 2 gets all of three publishers of QoS 0, 1 and 2: once, in order, nothing else. */
async function carry(publisher: MqttClient, subscriber: MqttClient, folder: string): Promise<void> {
  const filter = `${folder}/#`;
  const count = MESSAGES * LEVELS.length;
  const subscription = await subscriber.subscribe({ address: target.mqtt, filter, count });
  for (const qos of LEVELS) {
    const messages = messagesFor(`${folder}/qos/${qos}`, qos);
    await publisher.publish({ address: target.mqtt, qos, messages });
  }
  const received = await subscription.received;
  for (const qos of LEVELS) {
    const topic = `${folder}/qos/${qos}`;
    const wanted = messagesFor(topic, qos).map((message): ReceivedMessage => ({ ...message, qos }));
    expect(received.filter((message) => message.topic === topic)).toEqual(wanted);
  }
}

/** Messages of neighbouring topics stay out; the last one that matches shows that the others had their chance. */
async function filtered(subscriber: MqttClient, folder: string): Promise<void> {
  const filter = `${folder}/+/temperature`;
  const subscription = await subscriber.subscribe({ address: target.mqtt, filter, count: 3 });
  const topics = [
    `${folder}/a/temperature`,
    `${folder}/a/humidity`,
    `${folder}/temperature`,
    `${folder}/a/b/temperature`,
    `${folder}//temperature`,
    `${folder}/temperature/a`,
    `${folder}/z/temperature`,
  ];
  const messages = topics.map((topic) => ({ topic, payload: "1" }));
  await new Mqttjs("5").publish({ address: target.mqtt, qos: 1, messages });
  const received = await subscription.received;
  const wanted = [`${folder}/a/temperature`, `${folder}//temperature`, `${folder}/z/temperature`];
  expect(received.map((message) => message.topic)).toEqual(wanted);
}

async function arriveInKafka(publisher: MqttClient, device: string): Promise<void> {
  const fromMs = Date.now() - 1;
  const topic = `devices/${device}/temperature`;
  for (const qos of LEVELS) {
    await publisher.publish({ address: target.mqtt, qos, messages: messagesFor(topic, qos) });
  }
  const wanted = LEVELS.flatMap((qos) => messagesFor(topic, qos).map((message) => message.payload));
  // QoS 0 has no acknowledgement to wait for: the last publish, of QoS 2, came after it in the same order.
  const mine = (await readAll("telemetry")).filter((record) => record.key === device);
  expect(mine.map((record) => record.value)).toEqual(wanted);
  for (const record of mine) {
    expect(record.timestampMs).toBeGreaterThanOrEqual(fromMs);
    expect(record.timestampMs).toBeLessThanOrEqual(Date.now() + 1);
  }
}

async function readAll(
  topic: string,
): Promise<
  readonly { readonly key: string | null; readonly value: string | null; readonly timestampMs: number }[]
> {
  const reader = KAFKA_CLIENTS.find(({ name }) => name === "kcat");
  const bootstrap = target.kafka;
  const shape = await reader?.metadata?.({ bootstrap, topic });
  const partitions = Array.from({ length: shape?.partitions ?? 0 }, (_, partition) => partition);
  const read = partitions.map(async (partition) => {
    const count = Number(await reader?.offset?.({ bootstrap, topic, partition, timestampMs: -1 }));
    return count > 0
      ? ((await reader?.consume?.({ bootstrap, topic, partition, offset: 0, count })) ?? [])
      : [];
  });
  return (await Promise.all(read)).flat();
}
