import { beforeEach, describe, expect, test } from "bun:test";
import type { MqttLimits } from "../../../../src/mqtt/limits.ts";
import type { FakeConnection } from "../../support/fake-network.ts";
import {
  ackPacket,
  connectPacket,
  hex,
  type PublishMore,
  payloads,
  publishPacket,
  subscribePacket,
  toHex,
  unsubscribePacket,
} from "../../support/rig.ts";
import { DurableRig } from "./support.ts";

const PUBACK = 4;
const PUBREC = 5;
const PUBCOMP = 7;
const DISCONNECT = hex("e0 00");

let durable: DurableRig;
beforeEach(() => {
  durable = new DurableRig();
});

/** A subscriber with a session that is kept. */
function subscriber(filter = "devices/#", qos = 1, version: 4 | 5 = 4) {
  const connection = durable.connect(version, "sub");
  connection.feed(subscribePacket(version, 1, [[filter, qos]]));
  durable.rig.settle();
  connection.take();
  return connection;
}

/** Somebody publishes, and the log takes it. */
function publish(payload: string, qos = 1, topic = "devices/a/t", more: PublishMore = {}): string {
  const publisher = durable.rig.connect(more.version ?? 4, "pub");
  publisher.feed(publishPacket(topic, payload, qos, 1, more));
  durable.rig.settle();
  return toHex(publisher.take());
}

describe("a session that is kept", () => {
  test("is said to be new, then to be present (MQTT-3.1.2-4 of 3.1.1, MQTT-3.2.2-2 and -3 of 5)", () => {
    expect(durable.dial(4, "a")[1]).toBe("20 02 00 00");
    expect(durable.dial(4, "a")[1]).toBe("20 02 01 00");
    const [, fresh] = durable.dial(5, "b");
    expect(fresh.split(" ")[2]).toBe("00");
    const [, present] = durable.dial(5, "b");
    expect(present.split(" ")[2]).toBe("01");
  });

  test("is accepted when it is durable, and what came behind CONNECT waits", () => {
    const connection = durable.rig.dial();
    connection.feed(hex("10 0d 00 04 4d 51 54 54 04 00 00 00 00 01 61 c0 00"));
    durable.rig.clock.settle();
    expect(connection.take()).toHaveLength(0);
    durable.rig.settle();
    expect(toHex(connection.take())).toBe("20 02 00 00 d0 00");
  });

  test("gives way to a clean start (MQTT-3.1.2-4), also over a restart", () => {
    subscriber();
    expect(durable.dial(4, "sub", { clean: true })[1]).toBe("20 02 00 00");
    expect(durable.rig.door.stats().subscriptions).toBe(0);
    expect(durable.dial(4, "sub")[1]).toBe("20 02 00 00");
    durable.restart();
    expect(durable.rig.door.stats().subscriptions).toBe(0);
  });

  test("is capped in how long it is kept, which MQTT 5 hears (MQTT 5, 3.2.2.3.2)", () => {
    durable = new DurableRig({ maxSessionExpirySec: 60 });
    const [, connack] = durable.dial(5, "a", { properties: "11 ffffffff" });
    expect(connack).toContain("11 00 00 00 3c");
    const [, asked] = durable.dial(5, "b", { properties: "11 0000001e" });
    expect(asked.split(" ").slice(5, 7)).not.toContain("11");
  });

  test("is refused beyond the number of them", () => {
    durable = new DurableRig({ maxDurableSessions: 1 });
    durable.connect(4, "a");
    expect(durable.dial(4, "b")[1]).toBe("20 02 00 03");
    expect(durable.dial(5, "b")[1].split(" ")[3]).toBe("97");
    expect(durable.dial(4, "a")[1]).toBe("20 02 01 00");
    expect(durable.dial(4, "b", { clean: true })[1]).toBe("20 02 00 00");
  });

  test("is not begun where the log refuses it", () => {
    durable.log.refusal = 56;
    const [old, code] = durable.dial(4, "a");
    expect(code).toBe("20 02 00 03");
    expect(old.closed).toBe(true);
    expect(durable.dial(5, "b")[1].split(" ")[3]).toBe("88");
  });

  test("that ends while a message for it is on its way to the disk: the loss is noted, and nothing is left", () => {
    subscriber().break();
    durable.rig.settle();
    const device = durable.rig.connect(4, "dev");
    device.feed(publishPacket("devices/a/t", "one", 1, 1));
    durable.rig.clock.settle();
    durable.rig.dial().feed(connectPacket(4, "sub", { clean: true }));
    durable.rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 01");
    expect(durable.rig.gaps).toMatchObject([{ reason: "session-ended", device: "sub", count: 1 }]);
    expect(durable.rig.door.stats()).toMatchObject({ storedMessages: 0, storedBytes: 0 });
  });

  test("keeps a subscription that it had, where the log refuses the same once more (MQTT-3.8.4-3)", () => {
    const connection = subscriber();
    durable.log.refusal = 56;
    connection.feed(subscribePacket(4, 2, [["devices/#", 0]]));
    connection.feed(subscribePacket(4, 3, [["others/#", 1]]));
    durable.rig.settle();
    expect(toHex(connection.take())).toBe("90 03 00 02 80 90 03 00 03 80");
    durable.log.refusal = 0;
    durable.rig.clock.advance(1_000);
    publish("one");
    publish("two", 2, "others/x");
    expect(payloads(connection.take())).toEqual(["one"]);
  });

  test.each([4, 5] as const)(
    "keeps a subscription that the log refuses to take back, in MQTT %d",
    (version) => {
      const connection = subscriber("devices/#", 1, version);
      durable.log.refusal = 56;
      connection.feed(unsubscribePacket(version, 2, ["devices/#", "none"]));
      durable.rig.settle();
      expect([connection.closed, toHex(connection.take())]).toEqual(
        version === 5 ? [false, "b0 05 00 02 00 83 11"] : [true, ""],
      );
      durable.log.refusal = 0;
      durable.rig.clock.advance(1_000);
      durable.restart();
      publish("one");
      expect(durable.dial(version, "sub")[1]).toContain(toHex(Buffer.from("one")));
    },
  );

  test("is handed on by a takeover, with what was under way (MQTT-3.1.4-3, MQTT-4.4.0-1)", () => {
    const first = subscriber();
    publish("one");
    expect(toHex(first.take())).toBe("32 12 00 0b 64 65 76 69 63 65 73 2f 61 2f 74 00 01 6f 6e 65");
    const [second, connack] = durable.dial(4, "sub");
    expect(first.closed).toBe(true);
    expect(connack).toBe("20 02 01 00 3a 12 00 0b 64 65 76 69 63 65 73 2f 61 2f 74 00 01 6f 6e 65");
    second.feed(ackPacket(PUBACK, 1));
    durable.rig.settle();
    publish("two");
    expect(payloads(second.take())).toEqual(["two"]);
  });
});

