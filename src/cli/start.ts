import { parseIsoTimeMs } from "../base/iso-time.ts";
import { parseDurationMs } from "../config/units.ts";
import type { KafkaCluster } from "../kafka/client/cluster.ts";
import { type Isolation, LIST_OFFSET, listOffsets } from "../kafka/client/offsets.ts";
import { errorName } from "../kafka/wire/generated/errors.ts";
import { UsageError } from "./exit-codes.ts";
import { exitCodeOfProtocol } from "./kafka-session.ts";
import type { World } from "./world.ts";

/** Where to start, before the log has been asked. */
export type Start =
  | { readonly offset: number }
  | { readonly timestampMs: number }
  | { readonly beforeEnd: number };

export interface Range {
  readonly partition: number;
  /** Offset of the first record that there is. */
  readonly first: number;
  readonly start: number;
  readonly end: number;
}

export const START_DOC =
  "earliest, latest, an offset, a time as 2026-01-31T12:00Z or @MILLISECONDS, or how long ago, as 15m or 2d.";

/** Reads what START_DOC describes. Throws UsageError. */
export function parseStart(flag: string, text: string, nowMs: number): Start {
  if (text === "latest") return { beforeEnd: 0 };
  if (text === "earliest") return { timestampMs: LIST_OFFSET.earliest };
  if (/^\d{1,15}$/.test(text)) return { offset: Number(text) };
  const timestampMs = parseTimeMs(text, nowMs);
  if (timestampMs === null) {
    throw new UsageError(
      `${flag} ${text}: write earliest, latest, an offset, a time (2026-01-31T12:00Z), or 15m for 15 minutes ago`,
    );
  }
  return { timestampMs };
}

/** A time, or how long before `nowMs`: milliseconds since 1970, or null where it is neither. */
export function parseTimeMs(text: string, nowMs: number): number | null {
  if (/^@\d{1,15}$/.test(text)) return Number(text.slice(1));
  const agoMs = parseDurationMs(text);
  if (agoMs !== null && agoMs >= 0) return Math.max(0, nowMs - agoMs);
  const timestampMs = parseIsoTimeMs(text);
  return Number.isNaN(timestampMs) ? null : timestampMs;
}

/** Where to start and where the log ends now, or an exit code, with a message written. */
export async function rangesOf(
  cluster: KafkaCluster,
  topic: string,
  partitions: readonly number[],
  start: Start,
  isolation: Isolation,
  world: World,
): Promise<readonly Range[] | number> {
  const ask = (timestampMs: number) =>
    listOffsets(
      cluster,
      partitions.map((partition) => ({ topic, partition, timestampMs })),
      isolation,
    );
  const [firsts, ends, found] = await Promise.all([
    ask(LIST_OFFSET.earliest),
    ask(LIST_OFFSET.latest),
    "timestampMs" in start ? ask(start.timestampMs) : Promise.resolve([]),
  ]);
  const failed = [...firsts, ...ends, ...found].find(({ error }) => error !== 0);
  if (failed !== undefined) {
    world.err(`offsets of ${topic}-${failed.partition}: ${errorName(failed.error)}\n`);
    return exitCodeOfProtocol(failed.error);
  }
  return partitions.map((partition, index) => {
    const first = firsts[index]?.offset ?? 0;
    const end = ends[index]?.offset ?? 0;
    if ("offset" in start) return { partition, first, start: start.offset, end };
    if ("beforeEnd" in start) return { partition, first, start: Math.max(first, end - start.beforeEnd), end };
    // Nothing is as late as that: on with what comes next.
    const offset = found[index]?.offset ?? -1;
    return { partition, first, start: offset < 0 ? end : offset, end };
  });
}
