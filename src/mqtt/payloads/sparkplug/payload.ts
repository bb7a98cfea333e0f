import { PayloadFault } from "../fault.ts";
import { MAX_DECODED_BYTES } from "../limits.ts";
import { arrayOf, datatypeName, doubleOf, floatOf, integerOf } from "./datatypes.ts";
import { ProtobufReader, WIRE_VARINT } from "./protobuf-reader.ts";

/** A value as it stands in a message: what it is depends on the metric's type, which may stand in a birth alone. */
type Raw =
  | { readonly kind: "integer"; readonly low: number; readonly high: number; readonly bits: 32 | 64 }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "value"; readonly value: unknown };

/** One metric of a payload. What it does not say is null. */
export interface Metric {
  name: string | null;
  alias: number | bigint | null;
  timestamp: number | bigint | null;
  datatype: number | null;
  isHistorical: boolean;
  isTransient: boolean;
  isNull: boolean;
  metadata: object | null;
  properties: object | null;
  raw: Raw | null;
}

/** A Sparkplug B payload (Sparkplug 3.0, 6.4). */
export interface SparkplugPayload {
  readonly timestamp: number | bigint | null;
  readonly metrics: readonly Metric[];
  /** 0 to 255, or null where there is none. */
  readonly seq: number | null;
  readonly uuid: string | null;
  readonly body: Uint8Array | null;
}

/** What some clients write in place of a payload: its bytes are those of another one, compressed. */
const COMPRESSED = "SPBV1.0_COMPRESSED";
const LAST_SEQ = 255;

/** Reads a payload; byte strings are views of it. */
export function sparkplugPayload(bytes: Uint8Array): SparkplugPayload | PayloadFault {
  if (bytes.length > MAX_DECODED_BYTES) {
    return new PayloadFault(`${bytes.length} bytes are more than ${MAX_DECODED_BYTES}`);
  }
  const reader = new ProtobufReader(bytes);
  const metrics: Metric[] = [];
  let timestamp: number | bigint | null = null;
  let seq: number | bigint | null = null;
  let uuid: string | null = null;
  let body: Uint8Array | null = null;
  while (reader.next()) {
    if (reader.field === 1) timestamp = reader.unsigned();
    else if (reader.field === 2) metrics.push(readMetric(reader));
    else if (reader.field === 3) seq = reader.unsigned();
    else if (reader.field === 4) uuid = reader.text();
    else if (reader.field === 5) body = reader.bytes();
    else reader.skip();
  }
  if (reader.fault !== null) return new PayloadFault(`not a Sparkplug payload: ${reader.fault}`);
  if (uuid === COMPRESSED) return new PayloadFault("a compressed Sparkplug payload is not taken");
  if (typeof seq === "bigint" || (seq !== null && seq > LAST_SEQ)) {
    return new PayloadFault(`not a Sparkplug payload: sequence number ${seq}`);
  }
  return { timestamp, metrics, seq, uuid, body };
}

/**
 * A metric's value as its type has it: integers exact, bytes as bytes, floats with as many digits as they need, what is
 * not finite as text. A value that its type does not fit stays what the message has.
 */
export function metricValue(
  { raw, isNull }: Metric,
  datatype: number | null,
  budget: ProtobufReader,
): unknown {
  return isNull || raw === null ? null : typedValue(raw, datatype, budget);
}

function typedValue(raw: Raw, datatype: number | null, budget: ProtobufReader): unknown {
  switch (raw.kind) {
    case "integer":
      return integerOf(datatype, raw.low, raw.high, raw.bits);
    case "bytes":
      if (datatype === null) return raw.bytes;
      return arrayOf(datatype, raw.bytes, (items) => budget.count(items)) ?? raw.bytes;
    case "value":
      return raw.value;
  }
}

/** What the array types of one payload's metrics may become together. */
export function newBudget(): ProtobufReader {
  return new ProtobufReader(new Uint8Array(0));
}

function readMetric(reader: ProtobufReader): Metric {
  const metric: Metric = {
    name: null,
    alias: null,
    timestamp: null,
    datatype: null,
    isHistorical: false,
    isTransient: false,
    isNull: false,
    metadata: null,
    properties: null,
    raw: null,
  };
  reader.message((field) => {
    switch (field) {
      case 1:
        metric.name = reader.text();
        return;
      case 2:
        metric.alias = reader.unsigned();
        return;
      case 3:
        metric.timestamp = reader.unsigned();
        return;
      case 4:
        metric.datatype = reader.unsigned32();
        return;
      case 5:
        metric.isHistorical = reader.boolean();
        return;
      case 6:
        metric.isTransient = reader.boolean();
        return;
      case 7:
        metric.isNull = reader.boolean();
        return;
      case 8:
        metric.metadata = readMetadata(reader);
        return;
      case 9:
        metric.properties = readPropertySet(reader);
        return;
      case 16:
        metric.raw = { kind: "bytes", bytes: reader.bytes() };
        return;
      case 17:
        metric.raw = { kind: "value", value: readDataset(reader) };
        return;
      case 18:
        metric.raw = { kind: "value", value: readTemplate(reader) };
        return;
      default:
        if (field >= 10 && field <= 15) metric.raw = readScalar(reader, field - 10);
        else reader.skip();
    }
  });
  return metric;
}

