import type { Int64, Uuid } from "../../../base/ids.ts";

/** An offset that was committed. */
export interface CommittedOffset {
  /** The next record to read. */
  readonly offset: Int64;
  /** -1 where the client did not say. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestampMs: number;
  /** Wall time at which it is forgotten, asked for by old clients; -1: by the broker's setting. */
  readonly expireTimestampMs: number;
  /** The topic it was committed for; ZERO_UUID where the log does not tell. */
  readonly topicId: Uuid;
  /** Of its record in the log: of two commits the later one counts. */
  readonly recordOffset: number;
}

type Partitions = Map<number, CommittedOffset>;
type Topics = Map<string, Partitions>;

/** Offsets by group, topic and partition. */
export class OffsetTable {
  readonly #groups = new Map<string, Topics>();
  #size = 0;
  #metadataLength = 0;

  get size(): number {
    return this.#size;
  }

  /** Characters of all metadata texts. */
  get metadataLength(): number {
    return this.#metadataLength;
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | null {
    return this.#groups.get(groupId)?.get(topic)?.get(partition) ?? null;
  }

  has(groupId: string): boolean {
    return this.#groups.has(groupId);
  }

  groupIds(): Iterable<string> {
    return this.#groups.keys();
  }

  /** A group's offsets, by topic and partition. */
  ofGroup(groupId: string): ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> {
    return this.#groups.get(groupId) ?? NO_TOPICS;
  }

  set(groupId: string, topic: string, partition: number, committed: CommittedOffset): void {
    let topics = this.#groups.get(groupId);
    if (topics === undefined) {
      topics = new Map();
      this.#groups.set(groupId, topics);
    }
    let partitions = topics.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      topics.set(topic, partitions);
    }
    const before = partitions.get(partition);
    if (before === undefined) this.#size += 1;
    this.#metadataLength += committed.metadata.length - (before?.metadata.length ?? 0);
    partitions.set(partition, committed);
  }

  delete(groupId: string, topic: string, partition: number): void {
    const topics = this.#groups.get(groupId);
    const partitions = topics?.get(topic);
    const before = partitions?.get(partition);
    if (topics === undefined || partitions === undefined || before === undefined) return;
    partitions.delete(partition);
    this.#size -= 1;
    this.#metadataLength -= before.metadata.length;
    if (partitions.size > 0) return;
    topics.delete(topic);
    if (topics.size === 0) this.#groups.delete(groupId);
  }
}

const NO_TOPICS: ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> = new Map();

/** Offsets that count, and those that wait for their transaction's end. */
export class OffsetStore {
  readonly committed = new OffsetTable();
  /** By producer id. */
  readonly #pending = new Map<number, OffsetTable>();
  /** The producers with a transaction that offsets of a group wait in. */
  readonly #producersOfGroup = new Map<string, Set<number>>();

  /** All of them, waiting ones included. */
  get size(): number {
    let size = this.committed.size;
    for (const table of this.#pending.values()) size += table.size;
    return size;
  }

  /** Characters of the metadata of all of them. */
  get metadataLength(): number {
    let length = this.committed.metadataLength;
    for (const table of this.#pending.values()) length += table.metadataLength;
    return length;
  }

  /** Holds an offset until the producer's transaction ends. */
  setPending(
    producerId: number,
    groupId: string,
    topic: string,
    partition: number,
    committed: CommittedOffset,
  ): void {
    let table = this.#pending.get(producerId);
    if (table === undefined) {
      table = new OffsetTable();
      this.#pending.set(producerId, table);
    }
    table.set(groupId, topic, partition, committed);
    const producers = this.#producersOfGroup.get(groupId);
    if (producers === undefined) this.#producersOfGroup.set(groupId, new Set([producerId]));
    else producers.add(producerId);
  }

  /** Forgets an offset, also where a transaction would bring it back. */
  delete(groupId: string, topic: string, partition: number): void {
    this.committed.delete(groupId, topic, partition);
    for (const producerId of this.#producersOfGroup.get(groupId) ?? []) {
      this.#pending.get(producerId)?.delete(groupId, topic, partition);
    }
  }

  endTransaction(producerId: number, outcome: "commit" | "abort"): void {
    const table = this.#pending.get(producerId);
    if (table === undefined) return;
    this.#pending.delete(producerId);
    for (const [groupId, producers] of this.#producersOfGroup) {
      if (producers.delete(producerId) && producers.size === 0) this.#producersOfGroup.delete(groupId);
    }
    if (outcome === "abort") return;
    for (const groupId of table.groupIds()) {
      for (const [topic, partitions] of table.ofGroup(groupId)) {
        for (const [partition, offset] of partitions) this.#commit(groupId, topic, partition, offset);
      }
    }
  }

  hasPending(groupId: string): boolean {
    return this.#producersOfGroup.has(groupId);
  }

  isPending(groupId: string, topic: string, partition: number): boolean {
    const producers = this.#producersOfGroup.get(groupId);
    if (producers === undefined) return false;
    for (const producerId of producers) {
      if ((this.#pending.get(producerId)?.get(groupId, topic, partition) ?? null) !== null) return true;
    }
    return false;
  }

  /** Topic and partition of every offset of a group, waiting ones included, each once. */
  *positions(groupId: string): Iterable<readonly [string, number]> {
    for (const [topic, partitions] of this.committed.ofGroup(groupId)) {
      for (const partition of partitions.keys()) yield [topic, partition];
    }
    const seen = new Set<string>();
    for (const producerId of this.#producersOfGroup.get(groupId) ?? []) {
      for (const [topic, partitions] of this.#pending.get(producerId)?.ofGroup(groupId) ?? []) {
        for (const partition of partitions.keys()) {
          const name = `${partition}/${topic}`;
          if (seen.has(name) || this.committed.get(groupId, topic, partition) !== null) continue;
          seen.add(name);
          yield [topic, partition];
        }
      }
    }
  }

  /** Group and partition of every offset of a topic, waiting ones included. */
  *positionsOfTopic(topic: string): Iterable<readonly [string, number]> {
    for (const groupId of this.committed.groupIds()) {
      for (const partition of this.committed.ofGroup(groupId).get(topic)?.keys() ?? []) {
        yield [groupId, partition];
      }
    }
    for (const table of this.#pending.values()) {
      for (const groupId of table.groupIds()) {
        for (const partition of table.ofGroup(groupId).get(topic)?.keys() ?? []) {
          if (this.committed.get(groupId, topic, partition) === null) yield [groupId, partition];
        }
      }
    }
  }

  /** Every group that has an offset, waiting ones included. */
  groupIds(): ReadonlySet<string> {
    return new Set([...this.committed.groupIds(), ...this.#producersOfGroup.keys()]);
  }

  /** What was committed after the transaction wrote its offset stays. */
  #commit(groupId: string, topic: string, partition: number, offset: CommittedOffset): void {
    const standing = this.committed.get(groupId, topic, partition);
    if (standing !== null && standing.recordOffset > offset.recordOffset) return;
    this.committed.set(groupId, topic, partition, offset);
  }
}
