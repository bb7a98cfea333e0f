import { DOWNLINK_KEY } from "./mqtt-downlink-options.ts";
import { NAMED_SECTIONS, type SectionName } from "./named-sections.ts";
import { kindOf, type Option } from "./option.ts";
import { OPTION_ENTRIES, OPTIONS, type SettingName } from "./options.ts";
import { type ConfigProblem, didYouMean, excerpt, type Source } from "./problem.ts";
import { HIDDEN } from "./secret.ts";
import { faultyLine, tomlLines } from "./toml-lines.ts";

/** Everything that settings come from. Nothing else is looked at. */
export interface LoadInput {
  readonly file: { readonly path: string; readonly text: string } | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `key=value` of every `--set`, in order. */
  readonly set: readonly string[];
  /** Settings that have a flag of their own. */
  readonly flags: ReadonlyMap<SettingName, string>;
  readonly hostName: string;
}

/** A value as it was written, and where. */
export interface RawValue {
  readonly raw: unknown;
  readonly source: Source;
}

/** Raw values by dotted key; later layers replace earlier ones. */
export interface Layers {
  readonly values: Map<string, RawValue>;
  /** Sections `[uplink.NAME]` and the like of the file by their whole names, empty ones included. */
  readonly sections: Map<string, Source>;
  /** Lines of the file, for what stands inside a section's value. */
  readonly lines: ReadonlyMap<string, number>;
  readonly problems: ConfigProblem[];
  readonly warnings: string[];
}

export const ENV_PREFIX = "HEADWATER_";
/** Names the file; read by the command line, not a setting. */
export const ENV_CONFIG_FILE = "HEADWATER_CONFIG";
/** And how commands log in to a gateway. */
const ENV_OF_COMMANDS: ReadonlySet<string> = new Set([
  ...[ENV_CONFIG_FILE, "HEADWATER_USER", "HEADWATER_PASSWORD", "HEADWATER_PASSWORD_FILE"],
  ...["HEADWATER_CA_FILE", "HEADWATER_LOGINS_FILE"],
]);
/** What the launcher (gateway/systemd/launch) tells the program that it starts. */
const ENV_OF_LAUNCHER: ReadonlySet<string> = new Set([
  ...["HEADWATER_SLOTS", "HEADWATER_LIBRARY", "HEADWATER_SLOT"],
  ...["HEADWATER_ATTEMPT", "HEADWATER_ATTEMPT_SEEN"],
]);
export const ROUTE_KEY = "mqtt.route";
/** Sections that are lists of tables. */
const LIST_KEYS: readonly string[] = [ROUTE_KEY, DOWNLINK_KEY];
/** `[uplink.central]`, and a setting in it. */
const SECTION = new RegExp(`^(?:${Object.keys(NAMED_SECTIONS).join("|")})\\.[^.]+$`);
const SECTION_KEY = new RegExp(`^(${Object.keys(NAMED_SECTIONS).join("|")})\\.[^.]+\\.(.+)$`);
const MAX_FILE_LENGTH = 256 * 1024;

/** Kafka's names for things that are called otherwise here, or are not there. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ["listeners", "kafka.listen"],
  ["advertised.listeners", "kafka.advertised"],
  ["log.dir", "data"],
  ["log.dirs", "data"],
  ["data.dir", "data"],
  ["broker.id", "gateway.id"],
  ["node.id", "gateway.id"],
  ["log.retention.hours", "log.retention.ms"],
  ["log.retention.minutes", "log.retention.ms"],
  ["log.roll.hours", "log.roll.ms"],
  ["retention.ms", "log.retention.ms"],
  ["retention.bytes", "log.retention.bytes"],
  ["segment.bytes", "log.segment.bytes"],
  ["segment.ms", "log.roll.ms"],
  ["durability", "log.durability"],
  ["max.message.bytes", "message.max.bytes"],
  ["index.interval.bytes", "log.index.interval.bytes"],
  ["commit.linger", "commit.linger.ms"],
  ["mqtt.routes", ROUTE_KEY],
  ["route", ROUTE_KEY],
  ["mqtt.downlinks", DOWNLINK_KEY],
  ["downlink", DOWNLINK_KEY],
]);

/** Gathers the layers; values are not looked at yet. */
export function collect(input: LoadInput): Layers {
  const values = new Map<string, RawValue>();
  const sections = new Map<string, Source>();
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  const none = new Map<string, number>();
  const lines = input.file === null ? none : collectFile(input.file, values, sections, problems);
  collectEnvironment(input.env, values, warnings);
  for (const assignment of input.set) collectAssignment(assignment, values, problems);
  for (const [name, raw] of input.flags) {
    values.set(name, { raw, source: { kind: "flag", name: OPTIONS[name].flag ?? name } });
  }
  return { values, sections, lines, problems, warnings };
}

