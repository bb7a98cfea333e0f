import { type Qos, Reason, Version } from "./codes.ts";
import { qosOf } from "./connect.ts";
import { Properties, PUBLISH_PROPERTIES, readProperties } from "./properties.ts";
import type { PacketReader } from "./reader.ts";

/**
 * A PUBLISH as positions in its chunk. One object serves all packets of a door: whoever needs a field after
 * the handler returns copies it.
 */
export class PublishView {
  bytes: Uint8Array = new Uint8Array(0);
  qos: Qos = 0;
  retain = false;
  duplicate = false;
  topicStart = 0;
  topicEnd = 0;
  /** 0 at QoS 0. */
  packetId = 0;
  payloadStart = 0;
  payloadEnd = 0;
  readonly properties = new Properties();
}

/**
 * Decodes a PUBLISH (MQTT 5, 3.3): topic name, [packet identifier], [properties], payload. The topic's content
 * is judged elsewhere, once per topic. False where the reader has a fault.
 */
export function readPublish(
  reader: PacketReader,
  flags: number,
  version: Version,
  maxProperties: number,
  into: PublishView,
): boolean {
  const qos = (flags >> 1) & 3;
  into.bytes = reader.bytes;
  into.retain = (flags & 1) !== 0;
  into.duplicate = (flags & 8) !== 0;
  // MQTT-3.3.1-4, MQTT-3.3.1-2
  if (qos === 3) reader.fail(Reason.MALFORMED_PACKET, "a PUBLISH of QoS 3");
  else if (qos === 0 && into.duplicate) reader.fail(Reason.MALFORMED_PACKET, "a duplicate of QoS 0");
  into.qos = qosOf(qos);
  const topicBytes = reader.u16();
  into.topicStart = reader.position;
  reader.skip(topicBytes);
  into.topicEnd = reader.position;
  into.packetId = 0;
  if (qos !== 0) {
    into.packetId = reader.u16();
    // MQTT-2.2.1-3
    if (into.packetId === 0) reader.fail(Reason.PROTOCOL_ERROR, "packet identifier 0");
  }
  if (version === Version.V5) {
    // Nearly every PUBLISH has none: one zero byte.
    if (reader.bytes[reader.position] === 0 && reader.position < reader.end) {
      reader.position++;
      if (into.properties.count > 0) into.properties.clear();
      into.properties.start = reader.position;
      into.properties.end = reader.position;
    } else {
      readProperties(reader, PUBLISH_PROPERTIES, maxProperties, into.properties);
    }
  } else if (into.properties.count > 0 || into.properties.end > into.properties.start) {
    into.properties.clear();
  }
  into.payloadStart = reader.position;
  into.payloadEnd = reader.end;
  return reader.fault === null;
}
