import { describe, expect, test } from "bun:test";
import { DurableRig } from "../sessions/durable/support.ts";
import type { FakeConnection } from "../support/fake-network.ts";
import { ackPacket, connectPacket, payloads, publishPacket, subscribePacket, toHex } from "../support/rig.ts";

const FILTER = "$share/g/devices/#";

function subscribe(rig: DurableRig, connection: FakeConnection, version: 4 | 5, qos = 1): void {
  connection.feed(subscribePacket(version, 1, [[FILTER, qos]]));
  rig.rig.settle();
  connection.take();
}

/** Publishes `from` to `to` as a transient device, and returns how many were acknowledged. */
function publish(rig: DurableRig, from: number, to: number, qos = 1, settles = true): FakeConnection {
  const device = rig.rig.connect(4, `dev ${from}`);
  for (let n = from; n <= to; n++) device.feed(publishPacket("devices/d/t", `${n}`, qos, n));
  if (settles) rig.rig.settle();
  return device;
}

/** A member of 3.1.1 comes back; its CONNACK and what follows is not taken yet. */
function comeBack(rig: DurableRig, clientId: string): FakeConnection {
  const connection = rig.rig.dial();
  connection.feed(connectPacket(4, clientId, { clean: false }));
  rig.rig.settle();
  return connection;
}

/** Takes and acknowledges at QoS 1 what a device of 3.1.1 is sent, as long as anything comes. */
function drain(rig: DurableRig, connection: FakeConnection): string[] {
  const all: string[] = [];
  for (;;) {
    const got = connection.take();
    if (got.length === 0) return all;
    all.push(...payloads(got));
    for (let at = 0; at < got.length; at += 2 + (got[at + 1] ?? 0)) {
      if ((got[at] ?? 0) >> 4 !== 3) continue;
      const idAt = at + 4 + (got[at + 3] ?? 0);
      connection.feed(ackPacket(4, ((got[idAt] ?? 0) << 8) | (got[idAt + 1] ?? 0)));
    }
    rig.rig.settle();
  }
}

