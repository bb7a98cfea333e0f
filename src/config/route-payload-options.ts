import { parseConversion } from "./conversion.ts";
import { parseDeadband } from "./deadband-width.ts";
import { bad, boolean, duration, good, kindOf, list, type Option, option, type Reading } from "./option.ts";

/** What a route makes of the records in its payloads. Paths are names of fields joined by dots. */
export interface RoutePayloadSettings {
  /** A JSON Schema as text, or the path of a file that holds one; "" for none. */
  readonly schema: string;
  /** Paths of the fields that are kept; null for all. */
  readonly select: readonly string[] | null;
  /** New names by paths. */
  readonly rename: Readonly<Record<string, string>>;
  /** Conversions (conversion.ts) by paths: one, or in SenML one for each unit. */
  readonly convert: Readonly<Record<string, readonly string[]>>;
  /** Widths (deadband-width.ts) by paths. */
  readonly deadband: Readonly<Record<string, string>>;
  /** -1 for never. */
  readonly maxSilenceMs: number;
  readonly sparkplug: {
    /** -1 for never. */
    readonly rebirthIntervalMs: number;
    readonly isAware: boolean;
  };
}

/** The same as its settings have it. */
export interface RoutePayloadValues {
  readonly schema: string;
  readonly select: readonly string[];
  readonly rename: Readonly<Record<string, string>>;
  readonly convert: Readonly<Record<string, readonly string[]>>;
  readonly deadband: Readonly<Record<string, string>>;
  readonly "max.silence.ms": number;
  readonly "sparkplug.rebirth.ms": number;
  readonly "sparkplug.aware": boolean;
}

/** A setting of a route that does not go with its other ones. */
export interface RouteConflict {
  readonly name: string;
  readonly fault: string;
  readonly remedy: string;
}

const MAX_FIELDS = 64;
const MAX_PATH_LENGTH = 256;
const MAX_SCHEMA_LENGTH = 65_536;
const UNBOUNDED = Number.MAX_SAFE_INTEGER;
const SECOND_MS = 1000;

/** Settings of one `[[mqtt.route]]` about the records in its payloads. */
export const ROUTE_PAYLOAD_OPTIONS = {
  schema: option<string>(
    "text",
    "a file's path, or a JSON Schema as a table or as JSON text",
    {
      default: "",
      defaultText: "none",
      doc: "JSON Schema (draft 2020-12) that every record has to fit, before it is shaped. A message with one that does not is a dead letter, which says where and against which rule. A path that is relative is so to the folder that the gateway was started in; the file is read at start.",
    },
    String,
    readSchema,
  ),
  select: list("paths, for example temperature or status.rssi", readPath, String, {
    default: [],
    minItems: 0,
    maxItems: MAX_FIELDS,
    doc: "Fields that records keep; none for all. A message that has none of them is a dead letter. In this setting and the next ones, and in key and timestamp, a path is the one in the record as it came: names joined by dots.",
  }),
  rename: table<string>(
    'names by paths, for example { "status.rssi" = "rssi" }',
    readName,
    (value) => JSON.stringify(value),
    { doc: "New names of fields, which then stand at the top of the record." },
  ),
  convert: table<readonly string[]>(
    'conversions by paths, for example { temperature = "degF -> Cel", level = "0.1 * x + 5" }',
    readConversions,
    (value) =>
      value.length === 1
        ? JSON.stringify(value[0])
        : `[${value.map((one) => JSON.stringify(one)).join(", ")}]`,
    {
      doc: 'Numbers that become others: from one unit to another (SenML and UCUM names), or along a line. In SenML a list of units to convert, for example v = ["degF -> Cel", "psi -> Pa"]: each record by its own unit, which changes too. Numbers that are not converted keep all their digits.',
    },
  ),
  deadband: table<string>(
    'widths by paths, for example { temperature = 0.5, level = "2%", state = "change" }',
    readWidth,
    (value) => JSON.stringify(value),
    {
      doc: "Fields that decide whether a record is stored: it is, where one of them differs from the last record that was by more than its width, in its own (converted) unit or in percent. A record without any of them is. Compared per MQTT topic and key (in SenML name, in Sparkplug metric); the first record after a start is always stored. A message whose records are all left out is acknowledged and counted.",
    },
  ),
  "max.silence.ms": duration({
    default: -1,
    min: 1,
    max: UNBOUNDED,
    minusOne: "never",
    doc: "Time after which a record is stored although deadband finds it unchanged.",
  }),
  "sparkplug.rebirth.ms": duration({
    default: -1,
    min: SECOND_MS,
    max: UNBOUNDED,
    minusOne: "never",
    doc: "Where payload is sparkplug-b: whether the gateway asks an edge node for its births where they are missing or sequence numbers have a gap, as a host application does (NCMD, Node Control/Rebirth), and the least time between two such requests to one edge node.",
  }),
  "sparkplug.aware": boolean({
    default: false,
    doc: "Where payload is sparkplug-b: whether the gateway is an aware server of Sparkplug 3.0: the latest births are retained messages under $sparkplug/certificates/, and deaths of edge nodes get the time of their delivery.",
  }),
} as const satisfies Record<string, Option<unknown>>;

