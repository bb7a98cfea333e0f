import { describe, expect, test } from "bun:test";
import type { MqttDownlinkSettings } from "../../../src/config/mqtt-downlink-options.ts";
import { GuardedAccess } from "../../../src/mqtt/guarded-access.ts";
import { buildTransactionMarker } from "../../../src/records/transaction-marker.ts";
import { recordsOf } from "../../broker/support.ts";
import { SecurityRig } from "../../security/support.ts";
import { BrokerRig, type BrokerRigOptions, type Device } from "../support/broker-rig.ts";
import { FakeCursors } from "../support/fake-cursors.ts";

const COMMANDS: MqttDownlinkSettings = {
  name: "commands",
  topic: "commands",
  target: "devices/{key}/commands",
  qos: 1,
  retain: false,
  from: "latest",
  reportsTopic: "reports",
  deadLetterTopic: "dlq.mqtt.downlink",
};

interface World {
  readonly rig: BrokerRig;
  readonly cursors: FakeCursors;
  /** Lets everything settle, cursors too. */
  run(): Promise<void>;
  reports(): unknown[];
}

async function world(
  downlink: Partial<MqttDownlinkSettings> = {},
  more: BrokerRigOptions & { readonly cursors?: FakeCursors } = {},
): Promise<World> {
  const { cursors = new FakeCursors(), ...options } = more;
  const settings = [{ ...COMMANDS, ...downlink }];
  const rig = await BrokerRig.start({
    ...options,
    door: { ...options.door, downlinks: { settings, cursors } },
  });
  return {
    rig,
    cursors,
    run: async () => {
      for (let round = 0; round < 3; round++) {
        await rig.run();
        cursors.settle();
        rig.settle();
      }
      await rig.run();
    },
    reports: () =>
      recordsOf(rig.open, "reports").map(({ key, value }) => {
        const { at, ...report } = JSON.parse(Buffer.from(value ?? []).toString());
        expect(new Date(at).toISOString()).toBe(at);
        return [Buffer.from(key ?? []).toString(), report.offset, report.clientId, report.status];
      }),
  };
}

function subscriber(
  w: World,
  clientId: string,
  filter: string,
  qos: 0 | 1 | 2 = 2,
  version: 4 | 5 = 5,
): Device {
  const device = w.rig.connect(clientId, version);
  expect(device.subscribe(filter, qos).codes).toEqual([qos]);
  return device;
}

