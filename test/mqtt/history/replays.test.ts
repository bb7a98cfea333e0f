import { describe, expect, test } from "bun:test";
import type { Access } from "../../../src/mqtt/access.ts";
import type { RouteConfig } from "../../../src/mqtt/routes.ts";
import { BrokerRig, type Device } from "../support/broker-rig.ts";

const QOS = [0, 1, 2] as const;

/** Readings of some devices that lie in the log. */
async function filled(rig: BrokerRig, devices: readonly string[], count: number): Promise<void> {
  const publisher = rig.connect("publisher", 4);
  for (let n = 0; n < count; n++) {
    for (const device of devices) publisher.publish(`devices/${device}/level`, `${device}-${n}`);
    // Batches of several sizes, a minute apart.
    if (n % 3 === 0) await rig.run();
    rig.open.clock.advance(60_000);
  }
  await rig.run();
}

/** Receives and acknowledges until nothing comes any more. */
async function drain(rig: BrokerRig, device: Device): Promise<string[]> {
  const all: string[] = [];
  for (let idle = 0; idle < 2; ) {
    await rig.run();
    const received = device.receive();
    all.push(...received);
    idle = received.length === 0 ? idle + 1 : 0;
  }
  return all;
}

function named(device: string, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `${device}-${from + index}`);
}

