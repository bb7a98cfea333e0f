import { describe, expect, test } from "bun:test";
import {
  ackPacket,
  connectPacket,
  payloads,
  publishPacket,
  Rig,
  subscribePacket,
  toHex,
  utf8,
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
    expect(toHex(device.take())).toBe("50 02 00 09");
    expect(rig.ingest.records).toHaveLength(1);
    device.feed(ackPacket(6, 9));
    expect(toHex(device.take())).toBe("70 02 00 09");
    device.feed(first);
    rig.settle();
    expect(rig.ingest.records).toHaveLength(2);
    expect(rig.door.stats().duplicates).toBe(2);
  });

  test("[MQTT-4.3.3-9] a QoS 2 packet that came again is refused with the first, and new after that", () => {
    const rig = new Rig();
    rig.ingest.refusals.set("telemetry", 89);
    const device = rig.connect(5, "a");
    const publish = publishPacket("devices/d1/temp", "1", 2, 9, { version: 5 });
    device.feed(publish);
    device.feed(publish);
    rig.settle();
    expect(toHex(device.take())).toBe("50 03 00 09 97");
    rig.ingest.refusals.clear();
    device.feed(publish);
    expect(rig.ingest.records).toHaveLength(2);
    rig.clock.settle();
    expect(device.take()).toHaveLength(0);
    rig.settle();
    expect(toHex(device.take())).toBe("50 02 00 09");
  });

  test("a QoS 2 packet that came again answers for no later message of its identifier", () => {
    const rig = new Rig();
    const device = rig.connect(4, "a");
    device.feed(publishPacket("devices/d1/temp", "1", 2, 9));
    device.feed(publishPacket("plant/x", "2", 1, 10));
    device.feed(publishPacket("devices/d1/temp", "1", 2, 9, { duplicate: true }));
    rig.ingest.settle("telemetry");
    expect(toHex(device.take())).toBe("50 02 00 09 50 02 00 09");
    device.feed(ackPacket(6, 9));
    expect(toHex(device.take())).toBe("70 02 00 09");
    device.feed(publishPacket("devices/d1/temp", "3", 2, 9));
    rig.ingest.settle("mqtt");
    expect(toHex(device.take())).toBe("40 02 00 0a");
    rig.settle();
    expect(toHex(device.take())).toBe("50 02 00 09");
    expect(rig.ingest.records.map((record) => record.text)).toEqual(["1", "2", "3"]);
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

  test("another topic's commit round acknowledges and delivers nothing of this one", () => {
    const rig = new Rig();
    const watcher = rig.connect(4, "watcher");
    watcher.feed(subscribePacket(4, 1, [["devices/#", 0]]));
    watcher.take();
    const device = rig.connect(4, "a");
    device.feed(publishPacket("devices/d1/temp", "1", 1, 1));
    rig.connect(4, "b").feed(publishPacket("plant/x", "2", 1, 1));
    rig.ingest.settle("mqtt");
    rig.clock.settle();
    expect(device.take()).toHaveLength(0);
    expect(watcher.take()).toHaveLength(0);
    rig.ingest.settle("telemetry");
    expect(toHex(device.take())).toBe("40 02 00 01");
    expect(payloads(watcher.take())).toEqual(["1"]);
  });

  test("the receive maximum counts what is under way, not what was", () => {
    const rig = new Rig({ receiveMaximum: 10 });
    const device = rig.connect(5, "a");
    rig.ingest.refusals.set("mqtt", 89);
    for (let n = 1; n <= 300; n++) {
      const qos = 1 + (n % 2);
      const topic = n % 3 === 0 ? "refused" : n % 5 === 0 ? "$SYS/x" : "devices/d1/t";
      device.feed(publishPacket(topic, `${n}`, qos, n, { version: 5 }));
      if (n % 10 !== 0) continue;
      rig.settle();
      const acks = device.take();
      expect(device.closed).toBe(false);
      for (let at = 0; at < acks.length; at += 2 + (acks[at + 1] ?? 0)) {
        if (acks[at] === 0x50 && acks[at + 1] === 2) device.feed(ackPacket(6, acks[at + 3] ?? 0));
        if (acks[at] === 0x50 && acks[at + 1] === 2 && acks[at + 2] === 1) {
          device.feed(ackPacket(6, 256 + (acks[at + 3] ?? 0)));
        }
      }
      device.take();
    }
    expect(rig.door.stats().publishesReceived).toBe(300);
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
    const device = rig.connect(4, "a", { will: { topic: "w", payload: "gone" } });
    device.feed(publishPacket("plant/x", "0", 1, 4));
    device.feed(publishPacket("devices/d1/t", "1", 1, 5));
    device.feed(publishPacket("plant/x", "2", 1, 6));
    rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 04");
    expect(device.closed).toBe(true);
    expect(rig.ingest.records.at(-1)?.text).toBe("gone");
    expect(rig.lines.filter((line) => line.level === "warn")).toHaveLength(1);
  });

  test("refusals of a settlement are one line, with the first topic and what can be done", () => {
    const rig = new Rig({}, [{ filter: "devices/{key}", topic: "telemetry" }]);
    const device = rig.connect(5, "d");
    for (let number = 1; number <= 50; number++) {
      device.feed(publishPacket(`nowhere/${number}`, "x", 1, number, { version: 5 }));
    }
    rig.settle();
    const lines = rig.lines.filter(({ message }) => message === "refused publishes of an MQTT client");
    expect(lines.map(({ fields }) => [fields.count, fields.reason])).toEqual([
      [50, 'no route takes the topic nowhere/1: add a [[mqtt.route]] with a filter for it, for example "#"'],
    ]);
    expect(rig.door.stats().publishesRefused).toBe(50);
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
    const [early] = rig.ingest.nextTurn();
    if (early === undefined) throw new Error("no batch");
    devices[0]?.feed(publishPacket("devices/d1/t", "x".repeat(4_000), 1, 2));
    early.state = "durable";
    devices[1]?.feed(publishPacket("devices/d1/t", "x".repeat(4_000), 1, 2));
    rig.ingest.notify();
    expect(devices.map((device) => device.paused)).toEqual([true, true, true, true]);
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
