import { describe, expect, test } from "bun:test";
import { DEFAULT_ROUTES } from "../../../src/mqtt/routes.ts";
import type { FakeConnection } from "../support/fake-network.ts";
import { FakeRetained } from "../support/fake-retained.ts";
import {
  ackPacket,
  type ConnectMore,
  payloads,
  publishPacket,
  Rig,
  subscribePacket,
  toHex,
  unsubscribePacket,
} from "../support/rig.ts";

const TOPIC = "devices/d1/state";

/** A door whose device has left a retained message, which is durable. */
function rigWith(payload: string, more: { qos?: number; properties?: string } = {}): Rig {
  const rig = new Rig();
  const device = rig.connect(5, "dev");
  const { qos = 1, properties = "" } = more;
  device.feed(publishPacket(TOPIC, payload, qos, 1, { version: 5, retain: true, properties }));
  rig.settle();
  device.take();
  return rig;
}

/** Subscribes, and returns what comes behind the SUBACK. */
function subscribed(
  rig: Rig,
  filter: string,
  options: number,
  version: 4 | 5 = 5,
  connect: ConnectMore = {},
): { readonly got: Uint8Array; readonly connection: FakeConnection } {
  const connection = rig.connect(version, "sub", connect);
  connection.feed(subscribePacket(version, 9, [[filter, options]]));
  const all = connection.take();
  const suback = version === 5 ? 6 : 5;
  expect(all[0]).toBe(0x90);
  return { got: all.subarray(suback), connection };
}

const five = { version: 5 } as const;

