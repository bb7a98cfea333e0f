import { beforeEach, describe, expect, test } from "bun:test";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { Deliveries, type Receiver } from "../../src/mqtt/deliveries.ts";
import { Version } from "../../src/mqtt/packets/codes.ts";
import type { PacketWriter } from "../../src/mqtt/packets/writer.ts";
import { ackPacket, publishPacket, Rig, subscribePacket } from "./support/rig.ts";

class NotingReceiver implements Receiver {
  readonly sends: number[] = [];

  send(packets: PacketWriter): void {
    this.sends.push(packets.length);
  }
}

describe("deliveries", () => {
  let clock: ManualClock;
  let deliveries: Deliveries;

  beforeEach(() => {
    clock = new ManualClock();
    deliveries = new Deliveries(clock);
  });

  function deliver(receiver: Receiver, sizeBytes = 7): void {
    const message = { topic: new Uint8Array(1), payload: new Uint8Array(sizeBytes), properties: null };
    deliveries.writerFor(receiver).publish(message, Version.V311, 0, false, 0, -1, [], false, 0);
  }

  test("to one client are gathered until the turn ends", () => {
    const one = new NotingReceiver();
    deliver(one);
    deliver(one);
    expect([deliveries.waitingFor(one), one.sends]).toEqual([24, []]);
    clock.settle();
    expect([deliveries.waitingFor(one), one.sends]).toEqual([0, [24]]);
    deliver(one);
    clock.settle();
    expect(one.sends).toEqual([24, 12]);
    expect(deliveries.packets).toBe(3);
  });

  test("leave when the next one is to another client, or something else is to be sent", () => {
    const [one, other] = [new NotingReceiver(), new NotingReceiver()];
    deliver(one);
    deliver(other);
    expect([one.sends, other.sends]).toEqual([[12], []]);
    deliveries.flushTo(one);
    expect(other.sends).toEqual([]);
    deliveries.flushTo(other);
    expect([one.sends, other.sends]).toEqual([[12], [12]]);
  });

  test("are bounded", () => {
    const one = new NotingReceiver();
    for (let n = 0; n < 10; n++) deliver(one, 10_000);
    expect(one.sends.length).toBeGreaterThan(1);
    expect(Math.max(...one.sends)).toBeLessThan(50_000);
  });
});

describe("a subscriber", () => {
  function pair(rig: Rig) {
    const subscriber = rig.connect(4, "subscriber");
    subscriber.feed(subscribePacket(4, 1, [["devices/#", 1]]));
    subscriber.take();
    const device = rig.connect(4, "device");
    const publish = (): void => {
      device.feed(Buffer.concat([1, 2, 3].map((id) => publishPacket("devices/d/t", "x", 1, id))));
      rig.settle();
    };
    return { subscriber, publish };
  }

  test("gets what a device has published at once in one send", () => {
    const { subscriber, publish } = pair(new Rig());
    const before = subscriber.sends;
    publish();
    expect(subscriber.sends - before).toBe(1);
    expect(subscriber.take().filter((byte) => byte === 0x32)).toHaveLength(3);
  });

  test("gets what its PUBACK has made room for before the answer to what is behind that", () => {
    const { subscriber, publish } = pair(new Rig({ maxInFlight: 1 }));
    publish();
    subscriber.take();
    subscriber.feed(Buffer.concat([ackPacket(4, 1), Uint8Array.of(0xc0, 0)]));
    const got = subscriber.take();
    expect(got[0]).toBe(0x32);
    expect(got.subarray(-2).toHex()).toBe("d000");
  });

  test("that leaves in the same chunk is sent what came before", () => {
    const { subscriber, publish } = pair(new Rig({ maxInFlight: 1 }));
    publish();
    subscriber.take();
    subscriber.feed(Buffer.concat([ackPacket(4, 1), Uint8Array.of(0xe0, 0)]));
    expect(subscriber.take()[0]).toBe(0x32);
    expect(subscriber.closed).toBe(true);
  });
});