describe("a replay", () => {
  for (const version of [4, 5] as const) {
    for (const qos of QOS) {
      test(`of one device goes on live without a gap or a repetition, QoS ${qos}, version ${version}`, async () => {
        const rig = await BrokerRig.start();
        await filled(rig, ["a", "b"], 40);
        const subscriber = rig.connect("s", version);
        expect(subscriber.subscribe("$replay/0/devices/a/#", qos).codes).toEqual([qos]);
        const publisher = rig.connect("p", 4);
        const received: string[] = [];
        // More comes while the history is being read.
        for (let n = 40; n < 80; n++) {
          publisher.publish("devices/a/level", `a-${n}`);
          publisher.publish("devices/b/level", `b-${n}`);
          if (n % 5 === 0) received.push(...(await drain(rig, subscriber)));
        }
        received.push(...(await drain(rig, subscriber)));
        expect(received).toEqual(named("a", 0, 80));
        expect(rig.door.stats()).toMatchObject({ replays: 1, messagesReplayed: 80, subscriptions: 0 });
      });
    }
  }

  test("of all devices keeps the order of each partition", async () => {
    const rig = await BrokerRig.start();
    rig.createTopic("telemetry", 3);
    const devices = ["a", "b", "c", "d", "e"];
    await filled(rig, devices, 20);
    const subscriber = rig.connect("s", 5);
    subscriber.subscribe("$replay/0/devices/+/level", 1);
    const received = await drain(rig, subscriber);
    expect(received).toHaveLength(100);
    for (const device of devices) {
      expect(received.filter((payload) => payload.startsWith(device))).toEqual(named(device, 0, 20));
    }
  });

  test("begins at an offset, a time or so long ago", async () => {
    const rig = await BrokerRig.start();
    await filled(rig, ["a"], 20);
    const now = rig.open.clock.nowMs();
    const from = (text: string) => {
      const subscriber = rig.connect(`s${text}`, 5);
      expect(subscriber.subscribe(`$replay/${text}/devices/a/level`, 1)).toEqual({ codes: [1], reason: "" });
      return drain(rig, subscriber);
    };
    expect(await from("17")).toEqual(named("a", 17, 20));
    expect(await from("9999")).toEqual([]);
    // The readings are a minute apart, and the last is a minute old.
    const sinceStart = await from("P1D");
    expect(sinceStart).toEqual(named("a", 0, 20));
    const tenAgo = await from(new Date(now - 10 * 60_000 - 30_000).toISOString());
    expect(tenAgo.at(-1)).toBe("a-19");
    expect([9, 10, 11]).toContain(tenAgo.length);
    const tenMinutes = await from("10m");
    expect(tenMinutes.at(-1)).toBe("a-19");
    expect([8, 9, 10]).toContain(tenMinutes.length);
  });

  test("tells MQTT 5 where and when, gives properties back, and the subscription's identifier", async () => {
    const rig = await BrokerRig.start();
    rig.createTopic("telemetry");
    const timestampMs = Date.UTC(2025, 10, 21, 18, 30, 0, 123);
    const headers = { "mqtt.topic": "devices/a/level", "mqtt.content-type": "text/plain", unit: "bar" };
    rig.produce("telemetry", [
      { key: "a", value: "zero", headers, timestampMs },
      { key: "a", value: "one", headers, timestampMs: -1 },
    ]);
    await rig.run();
    const subscriber = rig.connect("s", 5);
    subscriber.subscribe("$replay/0/devices/a/level", 1, { identifier: 7 });
    await rig.run();
    const [zero, one] = subscriber.published();
    expect(zero).toMatchObject({ topic: "devices/a/level", qos: 1, retain: false, dup: false });
    expect({ ...zero?.properties, userProperties: { ...zero?.properties?.userProperties } }).toEqual({
      contentType: "text/plain",
      subscriptionIdentifier: 7,
      userProperties: {
        unit: "bar",
        "headwater.topic": "telemetry",
        "headwater.partition": "0",
        "headwater.offset": "0",
        "headwater.timestamp": "2025-11-21T18:30:00.123Z",
      },
    });
    expect({ ...one?.properties?.userProperties }).not.toHaveProperty("headwater.timestamp");
    const old = rig.connect("o", 4);
    old.subscribe("$replay/0/devices/a/level", 1);
    await rig.run();
    expect(old.published().map(({ payload }) => payload.toString())).toEqual(["zero", "one"]);
  });

  test("goes by the QoS, retain flag and expiry in the headers", async () => {
    const rig = await BrokerRig.start();
    rig.createTopic("telemetry");
    const now = rig.open.clock.nowMs();
    const topic = { "mqtt.topic": "devices/a/level" };
    rig.produce("telemetry", [
      { value: "plain", headers: topic },
      { value: "zero", headers: { ...topic, "mqtt.qos": "0" } },
      { value: "kept", headers: { ...topic, "mqtt.qos": "2", "mqtt.retain": "true" } },
      { value: "late", headers: { ...topic, "mqtt.message-expiry": "60" }, timestampMs: now - 61_000 },
      { value: "alive", headers: { ...topic, "mqtt.message-expiry": "60" }, timestampMs: now - 30_000 },
    ]);
    await rig.run();
    const subscriber = rig.connect("s", 5);
    subscriber.subscribe("$replay/0/devices/+/level", 1, { rap: true });
    await rig.run();
    const shown = subscriber
      .published()
      .map(({ payload, qos, retain, properties }) => [
        payload.toString(),
        qos,
        retain,
        properties?.messageExpiryInterval ?? null,
      ]);
    expect(shown).toEqual([
      ["plain", 1, false, null],
      ["zero", 0, false, null],
      ["kept", 1, true, null],
      ["alive", 1, false, 30],
    ]);
    expect(rig.door.stats()).toMatchObject({ messagesReplayed: 4, messagesExpired: 1 });
  });

  test("takes nothing else that lies in the same topics", async () => {
    const rig = await BrokerRig.start();
    rig.createTopic("telemetry");
    rig.produce("telemetry", [
      { key: "a", value: "no topic" },
      { key: "a", value: "another", headers: { "mqtt.topic": "devices/a/other" } },
      { key: "a", value: "bad", headers: { "mqtt.topic": "devices/a/#" } },
      { key: "b", value: "other key", headers: { "mqtt.topic": "devices/a/level" } },
      { key: "a", value: "mine", headers: { "mqtt.topic": "devices/a/level" } },
    ]);
    await rig.run();
    const subscriber = rig.connect("s", 5);
    subscriber.subscribe("$replay/0/devices/a/level", 1);
    expect(await drain(rig, subscriber)).toEqual(["mine"]);
  });

  test("takes up topics and partitions that come later, and a topic made again", async () => {
    const rig = await BrokerRig.start();
    const subscriber = rig.connect("s", 5);
    expect(subscriber.subscribe("$replay/1h/devices/#", 1).codes).toEqual([1]);
    const publisher = rig.connect("p", 4);
    publisher.publish("devices/a/level", "first");
    expect(await drain(rig, subscriber)).toEqual(["first"]);
    const topic = rig.open.broker.topics.get("telemetry");
    if (topic === null) throw new Error("no topic");
    rig.open.broker.addPartitions(topic, 4, () => {});
    for (const device of ["a", "b", "c", "d", "e"]) publisher.publish(`devices/${device}/level`, device);
    expect((await drain(rig, subscriber)).toSorted()).toEqual(["a", "b", "c", "d", "e"]);
    rig.open.broker.deleteTopic("telemetry", () => {});
    await rig.run();
    publisher.publish("devices/a/level", "again");
    expect(await drain(rig, subscriber)).toEqual(["again"]);
  });

  test("ends with UNSUBSCRIBE, with its connection, and where another takes its place", async () => {
    const rig = await BrokerRig.start();
    await filled(rig, ["a"], 5);
    const filter = "$replay/0/devices/a/level";
    const subscriber = rig.connect("s", 5);
    subscriber.subscribe(filter, 1);
    expect(await drain(rig, subscriber)).toHaveLength(5);
    subscriber.subscribe(filter, 1);
    expect(rig.door.stats().replays).toBe(1);
    expect(await drain(rig, subscriber)).toHaveLength(5);
    subscriber.unsubscribe(filter);
    expect(subscriber.take()).toMatchObject([{ cmd: "unsuback", granted: [0] }]);
    subscriber.unsubscribe(filter);
    expect(subscriber.take()).toMatchObject([{ cmd: "unsuback", granted: [0x11] }]);
    const publisher = rig.connect("p", 4);
    publisher.publish("devices/a/level", "later");
    expect(await drain(rig, subscriber)).toEqual([]);
    subscriber.subscribe(filter, 1);
    await rig.run();
    subscriber.connection.break();
    expect([rig.door.stats().replays, rig.followers.count]).toEqual([0, 0]);
  });
});