describe("what comes while nobody is connected", () => {
  test("waits, in its order, and is sent with the next connection", () => {
    subscriber().feed(DISCONNECT);
    for (const payload of ["one", "two", "three"]) expect(publish(payload)).toBe("40 02 00 01");
    const [again, connack] = durable.dial(4, "sub");
    expect(connack.startsWith("20 02 01 00 32 ")).toBe(true);
    expect(again.closed).toBe(false);
    expect(payloads(hex(connack))).toEqual(["one", "two", "three"]);
  });

  test("waits over a power cut, with all that was said of it", () => {
    const properties = "01 01 08 0003 722f74 26 0001 6b 0001 76";
    const connection = durable.connect(5, "sub");
    connection.feed(subscribePacket(5, 1, [["devices/#", 1 | 8]], "0b 07"));
    durable.rig.settle();
    connection.feed(DISCONNECT);
    publish("kept", 2, "devices/a/t", { version: 5, properties, retain: true });
    durable.cut();
    const [, connack] = durable.dial(5, "sub");
    // DUP is not set: it was sent to nobody.
    const sent = connack.slice(connack.indexOf("33 "));
    expect(sent).toContain("01 01 08 00 03 72 2f 74 26 00 01 6b 00 01 76 0b 07");
    expect(sent.endsWith(toHex(Buffer.from("kept")))).toBe(true);
  });

  test("is acknowledged to its publisher only when it is kept for all", () => {
    subscriber().feed(DISCONNECT);
    durable.rig.settle();
    const publisher = durable.rig.connect(4, "pub");
    publisher.feed(publishPacket("devices/a/t", "one", 1, 1));
    durable.rig.clock.settle();
    durable.rig.ingest.settle();
    durable.rig.clock.settle();
    expect(publisher.take()).toHaveLength(0);
    durable.log.settle();
    durable.rig.clock.settle();
    expect(toHex(publisher.take())).toBe("40 02 00 01");
  });

  test("is not kept at QoS 0, and not for a subscription of QoS 0", () => {
    subscriber().feed(DISCONNECT);
    publish("zero", 0);
    const [again] = durable.dial(4, "sub");
    again.feed(subscribePacket(4, 1, [["devices/#", 0]]));
    durable.rig.settle();
    again.take();
    publish("live", 1);
    expect(payloads(again.take())).toEqual(["live"]);
    again.feed(DISCONNECT);
    publish("lost", 1);
    expect(durable.dial(4, "sub")[1]).toBe("20 02 01 00");
  });

  test("is bounded by count: the oldest goes, and it is said", () => {
    durable = new DurableRig({ maxQueuedMessages: 2 });
    subscriber().feed(DISCONNECT);
    for (const payload of ["one", "two", "three"]) publish(payload);
    expect(payloads(hex(durable.dial(4, "sub")[1]))).toEqual(["two", "three"]);
    expect(durable.rig.gaps.map(({ reason, device, count }) => [reason, device, count])).toEqual([
      ["queue-full", "sub", 1],
    ]);
    expect(durable.rig.door.stats().messagesDropped).toBe(1);
  });

  test("is bounded by count: the newest goes, by setting", () => {
    durable = new DurableRig({ maxQueuedMessages: 2, queuePolicy: "drop-newest" });
    subscriber().feed(DISCONNECT);
    for (const payload of ["one", "two", "three"]) publish(payload);
    expect(payloads(hex(durable.dial(4, "sub")[1]))).toEqual(["one", "two"]);
    expect(durable.rig.gaps).toHaveLength(1);
  });

  test("is bounded by bytes, and in total", () => {
    durable = new DurableRig({ maxQueuedBytes: 400 });
    subscriber().feed(DISCONNECT);
    for (const payload of ["one", "two", "three"]) publish(payload);
    expect(payloads(hex(durable.dial(4, "sub")[1]))).toEqual(["two", "three"]);
    durable = new DurableRig({ maxStoredMessages: 1 });
    subscriber().feed(DISCONNECT);
    for (const payload of ["one", "two"]) publish(payload);
    expect(payloads(hex(durable.dial(4, "sub")[1]))).toEqual(["two"]);
    durable = new DurableRig({ maxStoredMessages: 1, queuePolicy: "drop-newest" });
    subscriber().feed(DISCONNECT);
    for (const payload of ["one", "two"]) publish(payload);
    expect(payloads(hex(durable.dial(4, "sub")[1]))).toEqual(["one"]);
  });

  /** Sessions that are away hold all that the broker keeps, the last of them most. */
  function full(more: Partial<MqttLimits> = {}, sessions = 3): void {
    durable = new DurableRig({ maxStoredMessages: 20, maxQueuedMessages: 10, ...more });
    for (let n = 0; n < sessions; n++) {
      const connection = durable.connect(4, `away-${n}`);
      connection.feed(subscribePacket(4, 1, [[`devices/away-${n}/#`, 1]]));
      durable.rig.settle();
      connection.feed(DISCONNECT);
    }
    for (let n = 0; n < sessions; n++) {
      const messages = n === sessions - 1 ? 10 : 10 / (sessions - 1);
      for (let m = 0; m < messages; m++) publish(`${m}`, 1, `devices/away-${n}/t`);
    }
    expect(durable.rig.door.stats().storedMessages).toBe(20);
    durable.rig.gaps.length = 0;
  }

  function connected(clientId: string): FakeConnection {
    const connection = durable.connect(4, clientId);
    connection.feed(subscribePacket(4, 1, [[`devices/${clientId}/#`, 1]]));
    durable.rig.settle();
    connection.take();
    return connection;
  }

  test.each(["drop-oldest", "drop-newest"] as const)(
    "reaches who is connected and has room, however much others have left lying (%s)",
    (queuePolicy) => {
      full({ queuePolicy });
      const healthy = connected("healthy");
      publish("for you", 1, "devices/healthy/t");
      expect(payloads(healthy.take())).toEqual(["for you"]);
      expect(durable.rig.gaps).toHaveLength(0);
    },
  );

  test.each([3, 6, 11])(
    "has that of others give way who hold most, where the broker is full (%i)",
    (sessions) => {
      full({}, sessions);
      connected("new").feed(DISCONNECT);
      for (const payload of ["one", "two", "three"]) publish(payload, 1, "devices/new/t");
      const last = `away-${sessions - 1}`;
      expect(durable.rig.gaps.map(({ reason, device, count }) => [reason, device, count])).toEqual(
        Array(3).fill(["queue-full", last, 1]),
      );
      expect(payloads(hex(durable.dial(4, "new")[1]))).toEqual(["one", "two", "three"]);
      expect(payloads(hex(durable.dial(4, last)[1]))).toEqual(["3", "4", "5", "6", "7", "8", "9"]);
      expect(durable.rig.door.stats().storedMessages).toBe(20);
    },
  );

  test("gives way itself where its own session holds most", () => {
    full();
    publish("new", 1, "devices/away-2/t");
    expect(durable.rig.gaps.map(({ reason, device }) => [reason, device])).toEqual([
      ["queue-full", "away-2"],
    ]);
    expect(payloads(hex(durable.dial(4, "away-2")[1])).slice(-2)).toEqual(["9", "new"]);
  });

  test("is not sent when it has expired, and less of its life is left (MQTT-3.3.2-5, -6)", () => {
    const connection = durable.connect(5, "sub");
    connection.feed(subscribePacket(5, 1, [["devices/#", 1]]));
    durable.rig.settle();
    connection.feed(DISCONNECT);
    publish("short", 1, "devices/a/t", { version: 5, properties: "02 00000005" });
    publish("long", 1, "devices/a/t", { version: 5, properties: "02 00000064" });
    durable.rig.clock.advance(10_000);
    durable.restart();
    const [, connack] = durable.dial(5, "sub");
    expect(connack).not.toContain(toHex(Buffer.from("short")));
    expect(connack).toContain(`02 00 00 00 5a ${toHex(Buffer.from("long"))}`);
    expect(durable.rig.gaps.map(({ reason }) => reason)).toEqual(["expired"]);
  });

  describe("that has expired in a queue", () => {
    const short = { version: 5, properties: "02 00000005" } as const;

    /** Nobody is there; what has an end of 5 s and what has none, in turns. */
    function left(limits: Partial<MqttLimits>): void {
      durable = new DurableRig(limits);
      subscriber().feed(DISCONNECT);
      for (const n of [1, 2]) {
        publish(`keep ${n}`, 1);
        publish(`old ${n}`, 1, "devices/a/t", short);
      }
    }

    const shown = () => durable.rig.gaps.map(({ reason, device }) => [reason, device]);
    const twoExpired = Array(2).fill(["expired", "sub"]);

    test.each(["drop-oldest", "drop-newest"] as const)(
      "makes room, and nothing good is dropped (%s)",
      (queuePolicy) => {
        for (const bound of [{ maxQueuedMessages: 4 }, { maxStoredMessages: 4 }]) {
          left({ ...bound, queuePolicy });
          durable.rig.clock.advance(6_000);
          publish("new 1");
          publish("new 2");
          expect(shown()).toEqual(twoExpired);
          expect(durable.rig.door.stats()).toMatchObject({ messagesExpired: 2, messagesDropped: 0 });
          durable.restart();
          expect(payloads(hex(durable.dial(4, "sub")[1]))).toEqual(["keep 1", "keep 2", "new 1", "new 2"]);
        }
      },
    );

    test.each([false, true])("is swept within two minutes (restarted: %p)", (restarted) => {
      left({});
      if (restarted) durable.restart();
      durable.rig.clock.advance(4_000);
      expect(durable.rig.door.stats().storedMessages).toBe(4);
      durable.rig.clock.advance(60_000);
      durable.rig.clock.advance(60_000);
      durable.rig.settle();
      expect(durable.rig.door.stats().storedMessages).toBe(2);
      expect(shown()).toEqual(twoExpired);
      const [again, connack] = durable.dial(4, "sub");
      expect(payloads(hex(connack))).toEqual(["keep 1", "keep 2"]);
      for (const packetId of [1, 3]) again.feed(ackPacket(PUBACK, packetId));
      durable.rig.settle();
      expect(durable.rig.door.stats().storedMessages).toBe(0);
    });
  });

  test("is refused to its publisher where it can't be kept", () => {
    subscriber().feed(DISCONNECT);
    durable.rig.settle();
    durable.log.refusal = 56;
    expect(publish("lost", 1, "devices/a/t", { version: 5 })).toBe("40 03 00 01 83");
    durable.log.refusal = 0;
    durable.rig.clock.advance(1_000);
    expect(durable.dial(4, "sub")[1]).toBe("20 02 01 00");
  });
});

