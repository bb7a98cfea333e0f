import { parseAddress } from "../../config/address.ts";
import { defaultSettings, type Settings } from "../../config/options.ts";
import { type ConfigProblem, formatProblem } from "../../config/problem.ts";
import { settingsToml } from "../../config/reference.ts";
import { HIDDEN } from "../../config/secret.ts";
import type { Input } from "../command.ts";
import { configFile, readConfigFile, settingsWith } from "../settings.ts";
import type { World } from "../world.ts";
import type { Collected, Lack, Part } from "./part.ts";
import { whyOf } from "./part.ts";

export interface ConfigCollected extends Collected {
  /** In force; where the configuration is wrong, defaults, and of it where the gateway is. */
  readonly settings: Settings;
  /** The file as it is written, for looking for secrets: never for showing. */
  readonly configText: string | null;
}

/** The configuration as `config print` shows it, or what is wrong with it, without the values that are. */
export function configParts(input: Input, world: World): ConfigCollected {
  const path = configFile(input, world);
  const parts: Part[] = [];
  const lacks: Lack[] = [];
  let configText: string | null = null;
  try {
    configText = path === null ? null : readConfigFile(path);
  } catch (error) {
    lacks.push({ what: "the configuration file", why: whyOf(error) });
  }
  const result = settingsWith(input, world, configText);
  if (result.ok) {
    const warnings = result.warnings.map((warning) => `# warning: ${warning}\n`).join("");
    const text = warnings + settingsToml(result.settings, result.sources);
    parts.push({ name: "config.toml", kind: "text", text });
    return { parts, lacks, settings: result.settings, configText };
  }
  const text = result.problems.map((problem) => `${problemText(problem)}\n`).join("");
  parts.push({ name: "config-problems.txt", kind: "text", text });
  lacks.push({ what: "settings", why: "the configuration is wrong, see config-problems.txt" });
  return { parts, lacks, settings: nearestSettings(input, world, configText), configText };
}

/** What is quoted may be a secret that stands where it does not belong. */
function problemText(problem: ConfigProblem): string {
  const isOfFile = problem.key === "" && problem.source.kind === "file";
  const fault = isOfFile ? "it can't be read as TOML here" : unquoted(problem.fault);
  return formatProblem({ ...problem, value: null, fault, remedy: unquoted(problem.remedy) });
}

function unquoted(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"/g, `"${HIDDEN}"`);
}

/** Where the data and the HTTP door are, as far as a wrong configuration says; defaults for all else. */
function nearestSettings(input: Input, world: World, configText: string | null): Settings {
  const withoutFile = settingsWith(input, world, null);
  const settings = withoutFile.ok ? withoutFile.settings : defaultSettings();
  const written = (key: string) =>
    new RegExp(`^\\s*${key}\\s*=\\s*["']([^"']+)["']`, "m").exec(configText ?? "")?.[1] ?? null;
  const http = parseAddress(input.value("http") ?? written("http\\.listen") ?? "", "127.0.0.1");
  return {
    ...settings,
    data: input.value("data") ?? written("data") ?? settings.data,
    "http.listen": typeof http === "string" ? settings["http.listen"] : http,
  };
}
