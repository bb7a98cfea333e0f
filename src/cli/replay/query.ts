import { parseDurationMs } from "../../config/units.ts";
import type { RecordCursor } from "../../records/reader.ts";
import type { Input } from "../command.ts";
import { UsageError } from "../exit-codes.ts";
import { parseTimeMs } from "../start.ts";
import type { OriginReader } from "./origin.ts";

/** How far from its time a record may lie in the log, unless the command line says. */
export const DEFAULT_MARGIN_MS = 3_600_000;

/** What of a topic is wanted. Times are milliseconds since 1970; infinite where there is no bound. */
export interface ReplayQuery {
  readonly topic: string;
  /** Keys; empty for those of everybody. */
  readonly devices: readonly Uint8Array[];
  readonly gateway: string | null;
  readonly fromMs: number;
  /** Not included. */
  readonly toMs: number;
  /** Infinite where all of the log behind `fromMs` is read. */
  readonly marginMs: number;
  /** Whether the margin was given: then reading stops there even where a gateway was behind. */
  readonly strictMargin: boolean;
  /** Devices' records may be in any partition. */
  readonly allPartitions: boolean;
}

/** Reads the options that choose records. Throws UsageError. */
export function queryOf(input: Input, nowMs: number): ReplayQuery {
  const topic = input.value("topic");
  if (topic === null || topic === "") throw new UsageError("--topic TOPIC is missing");
  const fromMs = timeOf(input, "from", nowMs) ?? Number.NEGATIVE_INFINITY;
  const toMs = timeOf(input, "to", nowMs) ?? Number.POSITIVE_INFINITY;
  if (fromMs >= toMs) throw new UsageError("--from has to be before --to");
  const margin = input.value("late");
  const devices = new Map(input.values("device").map((device) => [device, new TextEncoder().encode(device)]));
  return {
    topic,
    devices: [...devices.values()],
    gateway: input.value("gateway"),
    fromMs,
    toMs,
    marginMs: margin === null ? DEFAULT_MARGIN_MS : marginOf(margin),
    strictMargin: margin !== null,
    allPartitions: input.on("all-partitions"),
  };
}

function timeOf(input: Input, name: string, nowMs: number): number | null {
  const text = input.value(name);
  if (text === null) return null;
  if (name === "from" && text === "earliest") return Number.NEGATIVE_INFINITY;
  if (name === "to" && text === "latest") return Number.POSITIVE_INFINITY;
  // A bare number is an offset elsewhere, and a duration without its unit: neither is meant as a time.
  const timeMs = /^\d+$/.test(text) ? null : parseTimeMs(text, nowMs);
  if (timeMs !== null && timeMs >= 0) return timeMs;
  throw new UsageError(
    `--${name} ${text}: write ${name === "from" ? "earliest" : "latest"}, a time (2026-01-31T12:00Z, or @MILLISECONDS), or 15m for 15 minutes ago`,
  );
}

function marginOf(text: string): number {
  if (text === "all") return Number.POSITIVE_INFINITY;
  const marginMs = parseDurationMs(text);
  if (marginMs === null || marginMs < 0)
    throw new UsageError(`--late ${text}: write a duration, as 1h, or all`);
  return marginMs;
}

function isWantedKey(query: ReplayQuery, record: RecordCursor): boolean {
  if (query.devices.length === 0) return true;
  if (record.keyStart < 0) return false;
  const length = record.keyEnd - record.keyStart;
  return query.devices.some((device) => {
    if (device.length !== length) return false;
    for (let i = 0; i < length; i++) if (device[i] !== record.bytes[record.keyStart + i]) return false;
    return true;
  });
}

/** Whether a record is of the devices and the gateway that were asked for. `origin` has read it. */
export function isAskedFor(query: ReplayQuery, record: RecordCursor, origin: OriginReader): boolean {
  return (query.gateway === null || origin.gateway === query.gateway) && isWantedKey(query, record);
}

export function isInTime(query: ReplayQuery, origin: OriginReader): boolean {
  return origin.timeMs >= query.fromMs && origin.timeMs < query.toMs;
}
