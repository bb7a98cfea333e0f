import { expect, test } from "bun:test";
import { publishPacket, Rig, utf8 } from "./support/rig.ts";

const ROUTES = [
  { filter: "said/#", topic: "said", headers: { area: "north" }, deliveryHeaders: true },
  { filter: "json/#", topic: "json", payload: "json", deliveryHeaders: true },
  { filter: "#", topic: "rest" },
] as const;

test("a route can have records say how they were published, beside all else", () => {
  const rig = new Rig({}, ROUTES);
  const device = rig.connect(5, "d");
  const headersOf = (index: number) => Object.fromEntries(rig.ingest.records[index]?.headers ?? []);
  device.feed(publishPacket("said/a", "x", 0, 1, { version: 5 }));
  device.feed(publishPacket("said/a", "x", 2, 2, { version: 5, retain: true }));
  device.feed(
    publishPacket("said/a", "x", 1, 3, { version: 5, properties: `0200000e10 26${utf8("u")}${utf8("v")}` }),
  );
  device.feed(publishPacket("said/a", "x", 1, 4, { version: 5 }));
  device.feed(publishPacket("json/a", "{}", 1, 5, { version: 5, properties: "0200000000" }));
  device.feed(publishPacket("other", "x", 1, 6, { version: 5, properties: "0200000e10" }));
  const common = { "mqtt.topic": "said/a", area: "north" };
  expect(headersOf(0)).toEqual({ ...common, "mqtt.qos": "0", "mqtt.retain": "false" });
  expect(headersOf(1)).toEqual({ ...common, "mqtt.qos": "2", "mqtt.retain": "true" });
  const expiring = { "mqtt.qos": "1", "mqtt.retain": "false", "mqtt.message-expiry": "3600" };
  expect(headersOf(2)).toEqual({ ...common, ...expiring, u: "v" });
  expect(headersOf(3)).toEqual({ ...common, "mqtt.qos": "1", "mqtt.retain": "false" });
  expect(headersOf(4)).toEqual({ ...expiring, "mqtt.topic": "json/a", "mqtt.message-expiry": "0" });
  expect(headersOf(5)).toEqual({ "mqtt.topic": "other" });
});

test("a will says it as well", () => {
  const rig = new Rig({}, ROUTES);
  const will = { topic: "said/will", payload: "gone", qos: 2, properties: "020000000a" };
  rig.connect(5, "d", { will }).break();
  expect(Object.fromEntries(rig.ingest.records[0]?.headers ?? [])).toMatchObject({
    "mqtt.qos": "2",
    "mqtt.retain": "false",
    "mqtt.message-expiry": "10",
  });
});

test("no message can pose as one that was published otherwise", () => {
  const rig = new Rig({}, ROUTES);
  const device = rig.connect(5, "d");
  device.feed(
    publishPacket("said/a", "x", 0, 1, { version: 5, properties: `26${utf8("mqtt.qos")}${utf8("2")}` }),
  );
  expect(Object.fromEntries(rig.ingest.records[0]?.headers ?? [])).toMatchObject({
    "mqtt.qos": "0",
    "user.mqtt.qos": "2",
  });
});
