import { type LeaderEpoch, type Offset, type Uuid, uuidFromBytes } from "../../src/base/ids.ts";
import type { Disk } from "../../src/io/disk.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import type { AppendResult } from "../../src/log/append-read.ts";
import {
  DEFAULT_LOG_CONFIG,
  type LogBug,
  type LogConfig,
  type LogLimits,
  type LogReport,
} from "../../src/log/log-config.ts";
import { LogStore } from "../../src/log/log-store.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { BatchBuilder, type BuildOptions } from "../../src/records/builder.ts";
import { type DecodedRecord, decodeRecords } from "../../src/records/reader.ts";

export const EPOCH = 0 as LeaderEpoch;
export const ROOT = "/data";

/** A topic id that is the same for the same number. */
export function topicId(number: number): Uuid {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, (number + 1000) >>> 0);
  return uuidFromBytes(bytes);
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** A batch of records with these values; keys are `device-<n>`. */
export function batchOf(
  values: readonly string[],
  options: BuildOptions & { readonly timestampMs?: number; readonly key?: string } = {},
): Uint8Array {
  const builder = new BatchBuilder();
  const { timestampMs = 1000, key = null, ...build } = options;
  for (const [i, value] of values.entries()) {
    builder.append(timestampMs + i, key === null ? null : text(key), text(value), null);
  }
  return builder.build(build);
}

/** What a test sees of reports, as lines. */
export class Reports implements Required<LogReport> {
  readonly lines: string[] = [];

  recovered(log: { topic: string; partition: number }, details: { endOffset: number }): void {
    this.lines.push(`recovered ${log.topic}-${log.partition} to ${details.endOffset}`);
  }
  tornTail(log: { topic: string; partition: number }, endOffset: number): void {
    this.lines.push(`torn ${log.topic}-${log.partition} at ${endOffset}`);
  }
  cutBatches(
    log: { topic: string; partition: number },
    cut: { endOffset: number; fromOffset: number; toOffset: number; path: string | null },
  ): void {
    const kept = cut.path === null ? "lost" : "kept";
    this.lines.push(
      `cut ${log.topic}-${log.partition} at ${cut.endOffset}: ${cut.fromOffset} to ${cut.toOffset}, ${kept}`,
    );
  }
  quarantined(
    log: { topic: string; partition: number } | null,
    _path: string,
    from: number,
    to: number,
    why: string,
  ): void {
    this.lines.push(
      `quarantined ${log === null ? "?" : `${log.topic}-${log.partition}`} ${from} to ${to}: ${why}`,
    );
  }
  fenced(log: { topic: string; partition: number }, _error: unknown, why: string): void {
    this.lines.push(`fenced ${log.topic}-${log.partition}: ${why}`);
  }
  deleted(log: { topic: string; partition: number }, from: number, to: number, reason: string): void {
    this.lines.push(`deleted ${log.topic}-${log.partition} ${from} to ${to}: ${reason}`);
  }
  diskFull(full: boolean, _freeBytes: number, limit: string): void {
    if (limit === "disk-full") this.lines.push(full ? "disk full" : "disk has space");
    else this.lines.push(full ? `${limit} reached` : `space below ${limit}`);
  }
  warning(message: string): void {
    this.lines.push(`warning ${message}`);
  }

  matching(start: string): string[] {
    return this.lines.filter((line) => line.startsWith(start));
  }
}

export const SMALL_LIMITS: Partial<LogLimits> = {
  journalBytes: 64 * 1024,
  journalRoundBytes: 16 * 1024,
  directBytes: 4 * 1024,
  segmentFirstBytes: 1024,
  segmentGrowthBytes: 8 * 1024,
  reserveBytes: 0,
};

export const SMALL_CONFIG: LogConfig = {
  ...DEFAULT_LOG_CONFIG,
  segmentBytes: 8 * 1024,
  indexIntervalBytes: 512,
  retentionMs: -1,
};

export interface Opened {
  readonly store: LogStore;
  readonly clock: ManualClock;
  readonly reports: Reports;
}

export interface OpenOptions {
  readonly disk: Disk;
  readonly clock?: ManualClock;
  readonly folder?: string;
  readonly limits?: Partial<LogLimits>;
  readonly config?: LogConfig;
  readonly bugs?: ReadonlySet<LogBug>;
}

export async function openStore(options: OpenOptions): Promise<Opened> {
  const reports = new Reports();
  const clock = options.clock ?? new ManualClock();
  const store = await LogStore.open({
    disk: options.disk,
    clock,
    random: new SeededRandom(7),
    folder: options.folder ?? ROOT,
    limits: { ...SMALL_LIMITS, ...options.limits },
    report: reports,
    configFor: () => options.config ?? SMALL_CONFIG,
    ...(options.bugs === undefined ? {} : { bugs: options.bugs }),
  });
  return { store, clock, reports };
}

export function createLog(
  store: LogStore,
  topic = "readings",
  partition = 0,
  config = SMALL_CONFIG,
): PartitionLog {
  return store.create({ topic, topicId: topicId(Bun.hash.crc32(topic)), partition }, config);
}

export function append(
  log: PartitionLog,
  batch: Uint8Array,
  origin: "client" | "broker" = "client",
  nowMs = 1,
): AppendResult {
  return log.append(batch, 0, batch.length, { leaderEpoch: EPOCH, nowMs, origin });
}

/** Appends, and expects it to be taken. Gives the base offset. */
export function mustAppend(log: PartitionLog, batch: Uint8Array, nowMs = 1): number {
  const result = append(log, batch, "client", nowMs);
  if (result.error !== 0)
    throw new Error(`append refused with ${result.error}: ${"message" in result ? result.message : ""}`);
  return "baseOffset" in result ? result.baseOffset : -1;
}

/** All records below the high watermark from `from` on. */
export function readAll(
  log: PartitionLog,
  from: number = log.logStartOffset,
  maxBytes = 1024 * 1024,
): DecodedRecord[] {
  const records: DecodedRecord[] = [];
  let next = from as Offset;
  while (next < log.highWatermark) {
    const read = log.read(next, maxBytes, { minOneBatch: true, until: log.highWatermark });
    if (read.error !== 0) throw new Error(`read at ${next} failed with ${read.error}`);
    if (read.bytes.length === 0 || !("nextOffset" in read)) break;
    for (const record of decodeRecords(read.bytes)) if (record.offset >= next) records.push(record);
    next = read.nextOffset;
  }
  return records;
}

/** Whoever reads on comes to the log's end, from wherever it begins: nobody waits at a hole. */
export function expectEndIsReached(log: PartitionLog): void {
  for (let from: number = log.logStartOffset; from < log.highWatermark; from++) {
    let next = from as Offset;
    while (next < log.highWatermark) {
      const read = log.read(next, 1, { minOneBatch: true, until: log.highWatermark });
      if (!("nextOffset" in read) || read.nextOffset <= next)
        throw new Error(`a reader that began at ${from} gets no further than ${next}`);
      next = read.nextOffset;
    }
  }
}

export function valuesOf(records: readonly DecodedRecord[]): string[] {
  return records.map((record) => (record.value === null ? "" : new TextDecoder().decode(record.value)));
}
