import { askLines, encoded, type Lines, withQuery } from "./client.ts";
import { historyPath } from "./history.ts";
import type { RecordLine } from "./types.ts";

/** Which records somebody wants to see. */
export interface Wanted {
  readonly topic: string;
  /** Percent-encoded; empty for all. */
  readonly key: string;
  /** Empty for all; of no meaning with a key. */
  readonly partition: string;
  readonly start: Start;
  /** A time or an offset, by `start`. */
  readonly at: string;
}

export const STARTS = [
  ["newest", "Newest first"],
  ["oldest", "From the oldest"],
  ["time", "From a time"],
  ["offset", "From an offset"],
] as const;

export type Start = (typeof STARTS)[number][0];

/** Records of a part, and how many somebody sees at most. */
export const PART = 100;
export const MAX_SHOWN = 2_000;

export interface Found {
  readonly records: readonly RecordLine[];
  /** Where it goes on; null where there are no more, or no more are shown. */
  readonly next: string | null;
}

/** The first records of those. */
export function readFirst(wanted: Wanted, count: number, signal: AbortSignal): Promise<Found> {
  if (wanted.start !== "newest") return readNext(firstPath(wanted, {}), signal);
  return wanted.key === "" ? newest(wanted, count, signal) : newestOfKey(wanted, count, signal);
}

/** Those that follow. */
export async function readNext(path: string, signal: AbortSignal): Promise<Found> {
  const { lines, next } = await askLines<RecordLine>(path, { signal });
  return { records: lines, next };
}

/** Where what somebody wants to see can be downloaded, as far as one answer holds it. */
export function downloadPath(wanted: Wanted): string {
  return firstPath(wanted, { limit: 10_000, values: "auto" });
}

function firstPath(
  { topic, key, partition, start, at }: Wanted,
  more: Readonly<Record<string, string | number>>,
): string {
  const from = start === "time" && at !== "" ? new Date(at).getTime() : null;
  const query = { from, limit: PART, values: "base64", ...more };
  if (key !== "") return withQuery(historyPath(topic, key), query);
  const offset = start === "offset" && at !== "" ? at : null;
  const only = partition === "" && offset !== null ? "0" : partition;
  return withQuery(`/api/topics/${encoded(topic)}/records`, { ...query, partition: only, offset });
}

/** The last of each partition, newest first. */
async function newest(wanted: Wanted, count: number, signal: AbortSignal): Promise<Found> {
  const path = firstPath({ ...wanted, start: "oldest" }, { offset: -count, limit: 10_000 });
  const found = await allOf(path, signal);
  return { records: found.sort(newestFirst).slice(0, count), next: null };
}

const HOUR_MS = 3_600_000;

/** A device is read from a time on: first from lately, and from earlier where that was not enough. */
async function newestOfKey(wanted: Wanted, count: number, signal: AbortSignal): Promise<Found> {
  for (const spanMs of [HOUR_MS, 24 * HOUR_MS, null]) {
    const from = spanMs === null ? {} : { from: Date.now() - spanMs };
    const path = firstPath({ ...wanted, start: "oldest" }, { ...from, limit: 10_000 });
    const found = await allOf(path, signal);
    if (found.length >= count || spanMs === null) {
      return { records: found.sort(newestFirst).slice(0, count), next: null };
    }
  }
  return { records: [], next: null };
}

/** Parts that are read for the newest records: those of a device that sends more than a hundred a second for an hour. */
const MAX_PARTS = 40;

async function allOf(path: string, signal: AbortSignal): Promise<RecordLine[]> {
  const found: RecordLine[] = [];
  let next: string | null = path;
  for (let part = 0; part < MAX_PARTS && next !== null; part++) {
    const answer: Lines<RecordLine> = await askLines<RecordLine>(next, { signal });
    found.push(...answer.lines);
    // What came first is the oldest, and is forgotten first.
    if (found.length > 20_000) found.splice(0, found.length - 10_000);
    next = answer.next;
  }
  return found;
}

export function newestFirst(a: RecordLine, b: RecordLine): number {
  return b.timestamp - a.timestamp || b.partition - a.partition || b.offset - a.offset;
}
