import { Reason } from "./codes.ts";
import type { PacketReader } from "./reader.ts";

/** Property identifiers (MQTT 5, 2.2.2.2). */
export const Property = {
  PAYLOAD_FORMAT: 0x01,
  MESSAGE_EXPIRY: 0x02,
  CONTENT_TYPE: 0x03,
  RESPONSE_TOPIC: 0x08,
  CORRELATION_DATA: 0x09,
  SUBSCRIPTION_IDENTIFIER: 0x0b,
  SESSION_EXPIRY: 0x11,
  ASSIGNED_CLIENT_IDENTIFIER: 0x12,
  SERVER_KEEP_ALIVE: 0x13,
  AUTHENTICATION_METHOD: 0x15,
  AUTHENTICATION_DATA: 0x16,
  REQUEST_PROBLEM_INFORMATION: 0x17,
  WILL_DELAY: 0x18,
  REQUEST_RESPONSE_INFORMATION: 0x19,
  RESPONSE_INFORMATION: 0x1a,
  REASON_STRING: 0x1f,
  RECEIVE_MAXIMUM: 0x21,
  TOPIC_ALIAS_MAXIMUM: 0x22,
  TOPIC_ALIAS: 0x23,
  RETAIN_AVAILABLE: 0x25,
  USER_PROPERTY: 0x26,
  MAXIMUM_PACKET_SIZE: 0x27,
  SHARED_SUBSCRIPTION_AVAILABLE: 0x2a,
} as const;

type Shape =
  | "boolean"
  | "u16"
  | "u16positive"
  | "u32"
  | "u32positive"
  | "varint"
  | "string"
  | "binary"
  | "pair";

/** How each property that a client may send is laid out, and what its value may not be. */
const SHAPES: readonly (readonly [number, Shape])[] = [
  [Property.PAYLOAD_FORMAT, "boolean"],
  [Property.MESSAGE_EXPIRY, "u32"],
  [Property.CONTENT_TYPE, "string"],
  [Property.RESPONSE_TOPIC, "string"],
  [Property.CORRELATION_DATA, "binary"],
  [Property.SUBSCRIPTION_IDENTIFIER, "varint"],
  [Property.SESSION_EXPIRY, "u32"],
  [Property.AUTHENTICATION_METHOD, "string"],
  [Property.AUTHENTICATION_DATA, "binary"],
  [Property.REQUEST_PROBLEM_INFORMATION, "boolean"],
  [Property.WILL_DELAY, "u32"],
  [Property.REQUEST_RESPONSE_INFORMATION, "boolean"],
  [Property.REASON_STRING, "string"],
  [Property.RECEIVE_MAXIMUM, "u16positive"],
  [Property.TOPIC_ALIAS_MAXIMUM, "u16"],
  [Property.TOPIC_ALIAS, "u16"],
  [Property.USER_PROPERTY, "pair"],
  [Property.MAXIMUM_PACKET_SIZE, "u32positive"],
];

const SHAPE_OF: readonly (Shape | undefined)[] = Array.from(
  { length: 0x30 },
  (_, id) => SHAPES.find(([known]) => known === id)?.[1],
);

/** Which properties a packet may carry, as one flag per identifier. */
export type Allowed = readonly boolean[];

function allow(...ids: number[]): Allowed {
  return Array.from({ length: SHAPE_OF.length }, (_, id) => ids.includes(id));
}

export const CONNECT_PROPERTIES = allow(
  Property.SESSION_EXPIRY,
  Property.AUTHENTICATION_METHOD,
  Property.AUTHENTICATION_DATA,
  Property.REQUEST_PROBLEM_INFORMATION,
  Property.REQUEST_RESPONSE_INFORMATION,
  Property.RECEIVE_MAXIMUM,
  Property.TOPIC_ALIAS_MAXIMUM,
  Property.USER_PROPERTY,
  Property.MAXIMUM_PACKET_SIZE,
);
const MESSAGE = [
  Property.PAYLOAD_FORMAT,
  Property.MESSAGE_EXPIRY,
  Property.CONTENT_TYPE,
  Property.RESPONSE_TOPIC,
  Property.CORRELATION_DATA,
  Property.USER_PROPERTY,
];
export const WILL_PROPERTIES = allow(...MESSAGE, Property.WILL_DELAY);
// A subscription identifier is for the server to send: MQTT-3.3.4-6.
export const PUBLISH_PROPERTIES = allow(...MESSAGE, Property.TOPIC_ALIAS);
export const ACK_PROPERTIES = allow(Property.REASON_STRING, Property.USER_PROPERTY);
export const SUBSCRIBE_PROPERTIES = allow(Property.SUBSCRIPTION_IDENTIFIER, Property.USER_PROPERTY);
export const UNSUBSCRIBE_PROPERTIES = allow(Property.USER_PROPERTY);
export const DISCONNECT_PROPERTIES = allow(
  Property.SESSION_EXPIRY,
  Property.REASON_STRING,
  Property.USER_PROPERTY,
);