describe("a replay in a session that outlives its connection", () => {
  const durable = { clean: false, properties: { sessionExpiryInterval: 3_600, receiveMaximum: 5 } } as const;

  async function connect(rig: BrokerRig): Promise<[Device, boolean]> {
    const device = rig.dial("s", 5, durable);
    await rig.run();
    return [device, device.takeFirst("connack").sessionPresent];
  }

  test("stands beside what the session keeps, at QoS 1, and is forgotten with the connection", async () => {
    const rig = await BrokerRig.start();
    await filled(rig, ["a"], 30);
    const [first] = await connect(rig);
    first.send({
      cmd: "subscribe",
      messageId: 9,
      subscriptions: [
        { topic: "devices/b/#", qos: 2, nl: false, rap: false, rh: 0 },
        { topic: "$replay/0/devices/a/#", qos: 2, nl: false, rap: false, rh: 0 },
      ],
    });
    await rig.run();
    const publisher = rig.connect("p", 4);
    for (let n = 0; n < 20; n++) publisher.publish("devices/b/level", `b-${n}`, 2, n + 1);
    await rig.run();
    const packets = first.take();
    expect(packets.find(({ cmd }) => cmd === "suback")).toMatchObject({ granted: [2, 1] });
    const got: [string, number][] = [];
    const ids = new Set<number>();
    for (let round = 0; round < 60; round++) {
      for (const packet of round === 0 ? packets : first.take()) {
        const { messageId = 0 } = packet;
        if (packet.cmd === "publish") {
          // An identifier that is under way is nobody else's.
          expect(ids.has(messageId)).toBe(false);
          ids.add(messageId);
          got.push([packet.payload.toString(), packet.qos]);
          first.send({ cmd: packet.qos === 1 ? "puback" : "pubrec", messageId, reasonCode: 0 });
          if (packet.qos === 1) ids.delete(messageId);
        } else if (packet.cmd === "pubrel") {
          ids.delete(messageId);
          first.send({ cmd: "pubcomp", messageId, reasonCode: 0 });
        }
      }
      await rig.run();
    }
    const of = (device: string) => got.filter(([payload]) => payload.startsWith(device));
    expect(of("a")).toEqual(named("a", 0, 30).map((payload) => [payload, 1]));
    expect(of("b")).toEqual(named("b", 0, 20).map((payload) => [payload, 2]));
    publisher.publish("devices/a/level", "a-30");
    await rig.run();
    expect(first.published()).toHaveLength(1);
    first.connection.break();
    publisher.publish("devices/b/level", "b-20", 1, 99);
    publisher.publish("devices/a/level", "a-31");
    await rig.run();
    const [second, present] = await connect(rig);
    expect(present).toBe(true);
    expect(await drain(rig, second)).toEqual(["b-20"]);
    expect(rig.door.stats().replays).toBe(0);
  });
});