describe("a downlink", () => {
  test("needs no rule: what it has retained comes to whoever may have it", async () => {
    const guard = new SecurityRig({
      "acl.toml": '[[rule]]\nwho = "client:late"\nallow = "subscribe"\ntopics = "devices/#"',
    });
    const w = await world({ retain: true }, { door: { access: new GuardedAccess(guard.security) } });
    w.rig.createTopic("commands");
    w.rig.produce("commands", [{ key: "pump-1", value: "stop" }]);
    await w.run();
    const late = subscriber(w, "late", "devices/#", 1);
    await w.run();
    expect(late.receive()).toEqual(["stop"]);
  });

  test("publishes each record to the topic of its key, in order, and stores nothing again", async () => {
    const w = await world();
    w.rig.createTopic("commands");
    const [one, two] = [
      subscriber(w, "1", "devices/pump-1/#"),
      subscriber(w, "2", "devices/pump-2/commands"),
    ];
    const commands = Array.from({ length: 1_000 }, (_, n) => ({
      key: `pump-${1 + (n % 2)}`,
      value: `do ${n}`,
    }));
    w.rig.produce("commands", commands);
    const received: [string[], string[]] = [[], []];
    for (let round = 0; round < 10; round++) {
      await w.run();
      received[0].push(...one.receive());
      received[1].push(...two.receive());
    }
    const wanted = (of: number) => commands.filter((_, n) => n % 2 === of).map(({ value }) => value);
    expect(received).toEqual([wanted(0), wanted(1)]);
    expect(w.cursors.durable.get("downlink/commands/0")).toMatch(/ 1000$/);
    expect(w.rig.open.broker.topics.get("telemetry")).toBeNull();
    expect(w.rig.door.stats()).toMatchObject({
      downlinkMessages: 1_000,
      downlinkUnheard: 0,
      messagesDropped: 0,
    });
  });

  test("goes by headers: properties, QoS, retain flag, expiry; else by its settings", async () => {
    const w = await world({ retain: true, target: "c/{header:site}/{key}" });
    w.rig.createTopic("commands");
    const device = subscriber(w, "1", "c/#");
    const site = { site: "north" };
    w.rig.produce("commands", [
      { key: "a", value: "plain", headers: site },
      {
        key: "b",
        value: "said",
        headers: { ...site, "mqtt.qos": "2", "mqtt.retain": "false", "mqtt.message-expiry": "60" },
      },
      { key: "c", value: "typed", headers: { ...site, "mqtt.qos": "0", "mqtt.content-type": "text/plain" } },
    ]);
    await w.run();
    const shown = device
      .published()
      .map(({ topic, payload, qos, properties }) => [
        topic,
        payload.toString(),
        qos,
        properties?.messageExpiryInterval ?? null,
        properties?.contentType ?? null,
        { ...properties?.userProperties },
      ]);
    expect(shown).toEqual([
      ["c/north/a", "plain", 1, null, null, { site: "north" }],
      ["c/north/b", "said", 2, 60, null, { site: "north" }],
      ["c/north/c", "typed", 0, null, "text/plain", { site: "north" }],
    ]);
    const late = subscriber(w, "2", "c/#");
    await w.run();
    expect(late.published().map(({ payload, retain }) => [payload.toString(), retain])).toEqual([
      ["plain", true],
      ["typed", true],
    ]);
    // A record without a value takes back what is retained.
    w.rig.produce("commands", [{ key: "a", headers: site }]);
    await w.run();
    const later = subscriber(w, "3", "c/#");
    await w.run();
    expect(later.published().map(({ payload }) => payload.toString())).toEqual(["typed"]);
  });

  test("puts no more under one position than goes into a batch, however many get it", async () => {
    const w = await world({ target: "all/commands", qos: 0, reportsTopic: null });
    w.rig.createTopic("commands");
    const devices = Array.from({ length: 600 }, (_, n) => w.rig.connect(`d${n}`, 4));
    for (const device of devices) device.subscribe("all/#", 0);
    w.rig.produce(
      "commands",
      Array.from({ length: 500 }, (_, n) => ({ value: `${n}` })),
    );
    for (let round = 0; round < 4; round++) await w.run();
    const wanted = Array.from({ length: 500 }, (_, n) => `${n}`);
    for (const device of [devices[0], devices[599]]) expect(device?.receive()).toEqual(wanted);
    const positions = w.cursors.history.map((position) => Number(position.split(" ")[1]));
    expect(positions.length).toBeGreaterThan(2);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(positions.at(-1)).toBe(500);
  }, 20_000);

  test("publishes what transactions commit, and nothing of aborted ones", async () => {
    const w = await world();
    w.rig.createTopic("commands");
    const device = subscriber(w, "1", "devices/#");
    const options = (producerId: number) => ({
      producerId,
      producerEpoch: 0,
      baseSequence: 0,
      transactional: true,
    });
    const end = (producerId: number, outcome: "commit" | "abort") => {
      const { broker, clock } = w.rig.open;
      const marker = {
        outcome,
        coordinatorEpoch: 0,
        timestampMs: clock.nowMs(),
        producerId,
        producerEpoch: 0,
      };
      const bytes = buildTransactionMarker(marker);
      broker.partition("commands", 0)?.append(bytes, 0, bytes.length, clock.nowMs(), "broker");
    };
    w.rig.produce("commands", [{ key: "a", value: "taken back" }], options(1));
    w.rig.produce("commands", [{ key: "a", value: "kept" }], options(2));
    await w.run();
    expect(device.receive()).toEqual([]);
    end(1, "abort");
    end(2, "commit");
    await w.run();
    expect(device.receive()).toEqual(["kept"]);
  });

  test("delivers only what its position is durable behind", async () => {
    const w = await world();
    w.rig.createTopic("commands");
    await w.run();
    const device = subscriber(w, "1", "devices/#");
    w.rig.produce("commands", [{ key: "a", value: "x" }]);
    await w.rig.run();
    expect(device.receive()).toEqual([]);
    await w.run();
    expect(device.receive()).toEqual(["x"]);
  });

  test("waits where its log refuses, and publishes once", async () => {
    const w = await world();
    w.rig.createTopic("commands");
    await w.run();
    const device = subscriber(w, "1", "devices/#");
    w.cursors.error = 56;
    w.rig.produce("commands", [{ key: "a", value: "x" }]);
    await w.run();
    w.rig.produce("commands", [{ key: "a", value: "y" }]);
    await w.run();
    expect(device.receive()).toEqual([]);
    expect(w.rig.door.stats().downlinkLagRecords).toBe(2);
    expect(w.rig.warnings).toContain("a downlink waits: its log refused");
    w.cursors.error = 0;
    w.rig.open.clock.advance(60_000);
    await w.run();
    await w.run();
    expect(device.receive()).toEqual(["x", "y"]);
    expect(w.rig.door.stats().downlinkLagRecords).toBe(0);
  });
});

