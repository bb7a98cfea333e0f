import { HeadwaterError } from "../../base/errors.ts";
import { offset } from "../../base/ids.ts";
import { BatchBuilder } from "../../records/builder.ts";
import type { Broker } from "../broker.ts";
import { STATE_CONFIGS } from "../own-topics.ts";
import type { Partition } from "../partition.ts";
import { replayRecords } from "../replay.ts";
import type { DeviceFacts } from "./device.ts";
import { BUCKETS, bucketOf, type DeviceTable } from "./device-table.ts";

/** The internal topic that the registry is kept in. */
const STATE_TOPIC = "__headwater_devices";
/** One part of the largest table that settings allow is smaller. */
const MAX_PART_BYTES = 32 * 1024 * 1024;
const CONFIGS = new Map([...STATE_CONFIGS, ["max.message.bytes", String(MAX_PART_BYTES)]]);
/** Once so much, and as much as everything takes, was written, everything is, and what was before goes. */
const MIN_GROWTH_BYTES = 4 * 1024 * 1024;
const WHOLE = "all";

/** Where to read on, by `TOPIC_ID/PARTITION`: records below are counted. */
export type Offsets = Readonly<Record<string, number>>;

interface KeptWhole {
  readonly offsets: Offsets;
  readonly forgotten: number;
  readonly incomplete: readonly string[];
}

interface KeptBucket {
  readonly offsets: Offsets;
  readonly devices: readonly (Omit<DeviceFacts, "value"> & { readonly value: string | null })[];
}

type KeptRecord = readonly [name: string, value: object];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A save that goes on over some turns of the event loop: parts, then the whole, as of when it began. */
export interface DeviceSave {
  readonly offsets: Offsets;
  readonly startOffset: number;
  /** Whether it stands for everything that was written before. */
  readonly isComplete: boolean;
  readonly parts: readonly number[];
  next: number;
  writtenBytes: number;
  isRefused: boolean;
}

/**
 * Keeps a table over restarts, in parts. Each part says up to where the records of its devices are counted; the record of
 * the whole, which comes last, says it for the parts that had nothing new, and is left out where the log has refused
 * one that had. So every record is counted once, wherever a save is cut short.
 */
export class DeviceStore {
  readonly #table: DeviceTable;
  readonly #partition: Partition;
  readonly #broker: Broker;
  readonly #offsets: () => Offsets;
  readonly #builder = new BatchBuilder();
  /** Of what was read at the start: of every bucket. */
  readonly #counted: Offsets[] = Array.from({ length: BUCKETS }, () => ({}));
  #whole: Offsets = {};
  /** Of everything, when it was last written or read. */
  #completeBytes = 0;
  #grownBytes = 0;

  /** `offsets` tells up to where records were taken. Throws DISK_IO where the topic can't be opened. */
  constructor(broker: Broker, table: DeviceTable, offsets: () => Offsets) {
    this.#broker = broker;
    this.#table = table;
    this.#offsets = offsets;
    this.#partition = broker.internalPartition(STATE_TOPIC, CONFIGS);
    this.#restore(this.#read());
    this.#grownBytes = Math.max(0, this.#partition.log.sizeBytes - this.#completeBytes);
  }

  /** What `start` is of, all of it. */
  get starts(): Offsets {
    return this.#whole;
  }

  /** Where to begin to read a partition; 0 where it is new. */
  start(partition: string): number {
    return this.#whole[partition] ?? 0;
  }