describe("members that outlive their connections", () => {
  test("take their turns while they are connected", () => {
    const rig = new DurableRig();
    const [a, b] = [rig.connect(4, "a"), rig.connect(4, "b")];
    for (const member of [a, b]) subscribe(rig, member, 4);
    publish(rig, 1, 10);
    const got = [drain(rig, a), drain(rig, b)];
    expect(got.map(({ length }) => length)).toEqual([5, 5]);
    expect(new Set(got.flat()).size).toBe(10);
  });

  test("leave to nobody what may have been for them alone at QoS 2 (MQTT-4.8.2-5)", () => {
    const rig = new DurableRig();
    const [both, here] = [rig.connect(4, "both"), rig.connect(4, "here")];
    for (const member of [both, here]) subscribe(rig, member, 4, 2);
    both.feed(subscribePacket(4, 2, [["devices/#", 2]]));
    rig.rig.settle();
    both.break();
    publish(rig, 1, 1, 2);
    rig.rig.settle();
    expect(payloads(here.take())).toEqual(["1"]);
    rig.connect(4, "both", { clean: true });
    rig.rig.settle();
    rig.rig.settle();
    expect(payloads(here.take())).toEqual([]);
    expect(rig.rig.gaps.map(({ device, reason }) => [device, reason])).toEqual([["both", "session-ended"]]);
  });

  test("get nothing while they are away and another is there", () => {
    const rig = new DurableRig();
    const [away, here] = [rig.connect(4, "away"), rig.connect(4, "here")];
    for (const member of [away, here]) subscribe(rig, member, 4);
    away.break();
    publish(rig, 1, 6);
    expect(drain(rig, here)).toHaveLength(6);
    expect(drain(rig, comeBack(rig, "away"))).toEqual([]);
  });

  test("keep what comes while nobody is there, also over a power cut", () => {
    const rig = new DurableRig();
    for (const name of ["a", "b"]) {
      const member = rig.connect(4, name);
      subscribe(rig, member, 4);
      member.break();
    }
    const device = publish(rig, 1, 6);
    expect(device.take()).toHaveLength(6 * 4);
    rig.cut();
    const got = ["a", "b"].map((name) => drain(rig, comeBack(rig, name)));
    expect(got.map(({ length }) => length)).toEqual([3, 3]);
    expect(new Set(got.flat()).size).toBe(6);
  });

  test("hold the PUBACK back until what is kept for one of them is durable", () => {
    const rig = new DurableRig();
    const member = rig.connect(4, "member");
    subscribe(rig, member, 4);
    member.break();
    rig.rig.settle();
    const device = publish(rig, 1, 1, 1, false);
    rig.rig.clock.settle();
    rig.rig.ingest.settle();
    rig.rig.clock.settle();
    expect(device.take()).toHaveLength(0);
    rig.rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 01");
  });

  test("share with transient ones: what is acknowledged is in the log of sessions or with a transient member", () => {
    const rig = new DurableRig();
    const durable = rig.connect(4, "durable");
    const transient = rig.rig.connect(4, "transient");
    for (const member of [durable, transient]) subscribe(rig, member, 4);
    publish(rig, 1, 8);
    const got = [drain(rig, durable), drain(rig, transient)];
    expect(got.map(({ length }) => length)).toEqual([4, 4]);
    expect(new Set(got.flat()).size).toBe(8);
    // What the transient one has not acknowledged goes to the other, who keeps it.
    publish(rig, 9, 10);
    const left = payloads(transient.take());
    expect(left).toHaveLength(1);
    transient.break();
    rig.rig.settle();
    rig.cut();
    expect(drain(rig, comeBack(rig, "durable")).sort()).toEqual(["10", "9"]);
  });

  test("leave what they have not got to others when their session ends, and only then", () => {
    const rig = new DurableRig({ maxInFlight: 2 });
    const [ending] = rig.dial(5, "ending", { properties: "11 0000000a" });
    subscribe(rig, ending, 5);
    publish(rig, 1, 4);
    expect(payloads(ending.take(), 5)).toEqual(["1", "2"]);
    const heir = rig.connect(4, "heir");
    subscribe(rig, heir, 4);
    ending.break();
    rig.rig.settle();
    rig.rig.clock.advance(9_000);
    expect(drain(rig, heir)).toEqual([]);
    rig.rig.clock.advance(5_000);
    rig.rig.settle();
    expect(drain(rig, heir).sort()).toEqual(["1", "2", "3", "4"]);
    expect(rig.rig.gaps).toEqual([]);
  });

  test("leave what is still on its way to the disk when their session ends", () => {
    const rig = new DurableRig();
    const a = rig.connect(4, "a");
    subscribe(rig, a, 4);
    a.break();
    rig.rig.settle();
    const b = rig.connect(4, "b");
    const device = publish(rig, 1, 2, 1, false);
    // The two are a's by now. b joins, and a's session ends, all before the round does.
    rig.rig.clock.settle();
    b.feed(subscribePacket(4, 1, [[FILTER, 1]]));
    rig.rig.dial().feed(connectPacket(4, "a", { clean: true }));
    for (let round = 0; round < 3; round++) rig.rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 01 40 02 00 02");
    expect(payloads(b.take().subarray(5))).toEqual(["1", "2"]);
    expect(rig.rig.gaps).toEqual([]);
  });

  test("at QoS 2 leave what was not sent, and nothing that was", () => {
    const rig = new DurableRig({ maxInFlight: 1 });
    const [ending] = rig.dial(5, "ending", { properties: "11 0000000a" });
    subscribe(rig, ending, 5, 2);
    publish(rig, 1, 3, 2);
    expect(payloads(ending.take(), 5)).toEqual(["1"]);
    const heir = rig.connect(4, "heir");
    subscribe(rig, heir, 4, 1);
    ending.break();
    rig.rig.clock.advance(11_000);
    rig.rig.settle();
    expect(drain(rig, heir).sort()).toEqual(["2", "3"]);
  });

  test("with a subscription of their own get both, each acknowledged for itself", () => {
    const rig = new DurableRig();
    const both = rig.connect(5, "both");
    both.feed(subscribePacket(5, 1, [[FILTER, 1]], "0b 01"));
    both.feed(subscribePacket(5, 2, [["devices/+/t", 1]], "0b 02"));
    rig.rig.settle();
    both.take();
    publish(rig, 1, 1);
    const sent = toHex(both.take());
    expect(sent).toContain("02 0b 01 31");
    expect(sent).toContain("02 0b 02 31");
  });
});

