import {
  ackPacket,
  connectPacket,
  hex,
  packet,
  publishPacket,
  subscribePacket,
  text,
  u16,
  unsubscribePacket,
  utf8,
} from "../support/rig.ts";

export type Version = 4 | 5;

/** Client ids are few, so that takeovers and sessions that are found again happen all the time. */
const CLIENTS = 24;

/** Properties of MQTT 5 that a PUBLISH may have, in hex. */
const EXPIRY = "02 0000003c";
const RESPONSE = `08 ${utf8("answers/here")} 09 0003 010203`;
const USER = `26 ${utf8("unit")} ${utf8("°C")} 26 ${utf8("unit")} ${utf8("K")}`;
const EVERY = `01 01 ${EXPIRY} ${RESPONSE} ${USER} 03 ${utf8("text/plain")}`;

/** A CONNECT of some client, which is accepted as it is. */
export function connects(version: Version): readonly Uint8Array[] {
  const will = { topic: "devices/w/t", payload: "gone" };
  return Array.from({ length: CLIENTS }, (_, index) => {
    const clientId = `fuzz-${index}`;
    const clean = index % 3 !== 0;
    if (version === 4) {
      const dying = index % 2 === 0 ? { will: { ...will, qos: index % 3, retain: index % 4 === 0 } } : {};
      return connectPacket(4, clientId, { clean, keepAliveSec: index * 5, ...dying });
    }
    const properties = ["", "11 0000003c", "21 0005 27 00001000", "11 ffffffff 22 0010 17 00 19 01"][
      index % 4
    ];
    const dying =
      index % 2 === 0 ? { will: { ...will, qos: index % 3, properties: `18 00000005 ${EXPIRY}` } } : {};
    return connectPacket(5, clientId, {
      clean,
      keepAliveSec: index * 5,
      properties: properties ?? "",
      ...dying,
    });
  });
}

/** Every kind of packet that a client may send, and some that it may not. */
export function corpus(version: Version): readonly Uint8Array[] {
  const of5 = (properties: string) => (version === 5 ? { version, properties } : { version });
  const reasons: readonly Uint8Array[] = [4, 5, 6, 7].map((type) =>
    version === 5 ? packet((type << 4) | (type === 6 ? 2 : 0), u16(3), [0x87, 0]) : ackPacket(type, 3),
  );
  return [
    ...connects(version).slice(0, 8),
    publishPacket("devices/d1/t", "21.5", 0, 0, of5("")),
    publishPacket("devices/d1/t", "21.5", 1, 1, of5(EVERY)),
    publishPacket("devices/d1/t", "21.5", 2, 2, of5(USER)),
    publishPacket("devices/d1/t", "21.5", 2, 2, { ...of5(USER), duplicate: true }),
    publishPacket("devices/d2/state", '{"a":1}', 1, 4, { ...of5(EXPIRY), retain: true }),
    publishPacket("devices/d3/state", "kept", 0, 0, { ...of5(""), retain: true }),
    publishPacket("devices/d2/state", "", 0, 0, { ...of5(""), retain: true }),
    publishPacket("plant/a/b/c/d/e/f/g", new Uint8Array(300).fill(7), 1, 5, of5(RESPONSE)),
    publishPacket("plant/x", "aliased", 0, 0, of5("23 0003")),
    ...(version === 5 ? [publishPacket("", "by alias", 0, 0, of5("23 0003"))] : []),
    publishPacket("$SYS/broker/uptime", "0", 0, 0, of5("")),
    ackPacket(4, 1),
    ackPacket(5, 1),
    ackPacket(6, 2),
    ackPacket(7, 1),
    ...reasons,
    subscribePacket(version, 10, [["devices/+/t", 2]]),
    subscribePacket(version, 11, [
      ["#", 0],
      ["devices/#", 1],
      ["plant/+/b/#", 2],
    ]),
    subscribePacket(version, 12, [["$share/g/devices/+/t", 1]]),
    subscribePacket(
      version,
      13,
      [["devices/d2/state", version === 5 ? 0x1d : 1]],
      version === 5 ? "0b 05" : "",
    ),
    subscribePacket(version, 14, [
      ["$SYS/#", 0],
      ["+/+/+", 1],
    ]),
    subscribePacket(version, 15, [["$replay/0/devices/#", 1]]),
    unsubscribePacket(version, 16, ["devices/+/t", "#"]),
    unsubscribePacket(version, 17, ["$share/g/devices/+/t"]),
    hex("c0 00"),
    hex("e0 00"),
    ...(version === 5 ? [hex("e0 01 04"), hex("e0 07 00 05 11 0000000a"), hex("f0 02 18 00")] : []),
    // What only a server sends.
    hex("20 02 00 00"),
    packet(0x90, u16(10), [1]),
    packet(0xb0, u16(10)),
    hex("d0 00"),
    packet(0x10, text("MQIsdp"), [3, 2], u16(60), text("old")),
  ];
}
