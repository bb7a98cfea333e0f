import { encodeDeviceKey } from "../../base/device-name.ts";
import { HeadwaterError } from "../../base/errors.ts";
import { offset } from "../../base/ids.ts";
import type { Partition } from "../../broker/partition.ts";
import type { Topic } from "../../broker/topics.ts";
import { RecordCursor } from "../../records/reader.ts";
import type { Gateway } from "./gateway.ts";

/** Keys that are named. */
const MAX_HOT_KEYS = 5;
/** What is read of the newest records where no registry knows better: of each partition, and of how many. */
const SAMPLE_BYTES = 64 * 1024;
const SAMPLE_RECORDS = 1_000;
const SAMPLE_PARTITIONS = 32;
/** A share is told of from here on: below, nobody would change anything. */
const NOTABLE_SHARE = 0.05;
/** How much larger than the mean a partition is that is too large. */
const SKEWED = 1.5;

export interface Skew {
  readonly largestShare: number | null;
  readonly hotKeys: readonly HotKey[];
  readonly basis: "registry" | "sample" | null;
  readonly advice: string | null;
}

interface HotKey {
  readonly key: string;
  readonly share: number;
}

interface KeyShares {
  readonly basis: "registry" | "sample";
  readonly hot: readonly HotKey[];
  /** Share of the records that have no key. */
  readonly keyless: number;
}

/** How evenly a topic's records are spread, over partitions and keys, and what could be done about it. */
export async function skewOf(topic: Topic, gateway: Gateway): Promise<Skew> {
  const sizes = topic.partitions.map(({ log }) => log.highWatermark - log.logStartOffset);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const largestShare = total === 0 ? null : Math.max(...sizes) / total;
  const shares = topic.internal ? null : (ratesOf(topic, gateway) ?? (await sampled(topic, gateway)));
  return {
    largestShare: largestShare === null ? null : shown(largestShare),
    hotKeys: shares?.hot ?? [],
    basis: shares?.basis ?? null,
    advice: largestShare === null || shares === null ? null : adviceFor(topic, largestShare, shares),
  };
}

function adviceFor(topic: Topic, largestShare: number, { hot, keyless }: KeyShares): string | null {
  const count = topic.partitions.length;
  const [first] = hot;
  const hottest = first?.share ?? 0;
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  if (count === 1) {
    if (first === undefined || hottest <= 0.5) return null;
    return `${first.key} sends ${percent(hottest)} of the records. With more partitions it would still be in one of them: give its records a compound key (${first.key}/sensor) if their order need only hold for each part.`;
  }
  if (largestShare * count < SKEWED) return null;
  const largest = `One partition has ${percent(largestShare)} of the records, where ${percent(1 / count)} would be even`;
  if (first !== undefined && hottest * count >= SKEWED) {
    return `${largest}: the key ${first.key} alone sends ${percent(hottest)}. More partitions don't help against one key. Use a compound key (${first.key}/sensor) where order need only hold for each part, or a salt (${first.key}/0 to ${first.key}/3) where it need not hold at all.`;
  }
  if (keyless > 0.5)
    return `${largest}: most records have no key. Name a key in the topic's route, or let senders choose partitions.`;
  return `${largest}, and no single key is to blame: a few keys happen to share it. More partitions spread them; keys that are there then move, so that the order of one key holds only from then on.`;
}

/** By what the registry measures of devices; null where it knows none of the topic. */
function ratesOf(topic: Topic, { devices, broker }: Gateway): KeyShares | null {
  const nowMs = broker.clock.monotonicMs();
  const rates = (devices?.sorted() ?? [])
    .filter(({ facts }) => facts.topic === topic.name)
    .map((device) => ({ key: device.facts.key, count: device.rate(nowMs) }));
  const total = rates.reduce((sum, { count }) => sum + count, 0);
  return total <= 0 ? null : { basis: "registry", hot: hottest(rates, total), keyless: 0 };
}

/** By the newest records of its partitions, one partition a turn of the event loop. */
async function sampled(topic: Topic, { broker }: Gateway): Promise<KeyShares | null> {
  const counts = new Map<string, number>();
  let total = 0;
  let keyless = 0;
  for (const partition of topic.partitions.slice(0, SAMPLE_PARTITIONS)) {
    await new Promise<void>((resolve) => broker.clock.soon(resolve));
    for (const key of newestKeys(partition)) {
      total += 1;
      if (key === null) keyless += 1;
      else counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  if (total === 0) return null;
  const rows = Array.from(counts, ([key, count]) => ({ key, count }));
  return { basis: "sample", hot: hottest(rows, total), keyless: keyless / total };
}

function newestKeys({ log, deleted }: Partition): readonly (string | null)[] {
  const from = Math.max(log.logStartOffset, log.highWatermark - SAMPLE_RECORDS);
  if (deleted || from >= log.highWatermark) return [];
  const read = log.read(offset(from), SAMPLE_BYTES, { minOneBatch: true, until: log.highWatermark });
  if (!("nextOffset" in read)) return [];
  const cursor = new RecordCursor({ verifyCrc: true });
  const keys: (string | null)[] = [];
  try {
    cursor.open(read.bytes);
    while (keys.length < SAMPLE_RECORDS && cursor.next()) {
      if (cursor.isControl) continue;
      const key = cursor.key();
      keys.push(key === null ? null : Buffer.from(key.subarray(0, 512)).toString("latin1"));
    }
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
  } finally {
    cursor.close();
  }
  return keys;
}

function hottest(rows: readonly { readonly key: string; readonly count: number }[], total: number): HotKey[] {
  return rows
    .toSorted((a, b) => b.count - a.count)
    .slice(0, MAX_HOT_KEYS)
    .map(({ key, count }) => ({
      key: encodeDeviceKey(Buffer.from(key, "latin1")),
      share: shown(count / total),
    }))
    .filter(({ share }) => share >= NOTABLE_SHARE);
}

function shown(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}