describe("what was sent", () => {
  test("comes again with DUP and its identifier until it is acknowledged (MQTT-3.3.1-1, MQTT-4.4.0-1)", () => {
    const connection = subscriber();
    publish("one");
    publish("two");
    connection.feed(ackPacket(PUBACK, 1));
    durable.rig.clock.advance(100);
    durable.restart();
    const [, connack] = durable.dial(4, "sub");
    expect(connack).toBe("20 02 01 00 3a 12 00 0b 64 65 76 69 63 65 73 2f 61 2f 74 00 02 74 77 6f");
  });

  test("may come again after a power cut, under the same identifier and with DUP", () => {
    const connection = subscriber();
    publish("one");
    connection.take();
    connection.feed(ackPacket(PUBACK, 1));
    durable.cut();
    const [, connack] = durable.dial(4, "sub");
    expect(connack).toBe("20 02 01 00 3a 12 00 0b 64 65 76 69 63 65 73 2f 61 2f 74 00 01 6f 6e 65");
  });

  test("at QoS 2 is released when the PUBREC is durable (MQTT-4.3.3-4), and then with every connection", () => {
    const connection = subscriber("devices/#", 2);
    publish("one", 2);
    expect(toHex(connection.take()).startsWith("34 ")).toBe(true);
    connection.feed(ackPacket(PUBREC, 1));
    durable.rig.clock.settle();
    expect(connection.take()).toHaveLength(0);
    durable.rig.settle();
    expect(toHex(connection.take())).toBe("62 02 00 01");
    durable.cut();
    const [again, connack] = durable.dial(4, "sub");
    expect(connack).toBe("20 02 01 00 62 02 00 01");
    again.feed(ackPacket(PUBCOMP, 1));
    durable.rig.clock.advance(100);
    durable.restart();
    expect(durable.dial(4, "sub")[1]).toBe("20 02 01 00");
  });

  test("at QoS 2 comes again whole where the PUBREC was not durable", () => {
    const connection = subscriber("devices/#", 2);
    publish("one", 2);
    connection.feed(ackPacket(PUBREC, 1));
    durable.cut();
    const [, connack] = durable.dial(4, "sub");
    expect(connack).toBe("20 02 01 00 3c 12 00 0b 64 65 76 69 63 65 73 2f 61 2f 74 00 01 6f 6e 65");
  });

  test("stays within what the client takes, also what comes again (MQTT-3.3.4-9)", () => {
    const connection = durable.connect(5, "sub");
    connection.feed(subscribePacket(5, 1, [["devices/#", 1]]));
    durable.rig.settle();
    connection.take();
    for (const payload of ["1", "2", "3", "4"]) publish(payload);
    const [again, connack] = durable.dial(5, "sub", { properties: "11 00000e10 21 0002" });
    const sent = (hexText: string) => hexText.split("64 65 76 69 63 65 73").length - 1;
    expect(sent(connack)).toBe(2);
    again.feed(ackPacket(PUBACK, 1));
    durable.rig.settle();
    expect(payloads(again.take(), 5)).toEqual(["3"]);
    again.feed(ackPacket(PUBACK, 2));
    again.feed(ackPacket(PUBACK, 3));
    durable.rig.settle();
    expect(payloads(again.take(), 5)).toEqual(["4"]);
  });

  test("leaves nothing in the log but the session, once it is done", () => {
    const connection = subscriber("devices/#", 2);
    const before = durable.log.standing().size;
    for (let n = 1; n <= 5; n++) {
      publish(`${n}`, 2);
      connection.feed(ackPacket(PUBREC, n));
      durable.rig.settle();
      connection.feed(ackPacket(PUBCOMP, n));
      durable.rig.clock.advance(100);
    }
    // PROGRESS has come.
    expect(durable.log.standing().size).toBe(before + 1);
    expect(durable.rig.door.stats().storedMessages).toBe(0);
  });
});

