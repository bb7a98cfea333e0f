import { describe, expect, test } from "bun:test";
import { messageOf, mqttTopicOf } from "../../../src/mqtt/history/record-message.ts";
import {
  forwardedProperties,
  Properties,
  PUBLISH_PROPERTIES,
  readProperties,
} from "../../../src/mqtt/packets/properties.ts";
import { PacketReader } from "../../../src/mqtt/packets/reader.ts";
import { headerBlock, headersWithProperties } from "../../../src/mqtt/record-headers.ts";
import { BatchBuilder, encodeHeaders, type RecordHeader } from "../../../src/records/builder.ts";
import { RecordCursor } from "../../../src/records/reader.ts";
import { hex, toHex, utf8 } from "../support/rig.ts";

const encoder = new TextEncoder();

function cursorAt(value: string | null, headers: Uint8Array | null): RecordCursor {
  const builder = new BatchBuilder();
  builder.append(1_000, null, value === null ? null : encoder.encode(value), headers);
  const cursor = new RecordCursor();
  cursor.open(builder.build());
  cursor.next();
  return cursor;
}

function record(headers: Readonly<Record<string, string | Uint8Array | null>>): RecordCursor {
  const list = Object.entries(headers).map(
    ([key, value]): RecordHeader => ({
      key,
      value: typeof value === "string" ? encoder.encode(value) : value,
    }),
  );
  return cursorAt("v", encodeHeaders(list));
}

function shown(cursor: RecordCursor): string {
  const { properties } = messageOf(cursor, true);
  return properties === null ? "" : toHex(properties);
}

describe("a record that was a PUBLISH", () => {
  test("has its properties back, in their order, but for alias and expiry", () => {
    const published = hex(
      `26${utf8("unit")}${utf8("°C")} 0101 03${utf8("application/json")} 230007 08${utf8("answers/here")}` +
        `02000000ff 0900030001ff 26${utf8("unit")}${utf8("again")} 26${utf8("mqtt.qos")}${utf8("7")}` +
        `26${utf8("headwater.offset")}${utf8("x")} 26${utf8("")}${utf8("")}` +
        `26${utf8("long")}${utf8("x".repeat(60))}`,
    );
    const properties = new Properties();
    const reader = new PacketReader();
    const packet = Uint8Array.of(0x80 | (published.length & 0x7f), published.length >> 7, ...published);
    expect(published.length).toBeGreaterThan(127);
    reader.reset(packet, 0, packet.length);
    readProperties(reader, PUBLISH_PROPERTIES, 64, properties);
    expect(reader.fault).toBeNull();
    const route = headerBlock([["mqtt.topic", encoder.encode("a/b")]]);
    const headers = headersWithProperties(route, packet, properties.start, properties.end);
    const cursor = cursorAt("21.5", headers);
    expect(mqttTopicOf(cursor)).toBe("a/b");
    const message = messageOf(cursor, true);
    expect(toHex(message.properties ?? new Uint8Array(0))).toBe(
      toHex(forwardedProperties(packet, properties) ?? new Uint8Array(0)),
    );
    expect(Buffer.from(message.payload).toString()).toBe("21.5");
    expect([message.qos, message.retain, message.expirySec]).toEqual([null, null, -1]);
    expect(messageOf(cursor, false).properties).toBeNull();
  });
});

describe("a record of a Kafka program", () => {
  test("says how it is to be published", () => {
    const says = (headers: Readonly<Record<string, string>>) => {
      const { qos, retain, expirySec } = messageOf(record(headers), true);
      return [qos, retain, expirySec];
    };
    expect(says({ "mqtt.qos": "2", "mqtt.retain": "true", "mqtt.message-expiry": "3600" })).toEqual([
      2,
      true,
      3600,
    ]);
    expect(says({ "mqtt.qos": "0", "mqtt.retain": "0", "mqtt.message-expiry": "0" })).toEqual([0, false, 0]);
    expect(says({ "mqtt.qos": "3", "mqtt.retain": "yes", "mqtt.message-expiry": "1h" })).toEqual([
      null,
      null,
      -1,
    ]);
    expect(says({ "mqtt.message-expiry": "9999999999" })[2]).toBe(0xffff_ffff);
    expect(says({})).toEqual([null, null, -1]);
    const isBad = (expiry: string | null) =>
      messageOf(record({ "mqtt.message-expiry": expiry }), true).hasBadExpiry;
    for (const good of ["0", "10", "9999999999"]) expect(isBad(good)).toBe(false);
    for (const bad of ["10s", "30.5", "-1", "", " 10", "1e3", "99999999999", "1".repeat(70_000), null]) {
      expect([bad, isBad(bad)]).toEqual([bad, true]);
    }
    expect(messageOf(record({ "mqtt.qos": "7" }), true).hasBadExpiry).toBe(false);
  });

  test("gives its headers as user properties, and MQTT's own names as what they mean", () => {
    expect(
      shown(record({ area: "north", "mqtt.content-type": "text/plain", "mqtt.payload-format": "bytes" })),
    ).toBe(toHex(hex(`26${utf8("area")}${utf8("north")} 03${utf8("text/plain")} 0100`)));
  });

  test("leaves out what MQTT can't have, and what is the gateway's own", () => {
    const cursor = record({
      "mqtt.topic": "a",
      "mqtt.client-id": "c",
      "headwater.dead-letter.reason": "r",
      nothing: null,
      binary: Uint8Array.of(0xff, 0xfe),
      zero: "a\0b",
      long: "x".repeat(65_536),
      "mqtt.content-type": Uint8Array.of(0xff),
      "mqtt.response-topic": "answers/#",
      kept: "yes",
    });
    expect(shown(cursor)).toBe(toHex(hex(`26${utf8("kept")}${utf8("yes")}`)));
  });

  test("does not pose as what is said of it", () => {
    const cursor = record({ "user.headwater.offset": "1", "user.headwater.other": "2" });
    const { properties } = messageOf(cursor, true, [["headwater.offset", "9"]]);
    const said = (name: string, value: string): string => `26${utf8(name)}${utf8(value)}`;
    const all =
      said("user.headwater.offset", "1") + said("headwater.other", "2") + said("headwater.offset", "9");
    expect(toHex(properties ?? new Uint8Array(0))).toBe(toHex(hex(all)));
  });

  test("has a property once that may be there once", () => {
    const headers = encodeHeaders([
      { key: "mqtt.content-type", value: encoder.encode("one") },
      { key: "mqtt.content-type", value: encoder.encode("two") },
      { key: "mqtt.payload-format", value: encoder.encode("utf-8") },
      { key: "mqtt.payload-format", value: encoder.encode("bytes") },
    ]);
    expect(shown(cursorAt("v", headers))).toBe(toHex(hex(`03${utf8("one")} 0101`)));
  });

  test("has a topic only where its header is one", () => {
    expect(mqttTopicOf(record({ other: "x", "mqtt.topic": "a/½" }))).toBe("a/½");
    for (const bad of ["", "a/+", "#", "a\0", Uint8Array.of(0xff), null, "x".repeat(65_536)]) {
      expect(mqttTopicOf(record({ "mqtt.topic": bad }))).toBeNull();
    }
    expect(mqttTopicOf(record({ topic: "a" }))).toBeNull();
    expect(mqttTopicOf(cursorAt("v", null))).toBeNull();
  });

  test("without a value is an empty message", () => {
    expect(messageOf(cursorAt(null, null), true)).toEqual({
      payload: new Uint8Array(0),
      properties: null,
      qos: null,
      retain: null,
      expirySec: -1,
      hasBadExpiry: false,
    });
  });
});
