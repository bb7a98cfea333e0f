import { asDouble } from "./exact-number.ts";
import { PayloadFault, shown } from "./fault.ts";
import { MAX_NAME_LENGTH, MAX_RECORDS } from "./limits.ts";

/** The integer labels of SenML in CBOR (RFC 8428, table 4). There are no others, and will be none. */
const CBOR_LABELS: ReadonlyMap<string, string> = new Map([
  ["-6", "bs"],
  ["-5", "bv"],
  ["-4", "bu"],
  ["-3", "bt"],
  ["-2", "bn"],
  ["-1", "bver"],
  ["0", "n"],
  ["1", "u"],
  ["2", "v"],
  ["3", "vs"],
  ["4", "vb"],
  ["5", "s"],
  ["6", "t"],
  ["7", "ut"],
  ["8", "vd"],
]);

type Kind = "text" | "number" | "boolean" | "data";

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["bn", "text"],
  ["bt", "number"],
  ["bu", "text"],
  ["bv", "number"],
  ["bs", "number"],
  ["bver", "number"],
  ["n", "text"],
  ["u", "text"],
  ["v", "number"],
  ["vs", "text"],
  ["vb", "boolean"],
  ["vd", "data"],
  ["s", "number"],
  ["t", "number"],
  ["ut", "number"],
]);

const VALUES = ["v", "vs", "vb", "vd"] as const;
const VERSION = 10;
/** Times below this are relative to now (RFC 8428, 4.5.3). */
const FIRST_ABSOLUTE_SEC = 2 ** 28;
/** RFC 8428, 4.5.1. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;
const INTEGER_LABEL = /^-?\d+$/;

type Fields = Map<string, unknown>;

/**
 * A SenML pack as its resolved records (RFC 8428, 4.6), in their order: base fields are applied, `t` is the time in
 * seconds since 1970 and always there, a base version stays only where it is not 10. `labels` says which labels the
 * pack has. Labels that are not known are kept, but for base fields, which are left out; one that ends with `_`
 * refuses the pack, as RFC 8428, 4.4 demands. A record of base fields alone is no measurement.
 */
export function resolveSenml(
  pack: unknown,
  labels: "json" | "cbor",
  nowMs: number,
): readonly object[] | PayloadFault {
  if (!Array.isArray(pack)) return new PayloadFault("SenML: a pack is an array");
  if (pack.length > MAX_RECORDS) return new PayloadFault(`SenML: more than ${MAX_RECORDS} records`);
  const resolver = new Resolver(nowMs / 1_000);
  const resolved: object[] = [];
  for (const [index, item] of pack.entries()) {
    const fields = fieldsOf(item, labels);
    const record = typeof fields === "string" ? fields : resolver.resolve(fields);
    if (typeof record === "string") return new PayloadFault(`SenML: record ${index}: ${record}`);
    if (record !== null) resolved.push(record);
  }
  return resolved.length > 0 ? resolved : new PayloadFault("SenML: a pack without a measurement");
}

/** The record's fields by their labels in JSON, checked; or what is wrong. */
function fieldsOf(item: unknown, labels: "json" | "cbor"): Fields | string {
  if (typeof item !== "object" || item === null || Array.isArray(item) || item instanceof Uint8Array) {
    return "it is no object";
  }
  const fields: Fields = new Map();
  for (const [label, raw] of Object.entries(item)) {
    const known = labels === "cbor" ? CBOR_LABELS.get(label) : undefined;
    if (labels === "cbor" && known === undefined && INTEGER_LABEL.test(label))
      return `there is no label ${shown(label)}`;
    const name = known ?? label;
    const kind = KINDS.get(name);
    if (kind === undefined && name.endsWith("_"))
      return `the field ${shown(name)} has to be understood, and is not`;
    if (fields.has(name)) return `${name} is there twice`;
    const value = kind === undefined ? raw : checked(kind, raw, labels);
    if (value === undefined) return `${name} is no ${kind ?? ""}`;
    fields.set(name, value);
  }
  return fields;
}

