import { type Address, formatAddress, parseAddress } from "./address.ts";
import { formatDurationMs, formatSizeBytes, parseDurationMs, parseSizeBytes } from "./units.ts";

/** What a raw value is taken for, or why it is not and what to write instead. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: string; readonly remedy: string };

/**
 * One setting. `read` takes what TOML gave (string, number, boolean, list, table) or the text of a flag or
 * environment variable; both spellings of a value mean the same.
 */
export interface Option<T> {
  readonly type: string;
  /** Undefined where the setting has to be given. */
  readonly default: T | undefined;
  /** How the default reads in the reference where the value alone says too little. */
  readonly defaultText: string | undefined;
  /** Legal values in words. */
  readonly range: string;
  readonly doc: string;
  /** Short command-line flag of `headwater serve`, without dashes. */
  readonly flag: string | undefined;
  /** The topic configuration (Kafka's name) whose default for all topics this setting is. */
  readonly topicConfig: string | undefined;
  read(raw: unknown): Reading<T>;
  /** As it would be written in the file (strings without quotes); `read` takes it back. */
  show(value: T): string;
}

/** What a table of options gives: the value of each by its name. */
export type SectionValues<Options> = {
  readonly [Name in keyof Options]: Options[Name] extends Option<infer T> ? T : never;
};

/** What every option may say beside its type. */
export interface Facts<T> {
  readonly default?: T;
  readonly defaultText?: string;
  readonly doc: string;
  readonly flag?: string;
  readonly topicConfig?: string;
}

export interface NumberFacts extends Facts<number> {
  readonly min: number;
  readonly max: number;
  /** -1 is legal too, and means this. */
  readonly minusOne?: string;
}

export interface ListFacts<T> extends Facts<readonly T[]> {
  readonly minItems: number;
  readonly maxItems: number;
}

/** Where a door that is switched off listens. */
export type DoorAddress = Address | "off";

const TRUE = new Set(["true", "yes", "on", "1"]);
const FALSE = new Set(["false", "no", "off", "0"]);

export function good<T>(value: T): Reading<T> {
  return { ok: true, value };
}

export function bad<T>(fault: string, remedy: string): Reading<T> {
  return { ok: false, fault, remedy };
}

/** Free text, checked by `check`, which says what is wrong or returns null. */
export function text(
  range: string,
  check: (value: string) => string | null,
  facts: Facts<string>,
): Option<string> {
  return option("text", range, facts, String, (raw) => {
    if (typeof raw !== "string") return bad(`it is ${kindOf(raw)}`, `write a quoted text: ${range}`);
    const fault = check(raw);
    return fault === null ? good(raw) : bad(fault, `write ${range}`);
  });
}

export function choice<const T extends string>(values: readonly T[], facts: Facts<T>): Option<T> {
  const range = values.join(", ");
  return option("choice", range, facts, String, (raw) => {
    const found = values.find((value) => value === raw);
    return found === undefined ? bad("it is not one of the choices", `write one of ${range}`) : good(found);
  });
}

export function boolean(facts: Facts<boolean>): Option<boolean> {
  return option("boolean", "true, false", facts, String, (raw) => {
    const word = typeof raw === "string" ? raw.toLowerCase() : raw;
    if (word === true || TRUE.has(String(word))) return good(true);
    if (word === false || FALSE.has(String(word))) return good(false);
    return bad("it is neither true nor false", "write true or false");
  });
}

export function count(facts: NumberFacts): Option<number> {
  return number("number", "a whole number", (raw) => wholeNumber(raw), String, facts);
}

/** Bytes. */
export function size(facts: NumberFacts): Option<number> {
  const example = "bytes as a number or with a unit, for example 16MiB";
  return number("size", example, parseSizeBytes, formatSizeBytes, facts);
}

/** Milliseconds. */
export function duration(facts: NumberFacts): Option<number> {
  const example = "milliseconds as a number or with a unit, for example 7d or 30s";
  return number("duration", example, parseDurationMs, formatDurationMs, facts);
}

/** Where a door listens: host:port, port 0 for any free one, or "off". */
export function door(facts: Facts<DoorAddress>): Option<DoorAddress> {
  const example = facts.default === undefined ? "127.0.0.1:0" : showDoor(facts.default);
  const remedy = `write host:port, for example ${example} (port 0 picks a free one), or "off"`;
  return option("address", 'host:port or "off"', facts, showDoor, (raw) => {
    if (typeof raw !== "string") return bad(`it is ${kindOf(raw)}`, remedy);
    if (raw === "off") return good<DoorAddress>("off");
    const address = parseAddress(raw, "127.0.0.1");
    return typeof address === "string" ? bad(address, remedy) : good<DoorAddress>(address);
  });
}

