import { formatDurationMs, formatSizeBytes } from "../../config/units.ts";

/** What a topic keeps before it deletes; Infinity where nothing bounds it. */
export interface Keeping {
  readonly retentionMs: number;
  /** Of one partition. */
  readonly retentionBytes: number;
}

/** By a topic's settings as Kafka writes them; null where they do not say. */
export function keepingOf(settings: ReadonlyMap<string, string>): Keeping | null {
  const policy = settings.get("cleanup.policy");
  if (policy === undefined) return null;
  const deletes = policy.split(",").some((word) => word.trim() === "delete");
  const bound = (name: string): number => {
    const value = Number(settings.get(name) ?? "-1");
    return deletes && Number.isFinite(value) && value >= 0 ? value : Number.POSITIVE_INFINITY;
  };
  return { retentionMs: bound("retention.ms"), retentionBytes: bound("retention.bytes") };
}

interface Kept extends Keeping {
  readonly partitions: number;
}

/**
 * What the copy here deletes that the central topic still has, in words, or null. `isWhole`: whether the copy has all records; of
 * a share nobody can tell how many bytes it has.
 */
export function keepsLess(centre: Kept, here: Kept, isWhole: boolean): string | null {
  const less: string[] = [];
  if (here.retentionMs < centre.retentionMs) {
    less.push(`retention.ms is ${time(here.retentionMs)} here and ${time(centre.retentionMs)} there`);
  }
  const [bytesHere, bytesThere] = [here, centre].map(
    ({ retentionBytes, partitions }) => retentionBytes * partitions,
  ) as [number, number];
  if (isWhole && bytesHere < bytesThere) {
    less.push(`retention.bytes of all partitions is ${size(bytesHere)} here and ${size(bytesThere)} there`);
  }
  return less.length === 0
    ? null
    : `the copy deletes records that the central topic still has: ${less.join(", ")}`;
}

function time(durationMs: number): string {
  return Number.isFinite(durationMs) ? formatDurationMs(durationMs) : "unlimited";
}

function size(sizeBytes: number): string {
  return Number.isFinite(sizeBytes) ? formatSizeBytes(sizeBytes) : "unlimited";
}
