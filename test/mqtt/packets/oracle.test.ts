import { describe, expect, test } from "bun:test";
import { generate, type Packet, parser } from "mqtt-packet";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { AckView, readAck, readDisconnect } from "../../../src/mqtt/packets/acks.ts";
import { PacketType, type Refusal } from "../../../src/mqtt/packets/codes.ts";
import { readConnect } from "../../../src/mqtt/packets/connect.ts";
import { Framer, type PacketSink } from "../../../src/mqtt/packets/framer.ts";
import { forwardedProperties, Properties } from "../../../src/mqtt/packets/properties.ts";
import { PublishView, readPublish } from "../../../src/mqtt/packets/publish.ts";
import { PacketReader } from "../../../src/mqtt/packets/reader.ts";
import { readSubscribe, readUnsubscribe } from "../../../src/mqtt/packets/subscribe.ts";
import { PacketWriter, publishSizeBytes } from "../../../src/mqtt/packets/writer.ts";

// The packets of an independent codec, mqtt-packet, read by this one and the other way round.

const PACKETS = 3_000;
const FILTER_LIMITS = { maxProperties: 64, maxFilters: 64 };

/** Cuts one packet out with the framer, in random chunks, and hands it to a reader. */
function frame(bytes: Uint8Array, random: SeededRandom): { first: number; reader: PacketReader } {
  const reader = new PacketReader();
  let first = -1;
  const sink: PacketSink = {
    listening: true,
    announced: (_first: number, sizeBytes: number): Refusal | null => {
      expect(sizeBytes).toBe(bytes.length);
      return null;
    },
    packet: (byte, chunk, start, end) => {
      first = byte;
      reader.reset(chunk.slice(), start, end);
    },
  };
  const framer = new Framer();
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random.below(bytes.length - at);
    expect(framer.push(bytes.subarray(at, end), sink)).toBeNull();
    at = end;
  }
  expect(first).toBe(bytes[0] ?? 0);
  return { first, reader };
}

function textOf(random: SeededRandom, minimum = 0): string {
  const length = minimum + random.below(random.chance(0.1) ? 200 : 12);
  return Array.from({ length }, () =>
    random.pick(["a", "Z", "7", "ü", "€", "😀", "-", "/", "\u{feff}"]),
  ).join("");
}

/** One name or more, each of two values that are not empty: mqtt-packet gives the others back in another form. */
function userProperties(random: SeededRandom): Record<string, string[]> {
  return Object.fromEntries(
    Array.from({ length: 1 + random.below(3) }, (_, n) => [
      `${n}${textOf(random)}`,
      [textOf(random, 1), textOf(random, 1)],
    ]),
  );
}

function messageProperties(random: SeededRandom): Record<string, unknown> {
  const maybe = (name: string, value: unknown) => (random.chance(0.5) ? { [name]: value } : {});
  return {
    ...maybe("payloadFormatIndicator", random.chance(0.5)),
    ...maybe("messageExpiryInterval", random.below(2 ** 32)),
    ...maybe("contentType", textOf(random)),
    ...maybe("responseTopic", textOf(random, 1)),
    ...maybe("correlationData", Buffer.from(random.bytes(random.below(20)))),
    ...maybe("userProperties", userProperties(random)),
  };
}

/** Parses packets one by one: mqtt-packet looks for optional fields beyond a packet's end if there is more. */
function parse(bytes: Uint8Array, version: number): Packet[] {
  const found: Packet[] = [];
  const sink: PacketSink = {
    listening: true,
    announced: () => null,
    packet: (_first, chunk, start, end) => {
      const header = end - start < 128 ? 2 : end - start < 16_384 ? 3 : 4;
      found.push(parseOne(chunk.subarray(start - header, end), version));
    },
  };
  expect(new Framer().push(bytes, sink)).toBeNull();
  return found;
}

function parseOne(bytes: Uint8Array, version: number): Packet {
  const found: Packet[] = [];
  const reading = parser({ protocolVersion: version });
  reading.on("packet", (packet) => found.push(packet));
  reading.on("error", (error) => {
    throw error;
  });
  reading.parse(Buffer.from(bytes));
  const [packet] = found;
  if (packet === undefined || found.length > 1) throw new Error(`${found.length} packets in one`);
  return packet;
}

