import { HeadwaterError } from "../../base/errors.ts";
import type { IngestRecord } from "../../broker/ingest.ts";
import { ERROR, errorName } from "../../kafka/wire/generated/errors.ts";
import { partitionForKey } from "../../records/murmur2.ts";
import type { MirrorSettings } from "./settings.ts";
import type { MirrorTarget, OpenTarget } from "./target.ts";

/** A record on its way here, copied from what was fetched. */
export interface Arrival {
  /** At the centre; -1 for a deletion that stands for none. */
  readonly offset: number;
  readonly record: IngestRecord;
}

export interface WriterHooks {
  written(records: number): void;
  /** No batch here has room for it. Resolves once it may be passed over. */
  tooLarge(arrival: Arrival, centralPartition: number): Promise<void>;
  /** The log takes nothing, or, with null, it does again. */
  refused(reason: string | null): void;
  /** Resolves after this time, or when it is time to stop: then false. */
  wait(failures: number): Promise<boolean>;
}

/** Appends what arrives, in the order of each local partition, each batch once it is known that the one before it is there. */
export class MirrorWriter {
  readonly #settings: MirrorSettings;
  readonly #target: MirrorTarget;
  readonly #hooks: WriterHooks;

  constructor(settings: MirrorSettings, target: MirrorTarget, hooks: WriterHooks) {
    this.#settings = settings;
    this.#target = target;
    this.#hooks = hooks;
  }

  /** Resolves once no power cut can take any of it. Rejects where the topic was made again meanwhile, or it is time to stop. */
  async append(arrivals: readonly Arrival[], about: OpenTarget, centralPartition: number): Promise<void> {
    // Where the topic gains partitions meanwhile, what is left is placed anew.
    for (let left = arrivals; left.length > 0; ) {
      const { partitions } = this.#current(about);
      const groups = Map.groupBy(left, ({ record }) =>
        localPartition(record.key, partitions, centralPartition),
      );
      const rests = await Promise.all(
        Array.from(groups.values(), (group) => this.#appendGroup(group, about, partitions, centralPartition)),
      );
      left = rests.flat();
    }
    if (arrivals.length > 0) await this.#target.madeDurable(this.#settings.topic);
  }

  /** Returns what is left once the partitions are others. */
  async #appendGroup(
    group: readonly Arrival[],
    about: OpenTarget,
    partitions: number,
    centralPartition: number,
  ): Promise<readonly Arrival[]> {
    let done = 0;
    for (const batch of this.#batches(group)) {
      if (!(await this.#appendBatch(batch, about, partitions, centralPartition))) return group.slice(done);
      done += batch.length;
    }
    return [];
  }

  *#batches(arrivals: readonly Arrival[]): Iterable<readonly Arrival[]> {
    let batch: Arrival[] = [];
    let sizeBytes = 0;
    for (const arrival of arrivals) {
      const { key, value, headers } = arrival.record;
      const size = (key?.length ?? 0) + (value?.length ?? 0) + (headers?.length ?? 0);
      if (batch.length > 0 && sizeBytes + size > this.#settings.limits.batchBytes) {
        yield batch;
        batch = [];
        sizeBytes = 0;
      }
      batch.push(arrival);
      sizeBytes += size;
    }
    if (batch.length > 0) yield batch;
  }

  /** One batch, until it is there; false where the partitions are others by now. A refusal is waited out. */
  async #appendBatch(
    batch: readonly Arrival[],
    about: OpenTarget,
    partitions: number,
    centralPartition: number,
  ): Promise<boolean> {
    const records = batch.map(({ record }) => record);
    const placement = placementOf(records[0]?.key ?? null, centralPartition);
    for (let failures = 1; ; failures += 1) {
      if (this.#current(about).partitions !== partitions) return false;
      const pending = this.#target.append(records, placement);
      await this.#target.settled(pending);
      if (pending.state === "durable") {
        if (failures > 1) this.#hooks.refused(null);
        this.#hooks.written(records.length);
        return true;
      }
      if (pending.error === ERROR.MESSAGE_TOO_LARGE || pending.error === ERROR.RECORD_LIST_TOO_LARGE) {
        return await this.#split(batch, about, partitions, centralPartition);
      }
      const { topic } = this.#settings;
      this.#hooks.refused(`${topic} takes nothing (${pending.why ?? errorName(pending.error)})`);
      if (!(await this.#hooks.wait(failures))) {
        throw new HeadwaterError("LOG_FENCED", `stopped while ${topic} took nothing`, { topic });
      }
    }
  }

  async #split(
    batch: readonly Arrival[],
    about: OpenTarget,
    partitions: number,
    centralPartition: number,
  ): Promise<boolean> {
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) {
      await this.#hooks.tooLarge(only, centralPartition);
      return true;
    }
    for (const arrival of batch) {
      // One by one, so that it is known how many are there where the partitions change.
      if (!(await this.#appendBatch([arrival], about, partitions, centralPartition))) {
        throw new HeadwaterError("NETWORK", `${this.#settings.topic} gained partitions amid large records`);
      }
    }
    return true;
  }

  /** An append must not make a topic anew that is gone: what is left of a chunk would be its first records. */
  #current(about: OpenTarget): OpenTarget {
    const now = this.#target.find(this.#settings.topic);
    if (now?.topicId === about.topicId) return now;
    const { topic } = this.#settings;
    throw new HeadwaterError("NETWORK", `${topic} was deleted or made again here`, { topic });
  }
}

/** What a record is placed by: its key, as Kafka's own partitioner does, or the central partition it came from. */
function placementOf(key: Uint8Array | null, centralPartition: number): Uint8Array {
  return key ?? new TextEncoder().encode(String(centralPartition));
}

export function localPartition(key: Uint8Array | null, partitions: number, centralPartition: number): number {
  return partitionForKey(placementOf(key, centralPartition), partitions);
}
