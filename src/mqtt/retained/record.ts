import type { RecordCursor } from "../../records/reader.ts";
import { decodeHeaders } from "../../records/reader.ts";
import type { Identity } from "../access.ts";
import type { Qos } from "../packets/codes.ts";
import {
  type HeaderBlock,
  headerBlock,
  headersWithProperties,
  joinBlocks,
  withCount,
} from "../record-headers.ts";
import type { LiveMessage } from "../sessions/outbound.ts";

/** A retained message, as subscribers get it. */
export interface RetainedMessage extends LiveMessage {
  /** Who published it: what rights to it go by. */
  readonly publisher: Identity;
}

const QOS_HEADER = "mqtt.qos";
const EXPIRY_HEADER = "mqtt.message-expiry";
const CLIENT_ID_HEADER = "mqtt.client-id";
const USER_HEADER = "mqtt.user-name";
const PROPERTIES_HEADER = "mqtt.properties";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Headers of a retained message's record, whose key is the MQTT topic and whose value is the payload: `mqtt.qos`,
 * `mqtt.client-id`, `mqtt.user-name` where there is one, `mqtt.message-expiry` where it has one (seconds from the
 * record's time on, as text), then what every record has of MQTT 5 properties, and `mqtt.properties` with the
 * properties' own bytes, since subscribers get them unaltered and in order. `expirySec` is -1 for no end. A `mark` is one
 * more of ours.
 */
export function retainedHeaders(
  { qos, properties }: LiveMessage,
  publisher: Identity,
  expirySec: number,
  mark: HeaderBlock | null,
): Uint8Array | null {
  const own: (readonly [string, Uint8Array])[] = [
    [QOS_HEADER, encoder.encode(String(qos))],
    [CLIENT_ID_HEADER, encoder.encode(publisher.clientId)],
  ];
  if (publisher.userName !== null) own.push([USER_HEADER, encoder.encode(publisher.userName)]);
  if (expirySec >= 0) own.push([EXPIRY_HEADER, encoder.encode(String(expirySec))]);
  if (properties !== null) own.push([PROPERTIES_HEADER, properties]);
  const block = mark === null ? headerBlock(own) : joinBlocks(headerBlock(own), mark);
  return properties === null
    ? withCount(block)
    : headersWithProperties(block, properties, 0, properties.length);
}

/**
 * The message of the record that the cursor is at, in bytes of its own; null where that is no retained message. When
 * it expires and what it weighs is known to who asks.
 */
export function readRetained(
  cursor: RecordCursor,
  expiresAtMs: number,
  sizeBytes: number,
): RetainedMessage | null {
  const topic = cursor.key();
  const payload = cursor.value();
  if (topic === null || payload === null) return null;
  const headers = decodeHeaders(cursor);
  // Ours are the first of their names: a user property can't have one, and comes behind them.
  const find = (name: string): Uint8Array | null => headers.find(({ key }) => key === name)?.value ?? null;
  const text = (name: string): string | null => {
    const bytes = find(name);
    return bytes === null ? null : decoder.decode(bytes);
  };
  return {
    topic: topic.slice(),
    payload: payload.slice(),
    qos: qosOf(text(QOS_HEADER)),
    retain: true,
    properties: find(PROPERTIES_HEADER),
    expiresAtMs,
    sizeBytes,
    publisher: { clientId: text(CLIENT_ID_HEADER) ?? "", userName: text(USER_HEADER) },
  };
}

/** Seconds from the record's time on until its message expires, or -1; found without copying its payload. */
export function readExpirySec(cursor: RecordCursor): number {
  // QoS and client id alone: nearly every record.
  if (cursor.headerCount <= 2) return -1;
  const value = decodeHeaders(cursor).find(({ key }) => key === EXPIRY_HEADER)?.value ?? null;
  return secondsOf(value === null ? null : decoder.decode(value));
}

function qosOf(text: string | null): Qos {
  if (text === "1") return 1;
  return text === "2" ? 2 : 0;
}

const MAX_EXPIRY_SEC = 0xffff_ffff;

function secondsOf(text: string | null): number {
  if (text === null || !/^\d{1,10}$/.test(text)) return -1;
  const seconds = Number(text);
  return seconds <= MAX_EXPIRY_SEC ? seconds : -1;
}
