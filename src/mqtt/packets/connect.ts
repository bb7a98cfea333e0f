import { type Qos, Reason, Version } from "./codes.ts";
import {
  CONNECT_PROPERTIES,
  forwardedProperties,
  type Properties,
  readProperties,
  WILL_PROPERTIES,
} from "./properties.ts";
import { copyOf, decodeText, type PacketReader } from "./reader.ts";

/** What a CONNECT asks for. Bytes in it are copies: the packet's chunk is not kept. */
export interface ConnectPacket {
  readonly version: Version;
  readonly clientId: string;
  /** Clean session, or MQTT 5's clean start. */
  readonly cleanStart: boolean;
  /** Seconds; 0 for none. */
  readonly keepAliveSec: number;
  readonly will: WillPacket | null;
  readonly userName: string | null;
  readonly password: Uint8Array | null;
  readonly sessionExpirySec: number;
  /** What the client takes unacknowledged; 65,535 where it does not say. */
  readonly receiveMaximum: number;
  /** Largest packet that the client takes, in bytes; Infinity where it does not say. */
  readonly maximumPacketBytes: number;
  readonly problemInformation: boolean;
  /** It asks where answers should be sent. */
  readonly responseInformation: boolean;
  /** Topic aliases that it takes. */
  readonly topicAliasMaximum: number;
  /** It wants an authentication exchange, of which there is none here. */
  readonly authenticationMethod: boolean;
}

export interface WillPacket {
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Seconds from the end of its connection to its being due: MQTT 5, 3.1.3.2.2. */
  readonly delaySec: number;
  /** Seconds, or -1 for none. */
  readonly expirySec: number;
  /** As they go on to subscribers, or null. */
  readonly properties: Uint8Array | null;
}

/** A protocol level that is not spoken here: answered with a return code, in the older versions' form. */
export interface UnknownVersion {
  readonly version: "unknown";
}

/** The flags of CONNECT's seventh byte. */
const FLAG_RESERVED = 0x01;
const FLAG_CLEAN = 0x02;
const FLAG_WILL = 0x04;
const FLAG_WILL_RETAIN = 0x20;
const FLAG_PASSWORD = 0x40;
const FLAG_USER_NAME = 0x80;

const DEFAULT_RECEIVE_MAXIMUM = 65_535;

/**
 * Decodes a CONNECT (MQTT 5, 3.1): protocol name, level, flags, keep alive, [properties], client id,
 * [[will properties], will topic, will payload], [user name], [password]. Null where the reader has a fault.
 * `versionSeen` hears the level as soon as it is known, so that a refusal can be put into the client's words.
 */
export function readConnect(
  reader: PacketReader,
  properties: Properties,
  maxProperties: number,
  versionSeen: (version: Version) => void,
): ConnectPacket | UnknownVersion | null {
  const name = reader.string();
  const level = reader.u8();
  if (reader.fault !== null) return null;
  const version = versionOf(name, level);
  if (version === null) {
    // MQTT-3.1.2-1: any other name closes the connection; MQTT-3.1.2-2: any other level is answered first.
    if (name === "MQTT" || name === "MQIsdp") return { version: "unknown" };
    reader.fail(Reason.MALFORMED_PACKET, "a protocol name that is not MQTT");
    return null;
  }
  versionSeen(version);
  const flags = reader.u8();
  const keepAliveSec = reader.u16();
  checkFlags(reader, version, flags);
  if (version === Version.V5) readProperties(reader, CONNECT_PROPERTIES, maxProperties, properties);
  else properties.clear();
  const { responseInformation, topicAliasMaximum } = properties;
  const { sessionExpirySec, problemInformation, authenticationMethod, maximumPacketBytes } = properties;
  if (properties.authenticationData && !authenticationMethod) {
    // MQTT 5, 3.1.2.11.10
    reader.fail(Reason.PROTOCOL_ERROR, "authentication data without a method");
  }
  const receiveMaximum = properties.receiveMaximum || DEFAULT_RECEIVE_MAXIMUM;
  const clientId = reader.string();
  const will = (flags & FLAG_WILL) === 0 ? null : readWill(reader, version, flags, properties, maxProperties);
  const userName = (flags & FLAG_USER_NAME) === 0 ? null : reader.string();
  const password = (flags & FLAG_PASSWORD) === 0 ? null : copyOf(reader.binary());
  if (reader.fault === null && reader.remaining > 0) {
    reader.fail(Reason.MALFORMED_PACKET, "bytes behind the fields of a CONNECT");
  }
  if (reader.fault !== null) return null;
  return {
    version,
    clientId,
    cleanStart: (flags & FLAG_CLEAN) !== 0,
    keepAliveSec,
    will,
    userName,
    password,
    sessionExpirySec,
    receiveMaximum,
    maximumPacketBytes: maximumPacketBytes || Number.POSITIVE_INFINITY,
    problemInformation,
    responseInformation,
    topicAliasMaximum,
    authenticationMethod,
  };
}

function versionOf(name: string, level: number): Version | null {
  if (name === "MQTT") return level === Version.V311 || level === Version.V5 ? level : null;
  return name === "MQIsdp" && level === Version.V31 ? level : null;
}

function checkFlags(reader: PacketReader, version: Version, flags: number): void {
  const willQos = (flags >> 3) & 3;
  if ((flags & FLAG_RESERVED) !== 0) {
    // MQTT-3.1.2-3
    reader.fail(Reason.MALFORMED_PACKET, "the reserved flag of a CONNECT is set");
  } else if (willQos === 3) {
    // MQTT-3.1.2-12
    reader.fail(Reason.MALFORMED_PACKET, "a will of QoS 3");
  } else if ((flags & FLAG_WILL) === 0 && (willQos !== 0 || (flags & FLAG_WILL_RETAIN) !== 0)) {
    // MQTT-3.1.2-11, MQTT-3.1.2-13
    reader.fail(Reason.MALFORMED_PACKET, "will flags without a will");
  } else if (version !== Version.V5 && (flags & FLAG_USER_NAME) === 0 && (flags & FLAG_PASSWORD) !== 0) {
    // MQTT-3.1.2-22 of 3.1.1
    reader.fail(Reason.MALFORMED_PACKET, "a password without a user name");
  }
}

function readWill(
  reader: PacketReader,
  version: Version,
  flags: number,
  properties: Properties,
  maxProperties: number,
): WillPacket {
  properties.clear();
  if (version === Version.V5) readProperties(reader, WILL_PROPERTIES, maxProperties, properties);
  const expirySec = properties.messageExpirySec;
  const forwarded = reader.fault === null ? forwardedProperties(reader.bytes, properties) : null;
  const { willDelaySec } = properties;
  const topic = reader.binary();
  if (reader.fault === null && decodeText(topic) === null) {
    reader.fail(Reason.MALFORMED_PACKET, "a will topic that is not UTF-8 or has U+0000");
  }
  const payload = reader.binary();
  return {
    topic: copyOf(topic),
    payload: copyOf(payload),
    qos: qosOf((flags >> 3) & 3),
    retain: (flags & FLAG_WILL_RETAIN) !== 0,
    delaySec: willDelaySec,
    expirySec,
    properties: forwarded,
  };
}

/** The QoS that two bits stand for; three was refused before. */
export function qosOf(bits: number): Qos {
  if (bits === 0) return 0;
  return bits === 1 ? 1 : 2;
}
