import { describe, expect, test } from "bun:test";
import type { FakeConnection } from "../support/fake-network.ts";
import {
  ackPacket,
  payloads,
  publishPacket,
  Rig,
  subscribePacket,
  toHex,
  unsubscribePacket,
} from "../support/rig.ts";

const FILTER = "$share/g/devices/#";

/** Members of a group, by client id. */
function members(rig: Rig, names: readonly string[], qos = 1, filter = FILTER): FakeConnection[] {
  return names.map((name) => {
    const connection = rig.connect(4, name);
    connection.feed(subscribePacket(4, 1, [[filter, qos]]));
    expect(toHex(connection.take())).toBe(`90 03 00 01 0${qos}`);
    return connection;
  });
}

function publish(rig: Rig, from: number, to: number, qos = 1): void {
  const device = rig.connect(4, "dev");
  for (let n = from; n <= to; n++) device.feed(publishPacket("devices/d/t", `${n}`, qos, n));
  rig.settle();
  device.break();
}

describe("a shared subscription", () => {
  test("spreads messages evenly, each to one member, and each group gets all of them", () => {
    const rig = new Rig();
    const group = members(rig, ["a", "b", "c"], 0);
    const [other] = members(rig, ["other"], 0, "$share/h/devices/#");
    const [single] = members(rig, ["single"], 0, "devices/#");
    publish(rig, 1, 300);
    const got = group.map((connection) => payloads(connection.take()));
    expect(got.map(({ length }) => length)).toEqual([100, 100, 100]);
    expect(new Set(got.flat()).size).toBe(300);
    for (const connection of [other, single])
      expect(payloads(connection?.take() ?? new Uint8Array())).toHaveLength(300);
    expect(rig.door.stats().subscriptions).toBe(5);
  });

  test("gives a member that is busy nothing while another has room", () => {
    const rig = new Rig({ maxInFlight: 2 });
    const [slow, fast] = members(rig, ["slow", "fast"]);
    for (let n = 1; n <= 20; n++) {
      publish(rig, n, n);
      for (const part of payloads(fast?.take() ?? new Uint8Array())) {
        expect(part).not.toBe("");
      }
      for (let id = 1; id <= 20; id++) fast?.feed(ackPacket(4, id));
    }
    expect(payloads(slow?.take() ?? new Uint8Array())).toHaveLength(2);
    expect(rig.door.stats()).toMatchObject({ messagesDropped: 0, queuedMessages: 0 });
  });

  test("sends what a member has not acknowledged at QoS 1, or not been sent, to another when it dies", () => {
    const rig = new Rig({ maxInFlight: 2 });
    const [dying, heir] = members(rig, ["dying", "heir"]);
    publish(rig, 1, 8);
    const seen = payloads(dying?.take() ?? new Uint8Array());
    expect(seen).toHaveLength(2);
    dying?.feed(ackPacket(4, 1));
    const acknowledged = seen[0];
    dying?.take();
    dying?.break();
    rig.settle();
    const got = new Set(payloads(heir?.take() ?? new Uint8Array()));
    for (let id = 1; id <= 20; id++) {
      heir?.feed(ackPacket(4, id));
      for (const text of payloads(heir?.take() ?? new Uint8Array())) got.add(text);
    }
    expect(got.has(acknowledged ?? "")).toBe(false);
    expect([...got, acknowledged].length).toBeGreaterThanOrEqual(7);
    const all = ["1", "2", "3", "4", "5", "6", "7", "8"];
    const dyingHad = all.filter((text) => !got.has(text));
    // The second that was sent and acknowledged before it died, at most.
    expect(dyingHad.every((text) => seen.includes(text) || text === "5")).toBe(true);
    expect(rig.gaps).toEqual([]);
  });

  test("at QoS 2 gives nobody else what a dying member may have, but what it was not sent", () => {
    const rig = new Rig({ maxInFlight: 1 });
    const [dying] = members(rig, ["dying"], 2);
    publish(rig, 1, 3, 2);
    expect(payloads(dying?.take() ?? new Uint8Array())).toEqual(["1"]);
    const [heir] = members(rig, ["heir"], 2);
    dying?.break();
    rig.settle();
    const got: string[] = [];
    for (let id = 1; id <= 3; id++) {
      got.push(...payloads(heir?.take() ?? new Uint8Array()));
      heir?.feed(ackPacket(5, id));
      heir?.feed(ackPacket(7, id));
    }
    expect(got).toEqual(["2", "3"]);
  });

  test("whose last member dies loses what it had, and that is noted", () => {
    const rig = new Rig({ maxInFlight: 1 });
    const [last] = members(rig, ["last"]);
    publish(rig, 1, 3);
    last?.break();
    rig.settle();
    expect(rig.gaps.map(({ reason, device, count }) => [reason, device, count])).toEqual([
      ["session-ended", "last", 1],
      ["session-ended", "last", 1],
      ["session-ended", "last", 1],
    ]);
  });

  test("leaves out who unsubscribes; what he has is still his", () => {
    const rig = new Rig({ maxInFlight: 1 });
    const [leaving, staying] = members(rig, ["leaving", "staying"]);
    publish(rig, 1, 4);
    leaving?.feed(unsubscribePacket(4, 9, [FILTER]));
    const got = payloads(leaving?.take() ?? new Uint8Array());
    for (let id = 1; id <= 4; id++) {
      leaving?.feed(ackPacket(4, id));
      got.push(...payloads(leaving?.take() ?? new Uint8Array()));
    }
    expect(got).toHaveLength(2);
    staying?.feed(ackPacket(4, 1));
    staying?.feed(ackPacket(4, 2));
    staying?.take();
    publish(rig, 5, 5);
    expect(leaving?.take()).toHaveLength(0);
    expect(payloads(staying?.take() ?? new Uint8Array())).toEqual(["5"]);
  });

  test("gets no retained messages, and its own identifier", () => {
    const rig = new Rig();
    rig.connect(4, "dev").feed(publishPacket("devices/d/t", "kept", 1, 1, { retain: true }));
    rig.settle();
    const connection = rig.connect(5, "a");
    connection.feed(subscribePacket(5, 1, [[FILTER, 1]], "0b 07"));
    expect(toHex(connection.take())).toBe("90 04 00 01 00 01");
    publish(rig, 1, 1);
    const properties = "0b 07";
    expect(toHex(connection.take())).toBe(
      toHex(publishPacket("devices/d/t", "1", 1, 1, { version: 5, properties })),
    );
  });

  test("and one of its own give a session both", () => {
    const rig = new Rig();
    const [both] = members(rig, ["both"], 0);
    both?.feed(subscribePacket(4, 2, [["devices/#", 0]]));
    both?.take();
    publish(rig, 1, 1);
    expect(payloads(both?.take() ?? new Uint8Array())).toEqual(["1", "1"]);
  });
});

test("no local in a shared subscription ends the connection (MQTT-3.8.3-4)", () => {
  const rig = new Rig();
  const connection = rig.connect(5, "a");
  connection.feed(subscribePacket(5, 1, [[FILTER, 1 | 4]]));
  expect(connection.closed).toBe(true);
  expect(connection.take()[2]).toBe(0x82);
});
