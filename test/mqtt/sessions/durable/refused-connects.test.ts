import { beforeEach, describe, expect, test } from "bun:test";
import type { FakeConnection } from "../../support/fake-network.ts";
import {
  ackPacket,
  type ConnectMore,
  connectPacket,
  payloads,
  publishPacket,
  subscribePacket,
  toHex,
} from "../../support/rig.ts";
import { DurableRig } from "./support.ts";

const STORAGE_ERROR = 56;
const PUBACK = 4;
/** A session of an hour, a will with a delay of 10 seconds. */
const DYING: ConnectMore = {
  properties: "11 00000e10",
  will: { topic: "devices/a/gone", payload: "first", qos: 1, properties: "18 0000000a" },
};
const OTHER_WILL: ConnectMore = { will: { topic: "devices/a/gone", payload: "second", qos: 1 } };

let durable: DurableRig;
beforeEach(() => {
  durable = new DurableRig();
});

/** A CONNECT that the log of sessions refuses, at once or when it has taken so much first. */
function refused(version: 4 | 5, more: ConnectMore, roundsBefore = 0): void {
  const connection = durable.rig.dial();
  const wants = version === 5 ? { properties: "11 00000e10", clean: false } : { clean: false };
  connection.feed(connectPacket(version, "a", { ...wants, ...more }));
  for (let round = 0; round < roundsBefore; round++) {
    expect(connection.take()).toHaveLength(0);
    durable.rig.clock.settle();
    durable.log.refusal = STORAGE_ERROR;
    durable.rig.settle();
  }
  durable.log.refusal = STORAGE_ERROR;
  durable.rig.settle();
  const connack = toHex(connection.take());
  expect(version === 5 ? connack.split(" ")[3] : connack).toBe(version === 5 ? "88" : "20 02 00 03");
  durable.log.refusal = 0;
}

function published(afterSec = 0): string[] {
  durable.rig.clock.advance(afterSec * 1_000);
  durable.rig.settle();
  return durable.rig.ingest.records.map(({ text }) => text);
}

function subscribed(version: 4 | 5 = 4): FakeConnection {
  const connection = durable.connect(version, "a");
  connection.feed(subscribePacket(version, 1, [["devices/#", 1]]));
  durable.rig.settle();
  connection.take();
  return connection;
}

/** Whether what is published comes, by this connection or the session's next one. */
function hears(connection: FakeConnection): boolean {
  durable.rig.connect(4, "pub").feed(publishPacket("devices/b/t", "hello", 1, 1));
  durable.rig.settle();
  return payloads(connection.take()).includes("hello");
}

describe("a CONNECT that is refused in the end", () => {
  for (const [name, more] of [
    ["of a client that comes back", {}],
    ["that has a will of its own", OTHER_WILL],
    ["that would end the session with its connection", { properties: "" }],
  ] as const) {
    test(`${name}: the will of the connection before is published when its delay has passed`, () => {
      durable.connect(5, "a", DYING).break();
      expect(published(4)).toEqual([]);
      refused(5, more);
      expect(published(5)).toEqual([]);
      expect(published(2)).toEqual(["first"]);
      expect(published(60)).toEqual(["first"]);
    });
  }

  test("leaves the session's terms as they were", () => {
    durable.connect(5, "a").break();
    refused(5, { properties: "" });
    durable.rig.clock.advance(60_000);
    expect(durable.dial(5, "a")[1].split(" ")[2]).toBe("01");
  });

  test("takes back no will that an earlier process has left, in memory or in the log", () => {
    const plain = { clean: true, will: { topic: "devices/a/gone", payload: "first", qos: 1 } };
    durable.connect(4, "a", plain);
    durable.cut();
    published(4);
    refused(4, { ...OTHER_WILL, clean: true });
    durable.restart();
    expect(published(9)).toEqual([]);
    refused(4, { ...OTHER_WILL, clean: true });
    expect(published(2)).toEqual(["first"]);
    expect(published(60)).toEqual(["first"]);
  });

  test("does not end the session that it would begin anew", () => {
    subscribed().break();
    refused(4, { clean: true });
    const [back, connack] = durable.dial(4, "a");
    expect(connack).toBe("20 02 01 00");
    expect(hears(back)).toBe(true);
    durable.restart();
    expect(durable.dial(4, "a")[1]).toStartWith("20 02 01 00");
  });

  for (const clean of [false, true]) {
    test(`does not put out who is connected${clean ? " by a clean start" : ""}`, () => {
      const connected = subscribed();
      refused(4, { clean });
      expect(connected.closed).toBe(false);
      expect(hears(connected)).toBe(true);
      connected.feed(ackPacket(PUBACK, 1));
      connected.break();
      expect(durable.dial(4, "a")[1]).toBe("20 02 01 00");
    });
  }

  test("does not put out who is connected with a session of its own, and takes not its will", () => {
    const connected = durable.connect(4, "a", { ...OTHER_WILL, clean: true });
    refused(4, {});
    expect(connected.closed).toBe(false);
    connected.break();
    expect(published()).toEqual(["second"]);
  });

  test("leaves no session behind that it was to begin", () => {
    refused(5, {});
    expect(durable.rig.door.stats().durableSessions).toBe(0);
    expect(durable.dial(5, "a")[1].split(" ")[2]).toBe("00");
  });

  test("leaves the will with its delay also where the log fills up after it has taken over", () => {
    durable.connect(5, "a", DYING);
    refused(5, OTHER_WILL, 1);
    expect(published(9)).toEqual([]);
    expect(published(2)).toEqual(["first"]);
  });
});

describe("a connection that breaks before CONNACK", () => {
  test("was none: the will of the one before is published", () => {
    durable.connect(5, "a", DYING).break();
    const connection = durable.rig.dial();
    connection.feed(connectPacket(5, "a", { ...OTHER_WILL, properties: "11 00000e10", clean: false }));
    durable.rig.clock.settle();
    connection.break();
    expect(published(11)).toEqual(["first"]);
    expect(published(60)).toEqual(["first"]);
  });
});
