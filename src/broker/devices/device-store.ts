import { HeadwaterError } from "../../base/errors.ts";
import type { Broker } from "../broker.ts";
import { STATE_CONFIGS } from "../own-topics.ts";
import { StateLog, type StateRecord } from "../state-log.ts";
import type { DeviceFacts } from "./device.ts";
import { BUCKETS, bucketOf, type DeviceTable } from "./device-table.ts";

/** The internal topic that the registry is kept in. */
const STATE_TOPIC = "__headwater_devices";
/** Beyond it the whole is written anew, and what was before goes. */
const MAX_LOG_BYTES = 4 * 1024 * 1024;
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

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Keeps a table over restarts, in parts. Each part says up to where the records of its devices are counted; the record of
 * the whole, which comes last, says it for the parts that had nothing new. So every record is counted once, wherever a
 * crash cuts a save short.
 */
export class DeviceStore {
  readonly #table: DeviceTable;
  readonly #log: StateLog;
  readonly #offsets: () => Offsets;
  /** Of what was read at the start: of every bucket. */
  readonly #counted: Offsets[] = Array.from({ length: BUCKETS }, () => ({}));
  #whole: Offsets = {};

  /** `offsets` tells up to where records were taken. Throws DISK_IO where the topic can't be opened. */
  constructor(broker: Broker, table: DeviceTable, offsets: () => Offsets) {
    this.#table = table;
    this.#offsets = offsets;
    const partition = broker.internalPartition(STATE_TOPIC, STATE_CONFIGS);
    this.#log = new StateLog(partition, broker.clock, MAX_LOG_BYTES, () => this.#snapshot());
    const buckets = new Map<string, KeptBucket>();
    const complete = this.#log.replay(({ key, value }) => {
      if (key === null || value === null) return;
      const name = decoder.decode(key);
      const kept: unknown = JSON.parse(decoder.decode(value));
      if (name === WHOLE) this.#restoreWhole(kept as KeptWhole);
      else buckets.set(name, kept as KeptBucket);
    });
    if (!complete) broker.reportDamage(STATE_TOPIC);
    const all: DeviceFacts[] = [];
    for (const [name, { offsets: counted, devices }] of buckets) {
      this.#counted[Number(name)] = counted;
      for (const device of devices) {
        all.push({ ...device, value: device.value === null ? null : Uint8Array.fromBase64(device.value) });
      }
    }
    table.restore(all, broker.clock.monotonicMs());
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

  /** Writes a part that changed; `false` where there is none. What the log refuses is written another time. */
  savePart(): boolean {
    const [bucket] = this.#table.dirty;
    if (bucket === undefined) return false;
    this.#table.dirty.delete(bucket);
    this.#write([this.#bucketRecord(bucket)], () => this.#table.dirty.add(bucket));
    return true;
  }

  /** Ends a save that began when records were taken up to `offsets`. */
  saveWhole(offsets: Offsets): void {
    this.#write([this.#wholeRecord(offsets)], () => {});
    this.#log.shorten();
  }

  /** All that changed, at once. */
  saveNow(): void {
    const offsets = this.#offsets();
    // Each part is written once, also where it is refused.
    for (let left = this.#table.dirty.size; left > 0 && this.savePart(); left -= 1);
    this.saveWhole(offsets);
  }

  #restoreWhole({ offsets, forgotten, incomplete }: KeptWhole): void {
    this.#whole = offsets;
    this.#table.forgotten = forgotten;
    this.#table.incomplete.clear();
    for (const topic of incomplete) this.#table.incomplete.add(topic);
  }

  #write(records: readonly StateRecord[], refused: () => void): void {
    try {
      const error = this.#log.append(records, (code) => {
        if (code !== 0) refused();
      });
      if (error !== 0) refused();
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      refused();
    }
  }

  #snapshot(): readonly StateRecord[] {
    const buckets = Array.from({ length: BUCKETS }, (_, bucket) => this.#bucketRecord(bucket));
    return [...buckets, this.#wholeRecord(this.#offsets())];
  }

  #bucketRecord(bucket: number): StateRecord {
    const devices = this.#table
      .bucket(bucket)
      .map((facts) => ({ ...facts, value: facts.value?.toBase64() ?? null }));
    const offsets: Record<string, number> = { ...this.#offsets() };
    // While what was read once is read again, the part is ahead of the rest.
    for (const [partition, end] of Object.entries(this.#counted[bucket] ?? {})) {
      const offset = offsets[partition];
      if (offset !== undefined) offsets[partition] = Math.max(offset, end);
    }
    return record(String(bucket), { offsets, devices } satisfies KeptBucket);
  }

  #wholeRecord(offsets: Offsets): StateRecord {
    const { forgotten, incomplete } = this.#table;
    return record(WHOLE, { offsets, forgotten, incomplete: [...incomplete] } satisfies KeptWhole);
  }
}

function record(name: string, value: object): StateRecord {
  return { key: encoder.encode(name), value: encoder.encode(JSON.stringify(value)) };
}