describe("clients that are slower than commands come", () => {
  const burst = (count: number, key: string) =>
    Array.from({ length: count }, (_, n) => ({ key, value: `${key} ${n}` }));

  test("are waited for while they are connected, so that nothing is dropped", async () => {
    const w = await world({}, { door: { limits: { maxQueuedMessages: 40 } } });
    w.rig.createTopic("commands");
    const kept = w.rig.dial("kept", 5, {
      clean: false,
      properties: { sessionExpiryInterval: 60, receiveMaximum: 5 },
    });
    await w.run();
    kept.takeFirst("connack");
    const live = w.rig.connect("live", 5, { properties: { receiveMaximum: 5 } });
    for (const [device, key] of [
      [kept, "kept"],
      [live, "live"],
    ] as const) {
      const subscription = { topic: `devices/${key}/#`, qos: 1, nl: false, rap: false, rh: 0 } as const;
      device.send({ cmd: "subscribe", messageId: 1, subscriptions: [subscription] });
    }
    await w.run();
    w.rig.produce("commands", burst(400, "kept"));
    w.rig.produce("commands", burst(400, "live"));
    const received: string[] = [];
    for (let round = 0; round < 400 && received.length < 800; round++) {
      await w.run();
      received.push(...kept.receive(), ...live.receive());
    }
    for (const key of ["kept", "live"]) {
      const wanted = burst(400, key).map(({ value }) => value);
      expect(received.filter((value) => value.startsWith(key))).toEqual(wanted);
    }
    expect(w.rig.door.stats().messagesDropped).toBe(0);
  }, 20_000);

  test("are given up where they take nothing, so that others get theirs", async () => {
    const w = await world({}, { door: { limits: { maxQueuedMessages: 40 } } });
    w.rig.createTopic("commands");
    const frozen = w.rig.connect("frozen", 5, { properties: { receiveMaximum: 5 } });
    frozen.subscribe("devices/frozen/#", 1);
    const other = subscriber(w, "other", "devices/other/#", 1);
    w.rig.produce("commands", [...burst(100, "frozen"), ...burst(30, "other"), ...burst(100, "frozen")]);
    w.rig.produce("commands", burst(30, "other"));
    await w.run();
    expect(other.receive()).toEqual([]);
    const startMs = w.rig.open.clock.monotonicMs();
    const received: string[] = [];
    while (received.length < 60 && w.rig.open.clock.monotonicMs() < startMs + 20_000) {
      await w.run();
      received.push(...other.receive());
    }
    expect(received).toEqual([...burst(30, "other"), ...burst(30, "other")].map(({ value }) => value));
    expect(w.rig.open.clock.monotonicMs() - startMs).toBeLessThan(8_000);
    expect(w.rig.door.stats().messagesDropped).toBe(200 - 5 - 40);
  });
});

