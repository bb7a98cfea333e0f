import { describe, expect, test } from "bun:test";
import { hasCode } from "../../../src/base/errors.ts";
import { type RouteConfig, RouteTable } from "../../../src/mqtt/routes.ts";
import { ackPacket, payloads, publishPacket, Rig, subscribePacket, toHex } from "../support/rig.ts";

const SENML: RouteConfig = {
  filter: "senml/{key}/#",
  topic: "measurements",
  key: { payload: "n" },
  timestamp: { payload: "t" },
  payload: "senml+json",
  headers: { site: "north" },
};
const LIST: RouteConfig = {
  filter: "list/{key}",
  topic: "readings",
  payload: "json",
  split: "",
  deadLetterTopic: "bad",
};
const ONE: RouteConfig = { filter: "one/{key}", topic: "readings", payload: "json", key: { payload: "id" } };
const REST: RouteConfig = { filter: "#", topic: "mqtt" };
const PACK = '[{"bn":"m1:","bt":1.7e9,"n":"a","v":1},{"n":"b","t":1,"v":2},{"n":"c","t":2,"vs":"x"}]';

function newRig(): Rig {
  return new Rig({}, [SENML, LIST, ONE, REST]);
}

function rows(rig: Rig): unknown[] {
  return rig.ingest.records.map(({ topic, key, text }) => [topic, key, text]);
}

describe("a PUBLISH that becomes several records", () => {
  test("they are in one batch, in their order, with key and time of their own, and one PUBACK follows it", () => {
    const rig = newRig();
    const device = rig.connect(4, "a");
    device.feed(publishPacket("senml/m1/x", PACK, 1, 7));
    expect(rows(rig)).toEqual([
      ["measurements", "m1:a", '{"n":"m1:a","v":1,"t":1700000000}'],
      ["measurements", "m1:b", '{"n":"m1:b","v":2,"t":1700000001}'],
      ["measurements", "m1:c", '{"n":"m1:c","vs":"x","t":1700000002}'],
    ]);
    expect(rig.ingest.records.map(({ timestampMs }) => timestampMs)).toEqual([
      1.7e12,
      1.7e12 + 1e3,
      1.7e12 + 2e3,
    ]);
    expect(new Set(rig.ingest.records.map(({ batch }) => batch)).size).toBe(1);
    expect(rig.ingest.placements).toEqual([["measurements", "m1"]]);
    for (const { headers } of rig.ingest.records) {
      expect(headers).toEqual([
        ["mqtt.topic", "senml/m1/x"],
        ["site", "north"],
      ]);
    }
    rig.clock.settle();
    expect(device.take()).toHaveLength(0);
    rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 07");
    expect(rig.door.stats()).toMatchObject({ publishesReceived: 1, splitRecords: 2, deadLetters: 0 });
  });

  test("a pack of one is placed as any other of its route, so that a key has one home", () => {
    const rig = newRig();
    rig.connect(4, "a").feed(publishPacket("senml/m1/x", '[{"n":"a","v":1}]'));
    expect(rig.ingest.placements).toEqual([["measurements", "m1"]]);
  });

  test("a refused batch refuses the PUBLISH as a whole", () => {
    const rig = newRig();
    rig.ingest.refusals.set("measurements", 56);
    const device = rig.connect(5, "a");
    device.feed(publishPacket("senml/m1/x", PACK, 1, 7, { version: 5 }));
    rig.settle();
    expect(toHex(device.take())).toBe("40 03 00 07 83");
    expect(rig.door.stats()).toMatchObject({ publishesRefused: 1, deadLetters: 0 });
    const old = rig.connect(4, "b");
    old.feed(publishPacket("senml/m1/x", PACK, 1, 7));
    rig.settle();
    expect(old.take()).toHaveLength(0);
    expect(old.closed).toBe(true);
  });

  test("QoS 2 becomes its records once", () => {
    const rig = newRig();
    const device = rig.connect(4, "a");
    device.feed(publishPacket("list/d", "[1,2]", 2, 9));
    device.feed(publishPacket("list/d", "[1,2]", 2, 9, { duplicate: true }));
    rig.settle();
    device.feed(ackPacket(6, 9));
    expect(rows(rig)).toEqual([
      ["readings", "d", "1"],
      ["readings", "d", "2"],
    ]);
    const answers = toHex(device.take());
    expect(answers).toStartWith("50 02 00 09");
    expect(answers).toEndWith("70 02 00 09");
  });

  test("[MQTT-4.6.0-2] acknowledgements keep the order of packs, dead letters and plain messages", () => {
    const rig = newRig();
    const device = rig.connect(4, "a");
    const all = [
      publishPacket("senml/m1/x", PACK, 1, 1),
      publishPacket("senml/m1/x", "broken", 1, 2),
      publishPacket("plain", "x", 1, 3),
      publishPacket("list/d", "[1]", 1, 4),
    ];
    device.feed(Buffer.concat(all));
    for (const topic of ["readings", "mqtt", "dlq.mqtt"]) {
      rig.ingest.settle(topic);
      rig.clock.settle();
      expect(device.take()).toHaveLength(0);
    }
    rig.ingest.settle("measurements");
    expect(toHex(device.take())).toBe("40 02 00 01 40 02 00 02 40 02 00 03 40 02 00 04");
  });

  test("subscribers get what was published, once it is durable", () => {
    const rig = newRig();
    const watcher = rig.connect(4, "watcher");
    watcher.feed(subscribePacket(4, 1, [["#", 0]]));
    watcher.take();
    rig.connect(4, "a").feed(publishPacket("list/d", "[1,2]", 1, 1));
    expect(watcher.take()).toHaveLength(0);
    rig.settle();
    expect(payloads(watcher.take())).toEqual(["[1,2]"]);
  });
});

