import { describe, expect, test } from "bun:test";
import {
  ackPacket,
  hex,
  payloads,
  publishPacket,
  Rig,
  subscribePacket,
  toHex,
  unsubscribePacket,
} from "./support/rig.ts";

describe("the way out", () => {
  test("subscribers get what is durable, at the lower QoS, with identifiers of the door's own from 1", () => {
    const rig = new Rig();
    const device = rig.connect(4, "dev");
    const zero = rig.connect(4, "zero");
    const two = rig.connect(4, "two");
    zero.feed(subscribePacket(4, 1, [["devices/+/t", 0]]));
    two.feed(subscribePacket(4, 2, [["devices/#", 2]]));
    expect(toHex(zero.take())).toBe("90 03 00 01 00");
    expect(toHex(two.take())).toBe("90 03 00 02 02");
    device.feed(publishPacket("devices/d1/t", "A", 1, 50));
    rig.clock.settle();
    expect(zero.take()).toHaveLength(0);
    rig.settle();
    expect(zero.take()).toEqual(Buffer.from(publishPacket("devices/d1/t", "A", 0)));
    expect(two.take()).toEqual(Buffer.from(publishPacket("devices/d1/t", "A", 1, 1)));
    device.feed(publishPacket("devices/d1/t", "B", 2, 51));
    rig.settle();
    expect(two.take()).toEqual(Buffer.from(publishPacket("devices/d1/t", "B", 2, 2)));
    two.feed(ackPacket(5, 2));
    expect(toHex(two.take())).toBe("62 02 00 02");
    two.feed(ackPacket(7, 2));
    expect(two.take()).toHaveLength(0);
  });

  test("a refused message reaches nobody", () => {
    const rig = new Rig();
    rig.ingest.refusals.set("telemetry", 89);
    const all = rig.connect(4, "all");
    all.feed(subscribePacket(4, 1, [["#", 0]]));
    all.take();
    rig.connect(5, "dev").feed(publishPacket("devices/d1/t", "A", 1, 50, { version: 5 }));
    rig.settle();
    expect(all.take()).toHaveLength(0);
    expect(rig.door.stats().stagedBytes).toBe(0);
  });

  test("the client's receive maximum bounds what is under way; the rest waits in order", () => {
    const rig = new Rig();
    const device = rig.connect(4, "dev");
    const slow = rig.connect(5, "slow", { properties: "21 0002" });
    slow.feed(subscribePacket(5, 1, [["devices/#", 1]]));
    slow.take();
    for (let n = 1; n <= 4; n++) device.feed(publishPacket("devices/d1/t", `${n}`, 1, n));
    rig.settle();
    const five = { version: 5 } as const;
    const sent = (n: number, id: number) => toHex(publishPacket("devices/d1/t", `${n}`, 1, id, five));
    expect(toHex(slow.take())).toBe(`${sent(1, 1)} ${sent(2, 2)}`);
    slow.feed(ackPacket(4, 1));
    expect(toHex(slow.take())).toBe(sent(3, 3));
    slow.feed(Buffer.concat([ackPacket(4, 2), ackPacket(4, 3)]));
    expect(toHex(slow.take())).toBe(sent(4, 4));
  });

  for (const policy of ["drop-oldest", "drop-newest"] as const) {
    test(`a frozen subscriber stalls nobody: its queue fills and ${policy} is counted`, () => {
      const rig = new Rig({ maxSocketBacklogBytes: 1_000, maxQueuedMessages: 10, queuePolicy: policy });
      const device = rig.connect(4, "dev");
      const frozen = rig.connect(4, "frozen");
      const lively = rig.connect(4, "lively");
      for (const one of [frozen, lively]) {
        one.feed(subscribePacket(4, 1, [["devices/#", 0]]));
        one.take();
      }
      frozen.frozen = true;
      for (let n = 1; n <= 100; n++) {
        device.feed(publishPacket("devices/d1/t", `${n}`.padStart(85), 1, n));
        rig.settle();
      }
      expect(device.take()).toHaveLength(400);
      expect(payloads(lively.take())).toHaveLength(100);
      frozen.thaw();
      const got = payloads(frozen.take()).map(Number);
      expect(got).toHaveLength(20);
      const sentAtOnce = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
      const kept = policy === "drop-oldest" ? 90 : 10;
      expect(got).toEqual([...sentAtOnce, ...sentAtOnce.map((n) => n + kept)]);
      expect(rig.door.stats()).toMatchObject({ messagesDropped: 80, queuedBytes: 0 });
    });
  }

  test("overlapping subscriptions give one copy with every identifier (MQTT-3.3.4-2)", () => {
    const rig = new Rig();
    const both = rig.connect(5, "both");
    both.feed(subscribePacket(5, 1, [["devices/#", 0]], "0b 07"));
    both.feed(subscribePacket(5, 2, [["devices/+/t", 1]], "0b 90 4e"));
    both.take();
    rig.connect(4, "dev").feed(publishPacket("devices/d1/t", "A", 1, 50));
    rig.settle();
    const packet = publishPacket("devices/d1/t", "A", 1, 1, { version: 5, properties: "0b 07 0b 90 4e" });
    expect(toHex(both.take())).toBe(toHex(packet));
  });

  test("[MQTT-3.8.3-3] no local keeps a client's own messages from it, and only through that filter", () => {
    const rig = new Rig();
    const one = rig.connect(5, "one");
    one.feed(subscribePacket(5, 1, [["devices/#", 0x04]]));
    one.take();
    const five = { version: 5 } as const;
    one.feed(publishPacket("devices/d1/t", "own", 0, 0, five));
    rig.connect(4, "two").feed(publishPacket("devices/d1/t", "other"));
    rig.settle();
    expect(payloads(one.take(), 5)).toEqual(["other"]);
    one.feed(subscribePacket(5, 2, [["devices/d1/+", 0]]));
    one.take();
    one.feed(publishPacket("devices/d1/t", "own", 0, 0, five));
    rig.settle();
    expect(payloads(one.take(), 5)).toEqual(["own"]);
  });

  test("retain as published keeps the flag of a 3.1.1 message, else it is cleared", () => {
    const rig = new Rig();
    const kept = rig.connect(5, "kept");
    const cleared = rig.connect(5, "cleared");
    kept.feed(subscribePacket(5, 1, [["devices/#", 0x08]]));
    cleared.feed(subscribePacket(5, 1, [["devices/#", 0]]));
    kept.take();
    cleared.take();
    rig.connect(4, "dev").feed(publishPacket("devices/d1/t", "A", 0, 0, { retain: true }));
    rig.settle();
    expect(kept.take()[0]).toBe(0x31);
    expect(cleared.take()[0]).toBe(0x30);
  });

  test("properties reach MQTT 5 subscribers in order; the alias does not, the expiry counts down", () => {
    const rig = new Rig();
    const five = rig.connect(5, "five");
    const four = rig.connect(4, "four");
    five.feed(subscribePacket(5, 1, [["devices/#", 0]]));
    four.feed(subscribePacket(4, 1, [["devices/#", 0]]));
    five.take();
    four.take();
    const user = "26 0001 62 0001 32 26 0001 61 0001 31";
    const properties = `26 0001 7a 0001 30 02 0000003c 03 0001 74 23 0001 ${user} 08 0001 72 09 0001 ff 01 00`;
    rig.connect(5, "dev").feed(publishPacket("devices/d1/t", "A", 0, 0, { version: 5, properties }));
    rig.clock.advance(1_500);
    rig.settle();
    const kept = `26 0001 7a 0001 30 03 0001 74 ${user} 08 0001 72 09 0001 ff 01 00 02 0000003b`;
    const packet = publishPacket("devices/d1/t", "A", 0, 0, { version: 5, properties: kept });
    expect(toHex(five.take())).toBe(toHex(packet));
    expect(toHex(four.take())).toBe(toHex(publishPacket("devices/d1/t", "A")));
  });

  test("[MQTT-3.3.2-5] a message that expired in the queue is not sent", () => {
    const rig = new Rig();
    const slow = rig.connect(5, "slow", { properties: "21 0001" });
    slow.feed(subscribePacket(5, 1, [["devices/#", 1]]));
    slow.take();
    const device = rig.connect(5, "dev");
    for (const [n, properties] of ["", "02 00000005", ""].entries()) {
      device.feed(publishPacket("devices/d1/t", `${n}`, 1, n + 1, { version: 5, properties }));
    }
    rig.settle();
    rig.clock.advance(6_000);
    slow.feed(ackPacket(4, 1));
    expect(payloads(slow.take(), 5)).toEqual(["0", "2"]);
    expect(rig.door.stats().messagesExpired).toBe(1);
  });

  test("[MQTT-3.1.2-24] a message beyond the client's maximum packet size is left out", () => {
    const rig = new Rig();
    const small = rig.connect(5, "small", { properties: "27 00000028" });
    small.feed(subscribePacket(5, 1, [["devices/#", 1]]));
    small.take();
    const device = rig.connect(4, "dev");
    device.feed(publishPacket("devices/d1/t", "x".repeat(21), 1, 1));
    device.feed(publishPacket("devices/d1/t", "x".repeat(22), 1, 2));
    rig.settle();
    expect(payloads(small.take(), 5)).toEqual(["x".repeat(21)]);
    expect(rig.door.stats().messagesTooLarge).toBe(1);
  });

  test("UNSUBSCRIBE ends the delivery and answers per filter", () => {
    const rig = new Rig();
    const one = rig.connect(5, "one");
    one.feed(
      subscribePacket(5, 1, [
        ["a/#", 0],
        ["+/b", 1],
      ]),
    );
    expect(toHex(one.take())).toBe("90 05 00 01 00 00 01");
    one.feed(unsubscribePacket(5, 2, ["a/#", "never"]));
    expect(toHex(one.take())).toBe("b0 05 00 02 00 00 11");
    rig.connect(4, "dev").feed(Buffer.concat([publishPacket("a/c", "1"), publishPacket("a/b", "2")]));
    rig.settle();
    expect(payloads(one.take(), 5)).toEqual(["2"]);
    expect(rig.door.stats().subscriptions).toBe(1);
  });

  test("copies that wait for the disk are bounded: what is beyond is stored, counted and not delivered", () => {
    const rig = new Rig({ maxTotalStagedBytes: 500 });
    const watcher = rig.connect(4, "watcher");
    watcher.feed(subscribePacket(4, 1, [["#", 0]]));
    watcher.take();
    const device = rig.connect(4, "dev");
    for (let n = 1; n <= 4; n++) device.feed(publishPacket("devices/d1/t", `${n}`, 1, n));
    rig.connect(4, "dies", { will: { topic: "w", payload: "gone" } }).break();
    expect(rig.door.stats().stagedBytes).toBeLessThanOrEqual(500);
    rig.settle();
    expect(rig.ingest.records.map((record) => record.text)).toEqual(["1", "2", "3", "4", "gone"]);
    expect(payloads(watcher.take())).toEqual(["1", "2", "3"]);
    expect(rig.door.stats()).toMatchObject({ messagesUnstaged: 2, stagedBytes: 0 });
    device.feed(publishPacket("devices/d1/t", "5", 1, 5));
    rig.settle();
    expect(payloads(watcher.take())).toEqual(["5"]);
  });

  test("[MQTT-4.6.0-6] a message that needs no window does not overtake those that wait for one", () => {
    const rig = new Rig();
    const slow = rig.connect(5, "slow", { properties: "21 0001" });
    slow.feed(subscribePacket(5, 1, [["devices/#", 1]]));
    slow.take();
    const device = rig.connect(4, "dev");
    for (const [n, qos] of [1, 1, 0].entries())
      device.feed(publishPacket("devices/d1/t", `${n}`, qos, n + 1));
    rig.settle();
    expect(payloads(slow.take(), 5)).toEqual(["0"]);
    slow.feed(ackPacket(4, 1));
    expect(payloads(slow.take(), 5)).toEqual(["1", "2"]);
  });

  test("a message that the client can't take holds no place in its window", () => {
    const rig = new Rig();
    const small = rig.connect(5, "small", { properties: "21 0001 27 00000028" });
    small.feed(subscribePacket(5, 1, [["devices/#", 1]]));
    small.take();
    const device = rig.connect(4, "dev");
    device.feed(publishPacket("devices/d1/t", "x".repeat(50), 1, 1));
    device.feed(publishPacket("devices/d1/t", "short", 1, 2));
    rig.settle();
    expect(payloads(small.take(), 5)).toEqual(["short"]);
  });

  test("a PUBREC that refuses ends the exchange", () => {
    const rig = new Rig();
    const slow = rig.connect(5, "slow", { properties: "21 0001" });
    slow.feed(subscribePacket(5, 1, [["devices/#", 2]]));
    slow.take();
    const device = rig.connect(4, "dev");
    for (let n = 1; n <= 2; n++) device.feed(publishPacket("devices/d1/t", `${n}`, 2, n));
    rig.settle();
    expect(payloads(slow.take(), 5)).toEqual(["1"]);
    slow.feed(hex("50 03 00 01 83"));
    const five = { version: 5 } as const;
    expect(toHex(slow.take())).toBe(toHex(publishPacket("devices/d1/t", "2", 2, 2, five)));
  });

  test("what waits for a subscriber is let go with its connection", () => {
    const rig = new Rig();
    const slow = rig.connect(5, "slow", { properties: "21 0001" });
    slow.feed(subscribePacket(5, 1, [["devices/#", 1]]));
    const device = rig.connect(4, "dev");
    for (let n = 1; n <= 3; n++) device.feed(publishPacket("devices/d1/t", `${n}`, 1, n));
    rig.settle();
    expect(rig.door.stats().queuedBytes).toBeGreaterThan(0);
    slow.break();
    expect(rig.door.stats().queuedBytes).toBe(0);
  });

  test("subscriptions are bounded, for one and for all; a filter that is there already may change", () => {
    const rig = new Rig({ maxSubscriptions: 2, maxTotalSubscriptions: 3 });
    const [one, two] = [rig.connect(5, "one"), rig.connect(5, "two")];
    const answer = (device: typeof one, ...filters: string[]) => {
      device.feed(
        subscribePacket(
          5,
          1,
          filters.map((filter) => [filter, 1]),
        ),
      );
      return toHex(device.take());
    };
    expect(answer(one, "a", "b", "c")).toBe("90 06 00 01 00 01 01 97");
    expect(answer(two, "a", "b")).toBe("90 05 00 01 00 01 97");
    expect(answer(one, "a", "b")).toBe("90 05 00 01 00 01 01");
    expect(rig.door.stats().subscriptions).toBe(3);
  });

  test("[MQTT-3.1.2-24] a SUBACK that the client can't take ends the connection", () => {
    const rig = new Rig();
    const small = rig.connect(5, "small", { properties: "27 00000028" });
    const filters = Array.from({ length: 40 }, (_, n) => [`t${n}`, 0] as const);
    small.feed(subscribePacket(5, 1, filters));
    expect(toHex(small.take())).toBe("e0 01 95");
    expect(small.closed).toBe(true);
  });

  test("[MQTT-3.3.2-6] a will's expiry counts from its publication", () => {
    const rig = new Rig();
    const watcher = rig.connect(5, "watcher");
    watcher.feed(subscribePacket(5, 1, [["w", 0]]));
    watcher.take();
    const will = { topic: "w", payload: "gone", properties: "02 0000000a" };
    const dying = rig.connect(5, "dies", { will });
    rig.clock.advance(60_000);
    dying.break();
    rig.clock.advance(3_000);
    rig.settle();
    const packet = publishPacket("w", "gone", 0, 0, { version: 5, properties: "02 00000007" });
    expect(toHex(watcher.take())).toBe(toHex(packet));
  });
});