describe("where a downlink begins", () => {
  const produced = async (w: World, value: string) => {
    w.rig.produce("commands", [{ key: "a", value }]);
    await w.run();
  };

  for (const from of ["latest", "earliest"] as const) {
    test(`in a topic that is there: ${from}; later at its position, in the order of its name`, async () => {
      const cursors = new FakeCursors();
      const first = await BrokerRig.start();
      first.createTopic("commands");
      first.produce("commands", [{ key: "a", value: "before" }]);
      await first.run();
      await first.open.store.close();
      const w = await world({ from }, { disk: first.open.disk, cursors });
      const device = subscriber(w, "1", "devices/#");
      await produced(w, "after");
      expect(device.receive()).toEqual(from === "latest" ? ["after"] : ["before", "after"]);
      const again = await world({ from }, { disk: w.rig.open.disk.crash("nothing"), cursors });
      const other = subscriber(again, "1", "devices/#");
      await produced(again, "last");
      expect(other.receive()).toEqual(["last"]);
    });
  }

  test("in a topic that comes while it runs, or is made again: at its start; in new partitions too", async () => {
    const w = await world();
    const device = subscriber(w, "1", "devices/#");
    w.rig.createTopic("commands");
    await produced(w, "first");
    const topic = w.rig.open.broker.topics.get("commands");
    if (topic === null) throw new Error("no topic");
    w.rig.open.broker.addPartitions(topic, 2, () => {});
    w.rig.produce("commands", [{ key: "b", value: "second" }], {}, 1);
    await w.run();
    expect(device.receive()).toEqual(["first", "second"]);
    w.rig.open.broker.deleteTopic("commands", () => {});
    await w.run();
    w.rig.createTopic("commands");
    await produced(w, "again");
    expect(device.receive()).toEqual(["again"]);
    expect(w.cursors.durable.size).toBe(2);
  });
});

test("a level of the key alone is in the topic, and a key without it is a dead letter", async () => {
  const w = await world({ target: "devices/{key:2}/do" });
  w.rig.createTopic("commands");
  const device = subscriber(w, "1", "devices/pump-1/do");
  w.rig.produce("commands", [
    { key: "plant-3/pump-1", value: "good" },
    { key: "pump-1", value: "one level" },
    { key: "plant-3/", value: "nothing there" },
    { key: "plant-3/pump-1/valve", value: "good, too" },
  ]);
  await w.run();
  await w.run();
  expect(device.receive()).toEqual(["good", "good, too"]);
  expect(w.rig.door.stats()).toMatchObject({ downlinkDeadLetters: 2, downlinkMessages: 2 });
});

