import { describe, expect, test } from "bun:test";
import { DEFAULT_MQTT_LIMITS } from "../../../src/mqtt/limits.ts";
import type { LiveMessage, SubscriberLink } from "../../../src/mqtt/sessions/outbound.ts";
import { PacketIdSet } from "../../../src/mqtt/sessions/packet-id-set.ts";
import { Session } from "../../../src/mqtt/sessions/session.ts";
import { mergeSubscriptions } from "../../../src/mqtt/sessions/targets.ts";
import { TransientOutbound } from "../../../src/mqtt/sessions/transient-outbound.ts";
import { newStats } from "../../../src/mqtt/stats.ts";

class Link implements SubscriberLink {
  receiveMaximum = 65_535;
  writable = true;
  readonly sent: [payload: string, packetId: number][] = [];

  sendRelease(): void {}

  sendPublish(message: LiveMessage, _qos: number, _retain: boolean, packetId: number): "sent" {
    this.sent.push([Buffer.from(message.payload).toString(), packetId]);
    return "sent";
  }
}

function message(payload: string, qos: 0 | 1 | 2): LiveMessage {
  return {
    topic: Buffer.from("t"),
    payload: Buffer.from(payload),
    properties: null,
    qos,
    retain: false,
    expiresAtMs: Number.POSITIVE_INFINITY,
    sizeBytes: 100,
  };
}

const subscription = {
  filter: "#",
  qos: 2,
  noLocal: false,
  retainAsPublished: false,
  identifier: 0,
} as const;

describe("what goes out", () => {
  test("[MQTT-2.2.1-4] identifiers wrap around past those that are under way", () => {
    const stats = newStats();
    const outbound = new TransientOutbound({ ...DEFAULT_MQTT_LIMITS, maxInFlight: 3 }, stats);
    const target = mergeSubscriptions(new Session("s", DEFAULT_MQTT_LIMITS, stats), [subscription]);
    const link = new Link();
    outbound.attach(link);
    outbound.deliver(message("kept", 1), target, 0);
    outbound.deliver(message("half", 2), target, 0);
    outbound.received(2);
    for (let n = 3; n <= 65_535; n++) {
      outbound.deliver(message("m", 1), target, 0);
      expect(link.sent.at(-1)).toEqual(["m", n]);
      outbound.acknowledged(n);
    }
    outbound.deliver(message("next", 1), target, 0);
    expect(link.sent.at(-1)).toEqual(["next", 3]);
    outbound.deliver(message("waits", 1), target, 0);
    expect(outbound.queuedMessages).toBe(1);
    outbound.completed(2);
    outbound.pump(0);
    expect(link.sent.at(-1)).toEqual(["waits", 4]);
  });

  test("a wrong acknowledgement frees nothing", () => {
    const stats = newStats();
    const outbound = new TransientOutbound({ ...DEFAULT_MQTT_LIMITS, maxInFlight: 1 }, stats);
    const target = mergeSubscriptions(new Session("s", DEFAULT_MQTT_LIMITS, stats), [subscription]);
    const link = new Link();
    outbound.attach(link);
    outbound.deliver(message("two", 2), target, 0);
    outbound.deliver(message("waits", 2), target, 0);
    outbound.acknowledged(1);
    outbound.completed(1);
    outbound.pump(0);
    expect(link.sent).toHaveLength(1);
    expect(outbound.received(9)).toBe("unknown");
    expect(outbound.received(1)).toBe("release");
    expect(outbound.received(1)).toBe("release");
    outbound.completed(1);
    outbound.pump(0);
    expect(link.sent).toHaveLength(2);
  });

  test("the queue is bounded by bytes, for one and for all, and by count", () => {
    const stats = newStats();
    const limits = { ...DEFAULT_MQTT_LIMITS, maxQueuedBytes: 500, maxTotalQueuedBytes: 700 };
    const link = new Link();
    link.writable = false;
    const [one, two] = [new TransientOutbound(limits, stats), new TransientOutbound(limits, stats)];
    const target = mergeSubscriptions(new Session("s", limits, stats), [subscription]);
    for (const outbound of [one, two]) {
      outbound.attach(link);
      for (let n = 0; n < 6; n++) outbound.deliver(message(`${n}`, 0), target, 0);
    }
    expect([one.queuedMessages, one.droppedMessages]).toEqual([5, 1]);
    expect([two.queuedMessages, two.droppedMessages]).toEqual([2, 4]);
    expect(stats).toMatchObject({ queuedBytes: 700, messagesDropped: 5 });
    link.writable = true;
    one.pump(0);
    two.pump(0);
    expect(link.sent.map(([payload]) => payload)).toEqual(["1", "2", "3", "4", "5", "0", "1"]);
    expect(stats.queuedBytes).toBe(0);
  });
});

