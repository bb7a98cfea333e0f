import { beforeEach, describe, expect, test } from "bun:test";
import { DurableRig } from "./sessions/durable/support.ts";
import type { FakeConnection } from "./support/fake-network.ts";
import { ackPacket, hex, payloads, publishPacket, subscribePacket, toHex } from "./support/rig.ts";

const PUBREL = 6;

let durable: DurableRig;
beforeEach(() => {
  durable = new DurableRig();
});

/** The first step is durable, the second is not. */
function settleFirst(): void {
  durable.rig.clock.settle();
  durable.log.settle();
  durable.rig.clock.settle();
}

function settleSecond(): void {
  durable.rig.ingest.settle();
  durable.rig.clock.settle();
}

function texts(): string[] {
  return durable.rig.ingest.records.map(({ text }) => text);
}

function publish(device: FakeConnection, payload: string, packetId = 1, duplicate = false): void {
  device.feed(publishPacket("devices/a/t", payload, 2, packetId, { duplicate }));
}

describe("QoS 2 from a session that is kept (MQTT 5, 4.3.3)", () => {
  test("is written down, then appended, then answered", () => {
    const device = durable.connect(4, "a");
    publish(device, "one");
    durable.rig.clock.settle();
    expect(texts()).toEqual([]);
    settleFirst();
    expect(texts()).toEqual(["one"]);
    expect(durable.rig.ingest.records[0]?.headers).toContainEqual(["mqtt.qos2-id", "1/1"]);
    expect(device.take()).toHaveLength(0);
    settleSecond();
    expect(toHex(device.take())).toBe("50 02 00 01");
  });

  test("frees its identifier when that is durable", () => {
    const device = durable.connect(4, "a");
    publish(device, "one");
    settleFirst();
    settleSecond();
    device.take();
    device.feed(ackPacket(PUBREL, 1));
    durable.rig.clock.settle();
    expect(device.take()).toHaveLength(0);
    durable.rig.settle();
    expect(toHex(device.take())).toBe("70 02 00 01");
    // Released already, and said so again (MQTT-4.3.3-11).
    device.feed(ackPacket(PUBREL, 1));
    durable.rig.settle();
    expect(toHex(device.take())).toBe("70 02 00 01");
    publish(device, "two");
    settleFirst();
    settleSecond();
    expect(texts()).toEqual(["one", "two"]);
  });

  test("that comes again over the next connection is not appended again (MQTT-4.3.3-10)", () => {
    publish(durable.connect(4, "a"), "one");
    settleFirst();
    const [again] = durable.dial(4, "a");
    publish(again, "one", 1, true);
    settleFirst();
    settleSecond();
    expect(texts()).toEqual(["one"]);
    expect(toHex(again.take())).toBe("50 02 00 01");
    publish(again, "one", 1, true);
    expect(toHex(again.take())).toBe("50 02 00 01");
  });

  test("that comes again while it is under way is answered on the new connection", () => {
    publish(durable.connect(4, "a"), "one");
    settleFirst();
    const again = durable.rig.dial();
    again.feed(hex("10 0d 00 04 4d 51 54 54 04 00 00 00 00 01 61"));
    settleFirst();
    settleFirst();
    again.take();
    publish(again, "one", 1, true);
    durable.rig.clock.settle();
    expect(again.take()).toHaveLength(0);
    settleSecond();
    expect(toHex(again.take())).toBe("50 02 00 01");
    expect(texts()).toEqual(["one"]);
  });

  test("is new after a power cut before it was written down", () => {
    publish(durable.connect(4, "a"), "one");
    durable.rig.clock.settle();
    durable.cut();
    const [again] = durable.dial(4, "a");
    publish(again, "one", 1, true);
    settleFirst();
    settleSecond();
    expect(texts()).toEqual(["one"]);
    expect(toHex(again.take())).toBe("50 02 00 01");
  });

  test("is appended by the next start after a power cut between the steps", () => {
    publish(durable.connect(4, "a"), "one");
    settleFirst();
    durable.cut();
    expect(texts()).toEqual(["one"]);
    const again = durable.rig.dial();
    again.feed(hex("10 0d 00 04 4d 51 54 54 04 00 00 00 00 01 61"));
    settleFirst();
    again.take();
    publish(again, "one", 1, true);
    expect(again.take()).toHaveLength(0);
    settleSecond();
    expect(toHex(again.take())).toBe("50 02 00 01");
    expect(texts()).toEqual(["one"]);
    durable.rig.clock.advance(100);
    durable.restart();
    expect(texts()).toEqual([]);
  });

  test("has its release said again by the client, where the log refuses it", () => {
    const device = durable.connect(4, "a");
    publish(device, "one");
    settleFirst();
    settleSecond();
    device.take();
    durable.log.refusal = 56;
    device.feed(ackPacket(PUBREL, 1));
    durable.rig.settle();
    expect([device.closed, device.take().length]).toEqual([true, 0]);
    durable.log.refusal = 0;
    durable.rig.clock.advance(1_000);
    const again = durable.connect(4, "a");
    // Still the same message, and not a new one under its identifier.
    publish(again, "one", 1, true);
    again.feed(ackPacket(PUBREL, 1));
    durable.rig.settle();
    expect(toHex(again.take())).toBe("50 02 00 01 70 02 00 01");
    expect(texts()).toEqual(["one"]);
  });

  test("is known after a power cut once it was appended, until its PUBREL", () => {
    const device = durable.connect(4, "a");
    publish(device, "one");
    settleFirst();
    settleSecond();
    durable.rig.clock.advance(100);
    durable.log.settle();
    durable.cut();
    const [again] = durable.dial(4, "a");
    publish(again, "one", 1, true);
    expect(toHex(again.take())).toBe("50 02 00 01");
    again.feed(ackPacket(PUBREL, 1));
    durable.rig.settle();
    expect(toHex(again.take())).toBe("70 02 00 01");
    expect(texts()).toEqual([]);
  });

  test("keeps its place before what its client sends behind it, whatever that is", () => {
    const listener = durable.rig.connect(4, "live");
    listener.feed(subscribePacket(4, 1, [["devices/#", 0]]));
    const device = durable.connect(4, "a");
    publish(device, "one");
    device.feed(publishPacket("devices/a/t", "two", 1, 2));
    device.feed(publishPacket("devices/a/t", "three", 0, 0));
    publish(device, "four", 3);
    listener.take();
    settleFirst();
    settleSecond();
    expect(texts()).toEqual(["one", "two", "three", "four"]);
    expect(toHex(device.take())).toBe("50 02 00 01 40 02 00 02 50 02 00 03");
    expect(payloads(listener.take())).toEqual(["one", "two", "three", "four"]);
    device.feed(publishPacket("devices/a/t", "five", 1, 4));
    durable.rig.settle();
    expect(texts().at(-1)).toBe("five");
    expect(toHex(device.take())).toBe("40 02 00 04");
  });

  test("lets what is behind it go on where it is refused", () => {
    const device = durable.connect(5, "a");
    const five = { version: 5 } as const;
    device.feed(publishPacket("devices/a/t", "one", 2, 1, five));
    durable.log.refusal = 56;
    device.feed(publishPacket("devices/a/t", "two", 1, 2, five));
    settleFirst();
    durable.log.refusal = 0;
    settleSecond();
    expect(texts()).toEqual(["two"]);
    expect(toHex(device.take())).toBe("50 03 00 01 83 40 02 00 02");
  });

  test("comes to who subscribes while it is on its way to be retained (MQTT-3.3.1-6)", () => {
    const device = durable.connect(4, "a");
    device.feed(publishPacket("devices/a/t", "old", 1, 9, { retain: true }));
    durable.rig.settle();
    const listener = durable.connect(4, "b");
    device.feed(publishPacket("devices/a/t", "new", 2, 1, { retain: true }));
    listener.feed(subscribePacket(4, 1, [["devices/a/#", 1]]));
    settleFirst();
    durable.rig.settle();
    durable.rig.settle();
    const got = listener.take();
    expect(toHex(got.subarray(0, 5))).toBe("90 03 00 01 01");
    expect(payloads(got.subarray(5))).toEqual(["new"]);
  });

  test("comes to those who are subscribed once it is in its topic", () => {
    const listener = durable.connect(4, "b");
    listener.feed(subscribePacket(4, 1, [["devices/#", 2]]));
    durable.rig.settle();
    listener.take();
    publish(durable.connect(4, "a"), "one");
    settleFirst();
    expect(listener.take()).toHaveLength(0);
    settleSecond();
    expect(toHex(listener.take())).toBe("34 12 00 0b 64 65 76 69 63 65 73 2f 61 2f 74 00 01 6f 6e 65");
  });

  test("is refused where it can't be written down, or not be appended, and is forgotten then", () => {
    const device = durable.connect(5, "a");
    durable.log.refusal = 56;
    device.feed(publishPacket("devices/a/t", "one", 2, 1, { version: 5 }));
    settleFirst();
    expect(toHex(device.take())).toBe("50 03 00 01 83");
    durable.log.refusal = 0;
    durable.rig.ingest.refusals.set("telemetry", 10);
    device.feed(publishPacket("devices/a/t", "two", 2, 1, { version: 5 }));
    settleFirst();
    settleSecond();
    expect(toHex(device.take())).toBe("50 03 00 01 97");
    durable.rig.ingest.refusals.clear();
    device.feed(publishPacket("devices/a/t", "three", 2, 1, { version: 5 }));
    settleFirst();
    settleSecond();
    expect(toHex(device.take())).toBe("50 02 00 01");
  });

  test("leaves nothing in the log when its session ends", () => {
    const device = durable.connect(4, "a");
    publish(device, "one");
    publish(device, "two", 900);
    settleFirst();
    settleSecond();
    durable.dial(4, "a", { clean: true });
    durable.rig.clock.advance(100);
    durable.rig.settle();
    expect(durable.log.standing().size).toBe(0);
  });
});