describe("what mqtt-packet writes is read", () => {
  test("CONNECT", () => {
    const random = new SeededRandom(101);
    for (let n = 0; n < PACKETS; n++) {
      const version = random.pick([3, 4, 5] as const);
      const five = version === 5;
      const hasUser = random.chance(0.5);
      const hasWill = random.chance(0.5);
      const will = {
        topic: textOf(random, 1),
        payload: Buffer.from(random.bytes(random.below(300))),
        qos: random.pick([0, 1, 2] as const),
        retain: random.chance(0.5),
        ...(five
          ? {
              properties: { ...messageProperties(random), willDelayInterval: random.below(2 ** 32) } as never,
            }
          : {}),
      };
      const packet = {
        cmd: "connect",
        protocolId: version === 3 ? "MQIsdp" : "MQTT",
        protocolVersion: version,
        clean: random.chance(0.5) || version === 3,
        clientId: textOf(random, 1),
        keepalive: random.below(65_536),
        ...(hasUser ? { username: textOf(random, 1), password: Buffer.from(random.bytes(5)) } : {}),
        ...(hasWill ? { will } : {}),
        ...(five
          ? {
              properties: {
                sessionExpiryInterval: random.below(2 ** 32),
                receiveMaximum: 1 + random.below(65_535),
                maximumPacketSize: 1 + random.below(2 ** 32 - 1),
                topicAliasMaximum: random.below(65_536),
                requestProblemInformation: random.chance(0.5),
                userProperties: userProperties(random),
              },
            }
          : {}),
      } as const;
      const { reader } = frame(generate(packet as never, { protocolVersion: version }), random);
      let seen = 0;
      const read = readConnect(reader, new Properties(), 64, (found) => {
        seen = found;
      });
      expect(reader.fault).toBeNull();
      if (read === null || read.version === "unknown") throw new Error("not read");
      expect(seen).toBe(version);
      expect(read).toMatchObject({
        version,
        clientId: packet.clientId,
        cleanStart: packet.clean,
        keepAliveSec: packet.keepalive,
        userName: packet.username ?? null,
        sessionExpirySec: packet.properties?.sessionExpiryInterval ?? 0,
        receiveMaximum: packet.properties?.receiveMaximum ?? 65_535,
        maximumPacketBytes: packet.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
        problemInformation: packet.properties?.requestProblemInformation ?? true,
      });
      if (!hasWill) {
        expect(read.will).toBeNull();
        continue;
      }
      expect(read.will).toMatchObject({ qos: will.qos, retain: will.retain });
      expect(Buffer.from(read.will?.topic ?? []).toString()).toBe(will.topic);
      expect(Buffer.compare(read.will?.payload ?? new Uint8Array(1), will.payload)).toBe(0);
    }
  });

  test("PUBLISH, and what of it goes on", () => {
    const random = new SeededRandom(102);
    const view = new PublishView();
    const writer = new PacketWriter();
    for (let n = 0; n < PACKETS; n++) {
      const version = random.pick([4, 5] as const);
      const qos = random.pick([0, 1, 2] as const);
      const messageId = 1 + random.below(65_535);
      const properties = version === 5 && random.chance(0.7) ? messageProperties(random) : {};
      const alias = random.chance(0.3) && version === 5 ? { topicAlias: 1 + random.below(65_535) } : {};
      const payload = Buffer.from(random.bytes(random.below(random.chance(0.1) ? 40_000 : 300)));
      const topic = textOf(random, 1);
      const packet = {
        cmd: "publish",
        topic,
        payload,
        qos,
        dup: qos > 0 && random.chance(0.3),
        retain: random.chance(0.3),
        ...(qos > 0 ? { messageId } : {}),
        ...(version === 5 ? { properties: { ...properties, ...alias } } : {}),
      };
      const { first, reader } = frame(generate(packet as never, { protocolVersion: version }), random);
      expect(readPublish(reader, first & 15, version, 64, view)).toBe(true);
      expect(view).toMatchObject({ qos, duplicate: packet.dup, retain: packet.retain });
      expect(view.packetId).toBe(qos === 0 ? 0 : messageId);
      expect(view.properties.topicAlias).toBe(alias.topicAlias ?? 0);
      const expirySec = view.properties.messageExpirySec;
      const message = {
        topic: view.bytes.slice(view.topicStart, view.topicEnd),
        payload: view.bytes.slice(view.payloadStart, view.payloadEnd),
        properties: forwardedProperties(view.bytes, view.properties),
      };
      const identifiers = random.chance(0.5) ? [] : [1 + random.below(268_435_455), 5];
      writer.clear();
      writer.publish(message, version, qos, packet.retain, messageId, expirySec, identifiers);
      expect(publishSizeBytes(message, version, qos, expirySec, identifiers)).toBe(writer.length);
      const known = version === 5 ? random.pick([0, 0, -7, 9]) : 0;
      writer.clear();
      writer.publish(message, version, qos, packet.retain, messageId, expirySec, identifiers, false, known);
      expect(publishSizeBytes(message, version, qos, expirySec, identifiers, known)).toBe(writer.length);
      const [aliased] = parse(writer.bytes(), version);
      if (aliased?.cmd !== "publish") throw new Error("not a PUBLISH");
      expect(aliased.topic).toBe(known > 0 ? "" : topic);
      expect(aliased.properties?.topicAlias).toBe(known === 0 ? undefined : Math.abs(known));
      writer.clear();
      writer.publish(message, version, qos, packet.retain, messageId, expirySec, identifiers);
      const [back] = parse(writer.bytes(), version);
      if (back?.cmd !== "publish") throw new Error("not a PUBLISH");
      expect(back).toMatchObject({ topic, qos, retain: packet.retain, dup: false });
      expect(Buffer.compare(Buffer.from(back.payload), payload)).toBe(0);
      if (version !== 5) continue;
      const subscription = identifiers.length === 0 ? {} : { subscriptionIdentifier: identifiers };
      expect({ ...(back.properties ?? {}) }).toEqual({ ...properties, ...subscription } as never);
    }
  });

  test("SUBSCRIBE, UNSUBSCRIBE, acknowledgements, DISCONNECT", () => {
    const random = new SeededRandom(103);
    const properties = new Properties();
    const ack = new AckView();
    for (let n = 0; n < PACKETS; n++) {
      const version = random.pick([4, 5] as const);
      const five = version === 5;
      const messageId = 1 + random.below(65_535);
      const subscriptions = Array.from({ length: 1 + random.below(5) }, () => ({
        topic: textOf(random, 1),
        qos: random.pick([0, 1, 2] as const),
        ...(five
          ? { nl: random.chance(0.5), rap: random.chance(0.5), rh: random.pick([0, 1, 2] as const) }
          : {}),
      }));
      const identifier = 1 + random.below(268_435_455);
      const own = { subscriptionIdentifier: identifier, userProperties: userProperties(random) };
      const options = { protocolVersion: version };
      const subscribe = { cmd: "subscribe", messageId, subscriptions, ...(five ? { properties: own } : {}) };
      let { reader } = frame(generate(subscribe as never, options), random);
      expect(readSubscribe(reader, version, properties, FILTER_LIMITS)).toEqual({
        packetId: messageId,
        subscriptionIdentifier: five ? identifier : 0,
        requests: subscriptions.map((one) => ({
          filter: one.topic,
          qos: one.qos,
          noLocal: one.nl ?? false,
          retainAsPublished: one.rap ?? false,
          retainHandling: one.rh ?? 0,
        })),
      });
      const filters = subscriptions.map((one) => one.topic);
      ({ reader } = frame(
        generate({ cmd: "unsubscribe", messageId, unsubscriptions: filters }, options),
        random,
      ));
      expect(readUnsubscribe(reader, version, properties, FILTER_LIMITS)).toEqual({
        packetId: messageId,
        filters,
      });
      const cmd = random.pick(["puback", "pubrec", "pubrel", "pubcomp"] as const);
      const said = random.chance(0.5) ? { reasonString: textOf(random, 1) } : {};
      const reasonCode = five ? random.pick([0, 0x80, 0x92]) : 0;
      const answer = { cmd, messageId, ...(five ? { reasonCode, properties: said } : {}) };
      ({ reader } = frame(generate(answer as never, options), random));
      expect(readAck(reader, version, properties, 64, ack)).toBe(true);
      expect([ack.packetId, ack.reason]).toEqual([messageId, reasonCode]);
      const bye = { cmd: "disconnect", ...(five ? { reasonCode: 4, properties: said } : {}) };
      ({ reader } = frame(generate(bye as never, options), random));
      expect(readDisconnect(reader, version, properties, 64)).toBe(five ? 4 : 0);
    }
  });
});

