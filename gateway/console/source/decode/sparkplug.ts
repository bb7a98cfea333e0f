import { DATATYPE_NAMES } from "../../../../src/mqtt/payloads/sparkplug/datatype-names.ts";
import { hexLine } from "./bytes.ts";

export interface SparkplugPayload {
  readonly timestamp?: string;
  readonly seq?: number;
  readonly metrics: readonly SparkplugMetric[];
}

export interface SparkplugMetric {
  readonly name?: string;
  readonly alias?: number;
  readonly timestamp?: string;
  readonly type?: string;
  readonly value: unknown;
}

/** How many bits a signed whole number has, by its type's name. */
const SIGNED: Readonly<Record<string, number>> = { Int8: 8, Int16: 16, Int32: 32, Int64: 64 };

/**
 * Reads a payload of Sparkplug B (Eclipse Sparkplug 3.0, 6.4: Protocol Buffers). Data sets and templates are shown as bytes.
 * Null where it is none.
 */
export function decodeSparkplug(bytes: Uint8Array): SparkplugPayload | null {
  if (bytes.length === 0) return null;
  try {
    let timestamp: string | undefined;
    let seq: number | undefined;
    const metrics: SparkplugMetric[] = [];
    for (const { number, value } of fieldsOf(bytes)) {
      if (number === 1 && typeof value === "bigint") timestamp = timeOf(value);
      else if (number === 2 && value instanceof Uint8Array) metrics.push(metricOf(value));
      else if (number === 3 && typeof value === "bigint") seq = Number(value);
      else if (number > 5) return null;
    }
    if (timestamp === undefined && metrics.length === 0) return null;
    return {
      ...(timestamp === undefined ? {} : { timestamp }),
      ...(seq === undefined ? {} : { seq }),
      metrics,
    };
  } catch {
    return null;
  }
}

function metricOf(bytes: Uint8Array): SparkplugMetric {
  const fields = new Map([...fieldsOf(bytes)].map(({ number, value }) => [number, value]));
  const [name, alias, timestamp, type] = [1, 2, 3, 4].map((number) => fields.get(number));
  const typeName = typeof type === "bigint" ? (DATATYPE_NAMES[Number(type)] ?? `type ${type}`) : undefined;
  return {
    ...(name instanceof Uint8Array ? { name: new TextDecoder().decode(name) } : {}),
    ...(typeof alias === "bigint" ? { alias: Number(alias) } : {}),
    ...(typeof timestamp === "bigint" ? { timestamp: timeOf(timestamp) } : {}),
    ...(typeName === undefined ? {} : { type: typeName }),
    value: fields.get(7) === 1n ? null : metricValue(fields, typeName ?? ""),
  };
}

function metricValue(fields: ReadonlyMap<number, Field["value"]>, type: string): unknown {
  const whole = fields.get(10) ?? fields.get(11);
  if (typeof whole === "bigint") {
    if (type === "DateTime") return timeOf(whole);
    const bits = SIGNED[type];
    const value = bits === undefined ? whole : BigInt.asIntN(bits, whole);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  }
  const float = fields.get(12);
  if (float instanceof DataView) return float.getFloat32(0, true);
  const double = fields.get(13);
  if (double instanceof DataView) return double.getFloat64(0, true);
  const flag = fields.get(14);
  if (typeof flag === "bigint") return flag !== 0n;
  const text = fields.get(15);
  if (text instanceof Uint8Array) return new TextDecoder().decode(text);
  const other = fields.get(16) ?? fields.get(17) ?? fields.get(18);
  return other instanceof Uint8Array ? `h'${hexLine(other)}'` : null;
}

interface Field {
  readonly number: number;
  /** A varint, what has a length, or what has four or eight bytes. */
  readonly value: bigint | Uint8Array | DataView;
}

/** The fields of a message. Throws where it is none. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = view.getUint8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError("too long");
  };
  const take = (size: number): number => {
    if (size > bytes.length - at) throw new RangeError("beyond the end");
    at += size;
    return at - size;
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    const kind = tag % 8;
    if (number === 0) throw new RangeError("no field");
    if (kind === 0) yield { number, value: varint() };
    else if (kind === 2) {
      const size = Number(varint());
      const from = take(size);
      yield { number, value: bytes.subarray(from, from + size) };
    } else if (kind === 1 || kind === 5) {
      const size = kind === 1 ? 8 : 4;
      yield { number, value: new DataView(bytes.buffer, bytes.byteOffset + take(size), size) };
    } else throw new RangeError("a kind that is not used");
  }
}

function timeOf(atMs: bigint): string {
  const at = new Date(Number(atMs));
  return Number.isNaN(at.getTime()) ? String(atMs) : at.toISOString();
}
