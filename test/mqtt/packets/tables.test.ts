import { describe, expect, test } from "bun:test";
import type { FakeConnection } from "../support/fake-network.ts";
import { connectPacket, hex, packet, publishPacket, Rig, text, toHex } from "../support/rig.ts";
import answered from "./answered.json";
import refused from "./refused.json";

/** A packet in hex, where `[ab cd]*3` stands for `ab cd ab cd ab cd`. */
function expand(row: string): Uint8Array {
  return hex(
    row.replace(/\[(.*?)\]\*(\d+)/g, (_, bytes: string, times: string) => bytes.repeat(Number(times))),
  );
}

function open(rig: Rig, row: { connected: boolean; version: number }): FakeConnection {
  if (!row.connected) return rig.dial();
  return rig.connect(row.version === 5 ? 5 : 4, "tested", { keepAliveSec: 60 });
}

describe("packets that are answered", () => {
  for (const row of answered) {
    test(`[${row.clause}] ${row.name}`, () => {
      const rig = new Rig();
      const connection = open(rig, row);
      connection.feed(expand(row.send));
      const answer = toHex(connection.take());
      if (row.answer.endsWith("?")) expect(answer).toStartWith(row.answer.slice(0, -2));
      else expect(answer).toBe(row.answer);
      expect(connection.closed).toBe(false);
      expect(rig.lines).toEqual([]);
    });
  }
});

describe("packets that are refused", () => {
  for (const row of refused) {
    // Bytes that come one by one have to come to the same end: framing may not depend on the chunks.
    for (const chunkBytes of [Number.POSITIVE_INFINITY, 1]) {
      const how = chunkBytes === 1 ? ", byte by byte" : "";
      test(`[${row.clause}] ${row.name}${how}`, () => {
        const rig = new Rig();
        const bystander = rig.connect(4, "bystander");
        const connection = open(rig, row);
        const bytes = expand(row.send);
        const step = Math.min(chunkBytes, bytes.length);
        for (let at = 0; at < bytes.length; at += step) connection.feed(bytes.subarray(at, at + step));
        expect(connection.closed).toBe(true);
        const answer = connection.take();
        if (row.answer !== undefined) expect(toHex(answer)).toBe(row.answer);
        else expect(reasonOf(answer, row.connected)).toBe(row.reason ?? "no reason in the table");
        expect(rig.lines.filter((line) => line.level !== "debug")).toHaveLength(1);
        expect(rig.lines[0]?.fields.remoteAddress).toBe("127.0.0.1");
        expect(rig.ingest.records).toHaveLength(0);
        expect(rig.door.stats()).toMatchObject({ connections: 1, protocolErrors: 1, unsettledBytes: 0 });
        bystander.feed(publishPacket("devices/d1/t", "x", 1, 1));
        rig.settle();
        expect(toHex(bystander.take())).toBe("40 02 00 01");
      });
    }
  }

  test("nothing behind a refused packet is looked at", () => {
    const rig = new Rig();
    const connection = rig.connect(4, "a");
    connection.feed(Buffer.concat([hex("c1 00"), publishPacket("devices/d1/t", "x")]));
    expect(rig.ingest.records).toHaveLength(0);
  });

  test("[MQTT-3.3.4-9] more QoS 2 packets than the receive maximum, none ever released", () => {
    const rig = new Rig();
    const five = rig.connect(5, "five");
    for (let n = 1; n <= 1_024; n++) five.feed(publishPacket("devices/d1/t", "", 2, n, { version: 5 }));
    rig.settle();
    expect(five.take()).toHaveLength(4 * 1_024);
    five.feed(publishPacket("devices/d1/t", "", 2, 1_025, { version: 5 }));
    expect(reasonOf(five.take(), true)).toBe("93");
    expect(rig.ingest.records).toHaveLength(1_024);
  });

  test("3.1.1 may hold all 65,535 identifiers, and appends each once", () => {
    const rig = new Rig();
    const old = rig.connect(4, "old");
    for (let round = 0; round < 2; round++) {
      for (let n = 1; n <= 65_535; n++) {
        old.feed(publishPacket("d", "", 2, n));
        if (n % 1_000 === 0) rig.settle();
      }
      rig.settle();
      expect(old.take()).toHaveLength(4 * 65_535);
    }
    expect(rig.ingest.records).toHaveLength(65_535);
  });

  test("a topic of 65,000 levels is not published, and costs its sender alone", () => {
    const rig = new Rig();
    const device = rig.connect(5, "a");
    device.feed(publishPacket("/".repeat(65_000), "x", 1, 1, { version: 5 }));
    rig.clock.settle();
    expect(toHex(device.take())).toBe("40 03 00 01 90");
    expect(rig.ingest.records).toHaveLength(0);
  });

  test("every truncation of a CONNECT and of a PUBLISH with everything is refused or waited for", () => {
    const user = `26 ${field("k")} ${field("v")}`;
    const properties = `11 00000000 21 ffff ${user}`;
    const will = { topic: "w", payload: "p", qos: 1, properties: `18 00000001 ${user}` };
    const whole = connectPacket(5, "client", { properties, will, keepAliveSec: 1 });
    for (let length = 0; length < whole.length - 2; length++) {
      const rig = new Rig();
      const connection = rig.dial();
      connection.feed(packet(0x10, [...whole.subarray(2, 2 + length)]));
      expect(connection.closed).toBe(true);
      connection.take();
      const waiting = rig.dial();
      waiting.feed(whole.subarray(0, length + 2));
      expect(waiting.closed).toBe(false);
      waiting.feed(whole.subarray(length + 2));
      expect(waiting.take()[3]).toBe(0);
    }
    const publish = publishPacket("a/b", "", 1, 5, { version: 5, properties: `01 01 02 00000001 ${user}` });
    for (let length = 0; length < publish.length - 2; length++) {
      const connection = new Rig().connect(5, "a");
      connection.feed(packet(publish[0] ?? 0, [...publish.subarray(2, 2 + length)]));
      expect(connection.closed).toBe(true);
    }
  });
});

/** The reason of a lone CONNACK (before) or DISCONNECT (after the handshake) of MQTT 5. */
function reasonOf(answer: Uint8Array, connected: boolean): string {
  const first = connected ? 0xe0 : 0x20;
  const length = answer[1] ?? 0;
  if (answer[0] !== first || answer.length !== length + 2) return `not one such packet: ${toHex(answer)}`;
  const reason = answer[connected ? 2 : 3] ?? 0;
  return reason.toString(16).padStart(2, "0");
}

function field(value: string): string {
  return Buffer.from(text(value)).toString("hex");
}