test("a set of packet identifiers holds all of them and forgets each", () => {
  const ids = new PacketIdSet();
  for (let id = 1; id <= 65_535; id++) ids.add(id);
  ids.add(7);
  expect(ids.size).toBe(65_535);
  for (let id = 1; id <= 65_535; id += 2) expect(ids.delete(id)).toBe(true);
  expect(ids.delete(1)).toBe(false);
  expect([ids.size, ids.has(2), ids.has(3)]).toEqual([32_767, true, false]);
});

describe("what becomes of a message", () => {
  function watched(payload: string, qos: 0 | 1 | 2, ends: string[]): LiveMessage {
    const ended = (clientId: string, end: string) => ends.push(`${payload} ${clientId} ${end}`);
    return { ...message(payload, qos), origin: { bytes: new Uint8Array(0), ended } };
  }

  function open(limits = {}) {
    const stats = newStats();
    const outbound = new TransientOutbound({ ...DEFAULT_MQTT_LIMITS, ...limits }, stats);
    const target = mergeSubscriptions(new Session("s", DEFAULT_MQTT_LIMITS, stats), [subscription]);
    const link = new Link();
    outbound.attach(link);
    return { outbound, target, link };
  }

  test("is told once: delivered where the client has taken it over", () => {
    const { outbound, target } = open();
    const ends: string[] = [];
    outbound.deliver(watched("zero", 0, ends), target, 0);
    outbound.deliver(watched("one", 1, ends), target, 0);
    outbound.deliver(watched("two", 2, ends), target, 0);
    expect(ends).toEqual(["zero s delivered"]);
    outbound.acknowledged(1);
    outbound.acknowledged(1);
    expect(ends).toEqual(["zero s delivered", "one s delivered"]);
    outbound.received(2);
    outbound.received(2);
    outbound.completed(2);
    outbound.end();
    expect(ends).toEqual(["zero s delivered", "one s delivered", "two s delivered"]);
  });

  test("expired in the queue, dropped by a full one, refused, or ended with", () => {
    const { outbound, target } = open({ maxInFlight: 1, maxQueuedMessages: 2 });
    const ends: string[] = [];
    outbound.deliver(watched("under way", 2, ends), target, 0);
    outbound.deliver(watched("oldest", 1, ends), target, 0);
    outbound.deliver({ ...watched("late", 1, ends), expiresAtMs: 10 }, target, 0);
    outbound.deliver(watched("last", 1, ends), target, 0);
    expect(ends).toEqual(["oldest s dropped"]);
    outbound.refused(1);
    outbound.pump(20);
    expect(ends.slice(1)).toEqual(["under way s dropped", "late s expired"]);
    outbound.deliver(watched("queued", 1, ends), target, 20);
    outbound.end();
    expect(ends.slice(3)).toEqual(["last s dropped", "queued s dropped"]);
  });

  test("a message of the connection alone is taken where there is room, and never queued", () => {
    const { outbound, target, link } = open({ maxInFlight: 1 });
    expect(outbound.offer(message("a", 1), target, 0)).toBe(true);
    expect(outbound.offer(message("b", 1), target, 0)).toBe(false);
    expect(outbound.offer(message("c", 0), target, 0)).toBe(true);
    outbound.deliver(message("queued", 1), target, 0);
    outbound.acknowledged(1);
    expect(outbound.offer(message("b", 1), target, 0)).toBe(false);
    outbound.pump(0);
    outbound.acknowledged(2);
    link.writable = false;
    expect(outbound.offer(message("b", 1), target, 0)).toBe(false);
    link.writable = true;
    expect(outbound.offer(message("b", 1), target, 0)).toBe(true);
    expect(link.sent.map(([payload]) => payload)).toEqual(["a", "c", "queued", "b"]);
    expect(outbound.queuedMessages).toBe(0);
  });
});
