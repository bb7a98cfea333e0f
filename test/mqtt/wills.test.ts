import { beforeEach, describe, expect, test } from "bun:test";
import { DurableRig } from "./sessions/durable/support.ts";
import type { FakeConnection } from "./support/fake-network.ts";
import { type ConnectMore, hex, publishPacket, toHex } from "./support/rig.ts";

/** MQTT 5: a session of an hour, a will with a delay of so many seconds. */
function dying(delaySec: number, expirySec = 3_600): ConnectMore {
  const u32 = (value: number) => value.toString(16).padStart(8, "0");
  return {
    properties: expirySec === 0 ? "" : `11 ${u32(expirySec)}`,
    will: { topic: "devices/a/gone", payload: "bye", qos: 1, properties: `18 ${u32(delaySec)} 01 01` },
  };
}

const PLAIN: ConnectMore = { clean: true, will: { topic: "devices/a/gone", payload: "bye", qos: 1 } };

let durable: DurableRig;
beforeEach(() => {
  durable = new DurableRig();
});

function published(): string[] {
  durable.rig.settle();
  return durable.rig.ingest.records.map(({ text }) => text);
}

function advance(seconds: number): string[] {
  durable.rig.clock.advance(seconds * 1_000);
  return published();
}

function connect(version: 4 | 5, more: ConnectMore): FakeConnection {
  return durable.connect(version, "a", more);
}

describe("a will with a delay", () => {
  test("is published when it has passed, without the delay among its properties (MQTT-3.1.3-9)", () => {
    connect(5, dying(10)).break();
    expect(published()).toEqual([]);
    expect(advance(9)).toEqual([]);
    expect(advance(2)).toEqual(["bye"]);
    expect(durable.rig.ingest.records[0]?.headers).toContainEqual(["mqtt.payload-format", "utf-8"]);
    expect(advance(20)).toEqual(["bye"]);
  });

  test("is not published where the client comes back before", () => {
    connect(5, dying(10)).break();
    advance(5);
    connect(5, {});
    expect(advance(60)).toEqual([]);
  });

  test("is published when the session ends, if that is before (MQTT-3.1.3-9)", () => {
    connect(5, dying(100, 5)).break();
    expect(advance(4)).toEqual([]);
    expect(advance(2)).toEqual(["bye"]);
  });

  test("is published at once where the session ends with its connection", () => {
    connect(5, dying(100, 0)).break();
    expect(published()).toEqual(["bye"]);
  });

  test("is published when a clean start ends the session, and not when a takeover goes on with it", () => {
    connect(5, dying(100));
    connect(5, dying(100));
    expect(published()).toEqual([]);
    connect(5, { ...dying(100), clean: true });
    expect(published()).toEqual(["bye"]);
  });

  test("is taken back by a proper goodbye (MQTT-3.14.4-3), and not by one that asks for it", () => {
    connect(5, dying(5)).feed(hex("e0 00"));
    expect(advance(60)).toEqual([]);
    connect(5, dying(5)).feed(hex("e0 01 04"));
    expect(advance(60)).toEqual(["bye"]);
  });
});