/** The scalars stand in the same order wherever there are values: uint32, uint64, float, double, bool, string. */
function readScalar(reader: ProtobufReader, index: number): Raw {
  switch (index) {
    case 0:
    case 1:
      reader.varint();
      return { kind: "integer", low: reader.low, high: reader.high, bits: index === 0 ? 32 : 64 };
    case 2:
      return { kind: "value", value: floatOf(reader.float()) };
    case 3:
      return { kind: "value", value: doubleOf(reader.double()) };
    case 4:
      return { kind: "value", value: reader.boolean() };
    default:
      return { kind: "value", value: reader.text() };
  }
}

const METADATA = [
  "",
  "is_multi_part",
  "content_type",
  "size",
  "seq",
  "file_name",
  "file_type",
  "md5",
  "description",
] as const;

function readMetadata(reader: ProtobufReader): object {
  const metadata: Record<string, unknown> = {};
  reader.message((field) => {
    const name = METADATA[field];
    if (name === undefined) reader.skip();
    else if (reader.wire !== WIRE_VARINT) metadata[name] = reader.text();
    else if (field === 1) metadata[name] = reader.boolean();
    else metadata[name] = reader.unsigned();
  });
  return metadata;
}

/** Names and values of a property set as one table. */
function readPropertySet(reader: ProtobufReader): object {
  const names: string[] = [];
  const values: unknown[] = [];
  reader.message((field) => {
    if (field === 1) names.push(reader.text());
    else if (field === 2) values.push(readPropertyValue(reader));
    else reader.skip();
  });
  const set: Record<string, unknown> = Object.create(null);
  if (names.length !== values.length) reader.fail("properties with other counts of names and values");
  for (const [index, name] of names.entries()) {
    if (name in set) reader.fail("two properties of one name");
    set[name] = values[index];
  }
  return set;
}

function readPropertyValue(reader: ProtobufReader): unknown {
  let type: number | null = null;
  let isNull = false;
  let raw: Raw | null = null;
  reader.message((field) => {
    if (field === 1) type = reader.unsigned32();
    else if (field === 2) isNull = reader.boolean();
    else if (field >= 3 && field <= 8) raw = readScalar(reader, field - 3);
    else if (field === 9) raw = { kind: "value", value: readPropertySet(reader) };
    else if (field === 10) raw = { kind: "value", value: readPropertySets(reader) };
    else reader.skip();
  });
  return isNull || raw === null ? null : typedValue(raw, type, reader);
}

function readPropertySets(reader: ProtobufReader): object[] {
  const sets: object[] = [];
  reader.message((field) => {
    if (field === 1) sets.push(readPropertySet(reader));
    else reader.skip();
  });
  return sets;
}

function readDataset(reader: ProtobufReader): object {
  const columns: string[] = [];
  const types: number[] = [];
  const rows: (Raw | null)[][] = [];
  reader.message((field) => {
    if (field === 2) columns.push(reader.text());
    else if (field === 3) reader.packed32(types);
    else if (field === 4) rows.push(readRow(reader));
    else reader.skip();
  });
  const isWhole = columns.length === types.length && rows.every((row) => row.length === columns.length);
  if (!isWhole) reader.fail("a data set whose columns, types and rows have other lengths");
  return {
    columns,
    types: types.map(datatypeName),
    rows: rows.map((row) =>
      row.map((raw, column) => (raw === null ? null : typedValue(raw, types[column] ?? null, reader))),
    ),
  };
}

function readRow(reader: ProtobufReader): (Raw | null)[] {
  const row: (Raw | null)[] = [];
  reader.message((element) => {
    if (element !== 1) {
      reader.skip();
      return;
    }
    let raw: Raw | null = null;
    reader.message((field) => {
      if (field <= 6) raw = readScalar(reader, field - 1);
      else reader.skip();
    });
    row.push(raw);
  });
  return row;
}

function readTemplate(reader: ProtobufReader): object {
  const template: Record<string, unknown> = {};
  const metrics: object[] = [];
  const parameters: object[] = [];
  reader.message((field) => {
    if (field === 1) template.version = reader.text();
    else if (field === 2) metrics.push(memberOf(readMetric(reader), reader));
    else if (field === 3) parameters.push(readParameter(reader));
    else if (field === 4) template.template_ref = reader.text();
    else if (field === 5) template.is_definition = reader.boolean();
    else reader.skip();
  });
  return { ...template, metrics, parameters };
}

/** A metric inside of a template. */
function memberOf(metric: Metric, reader: ProtobufReader): object {
  return { ...metricFields(metric, metric.datatype), value: metricValue(metric, metric.datatype, reader) };
}

/** What a metric says beside its value, but its time where it has none. */
export function metricFields(metric: Metric, datatype: number | null): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (metric.name !== null) fields.name = metric.name;
  if (metric.alias !== null) fields.alias = metric.alias;
  if (metric.timestamp !== null) fields.timestamp = metric.timestamp;
  if (datatype !== null) fields.datatype = datatypeName(datatype);
  if (metric.isHistorical) fields.is_historical = true;
  if (metric.isTransient) fields.is_transient = true;
  if (metric.isNull) fields.is_null = true;
  if (metric.metadata !== null) fields.metadata = metric.metadata;
  if (metric.properties !== null) fields.properties = metric.properties;
  return fields;
}

function readParameter(reader: ProtobufReader): object {
  let name: string | null = null;
  let type: number | null = null;
  let raw: Raw | null = null;
  reader.message((field) => {
    if (field === 1) name = reader.text();
    else if (field === 2) type = reader.unsigned32();
    else if (field >= 3 && field <= 8) raw = readScalar(reader, field - 3);
    else reader.skip();
  });
  return {
    ...(name === null ? {} : { name }),
    ...(type === null ? {} : { datatype: datatypeName(type) }),
    value: raw === null ? null : typedValue(raw, type, reader),
  };
}
