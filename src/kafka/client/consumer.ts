import { HeadwaterError } from "../../base/errors.ts";
import type { RecordCursor } from "../../records/reader.ts";
import { ERROR, errorName } from "../wire/generated/errors.ts";
import { backoffMs, DEFAULT_BACKOFF, sleep } from "./backoff.ts";
import type { KafkaCluster } from "./cluster.ts";
import { type FetchedPartition, type FetchOptions, fetchFrom, walkRecords } from "./fetch.ts";
import { LIST_OFFSET, listOffsets } from "./offsets.ts";

export const DEFAULT_FETCH_OPTIONS: FetchOptions = {
  isolation: "read_committed",
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 50 * 1024 * 1024,
  partitionMaxBytes: 1024 * 1024,
};

/** Where to start in a partition: an offset, an end of the log, or the first record at or after a time. */
export type StartAt = number | "earliest" | "latest" | { readonly timestampMs: number };

interface Assigned {
  readonly topic: string;
  readonly partition: number;
  offset: number;
  /** Offset behind the last record that can be read, as of the last fetch; -1 before it. */
  end: number;
}

/**
 * Reads partitions by assignment, without a group. Leaders that move are followed; brokers that don't answer are
 * tried again with back-off for as long as `poll` is called.
 */
export class PartitionConsumer {
  readonly #cluster: KafkaCluster;
  readonly #options: FetchOptions;
  readonly #assigned: Assigned[] = [];
  #failures = 0;

  constructor(cluster: KafkaCluster, options: Partial<FetchOptions> = {}) {
    this.#cluster = cluster;
    this.#options = { ...DEFAULT_FETCH_OPTIONS, ...options };
  }

  /** Assigns all partitions of a topic. Throws HeadwaterError where there is no such topic or nobody answers. */
  async assignTopic(topic: string, start: StartAt): Promise<void> {
    const [metadata] = await this.#cluster.refresh([topic]);
    if (metadata === undefined || metadata.error !== 0) {
      const reason = errorName(metadata?.error ?? ERROR.UNKNOWN_TOPIC_OR_PARTITION);
      throw new HeadwaterError("NETWORK", `topic ${topic}: ${reason}`, { topic });
    }
    const partitions = metadata.partitions.map((_, index) => index);
    const offsets = await this.#resolve(topic, partitions, start);
    for (const partition of partitions) this.assign(topic, partition, offsets[partition] as number);
  }

  /** Assigns one partition from an offset on. */
  assign(topic: string, partition: number, offset: number): void {
    this.#assigned.push({ topic, partition, offset, end: -1 });
  }

  /** The next offset of each assigned partition. */
  positions(): readonly { readonly topic: string; readonly partition: number; readonly offset: number }[] {
    return this.#assigned.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  }

  /**
   * Whether every partition has been read to the end that its last fetch reported. An open transaction of anybody
   * is such an end under read_committed.
   */
  get atEnd(): boolean {
    return this.#assigned.every(({ offset, end }) => end >= 0 && offset >= end);
  }

  /**
   * Fetches once from every leader and hands over the records in each partition's order. The cursor is only good
   * during the call. Returns how many there were. Throws HeadwaterError MALFORMED for a batch that does not hold
   * together, NETWORK for an error that trying again does not help.
   */
  async poll(onRecord: (topic: string, partition: number, record: RecordCursor) => void): Promise<number> {
    const byLeader = Map.groupBy(this.#assigned, ({ topic, partition }) =>
      this.#cluster.leaderOf(topic, partition),
    );
    const answers = await Promise.all(
      [...byLeader].map(([leader, assigned]) =>
        leader === null ? [] : fetchFrom(this.#cluster, leader, assigned, this.#options),
      ),
    );
    let records = 0;
    let troubled = byLeader.has(null);
    for (const fetched of answers.flat()) {
      const assigned = this.#find(fetched);
      if (fetched.error === 0) records += this.#take(assigned, fetched, onRecord);
      else if (fetched.error === ERROR.OFFSET_OUT_OF_RANGE) await this.#comeBackIntoRange(assigned);
      else troubled = true;
      if (FINAL.has(fetched.error)) throw finalError(fetched);
    }
    if (troubled) await this.#recover();
    else this.#failures = 0;
    return records;
  }

  #take(
    assigned: Assigned,
    fetched: FetchedPartition,
    onRecord: (topic: string, partition: number, record: RecordCursor) => void,
  ): number {
    const committed = this.#options.isolation === "read_committed";
    let records = 0;
    assigned.end = committed ? fetched.lastStableOffset : fetched.highWatermark;
    assigned.offset = walkRecords(fetched, this.#options.isolation, (record) => {
      records += 1;
      onRecord(fetched.topic, fetched.partition, record);
      return undefined;
    });
    return records;
  }