/** The environment variable of a setting: HEADWATER_KAFKA_LISTEN. */
export function environmentName(key: string): string {
  return ENV_PREFIX + key.toUpperCase().replaceAll(/[.-]/g, "_");
}

/** Reads one value and notes what is wrong with it. Undefined where it is. */
export function readValue<T>(
  option: Option<T>,
  key: string,
  value: RawValue,
  problems: ConfigProblem[],
): T | undefined {
  const reading = option.read(structured(option, value));
  if (reading.ok) return reading.value;
  const { fault, remedy } = reading;
  const shown = option.type === "secret" ? HIDDEN : excerpt(value.raw);
  problems.push({ key, value: shown, source: value.source, fault, remedy });
  return undefined;
}

/** A list or table from text in TOML's own notation, as flags and environment may give it. */
export function structured(option: { readonly type: string }, value: RawValue): unknown {
  const { raw } = value;
  if (typeof raw !== "string" || (option.type !== "list" && option.type !== "table")) return raw;
  if (!/^\s*[[{]/.test(raw)) return raw;
  return parseToml(`value = ${raw}`)?.value ?? raw;
}

function collectFile(
  file: { readonly path: string; readonly text: string },
  values: Map<string, RawValue>,
  sections: Map<string, Source>,
  problems: ConfigProblem[],
): ReadonlyMap<string, number> {
  const { path, text } = file;
  const none = new Map<string, number>();
  const problem = (fault: string, remedy: string, line: number | null) =>
    problems.push({ key: "", value: null, source: { kind: "file", path, line }, fault, remedy });
  if (text.length > MAX_FILE_LENGTH) {
    problem(`the file is longer than ${MAX_FILE_LENGTH} characters`, "shorten it", null);
    return none;
  }
  let root: Record<string, unknown>;
  try {
    root = parseTomlStrictly(text);
  } catch (error) {
    const line = faultyLine(text, (beginning) => parseToml(beginning) !== null);
    const fault = String(error instanceof Error ? error.message : error).replace(/^TOML Parse error: /, "");
    problem(fault, "texts and values with units stand in quotes; see https://toml.io for the notation", line);
    return none;
  }
  const lines = tomlLines(text);
  const walk = (table: Record<string, unknown>, prefix: string): void => {
    for (const [name, raw] of Object.entries(table)) {
      const key = prefix + name;
      const source: Source = { kind: "file", path, line: lines.get(key) ?? null };
      if (SECTION.test(key)) sections.set(key, source);
      if (isKnown(key) && !(kindOf(raw) === "a table" && isBeginning(key))) values.set(key, { raw, source });
      else if (kindOf(raw) === "a table" && mayHold(key, raw))
        walk(raw as Record<string, unknown>, `${key}.`);
      else problems.push(unknownKey(key, excerpt(raw), source));
    }
  };
  walk(root, "");
  return lines;
}

/**
 * Whether to look for settings inside a table. An unknown empty table is a problem of its own, since nothing in
 * it would tell; of the others their contents are reported.
 */
function mayHold(key: string, raw: unknown): boolean {
  return isSection(key) || Object.keys(raw as object).length > 0;
}

function collectEnvironment(env: LoadInput["env"], values: Map<string, RawValue>, warnings: string[]): void {
  const own = Object.entries(env).filter(
    ([name]) => name.startsWith(ENV_PREFIX) && !ENV_OF_COMMANDS.has(name) && !ENV_OF_LAUNCHER.has(name),
  );
  if (own.length === 0) return;
  const names = new Map<string, string>(OPTION_ENTRIES.map(([name]) => [environmentName(name), name]));
  for (const key of LIST_KEYS) names.set(environmentName(key), key);
  for (const [name, raw] of own) {
    if (raw === undefined) continue;
    const key = names.get(name) ?? sectionKeyOfEnvironment(name);
    if (key !== null) values.set(key, { raw, source: { kind: "env", name } });
    else {
      const near = didYouMean(name, names.keys());
      warnings.push(
        `environment ${name} is no setting and is ignored${near === null ? "" : `; did you mean ${near}?`}`,
      );
    }
  }
}

/** HEADWATER_UPLINK_CENTRAL_LINGER_MS is `uplink.central.linger.ms`. */
function sectionKeyOfEnvironment(name: string): string | null {
  const rest = name.slice(ENV_PREFIX.length);
  for (const [section, options] of Object.entries(NAMED_SECTIONS)) {
    const prefix = `${section.toUpperCase()}_`;
    if (!rest.startsWith(prefix)) continue;
    // The longest suffix: a name may end like the beginning of a setting's.
    const found = Object.keys(options)
      .toSorted((a, b) => b.length - a.length)
      .find((option) => rest.length > prefix.length + option.length && rest.endsWith(suffixOf(option)));
    if (found === undefined) continue;
    const own = rest.slice(prefix.length, -suffixOf(found).length).toLowerCase();
    if (own !== "") return `${section}.${own}.${found}`;
  }
  return null;
}

function suffixOf(option: string): string {
  return environmentName(option).slice(ENV_PREFIX.length - 1);
}

function collectAssignment(
  assignment: string,
  values: Map<string, RawValue>,
  problems: ConfigProblem[],
): void {
  const equals = assignment.indexOf("=");
  const key = assignment.slice(0, equals).trim();
  if (equals < 1) {
    const problem = { key: "", value: null, source: { kind: "set" } } as const;
    const fault = `${excerpt(assignment)} has no ${equals < 0 ? "=" : "key"} in it`;
    problems.push({ ...problem, fault, remedy: "write --set key=value" });
    return;
  }
  const raw = assignment.slice(equals + 1).trim();
  if (isKnown(key)) values.set(key, { raw, source: { kind: "set" } });
  else problems.push(unknownKey(key, excerpt(raw), { kind: "set" }));
}

function isKnown(key: string): boolean {
  return Object.hasOwn(OPTIONS, key) || LIST_KEYS.includes(key) || isSectionKey(key);
}

function isSectionKey(key: string): boolean {
  const match = SECTION_KEY.exec(key);
  return match !== null && Object.hasOwn(NAMED_SECTIONS[match[1] as SectionName], match[2] ?? "");
}

/** Whether a setting of a section goes on where this one ends, so that in the file this one may be a table. */
function isBeginning(key: string): boolean {
  const match = SECTION_KEY.exec(key);
  if (match === null) return false;
  const names = Object.keys(NAMED_SECTIONS[match[1] as SectionName]);
  return names.some((name) => name.startsWith(`${match[2] ?? ""}.`));
}

/** Whether settings stand under this key: `log`, `log.segment`, `uplink`, `uplink.central`. */
function isSection(key: string): boolean {
  if (Object.hasOwn(NAMED_SECTIONS, key) || SECTION.test(key)) return true;
  return knownKeys().some((known) => known.startsWith(`${key}.`));
}

function knownKeys(): string[] {
  return [...OPTION_ENTRIES.map(([name]) => name as string), ...LIST_KEYS];
}

function unknownKey(key: string, value: string, source: Source): ConfigProblem {
  const match = SECTION_KEY.exec(key);
  const options = match === null ? null : NAMED_SECTIONS[match[1] as SectionName];
  const section = key.split(".").slice(0, 2).join(".");
  const candidates =
    options === null ? knownKeys() : Object.keys(options).map((name) => `${section}.${name}`);
  // What was meant as a secret is not shown.
  const isNamedSo = /pass|secret/i.test(key.slice(key.lastIndexOf(".") + 1));
  const ofBridge = isNamedSo && key.startsWith("bridge.");
  const near = ofBridge ? `${section}.password.file` : (HINTS.get(key) ?? didYouMean(key, candidates));
  const isSecret = isNamedSo || near?.endsWith(".sasl.password") === true;
  if (isSection(key)) {
    return {
      key,
      value,
      source,
      fault: "it is a section, not a setting",
      remedy: `write [${key}] and settings below it`,
    };
  }
  const remedy = near === null ? "headwater config docs lists all settings" : `did you mean ${near}?`;
  return { key, value: isSecret ? HIDDEN : value, source, fault: "there is no such setting", remedy };
}

function parseToml(text: string): Record<string, unknown> | null {
  try {
    return parseTomlStrictly(text);
  } catch {
    return null;
  }
}

function parseTomlStrictly(text: string): Record<string, unknown> {
  return Bun.TOML.parse(text) as Record<string, unknown>;
}