describe("dead letters", () => {
  test("hold the bytes and say why, which route, which topic, who; the device gets its PUBACK after the disk", () => {
    const rig = newRig();
    const device = rig.connect(5, "sensor-7");
    const payload = Uint8Array.of(0, 0xff, 0x7b);
    const properties = "26 0001 61 0001 62 26 000a 6d7174742e726f757465 0001 78";
    device.feed(publishPacket("senml/m1/x", payload, 1, 7, { version: 5, properties }));
    const [letter, ...others] = rig.ingest.records;
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ topic: "dlq.mqtt", key: "m1", timestampMs: rig.clock.nowMs() });
    expect(letter?.value).toEqual(payload);
    expect(letter?.headers).toEqual([
      ["mqtt.topic", "senml/m1/x"],
      ["mqtt.route", "senml/{key}/#"],
      ["site", "north"],
      ["mqtt.client-id", "sensor-7"],
      ["headwater.dead-letter.reason", "not JSON: the text is not UTF-8"],
      ["a", "b"],
      ["user.mqtt.route", "x"],
    ]);
    rig.clock.settle();
    expect(device.take()).toHaveLength(0);
    rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 07");
    expect(rig.door.stats()).toMatchObject({ deadLetters: 1, publishesRefused: 0 });
  });

  test("the route names their topic; an empty payload is one; where they are refused, so is the PUBLISH", () => {
    const rig = newRig();
    const device = rig.connect(5, "a");
    rig.ingest.refusals.set("bad", 56);
    device.feed(publishPacket("list/d", "", 1, 7, { version: 5 }));
    expect(rows(rig)).toEqual([["bad", "d", ""]]);
    rig.settle();
    expect(toHex(device.take())).toBe("40 03 00 07 83");
  });

  test("records that no batch of the topic has room for are one dead letter, and none of them is stored", () => {
    const rig = newRig();
    rig.ingest.maxTogetherBytes = 20;
    const device = rig.connect(4, "a");
    device.feed(publishPacket("list/d", "[1111111111,2222222222,33]", 1, 1));
    expect(rows(rig)).toEqual([["bad", "d", "[1111111111,2222222222,33]"]]);
    rig.settle();
    expect(toHex(device.take())).toBe("40 02 00 01");
    expect(rig.door.stats()).toMatchObject({ deadLetters: 1, splitRecords: 0 });
  });

  test("a will is decoded as any message is", () => {
    const rig = newRig();
    rig.connect(4, "a", { will: { topic: "list/d", payload: "[1,2]" } }).break();
    rig.connect(4, "b", { will: { topic: "list/d", payload: "gone" } }).break();
    expect(rows(rig)).toEqual([
      ["readings", "d", "1"],
      ["readings", "d", "2"],
      ["bad", "d", "gone"],
    ]);
    expect(rig.ingest.records[2]?.headers).toContainEqual(["mqtt.client-id", "b"]);
  });

  test("a record without a time gets that of its arrival, which is counted", () => {
    const rig = new Rig({}, [{ ...LIST, timestamp: { payload: "t" } }]);
    rig.connect(4, "a").feed(publishPacket("list/d", '[{"t":1700000000},{}]'));
    expect(rig.ingest.records.map(({ timestampMs }) => timestampMs)).toEqual([1.7e12, rig.clock.nowMs()]);
    expect(rig.door.stats().timestampFallbacks).toBe(1);
  });
});

test("one JSON object is one record of its own key, its bytes as they came", () => {
  const rig = newRig();
  rig.connect(4, "a").feed(publishPacket("one/d", ' {"id": 5} '));
  expect(rows(rig)).toEqual([["readings", "5", ' {"id": 5} ']]);
  expect(rig.ingest.placements).toEqual([]);
});

test.each<[RouteConfig, string]>([
  [{ filter: "a", topic: "t", key: { payload: "id" } }, "needs a payload that is decoded"],
  [{ filter: "a", topic: "t", split: "x" }, "only a payload that is decoded can be split"],
  [{ filter: "a", topic: "t", payload: "json", split: "x..y" }, "'x..y' has an empty name"],
  [{ filter: "a", topic: "t", payload: "json", deadLetterTopic: "a b" }, "characters other than"],
])("a route that can't work is refused: %p", (route, expected) => {
  let error: unknown = null;
  try {
    new RouteTable([route]);
  } catch (thrown) {
    error = thrown;
  }
  expect(hasCode(error, "CONFIG_INVALID")).toBe(true);
  expect(String(error)).toContain(expected);
});
