import type { PendingBatch } from "../../broker/ingest.ts";
import { plausibleTimeMs, valueAt } from "../payload-timestamp.ts";
import { cborValue } from "./cbor-values.ts";
import { type DeadbandConfig, DeadbandRun } from "./deadband.ts";
import { asDouble } from "./exact-number.ts";
import { PayloadFault, shown } from "./fault.ts";
import { jsonText, jsonValue } from "./json-values.ts";
import { MAX_KEY_BYTES, MAX_OUTPUT_LENGTH, MAX_RECORDS } from "./limits.ts";
import { resolveSenml } from "./senml.ts";
import { type Path, Shaping, type ShapingConfig } from "./shaping.ts";
import { type SparkplugConfig, sparkplugItems } from "./sparkplug/items.ts";
import type { SparkplugTopic } from "./sparkplug/topic.ts";
import type { OwnMessage, PayloadState } from "./state.ts";

/** How the payloads of a route are read; those of a route that passes them are not. */
export type DecodedPayload = "json" | "cbor" | "senml+json" | "senml+cbor" | "sparkplug-b";

/** What a route makes of its payloads. Paths are names and array positions from the top of a record as it came. */
export interface PipelineConfig {
  /** Tells the routes of a table apart. */
  readonly id: number;
  readonly payload: DecodedPayload;
  /** Where the array stands whose items become records of their own; [] for the payload itself. Null: one record. */
  readonly split: Path | null;
  /** Where a record's key stands; null where the route has one for all. */
  readonly key: Path | null;
  /** Where a record's time stands; null for the time of arrival. */
  readonly timestamp: Path | null;
  /** What records have to be like; null for anything. */
  readonly schema: SchemaCheck | null;
  readonly shaping: ShapingConfig | null;
  readonly deadband: DeadbandConfig | null;
  readonly sparkplug: SparkplugConfig;
}

/** A JSON Schema, ready for use. */
export interface SchemaCheck {
  /** What is wrong with a record: where, and against which rule; null where nothing is. */
  fault(record: unknown): string | null;
}

/** What is known of a message from its MQTT topic. */
export interface Origin {
  readonly mqttTopic: string;
  /** Null where the topic is none of Sparkplug's. */
  readonly sparkplug: SparkplugTopic | null;
}

/** A record out of a payload. */
export interface DecodedRecord {
  readonly value: Uint8Array;
  /** Null where the route has one key for all. */
  readonly key: Uint8Array | null;
  /** Milliseconds since 1970; NaN where the payload has none that can be true. */
  readonly timestampMs: number;
}

/** What a message becomes. */
export interface Decoded {
  readonly records: readonly DecodedRecord[];
  /** Records that were left out since nothing in them had changed. */
  readonly unchanged: number;
  /** What has to be durable before a message may count as stored that has records left out. */
  readonly waitsFor: Iterable<PendingBatch>;
  readonly own: readonly OwnMessage[];
  /** Told which batch the records are in, or that they are in none since there are none. */
  commit(batch: PendingBatch): void;
}

/** A value on its way to be a record. */
export interface Item {
  readonly value: unknown;
  /** Its key where the payload's kind gives it one; null where the path or the route does. */
  readonly key: string | null;
  /** What its last value is kept under; null for its topic and key. */
  readonly name: string | null;
  /** "always": it is stored even where nothing has changed. "aside": it is, and is no last value either. */
  readonly passes: "on change" | "always" | "aside";
  /** Whether it is what it is whatever the route says: neither checked nor shaped. */
  readonly isFixed: boolean;
}

/** What a payload is made of, before anything is done to it. */
export interface Items {
  readonly items: readonly Item[];
  readonly own: readonly OwnMessage[];
}

const NONE: readonly never[] = [];
/** Where a resolved SenML record has its name. */
const SENML_NAME = "n";
const encoder = new TextEncoder();

/**
 * From a payload to records: it is decoded, what it holds is found, and each record of it is checked, converted,
 * compared with the last one, shaped and written as JSON text, with key and time found in it. All or nothing: one
 * fault is the payload's.
 */
export class Pipeline {
  /** Whether a payload may become several records. */
  readonly splits: boolean;
  readonly isSparkplug: boolean;
  readonly #config: PipelineConfig;
  readonly #shaping: Shaping | null;
  /** Whether payloads are written as they came. */
  readonly #keepsBytes: boolean;

  /** Throws a sentence where a conversion is none. */
  constructor(config: PipelineConfig) {
    this.#config = config;
    this.#shaping = config.shaping === null ? null : new Shaping(config.shaping);
    this.splits = config.payload === "json" || config.payload === "cbor" ? config.split !== null : true;
    this.isSparkplug = config.payload === "sparkplug-b";
    this.#keepsBytes = config.payload === "json" && !this.splits && this.#shaping?.changes !== true;
  }

