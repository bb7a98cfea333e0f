import { hasCode } from "../../base/errors.ts";
import type { Int64, Uuid } from "../../base/ids.ts";
import type { Logger } from "../../base/logger.ts";
import type { AckCallback } from "../../broker/waiting.ts";
import type { Clock } from "../../io/clock.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import {
  readShareSnapshotKey,
  SHARE_SNAPSHOT_KEY,
  type ShareSnapshotKey,
} from "../../kafka/wire/generated/share-snapshot-key.ts";
import {
  readShareSnapshotValue,
  SHARE_SNAPSHOT_VALUE,
  type StateBatch,
} from "../../kafka/wire/generated/share-snapshot-value.ts";
import { readShareUpdateKey, SHARE_UPDATE_KEY } from "../../kafka/wire/generated/share-update-key.ts";
import { readShareUpdateValue, SHARE_UPDATE_VALUE } from "../../kafka/wire/generated/share-update-value.ts";
import type {
  CoordinatorLog,
  CoordinatorRecord,
  CoordinatorState,
  LoggedRecord,
} from "../runtime/coordinator-log.ts";
import { encodeRecord, encodeTombstone, openKey, openValue } from "../runtime/record-codec.ts";
import type { DeliveryState, StateChange } from "./run-list.ts";

/** One share partition: a partition of a topic, as one group sees it. */
export type SharePartitionId = ShareSnapshotKey;

/** What is kept of one share partition. `startOffset` is -1 before the first read decided where to begin. */
export interface KeptPartition {
  readonly id: SharePartitionId;
  readonly snapshotEpoch: number;
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: number;
  /** Records above the start offset that are done with; -1 where that is not known. */
  readonly deliveryCompleteCount: number;
  readonly batches: readonly StateChange[];
  readonly createdMs: number;
  /** Offset of the snapshot that later updates change. */
  readonly snapshotOffset: number;
  readonly updates: number;
}

/** What a write changes: later batches stand for earlier ones that they overlap. */
export interface StateWrite {
  readonly startOffset: number;
  readonly deliveryCompleteCount: number;
  readonly batches: readonly StateChange[];
}

export interface ShareStateParts {
  /** Makes the log that is replayed into this state. */
  readonly openLog: (state: CoordinatorState) => CoordinatorLog & { load(): void };
  readonly clock: Clock;
  readonly logger: Logger;
  /** Removes records that no start needs any more: those before this offset. */
  readonly prune: (before: number) => void;
  /** Share partitions of all groups together; those that the log tells of are taken beyond the bound. */
  readonly maxPartitions?: number;
}

/** Share partitions of all groups together. A group has one for each partition that it subscribes to. */
const MAX_SHARE_PARTITIONS = 200_000;
/** Updates of a share partition after which it is written down whole. */
const UPDATES_PER_SNAPSHOT = 500;
/** Records of the log, beyond those that a start needs, after which the others are removed. */
const PRUNE_EVERY_RECORDS = 5000;
/** A share partition that was not written down whole for so long is then, so that others can be removed. */
const COLD_AFTER_RECORDS = 2500;
/** Records that one append may hold. */
const RECORDS_PER_APPEND = 500;

const STATE_CODES: Readonly<Record<DeliveryState, number>> = {
  available: 0,
  acquired: 1,
  acknowledged: 2,
  archiving: 3,
  archived: 4,
};
const STATES_BY_CODE: readonly DeliveryState[] = [
  "available",
  "acquired",
  "acknowledged",
  "archiving",
  "archived",
];

/**
 * What every share group has done with every partition, replayed from `__share_group_state` in Kafka's records:
 * a snapshot of a share partition, then updates of it. `archiving` is a state of Kafka's share version 2.
 */
export class ShareState implements CoordinatorState {
  readonly #log: CoordinatorLog & { load(): void };
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #prune: (before: number) => void;
  readonly #groups = new Map<string, Map<string, KeptPartition>>();
  readonly #maxPartitions: number;
  #count = 0;
  #endOffset = 0;
  #prunedAt = 0;

  constructor(parts: ShareStateParts) {
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#prune = parts.prune;
    this.#maxPartitions = parts.maxPartitions ?? MAX_SHARE_PARTITIONS;
    this.#log = parts.openLog(this);
  }

