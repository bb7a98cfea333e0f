import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { OutgoingAliases } from "../../src/mqtt/outgoing-aliases.ts";
import type { FakeConnection } from "./support/fake-network.ts";
import { payloads, publishPacket, Rig, subscribePacket, toHex } from "./support/rig.ts";

describe("aliases", () => {
  test("are given to a topic that comes again", () => {
    const aliases = new OutgoingAliases(8);
    const topic = () => Buffer.from("devices/d1/temperature");
    expect(aliases.find(topic())).toBe(0);
    const told = aliases.find(topic());
    expect(told).toBeLessThan(0);
    // What was not sent is not known.
    expect(aliases.find(topic())).toBe(told);
    aliases.told(-told, topic());
    expect([aliases.find(topic()), aliases.find(topic())]).toEqual([-told, -told]);
    expect(aliases.find(Buffer.from("short"))).toBe(0);
    expect(aliases.find(Buffer.from("short"))).toBe(0);
  });

  test.each([1, 3, 16])(
    "are right for a client that follows them, with %i of them and many topics",
    (maximum) => {
      const random = new SeededRandom(maximum);
      const aliases = new OutgoingAliases(maximum);
      const client = new Map<number, string>();
      let saved = 0;
      for (let n = 0; n < 5_000; n++) {
        // A few topics come often, many once.
        const text = random.chance(0.7) ? `often/${random.below(4)}` : `seldom/${n}`;
        const topic = Buffer.from(text);
        const alias = aliases.find(topic);
        if (alias < 0) {
          client.set(-alias, text);
          aliases.told(-alias, topic);
        } else if (alias > 0) {
          expect(client.get(alias)).toBe(text);
          saved++;
        }
        expect(Math.abs(alias)).toBeLessThanOrEqual(maximum);
      }
      expect(client.size).toBeLessThanOrEqual(maximum);
      expect(saved).toBeGreaterThan(maximum === 1 ? 200 : 1_000);
    },
  );

  test("go to others when their topics no longer come", () => {
    const aliases = new OutgoingAliases(1);
    const [old, young] = [Buffer.from("topic/old"), Buffer.from("topic/young")];
    for (let n = 0; n < 2; n++) aliases.find(old);
    aliases.told(1, old);
    expect([aliases.find(young), aliases.find(old), aliases.find(young)]).toEqual([0, 1, -1]);
    aliases.told(1, young);
    expect([aliases.find(young), aliases.find(old)]).toEqual([1, 0]);
  });
});

const TOPIC = "devices/d1/temperature";

function subscriber(rig: Rig, properties: string): FakeConnection {
  const connection = rig.connect(5, "sub", { properties });
  connection.feed(subscribePacket(5, 1, [["devices/#", 0]]));
  connection.take();
  return connection;
}

function publish(rig: Rig, topic: string, text: string): void {
  const device = rig.connect(4, "dev");
  device.feed(publishPacket(topic, text, 1, 1));
  rig.settle();
  device.break();
}

describe("a client of MQTT 5 that takes aliases", () => {
  test("is told one with the second message of a topic, and sent no topic from the third on", () => {
    const rig = new Rig();
    const connection = subscriber(rig, "22 0004");
    const got = ["a", "b", "c", "d"].map((text) => {
      publish(rig, TOPIC, text);
      return connection.take();
    });
    expect(toHex(got[0] ?? new Uint8Array())).toBe(toHex(publishPacket(TOPIC, "a", 0, 0, { version: 5 })));
    const alias = got[1]?.subarray(-3, -1) ?? new Uint8Array();
    const properties = `23 ${alias.toHex()}`;
    expect(toHex(got[1] ?? new Uint8Array())).toBe(
      toHex(publishPacket(TOPIC, "b", 0, 0, { version: 5, properties })),
    );
    for (const [at, text] of [
      [2, "c"],
      [3, "d"],
    ] as const) {
      expect(toHex(got[at] ?? new Uint8Array())).toBe(
        toHex(publishPacket("", text, 0, 0, { version: 5, properties })),
      );
    }
    const number = ((alias[0] ?? 0) << 8) | (alias[1] ?? 0);
    expect(number).toBeGreaterThan(0);
    expect(number).toBeLessThanOrEqual(4);
  });

  test("is told anew on a new connection", () => {
    const rig = new Rig();
    const first = subscriber(rig, "22 0001");
    for (const text of ["a", "b", "c"]) publish(rig, TOPIC, text);
    first.break();
    const second = subscriber(rig, "22 0001");
    publish(rig, TOPIC, "d");
    expect(toHex(second.take())).toBe(toHex(publishPacket(TOPIC, "d", 0, 0, { version: 5 })));
  });

  test("is not taken to know what was too large to be sent", () => {
    const rig = new Rig();
    const connection = subscriber(rig, "22 0001 27 00000040");
    publish(rig, TOPIC, "a");
    publish(rig, TOPIC, "x".repeat(100));
    publish(rig, TOPIC, "b");
    const got = connection.take();
    expect(payloads(got, 5)).toEqual(["a", "b"]);
    expect(Buffer.from(got).toString()).toContain(`${TOPIC}\u0003#`);
    expect(rig.door.stats().messagesTooLarge).toBe(1);
  });

  test.each(["", "22 0000"])("is the only one that gets any (asks with '%s')", (properties) => {
    const rig = new Rig();
    const connection = subscriber(rig, properties);
    for (const text of ["a", "b", "c"]) publish(rig, TOPIC, text);
    expect(toHex(connection.take())).toBe(
      ["a", "b", "c"].map((text) => toHex(publishPacket(TOPIC, text, 0, 0, { version: 5 }))).join(" "),
    );
  });
});

test("response information goes to who asks for it, with its client id", () => {
  const rig = new Rig({ responseInformation: "answers/{client}" });
  const connackOf = (clientId: string, properties: string): string => {
    const connection = rig.dial();
    const bytes = Buffer.from(clientId);
    const asked = Buffer.from(properties.replaceAll(" ", ""), "hex");
    const body = [
      0,
      4,
      ...Buffer.from("MQTT"),
      5,
      2,
      0,
      0,
      asked.length,
      ...asked,
      0,
      bytes.length,
      ...bytes,
    ];
    connection.feed(new Uint8Array([0x10, body.length, ...body]));
    return Buffer.from(connection.take()).toString("latin1");
  };
  expect(connackOf("d1", "19 01")).toContain("\u001a\u0000\u000aanswers/d1");
  expect(connackOf("d2", "19 00")).not.toContain("answers");
  expect(connackOf("d3", "")).not.toContain("answers");
  expect(connackOf("a/#", "19 01")).not.toContain("answers");
});
