import { describe, expect, test } from "bun:test";
import {
  ackPacket,
  connectPacket,
  hex,
  publishPacket,
  Rig,
  subscribePacket,
  toHex,
  unsubscribePacket,
} from "./support/rig.ts";

describe("the way in", () => {
  test("a QoS 1 publish is appended by its route and acknowledged after the log, not before", () => {
    const rig = new Rig();
    const device = rig.connect(4, "a");
    device.feed(publishPacket("devices/d1/temp", "21.5", 1, 7));
    expect(rig.ingest.records).toHaveLength(1);
    expect(rig.ingest.records[0]).toMatchObject({
      topic: "telemetry",
      key: "d1",
      text: "21.5",
      timestampMs: rig.clock.nowMs(),
      headers: [["mqtt.topic", "devices/d1/temp"]],
    });
    rig.clock.settle();
    expect(toHex(device.take())).toBe("");
    rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 07");
  });

  test("what no named route takes goes to the topic mqtt, keyed by its MQTT topic", () => {
    const rig = new Rig();
    rig.connect(4, "a").feed(publishPacket("plant/line 1/état", "x"));
    expect(rig.ingest.records[0]).toMatchObject({ topic: "mqtt", key: "plant/line 1/état", text: "x" });
  });

  test("QoS 0 is appended and not acknowledged", () => {
    const rig = new Rig();
    const device = rig.connect(4, "a");
    device.feed(publishPacket("devices/d1/temp", "", 0));
    rig.settle();
    expect(rig.ingest.records[0]).toMatchObject({ topic: "telemetry", text: "" });
    expect(device.take()).toHaveLength(0);
  });

  test("[MQTT-4.3.3-8] QoS 2 is appended once, PUBREC waits for the log, PUBREL frees the identifier", () => {
    const rig = new Rig();
    const device = rig.connect(4, "a");
    const first = publishPacket("devices/d1/temp", "1", 2, 9);
    const again = publishPacket("devices/d1/temp", "1", 2, 9, { duplicate: true });
    device.feed(first);
    device.feed(again);
    expect(rig.ingest.records).toHaveLength(1);
    expect(device.take()).toHaveLength(0);
    rig.settle();
    expect(toHex(device.take())).toBe("50 02 00 09 50 02 00 09");
    device.feed(again);
    rig.settle();
    expect(toHex(device.take())).toBe("50 02 00 09");
    expect(rig.ingest.records).toHaveLength(1);
    device.feed(ackPacket(6, 9));
    expect(toHex(device.take())).toBe("70 02 00 09");
    device.feed(first);
    rig.settle();
    expect(rig.ingest.records).toHaveLength(2);
    expect(rig.door.stats().duplicates).toBe(2);
  });

  test("[MQTT-4.6.0-2] acknowledgements keep the order of the publishes when batches settle out of order", () => {
    const rig = new Rig();
    const device = rig.connect(4, "a");
    device.feed(
      Buffer.concat([
        publishPacket("devices/d1/temp", "1", 1, 1),
        publishPacket("plant/x", "2", 1, 2),
        publishPacket("devices/d1/temp", "3", 2, 3),
      ]),
    );
    rig.ingest.settle("mqtt");
    rig.clock.settle();
    expect(device.take()).toHaveLength(0);
    rig.ingest.settle("telemetry");
    expect(toHex(device.take())).toBe("40 02 00 01 40 02 00 02 50 02 00 03");
    expect(device.sends).toBe(2);
  });

  test("a later turn's batch that settles first still waits", () => {
    const rig = new Rig();
    const device = rig.connect(4, "a");
    device.feed(publishPacket("devices/d1/temp", "1", 1, 1));
    const [early] = rig.ingest.nextTurn();
    device.feed(publishPacket("devices/d1/temp", "2", 1, 2));
    rig.settle();
    expect(device.take()).toHaveLength(0);
    if (early === undefined) throw new Error("no batch");
    early.state = "durable";
    rig.ingest.notify();
    expect(toHex(device.take())).toBe("40 02 00 01 40 02 00 02");
  });

  test("hundreds of publishes in every chunking come out whole and in order", () => {
    for (const size of [1, 2, 3, 5, 7, 64, 1_000, 100_000]) {
      const rig = new Rig();
      const device = rig.connect(4, "a");
      const packets = Array.from({ length: 200 }, (_, n) =>
        publishPacket("devices/d1/t", "x".repeat(n * 3) + n, 1, n + 1),
      );
      const all = Buffer.concat(packets);
      for (let at = 0; at < all.length; at += size) device.feed(all.subarray(at, at + size));
      rig.settle();
      expect(rig.ingest.records.map((record) => record.text)).toEqual(
        packets.map((_, n) => "x".repeat(n * 3) + n),
      );
      const acks = packets.map((_, n) => toHex(ackPacket(4, n + 1))).join(" ");
      expect(toHex(device.take())).toBe(acks);
    }
  });

  test("a CONNECT with publishes right behind it, before CONNACK, works", () => {
    const rig = new Rig();
    const device = rig.dial();
    const all = [connectPacket(4, "a")];
    for (let n = 1; n <= 50; n++) all.push(publishPacket("devices/d1/t", `${n}`, 1, n));
    device.feed(Buffer.concat(all));
    rig.settle();
    expect(rig.ingest.records).toHaveLength(50);
    expect(toHex(device.take()).startsWith("20 02 00 00 40 02 00 01 40 02 00 02")).toBe(true);
  });

  test("MQTT 5 properties travel as record headers and can't pose as the broker's", () => {
    const rig = new Rig();
    const device = rig.connect(5, "a");
    const user = `26 0001 61 0001 62  26 ${utf8("mqtt.topic")} ${utf8("devices/other/t")}`;
    const properties = `01 01 02 0000003c 03 ${utf8("text/plain")} 08 ${utf8("re/ply")} 09 0002 beef ${user}`;
    device.feed(publishPacket("devices/d1/t", "x", 0, 0, { version: 5, properties }));
    expect(rig.ingest.records[0]?.headers.map(([name]) => name)).toEqual([
      "mqtt.topic",
      "mqtt.payload-format",
      "mqtt.content-type",
      "mqtt.response-topic",
      "mqtt.correlation-data",
      "a",
      "user.mqtt.topic",
    ]);
    expect(rig.ingest.records[0]?.headers[1]).toEqual(["mqtt.payload-format", "utf-8"]);
  });

  test("a topic alias stands for its topic, and can be set anew", () => {
    const rig = new Rig();
    const device = rig.connect(5, "a");
    const alias = { version: 5, properties: "23 0001" } as const;
    device.feed(publishPacket("devices/d1/t", "1", 0, 0, alias));
    device.feed(publishPacket("", "2", 0, 0, alias));
    device.feed(publishPacket("devices/d2/t", "3", 0, 0, alias));
    device.feed(publishPacket("", "4", 0, 0, alias));
    expect(rig.ingest.records.map((record) => record.key)).toEqual(["d1", "d1", "d2", "d2"]);
    expect(rig.ingest.records[1]?.headers).toEqual([["mqtt.topic", "devices/d1/t"]]);
  });

  test("a refused batch: MQTT 5 hears why, and keeps its connection", () => {
    const rig = new Rig();
    rig.ingest.refusals.set("telemetry", 89);
    const device = rig.connect(5, "a");
    const five = { version: 5 } as const;
    device.feed(publishPacket("devices/d1/t", "1", 1, 1, five));
    device.feed(publishPacket("devices/d1/t", "2", 2, 2, five));
    device.feed(publishPacket("devices/d1/t", "3", 0, 0, five));
    rig.settle();
    expect(toHex(device.take())).toBe("40 03 00 01 97 50 03 00 02 97");
    expect(rig.door.stats()).toMatchObject({ publishesRefused: 3, unsettledBytes: 0 });
    rig.ingest.refusals.clear();
    device.feed(publishPacket("devices/d1/t", "2", 2, 2, five));
    rig.settle();
    expect(toHex(device.take())).toBe("50 02 00 02");
  });

  test("a refused batch: 3.1.1 gets the acknowledgements before it and is closed", () => {
    const rig = new Rig();
    rig.ingest.refusals.set("telemetry", 56);
    const device = rig.connect(4, "a");
    device.feed(publishPacket("plant/x", "0", 1, 4));
    device.feed(publishPacket("devices/d1/t", "1", 1, 5));
    device.feed(publishPacket("plant/x", "2", 1, 6));
    rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 04");
    expect(device.closed).toBe(true);
    expect(rig.lines.filter((line) => line.level === "warn")).toHaveLength(1);
  });

  test("publishing to $SYS or to a $-topic that no route names is refused and not appended", () => {
    const rig = new Rig();
    const device = rig.connect(5, "a");
    for (const topic of ["$SYS/broker/load", "$SYS", "$other/x"]) {
      device.feed(publishPacket(topic, "x", 1, 3, { version: 5 }));
      rig.clock.settle();
      expect(toHex(device.take())).toBe("40 03 00 03 87");
    }
    expect(rig.ingest.records).toHaveLength(0);
  });

  test("a connection with too much unsettled is paused, and resumed when half has settled", () => {
    const rig = new Rig({ maxUnsettledBytes: 10_000 });
    const device = rig.connect(4, "a");
    for (let n = 1; n <= 20; n++) device.feed(publishPacket("devices/d1/t", "x".repeat(1_000), 1, n));
    expect(device.paused).toBe(true);
    expect(rig.ingest.records.length).toBeLessThan(11);
    const other = rig.connect(4, "b");
    other.feed(publishPacket("devices/d2/t", "y", 1, 1));
    rig.settle();
    expect(toHex(other.take())).toBe("40 02 00 01");
    while (rig.ingest.records.length < 21) rig.settle();
    rig.settle();
    expect(device.paused).toBe(false);
    expect(device.take()).toHaveLength(20 * 4);
    expect(rig.door.stats().unsettledBytes).toBe(0);
  });

  test("all connections together are bounded as well", () => {
    const rig = new Rig({ maxTotalUnsettledBytes: 10_000 });
    const devices = ["a", "b", "c", "d"].map((id) => rig.connect(4, id));
    for (const device of devices) device.feed(publishPacket("devices/d1/t", "x".repeat(4_000), 1, 1));
    expect(devices.map((device) => device.paused)).toEqual([false, false, true, true]);
    rig.settle();
    expect(devices.some((device) => device.paused)).toBe(false);
  });

  test("bytes of a connection that closed count until the log has settled them", () => {
    const rig = new Rig();
    const device = rig.connect(4, "a");
    device.feed(publishPacket("devices/d1/t", "x".repeat(4_000), 1, 1));
    device.break();
    expect(rig.door.stats().unsettledBytes).toBeGreaterThan(4_000);
    rig.settle();
    expect(rig.door.stats().unsettledBytes).toBe(0);
  });
});

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
});

