import { fixedHeaderBytes, PacketType, type Qos, Reason, Version } from "./codes.ts";
import { Property } from "./properties.ts";

const FIRST_BUFFER_BYTES = 4_096;
/** A buffer that a burst has grown beyond this is given back once it is empty. */
const KEPT_BUFFER_BYTES = 262_144;

const encoder = new TextEncoder();

const NO_TOPIC = new Uint8Array(0);

/** What an accepted CONNECT is told (MQTT 5, 3.2.2.3). Null fields are left out. */
export interface ConnackProperties {
  readonly sessionExpirySec: number | null;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  readonly assignedClientId: string | null;
  readonly topicAliasMaximum: number;
  readonly serverKeepAliveSec: number | null;
  readonly responseInformation: string | null;
}

/** A message on its way out. The byte arrays belong to the message. */
export interface OutgoingPublish {
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
  /** MQTT 5 properties that go on as they came, or null. */
  readonly properties: Uint8Array | null;
}

/**
 * Encodes packets one behind the other into a buffer that grows and is reused. The bytes of a call stand until
 * `clear`. A socket copies them, so that one writer can serve a whole door.
 */
export class PacketWriter {
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #length = 0;
  #packets = 0;

  /** Packets that were written since the start. */
  get packets(): number {
    return this.#packets;
  }

  get length(): number {
    return this.#length;
  }

  /** What was written since `clear`; a view, valid until the next write. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > KEPT_BUFFER_BYTES) this.#buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP. A reason of success is left out (MQTT 5, 3.4.2.1). */
  ack(type: number, packetId: number, reason: number, version: Version): void {
    this.#reserve(5);
    this.#packets++;
    const withReason = version === Version.V5 && reason !== Reason.SUCCESS;
    // PUBREL has 0010 in its flags: MQTT-3.6.1-1.
    this.#u8((type << 4) | (type === PacketType.PUBREL ? 2 : 0));
    this.#u8(withReason ? 3 : 2);
    this.#u16(packetId);
    if (withReason) this.#u8(reason);
  }

  pingResponse(): void {
    this.#reserve(2);
    this.#packets++;
    this.#u8(PacketType.PINGRESP << 4);
    this.#u8(0);
  }

  /** CONNACK of 3.1.1 and before: flags, return code. */
  legacyConnack(sessionPresent: boolean, returnCode: number): void {
    this.#reserve(4);
    this.#packets++;
    this.#u8(PacketType.CONNACK << 4);
    this.#u8(2);
    this.#u8(sessionPresent ? 1 : 0);
    this.#u8(returnCode);
  }

  /** CONNACK of MQTT 5 that accepts. */
  connack(sessionPresent: boolean, says: ConnackProperties): void {
    const id = says.assignedClientId === null ? null : encoder.encode(says.assignedClientId);
    const size = connackPropertiesBytes(says, id);
    const remaining = 2 + varintBytes(size) + size;
    this.#header(PacketType.CONNACK << 4, remaining);
    this.#u8(sessionPresent ? 1 : 0);
    this.#u8(Reason.SUCCESS);
    this.#varint(size);
    if (says.sessionExpirySec !== null) {
      this.#u8(Property.SESSION_EXPIRY);
      this.#u32(says.sessionExpirySec);
    }
    this.#u8(Property.RECEIVE_MAXIMUM);
    this.#u16(says.receiveMaximum);
    this.#u8(Property.RETAIN_AVAILABLE);
    this.#u8(1);
    this.#u8(Property.MAXIMUM_PACKET_SIZE);
    this.#u32(says.maximumPacketBytes);
    if (id !== null) {
      this.#u8(Property.ASSIGNED_CLIENT_IDENTIFIER);
      this.#field(id);
    }
    this.#u8(Property.TOPIC_ALIAS_MAXIMUM);
    this.#u16(says.topicAliasMaximum);
    this.#u8(Property.SHARED_SUBSCRIPTION_AVAILABLE);
    this.#u8(1);
    if (says.serverKeepAliveSec !== null) {
      this.#u8(Property.SERVER_KEEP_ALIVE);
      this.#u16(says.serverKeepAliveSec);
    }
    if (says.responseInformation !== null) {
      this.#u8(Property.RESPONSE_INFORMATION);
      this.#field(encoder.encode(says.responseInformation));
    }
  }

  /** CONNACK (flags, reason, properties) of MQTT 5 that refuses. An empty text is left out. */
  refusedConnack(reason: number, text: string): void {
    const properties = reasonString(text);
    this.#header(PacketType.CONNACK << 4, 2 + varintBytes(properties.length) + properties.length);
    this.#u8(0);
    this.#u8(reason);
    this.#varint(properties.length);
    this.#raw(properties);
  }

  /** DISCONNECT of MQTT 5 (reason, properties). An empty text is left out. */
  disconnect(reason: number, text: string): void {
    const properties = reasonString(text);
    if (properties.length === 0) {
      this.#header(PacketType.DISCONNECT << 4, 1);
      this.#u8(reason);
      return;
    }
    this.#header(PacketType.DISCONNECT << 4, 1 + varintBytes(properties.length) + properties.length);
    this.#u8(reason);
    this.#varint(properties.length);
    this.#raw(properties);
  }