/** An address others are told, or "auto". */
export function advertised(facts: Facts<Address | "auto">): Option<Address | "auto"> {
  const remedy = 'write host:port as clients reach it, for example gateway-7.local:9092, or "auto"';
  return option(
    "address",
    'host:port or "auto"',
    facts,
    (value) => (value === "auto" ? value : formatAddress(value)),
    (raw) => {
      if (typeof raw !== "string") return bad(`it is ${kindOf(raw)}`, remedy);
      if (raw === "auto") return good<Address | "auto">("auto");
      const address = parseAddress(raw, "");
      if (typeof address === "string") return bad(address, remedy);
      return good<Address | "auto">(address);
    },
  );
}

/** A list whose items `readItem` takes; as text it is comma-separated. */
export function list<T>(
  what: string,
  readItem: (raw: string) => Reading<T>,
  showItem: (value: T) => string,
  facts: ListFacts<T>,
): Option<readonly T[]> {
  const show = (value: readonly T[]) => `[${value.map((item) => JSON.stringify(showItem(item))).join(", ")}]`;
  return option("list", `a list of ${what}`, facts, show, (raw) => {
    const items = listItems(raw);
    if (items === null) return bad(`it is ${kindOf(raw)}`, `write a list of ${what}`);
    if (items.length < facts.minItems) return bad("the list is empty", `name at least one of ${what}`);
    if (items.length > facts.maxItems) {
      return bad(`${items.length} items are too many`, `write at most ${facts.maxItems}`);
    }
    const values: T[] = [];
    for (const item of items) {
      if (typeof item !== "string") return bad(`an item is ${kindOf(item)}`, `write a list of ${what}`);
      const reading = readItem(item);
      if (!reading.ok) return bad(`${JSON.stringify(item)}: ${reading.fault}`, reading.remedy);
      values.push(reading.value);
    }
    return good<readonly T[]>(values);
  });
}

/** A host:port of a peer. */
export function readPeer(raw: string): Reading<Address> {
  const remedy = "write host:port, for example central.example.org:9092";
  const address = parseAddress(raw, "");
  if (typeof address === "string") return bad(address, remedy);
  return address.port === 0 ? bad("port 0 cannot be reached", remedy) : good(address);
}

/** The name of a host, without a port. */
export function readHostName(raw: string): Reading<string> {
  return /^[\w.-]{1,253}$/.test(raw)
    ? good(raw)
    : bad("it is not the name of a host", "write it without a port, for example gateway.example.org");
}

/** An option from its parts. */
export function option<T>(
  type: string,
  range: string,
  facts: Facts<T>,
  show: (value: T) => string,
  read: (raw: unknown) => Reading<T>,
): Option<T> {
  return {
    type,
    range,
    doc: facts.doc,
    default: facts.default,
    defaultText: facts.defaultText,
    flag: facts.flag,
    topicConfig: facts.topicConfig,
    read,
    show,
  };
}

/** What a raw value is, in words for a message. */
export function kindOf(raw: unknown): string {
  if (Array.isArray(raw)) return "a list";
  if (typeof raw === "string") return "a text";
  if (typeof raw === "number") return "a number";
  if (typeof raw === "boolean") return "a boolean";
  if (raw !== null && typeof raw === "object") {
    return Object.getPrototypeOf(raw) === Object.prototype || Object.getPrototypeOf(raw) === null
      ? "a table"
      : "a date";
  }
  return "nothing";
}

function number(
  type: string,
  form: string,
  parse: (text: string) => number | null,
  show: (value: number) => string,
  facts: NumberFacts,
): Option<number> {
  const { min, max, minusOne } = facts;
  const unbounded = max >= Number.MAX_SAFE_INTEGER;
  const also = minusOne === undefined ? "" : `, or -1: ${minusOne}`;
  const range = `${unbounded ? `${show(min)} or more` : `${show(min)} to ${show(max)}`}${also}`;
  return option(type, range, facts, show, (raw) => {
    const value = typeof raw === "string" ? parse(raw) : raw;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) {
      if (type === "number") return bad("it is not a whole number", `write ${form}, ${range}`);
      return bad(`it is not a ${type}`, `write ${form}`);
    }
    if (value === -1 && minusOne !== undefined) return good(value);
    if (value < min) return bad(`it is below ${show(min)}`, `write ${range}`);
    if (value > max) return bad(`it is above ${show(max)}`, `write ${range}`);
    return good(value);
  });
}

function wholeNumber(raw: string): number | null {
  return /^\s*[+-]?\d[\d_]*\s*$/.test(raw) ? Number(raw.replaceAll("_", "")) : null;
}

function listItems(raw: unknown): readonly unknown[] | null {
  if (Array.isArray(raw)) return raw;
  if (typeof raw !== "string") return null;
  return raw.trim() === "" ? [] : raw.split(",").map((item) => item.trim());
}

function showDoor(value: DoorAddress): string {
  return value === "off" ? value : formatAddress(value);
}
