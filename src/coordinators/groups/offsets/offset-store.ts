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

/** What several tables hold together: how much, and which groups have offsets of a topic. */
class OffsetTotals {
  size = 0;
  /** Characters of all metadata texts. */
  metadataLength = 0;
  /** By topic and group: how many of the tables. */
  readonly #groupsOfTopic = new Map<string, Map<string, number>>();

  groupsOf(topic: string): Iterable<string> {
    return this.#groupsOfTopic.get(topic)?.keys() ?? [];
  }

  topics(): Iterable<string> {
    return this.#groupsOfTopic.keys();
  }

  /** A table holds offsets of this topic for this group from here on. */
  enter(topic: string, groupId: string): void {
    let groups = this.#groupsOfTopic.get(topic);
    if (groups === undefined) {
      groups = new Map();
      this.#groupsOfTopic.set(topic, groups);
    }
    groups.set(groupId, (groups.get(groupId) ?? 0) + 1);
  }

  /** It does no more. */
  leave(topic: string, groupId: string): void {
    const groups = this.#groupsOfTopic.get(topic);
    const count = groups?.get(groupId);
    if (groups === undefined || count === undefined) return;
    if (count > 1) groups.set(groupId, count - 1);
    else groups.delete(groupId);
    if (groups.size === 0) this.#groupsOfTopic.delete(topic);
  }
}

/** Offsets by group, topic and partition. */
class OffsetTable {
  readonly #groups = new Map<string, Topics>();
  readonly #totals: OffsetTotals;

  constructor(totals: OffsetTotals) {
    this.#totals = totals;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
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
      this.#totals.enter(topic, groupId);
    }
    const before = partitions.get(partition);
    if (before === undefined) this.#totals.size += 1;
    this.#totals.metadataLength += committed.metadata.length - (before?.metadata.length ?? 0);
    partitions.set(partition, committed);
  }

  delete(groupId: string, topic: string, partition: number): void {
    const topics = this.#groups.get(groupId);
    const partitions = topics?.get(topic);
    const before = partitions?.get(partition);
    if (topics === undefined || partitions === undefined || before === undefined) return;
    partitions.delete(partition);
    this.#totals.size -= 1;
    this.#totals.metadataLength -= before.metadata.length;
    if (partitions.size > 0) return;
    topics.delete(topic);
    this.#totals.leave(topic, groupId);
    if (topics.size === 0) this.#groups.delete(groupId);
  }

  /** Its offsets count no more; they stay readable. */
  release(): void {
    for (const [groupId, topics] of this.#groups) {
      for (const [topic, partitions] of topics) {
        this.#totals.leave(topic, groupId);
        this.#totals.size -= partitions.size;
        for (const { metadata } of partitions.values()) this.#totals.metadataLength -= metadata.length;
      }
    }
  }
}

const NO_TOPICS: ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>> = new Map();

/** Offsets that count, and those that wait for their transaction's end. */
export class OffsetStore {
  /** Of the committed and of all that wait. */
  readonly #totals = new OffsetTotals();
  readonly committed = new OffsetTable(this.#totals);
  /** By producer id. */
  readonly #pending = new Map<number, OffsetTable>();
  /** The producers with a transaction that offsets of a group wait in. */
  readonly #producersOfGroup = new Map<string, Set<number>>();

  /** All of them, waiting ones included. */
  get size(): number {
    return this.#totals.size;
  }

  /** Characters of the metadata of all of them. */
  get metadataLength(): number {
    return this.#totals.metadataLength;
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
      table = new OffsetTable(this.#totals);
      this.#pending.set(producerId, table);
    }
    table.set(groupId, topic, partition, committed);
    const producers = this.#producersOfGroup.get(groupId);
    if (producers === undefined) this.#producersOfGroup.set(groupId, new Set([producerId]));
    else producers.add(producerId);
  }

  /** The offset that waits for the end of this producer's transaction, or null. */
  getPending(producerId: number, groupId: string, topic: string, partition: number): CommittedOffset | null {
    return this.#pending.get(producerId)?.get(groupId, topic, partition) ?? null;
  }

  /** Forgets an offset, also where a transaction would bring it back. */
  delete(groupId: string, topic: string, partition: number): void {
    this.committed.delete(groupId, topic, partition);
    for (const producerId of this.#producersOfGroup.get(groupId) ?? []) {
      const table = this.#pending.get(producerId);
      if (table === undefined) continue;
      table.delete(groupId, topic, partition);
      if (!table.has(groupId)) this.#dropProducer(groupId, producerId);
      if (table.isEmpty) this.#pending.delete(producerId);
    }
  }

  endTransaction(producerId: number, outcome: "commit" | "abort"): void {
    const table = this.#pending.get(producerId);
    if (table === undefined) return;
    this.#pending.delete(producerId);
    table.release();
    for (const groupId of table.groupIds()) this.#dropProducer(groupId, producerId);
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

  /** Topics that some group has an offset of, waiting ones included. */
  topics(): readonly string[] {
    return [...this.#totals.topics()];
  }

  /** Group and partition of every offset of a topic, waiting ones included. */
  *positionsOfTopic(topic: string): Iterable<readonly [string, number]> {
    for (const groupId of this.#totals.groupsOf(topic)) {
      const partitions = new Set(this.committed.ofGroup(groupId).get(topic)?.keys());
      for (const producerId of this.#producersOfGroup.get(groupId) ?? []) {
        const waiting = this.#pending.get(producerId)?.ofGroup(groupId).get(topic);
        for (const partition of waiting?.keys() ?? []) partitions.add(partition);
      }
      for (const partition of partitions) yield [groupId, partition];
    }
  }

  /** Every group that has an offset, waiting ones included. */
  groupIds(): ReadonlySet<string> {
    return new Set([...this.committed.groupIds(), ...this.#producersOfGroup.keys()]);
  }

  /** No offset of the group waits for this producer any more. */
  #dropProducer(groupId: string, producerId: number): void {
    const producers = this.#producersOfGroup.get(groupId);
    if (producers?.delete(producerId) && producers.size === 0) this.#producersOfGroup.delete(groupId);
  }

  /** What was committed after the transaction wrote its offset stays. */
  #commit(groupId: string, topic: string, partition: number, offset: CommittedOffset): void {
    const standing = this.committed.get(groupId, topic, partition);
    if (standing !== null && standing.recordOffset > offset.recordOffset) return;
    this.committed.set(groupId, topic, partition, offset);
  }
}
