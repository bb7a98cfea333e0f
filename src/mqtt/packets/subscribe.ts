import { type Qos, Reason, Version } from "./codes.ts";
import { qosOf } from "./connect.ts";
import {
  type Properties,
  readProperties,
  SUBSCRIBE_PROPERTIES,
  UNSUBSCRIBE_PROPERTIES,
} from "./properties.ts";
import type { PacketReader } from "./reader.ts";

/** One filter of a SUBSCRIBE and what it asks for. */
export interface FilterRequest {
  readonly filter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 send retained messages, 1 only for a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2;
}

export interface SubscribePacket {
  readonly packetId: number;
  /** 0 for none. */
  readonly subscriptionIdentifier: number;
  readonly requests: readonly FilterRequest[];
}

export interface UnsubscribePacket {
  readonly packetId: number;
  readonly filters: readonly string[];
}

export interface FilterLimits {
  readonly maxProperties: number;
  /** Filters in one packet. */
  readonly maxFilters: number;
}

/** Decodes a SUBSCRIBE (MQTT 5, 3.8): packet identifier, [properties], (filter, options)+. Null on a fault. */
export function readSubscribe(
  reader: PacketReader,
  version: Version,
  properties: Properties,
  limits: FilterLimits,
): SubscribePacket | null {
  const packetId = readPacketId(reader);
  properties.clear();
  if (version === Version.V5) readProperties(reader, SUBSCRIBE_PROPERTIES, limits.maxProperties, properties);
  const requests: FilterRequest[] = [];
  while (reader.remaining > 0) {
    const filter = reader.string();
    const request = readOptions(reader, version, filter);
    if (requests.push(request) > limits.maxFilters) tooMany(reader, limits.maxFilters);
  }
  // MQTT-3.8.3-2
  if (requests.length === 0) reader.fail(Reason.PROTOCOL_ERROR, "a SUBSCRIBE without a filter");
  if (reader.fault !== null) return null;
  return { packetId, subscriptionIdentifier: properties.subscriptionIdentifier, requests };
}

/** Options: bits 0-1 QoS, 2 no local, 3 retain as published, 4-5 retain handling, 6-7 reserved. */
function readOptions(reader: PacketReader, version: Version, filter: string): FilterRequest {
  const options = reader.u8();
  const qos = options & 3;
  const handling = (options >> 4) & 3;
  const reserved = version === Version.V5 ? 0xc0 : 0xfc;
  // MQTT-3.8.3-4 of 3.1.1, MQTT-3.8.3-5 of 5
  if ((options & reserved) !== 0) reader.fail(Reason.MALFORMED_PACKET, "reserved subscription options");
  else if (qos === 3) reader.fail(Reason.MALFORMED_PACKET, "a subscription of QoS 3");
  else if (handling === 3) reader.fail(Reason.PROTOCOL_ERROR, "retain handling 3");
  return {
    filter,
    qos: qosOf(qos),
    noLocal: (options & 4) !== 0,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: handling === 0 ? 0 : handling === 1 ? 1 : 2,
  };
}

/** Decodes an UNSUBSCRIBE (MQTT 5, 3.10): packet identifier, [properties], filter+. Null on a fault. */
export function readUnsubscribe(
  reader: PacketReader,
  version: Version,
  properties: Properties,
  limits: FilterLimits,
): UnsubscribePacket | null {
  const packetId = readPacketId(reader);
  if (version === Version.V5)
    readProperties(reader, UNSUBSCRIBE_PROPERTIES, limits.maxProperties, properties);
  const filters: string[] = [];
  while (reader.remaining > 0) {
    if (filters.push(reader.string()) > limits.maxFilters) tooMany(reader, limits.maxFilters);
  }
  // MQTT-3.10.3-2
  if (filters.length === 0) reader.fail(Reason.PROTOCOL_ERROR, "an UNSUBSCRIBE without a filter");
  return reader.fault === null ? { packetId, filters } : null;
}

function tooMany(reader: PacketReader, maxFilters: number): void {
  reader.fail(Reason.QUOTA_EXCEEDED, `more than ${maxFilters} filters in one packet`);
}

function readPacketId(reader: PacketReader): number {
  const packetId = reader.u16();
  // MQTT-2.2.1-3
  if (packetId === 0) reader.fail(Reason.PROTOCOL_ERROR, "packet identifier 0");
  return packetId;
}