test("records that retention takes before a replay comes to them are said, in the log and in the ledger of gaps", async () => {
  const notes: unknown[] = [];
  const rig = await BrokerRig.start({ door: { gaps: { note: (gap: unknown) => void notes.push(gap) } } });
  rig.createTopic("telemetry");
  const headers = { "mqtt.topic": "devices/a/level" };
  for (let n = 0; n < 10; n++) {
    rig.produce("telemetry", [{ key: "b", value: `a-${n} ${"x".repeat(20_000)}`, headers }]);
  }
  await rig.run();
  const subscriber = rig.connect("s", 5, { properties: { receiveMaximum: 1 } });
  // No key: the records were written under another one.
  subscriber.subscribe("$replay/0/devices/+/level", 1);
  await rig.run();
  rig.open.broker.partition("telemetry", 0)?.log.deleteRecordsBefore(8 as never);
  await rig.run();
  const received = (await drain(rig, subscriber)).map((payload) => payload.split(" ")[0]);
  expect(received.slice(-2)).toEqual(["a-8", "a-9"]);
  const firstOffset = received.length - 2;
  expect(notes).toEqual([
    {
      reason: "replay-retention",
      device: "s",
      topic: "telemetry",
      partition: 0,
      firstOffset,
      lastOffset: 7,
      count: 8 - firstOffset,
      bytes: 0,
    },
  ]);
  expect(rig.warnings).toContain("a replay has come too late for records");
});

describe("the pace of a replay", () => {
  test("is the client's window", async () => {
    const rig = await BrokerRig.start();
    await filled(rig, ["a"], 50);
    const subscriber = rig.connect("s", 5, { properties: { receiveMaximum: 7 } });
    subscriber.subscribe("$replay/0/devices/a/level", 1);
    await rig.run();
    expect(subscriber.published()).toHaveLength(7);
    await rig.run();
    expect(subscriber.published()).toHaveLength(0);
    for (const messageId of [1, 2, 3]) subscriber.send({ cmd: "puback", messageId, reasonCode: 0 });
    await rig.run();
    expect(subscriber.published().map(({ payload }) => payload.toString())).toEqual(named("a", 7, 10));
    for (const messageId of [4, 5, 6, 7, 8, 9, 10])
      subscriber.send({ cmd: "puback", messageId, reasonCode: 0 });
    expect(await drain(rig, subscriber)).toEqual(named("a", 10, 50));
    expect(rig.door.stats()).toMatchObject({ messagesDropped: 0, queuedBytes: 0 });
  });

  test("is that of its socket, QoS 0 too: nothing is queued, nothing dropped", async () => {
    const rig = await BrokerRig.start({ door: { limits: { maxSocketBacklogBytes: 1_000 } } });
    await filled(rig, ["a"], 100);
    const subscriber = rig.connect("s", 5);
    subscriber.subscribe("$replay/0/devices/a/level", 0);
    subscriber.connection.frozen = true;
    const received: string[] = [];
    for (let round = 0; round < 50; round++) {
      await rig.run();
      expect(subscriber.connection.queuedBytes).toBeLessThan(1_300);
      subscriber.connection.thaw();
      received.push(...subscriber.receive());
      subscriber.connection.frozen = true;
    }
    expect(received).toEqual(named("a", 0, 100));
    expect(rig.door.stats()).toMatchObject({ messagesDropped: 0, queuedBytes: 0 });
  });

  test("leaves what is live in front", async () => {
    const rig = await BrokerRig.start();
    await filled(rig, ["a"], 50);
    const subscriber = rig.connect("s", 5, { properties: { receiveMaximum: 2 } });
    subscriber.subscribe("$replay/0/devices/a/level", 1);
    subscriber.subscribe("devices/b/#", 1);
    await rig.run();
    const publisher = rig.connect("p", 4);
    publisher.publish("devices/b/level", "live", 1);
    await rig.run();
    const received = await drain(rig, subscriber);
    expect(received.indexOf("live")).toBeLessThan(5);
    expect(received.filter((payload) => payload !== "live")).toEqual(named("a", 0, 50));
  });
});