describe("what is written, mqtt-packet reads", () => {
  test("CONNACK, SUBACK, UNSUBACK, acknowledgements, PINGRESP, DISCONNECT", () => {
    const writer = new PacketWriter();
    writer.connack(false, {
      sessionExpirySec: 0,
      receiveMaximum: 7,
      maximumPacketBytes: 70_000,
      assignedClientId: "id",
      topicAliasMaximum: 3,
      serverKeepAliveSec: 600,
      responseInformation: "answers/é",
    });
    writer.refusedConnack(0x97, "too many");
    writer.refusedConnack(0x97, "");
    writer.codes(PacketType.SUBACK, 9, [0, 1, 2, 0x9e], 5);
    writer.codes(PacketType.UNSUBACK, 10, [0, 0x11], 5);
    writer.ack(PacketType.PUBACK, 11, 0, 5);
    writer.ack(PacketType.PUBREC, 12, 0x97, 5);
    writer.ack(PacketType.PUBREL, 13, 0x92, 5);
    writer.ack(PacketType.PUBCOMP, 14, 0, 5);
    writer.pingResponse();
    writer.disconnect(0x8e, "");
    writer.disconnect(0x81, "x".repeat(300));
    const read = parse(writer.bytes(), 5);
    const connackProperties = {
      sessionExpiryInterval: 0,
      receiveMaximum: 7,
      retainAvailable: true,
      maximumPacketSize: 70_000,
      assignedClientIdentifier: "id",
      topicAliasMaximum: 3,
      sharedSubscriptionAvailable: true,
      serverKeepAlive: 600,
      responseInformation: "answers/é",
    };
    const expected = [
      { cmd: "connack", reasonCode: 0, sessionPresent: false, properties: connackProperties },
      { cmd: "connack", reasonCode: 0x97, properties: { reasonString: "too many" } },
      { cmd: "connack", reasonCode: 0x97 },
      { cmd: "suback", messageId: 9, granted: [0, 1, 2, 0x9e] },
      { cmd: "unsuback", messageId: 10, granted: [0, 0x11] },
      { cmd: "puback", messageId: 11, reasonCode: 0 },
      { cmd: "pubrec", messageId: 12, reasonCode: 0x97 },
      { cmd: "pubrel", messageId: 13, reasonCode: 0x92 },
      { cmd: "pubcomp", messageId: 14, reasonCode: 0 },
      { cmd: "pingresp" },
      { cmd: "disconnect", reasonCode: 0x8e },
      { cmd: "disconnect", reasonCode: 0x81, properties: { reasonString: "x".repeat(300) } },
    ];
    expect(read).toHaveLength(expected.length);
    for (const [n, packet] of expected.entries()) expect(read[n]).toMatchObject(packet as never);
  });

  test("the same before MQTT 5", () => {
    const writer = new PacketWriter();
    writer.legacyConnack(false, 5);
    writer.codes(PacketType.SUBACK, 9, [0, 0x80], 4);
    writer.codes(PacketType.UNSUBACK, 10, [], 4);
    writer.ack(PacketType.PUBREC, 12, 0x97, 4);
    expect(parse(writer.bytes(), 4)).toMatchObject([
      { cmd: "connack", returnCode: 5 },
      { cmd: "suback", messageId: 9, granted: [0, 0x80] },
      { cmd: "unsuback", messageId: 10 },
      { cmd: "pubrec", messageId: 12 },
    ] as never);
  });
});