describe("a retained message", () => {
  test.each([4, 5] as const)(
    "goes to whoever subscribes later, behind the SUBACK, with the flag (version %i)",
    (version) => {
      const rig = rigWith("on");
      for (const filter of ["#", "devices/+/state", "devices/d1/state/#", TOPIC]) {
        const { got, connection } = subscribed(rig, filter, 1, version);
        expect(toHex(got)).toBe(toHex(publishPacket(TOPIC, "on", 1, 1, { version, retain: true })));
        connection.break();
      }
      expect(toHex(subscribed(rig, "other/#", 1, version).got)).toBe("");
    },
  );

  test("keeps what its client publishes behind it in its place, over a new connection too (MQTT-4.6.0-6)", () => {
    const rig = new Rig();
    const { connection } = subscribed(rig, TOPIC, 0, 4);
    const device = rig.connect(4, "dev");
    device.feed(publishPacket(TOPIC, "on", 0, 0, { retain: true }));
    device.break();
    rig.connect(4, "dev").feed(publishPacket(TOPIC, "off", 0, 0));
    rig.clock.settle();
    rig.ingest.settle();
    rig.clock.settle();
    rig.settle();
    expect(payloads(connection.take())).toEqual(["on", "off"]);
  });

  test.each([4, 5] as const)("is acknowledged once its own record is durable too (version %i)", (version) => {
    const rig = new Rig();
    const device = rig.connect(version, "dev");
    device.feed(publishPacket(TOPIC, "on", 1, 7, { version, retain: true }));
    rig.clock.settle();
    rig.ingest.settle();
    rig.clock.settle();
    expect(device.take()).toHaveLength(0);
    rig.retained.settle();
    rig.clock.settle();
    expect(toHex(device.take())).toBe("40 02 00 07");
    device.feed(publishPacket(TOPIC, "off", 2, 8, { version, retain: true }));
    rig.clock.settle();
    rig.retained.settle();
    rig.clock.settle();
    expect(device.take()).toHaveLength(0);
    rig.settle();
    expect(toHex(device.take())).toBe("50 02 00 08");
  });

  test("is refused where its record is", () => {
    const rig = new Rig();
    rig.retained.refusal = 56;
    const device = rig.connect(5, "dev");
    device.feed(publishPacket(TOPIC, "on", 1, 7, { version: 5, retain: true }));
    rig.settle();
    expect(toHex(device.take())).toBe("40 03 00 07 83");
  });

  test.each([10, 56, 89])(
    "leaves what is retained alone where its own record is refused (error %i)",
    (error) => {
      const rig = rigWith("good");
      const device = rig.connect(5, "other");
      for (const qos of [0, 1, 2]) {
        for (const payload of ["no", ""]) {
          rig.ingest.refusals.set("telemetry", error);
          device.feed(publishPacket(TOPIC, payload, qos, 3, { version: 5, retain: true }));
          rig.settle();
          const answer = device.take();
          if (qos > 0) expect(answer[4]).toBeGreaterThanOrEqual(0x80);
          rig.ingest.refusals.clear();
          rig.settle();
          const { got, connection } = subscribed(rig, TOPIC, 1);
          expect(payloads(got, 5)).toEqual(["good"]);
          connection.break();
        }
      }
      const restarted = new Rig({}, DEFAULT_ROUTES, rig.retained);
      expect(payloads(subscribed(restarted, TOPIC, 1).got, 5)).toEqual(["good"]);
    },
  );

  test("is delivered before what its publisher sent after it", () => {
    const rig = new Rig();
    const { connection } = subscribed(rig, "#", 1, 4);
    const [device, other] = [rig.connect(4, "dev"), rig.connect(4, "other")];
    device.feed(publishPacket(TOPIC, "first", 1, 1, { retain: true }));
    device.feed(publishPacket(TOPIC, "second", 1, 2));
    other.feed(publishPacket(TOPIC, "of another", 1, 1));
    rig.clock.settle();
    rig.ingest.settle();
    rig.clock.settle();
    expect(payloads(connection.take())).toEqual(["of another"]);
    rig.settle();
    expect(payloads(connection.take())).toEqual(["first", "second"]);
  });

  test("reaches one who subscribes before it is durable, once, as a live message", () => {
    const rig = new Rig();
    rig.connect(4, "dev").feed(publishPacket(TOPIC, "on", 1, 1, { retain: true }));
    rig.clock.settle();
    const { got, connection } = subscribed(rig, "#", 1, 4);
    expect(got).toHaveLength(0);
    rig.settle();
    expect(toHex(connection.take())).toBe(toHex(publishPacket(TOPIC, "on", 1, 1)));
  });

  test("goes with an empty payload, which is delivered and recorded as any message is", () => {
    const rig = rigWith("on");
    const { connection } = subscribed(rig, "#", 1, 4);
    connection.take();
    const device = rig.connect(4, "other");
    device.feed(publishPacket(TOPIC, "", 1, 2, { retain: true }));
    rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 02");
    expect(toHex(connection.take())).toBe(toHex(publishPacket(TOPIC, "", 1, 2)));
    expect(rig.ingest.records).toHaveLength(2);
    connection.break();
    expect(toHex(subscribed(rig, "#", 1, 4).got)).toBe("");
  });

  test("of QoS 0 is kept, and a message without the flag leaves it alone", () => {
    const rig = rigWith("on", { qos: 0 });
    rig.connect(4, "other").feed(publishPacket(TOPIC, "live"));
    rig.settle();
    expect(payloads(subscribed(rig, "#", 2, 4).got)).toEqual(["on"]);
  });

  test.each([
    [0, 0, 0],
    [0, 2, 0],
    [1, 0, 0],
    [2, 1, 1],
    [1, 2, 1],
    [2, 2, 2],
  ])("of QoS %i goes to a subscription of QoS %i with QoS %i", (qos, asked, expected) => {
    const { got } = subscribed(rigWith("on", { qos }), "#", asked, 4);
    expect(toHex(got)).toBe(toHex(publishPacket(TOPIC, "on", expected, 1, { retain: true })));
  });

  test("keeps its flag whatever retain as published says, and has the subscription's identifier", () => {
    const rig = rigWith("on");
    for (const options of [1, 1 | 8]) {
      const connection = rig.connect(5, "sub");
      connection.feed(subscribePacket(5, 9, [["#", options]], "0b 05"));
      expect(toHex(connection.take().subarray(6))).toBe(
        toHex(publishPacket(TOPIC, "on", 1, 1, { version: 5, retain: true, properties: "0b 05" })),
      );
      connection.break();
    }
  });

  test("comes with its properties, and with what is left of its expiry", () => {
    const rig = rigWith("on", { properties: "02 0000000a 03 0004 74657874" });
    rig.clock.advance(3_500);
    const { got, connection } = subscribed(rig, "#", 1);
    const properties = "03 0004 74657874 02 00000007";
    expect(toHex(got)).toBe(toHex(publishPacket(TOPIC, "on", 1, 1, { ...five, retain: true, properties })));
    connection.break();
    rig.clock.advance(6_500);
    expect(toHex(subscribed(rig, "#", 1).got)).toBe("");
  });

  test("a will leaves one, and one goes with an empty will", () => {
    const rig = new Rig();
    for (const payload of ["gone", ""]) {
      const will = { topic: TOPIC, payload, retain: true, qos: 1 };
      rig.connect(5, "dev", { will }).break();
      rig.settle();
      const { got, connection } = subscribed(rig, "#", 0, 4);
      expect(payloads(got)).toEqual(payload === "" ? [] : ["gone"]);
      connection.break();
    }
  });

  test("of a `$`-topic is for filters that name it", () => {
    const routes = [{ filter: "$gateway/#", topic: "gateway" }, ...DEFAULT_ROUTES];
    const rig = new Rig({}, routes);
    rig.connect(4, "dev").feed(publishPacket("$gateway/x", "on", 1, 1, { retain: true }));
    rig.settle();
    const { got, connection } = subscribed(rig, "#", 0, 4);
    expect(got).toHaveLength(0);
    connection.feed(subscribePacket(4, 3, [["$gateway/+", 0]]));
    expect(payloads(connection.take())).toEqual(["on"]);
  });

  test("is there after a restart", () => {
    const retained = new FakeRetained();
    const before = new Rig({}, DEFAULT_ROUTES, retained);
    before.connect(4, "dev").feed(publishPacket(TOPIC, "on", 1, 1, { retain: true }));
    before.settle();
    const after = new Rig({}, DEFAULT_ROUTES, retained);
    expect(payloads(subscribed(after, "#", 0, 4).got)).toEqual(["on"]);
    expect(after.door.stats().retainedMessages).toBe(1);
  });
});