describe("a will outlives the process", () => {
  for (const [name, version, more] of [
    ["of a session that is kept", 5, dying(0)],
    ["of one that ends with its connection", 4, PLAIN],
  ] as const) {
    test(`${name}: after a power cut it is published if the client does not come back`, () => {
      connect(version, more);
      durable.cut();
      expect(advance(9)).toEqual([]);
      expect(advance(2)).toEqual(["bye"]);
      durable.restart();
      expect(advance(60)).toEqual([]);
    });

    test(`${name}: not if it does`, () => {
      connect(version, more);
      durable.cut();
      advance(5);
      connect(version, { ...more, will: { topic: "devices/a/gone", payload: "second" } });
      expect(advance(60)).toEqual([]);
      durable.cut();
      expect(advance(20)).toEqual(["second"]);
    });

    test(`${name}: also where the broker went properly`, async () => {
      connect(version, more);
      const closing = durable.rig.door.close();
      for (let step = 0; step < 100; step++) {
        durable.rig.settle();
        durable.rig.clock.advance(10);
        await Promise.resolve();
      }
      await closing;
      expect(published()).toEqual([]);
      durable.restart();
      expect(advance(11)).toEqual(["bye"]);
    });

    test(`${name}: not if it was taken back`, () => {
      connect(version, more).feed(hex("e0 00"));
      durable.restart();
      expect(advance(60)).toEqual([]);
    });
  }

  test("with what is left of its delay", () => {
    connect(5, dying(60)).break();
    advance(20);
    durable.restart();
    expect(advance(39)).toEqual([]);
    expect(advance(2)).toEqual(["bye"]);
  });

  test("CONNACK waits until it is written down", () => {
    const connection = durable.rig.dial();
    connection.feed(hex("10 15 00 04 4d 51 54 54 04 06 00 00 00 01 61 00 01 74 00 03 62 79 65"));
    durable.rig.clock.settle();
    expect(connection.take()).toHaveLength(0);
    durable.rig.settle();
    expect(toHex(connection.take())).toBe("20 02 00 00");
    connection.feed(publishPacket("devices/a/t", "p", 1, 1));
    durable.rig.settle();
    expect(toHex(connection.take())).toBe("40 02 00 01");
  });

  test("nothing is left of it in the log once it was published", () => {
    connect(4, PLAIN).break();
    published();
    durable.rig.settle();
    expect(durable.log.standing().size).toBe(0);
  });
});

describe("a will that the log refuses", () => {
  /** Nothing is taken from now on, or all again. */
  function refuse(error: number): void {
    durable.log.refusal = error;
    if (error === 0) durable.rig.ingest.refusals.clear();
    else durable.rig.ingest.refusals.set("telemetry", error);
  }

  /** What the log of records has taken. */
  function taken(): string[] {
    durable.rig.settle();
    return durable.rig.ingest.records
      .filter(({ batch }) => batch.state === "durable")
      .map(({ text }) => text);
  }

  function pass(seconds: number): string[] {
    // Batches wait for a round that no timer ends.
    for (let second = 0; second < seconds; second++) {
      durable.rig.clock.advance(1_000);
      durable.rig.settle();
    }
    return taken();
  }

  for (const [name, version, more] of [
    ["of a session that is kept", 5, dying(0)],
    ["of one that ends with its connection", 4, PLAIN],
  ] as const) {
    test(`${name}: is tried again until it is taken, and told of once`, () => {
      const connection = connect(version, more);
      refuse(56);
      connection.break();
      expect(pass(60)).toEqual([]);
      expect(durable.rig.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
      expect(durable.rig.door.stats().willsPublished).toBe(0);
      refuse(0);
      expect(pass(20)).toEqual(["bye"]);
      expect(durable.rig.door.stats().willsPublished).toBe(1);
      durable.restart();
      expect(pass(60)).toEqual([]);
    });

    test(`${name}: outlives the process`, () => {
      const connection = connect(version, more);
      // It was taken back in its record in the same turn.
      durable.rig.ingest.refusals.set("telemetry", 56);
      connection.break();
      durable.rig.settle();
      durable.rig.settle();
      durable.cut();
      refuse(0);
      expect(pass(20)).toEqual(["bye"]);
    });

    test(`${name}: is not published behind its client's return`, () => {
      const connection = connect(version, more);
      refuse(56);
      connection.break();
      durable.rig.settle();
      refuse(0);
      const { will: _, ...alive } = more;
      connect(version, alive);
      expect(pass(60)).toEqual([]);
      durable.restart();
      expect(pass(60)).toEqual([]);
    });
  }

  test("for good is told of and let go", () => {
    const connection = connect(4, PLAIN);
    durable.rig.ingest.refusals.set("telemetry", 10);
    connection.break();
    durable.rig.settle();
    refuse(0);
    expect(pass(60)).toEqual([]);
    expect(durable.rig.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
    expect(durable.log.standing().size).toBe(0);
  });
});
