import { Reason, Version } from "./codes.ts";
import { ACK_PROPERTIES, DISCONNECT_PROPERTIES, type Properties, readProperties } from "./properties.ts";
import type { PacketReader } from "./reader.ts";

/** A PUBACK, PUBREC, PUBREL or PUBCOMP. One object serves all of a door. */
export class AckView {
  packetId = 0;
  reason: number = Reason.SUCCESS;
}

const MINIMAL_ACK_BYTES = 2;

/**
 * Decodes PUBACK, PUBREC, PUBREL, PUBCOMP (MQTT 5, 3.4 to 3.7): packet identifier, and in MQTT 5
 * [reason code, [properties]]. False where the reader has a fault.
 */
export function readAck(
  reader: PacketReader,
  version: Version,
  properties: Properties,
  maxProperties: number,
  into: AckView,
): boolean {
  into.packetId = reader.u16();
  into.reason = Reason.SUCCESS;
  if (into.packetId === 0) reader.fail(Reason.PROTOCOL_ERROR, "packet identifier 0");
  if (version !== Version.V5) {
    if (reader.remaining > 0) reader.fail(Reason.MALFORMED_PACKET, "an acknowledgement that is too long");
    return reader.fault === null;
  }
  if (reader.remaining > 0) into.reason = reader.u8();
  if (reader.remaining > 0) readProperties(reader, ACK_PROPERTIES, maxProperties, properties);
  noMore(reader, "an acknowledgement");
  return reader.fault === null;
}

/** Whether an acknowledgement of this size can only hold a packet identifier: success, no properties. */
export function isMinimalAck(start: number, end: number): boolean {
  return end - start === MINIMAL_ACK_BYTES;
}

/** Decodes a DISCONNECT (MQTT 5, 3.14): [reason code, [properties]]. Returns the reason, or -1 on a fault. */
export function readDisconnect(
  reader: PacketReader,
  version: Version,
  properties: Properties,
  maxProperties: number,
): number {
  properties.clear();
  let reason: number = Reason.SUCCESS;
  if (version === Version.V5) {
    if (reader.remaining > 0) reason = reader.u8();
    if (reader.remaining > 0) readProperties(reader, DISCONNECT_PROPERTIES, maxProperties, properties);
  }
  noMore(reader, "a DISCONNECT");
  return reader.fault === null ? reason : -1;
}

function noMore(reader: PacketReader, packet: string): void {
  if (reader.fault === null && reader.remaining > 0) {
    reader.fail(Reason.MALFORMED_PACKET, `bytes behind the fields of ${packet}`);
  }
}
