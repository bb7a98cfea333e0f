import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { silentLogger } from "../../src/base/logger.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { type MqttDoor, startMqttDoor } from "../../src/mqtt/listener.ts";
import { DEFAULT_ROUTES } from "../../src/mqtt/routes.ts";
import { FakeIngest } from "./support/fake-ingest.ts";
import { FakeRetained } from "./support/fake-retained.ts";
import { connectPacket, subscribePacket } from "./support/rig.ts";

// MQTT.js as it comes, over loopback, against the door on a log in memory.

const clock = new SystemClock();
const ingest = new FakeIngest((settle) => clock.soon(settle));
const retained = new FakeRetained((settle) => clock.soon(settle));
let door: MqttDoor;

beforeAll(() => {
  door = startMqttDoor({
    network: new SystemNetwork(clock),
    clock,
    random: new SystemRandom(),
    ingest,
    retained,
    host: "127.0.0.1",
    port: 0,
    routes: DEFAULT_ROUTES,
    log: silentLogger,
  });
});

afterAll(() => door.close());

function connect(protocolVersion: 3 | 4 | 5, options: IClientOptions = {}): Promise<MqttClient> {
  const legacy: IClientOptions = protocolVersion === 3 ? { protocolId: "MQIsdp", clientId: "old" } : {};
  return mqtt.connectAsync(`mqtt://127.0.0.1:${door.port}`, {
    protocolVersion,
    reconnectPeriod: 0,
    ...legacy,
    ...options,
  });
}

interface Got {
  readonly topic: string;
  readonly text: string;
  readonly packet: mqtt.IPublishPacket;
}

/** Collects messages; resolves when there are so many. */
function collect(client: MqttClient, count: number): Promise<Got[]> {
  const got: Got[] = [];
  return new Promise((resolve) => {
    client.on("message", (topic, payload, packet) => {
      got.push({ topic, text: payload.toString(), packet });
      if (got.length === count) resolve(got);
    });
  });
}

for (const version of [3, 4, 5] as const) {
  describe(`MQTT.js, protocol version ${version}`, () => {
    for (const qos of [0, 1, 2] as const) {
      test(`2,000 publishes of QoS ${qos} arrive in order, in the log and at a subscriber of the same QoS`, async () => {
        const publisher = await connect(version);
        const subscriber = await connect(version, { clientId: `sub${qos}` });
        const [granted] = await subscriber.subscribeAsync(`devices/q${qos}v${version}/#`, { qos });
        expect(granted?.qos).toBe(qos);
        const arrived = collect(subscriber, 2_000);
        const before = ingest.records.length;
        const publishes: Promise<unknown>[] = [];
        for (let n = 0; n < 2_000; n++) {
          publishes.push(publisher.publishAsync(`devices/q${qos}v${version}/t`, `${n}`, { qos }));
          // MQTT.js keeps no window of its own: a client of MQTT 5 has to stay within the receive maximum.
          if (n % 500 === 499) await Promise.all(publishes);
        }
        await Promise.all(publishes);
        const expected = Array.from({ length: 2_000 }, (_, n) => `${n}`);
        expect((await arrived).map((got) => got.text)).toEqual(expected);
        expect(ingest.records.slice(before).map((record) => record.text)).toEqual(expected);
        expect(ingest.records.at(-1)).toMatchObject({ topic: "telemetry", key: `q${qos}v${version}` });
        await publisher.endAsync();
        await subscriber.endAsync();
      });
    }

    test("a payload of a quarter megabyte comes through whole", async () => {
      const client = await connect(version);
      await client.subscribeAsync("big/#", { qos: 1 });
      const arrived = collect(client, 1);
      const payload = Buffer.alloc(262_144, 0x5a);
      await client.publishAsync("big/one", payload, { qos: 1 });
      const [got] = await arrived;
      expect(got?.packet.payload.length).toBe(262_144);
      expect(Buffer.compare(Buffer.from(ingest.records.at(-1)?.value ?? []), payload)).toBe(0);
      await client.endAsync();
    });

    test("a will is delivered when its client's socket breaks", async () => {
      const watcher = await connect(version, { clientId: "watch" });
      await watcher.subscribeAsync("devices/+/state");
      const arrived = collect(watcher, 1);
      const will = { topic: "devices/w/state", payload: Buffer.from("gone"), qos: 1, retain: false } as const;
      const dying = await connect(version, { clientId: "dying", will });
      dying.stream.destroy();
      expect((await arrived)[0]?.text).toBe("gone");
      await watcher.endAsync();
    });

    test("wildcards, unsubscribe and ping", async () => {
      const client = await connect(version, { keepalive: 1 });
      await client.subscribeAsync(["+/b/#", "x/+"]);
      const arrived = collect(client, 2);
      for (const topic of ["a/b", "a/b/c/d", "a/x", "y/x"])
        await client.publishAsync(topic, topic, { qos: 1 });
      expect((await arrived).map((got) => got.topic)).toEqual(["a/b", "a/b/c/d"]);
      await client.unsubscribeAsync("+/b/#");
      const answered = new Promise((resolve) => {
        client.on("packetreceive", (packet) => {
          if (packet.cmd === "pingresp") resolve(true);
        });
      });
      client.sendPing();
      expect(await answered).toBe(true);
      await client.endAsync();
    });
  });
}