  load(): void {
    this.#log.load();
  }

  get(id: SharePartitionId): KeptPartition | null {
    return this.#groups.get(id.groupId)?.get(partitionKey(id)) ?? null;
  }

  /** All that is kept of a group. */
  ofGroup(groupId: string): readonly KeptPartition[] {
    return [...(this.#groups.get(groupId)?.values() ?? [])];
  }

  /** All that is kept of a topic, over all groups. */
  ofTopic(topicId: Uuid): readonly KeptPartition[] {
    const found: KeptPartition[] = [];
    for (const group of this.#groups.values()) {
      for (const kept of group.values()) if (kept.id.topicId === topicId) found.push(kept);
    }
    return found;
  }

  *all(): Iterable<KeptPartition> {
    for (const group of this.#groups.values()) yield* group.values();
  }

  /** Calls back once all that is here now is durable: answers to reads wait for it. */
  whenDurable(done: AckCallback): void {
    this.#log.whenDurable(done);
  }

  /**
   * Begins share partitions at a start offset (-1: the first read decides), or begins them anew. `done` gets 0
   * once that is durable, or POLICY_VIOLATION where there are as many as may be.
   */
  initialize(
    partitions: readonly { readonly id: SharePartitionId; readonly startOffset: number }[],
    stateEpoch: number,
    done: AckCallback,
  ): void {
    const added = partitions.filter(({ id }) => this.get(id) === null).length;
    if (added > 0 && this.#count + added > this.#maxPartitions) {
      done(ERROR.POLICY_VIOLATION);
      return;
    }
    const nowMs = this.#clock.nowMs();
    const records = partitions.map(({ id, startOffset }) =>
      this.#snapshotRecord({
        id,
        snapshotEpoch: (this.get(id)?.snapshotEpoch ?? -1) + 1,
        stateEpoch,
        leaderEpoch: 0,
        startOffset,
        deliveryCompleteCount: startOffset === -1 ? -1 : 0,
        batches: [],
        createdMs: nowMs,
        snapshotOffset: -1,
        updates: 0,
      }),
    );
    this.#appendAll(records, done);
  }

  /**
   * Writes down a change. Returns Kafka's error where it was refused, and `done` is not called then; else `done`
   * gets 0 once it is durable, or the error where it never will be.
   */
  write(id: SharePartitionId, change: StateWrite, done: AckCallback): number {
    const kept = this.get(id);
    if (kept === null) return ERROR.UNKNOWN_TOPIC_OR_PARTITION;
    const record =
      kept.updates >= UPDATES_PER_SNAPSHOT
        ? this.#snapshotRecord({ ...updated(kept, change), snapshotEpoch: kept.snapshotEpoch + 1 })
        : encodeRecord(
            SHARE_UPDATE_KEY,
            id,
            SHARE_UPDATE_VALUE,
            {
              snapshotEpoch: kept.snapshotEpoch,
              leaderEpoch: kept.leaderEpoch,
              startOffset: change.startOffset,
              deliveryCompleteCount: change.deliveryCompleteCount,
              stateBatches: mergeBatches([], change.batches, change.startOffset).map(toStateBatch),
            },
            SHARE_UPDATE_VALUE.maxVersion,
          );
    let refused = 0;
    let returned = false;
    this.#log.append([record], (error) => {
      if (!returned && error !== 0) refused = error;
      else done(error);
    });
    returned = true;
    if (refused === 0) this.#tidy();
    return refused;
  }

  /** Forgets share partitions. `done` gets 0 once they can't come back. */
  remove(ids: readonly SharePartitionId[], done: AckCallback): void {
    this.#appendAll(
      ids.map((id) => encodeTombstone(SHARE_SNAPSHOT_KEY, id)),
      done,
    );
  }

  apply(record: LoggedRecord): void {
    this.#endOffset = record.offset + 1;
    try {
      const { type, reader } = openKey(record.key);
      const value = record.value === null ? null : openValue(record.value);
      if (type === SHARE_SNAPSHOT_KEY.apiKey) {
        const id = readShareSnapshotKey(reader, 0);
        if (value === null) this.#forget(id);
        else this.#applySnapshot(id, readShareSnapshotValue(value.reader, value.version), record.offset);
      } else if (type === SHARE_UPDATE_KEY.apiKey && value !== null) {
        this.#applyUpdate(readShareUpdateKey(reader, 0), readShareUpdateValue(value.reader, value.version));
      }
    } catch (error) {
      // One damaged record must not keep all queues from starting.
      if (!hasCode(error, "MALFORMED") && !hasCode(error, "UNSUPPORTED")) throw error;
      this.#logger.warn("a record of the share groups' state can't be read", {
        offset: record.offset,
        reason: error.message,
      });
    }
  }

  endTransaction(): void {}

  #applySnapshot(
    id: SharePartitionId,
    value: ReturnType<typeof readShareSnapshotValue>,
    offset: number,
  ): void {
    let group = this.#groups.get(id.groupId);
    if (group === undefined) {
      group = new Map();
      this.#groups.set(id.groupId, group);
    }
    const startOffset = safeOffset(value.startOffset);
    if (!group.has(partitionKey(id))) this.#count += 1;
    group.set(partitionKey(id), {
      id,
      snapshotEpoch: value.snapshotEpoch,
      stateEpoch: value.stateEpoch,
      leaderEpoch: value.leaderEpoch,
      startOffset,
      deliveryCompleteCount: value.deliveryCompleteCount,
      batches: mergeBatches([], value.stateBatches.flatMap(fromStateBatch), startOffset),
      createdMs: Number(value.createTimestamp),
      snapshotOffset: offset,
      updates: 0,
    });
  }

  #applyUpdate(id: SharePartitionId, value: ReturnType<typeof readShareUpdateValue>): void {
    const kept = this.get(id);
    // An update whose snapshot was removed says nothing any more.
    if (kept === null || value.snapshotEpoch < kept.snapshotEpoch) return;
    const change = {
      startOffset: safeOffset(value.startOffset),
      deliveryCompleteCount: value.deliveryCompleteCount,
      batches: value.stateBatches.flatMap(fromStateBatch),
    };
    this.#groups.get(id.groupId)?.set(partitionKey(id), updated(kept, change));
  }

  #forget(id: SharePartitionId): void {
    const group = this.#groups.get(id.groupId);
    if (group?.delete(partitionKey(id)) === true) this.#count -= 1;
    if (group?.size === 0) this.#groups.delete(id.groupId);
  }

  #snapshotRecord(kept: KeptPartition): CoordinatorRecord {
    return encodeRecord(
      SHARE_SNAPSHOT_KEY,
      kept.id,
      SHARE_SNAPSHOT_VALUE,
      {
        snapshotEpoch: kept.snapshotEpoch,
        stateEpoch: kept.stateEpoch,
        leaderEpoch: kept.leaderEpoch,
        startOffset: kept.startOffset,
        deliveryCompleteCount: kept.deliveryCompleteCount,
        createTimestamp: kept.createdMs,
        writeTimestamp: this.#clock.nowMs(),
        stateBatches: kept.batches.map(toStateBatch),
      },
      SHARE_SNAPSHOT_VALUE.maxVersion,
    );
  }

  /** In as many appends as it takes; the last one's end is the end of all, since they are in one log. */
  #appendAll(records: readonly CoordinatorRecord[], done: AckCallback): void {
    if (records.length === 0) {
      this.whenDurable(done);
      return;
    }
    let failed = 0;
    for (let at = 0; at < records.length; at += RECORDS_PER_APPEND) {
      const last = at + RECORDS_PER_APPEND >= records.length;
      this.#log.append(records.slice(at, at + RECORDS_PER_APPEND), (error) => {
        if (failed === 0) failed = error;
        if (last) done(failed);
      });
    }
    this.#tidy();
  }

  /** Removes what no start needs; writes down anew what was not written for long and keeps older records. */
  #tidy(): void {
    if (this.#endOffset - this.#prunedAt < PRUNE_EVERY_RECORDS) return;
    this.#prunedAt = this.#endOffset;
    const cold: CoordinatorRecord[] = [];
    for (const group of this.#groups.values()) {
      for (const kept of group.values()) {
        if (kept.snapshotOffset >= this.#endOffset - COLD_AFTER_RECORDS) continue;
        cold.push(this.#snapshotRecord({ ...kept, snapshotEpoch: kept.snapshotEpoch + 1 }));
        if (cold.length === RECORDS_PER_APPEND) break;
      }
      if (cold.length === RECORDS_PER_APPEND) break;
    }
    if (cold.length > 0) this.#log.append(cold, () => {});
    // What is removed is gone at once: the snapshots that count now have to be durable first.
    const needed = this.#neededFrom();
    this.whenDurable((error) => {
      if (error === 0) this.#prune(needed);
    });
  }

  /** The first record that a start needs. */
  #neededFrom(): number {
    let needed = this.#endOffset;
    for (const group of this.#groups.values()) {
      for (const { snapshotOffset } of group.values()) needed = Math.min(needed, snapshotOffset);
    }
    return needed;
  }
}