describe("retain handling", () => {
  test("0 sends at every SUBSCRIBE, 1 at a new subscription, 2 never", () => {
    const rig = rigWith("on");
    const again = (handling: number): number[] => {
      const connection = rig.connect(5, "sub");
      const counts = [1, 2].map((packetId) => {
        connection.feed(subscribePacket(5, packetId, [["#", handling << 4]]));
        return payloads(connection.take(), 5).length;
      });
      connection.feed(unsubscribePacket(5, 3, ["#"]));
      connection.feed(subscribePacket(5, 4, [["#", handling << 4]]));
      counts.push(payloads(connection.take(), 5).length);
      connection.break();
      return counts;
    };
    expect(again(0)).toEqual([1, 1, 1]);
    expect(again(1)).toEqual([1, 0, 1]);
    expect(again(2)).toEqual([0, 0, 0]);
  });

  test("3.1.1 gets them at every SUBSCRIBE (MQTT-3.8.4-3)", () => {
    const rig = rigWith("on");
    const connection = rig.connect(4, "sub");
    for (const packetId of [1, 2]) {
      connection.feed(subscribePacket(4, packetId, [["#", 0]]));
      expect(payloads(connection.take())).toEqual(["on"]);
    }
  });
});

/** A door with so many retained messages, `r/0` to. */
function rigWithMany(count: number, limits = {}): Rig {
  const rig = new Rig(limits);
  const device = rig.connect(4, "dev");
  for (let n = 0; n < count; n++)
    device.feed(publishPacket(`r/${n}`, `${n}`, 1, 1 + (n % 500), { retain: true }));
  rig.settle();
  device.break();
  return rig;
}