/** The settings as routes have them. */
export function routePayloadSettings(values: RoutePayloadValues): RoutePayloadSettings {
  const { schema, select, rename, convert, deadband } = values;
  return {
    schema,
    select: select.length === 0 ? null : select,
    rename,
    convert,
    deadband,
    maxSilenceMs: values["max.silence.ms"],
    sparkplug: {
      rebirthIntervalMs: values["sparkplug.rebirth.ms"],
      isAware: values["sparkplug.aware"],
    },
  };
}

/** The settings of a route as they would be written. */
export function routePayloadValues(route: RoutePayloadSettings): RoutePayloadValues {
  const { schema, select, rename, convert, deadband, maxSilenceMs, sparkplug } = route;
  return {
    schema,
    select: select ?? [],
    rename,
    convert,
    deadband,
    "max.silence.ms": maxSilenceMs,
    "sparkplug.rebirth.ms": sparkplug.rebirthIntervalMs,
    "sparkplug.aware": sparkplug.isAware,
  };
}

/** What a route has that says nothing of the records in its payloads. */
export const NO_PAYLOAD_SETTINGS: RoutePayloadSettings = {
  schema: "",
  select: null,
  rename: {},
  convert: {},
  deadband: {},
  maxSilenceMs: -1,
  sparkplug: { rebirthIntervalMs: -1, isAware: false },
};

/** What of these settings needs another way of reading payloads, or another one of them. */
export function recordConflicts(values: RoutePayloadValues, payload: string): readonly RouteConflict[] {
  const conflicts: RouteConflict[] = [];
  const conflict = (name: string, fault: string, remedy: string) => conflicts.push({ name, fault, remedy });
  const { schema, select, rename, convert, deadband } = values;
  if (payload === "pass") {
    const given: readonly (readonly [string, boolean])[] = [
      ["schema", schema !== ""],
      ["select", select.length > 0],
      ["rename", Object.keys(rename).length > 0],
      ["convert", Object.keys(convert).length > 0],
      ["deadband", Object.keys(deadband).length > 0],
    ];
    for (const [name, isGiven] of given) {
      if (isGiven)
        conflict(name, 'payload is "pass": payloads are not looked into', 'set payload = "json" or "cbor"');
    }
  }
  if (payload !== "sparkplug-b") {
    const fault = `payload is "${payload}"`;
    if (values["sparkplug.rebirth.ms"] >= 0)
      conflict("sparkplug.rebirth.ms", fault, 'set payload = "sparkplug-b"');
    if (values["sparkplug.aware"]) conflict("sparkplug.aware", fault, 'set payload = "sparkplug-b"');
  }
  if (payload === "sparkplug-b" && Object.keys(convert).length > 0) {
    const fault = 'payload is "sparkplug-b", whose metrics have units and types of their own';
    conflict("convert", fault, "leave it out");
  }
  if (values["max.silence.ms"] >= 0 && Object.keys(deadband).length === 0) {
    conflict("max.silence.ms", "there is no deadband that could keep records back", "leave it out");
  }
  const isSenml = payload === "senml+json" || payload === "senml+cbor";
  for (const [path, conversions] of Object.entries(convert)) {
    if (conversions.length === 1 || isSenml) continue;
    const fault = `${JSON.stringify(path)} has ${conversions.length} conversions`;
    conflict("convert", fault, "write one; only the records of SenML say which unit they have");
  }
  for (const path of Object.keys(rename)) {
    const isKept = select.length === 0 || select.some((kept) => isWithin(path, kept) || isWithin(kept, path));
    if (!isKept) conflict("rename", `select leaves ${JSON.stringify(path)} out`, "name it in select too");
  }
  const names = Object.values(rename);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    conflict("rename", `two fields become ${JSON.stringify(twice)}`, "give each a name of its own");
  return conflicts;
}

function isWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other}.`);
}

function readPath(raw: string): Reading<string> {
  const fault = pathFault(raw);
  return fault === null ? good(raw) : bad(fault, "write names of fields joined by dots");
}

/** What is wrong with a path of names joined by dots, or null. */
export function pathFault(path: string): string | null {
  if (path.length > MAX_PATH_LENGTH) return `a path is longer than ${MAX_PATH_LENGTH} characters`;
  return path.split(".").includes("") ? "a name in the path is empty" : null;
}

function readName(raw: unknown): string | Reading<string> {
  if (typeof raw !== "string" || raw === "") return "it is no name";
  return raw.length > MAX_PATH_LENGTH ? `it is longer than ${MAX_PATH_LENGTH} characters` : good(raw);
}

function readConversions(raw: unknown): string | Reading<readonly string[]> {
  const texts: unknown = Array.isArray(raw) ? raw : [raw];
  if (!Array.isArray(texts) || texts.length === 0 || texts.length > MAX_FIELDS) return "it is no conversion";
  const seen: string[] = [];
  for (const text of texts as unknown[]) {
    if (typeof text !== "string") return `it is ${kindOf(text)}`;
    const conversion = parseConversion(text);
    if (typeof conversion === "string") return conversion;
    if (texts.length > 1 && conversion.units === null) return `${JSON.stringify(text)} names no unit`;
    seen.push(text);
  }
  return good(seen);
}

function readWidth(raw: unknown): string | Reading<string> {
  const text = typeof raw === "number" ? String(raw) : raw;
  if (typeof text !== "string") return `it is ${kindOf(raw)}`;
  const width = parseDeadband(text);
  return typeof width === "string" ? width : good(text);
}

/** A table of values by paths; in the file a path may be nested tables. */
function table<T>(
  range: string,
  readValue: (raw: unknown) => string | Reading<T>,
  showValue: (value: T) => string,
  facts: { readonly doc: string },
): Option<Readonly<Record<string, T>>> {
  const remedy = `write a table of ${range}`;
  const show = (values: Readonly<Record<string, T>>) => {
    const pairs = Object.entries(values).map(
      ([path, value]) => `${JSON.stringify(path)} = ${showValue(value)}`,
    );
    return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
  };
  return option<Readonly<Record<string, T>>>(
    "table",
    `a table of ${range}`,
    { default: {}, ...facts },
    show,
    (raw) => {
      const pairs = kindOf(raw) === "a table" ? flat(raw as object, "") : textPairs(raw);
      if (pairs === null) return bad(`it is ${kindOf(raw)}`, remedy);
      if (pairs.length > MAX_FIELDS)
        return bad(`${pairs.length} fields are too many`, `write up to ${MAX_FIELDS}`);
      const values: Record<string, T> = {};
      for (const [path, inner] of pairs) {
        const reading = pathFault(path) ?? readValue(inner);
        if (typeof reading === "string") return bad(`${JSON.stringify(path)}: ${reading}`, remedy);
        if (!reading.ok) return reading;
        Object.defineProperty(values, path, {
          value: reading.value,
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
      return good<Readonly<Record<string, T>>>(values);
    },
  );
}

function flat(raw: object, before: string): [string, unknown][] {
  return Object.entries(raw).flatMap(([name, value]): [string, unknown][] =>
    kindOf(value) === "a table" ? flat(value as object, `${before}${name}.`) : [[before + name, value]],
  );
}

/** "a=x,b=y", as in an environment variable. */
function textPairs(raw: unknown): [string, unknown][] | null {
  if (typeof raw !== "string") return null;
  const pairs = raw.split(",").filter((pair) => pair.trim() !== "");
  if (pairs.some((pair) => !pair.includes("="))) return null;
  return pairs.map((pair) => {
    const equals = pair.indexOf("=");
    return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
  });
}

function readSchema(raw: unknown): Reading<string> {
  const remedy = "write a file's path, or a JSON Schema as a table or as JSON text";
  if (kindOf(raw) === "a table") return good(JSON.stringify(raw));
  if (typeof raw !== "string") return bad(`it is ${kindOf(raw)}`, remedy);
  if (raw.length > MAX_SCHEMA_LENGTH)
    return bad(`it is longer than ${MAX_SCHEMA_LENGTH} characters`, "write it into a file and name that");
  if (!raw.trimStart().startsWith("{"))
    return raw.includes("\0") ? bad("it holds a zero character", remedy) : good(raw);
  try {
    JSON.parse(raw);
    return good(raw);
  } catch {
    return bad("it begins like a JSON text and is none", remedy);
  }
}