describe("a subscriber that stops reading", () => {
  test("stalls neither publisher nor other subscribers, and is served again when it reads on", async () => {
    const received: number[] = [];
    const frozen = await Bun.connect({
      hostname: "127.0.0.1",
      port: door.port,
      socket: {
        data: (_socket, chunk) => {
          received.push(chunk.length);
        },
      },
    });
    frozen.write(
      Buffer.concat([connectPacket(4, "frozen"), subscribePacket(4, 1, [["devices/frozen/#", 1]])]),
    );
    while (received.reduce((sum, size) => sum + size, 0) < 9) await Bun.sleep(1);
    frozen.pause();
    const publisher = await connect(4);
    const lively = await connect(4, { clientId: "lively" });
    await lively.subscribeAsync("devices/frozen/#");
    const count = 12_000;
    const arrived = collect(lively, count);
    const payload = Buffer.alloc(2_048, 0x31);
    const dropped = door.stats().messagesDropped;
    for (let n = 0; n < count; n += 200) {
      const round = Array.from({ length: 200 }, () =>
        publisher.publishAsync("devices/frozen/t", payload, { qos: 0 }),
      );
      await Promise.all([...round, publisher.publishAsync("devices/other/t", "", { qos: 1 })]);
    }
    expect(await arrived).toHaveLength(count);
    expect(door.stats().messagesDropped).toBeGreaterThan(dropped);
    const before = received.length;
    frozen.resume();
    while (door.stats().queuedBytes > 0) await Bun.sleep(1);
    expect(received.length).toBeGreaterThan(before);
    frozen.end();
    await publisher.endAsync();
    await lively.endAsync();
  });
});

describe("MQTT.js, MQTT 5 only", () => {
  test("CONNACK tells what this door does", async () => {
    let properties: unknown;
    const client = mqtt.connect(`mqtt://127.0.0.1:${door.port}`, {
      protocolVersion: 5,
      clientId: "",
      keepalive: 0,
      properties: { sessionExpiryInterval: 60 },
    });
    await new Promise((resolve) => {
      client.on("connect", (packet) => {
        properties = packet.properties;
        resolve(true);
      });
    });
    expect(properties).toMatchObject({
      receiveMaximum: 1_024,
      retainAvailable: true,
      maximumPacketSize: 917_504,
      topicAliasMaximum: 32,
      sharedSubscriptionAvailable: true,
      sessionExpiryInterval: 0,
      serverKeepAlive: 3_600,
    });
    expect(properties).toHaveProperty(
      "assignedClientIdentifier",
      expect.stringMatching(/^auto-[0-9a-f]{24}$/),
    );
    await client.endAsync();
  });

  test("properties reach the subscriber as they were sent, with the subscription's identifier", async () => {
    const client = await connect(5);
    await client.subscribeAsync("devices/p/#", { qos: 1, properties: { subscriptionIdentifier: 321 } });
    const arrived = collect(client, 1);
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 100,
      responseTopic: "answers/1",
      correlationData: Buffer.from([1, 2, 3]),
      userProperties: { colour: ["red", "green"], size: "7" },
      contentType: "application/json",
    };
    await client.publishAsync("devices/p/t", "{}", { qos: 1, properties });
    const [got] = await arrived;
    expect(got?.packet.properties).toEqual({ ...properties, subscriptionIdentifier: 321 } as never);
    expect(ingest.records.at(-1)?.headers).toContainEqual(["colour", "green"]);
    await client.endAsync();
  });

  test("topic aliases that MQTT.js assigns are understood", async () => {
    const client = await connect(5, { autoAssignTopicAlias: true });
    const before = ingest.records.length;
    for (let n = 0; n < 100; n++) await client.publishAsync(`devices/alias/${n % 40}`, `${n}`, { qos: 1 });
    const topics = ingest.records.slice(before).map((record) => record.headers[0]?.[1]);
    expect(topics).toEqual(Array.from({ length: 100 }, (_, n) => `devices/alias/${n % 40}`));
    await client.endAsync();
  });

  test("a refused publish is an error at the client, with the reason", async () => {
    const client = await connect(5);
    ingest.refusals.set("telemetry", 89);
    const failure = await client.publishAsync("devices/r/t", "x", { qos: 1 }).then(
      () => null,
      (error: unknown) => error,
    );
    ingest.refusals.clear();
    expect(failure).toMatchObject({ code: 0x97 });
    await client.endAsync();
  });

  test("a retained message is there for who subscribes later", async () => {
    const client = await connect(5);
    const properties = { contentType: "text/plain" };
    await client.publishAsync("devices/r/state", "on", { retain: true, qos: 1, properties });
    const got = collect(client, 1);
    await client.subscribeAsync("devices/r/#", { qos: 1 });
    const [message] = await got;
    expect([message?.text, message?.packet.retain]).toEqual(["on", true]);
    expect(message?.packet.properties).toMatchObject(properties);
    await client.publishAsync("devices/r/state", "", { retain: true, qos: 1 });
    await client.endAsync();
  });

  test("the older of two connections of one client id hears that it was taken over", async () => {
    const older = await connect(5, { clientId: "twice" });
    const said = new Promise((resolve) => {
      older.on("disconnect", (packet) => resolve(packet.reasonCode));
    });
    const newer = await connect(5, { clientId: "twice" });
    expect(await said).toBe(0x8e);
    await newer.publishAsync("devices/t/t", "x", { qos: 1 });
    await newer.endAsync();
    await older.endAsync(true);
  });
});
