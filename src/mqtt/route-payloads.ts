import { HeadwaterError } from "../base/errors.ts";
import { parseDeadband } from "../config/deadband-width.ts";
import type { TimestampRule } from "./payload-timestamp.ts";
import type { DeadbandConfig } from "./payloads/deadband.ts";
import { Pipeline } from "./payloads/pipeline.ts";
import type { Path, ShapingConfig } from "./payloads/shaping.ts";
import { NO_SPARKPLUG, type SparkplugConfig } from "./payloads/sparkplug/items.ts";
import type { RouteConfig } from "./routes.ts";

/** Where the time of a payload that is passed stands; null for the time of arrival. */
export function timestampRule({ timestamp, ...config }: RouteConfig): TimestampRule | null {
  if (timestamp === undefined || timestamp === "arrival") return null;
  return { path: pathOf(config, timestamp.payload), format: timestamp.format ?? "auto" };
}

/** What a route does with its payloads; null where it passes them. `id` tells the routes of a table apart. */
export function pipelineOf(config: RouteConfig, id: number): Pipeline | null {
  const { payload = "pass", split = null, timestamp = "arrival" } = config;
  const keyPath = isPath(config.key) ? pathOf(config, config.key.payload) : null;
  const splitPath = split === null ? null : split === "" ? [] : pathOf(config, split);
  const timestampPath = timestamp === "arrival" ? null : pathOf(config, timestamp.payload);
  const shaping = shapingOf(config);
  const deadband = deadbandOf(config);
  const schema = config.schemaCheck ?? null;
  if (payload === "pass") {
    if (keyPath !== null) throw invalid(config, "a key from the payload needs a payload that is decoded");
    if (splitPath !== null) throw invalid(config, "only a payload that is decoded can be split");
    if (shaping !== null || deadband !== null || schema !== null)
      throw invalid(config, "only a payload that is decoded can be checked, shaped or compared");
    return null;
  }
  if (deadband !== null && splitPath !== null && keyPath === null)
    throw invalid(config, "split records need a key from the payload to be compared by");
  try {
    return new Pipeline({
      id,
      payload,
      split: splitPath,
      key: keyPath,
      timestamp: timestampPath,
      schema,
      shaping,
      deadband,
      sparkplug: sparkplugOf(config),
    });
  } catch (error) {
    throw invalid(config, error instanceof Error ? error.message : String(error));
  }
}

function isPath(key: RouteConfig["key"]): key is { readonly payload: string } {
  return typeof key === "object" && key !== null && "payload" in key;
}

function shapingOf(config: RouteConfig): ShapingConfig | null {
  const { select = null, rename = {}, convert = {}, payload } = config;
  const renamed = Object.entries(rename);
  const converted = Object.entries(convert);
  if (select === null && renamed.length === 0 && converted.length === 0) return null;
  return {
    select: select === null ? null : select.map((text) => pathOf(config, text)),
    rename: renamed.map(([text, name]) => [pathOf(config, text), name]),
    convert: converted.map(([text, conversions]) => [pathOf(config, text), conversions]),
    hasUnits: payload === "senml+json" || payload === "senml+cbor",
  };
}

function deadbandOf(config: RouteConfig): DeadbandConfig | null {
  const fields = Object.entries(config.deadband ?? {}).map(([text, width]) => {
    const parsed = parseDeadband(width);
    if (typeof parsed === "string") throw invalid(config, `deadband of '${text}': ${parsed}`);
    return { path: pathOf(config, text), ...parsed };
  });
  if (fields.length === 0) return null;
  return { fields, maxSilenceMs: orNever(config.maxSilenceMs) };
}

function sparkplugOf({ key, sparkplug, payload }: RouteConfig): SparkplugConfig {
  if (payload !== "sparkplug-b") return NO_SPARKPLUG;
  return {
    key: typeof key === "object" && key !== null && "sparkplug" in key ? key.sparkplug : null,
    rebirthIntervalMs: orNever(sparkplug?.rebirthIntervalMs),
    isAware: sparkplug?.isAware ?? false,
  };
}

/** -1 stands for never, as it does in settings. */
function orNever(timeMs: number | undefined): number {
  return timeMs === undefined || timeMs < 0 ? Number.POSITIVE_INFINITY : timeMs;
}

function pathOf(config: RouteConfig, text: string): Path {
  const path = text.split(".");
  if (path.includes("")) throw invalid(config, `the path '${text}' has an empty name`);
  return path;
}

/** CONFIG_INVALID about a route. */
export function invalid(config: RouteConfig, fault: string): HeadwaterError {
  return new HeadwaterError("CONFIG_INVALID", `MQTT route '${config.filter}' -> '${config.topic}': ${fault}`);
}