/** The value as its kind has it, else undefined. */
function checked(kind: Kind, raw: unknown, labels: "json" | "cbor"): unknown {
  switch (kind) {
    case "number": {
      return Number.isFinite(asDouble(raw)) ? raw : undefined;
    }
    case "text":
      return typeof raw === "string" ? raw : undefined;
    case "boolean":
      return typeof raw === "boolean" ? raw : undefined;
    case "data":
      if (labels === "cbor") return raw instanceof Uint8Array ? raw : undefined;
      return typeof raw === "string" && BASE64URL.test(raw) ? raw : undefined;
  }
}

/** Base values as they stand while a pack is read from its start. */
class Resolver {
  readonly #nowSec: number;
  #name = "";
  #timeSec = 0;
  #unit: string | undefined;
  #value: number | undefined;
  #sum: number | undefined;
  #version: number | undefined;

  constructor(nowSec: number) {
    this.#nowSec = nowSec;
  }

  /** The resolved record, null where there is no measurement in it, or what is wrong. */
  resolve(fields: Fields): object | string | null {
    const fault = this.#applyBase(fields);
    if (fault !== null) return fault;
    if ([...fields.keys()].every((name) => name.startsWith("b"))) return null;
    const name = this.#name + (text(fields, "n") ?? "");
    if (name.length > MAX_NAME_LENGTH) return `the name is longer than ${MAX_NAME_LENGTH}`;
    if (!NAME.test(name)) return `${shown(name)} is not a name`;
    const present = VALUES.filter((value) => fields.has(value));
    if (present.length > 1) return `${present.join(" and ")} are values of one record`;
    const record: Record<string, unknown> = Object.create(null);
    record.n = name;
    const unit = text(fields, "u") ?? this.#unit;
    if (unit !== undefined) record.u = unit;
    const sum = total(this.#sum, number(fields, "s"));
    const [label] = present;
    if (label !== undefined && label !== "v") record[label] = fields.get(label);
    else if (label === "v" || sum === undefined) {
      // A value that nothing is added to keeps its digits.
      const value = this.#value === undefined ? fields.get("v") : total(this.#value, number(fields, "v"));
      if (value === undefined) return "there is no value";
      record.v = value;
    }
    if (sum !== undefined) record.s = sum;
    record.t = this.#absoluteSec(this.#timeSec + (number(fields, "t") ?? 0));
    if (fields.has("ut")) record.ut = fields.get("ut");
    if (this.#version !== undefined && this.#version !== VERSION) record.bver = this.#version;
    for (const [other, value] of fields) {
      if (!KINDS.has(other) && !other.startsWith("b")) record[other] = value;
    }
    const beyond = ["v", "s", "t"].find((key) => record[key] === Infinity || record[key] === -Infinity);
    return beyond === undefined ? record : `${beyond} with its base is beyond all doubles`;
  }

  /** Base fields count for their own record and those behind it. */
  #applyBase(fields: Fields): string | null {
    const version = number(fields, "bver");
    if (version !== undefined) {
      if (!Number.isInteger(version) || version < 1 || version > VERSION)
        return `version ${version} is not known`;
      if (this.#version !== undefined && version !== this.#version) return "a second version";
      this.#version = version;
    }
    this.#name = text(fields, "bn") ?? this.#name;
    if (this.#name.length > MAX_NAME_LENGTH) return `the name is longer than ${MAX_NAME_LENGTH}`;
    this.#unit = text(fields, "bu") ?? this.#unit;
    if ((text(fields, "u") ?? this.#unit ?? "").length > MAX_NAME_LENGTH) {
      return `the unit is longer than ${MAX_NAME_LENGTH}`;
    }
    this.#timeSec = number(fields, "bt") ?? this.#timeSec;
    this.#value = number(fields, "bv") ?? this.#value;
    this.#sum = number(fields, "bs") ?? this.#sum;
    return null;
  }

  #absoluteSec(timeSec: number): number {
    if (timeSec >= FIRST_ABSOLUTE_SEC) return timeSec;
    return Math.round((this.#nowSec + timeSec) * 1_000) / 1_000;
  }
}

/** Base and own value together; one that is missing is zero, and both missing are nothing. */
function total(base: number | undefined, own: number | undefined): number | undefined {
  return base === undefined && own === undefined ? undefined : (base ?? 0) + (own ?? 0);
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  return typeof value === "string" ? value : undefined;
}

function number(fields: Fields, name: string): number | undefined {
  const value = asDouble(fields.get(name));
  return typeof value === "number" ? value : undefined;
}