/**
 * What the properties of one packet said, as far as the door acts on it. Reused from packet to packet; spans
 * are positions in the packet's bytes, identifier included.
 */
export class Properties {
  /** Bounds of the properties, without their length. */
  start = 0;
  end = 0;
  count = 0;
  sessionExpirySec = 0;
  /** Whether it was there: in a DISCONNECT, 0 is something else than nothing. */
  hasSessionExpiry = false;
  receiveMaximum = 0;
  maximumPacketBytes = 0;
  topicAliasMaximum = 0;
  problemInformation = true;
  responseInformation = false;
  authenticationMethod = false;
  authenticationData = false;
  subscriptionIdentifier = 0;
  /** 0 where there is none: an alias of 0 is refused. */
  topicAlias = 0;
  topicAliasStart = 0;
  /** Seconds, or -1 where there is none. */
  messageExpirySec = -1;
  messageExpiryStart = 0;
  /** Seconds; 0 for none. */
  willDelaySec = 0;
  /** -1 where there is none. */
  willDelayStart = -1;

  clear(): void {
    this.start = 0;
    this.end = 0;
    this.count = 0;
    this.sessionExpirySec = 0;
    this.hasSessionExpiry = false;
    this.receiveMaximum = 0;
    this.maximumPacketBytes = 0;
    this.topicAliasMaximum = 0;
    this.problemInformation = true;
    this.responseInformation = false;
    this.authenticationMethod = false;
    this.authenticationData = false;
    this.subscriptionIdentifier = 0;
    this.topicAlias = 0;
    this.topicAliasStart = 0;
    this.messageExpirySec = -1;
    this.messageExpiryStart = 0;
    this.willDelaySec = 0;
    this.willDelayStart = -1;
  }
}

/**
 * Reads a property length and the properties (MQTT 5, 2.2.2): each allowed here, none twice but the user
 * property, at most `maxCount` in all. Faults end up in the reader.
 */
export function readProperties(
  reader: PacketReader,
  allowed: Allowed,
  maxCount: number,
  into: Properties,
): void {
  into.clear();
  const length = reader.varint();
  if (length > reader.remaining) {
    reader.fail(Reason.MALFORMED_PACKET, "properties that are longer than their packet");
    return;
  }
  const packetEnd = reader.end;
  into.start = reader.position;
  into.end = reader.position + length;
  // Fields may not run over the end of the properties into what follows.
  reader.end = into.end;
  let seenLow = 0;
  let seenHigh = 0;
  while (reader.position < into.end && reader.fault === null) {
    const at = reader.position;
    // Every identifier there is fits in one byte of the varint that it is.
    const id = reader.u8();
    const shape = SHAPE_OF[id];
    if (shape === undefined || allowed[id] !== true) {
      reader.fail(
        shape === undefined ? Reason.MALFORMED_PACKET : Reason.PROTOCOL_ERROR,
        `property ${id} in a packet that can't have it`,
      );
      break;
    }
    if (id !== Property.USER_PROPERTY) {
      const bit = 1 << (id & 31);
      if (((id < 32 ? seenLow : seenHigh) & bit) !== 0) {
        reader.fail(Reason.PROTOCOL_ERROR, `property ${id} twice`);
        break;
      }
      if (id < 32) seenLow |= bit;
      else seenHigh |= bit;
    }
    if (++into.count > maxCount) {
      reader.fail(Reason.QUOTA_EXCEEDED, `more than ${maxCount} properties`);
      break;
    }
    readProperty(reader, id, shape, at, into);
  }
  reader.end = packetEnd;
  if (reader.fault !== null) reader.position = packetEnd;
}

function readProperty(reader: PacketReader, id: number, shape: Shape, at: number, into: Properties): void {
  switch (shape) {
    case "pair":
      reader.skipString();
      reader.skipString();
      return;
    case "string":
      if (id === Property.RESPONSE_TOPIC) {
        readResponseTopic(reader);
        return;
      }
      if (id === Property.AUTHENTICATION_METHOD) into.authenticationMethod = true;
      reader.skipString();
      return;
    case "binary":
      if (id === Property.AUTHENTICATION_DATA) into.authenticationData = true;
      reader.skip(reader.u16());
      return;
    default:
      keepNumber(reader, id, readNumber(reader, shape), at, into);
      return;
  }
}

