import { describe, expect, test } from "bun:test";
import { RouteTable } from "../../../src/mqtt/routes.ts";
import { newStats } from "../../../src/mqtt/stats.ts";
import { Figures } from "../../../src/mqtt/sys/figures.ts";
import type { FakeConnection } from "../support/fake-network.ts";
import { publishPacket, Rig, subscribePacket, unsubscribePacket } from "../support/rig.ts";

const PROGRAM = { version: "headwater version 1.2.3", heapBytes: () => 4_711 };

function rigWithFigures(limits = {}): Rig {
  return new Rig(limits, undefined, undefined, PROGRAM);
}

interface Message {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
  readonly qos: number;
}

/** PUBLISHes of QoS 0 before MQTT 5 in a stream, and what else is there in front of them is left out. */
function messages(stream: Uint8Array): Message[] {
  const found: Message[] = [];
  for (let at = 0; at < stream.length; ) {
    const first = stream[at] ?? 0;
    const end = at + 2 + (stream[at + 1] ?? 0);
    if (first >> 4 === 3) {
      const topicEnd = at + 4 + (stream[at + 3] ?? 0);
      const text = (from: number, to: number) => Buffer.from(stream.subarray(from, to)).toString();
      found.push({
        ...{ topic: text(at + 4, topicEnd), text: text(topicEnd, end) },
        ...{ retain: (first & 1) === 1, qos: (first >> 1) & 3 },
      });
    }
    at = end;
  }
  return found;
}

function subscriber(rig: Rig, filter: string): { connection: FakeConnection; got: Message[] } {
  const connection = rig.connect(4, `sub ${filter}`);
  connection.feed(subscribePacket(4, 1, [[filter, 2]]));
  return { connection, got: messages(connection.take()) };
}

function figureOf(all: readonly Message[], topic: string): string | undefined {
  return all.findLast((message) => message.topic === topic)?.text;
}

describe("figures under $SYS", () => {
  test("come at once to a new subscription, with the flag, and are in no log", () => {
    const rig = rigWithFigures();
    const { got } = subscriber(rig, "$SYS/#");
    expect(got.length).toBeGreaterThan(50);
    expect(got.every(({ retain, qos }) => retain && qos === 0)).toBe(true);
    expect(figureOf(got, "$SYS/broker/version")).toBe("headwater version 1.2.3");
    expect(figureOf(got, "$SYS/broker/uptime")).toBe("0 seconds");
    expect(figureOf(got, "$SYS/broker/clients/connected")).toBe("1");
    expect(figureOf(got, "$SYS/broker/heap/current")).toBe("4711");
    rig.clock.advance(60_000);
    expect([rig.ingest.records.length, rig.retained.batches.length]).toEqual([0, 0]);
    expect(rig.door.stats().retainedMessages).toBe(0);
  });

  test("are for filters that name $SYS, as far as they match", () => {
    const rig = rigWithFigures();
    for (const filter of ["#", "+/broker/uptime", "$SYSTEM/#", "$SYS"])
      expect(subscriber(rig, filter).got).toEqual([]);
    expect(subscriber(rig, "$SYS/broker/uptime").got).toHaveLength(1);
    const loads = subscriber(rig, "$SYS/broker/load/+/+/1min").got.map(({ topic }) => topic.slice(17));
    expect(loads.sort()).toEqual(
      [
        "bytes/received",
        "bytes/sent",
        "messages/received",
        "messages/sent",
        "publish/dropped",
        "publish/received",
        "publish/sent",
      ].map((name) => `${name}/1min`),
    );
  });

  test("come again once an interval where they have changed, without the flag, and not after UNSUBSCRIBE", () => {
    const rig = rigWithFigures({ sysIntervalMs: 5_000 });
    const { connection } = subscriber(rig, "$SYS/broker/#");
    rig.clock.advance(5_000);
    connection.take();
    rig.connect(4, "dev").feed(publishPacket("devices/d/t", "12345"));
    rig.clock.advance(4_999);
    expect(connection.take()).toHaveLength(0);
    rig.clock.advance(1);
    const got = messages(connection.take());
    expect(got.some(({ retain }) => retain)).toBe(false);
    expect(figureOf(got, "$SYS/broker/uptime")).toBe("10 seconds");
    expect(figureOf(got, "$SYS/broker/publish/bytes/received")).toBe("5");
    expect(figureOf(got, "$SYS/broker/publish/messages/received")).toBe("1");
    expect(figureOf(got, "$SYS/broker/clients/total")).toBe("2");
    expect(figureOf(got, "$SYS/broker/version")).toBeUndefined();
    expect(Number(figureOf(got, "$SYS/broker/load/publish/received/1min"))).toBeGreaterThan(0);
    connection.feed(unsubscribePacket(4, 2, ["$SYS/broker/#"]));
    connection.take();
    rig.clock.advance(20_000);
    expect(connection.take()).toHaveLength(0);
  });

  test("count packets and bytes of every kind, in and out", () => {
    const rig = rigWithFigures();
    const device = rig.dial();
    // CONNECT of 16 bytes, PINGREQ.
    device.feed(Uint8Array.fromHex("100e00044d5154540402003c00026431" + "c000"));
    expect(device.take()).toHaveLength(6);
    const { got } = subscriber(rig, "$SYS/broker/+/+");
    expect(Number(figureOf(got, "$SYS/broker/messages/received"))).toBe(4);
    // Up to the SUBACK of the one who asks: CONNACK, PINGRESP, CONNACK, SUBACK.
    expect(Number(figureOf(got, "$SYS/broker/messages/sent"))).toBe(4);
    expect(Number(figureOf(got, "$SYS/broker/bytes/sent"))).toBe(6 + 4 + 5);
  });

  test("nobody may publish there, and a setting takes them away", () => {
    const rig = rigWithFigures({ sysIntervalMs: 0 });
    expect(subscriber(rig, "$SYS/#").got).toEqual([]);
    expect(rig.clock.pendingTimers).toBe(1);
    const device = rig.connect(5, "dev");
    device.feed(publishPacket("$SYS/broker/version", "x", 1, 1, { version: 5, retain: true }));
    rig.settle();
    expect(Buffer.from(device.take()).toString("hex")).toBe("4003000187");
    expect(rig.door.stats().retainedMessages).toBe(0);
    expect(new RouteTable([{ filter: "#", topic: "t" }]).resolve("$SYS/x")).toBeNull();
  });

  test("the most clients there were at once are remembered", () => {
    const rig = rigWithFigures();
    const devices = ["a", "b", "c"].map((name) => rig.connect(4, name));
    for (const device of devices) device.break();
    expect(figureOf(subscriber(rig, "$SYS/broker/clients/+").got, "$SYS/broker/clients/maximum")).toBe("3");
  });
});

test("every figure has a topic of its own, and is a number but for version and uptime", () => {
  const source = {
    stats: newStats(),
    packetsSent: 0,
    connected: 0,
    sharedSubscriptions: 0,
    uptimeSec: 3,
    heapBytes: 9,
  };
  const figures = new Figures("v");
  figures.tick(source, 1_000);
  const read = figures.read(source);
  expect(new Set(read.map(([name]) => name)).size).toBe(read.length);
  for (const [name, text] of read) {
    if (name !== "version" && name !== "uptime") expect(text).toMatch(/^\d+(\.\d\d)?$/);
  }
});
