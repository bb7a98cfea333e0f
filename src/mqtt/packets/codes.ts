/** Control packet types (MQTT 5, 2.1.2): the high four bits of a packet's first byte. */
export const PacketType = {
  CONNECT: 1,
  CONNACK: 2,
  PUBLISH: 3,
  PUBACK: 4,
  PUBREC: 5,
  PUBREL: 6,
  PUBCOMP: 7,
  SUBSCRIBE: 8,
  SUBACK: 9,
  UNSUBSCRIBE: 10,
  UNSUBACK: 11,
  PINGREQ: 12,
  PINGRESP: 13,
  DISCONNECT: 14,
  AUTH: 15,
} as const;

/** Reason codes (MQTT 5, 2.4) that this door sends or looks for. */
export const Reason = {
  SUCCESS: 0x00,
  NO_SUBSCRIPTION_EXISTED: 0x11,
  DISCONNECT_WITH_WILL: 0x04,
  UNSPECIFIED_ERROR: 0x80,
  MALFORMED_PACKET: 0x81,
  PROTOCOL_ERROR: 0x82,
  IMPLEMENTATION_SPECIFIC_ERROR: 0x83,
  CLIENT_IDENTIFIER_NOT_VALID: 0x85,
  BAD_USER_NAME_OR_PASSWORD: 0x86,
  NOT_AUTHORIZED: 0x87,
  SERVER_UNAVAILABLE: 0x88,
  SERVER_BUSY: 0x89,
  SERVER_SHUTTING_DOWN: 0x8b,
  BAD_AUTHENTICATION_METHOD: 0x8c,
  KEEP_ALIVE_TIMEOUT: 0x8d,
  SESSION_TAKEN_OVER: 0x8e,
  TOPIC_FILTER_INVALID: 0x8f,
  TOPIC_NAME_INVALID: 0x90,
  PACKET_IDENTIFIER_IN_USE: 0x91,
  PACKET_IDENTIFIER_NOT_FOUND: 0x92,
  RECEIVE_MAXIMUM_EXCEEDED: 0x93,
  TOPIC_ALIAS_INVALID: 0x94,
  PACKET_TOO_LARGE: 0x95,
  QUOTA_EXCEEDED: 0x97,
  ADMINISTRATIVE_ACTION: 0x98,
  RETAIN_NOT_SUPPORTED: 0x9a,
  SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: 0x9e,
  CONNECTION_RATE_EXCEEDED: 0x9f,
} as const;

/** Return codes of a CONNACK before MQTT 5 (3.1.1, table 3.1). */
export const ConnectReturn = {
  ACCEPTED: 0,
  UNACCEPTABLE_PROTOCOL: 1,
  IDENTIFIER_REJECTED: 2,
  SERVER_UNAVAILABLE: 3,
  BAD_USER_NAME_OR_PASSWORD: 4,
  NOT_AUTHORIZED: 5,
} as const;

/** Protocol levels as a CONNECT names them. */
export const Version = { V31: 3, V311: 4, V5: 5 } as const;
export type Version = 3 | 4 | 5;

export type Qos = 0 | 1 | 2;

/** Why a packet, and with it the connection, is refused. A value, never thrown: the bytes came from outside. */
export interface Refusal {
  /** MQTT 5 reason code; older versions see the connection close. */
  readonly reason: number;
  /** For the log line and the reason string: what was wrong, in a few words. */
  readonly what: string;
}

/** The fixed header's size for a remaining length (MQTT 5, 2.1.4): the type byte and the varint. */
export function fixedHeaderBytes(remainingLength: number): number {
  if (remainingLength < 0x80) return 2;
  if (remainingLength < 0x4000) return 3;
  return remainingLength < 0x20_0000 ? 4 : 5;
}
