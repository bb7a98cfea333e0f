import { askLines, encoded, withQuery } from "./client.ts";
import type { RecordLine } from "./types.ts";

/** Records that are read for a plot; who wants more takes a shorter time or a download. */
export const MAX_POINTS = 20_000;
const PART = 5_000;

export interface History {
  readonly records: readonly RecordLine[];
  /** Whether there are more than were read. */
  readonly isCut: boolean;
}

/** A device's records of a span of time, oldest first. The key is percent-encoded. */
export async function readHistory(
  topic: string,
  key: string,
  fromMs: number,
  signal: AbortSignal,
): Promise<History> {
  const records: RecordLine[] = [];
  let path: string | null = withQuery(historyPath(topic, key), { from: fromMs, limit: PART });
  while (path !== null && records.length < MAX_POINTS) {
    const part: Awaited<ReturnType<typeof askLines<RecordLine>>> = await askLines<RecordLine>(path, {
      signal,
    });
    records.push(...part.lines);
    path = part.next;
  }
  return { records: records.sort((a, b) => a.timestamp - b.timestamp), isCut: path !== null };
}

/** Where a device's records are read. */
export function historyPath(topic: string, key: string): string {
  return `/api/topics/${encoded(topic)}/devices/${key}/records`;
}

/** Fields that are looked for in a value, and how deep. */
const MAX_FIELDS = 200;
const MAX_DEPTH = 6;

/** The numbers in a value by the path to them, as "motor.temperature"; "value" where it is a number itself. */
export function numbersOf(value: unknown): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  gather(value, "", 0, found);
  return found;
}

function gather(value: unknown, path: string, depth: number, found: Map<string, number>): void {
  if (found.size >= MAX_FIELDS || depth > MAX_DEPTH) return;
  if (typeof value === "number") found.set(path || "value", value);
  else if (typeof value === "boolean") found.set(path || "value", value ? 1 : 0);
  else if (typeof value === "string") {
    if (/^-?\d+(?:\.\d+)?$/.test(value.trim())) found.set(path || "value", Number(value));
  } else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      gather(inner, path === "" ? name : `${path}.${name}`, depth + 1, found);
    }
  }
}

/** How many records came in each of so many equal parts of a span. */
export function ratesIn(
  records: readonly RecordLine[],
  fromMs: number,
  toMs: number,
  parts: number,
): { readonly timesMs: readonly number[]; readonly perSecond: readonly number[] } {
  const widthMs = (toMs - fromMs) / parts;
  const counts = new Array<number>(parts).fill(0);
  for (const { timestamp } of records) {
    const at = Math.floor((timestamp - fromMs) / widthMs);
    if (at >= 0 && at < parts) counts[at] = (counts[at] ?? 0) + 1;
  }
  return {
    timesMs: counts.map((_, index) => fromMs + (index + 0.5) * widthMs),
    perSecond: counts.map((amount) => amount / (widthMs / 1000)),
  };
}
