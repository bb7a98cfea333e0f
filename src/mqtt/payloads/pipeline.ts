import { plausibleTimeMs, valueAt } from "../payload-timestamp.ts";
import { cborValue } from "./cbor-values.ts";
import { PayloadFault, shown } from "./fault.ts";
import { jsonText, jsonValue } from "./json-values.ts";
import { MAX_KEY_BYTES, MAX_OUTPUT_LENGTH, MAX_RECORDS } from "./limits.ts";
import { resolveSenml } from "./senml.ts";

/** How the payloads of a route are read; those of a route that passes them are not. */
export type DecodedPayload = "json" | "cbor" | "senml+json" | "senml+cbor";

/** What a route makes of its payloads. Paths are names and array positions from the top of a record. */
export interface PipelineConfig {
  readonly payload: DecodedPayload;
  /** Where the array stands whose items become records of their own; [] for the payload itself. Null: one record. */
  readonly split: readonly string[] | null;
  /** Where a record's key stands; null where the route has one for all. */
  readonly key: readonly string[] | null;
  /** Where a record's time stands; null for the time of arrival. */
  readonly timestamp: readonly string[] | null;
}

/** A record out of a payload. */
export interface DecodedRecord {
  readonly value: Uint8Array;
  /** Null where the route has one key for all. */
  readonly key: Uint8Array | null;
  /** Milliseconds since 1970; NaN where the payload has none that can be true. */
  readonly timestampMs: number;
}

type Decode = (payload: Uint8Array) => { readonly value: unknown } | PayloadFault;
/** What happens to the values of one payload, of which there is one at first. */
type Step = (values: readonly unknown[], nowMs: number) => readonly unknown[] | PayloadFault;

const encoder = new TextEncoder();

/**
 * From a payload to records: it is decoded, the route's steps change or multiply the values, and what they leave is
 * written as JSON text, with key and time found in it. All or nothing: one fault is the payload's.
 */
export class Pipeline {
  /** Whether a payload may become several records. */
  readonly splits: boolean;
  readonly #decode: Decode;
  readonly #steps: readonly Step[];
  readonly #config: PipelineConfig;

  constructor(config: PipelineConfig) {
    this.#config = config;
    const isCbor = config.payload === "cbor" || config.payload === "senml+cbor";
    this.#decode = isCbor ? cborValue : jsonValue;
    this.#steps = stepsOf(config);
    this.splits = this.#steps.length > 0;
  }

  /** The records of a payload that arrived at `nowMs`. Values may be views of the payload. */
  run(payload: Uint8Array, nowMs: number): readonly DecodedRecord[] | PayloadFault {
    const decoded = this.#decode(payload);
    if (decoded instanceof PayloadFault) return decoded;
    let values: readonly unknown[] = [decoded.value];
    for (const step of this.#steps) {
      const next = step(values, nowMs);
      if (next instanceof PayloadFault) return next;
      values = next;
    }
    // JSON that nothing was done to keeps its bytes.
    const kept = this.#config.payload === "json" && this.#steps.length === 0 ? payload : null;
    const records: DecodedRecord[] = [];
    let length = 0;
    for (const value of values) {
      const record = this.#record(value, kept, nowMs);
      if (record instanceof PayloadFault) return record;
      length += record.value.length;
      if (length > MAX_OUTPUT_LENGTH)
        return new PayloadFault(`its records have more than ${MAX_OUTPUT_LENGTH} bytes`);
      records.push(record);
    }
    return records;
  }

  #record(value: unknown, kept: Uint8Array | null, nowMs: number): DecodedRecord | PayloadFault {
    const { key: keyPath, timestamp } = this.#config;
    const key = keyPath === null ? null : keyAt(value, keyPath);
    if (key instanceof PayloadFault) return key;
    const timestampMs = timestamp === null ? nowMs : plausibleTimeMs(valueAt(value, timestamp), nowMs);
    return { value: kept ?? encoder.encode(jsonText(value)), key, timestampMs };
  }
}

function stepsOf({ payload, split }: PipelineConfig): readonly Step[] {
  if (payload === "senml+json") return [([pack], nowMs) => resolveSenml(pack, "json", nowMs)];
  if (payload === "senml+cbor") return [([pack], nowMs) => resolveSenml(pack, "cbor", nowMs)];
  return split === null ? [] : [([value]) => itemsAt(value, split)];
}

/** The items of an array in a payload. Without any there would be nothing to store, and so nothing to acknowledge. */
function itemsAt(value: unknown, path: readonly string[]): readonly unknown[] | PayloadFault {
  const items = valueAt(value, path);
  const where = path.length === 0 ? "the payload" : shown(path.join("."));
  if (!Array.isArray(items)) return new PayloadFault(`${where} is no array to split`);
  if (items.length === 0) return new PayloadFault(`${where} is an empty array`);
  return items.length > MAX_RECORDS ? new PayloadFault(`more than ${MAX_RECORDS} records`) : items;
}

function keyAt(value: unknown, path: readonly string[]): Uint8Array | PayloadFault {
  const found = valueAt(value, path);
  const isKey = typeof found === "string" || typeof found === "bigint" || Number.isFinite(found);
  if (!isKey) return new PayloadFault(`no key at ${shown(path.join("."))}`);
  const key = encoder.encode(String(found));
  return key.length > MAX_KEY_BYTES ? new PayloadFault(`a key of more than ${MAX_KEY_BYTES} bytes`) : key;
}
