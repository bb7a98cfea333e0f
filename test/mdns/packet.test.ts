import { describe, expect, test } from "bun:test";
import { ipBytes, sameNetwork } from "../../src/base/ip-address.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import {
  decodePacket,
  encodePacket,
  keyOf,
  labelOf,
  type Name,
  nameBytes,
  type Packet,
  srvData,
  TYPE,
  txtData,
} from "../../src/mdns/packet.ts";

const MQTT: Name = ["_mqtt", "_tcp", "local"];
const INSTANCE: Name = ["plant 3, höhe", ...MQTT];
const HOST: Name = ["headwater-plant-3", "local"];
const PACKET: Packet = {
  id: 0,
  isResponse: true,
  isTruncated: false,
  questions: [{ name: MQTT, type: TYPE.ptr, unicast: true }],
  answers: [
    { name: MQTT, type: TYPE.ptr, unique: false, ttlSec: 4_500, data: nameBytes(INSTANCE) },
    { name: INSTANCE, type: TYPE.srv, unique: true, ttlSec: 120, data: srvData(1_883, HOST) },
    { name: INSTANCE, type: TYPE.txt, unique: true, ttlSec: 4_500, data: txtData(["id=plant-3", "", "a"]) },
  ],
  authorities: [],
  additionals: [
    { name: HOST, type: TYPE.a, unique: true, ttlSec: 120, data: Uint8Array.of(10, 0, 0, 1) },
    {
      name: HOST,
      type: TYPE.aaaa,
      unique: true,
      ttlSec: 0xffff_ffff,
      data: ipBytes("fe80::1%eth0") ?? new Uint8Array(),
    },
  ],
};

const plain = (packet: Packet | null) =>
  JSON.stringify(packet, (_, value: unknown) =>
    typeof value === "object" && value !== null && "data" in value
      ? { ...value, data: Buffer.from((value as { data: Uint8Array }).data).toString("hex") }
      : value,
  );

describe("messages", () => {
  test("are read as they were written, and names that come again take two bytes", () => {
    const bytes = encodePacket(PACKET);
    expect(plain(decodePacket(bytes))).toEqual(plain(PACKET));
    expect(Buffer.from(bytes).toString("latin1").match(/_mqtt/g)).toHaveLength(2);
  });

  test("begin with a header as RFC 1035 has it", () => {
    const bytes = encodePacket({ id: 7, isTruncated: true, questions: PACKET.questions });
    expect(Buffer.from(bytes).toString("hex")).toBe(
      `${"0007 0200 0001 0000 0000 0000".replaceAll(" ", "")}055f6d717474045f746370056c6f63616c00000c8001`,
    );
  });

  test("cut anywhere are none", () => {
    const bytes = encodePacket(PACKET);
    for (let length = 0; length < bytes.length; length++)
      expect(decodePacket(bytes.subarray(0, length))).toBeNull();
  });

  test("of whatever bytes are none or some, and come to an end", () => {
    const random = new SeededRandom(11);
    const good = encodePacket(PACKET);
    let some = 0;
    for (let round = 0; round < 5_000; round++) {
      const bytes = Uint8Array.from(round % 2 === 0 ? good : random.bytes(80));
      for (let changes = 0; changes < 4; changes++) {
        bytes[random.below(bytes.length)] = random.below(256);
      }
      if (decodePacket(bytes) !== null) some += 1;
    }
    expect(some).toBeGreaterThan(0);
  });

  test("with a name that leads to itself, forwards, or is too long, are none", () => {
    const head = Buffer.from("000000000001000000000000", "hex");
    const question = (name: Uint8Array) => Buffer.concat([head, name, Buffer.from("000c0001", "hex")]);
    expect(decodePacket(question(Buffer.of(1, 0x61, 0)))).not.toBeNull();
    expect(decodePacket(question(Buffer.of(0xc0, 12)))).toBeNull();
    expect(decodePacket(question(Buffer.of(0xc0, 14, 0)))).toBeNull();
    expect(decodePacket(question(Buffer.of(1, 0x61, 0xc0, 12)))).toBeNull();
    const label = Buffer.concat([Buffer.of(63), Buffer.alloc(63, 0x61)]);
    expect(decodePacket(question(Buffer.concat([label, label, label, Buffer.of(0)])))).not.toBeNull();
    expect(decodePacket(question(Buffer.concat([label, label, label, label, Buffer.of(0)])))).toBeNull();
    expect(decodePacket(question(Buffer.of(64, 0x61, 0)))).toBeNull();
  });

  test("of other operations, with errors, or with more than a message can have, are none", () => {
    const bytes = (hex: string) => Buffer.from(hex, "hex");
    expect(decodePacket(bytes("000028000000000000000000"))).toBeNull();
    expect(decodePacket(bytes("000084030000000000000000"))).toBeNull();
    expect(decodePacket(bytes("00000000ffffffffffffffff"))).toBeNull();
    expect(decodePacket(new Uint8Array(9_001))).toBeNull();
  });
});

test("names are compared without regard to case, labels are cut at whole characters", () => {
  expect(keyOf(["Plant", "LOCAL"])).toBe(keyOf(["plant", "local"]));
  expect(keyOf(["a.b"])).not.toBe(keyOf(["a", "b"]));
  expect(Buffer.byteLength(labelOf("ü".repeat(40)))).toBe(62);
  expect([...txtData([]), ...txtData(["", "x".repeat(256)])]).toEqual([0, 0]);
});

test("addresses, and who is in a network", () => {
  expect(ipBytes("::ffff")).toEqual(Uint8Array.from([...new Array<number>(14).fill(0), 255, 255]));
  for (const wrong of ["", "1.2.3", "1.2.3.256", "1::2::3", "12345::", "1:2:3:4:5:6:7", "x::", "1.2.3.4.5"])
    expect({ wrong, bytes: ipBytes(wrong) }).toEqual({ wrong, bytes: null });
  expect(sameNetwork("10.0.0.7", "10.0.0.130", 24)).toBe(true);
  expect(sameNetwork("10.0.0.7", "10.0.0.130", 25)).toBe(false);
  expect(sameNetwork("10.0.0.7", "fe80::1", 0)).toBe(false);
  expect(sameNetwork("fe80::1", "fe80::2:1", 64)).toBe(true);
  expect(sameNetwork("8.8.8.8", "10.0.0.1", 0)).toBe(true);
});
