import { PayloadFault } from "../fault.ts";
import { sparkplugPayload } from "./payload.ts";

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;
const TIMESTAMP_FIELD = 1;
const METRICS_FIELD = 2;
const BOOLEAN = 11;
/** What an edge node does when a host asks it to (Sparkplug 3.0, 5.17). */
const REBIRTH = "Node Control/Rebirth";

const encoder = new TextEncoder();

/** The payload of an NCMD that asks an edge node to publish its births again. */
export function rebirthRequest(nowMs: number): Uint8Array {
  const name = encoder.encode(REBIRTH);
  const metric = [
    ...tag(1, WIRE_BYTES),
    ...varint(name.length),
    ...name,
    ...tag(3, WIRE_VARINT),
    ...varint(nowMs),
    ...tag(4, WIRE_VARINT),
    ...varint(BOOLEAN),
    ...tag(14, WIRE_VARINT),
    1,
  ];
  return Uint8Array.from([
    ...tag(TIMESTAMP_FIELD, WIRE_VARINT),
    ...varint(nowMs),
    ...tag(METRICS_FIELD, WIRE_BYTES),
    ...varint(metric.length),
    ...metric,
  ]);
}

/**
 * A death with the time at which it is delivered: what an aware server may do with an NDEATH, which an edge node writes
 * when it connects (Sparkplug 3.0, tck-id-conformance-mqtt-aware-ndeath-timestamp). Of two fields of one number the
 * later counts in protobuf, so that the time stands behind what was there. What is no payload stays as it is.
 */
export function deathAt(payload: Uint8Array, nowMs: number): Uint8Array {
  if (sparkplugPayload(payload) instanceof PayloadFault) return payload;
  const time = [...tag(TIMESTAMP_FIELD, WIRE_VARINT), ...varint(nowMs)];
  const all = new Uint8Array(payload.length + time.length);
  all.set(payload);
  all.set(time, payload.length);
  return all;
}

function tag(field: number, wire: number): number[] {
  return varint(field * 8 + wire);
}

/** An integer from 0 to 2^53. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}