describe("retained messages of sessions that outlive their connections", () => {
  test("go behind the SUBACK, and what is under way stays with the session", () => {
    const rig = new DurableRig();
    const device = rig.rig.connect(4, "dev");
    device.feed(publishPacket("devices/d/state", "on", 1, 1, { retain: true }));
    rig.rig.settle();
    const durable = rig.connect(4, "durable");
    durable.feed(subscribePacket(4, 1, [["devices/#", 1]]));
    rig.rig.settle();
    const got = durable.take();
    expect(toHex(got.subarray(0, 5))).toBe("90 03 00 01 01");
    rig.rig.settle();
    const message = Buffer.concat([got.subarray(5), durable.take()]);
    expect(toHex(message)).toBe(toHex(publishPacket("devices/d/state", "on", 1, 1, { retain: true })));
    durable.break();
    rig.cut();
    // It was not acknowledged.
    expect(drain(rig, comeBack(rig, "durable"))).toEqual(["on"]);
  });

  test("reach one who subscribes in the turn in which they are published", () => {
    const rig = new DurableRig();
    const durable = rig.connect(4, "durable");
    const device = rig.rig.connect(4, "dev");
    device.feed(publishPacket("devices/d/state", "on", 1, 1, { retain: true }));
    durable.feed(subscribePacket(4, 1, [["devices/#", 1]]));
    for (let round = 0; round < 4; round++) rig.rig.settle();
    expect(payloads(durable.take())).toEqual(["on"]);
  });

  test("go on with the next connection, where one broke before all were sent", () => {
    const rig = new DurableRig({ maxInFlight: 5 });
    const device = rig.rig.connect(4, "dev");
    for (let n = 0; n < 60; n++) device.feed(publishPacket(`r/${n}`, `${n}`, 1, 1 + n, { retain: true }));
    rig.rig.settle();
    const first = rig.connect(4, "durable");
    first.feed(subscribePacket(4, 1, [["r/#", 1]]));
    rig.rig.settle();
    const got = new Set(payloads(first.take().subarray(5)));
    first.break();
    rig.rig.clock.advance(1_000);
    rig.rig.settle();
    expect(got.size).toBeLessThan(30);
    const again = comeBack(rig, "durable");
    for (let round = 0; round < 100; round++) {
      rig.rig.settle();
      for (const text of drain(rig, again)) got.add(text);
      rig.rig.clock.advance(5);
    }
    expect(got.size).toBe(60);
  });

  test("are many: all of them arrive, as they are acknowledged", () => {
    const rig = new DurableRig({ maxInFlight: 5, maxQueuedMessages: 40 });
    const device = rig.rig.connect(4, "dev");
    for (let n = 0; n < 150; n++) device.feed(publishPacket(`r/${n}`, `${n}`, 1, 1 + n, { retain: true }));
    rig.rig.settle();
    const durable = rig.connect(4, "durable");
    durable.feed(subscribePacket(4, 1, [["r/#", 1]]));
    const got = new Set<string>();
    for (let round = 0; round < 400 && got.size < 150; round++) {
      rig.rig.settle();
      for (const text of drain(rig, durable)) got.add(text);
      rig.rig.clock.advance(5);
    }
    expect(got.size).toBe(150);
    expect(rig.rig.door.stats().messagesDropped).toBe(0);
  });
});