describe("many retained messages", () => {
  test("go as the client acknowledges them, in any number, and none is dropped", () => {
    const rig = rigWithMany(300, { maxQueuedMessages: 20 });
    const { got, connection } = subscribed(rig, "r/+", 1, 5, { properties: "21 0003" });
    let all = payloads(got, 5);
    expect(all).toHaveLength(3);
    for (let rounds = 0; all.length < 300 && rounds < 400; rounds++) {
      const before = all.length;
      for (let n = before - 3; n < before; n++) connection.feed(ackPacket(4, 1 + n));
      all = all.concat(payloads(connection.take(), 5));
      rig.clock.advance(5);
    }
    expect(new Set(all).size).toBe(300);
    expect(rig.door.stats()).toMatchObject({ messagesDropped: 0, retainedUnreadable: 0 });
  });

  test("wait while the client's socket is full, and go on when it drains", () => {
    const rig = rigWithMany(200, { maxSocketBacklogBytes: 100, maxQueuedMessages: 20 });
    const connection = rig.connect(4, "sub");
    connection.frozen = true;
    connection.feed(subscribePacket(4, 1, [["#", 0]]));
    expect(connection.queuedBytes).toBeLessThan(200);
    const all: string[] = [];
    for (let rounds = 0; rounds < 100; rounds++) {
      connection.thaw();
      all.push(...payloads(connection.take()));
      connection.frozen = true;
    }
    expect(new Set(all).size).toBe(200);
    expect(rig.door.stats().messagesDropped).toBe(0);
  });

  test("a value that changes meanwhile is never followed by the one before", () => {
    const rig = rigWithMany(100);
    const { got, connection } = subscribed(rig, "r/+", 1, 5, { properties: "21 0001" });
    const seen = payloads(got, 5);
    const device = rig.connect(4, "dev");
    for (let n = 0; n < 100; n++)
      device.feed(publishPacket(`r/${n}`, `new ${n}`, 1, 1 + n, { retain: true }));
    rig.settle();
    for (let packetId = 1; packetId <= 400; packetId++) {
      connection.feed(ackPacket(4, packetId));
      seen.push(...payloads(connection.take(), 5));
    }
    for (let n = 0; n < 100; n++) {
      const first = seen.indexOf(`new ${n}`);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(seen.lastIndexOf(`${n}`)).toBeLessThan(first);
    }
  });

  test("stop with the subscription, and with the connection", () => {
    const rig = rigWithMany(50);
    const { connection } = subscribed(rig, "r/+", 1, 5, { properties: "21 0001" });
    connection.feed(unsubscribePacket(5, 2, ["r/+"]));
    connection.take();
    for (let packetId = 1; packetId <= 60; packetId++) connection.feed(ackPacket(4, packetId));
    // What was queued behind the one under way is still delivered (MQTT-3.10.4-3).
    expect(payloads(connection.take(), 5).length).toBeLessThan(20);
    const other = subscribed(rig, "r/+", 1, 5, { properties: "21 0001" }).connection;
    other.break();
    expect(rig.door.stats().queuedBytes).toBe(0);
  });

  test("which are too many are not kept, but recorded and delivered", () => {
    const rig = rigWithMany(12, { maxRetainedMessages: 10 });
    expect(rig.ingest.records).toHaveLength(12);
    expect(rig.door.stats()).toMatchObject({ retainedMessages: 10, retainedRefused: 2, publishesRefused: 0 });
    expect(rig.lines.filter(({ level }) => level === "warn").map(({ message }) => message)).toEqual([
      "a message was not retained: the bounds of retained messages are reached",
    ]);
  });
});