  /**
   * SUBACK or UNSUBACK: packet identifier, [properties], one code per filter; none for an old UNSUBACK. MQTT 5 hears
   * the text, which is left out where it is empty.
   */
  codes(type: number, packetId: number, codes: readonly number[], version: Version, text = ""): void {
    const isV5 = version === Version.V5;
    const properties = reasonString(isV5 ? text : "");
    const propertyBytes = isV5 ? varintBytes(properties.length) + properties.length : 0;
    this.#header(type << 4, 2 + propertyBytes + codes.length);
    this.#u16(packetId);
    if (isV5) this.#varint(properties.length);
    this.#raw(properties);
    for (const code of codes) this.#u8(code);
  }

  /**
   * PUBLISH: topic, [packet identifier], [properties], payload. `expirySec` is what is left of the message's
   * life, -1 for no end; identifiers are of the subscriptions that the message matched. With a positive alias of MQTT 5
   * the topic is left out, with a negative one its opposite is told beside the topic.
   */
  publish(
    message: OutgoingPublish,
    version: Version,
    qos: Qos,
    retain: boolean,
    packetId: number,
    expirySec: number,
    identifiers: readonly number[],
    duplicate = false,
    alias = 0,
  ): void {
    const properties = version === Version.V5 ? propertiesBytes(message, expirySec, identifiers, alias) : 0;
    const remaining = publishRemaining(message, version, qos, properties, alias);
    const first = (PacketType.PUBLISH << 4) | (duplicate ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
    this.#header(first, remaining);
    this.#field(alias > 0 ? NO_TOPIC : message.topic);
    if (qos !== 0) this.#u16(packetId);
    if (version === Version.V5) {
      this.#varint(properties);
      if (message.properties !== null) this.#raw(message.properties);
      if (expirySec >= 0) {
        this.#u8(Property.MESSAGE_EXPIRY);
        this.#u32(expirySec);
      }
      if (alias !== 0) {
        this.#u8(Property.TOPIC_ALIAS);
        this.#u16(Math.abs(alias));
      }
      for (const identifier of identifiers) {
        this.#u8(Property.SUBSCRIPTION_IDENTIFIER);
        this.#varint(identifier);
      }
    }
    this.#raw(message.payload);
  }

  #header(first: number, remaining: number): void {
    this.#packets++;
    this.#reserve(5 + remaining);
    this.#u8(first);
    this.#varint(remaining);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }

  #u8(value: number): void {
    this.#buffer[this.#length++] = value;
  }

  #u16(value: number): void {
    this.#u8(value >>> 8);
    this.#u8(value);
  }

  #u32(value: number): void {
    this.#u16(value >>> 16);
    this.#u16(value & 0xffff);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#u8(rest);
  }

  #field(bytes: Uint8Array): void {
    this.#u16(bytes.length);
    this.#raw(bytes);
  }

  #raw(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

/** Size on the wire of a CONNACK that accepts, for a client's maximum packet size. */
export function connackSizeBytes(says: ConnackProperties): number {
  const id = says.assignedClientId === null ? null : encoder.encode(says.assignedClientId);
  const size = connackPropertiesBytes(says, id);
  const remaining = 2 + varintBytes(size) + size;
  return fixedHeaderBytes(remaining) + remaining;
}

function connackPropertiesBytes(says: ConnackProperties, id: Uint8Array | null): number {
  let size = 3 + 5 + 3 + 2 + 2;
  if (says.sessionExpirySec !== null) size += 5;
  if (id !== null) size += 3 + id.length;
  if (says.serverKeepAliveSec !== null) size += 3;
  if (says.responseInformation !== null) size += 3 + encoder.encode(says.responseInformation).length;
  return size;
}

/** The size on the wire of a PUBLISH, for a client's maximum packet size. */
export function publishSizeBytes(
  message: OutgoingPublish,
  version: Version,
  qos: Qos,
  expirySec: number,
  identifiers: readonly number[],
  alias = 0,
): number {
  const properties = version === Version.V5 ? propertiesBytes(message, expirySec, identifiers, alias) : 0;
  const remaining = publishRemaining(message, version, qos, properties, alias);
  return fixedHeaderBytes(remaining) + remaining;
}

function publishRemaining(
  message: OutgoingPublish,
  version: Version,
  qos: Qos,
  properties: number,
  alias: number,
): number {
  const topicBytes = alias > 0 ? 0 : message.topic.length;
  const own = 2 + topicBytes + (qos === 0 ? 0 : 2) + message.payload.length;
  return version === Version.V5 ? own + varintBytes(properties) + properties : own;
}

function propertiesBytes(
  message: OutgoingPublish,
  expirySec: number,
  identifiers: readonly number[],
  alias: number,
): number {
  let size = message.properties === null ? 0 : message.properties.length;
  if (alias !== 0) size += 3;
  if (expirySec >= 0) size += 5;
  for (const identifier of identifiers) size += 1 + varintBytes(identifier);
  return size;
}

function varintBytes(value: number): number {
  return fixedHeaderBytes(value) - 1;
}

function reasonString(text: string): Uint8Array {
  if (text === "") return new Uint8Array(0);
  const encoded = encoder.encode(text);
  const property = new Uint8Array(3 + encoded.length);
  property[0] = Property.REASON_STRING;
  property[1] = encoded.length >> 8;
  property[2] = encoded.length & 0xff;
  property.set(encoded, 3);
  return property;
}