describe("subscriptions", () => {
  test("are acknowledged when they are durable, and stand after a power cut", () => {
    const connection = durable.connect(4, "sub");
    connection.feed(subscribePacket(4, 7, [["devices/#", 1]]));
    durable.rig.clock.settle();
    expect(connection.take()).toHaveLength(0);
    durable.rig.settle();
    expect(toHex(connection.take())).toBe("90 03 00 07 01");
    durable.cut();
    publish("one");
    expect(payloads(hex(durable.dial(4, "sub")[1]))).toEqual(["one"]);
  });

  test("are taken back for good", () => {
    const connection = subscriber();
    connection.feed(unsubscribePacket(4, 8, ["devices/#"]));
    durable.rig.clock.settle();
    expect(connection.take()).toHaveLength(0);
    durable.rig.settle();
    expect(toHex(connection.take())).toBe("b0 02 00 08");
    durable.cut();
    expect(durable.rig.door.stats().subscriptions).toBe(0);
  });

  test("are refused where the log refuses them", () => {
    const connection = durable.connect(4, "sub");
    durable.log.refusal = 56;
    connection.feed(subscribePacket(4, 7, [["devices/#", 1]]));
    durable.rig.settle();
    expect(toHex(connection.take())).toBe("90 03 00 07 80");
    expect(durable.rig.door.stats().subscriptions).toBe(0);
  });

  test("keep their options", () => {
    const connection = durable.connect(5, "sub");
    // QoS 1, no local, retain as published, identifier 200
    connection.feed(subscribePacket(5, 1, [["devices/#", 1 | 4 | 8]], "0b c801"));
    durable.rig.settle();
    durable.restart();
    const [again] = durable.dial(5, "sub");
    again.feed(publishPacket("devices/a/t", "own", 1, 3, { version: 5 }));
    durable.rig.settle();
    expect(toHex(again.take())).toBe("40 02 00 03");
    publish("other", 1, "devices/a/t", { retain: true });
    expect(toHex(again.take())).toContain("0b c8 01 6f 74 68 65 72");
  });
});

