import type { FieldReader, FieldWriter } from "./bytes.ts";
import type { RecordPlace } from "./record-search.ts";

/**
 * A QoS 2 PUBLISH of a session that outlives its connection, from its arrival to its PUBREL. `under-way`: the message
 * itself, since it may not be in its topic yet; `applied`: it is.
 */
export type Received = UnderWay | { readonly state: "applied" };

export interface UnderWay {
  readonly state: "under-way";
  /** Wall time. */
  readonly arrivedMs: number;
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
  /** As they go on to subscribers, or null. */
  readonly properties: Uint8Array | null;
  readonly retain: boolean;
  /** Seconds, or -1 for no end. */
  readonly expirySec: number;
  /** Where its records can be, if they are anywhere. */
  readonly places: readonly RecordPlace[];
}

const VERSION = 1;
const APPLIED = 1;
const RETAIN = 2;
const PROPERTIES = 4;

/**
 *   version, flags; unless applied: arrival, expiry + 1, places, topic, [properties], payload
 *   a place: topic, partition, offset
 */
export function putReceived(writer: FieldWriter, received: Received): void {
  writer.u8(VERSION);
  if (received.state === "applied") {
    writer.u8(APPLIED);
    return;
  }
  const { arrivedMs, topic, payload, properties, retain, expirySec, places } = received;
  writer.u8((retain ? RETAIN : 0) | (properties === null ? 0 : PROPERTIES));
  writer
    .number(arrivedMs)
    .number(expirySec + 1)
    .number(places.length);
  for (const place of places) writer.text(place.topic).number(place.partition).number(place.fromOffset);
  writer.field(topic);
  if (properties !== null) writer.field(properties);
  writer.rest(payload);
}

/** Null for a value of another version, or none at all. */
export function readReceived(reader: FieldReader): Received | null {
  if (reader.u8() !== VERSION) return null;
  const flags = reader.u8();
  if ((flags & APPLIED) !== 0) return reader.ok ? { state: "applied" } : null;
  const arrivedMs = reader.number();
  const expirySec = reader.number() - 1;
  const places: RecordPlace[] = [];
  for (let left = reader.number(); left > 0 && reader.ok; left--) {
    places.push({ topic: reader.text(), partition: reader.number(), fromOffset: reader.number() });
  }
  const topic = reader.field().slice();
  const properties = (flags & PROPERTIES) === 0 ? null : reader.field().slice();
  const payload = reader.rest().slice();
  if (!reader.ok) return null;
  const retain = (flags & RETAIN) !== 0;
  return { state: "under-way", arrivedMs, topic, payload, properties, retain, expirySec, places };
}