describe("a replay is refused", () => {
  const refusal = async (
    filter: string,
    version: 4 | 5 = 5,
    routes?: readonly RouteConfig[],
    access?: Access,
  ) => {
    const door = { ...(routes === undefined ? {} : { routes }), ...(access === undefined ? {} : { access }) };
    const rig = await BrokerRig.start({ door });
    return rig.connect("s", version).subscribe(filter, 1);
  };

  test("with 0x8F and words for a beginning that is none, with 0x80 before MQTT 5", async () => {
    const { codes, reason } = await refusal("$replay/tomorrow/a");
    expect(codes).toEqual([0x8f]);
    expect(reason).toMatch(/"tomorrow" is no offset/);
    expect((await refusal("$replay/tomorrow/a", 4)).codes).toEqual([0x80]);
    expect((await refusal("$replay/1h")).codes).toEqual([0x8f]);
  });

  test("to a group: whatever stands in front, a replay is no shared subscription", async () => {
    for (const filter of ["$share/g/$replay/0/#", "$share/g/$replay", "$replay/0/$share/g/#"]) {
      const { codes, reason } = await refusal(filter);
      expect([filter, codes, reason]).toEqual([filter, [0x8f], "a replay is no shared subscription"]);
    }
    expect((await refusal("$share/g/$replay/0/#", 4)).codes).toEqual([0x80]);
    expect((await refusal("$share/g/$replays/0/#")).codes).toEqual([1]);
  });

  test("where no route has such messages, or its records don't say their topic", async () => {
    const routes: RouteConfig[] = [{ filter: "quiet/#", topic: "q", topicHeader: false }];
    expect(await refusal("$replay/1h/quiet/a", 5, routes)).toMatchObject({ codes: [0x8f] });
    expect((await refusal("$replay/1h/quiet/a", 5, routes)).reason).toMatch(/header\.topic/);
    expect((await refusal("$replay/1h/other", 5, routes)).reason).toMatch(/no route/);
  });

  test("to those who may not subscribe to the filter; what they may not receive is left out", async () => {
    const access: Access = {
      mayPublish: () => true,
      maySubscribe: (_, filter) => filter !== "devices/secret/level",
      mayReceive: (_, { text }) => !text.includes("secret"),
    };
    expect((await refusal("$replay/1h/devices/secret/level", 5, undefined, access)).codes).toEqual([0x87]);
    const rig = await BrokerRig.start({ door: { access } });
    await filled(rig, ["a", "secret"], 3);
    const subscriber = rig.connect("s", 5);
    subscriber.subscribe("$replay/0/devices/+/level", 1);
    expect(await drain(rig, subscriber)).toEqual(named("a", 0, 3));
  });

  test("beyond the bounds", async () => {
    const limits = { maxReplays: 2, maxTotalReplays: 3, maxReplayPartitions: 10 };
    const rig = await BrokerRig.start({ door: { limits } });
    const [one, two] = [rig.connect("1", 5), rig.connect("2", 5)];
    expect(one.subscribe("$replay/1h/a/1", 1).codes).toEqual([1]);
    expect(one.subscribe("$replay/1h/a/2", 1).codes).toEqual([1]);
    expect(one.subscribe("$replay/1h/a/3", 1)).toMatchObject({ codes: [0x97] });
    expect(one.subscribe("$replay/1h/a/2", 1).codes).toEqual([1]);
    expect(two.subscribe("$replay/1h/a/1", 1).codes).toEqual([1]);
    expect(two.subscribe("$replay/1h/a/2", 1).codes).toEqual([0x97]);
    one.unsubscribe("$replay/1h/a/1");
    rig.createTopic("mqtt", 11);
    expect(two.subscribe("$replay/1h/a/2", 1).reason).toMatch(/more than 10 partitions/);
    expect(rig.warnings).toContain("a replay leaves out a new topic: too many partitions are followed");
    expect([rig.door.stats().replays, rig.followers.count]).toEqual([2, 0]);
  });

  test("silently to a client that wants no words, or has no room for them", async () => {
    const rig = await BrokerRig.start();
    const mute = rig.connect("1", 5, { properties: { requestProblemInformation: false } });
    expect(mute.subscribe("$replay/x/a", 1)).toEqual({ codes: [0x8f], reason: "" });
    const small = rig.connect("2", 5, { properties: { maximumPacketSize: 40 } });
    expect(small.subscribe("$replay/x/a", 1)).toEqual({ codes: [0x8f], reason: "" });
  });
});

test("the log that a replay reads is not the one it slows: others are served between its slices", async () => {
  const rig = await BrokerRig.start({ following: { sliceRecords: 10, shareRecords: 10, pauseMs: 5 } });
  await filled(rig, ["a"], 100);
  const subscriber = rig.connect("s", 5);
  subscriber.subscribe("$replay/0/devices/a/level", 0);
  rig.open.clock.settle();
  expect(subscriber.published()).toHaveLength(10);
  rig.open.clock.advance(4);
  expect(subscriber.published()).toHaveLength(0);
  rig.open.clock.advance(1);
  expect(subscriber.published()).toHaveLength(10);
});