describe("the end of a session", () => {
  const end = hex("e0 00");

  test("comes when its expiry has passed (MQTT-3.1.2-23), with what waited in it", () => {
    const connection = durable.connect(5, "sub", { properties: "11 0000000a" });
    connection.feed(subscribePacket(5, 1, [["devices/#", 1]]));
    durable.rig.settle();
    connection.feed(end);
    publish("one");
    durable.rig.clock.advance(9_000);
    expect(durable.rig.door.stats().durableSessions).toBe(1);
    durable.rig.clock.advance(2_000);
    const stats = durable.rig.door.stats();
    expect([stats.durableSessions, stats.sessionsExpired, stats.storedMessages]).toEqual([0, 1, 0]);
    expect(durable.rig.gaps.map(({ reason }) => reason)).toEqual(["session-ended"]);
    durable.rig.clock.advance(100);
    durable.rig.settle();
    expect(durable.log.standing().size).toBe(0);
  });

  test("comes over a restart, by the time that has passed", () => {
    durable.connect(5, "sub", { properties: "11 0000000a" }).feed(end);
    durable.rig.settle();
    durable.rig.clock.advance(4_000);
    durable.restart();
    durable.rig.clock.advance(5_000);
    expect(durable.rig.door.stats().durableSessions).toBe(1);
    durable.rig.clock.advance(1_500);
    expect(durable.rig.door.stats().durableSessions).toBe(0);
  });

  test("counts from the start for who was connected when the power failed", () => {
    durable.connect(5, "sub", { properties: "11 0000000a" });
    durable.rig.clock.advance(60_000);
    durable.cut();
    durable.rig.clock.advance(9_000);
    expect(durable.rig.door.stats().durableSessions).toBe(1);
    durable.rig.clock.advance(2_000);
    expect(durable.rig.door.stats().durableSessions).toBe(0);
  });

  test("comes with DISCONNECT that says so, and later where it says that (MQTT 5, 3.14.2.2.2)", () => {
    durable.connect(5, "a").feed(hex("e0 07 00 05 11 00 00 00 00"));
    durable.rig.settle();
    expect(durable.rig.door.stats().durableSessions).toBe(0);
    durable.connect(5, "b", { properties: "11 00000005" }).feed(hex("e0 07 00 05 11 00 00 00 64"));
    durable.rig.clock.advance(50_000);
    expect(durable.rig.door.stats().durableSessions).toBe(1);
    const [clean] = durable.dial(5, "c", { properties: "", clean: true });
    clean.feed(hex("e0 07 00 05 11 00 00 00 64"));
    // MQTT-3.14.2-2
    expect(toHex(clean.take()).startsWith("e0 ")).toBe(true);
    expect(durable.rig.door.stats().durableSessions).toBe(1);
  });

  test("comes with the connection where the new one asks for no more", () => {
    durable.connect(5, "a").feed(end);
    const [connection, connack] = durable.dial(5, "a", { properties: "", clean: false });
    expect(connack.split(" ")[2]).toBe("01");
    connection.feed(end);
    durable.rig.settle();
    expect(durable.rig.door.stats().durableSessions).toBe(0);
    expect(durable.dial(5, "a")[1].split(" ")[2]).toBe("00");
  });
});