  /** The records of a payload that arrived at `nowMs`. Values may be views of the payload. */
  run(payload: Uint8Array, origin: Origin, nowMs: number, state: PayloadState): Decoded | PayloadFault {
    const found = this.#items(plainBytes(payload), origin, nowMs, state);
    if (found instanceof PayloadFault) return found;
    const { deadband } = this.#config;
    const run =
      deadband === null ? null : new DeadbandRun(deadband, state.lastValues, state.clock.monotonicMs());
    const kept = this.#keepsBytes ? payload : null;
    const records: DecodedRecord[] = [];
    let length = 0;
    for (const item of found.items) {
      const record = this.#record(item, kept, origin, nowMs, run);
      if (record instanceof PayloadFault) return record;
      if (record === null) continue;
      length += record.value.length;
      if (length > MAX_OUTPUT_LENGTH)
        return new PayloadFault(`its records have more than ${MAX_OUTPUT_LENGTH} bytes`);
      records.push(record);
    }
    return {
      records,
      unchanged: run?.unchanged ?? 0,
      waitsFor: run?.waitsFor ?? NONE,
      own: found.own,
      commit: (batch) => run?.commit(batch),
    };
  }

  #items(payload: Uint8Array, origin: Origin, nowMs: number, state: PayloadState): Items | PayloadFault {
    const { payload: kind, sparkplug, deadband, split } = this.#config;
    if (kind === "sparkplug-b") return sparkplugItems(payload, origin, sparkplug, nowMs, state);
    const isCbor = kind === "cbor" || kind === "senml+cbor";
    const decoded = isCbor ? cborValue(payload) : jsonValue(payload, !this.#keepsBytes || deadband !== null);
    if (decoded instanceof PayloadFault) return decoded;
    const values = valuesOf(decoded.value, kind, split, nowMs);
    if (values instanceof PayloadFault) return values;
    const isSenml = kind === "senml+json" || kind === "senml+cbor";
    const items = values.map((value): Item => {
      // A measurement is compared with those of its own name, whatever the route has for a key.
      const name = isSenml ? `${origin.mqttTopic}\n${String(valueAt(value, [SENML_NAME]))}` : null;
      return { value, key: null, name, passes: "on change", isFixed: false };
    });
    return { items, own: NONE };
  }

  /** Null where the record is left out. */
  #record(
    item: Item,
    kept: Uint8Array | null,
    origin: Origin,
    nowMs: number,
    run: DeadbandRun | null,
  ): DecodedRecord | null | PayloadFault {
    const { key: keyPath, timestamp, schema } = this.#config;
    const { value } = item;
    const keyText = keyPath === null ? item.key : keyAt(value, keyPath);
    if (keyText instanceof PayloadFault) return keyText;
    const key = keyText === null ? null : encoder.encode(keyText);
    if (key !== null && key.length > MAX_KEY_BYTES)
      return new PayloadFault(`a key of more than ${MAX_KEY_BYTES} bytes`);
    const timestampMs =
      timestamp === null ? nowMs : plausibleTimeMs(asDouble(valueAt(value, timestamp)), nowMs);
    const fault = schema === null || item.isFixed ? null : schema.fault(value);
    if (fault !== null) return new PayloadFault(fault);
    const shaping = item.isFixed ? null : this.#shaping;
    const converted = shaping === null ? null : shaping.convert(value);
    if (converted !== null) return converted;
    if (run !== null && item.passes !== "aside") {
      const name = item.name ?? `${origin.mqttTopic}\n${keyText ?? ""}`;
      if (!run.passes(`${this.#config.id}\n${name}`, value, item.passes === "always")) return null;
    }
    const finished = shaping === null ? { value } : shaping.finish(value);
    if (finished instanceof PayloadFault) return finished;
    return { value: kept ?? encoder.encode(jsonText(finished.value)), key, timestampMs };
  }
}

/** What a socket gives may be a Buffer, whose views write themselves to JSON as a table. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function valuesOf(
  value: unknown,
  kind: DecodedPayload,
  split: Path | null,
  nowMs: number,
): readonly unknown[] | PayloadFault {
  if (kind === "senml+json") return resolveSenml(value, "json", nowMs);
  if (kind === "senml+cbor") return resolveSenml(value, "cbor", nowMs);
  return split === null ? [value] : itemsAt(value, split);
}

/** The items of an array in a payload. Without any there would be nothing to store, and so nothing to acknowledge. */
function itemsAt(value: unknown, path: Path): readonly unknown[] | PayloadFault {
  const items = valueAt(value, path);
  const where = path.length === 0 ? "the payload" : shown(path.join("."));
  if (!Array.isArray(items)) return new PayloadFault(`${where} is no array to split`);
  if (items.length === 0) return new PayloadFault(`${where} is an empty array`);
  return items.length > MAX_RECORDS ? new PayloadFault(`more than ${MAX_RECORDS} records`) : items;
}

function keyAt(value: unknown, path: Path): string | PayloadFault {
  const raw = valueAt(value, path);
  const found = typeof raw === "bigint" ? raw : asDouble(raw);
  const isKey = typeof found === "string" || typeof found === "bigint" || Number.isFinite(found);
  return isKey ? String(found) : new PayloadFault(`no key at ${shown(path.join("."))}`);
}