describe("lives of connections", () => {
  test("an unexpected end publishes the will, a DISCONNECT discards it, reason 0x04 does not", () => {
    const rig = new Rig();
    const watcher = rig.connect(4, "watcher");
    watcher.feed(subscribePacket(4, 1, [["devices/#", 0]]));
    watcher.take();
    const will = { topic: "devices/d1/state", payload: "gone", qos: 1 };
    rig.connect(4, "a", { will }).break();
    rig.settle();
    expect(rig.ingest.records[0]).toMatchObject({ topic: "telemetry", key: "d1", text: "gone" });
    expect(payloads(watcher.take())).toEqual(["gone"]);
    rig.connect(4, "a", { will }).feed(hex("e0 00"));
    rig.connect(5, "a", { will }).feed(hex("e0 00"));
    expect(rig.ingest.records).toHaveLength(1);
    rig.connect(5, "a", { will }).feed(hex("e0 01 04"));
    expect(rig.ingest.records).toHaveLength(2);
    expect(rig.door.stats().willsPublished).toBe(2);
  });

  test("[MQTT-3.1.4-3] the same client id takes over: the older one hears 0x8E and is closed", () => {
    const rig = new Rig();
    const first = rig.connect(5, "same", { will: { topic: "w", payload: "w" } });
    const second = rig.connect(4, "same");
    expect(toHex(first.take())).toBe("e0 01 8e");
    expect(first.closed).toBe(true);
    expect(rig.ingest.records.map((record) => record.text)).toEqual(["w"]);
    second.feed(publishPacket("devices/d1/t", "A", 1, 1));
    rig.settle();
    expect(toHex(second.take())).toBe("40 02 00 01");
    expect(rig.door.stats()).toMatchObject({ connections: 1, takeovers: 1 });
    const subscriber = rig.connect(4, "sub");
    subscriber.feed(subscribePacket(4, 1, [["#", 0]]));
    rig.connect(4, "sub");
    expect(rig.door.stats().subscriptions).toBe(0);
  });

  test("answers of a chunk that takes another connection over go to its own sender", () => {
    const rig = new Rig();
    const first = rig.connect(4, "same");
    const second = rig.dial();
    second.feed(Buffer.concat([connectPacket(4, "same"), hex("c0 00")]));
    expect(first.take()).toHaveLength(0);
    expect(toHex(second.take())).toBe("20 02 00 00 d0 00");
  });

  test("[MQTT-3.1.2-22] silence of one and a half keep alives closes, any packet keeps the connection", () => {
    const rig = new Rig();
    const quiet = rig.connect(5, "quiet", { keepAliveSec: 10, will: { topic: "w", payload: "w" } });
    const lively = rig.connect(4, "lively", { keepAliveSec: 10 });
    for (let n = 0; n < 3; n++) {
      rig.clock.advance(4_900);
      lively.feed(hex("c0 00"));
      expect(toHex(lively.take())).toBe("d0 00");
    }
    expect(quiet.closed).toBe(false);
    rig.clock.advance(1_500);
    expect(quiet.closed).toBe(true);
    expect(toHex(quiet.take())).toBe("e0 01 8d");
    expect(rig.ingest.records.map((record) => record.text)).toEqual(["w"]);
    expect(lively.closed).toBe(false);
    expect(rig.door.stats().keepAliveTimeouts).toBe(1);
  });

  test("a keep alive of 0 never ends a 3.1.1 client; MQTT 5 is told the server's", () => {
    const rig = new Rig({ maxKeepAliveSec: 60 });
    const old = rig.connect(4, "old");
    const five = rig.dial();
    five.feed(connectPacket(5, "five", { keepAliveSec: 0 }));
    expect(toHex(five.take())).toEndWith("13 00 3c");
    rig.clock.advance(100_000);
    expect(old.closed).toBe(false);
    expect(five.closed).toBe(true);
  });

  test("half-open handshakes end, whole ones and slow ones in time do not", () => {
    const rig = new Rig({ connectTimeoutMs: 5_000 });
    const silent = rig.dial();
    const half = rig.dial();
    half.feed(connectPacket(4, "x").subarray(0, 9));
    const slow = rig.dial();
    for (const byte of connectPacket(4, "slow")) {
      slow.feed(new Uint8Array([byte]));
      rig.clock.advance(200);
    }
    expect(toHex(slow.take())).toBe("20 02 00 00");
    rig.clock.advance(6_000);
    expect([silent.closed, half.closed, slow.closed]).toEqual([true, true, false]);
    rig.clock.advance(3_600_000);
    expect(slow.closed).toBe(false);
  });

  test("more connections than allowed are refused, others stay", () => {
    const rig = new Rig({ maxConnections: 2 });
    const one = rig.connect(4, "one");
    rig.connect(4, "two");
    expect(rig.network.dial()).toBeNull();
    one.feed(hex("e0 00"));
    expect(rig.network.dial()).not.toBeNull();
    expect(rig.door.stats().connectionsRefused).toBe(1);
  });

  test("closing waits for the log, acknowledges, says goodbye and leaves wills alone", async () => {
    const rig = new Rig();
    const five = rig.connect(5, "five", { will: { topic: "w", payload: "w" } });
    five.feed(publishPacket("devices/d1/t", "A", 1, 1, { version: 5 }));
    const closed = rig.door.close();
    expect(five.paused).toBe(true);
    rig.clock.advance(20);
    expect(five.closed).toBe(false);
    rig.settle();
    rig.clock.advance(20);
    await rig.clock.settleAll();
    await closed;
    expect(toHex(five.take())).toBe("40 02 00 01 e0 01 8b");
    expect(rig.ingest.records).toHaveLength(1);
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

/** A field in hex: length and text. */
function utf8(value: string): string {
  const bytes = Buffer.from(value);
  return bytes.length.toString(16).padStart(4, "0") + bytes.toString("hex");
}

/** The payloads of PUBLISHes in a stream of small packets. */
function payloads(stream: Uint8Array, version: 4 | 5 = 4): string[] {
  const found: string[] = [];
  for (let at = 0; at < stream.length; ) {
    const first = stream[at] ?? 0;
    const length = stream[at + 1] ?? 0;
    expect(length).toBeLessThan(128);
    const end = at + 2 + length;
    if (first >> 4 === 3) {
      let start = at + 4 + (stream[at + 3] ?? 0);
      if ((first & 6) !== 0) start += 2;
      if (version === 5) start += 1 + (stream[start] ?? 0);
      found.push(Buffer.from(stream.subarray(start, end)).toString());
    }
    at = end;
  }
  return found;
}