function updated(kept: KeptPartition, change: StateWrite): KeptPartition {
  const startOffset = change.startOffset === -1 ? kept.startOffset : change.startOffset;
  return {
    ...kept,
    startOffset,
    deliveryCompleteCount: change.deliveryCompleteCount,
    batches: mergeBatches(kept.batches, change.batches, startOffset),
    updates: kept.updates + 1,
  };
}

/** Older batches where no newer one speaks of their offsets; sorted, joined, and nothing below the start offset. */
export function mergeBatches(
  older: readonly StateChange[],
  newer: readonly StateChange[],
  startOffset: number,
): StateChange[] {
  const later = [...newer].sort((a, b) => a.firstOffset - b.firstOffset);
  const all = [...withoutOverlap(older, later), ...later].sort((a, b) => a.firstOffset - b.firstOffset);
  const merged: StateChange[] = [];
  for (const batch of all) {
    if (batch.lastOffset < startOffset) continue;
    const last = merged.at(-1);
    const firstOffset = Math.max(batch.firstOffset, startOffset, (last?.lastOffset ?? -1) + 1);
    if (firstOffset > batch.lastOffset) continue;
    if (
      last !== undefined &&
      last.lastOffset + 1 === firstOffset &&
      last.state === batch.state &&
      last.deliveryCount === batch.deliveryCount
    ) {
      merged[merged.length - 1] = { ...last, lastOffset: batch.lastOffset };
    } else merged.push({ ...batch, firstOffset });
  }
  return merged;
}