describe("what makes no MQTT topic", () => {
  test("is a dead letter, as it is, with why and where; the others go on once it is durable", async () => {
    const w = await world({ target: "devices/{key}/{header:what}" });
    w.rig.createTopic("commands");
    const device = subscriber(w, "1", "devices/#");
    const what = { what: "x" };
    w.rig.produce("commands", [
      { key: "a", value: "good 1", headers: what },
      { key: null, value: "no key", headers: what },
      { key: "", value: "empty", headers: what },
      { key: "a/+/b", value: "wildcard", headers: what },
      { key: "a", value: "no header" },
      { key: "a\0b", value: "zero", headers: what },
      { key: "x".repeat(65_530), value: "long", headers: what },
      { key: "b", value: "good 2", headers: what },
    ]);
    await w.run();
    await w.run();
    expect(device.receive()).toEqual(["good 1", "good 2"]);
    const letters = recordsOf(w.rig.open, "dlq.mqtt.downlink").map(({ key, value, headers }) => {
      const said = Object.fromEntries(
        headers.map((header) => [header.key, Buffer.from(header.value ?? []).toString()]),
      );
      expect(said["headwater.dead-letter.topic"]).toBe("commands");
      expect(said["headwater.dead-letter.partition"]).toBe("0");
      return [
        key === null ? null : key.length,
        Buffer.from(value ?? []).toString(),
        said["headwater.dead-letter.offset"],
        said["headwater.dead-letter.reason"],
      ];
    });
    expect(letters).toEqual([
      [null, "no key", "1", "the record has no key"],
      [0, "empty", "2", "the record's key is empty"],
      [5, "wildcard", "3", "the record makes a topic with a wildcard"],
      [1, "no header", "4", "the record has no header what"],
      [3, "zero", "5", "the record's key is not UTF-8 text"],
      [65_530, "long", "6", "the record makes a topic that is too long"],
    ]);
    expect(w.rig.door.stats()).toMatchObject({ downlinkDeadLetters: 6, downlinkMessages: 2 });
  });

  test("nor a topic of the gateway's own, nor a life that can be told: a dead letter too", async () => {
    const w = await world({ target: "{header:t}/x" });
    w.rig.createTopic("commands");
    const device = subscriber(w, "1", "#");
    expect(device.subscribe("$SYS/#", 1).codes).toEqual([1]);
    w.rig.produce("commands", [
      { key: "a", value: "posing", headers: { t: "$SYS" } },
      { key: "a", value: "short-lived", headers: { t: "d", "mqtt.message-expiry": "10s" } },
      { key: "a", value: "good", headers: { t: "d", "mqtt.message-expiry": "10" } },
    ]);
    await w.run();
    await w.run();
    expect(device.receive()).toEqual(["good"]);
    const reasons = recordsOf(w.rig.open, "dlq.mqtt.downlink").map(({ headers }) =>
      Buffer.from(headers.find(({ key }) => key === "headwater.dead-letter.reason")?.value ?? []).toString(),
    );
    expect(reasons).toEqual([
      "the record makes a topic that is the gateway's own",
      "the record's header mqtt.message-expiry is no number of whole seconds",
    ]);
  });

  test("is told of by its place where it is too large for the dead letter topic", async () => {
    const w = await world();
    w.rig.createTopic("commands", 1, { "max.message.bytes": "9000000" });
    const device = subscriber(w, "1", "devices/#");
    w.rig.produce("commands", [
      { key: null, value: "x".repeat(1_048_500) },
      { key: "a", value: "x".repeat(4 * 1024 * 1024 + 1) },
      { key: "a", value: "good" },
    ]);
    await w.run();
    await w.run();
    expect(device.receive()).toEqual(["good"]);
    const letters = recordsOf(w.rig.open, "dlq.mqtt.downlink").map(({ value, headers }) => {
      const said = Object.fromEntries(
        headers.map(({ key, value: text }) => [key, Buffer.from(text ?? []).toString()]),
      );
      return [value, said["headwater.dead-letter.offset"], said["headwater.dead-letter.reason"]];
    });
    expect(letters).toEqual([
      [null, "0", "the record has no key"],
      [null, "1", "the record is larger than 4194304 bytes"],
    ]);
  });

  test("holds the downlink up while its topic can't be written", async () => {
    const w = await world({ deadLetterTopic: "bad" });
    w.rig.createTopic("commands");
    // A topic that takes no record of this size.
    w.rig.createTopic("bad", 1, { "max.message.bytes": "100" });
    const device = subscriber(w, "1", "devices/#");
    w.rig.produce("commands", [
      { key: null, value: "x" },
      { key: "a", value: "good" },
    ]);
    await w.run();
    expect(device.receive()).toEqual([]);
    expect(w.rig.warnings).toContain("a downlink waits: its log refused");
    const bad = w.rig.open.broker.topics.get("bad");
    if (bad === null) throw new Error("no topic");
    w.rig.open.broker.alterConfigs(
      { type: 2, name: "bad" },
      new Map([["max.message.bytes", null]]),
      () => {},
    );
    w.rig.open.clock.advance(60_000);
    await w.run();
    expect(device.receive()).toEqual(["good"]);
  });
});