  /** Retention passed the position: on with what is left. */
  async #comeBackIntoRange(assigned: Assigned): Promise<void> {
    const { topic, partition } = assigned;
    const query = { topic, partition, timestampMs: LIST_OFFSET.earliest };
    const [found] = await listOffsets(this.#cluster, [query], this.#options.isolation);
    if (found?.error === 0) assigned.offset = found.offset;
  }

  async #recover(): Promise<void> {
    this.#failures += 1;
    const { clock, random } = this.#cluster.seams;
    await sleep(clock, backoffMs(this.#failures, DEFAULT_BACKOFF, random));
    const topics = [...new Set(this.#assigned.map(({ topic }) => topic))];
    await this.#cluster.refresh(topics).catch(() => []);
  }

  async #resolve(topic: string, partitions: readonly number[], start: StartAt): Promise<readonly number[]> {
    if (typeof start === "number") return partitions.map(() => start);
    const timestampMs = typeof start === "object" ? start.timestampMs : LIST_OFFSET[start];
    const found = await this.#list(topic, partitions, timestampMs);
    if (typeof start !== "object" || found.every((offset) => offset >= 0)) return found;
    // Nothing as late as that: from the end on.
    const ends = await this.#list(topic, partitions, LIST_OFFSET.latest);
    return found.map((offset, index) => (offset >= 0 ? offset : (ends[index] as number)));
  }

  async #list(topic: string, partitions: readonly number[], timestampMs: number): Promise<readonly number[]> {
    const queries = partitions.map((partition) => ({ topic, partition, timestampMs }));
    for (let failures = 1; ; failures += 1) {
      const found = await listOffsets(this.#cluster, queries, this.#options.isolation);
      const bad = found.find(({ error }) => error !== 0);
      if (bad === undefined) return found.map(({ offset }) => offset);
      if (failures > MAX_LIST_FAILURES || FINAL.has(bad.error)) {
        throw new HeadwaterError("NETWORK", `offsets of ${topic}-${bad.partition}: ${errorName(bad.error)}`);
      }
      await this.#recoverList(topic, failures);
    }
  }

  async #recoverList(topic: string, failures: number): Promise<void> {
    const { clock, random } = this.#cluster.seams;
    await sleep(clock, backoffMs(failures, DEFAULT_BACKOFF, random));
    await this.#cluster.refresh([topic]).catch(() => []);
  }

  #find({ topic, partition }: FetchedPartition): Assigned {
    const found = this.#assigned.find((entry) => entry.topic === topic && entry.partition === partition);
    if (found === undefined) throw new HeadwaterError("MALFORMED", `${topic}-${partition} was not asked for`);
    return found;
  }
}

const MAX_LIST_FAILURES = 10;

/** Trying again does not help. */
const FINAL: ReadonlySet<number> = new Set([
  ERROR.TOPIC_AUTHORIZATION_FAILED,
  ERROR.INVALID_TOPIC_EXCEPTION,
  ERROR.UNSUPPORTED_VERSION,
]);

function finalError({ topic, partition, error }: FetchedPartition): HeadwaterError {
  return new HeadwaterError("NETWORK", `${topic}-${partition}: ${errorName(error)}`, { topic, partition });
}
