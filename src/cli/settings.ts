import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { HeadwaterError } from "../base/errors.ts";
import { type LoadResult, loadSettings } from "../config/load.ts";
import { OPTION_ENTRIES, type SettingName, type Settings } from "../config/options.ts";
import { formatProblem, type Source } from "../config/problem.ts";
import { ENV_CONFIG_FILE, environmentName } from "../config/raw-values.ts";
import type { Flag, Input } from "./command.ts";
import type { World } from "./world.ts";

/** Options that set settings, those of the table that have a flag of their own first. */
/** Of a configuration file. */
const MAX_CONFIG_BYTES = 1024 * 1024;

export const SETTING_FLAGS: readonly Flag[] = [
  ...OPTION_ENTRIES.flatMap(([name, option]) =>
    option.flag === undefined
      ? []
      : [
          {
            name: option.flag,
            value: option.type === "address" ? "HOST:PORT" : "DIR",
            doc: `${name}: ${option.doc}`,
          },
        ],
  ),
  { name: "config", short: "c", value: "FILE", doc: `TOML file with settings; also ${ENV_CONFIG_FILE}.` },
  {
    name: "set",
    short: "s",
    value: "KEY=VALUE",
    multiple: true,
    doc: `Any setting, for example log.retention.ms=30d. The environment has them as ${environmentName("log.retention.ms")}.`,
  },
];

export interface EffectiveSettings {
  readonly settings: Settings;
  readonly sources: ReadonlyMap<string, Source>;
  /** For the log, or for standard error. */
  readonly warnings: readonly string[];
}

/** All settings of a command line with environment and file. Throws CONFIG_INVALID with a problem a line. */
export function effectiveSettings(input: Input, world: World): EffectiveSettings {
  const path = configFile(input, world);
  const result = settingsWith(input, world, path === null ? null : readConfigFile(path));
  if (!result.ok) throw new HeadwaterError("CONFIG_INVALID", result.problems.map(formatProblem).join("\n"));
  return result;
}

/** The configuration file of a command line with environment; null for none. */
export function configFile(input: Input, world: World): string | null {
  return (input.value("config") ?? world.env[ENV_CONFIG_FILE] ?? "") || null;
}

/** What the settings would be if the file had this text; null: without a file. */
export function settingsWith(input: Input, world: World, text: string | null): LoadResult {
  const flags = new Map<SettingName, string>();
  for (const [name, option] of OPTION_ENTRIES) {
    const value = option.flag === undefined ? null : input.value(option.flag);
    if (value !== null) flags.set(name, value);
  }
  return loadSettings({
    file: text === null ? null : { path: configFile(input, world) ?? "configuration", text },
    env: world.env,
    set: input.values("set"),
    flags,
    hostName: world.hostName,
  });
}

/** A pipe would be waited for, and a device has no end. */
function readRegularFile(path: string): Uint8Array {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(fd).isFile()) throw new Error("it is not a regular file");
    const bytes = new Uint8Array(MAX_CONFIG_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(fd, bytes, length, bytes.length - length, null);
    }
    if (length > MAX_CONFIG_BYTES) throw new Error(`it has more than ${MAX_CONFIG_BYTES} bytes`);
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

/** A configuration file's text, of a regular file. Throws CONFIG_INVALID. */
export function readConfigFile(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readRegularFile(path));
  } catch (cause) {
    const why =
      cause instanceof TypeError ? "it is not UTF-8 text" : cause instanceof Error ? cause.message : "";
    const fault = `${path}: the configuration can't be read: ${why}`;
    const remedy = "name a TOML file that is there and that this user may read";
    throw new HeadwaterError("CONFIG_INVALID", `${fault}; ${remedy}`, { cause });
  }
}