  /** Whether a record was counted before the restart, though it stands behind `start`. */
  isCounted(partition: string, key: string, offset: number): boolean {
    return offset < (this.#counted[bucketOf(key)]?.[partition] ?? 0);
  }

  /** The largest offset below which some bucket has counted; `isCounted` need not be asked from there on. */
  countedEnd(partition: string): number {
    return this.#counted.reduce((end, counted) => Math.max(end, counted[partition] ?? 0), 0);
  }

  /** Begins to write down what has changed by now: everything, where what was written before has become much. */
  begin(): DeviceSave {
    const isComplete = this.#grownBytes > Math.max(MIN_GROWTH_BYTES, this.#completeBytes);
    const parts = isComplete ? Array.from({ length: BUCKETS }, (_, bucket) => bucket) : this.#table.changed();
    const startOffset = this.#partition.log.logEndOffset;
    const offsets = this.#offsets();
    return { offsets, startOffset, isComplete, parts, next: 0, writtenBytes: 0, isRefused: false };
  }

  /** Goes on with a save by one part; false once it is done. What the log refuses is written another time. */
  step(save: DeviceSave): boolean {
    const bucket = save.parts[save.next];
    if (bucket === undefined) {
      this.#end(save);
      return false;
    }
    save.next += 1;
    const isTaken = this.#append(save, this.#bucketRecord(bucket), (error) => {
      if (error !== 0) this.#table.change(bucket);
    });
    if (!isTaken) {
      save.isRefused = true;
      this.#table.change(bucket);
    }
    return true;
  }

  /** All that changed, at once. */
  saveNow(): void {
    const save = this.begin();
    while (this.step(save));
  }

  #end(save: DeviceSave): void {
    if (save.isRefused) return;
    const isTaken = this.#append(save, this.#wholeRecord(save.offsets), (error) => {
      if (error === 0 && save.isComplete) this.#partition.log.deleteRecordsBefore(offset(save.startOffset));
    });
    if (!isTaken || !save.isComplete) return;
    this.#completeBytes = save.writtenBytes;
    this.#grownBytes = 0;
  }

  /** The newest of each record, as text. */
  #read(): ReadonlyMap<string, string> {
    const newest = new Map<string, string>();
    const isWhole = replayRecords(this.#partition, (record) => {
      const [key, value] = [record.key(), record.value()];
      if (key !== null && value !== null) newest.set(decoder.decode(key), decoder.decode(value));
    });
    if (!isWhole) this.#broker.reportDamage(STATE_TOPIC);
    return newest;
  }

  #restore(records: ReadonlyMap<string, string>): void {
    const all: DeviceFacts[] = [];
    for (const [name, text] of records) {
      this.#completeBytes += text.length;
      const kept: unknown = JSON.parse(text);
      if (name === WHOLE) {
        this.#restoreWhole(kept as KeptWhole);
        continue;
      }
      const { offsets, devices } = kept as KeptBucket;
      this.#counted[Number(name)] = offsets;
      for (const device of devices) {
        all.push({ ...device, value: device.value === null ? null : Uint8Array.fromBase64(device.value) });
      }
    }
    this.#table.restore(all, this.#broker.clock.monotonicMs());
  }

  #restoreWhole({ offsets, forgotten, incomplete }: KeptWhole): void {
    this.#whole = offsets;
    this.#table.forgotten = forgotten;
    this.#table.incomplete.clear();
    for (const topic of incomplete) this.#table.incomplete.add(topic);
  }

  /** Whether the log has taken it; `durable` says later whether it keeps it. */
  #append(save: DeviceSave, [name, value]: KeptRecord, durable: (error: number) => void): boolean {
    const nowMs = this.#broker.clock.nowMs();
    this.#builder.reset();
    this.#builder.append(nowMs, encoder.encode(name), encoder.encode(JSON.stringify(value)), null);
    const batch = this.#builder.buildView();
    try {
      const result = this.#partition.append(batch, 0, batch.length, nowMs, "broker");
      if ("message" in result) return false;
      save.writtenBytes += batch.length;
      this.#grownBytes += batch.length;
      this.#partition.whenDurable(result.lastOffset + 1, durable);
      return true;
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return false;
    }
  }

  #bucketRecord(bucket: number): KeptRecord {
    const devices = this.#table
      .bucket(bucket)
      .map((facts) => ({ ...facts, value: facts.value?.toBase64() ?? null }));
    const offsets: Record<string, number> = { ...this.#offsets() };
    // While what was read once is read again, the part is ahead of the rest.
    for (const [partition, end] of Object.entries(this.#counted[bucket] ?? {})) {
      const position = offsets[partition];
      if (position !== undefined) offsets[partition] = Math.max(position, end);
    }
    return [String(bucket), { offsets, devices } satisfies KeptBucket];
  }

  #wholeRecord(offsets: Offsets): KeptRecord {
    const { forgotten, incomplete } = this.#table;
    return [WHOLE, { offsets, forgotten, incomplete: [...incomplete] } satisfies KeptWhole];
  }
}