function withoutOverlap(older: readonly StateChange[], later: readonly StateChange[]): StateChange[] {
  const left: StateChange[] = [];
  let from = 0;
  for (const batch of older) {
    while (from < later.length && (later[from]?.lastOffset ?? 0) < batch.firstOffset) from++;
    let position = batch.firstOffset;
    for (let at = from; at < later.length; at++) {
      const over = later[at];
      if (over === undefined || over.firstOffset > batch.lastOffset) break;
      if (over.firstOffset > position) {
        left.push({ ...batch, firstOffset: position, lastOffset: over.firstOffset - 1 });
      }
      position = Math.max(position, over.lastOffset + 1);
    }
    if (position <= batch.lastOffset) left.push({ ...batch, firstOffset: position });
  }
  return left;
}

function partitionKey({ topicId, partition }: SharePartitionId): string {
  return `${topicId}/${partition}`;
}

function toStateBatch({ firstOffset, lastOffset, state, deliveryCount }: StateChange): StateBatch {
  return { firstOffset, lastOffset, deliveryState: STATE_CODES[state], deliveryCount };
}

/** None where it can't be: a record of ours never holds such, and damage must not stop the start. */
function fromStateBatch(batch: StateBatch): StateChange[] {
  const state = STATES_BY_CODE[batch.deliveryState];
  const firstOffset = safeOffset(batch.firstOffset);
  const lastOffset = safeOffset(batch.lastOffset);
  if (state === undefined || firstOffset < 0 || lastOffset < firstOffset) return [];
  return [{ firstOffset, lastOffset, state, deliveryCount: batch.deliveryCount, cause: null }];
}

function safeOffset(value: Int64): number {
  return typeof value === "number" && value >= 0 ? value : -1;
}
