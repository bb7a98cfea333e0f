import type { Uuid } from "../../base/ids.ts";
import { putVarint, varintSizeBytes } from "../../base/varint.ts";
import { decodeHeaders, type RecordCursor } from "../../records/reader.ts";

/**
 * The headers that name where a mirrored record came from, behind those it has:
 *
 *   headwater.origin         `TOPIC_ID/PARTITION` at the centre
 *   headwater.origin-offset  its offset there, in decimal
 *
 * They are also how a gateway that was cut off between a record and its position finds out how far it was.
 */
export const ORIGIN_HEADER = "headwater.origin";
export const ORIGIN_OFFSET_HEADER = "headwater.origin-offset";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Of the topic with this id, at the centre. */
export function originName({ id }: { readonly id: Uuid }, partition: number): string {
  return `${id}/${partition}`;
}

/** The record's headers with its origin behind them, as they stand in a batch. A null `offset` is left out. */
export function withOrigin(headers: Uint8Array | null, origin: string, offset: number | null): Uint8Array {
  const added: [string, string][] = [[ORIGIN_HEADER, origin]];
  if (offset !== null) added.push([ORIGIN_OFFSET_HEADER, String(offset)]);
  const [count, body] = headers === null ? [0, new Uint8Array(0)] : splitCount(headers);
  const fields = added.flat().map((text) => encoder.encode(text));
  const total = count + added.length;
  const sizeBytes = fields.reduce((sum, field) => sum + varintSizeBytes(field.length) + field.length, 0);
  const bytes = new Uint8Array(varintSizeBytes(total) + body.length + sizeBytes);
  let at = putVarint(bytes, 0, total);
  bytes.set(body, at);
  at += body.length;
  for (const field of fields) {
    at = putVarint(bytes, at, field.length);
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

/** Where a record was mirrored from, or null where it was not. The offset is -1 where it stands for none. */
export function originOf(record: RecordCursor): { readonly origin: string; readonly offset: number } | null {
  let origin: string | null = null;
  let offset = -1;
  for (const { key, value } of decodeHeaders(record)) {
    if (value === null) continue;
    if (key === ORIGIN_HEADER) origin = decoder.decode(value);
    else if (key === ORIGIN_OFFSET_HEADER) offset = decimal(decoder.decode(value));
  }
  return origin === null ? null : { origin, offset };
}

function decimal(text: string): number {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : -1;
}

/** Count and bytes of headers that were read before: their form has been checked. */
function splitCount(headers: Uint8Array): readonly [number, Uint8Array] {
  let value = 0;
  let at = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = headers[at++] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return [(value >>> 1) ^ -(value & 1), headers.subarray(at)];
}
