import { BRIDGE_OPTIONS } from "../../config/bridge-options.ts";
import type { Option } from "../../config/option.ts";
import { OPTION_ENTRIES, type Settings } from "../../config/options.ts";
import { ENV_PREFIX } from "../../config/raw-values.ts";
import { Secret } from "../../config/secret.ts";
import { usersFile } from "../../config/security-files.ts";
import { UPLINK_OPTIONS } from "../../config/uplink-options.ts";
import { PlainDisk } from "../../io/bun/plain-disk.ts";

const MAX_FILE_BYTES = 1024 * 1024;
/** Settings whose files are secret as a whole. */
export const SECRET_FILE: RegExp = /(?:^|\.)(?:(?:password|secret|token|key)\.file|ssl\.key)$/;
/** Larger ones are text: a key in bytes is short, and programs write it in hex or base64. */
const MAX_RAW_KEY_BYTES = 4096;
const SECRET_NAME = /pass|secret|token/i;
/** `sasl.password = "..."`, also as a bare word; in a file that can't be read as TOML as well. */
const ASSIGNMENT =
  /([\w.-]*(?:pass|secret|token)[\w.-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"',}#]+))/gi;
/** Parts of a verifier that are worth guessing from. */
const MIN_VERIFIER_PART = 12;

/** Where secrets may be that a bundle must not hold. */
export interface SecretPlaces {
  /** What is in force, or the defaults where that is not known. */
  readonly settings: Settings;
  /** The configuration file as it is written; null for none. */
  readonly configText: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `KEY=VALUE` of the command line. */
  readonly set: readonly string[];
}

/**
 * Every secret that this user can read: settings in force and those that others hide, passwords and keys in files, and
 * what the file of users keeps of passwords. They are looked for in all that leaves, so that a log line that should not
 * have one does no harm.
 */
export function knownSecrets({ settings, configText, env, set }: SecretPlaces): ReadonlySet<string> {
  const secrets = new Set<string>();
  const add = (...texts: readonly string[]) => {
    for (const text of texts) if (text !== "") secrets.add(text);
  };
  for (const [name, option, value] of everySetting(settings)) {
    if (value instanceof Secret) add(value.reveal());
    else if (option.type === "text" && SECRET_FILE.test(name) && typeof value === "string")
      add(...linesOf(value));
  }
  const named = (name: string, value: string) => {
    // A path is no secret, and is needed to help; nor is a switch.
    const isOne =
      SECRET_NAME.test(name) && !/file$/i.test(name) && !/^(?:true|false|[\d.]{1,5})$/.test(value);
    if (isOne) add(value);
  };
  for (const [, name = "", quoted, literal, bare] of (configText ?? "").matchAll(ASSIGNMENT))
    named(name, quoted ?? literal ?? bare ?? "");
  for (const assignment of set) {
    const equals = assignment.indexOf("=");
    named(assignment.slice(0, equals).trim(), assignment.slice(equals + 1).trim());
  }
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith(ENV_PREFIX)) named(name, value ?? "");
  }
  for (const line of linesOf(usersFile(settings))) add(...verifiersIn(line));
  return secrets;
}

type Setting = readonly [name: string, option: Option<unknown>, value: unknown];

function* everySetting(settings: Settings): Generator<Setting> {
  for (const [name, option] of OPTION_ENTRIES) yield [name, option, settings[name]];
  const sections = [
    ...settings.uplinks.map((uplink) => [UPLINK_OPTIONS, { ...uplink }] as const),
    ...settings.bridges.map((bridge) => [BRIDGE_OPTIONS, { ...bridge }] as const),
  ];
  for (const [options, values] of sections) {
    for (const [name, option] of Object.entries(options) as [string, Option<unknown>][])
      yield [name, option, (values as Readonly<Record<string, unknown>>)[name]];
  }
}

/** What a file that is secret as a whole has: a password, or the lines of a key. None where it can't be read. */
function linesOf(path: string): readonly string[] {
  if (path === "") return [];
  try {
    const bytes = new PlainDisk().readFile(path, MAX_FILE_BYTES);
    if (bytes === null) return [];
    const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
    const raw = bytes.length > MAX_RAW_KEY_BYTES ? [] : [bytes.toHex(), bytes.toBase64()];
    return [...lines.filter((line) => !line.startsWith("-----")), ...raw];
  } catch {
    // Who can't read it can't put it into a bundle either.
    return [];
  }
}

/** `name:$argon2id$... SCRAM-...`: the verifiers, and their parts alone. */
function verifiersIn(line: string): readonly string[] {
  const verifiers = line.slice(line.indexOf(":") + 1).split(/\s+/);
  const parts = verifiers.flatMap((verifier) => verifier.split(/[$:,]/));
  return [...verifiers, ...parts.filter((part) => part.length >= MIN_VERIFIER_PART)];
}