function readNumber(reader: PacketReader, shape: Shape): number {
  let value = 0;
  if (shape === "boolean") value = reader.u8();
  else if (shape === "u16" || shape === "u16positive") value = reader.u16();
  else if (shape === "u32" || shape === "u32positive") value = reader.u32();
  else value = reader.varint();
  if (shape === "boolean" && value > 1) {
    reader.fail(Reason.PROTOCOL_ERROR, "a property that is neither 0 nor 1");
  } else if (value === 0 && (shape === "u16positive" || shape === "u32positive" || shape === "varint")) {
    reader.fail(Reason.PROTOCOL_ERROR, "a property of zero where that is not allowed");
  }
  return value;
}

function keepNumber(reader: PacketReader, id: number, value: number, at: number, into: Properties): void {
  switch (id) {
    case Property.MESSAGE_EXPIRY:
      into.messageExpirySec = value;
      into.messageExpiryStart = at;
      return;
    case Property.WILL_DELAY:
      into.willDelaySec = value;
      into.willDelayStart = at;
      return;
    case Property.TOPIC_ALIAS:
      // MQTT-3.3.2-8
      if (value === 0) reader.fail(Reason.TOPIC_ALIAS_INVALID, "topic alias 0");
      into.topicAlias = value;
      into.topicAliasStart = at;
      return;
    case Property.SUBSCRIPTION_IDENTIFIER:
      into.subscriptionIdentifier = value;
      return;
    case Property.SESSION_EXPIRY:
      into.sessionExpirySec = value;
      into.hasSessionExpiry = true;
      return;
    case Property.REQUEST_PROBLEM_INFORMATION:
      into.problemInformation = value === 1;
      return;
    case Property.REQUEST_RESPONSE_INFORMATION:
      into.responseInformation = value === 1;
      return;
    case Property.RECEIVE_MAXIMUM:
      into.receiveMaximum = value;
      return;
    case Property.TOPIC_ALIAS_MAXIMUM:
      into.topicAliasMaximum = value;
      return;
    case Property.MAXIMUM_PACKET_SIZE:
      into.maximumPacketBytes = value;
      return;
  }
}

/** A response topic is a topic name: MQTT-3.3.2-14 forbids wildcards. */
function readResponseTopic(reader: PacketReader): void {
  const start = reader.position + 2;
  reader.skipString();
  for (let at = start; at < reader.position; at++) {
    const byte = reader.bytes[at];
    if (byte === 0x23 || byte === 0x2b) {
      reader.fail(Reason.PROTOCOL_ERROR, "a response topic with a wildcard");
      return;
    }
  }
}

/** Sizes of properties with their identifiers. */
const TOPIC_ALIAS_BYTES = 3;
const MESSAGE_EXPIRY_BYTES = 5;
const WILL_DELAY_BYTES = 5;

/**
 * The properties of a PUBLISH that go on to subscribers unaltered and in order (MQTT-3.3.2-4, -15, -16, -17,
 * -20): all but the topic alias and a will's delay, which end here, and the expiry, which is written anew. A copy;
 * null where nothing is left.
 */
export function forwardedProperties(bytes: Uint8Array, properties: Properties): Uint8Array | null {
  const { start, end } = properties;
  if (end === start) return null;
  const alias = properties.topicAlias > 0 ? properties.topicAliasStart : -1;
  const expiry = properties.messageExpirySec >= 0 ? properties.messageExpiryStart : -1;
  const delay = properties.willDelayStart;
  const kept =
    end -
    start -
    (alias < 0 ? 0 : TOPIC_ALIAS_BYTES) -
    (expiry < 0 ? 0 : MESSAGE_EXPIRY_BYTES) -
    (delay < 0 ? 0 : WILL_DELAY_BYTES);
  if (kept === 0) return null;
  const copy = new Uint8Array(kept);
  let to = 0;
  for (let at = start; at < end; ) {
    if (at === alias) {
      at += TOPIC_ALIAS_BYTES;
      continue;
    }
    if (at === expiry) {
      at += MESSAGE_EXPIRY_BYTES;
      continue;
    }
    if (at === delay) {
      at += WILL_DELAY_BYTES;
      continue;
    }
    let next = end;
    if (alias > at && alias < next) next = alias;
    if (expiry > at && expiry < next) next = expiry;
    if (delay > at && delay < next) next = delay;
    copy.set(bytes.subarray(at, next), to);
    to += next - at;
    at = next;
  }
  return copy;
}
