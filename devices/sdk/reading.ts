import { decodeErrorAt } from "./decode.ts";
import type { RawRecord } from "./partition-reader.ts";
import type { Place } from "./place.ts";

/** One record of a device. */
export interface Reading<Value> {
  /** The key as text; bytes that are no UTF-8 become U+FFFD. */
  readonly device: string;
  readonly topic: string;
  /** The partition of the topic. */
  readonly partition: number;
  /** Where it stands at the broker that it was read from: go on behind it by `{ offset: offset + 1 }`. */
  readonly offset: number;
  /** When it was measured: the record's timestamp, or the true time where the gateway's clock was wrong (`headwater.time`). */
  readonly time: Date;
  /** Decoded; null for a record without a value, which says that there is nothing any more. */
  readonly value: Value | null;
  readonly bytes: Uint8Array | null;
  /** By name; of several of one name, the last. */
  readonly headers: ReadonlyMap<string, Uint8Array | null>;
  /** Whence it came, where an uplink has carried it. */
  readonly origin: ReadingOrigin | null;
}

export interface ReadingOrigin {
  /** The gateway's id. */
  readonly gateway: string;
  /** `TOPIC_ID/PARTITION` of the log there. */
  readonly log: string;
  /** Its offset in that log: grows from reading to reading. */
  readonly offset: number;
}

const decoder = new TextDecoder();

/** Throws DecodeError with the record's place for whatever the decoder throws. */
export function readingOf<Value>(
  record: RawRecord,
  { topic, partition }: Place,
  decode: (value: Uint8Array) => Value,
): Reading<Value> {
  const headers = new Map(record.headers.map(([name, value]) => [decoder.decode(name ?? undefined), value]));
  const decoded = (): Value | null => {
    try {
      return record.value === null ? null : decode(record.value);
    } catch (error) {
      throw decodeErrorAt(error, { topic, partition, offset: record.offset });
    }
  };
  const trueTimeMs = numberIn(headers.get("headwater.time"));
  return {
    device: decoder.decode(record.key ?? undefined),
    topic,
    partition,
    offset: record.offset,
    time: new Date(trueTimeMs ?? record.timestampMs),
    value: decoded(),
    bytes: record.value,
    headers,
    origin: originOf(headers),
  };
}

function originOf(headers: ReadonlyMap<string, Uint8Array | null>): ReadingOrigin | null {
  const gateway = headers.get("headwater.gateway");
  const log = headers.get("headwater.log");
  const offset = numberIn(headers.get("headwater.offset"));
  if (gateway == null || log == null || offset === null) return null;
  return { gateway: decoder.decode(gateway), log: decoder.decode(log), offset };
}

function numberIn(bytes: Uint8Array | null | undefined): number | null {
  if (bytes == null) return null;
  const text = decoder.decode(bytes);
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