describe("delivery reports", () => {
  test("say who has acknowledged, once each, under the key of the record", async () => {
    const w = await world();
    w.rig.createTopic("commands");
    const [zero, one, two] = [
      subscriber(w, "zero", "devices/#", 0),
      subscriber(w, "one", "devices/#", 1),
      subscriber(w, "two", "devices/#", 2),
    ];
    w.rig.produce("commands", [{ key: "pump", value: "x", headers: { "mqtt.qos": "2" } }]);
    await w.run();
    expect(w.reports()).toEqual([["pump", 0, "zero", "delivered"]]);
    zero.receive();
    one.receive();
    await w.run();
    expect(w.reports().slice(1)).toEqual([["pump", 0, "one", "delivered"]]);
    two.receive();
    await w.run();
    two.receive();
    await w.run();
    expect(w.reports().slice(2)).toEqual([["pump", 0, "two", "delivered"]]);
  });

  test("say who has not: nobody there, too late, no room, gone", async () => {
    const w = await world({}, { door: { limits: { maxQueuedMessages: 1 } } });
    w.rig.createTopic("commands");
    const now = w.rig.open.clock.nowMs();
    w.rig.produce("commands", [
      { key: "a", value: "nobody" },
      { key: "b", value: "late", headers: { "mqtt.message-expiry": "1" }, timestampMs: now - 5_000 },
    ]);
    await w.run();
    expect(w.reports()).toEqual([
      ["a", 0, null, "nobody"],
      ["b", 1, null, "expired"],
    ]);
    const device = w.rig.connect("d", 5, { properties: { receiveMaximum: 1 } });
    device.subscribe("devices/#", 1);
    w.rig.produce("commands", [
      { key: "c", value: "under way" },
      { key: "d", value: "dropped" },
      { key: "e", value: "queued" },
    ]);
    await w.run();
    // A client that takes nothing is waited for a while.
    w.rig.open.clock.advance(2_500);
    await w.run();
    expect(w.reports().slice(2)).toEqual([["d", 3, "d", "dropped"]]);
    device.connection.break();
    await w.run();
    expect(w.reports().slice(3)).toEqual([
      ["c", 2, "d", "dropped"],
      ["e", 4, "d", "dropped"],
    ]);
    expect(w.rig.door.stats()).toMatchObject({ downlinkMessages: 4, downlinkUnheard: 1 });
  });

  test("that can't be written are told of once in a while, and hold nothing up", async () => {
    const w = await world();
    w.rig.createTopic("commands");
    // A topic that takes no record of this size.
    w.rig.createTopic("reports", 1, { "max.message.bytes": "70" });
    const device = subscriber(w, "1", "devices/#", 0);
    w.rig.produce(
      "commands",
      Array.from({ length: 20 }, (_, n) => ({ key: "a", value: `${n}` })),
    );
    await w.run();
    expect(device.receive()).toHaveLength(20);
    const said = w.rig.warnings.filter((line) => line === "delivery reports can't be written");
    expect(said).toHaveLength(1);
    expect(w.rig.door.stats().downlinkReportsRefused).toBe(20);
  });

  test("are not written where nobody asks for them", async () => {
    const w = await world({ reportsTopic: null });
    w.rig.createTopic("commands");
    subscriber(w, "1", "devices/#", 0);
    w.rig.produce("commands", [{ key: "a", value: "x" }]);
    await w.run();
    expect(w.rig.open.broker.topics.get("reports")).toBeNull();
  });
});

test("what retention took before it was published is said, in the log and in the ledger of gaps", async () => {
  const notes: unknown[] = [];
  const cursors = new FakeCursors();
  const first = await BrokerRig.start();
  first.createTopic("commands");
  first.produce(
    "commands",
    Array.from({ length: 10 }, (_, n) => ({ key: "a", value: `${n}` })),
  );
  await first.run();
  const id = first.open.broker.topics.get("commands")?.id ?? "";
  cursors.set("downlink/commands/0", Buffer.from(`${id} 3`));
  first.open.broker.partition("commands", 0)?.log.deleteRecordsBefore(8 as never);
  await first.run();
  await first.open.store.close();
  const door = { gaps: { note: (gap: unknown) => void notes.push(gap) } };
  const w = await world({}, { disk: first.open.disk, cursors, door });
  const device = subscriber(w, "1", "devices/#");
  await w.run();
  expect(device.receive()).toEqual(["8", "9"]);
  expect(w.rig.warnings).toContain("records are lost to a downlink");
  expect(notes).toEqual([
    {
      reason: "downlink-retention",
      device: null,
      topic: "commands",
      partition: 0,
      firstOffset: 3,
      lastOffset: 7,
      count: 5,
      bytes: 0,
    },
  ]);
});
