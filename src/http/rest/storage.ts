import { effectiveTopicConfig } from "../../broker/topic-config.ts";
import { json } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./route.ts";
import { flag, list, number, object, oneOf, orNull, text, whole } from "./schema.ts";

const DAY_MS = 86_400_000;
/** Before this nobody can say what a day will be like. */
const MIN_UPTIME_MS = 60_000;

const RETENTION = object({
  cleanupPolicy: text(),
  ms: { type: "integer", description: "-1: for ever" },
  bytes: { type: "integer", description: "Of a partition; -1: no bound" },
});

const WEAR = object({
  disk: text(),
  kind: oneOf("emmc", "sd", "usb", "nvme", "ssd", "hard-disk", "virtual"),
  diskBytes: whole(),
  writtenBytes: whole({ description: "By everybody, since the machine was started." }),
  writtenBytesPerDay: orNull(
    whole({ description: "By the pace of up to a week; null in the first ten minutes." }),
  ),
  lifeUsedShare: orNull(
    number({ description: "What eMMC says of itself: 1 is the end. Null of all other devices." }),
  ),
  preEol: orNull(whole({ description: "Its spare blocks: 1 normal, 2 warning, 3 urgent." })),
  enduranceBytes: orNull(whole({ description: "What can be written in a new device's life." })),
  basis: orNull(oneOf("configured", "assumed")),
  forecastSec: orNull(
    number({
      description: "How long it lasts at this pace: what is left by lifeUsedShare, else a new device.",
    }),
  ),
});

/** What uses the disk. */
export const STORAGE_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/storage",
    id: "getStorage",
    summary: "What uses the disk, and how much is written",
    needs: "viewer",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        folder: text(),
        disk: object({ total: whole(), free: whole(), reserve: whole(), full: flag() }),
        implementation: text(),
        logBytes: whole({ description: "Of all topics." }),
        writtenBytes: whole({ description: "Through the journal and by compaction, since the start." }),
        writtenBytesPerDay: orNull(
          whole({ description: "By the pace since the start; null in the first minute." }),
        ),
        commitMedianMs: orNull(number()),
        wear: orNull(WEAR),
        quarantined: whole({ description: "Damaged files and ranges that were put aside since the start." }),
        topics: list(
          object({
            name: text(),
            internal: flag(),
            bytes: whole(),
            oldestMs: orNull(whole({ description: "Timestamp of the oldest record." })),
            retention: RETENTION,
          }),
        ),
      }),
    },
    handle: ({ parts }) => json(200, storage(parts)),
  },
];

function storage({ broker, status }: Gateway): object {
  const { store, topicDefaults } = broker;
  const { log, uptimeMs, wear } = status.status();
  const { journalBytes, compaction, quarantines } = store.status();
  const space = store.space();
  const writtenBytes = journalBytes + compaction.writtenBytes;
  const topics = Array.from(broker.topics.all(), ({ name, internal, partitions, configs }) => {
    const config = (key: string) => effectiveTopicConfig(key, configs, topicDefaults);
    const bounded = (key: string) => Math.min(Number(config(key)), Number.MAX_SAFE_INTEGER);
    let bytes = 0;
    let oldestMs: number | null = null;
    for (const { log } of partitions) {
      bytes += log.sizeBytes;
      const first = log.sizeBytes === 0 ? null : log.offsetForTimestamp(0);
      if (first !== null && first.timestampMs >= 0)
        oldestMs = Math.min(oldestMs ?? first.timestampMs, first.timestampMs);
    }
    const cleanupPolicy = config("cleanup.policy");
    const retention = { cleanupPolicy, ms: bounded("retention.ms"), bytes: bounded("retention.bytes") };
    return { name, internal, bytes, oldestMs, retention };
  });
  return {
    folder: log.folder,
    disk: { total: space.totalBytes, free: space.usableBytes, reserve: log.reserveBytes, full: log.full },
    implementation: log.disk,
    logBytes: topics.reduce((sum, { bytes }) => sum + bytes, 0),
    writtenBytes,
    writtenBytesPerDay: uptimeMs < MIN_UPTIME_MS ? null : Math.round((writtenBytes / uptimeMs) * DAY_MS),
    commitMedianMs: log.commitMedianMs,
    wear,
    quarantined: quarantines,
    topics: topics.sort((a, b) => b.bytes - a.bytes),
  };
}
