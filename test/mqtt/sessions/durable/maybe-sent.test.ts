import { beforeEach, describe, expect, test } from "bun:test";
import type { FakeConnection } from "../../support/fake-network.ts";
import {
  ackPacket,
  connectPacket,
  payloads,
  publishPacket,
  subscribePacket,
  toHex,
} from "../../support/rig.ts";
import { DurableRig } from "./support.ts";

const PUBREC = 5;

let durable: DurableRig;
beforeEach(() => {
  durable = new DurableRig();
});

/** Of QoS 2. */
function subscriber(version: 4 | 5): FakeConnection {
  const connection = durable.connect(version, "sub");
  connection.feed(subscribePacket(version, 1, [["devices/#", 2]]));
  durable.rig.settle();
  connection.take();
  return connection;
}

describe("what may have been sent at QoS 2 before a power cut", () => {
  const RETURNING = { clean: false, properties: "11 00000e10" };

  /** In one turn: that they were sent is not written when the power fails. */
  function publishAll(qos: number, ...texts: readonly string[]): void {
    const publisher = durable.rig.connect(4, "pub");
    for (const [index, text] of texts.entries()) {
      publisher.feed(publishPacket("devices/a/t", text, qos, index + 1));
    }
    durable.rig.settle();
  }

  test("comes again although it has expired: else the client would keep its identifier for ever", () => {
    const sub = subscriber(5);
    const more = { version: 5, properties: "02 0000003c" } as const;
    durable.rig.connect(5, "pub").feed(publishPacket("devices/a/t", "short-lived", 2, 1, more));
    durable.rig.settle();
    expect(payloads(sub.take(), 5)).toEqual(["short-lived"]);
    sub.feed(ackPacket(PUBREC, 1));
    durable.cut();
    durable.rig.clock.advance(120_000);
    const again = durable.rig.dial();
    again.feed(connectPacket(5, "sub", RETURNING));
    durable.rig.settle();
    const bytes = again.take();
    expect(payloads(bytes, 5)).toEqual(["short-lived"]);
    // DUP and QoS 2; a second is left of it.
    expect(toHex(bytes)).toContain("3c 20 ");
    expect(toHex(bytes)).toContain("02 00 00 00 01");
    again.feed(ackPacket(PUBREC, 1));
    durable.rig.settle();
    expect(toHex(again.take())).toBe("62 02 00 01");
    expect(durable.rig.gaps).toEqual([]);
  });

  for (const [qos, kept] of [
    [2, ["1", "2", "3"]],
    [1, ["3", "4", "5"]],
  ] as const) {
    test(`${qos === 2 ? "is not" : "but of QoS 1 it is"} dropped for what comes later`, () => {
      durable = new DurableRig({ maxQueuedMessages: 3, receiveMaximum: 10 });
      subscriber(4);
      publishAll(qos, "1", "2", "3");
      durable.cut();
      publishAll(qos, "4", "5");
      expect(durable.rig.door.stats().messagesDropped).toBe(2);
      const again = durable.rig.dial();
      again.feed(connectPacket(4, "sub", { clean: false }));
      durable.rig.settle();
      expect(payloads(again.take())).toEqual([...kept]);
    });
  }

  test("is passed over, and what is behind it dropped", () => {
    durable = new DurableRig({ maxQueuedMessages: 4 });
    subscriber(4);
    publishAll(2, "1", "2");
    durable.cut();
    publishAll(2, "3", "4");
    publishAll(2, "5", "6");
    const again = durable.rig.dial();
    again.feed(connectPacket(4, "sub", { clean: false }));
    durable.rig.settle();
    expect(payloads(again.take())).toEqual(["1", "2", "5", "6"]);
  });
});
