import type { Uuid } from "../base/ids.ts";
import { murmur2 } from "../records/murmur2.ts";
import { type Account, decodeAccount, encodeAccount } from "./account.ts";
import { type Branch, decodeBranch, encodeBranch } from "./lineage.ts";

/**
 * How far the local logs have been forwarded.
 *
 * At the centre it is kept as committed offsets of the group `headwater.GATEWAY.UPLINK`, in the same transaction as the
 * records. Apache Kafka refuses a commit for a partition that the topic does not have there, and source and
 * central partition counts differ freely, so commits are slots: slot q of a central topic is its partition q, and
 * holds every source partition p with (hash of the local topic's id + p) mod count = q, of all local topics that lead
 * there. The committed offset is the position of the first of them, for people
 * who look; what counts is in the metadata, at most `MAX_METADATA_BYTES`:
 *
 *   1;INSTANCE;SEQUENCE;TOPIC_ID;P=HISTORY[|HISTORY...][!ACCOUNT],...[;TOPIC_ID;...]
 *
 * A HISTORY is OFFSET[~EPOCH][@RUN:START/RUN:START...], see lineage.ts; the first is the one in force. An ACCOUNT says what
 * became of the offsets below it, see account.ts; it is left out where there is no room for it, or nobody knows.
 * INSTANCE names the forwarder that wrote it, SEQUENCE grows with every commit. A position counts only for the
 * log with that topic id. Where the count of central partitions has changed, a source partition may stand in two
 * slots; the entry with the higher sequence is the newer one.
 */
export interface Slot {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** Who wrote a slot last: how a forwarder sees that another copy of its gateway is at work. */
export interface Claim {
  readonly instance: string;
  readonly sequence: number;
}

export interface SlotContent extends Claim {
  readonly logs: readonly LogPositions[];
}

export interface LogPositions {
  readonly topicId: Uuid;
  /** Next offset to forward by partition. */
  readonly next: ReadonlyMap<number, number>;
  /** The same with what else is known of a partition's histories, the one in force first. */
  readonly branches?: ReadonlyMap<number, readonly Branch[]>;
  /** What became of the offsets below the first of them; left out where that is not known. */
  readonly accounts?: ReadonlyMap<number, Account>;
}

/** Apache Kafka's default for offset.metadata.max.bytes is 4,096. */
export const MAX_METADATA_BYTES = 4096;
const FORMAT = "1";

/** The metadata of a slot. The caller compares its length with `MAX_METADATA_BYTES`; it is ASCII. */
export function encodeSlot(content: SlotContent): string {
  const logs = content.logs.map(({ topicId, next, branches, accounts }) => {
    const entries = [...next].map(([partition, offset]) => {
      const histories = branches?.get(partition)?.map(encodeBranch) ?? [String(offset)];
      const account = accounts?.get(partition);
      const counts = account === undefined ? "" : `!${encodeAccount(account)}`;
      return `${partition}=${histories.join("|")}${counts}`;
    });
    return `${topicId};${entries.join(",")}`;
  });
  return [FORMAT, content.instance, content.sequence, ...logs].join(";");
}

/** The content of a slot's metadata, or null where it is not ours. */
export function decodeSlot(metadata: string | null): SlotContent | null {
  const parts = (metadata ?? "").split(";");
  const sequence = Number(parts[2]);
  if (parts[0] !== FORMAT || parts.length % 2 !== 1 || !Number.isSafeInteger(sequence)) return null;
  const logs: LogPositions[] = [];
  for (let index = 3; index < parts.length; index += 2) {
    const entries = decodeEntries(parts[index + 1] ?? "");
    if (entries === null) return null;
    const next = new Map(
      Array.from(entries.branches, ([partition, [first]]) => [partition, first?.next ?? 0]),
    );
    logs.push({ topicId: (parts[index] ?? "") as Uuid, next, ...entries });
  }
  return { instance: parts[1] ?? "", sequence, logs };
}

interface Entries {
  readonly branches: Map<number, readonly Branch[]>;
  readonly accounts: Map<number, Account>;
}

function decodeEntries(text: string): Entries | null {
  const entries: Entries = { branches: new Map(), accounts: new Map() };
  if (text === "") return entries;
  for (const entry of text.split(",")) {
    const [partition = "", value = "", ...more] = entry.split("=");
    const [histories = "", counts, ...others] = value.split("!");
    const branches = histories.split("|").map(decodeBranch);
    const account = counts === undefined ? undefined : decodeAccount(counts);
    if (!/^\d+$/.test(partition) || !isCount(Number(partition)) || more.length + others.length > 0)
      return null;
    if (branches.includes(null) || account === null) return null;
    entries.branches.set(
      Number(partition),
      branches.filter((branch) => branch !== null),
    );
    if (account !== undefined) entries.accounts.set(Number(partition), account);
  }
  return entries;
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0;
}

export function sameClaim(a: Claim, b: Claim | null): boolean {
  return b !== null && a.instance === b.instance && a.sequence === b.sequence;
}

/** The newest claim in these slots, or null where none is ours. */
export function newestClaim(slots: readonly Slot[]): Claim | null {
  let newest: Claim | null = null;
  for (const slot of slots) {
    const content = decodeSlot(slot.metadata);
    if (content !== null && (newest === null || content.sequence > newest.sequence)) {
      newest = { instance: content.instance, sequence: content.sequence };
    }
  }
  return newest;
}

/** Has the first partition of each log in another slot, so that many small topics that share slots fill all of them. */
export function slotShift(topicId: Uuid): number {
  return murmur2(new TextEncoder().encode(topicId)) >>> 0;
}

/** Ids of the logs that slots hold positions of. */
export function logsInSlots(slots: readonly Slot[]): ReadonlySet<Uuid> {
  return new Set(
    slots.flatMap(({ metadata }) => decodeSlot(metadata)?.logs.map(({ topicId }) => topicId) ?? []),
  );
}

/** The positions that slots hold for the log `topicId`: next offset by partition. */
export function positionsInSlots(slots: readonly Slot[], topicId: Uuid): Map<number, number> {
  const branches = branchesInSlots(slots, topicId);
  return new Map(Array.from(branches, ([partition, [first]]) => [partition, first?.next ?? 0]));
}

/** The same with what else they know of a partition's histories, the one in force first. */
export function branchesInSlots(slots: readonly Slot[], topicId: Uuid): Map<number, readonly Branch[]> {
  return entriesInSlots(slots, topicId).branches;
}

/** All that they know of a log's partitions. */
export function entriesInSlots(
  slots: readonly Slot[],
  topicId: Uuid,
): Pick<Required<LogPositions>, "branches" | "accounts"> & Entries {
  const found: Entries = { branches: new Map(), accounts: new Map() };
  const sequences = new Map<number, number>();
  for (const slot of slots) {
    const content = decodeSlot(slot.metadata);
    for (const log of content?.logs ?? []) {
      if (content === null || log.topicId !== topicId) continue;
      for (const [partition, branches] of log.branches ?? []) {
        if (content.sequence < (sequences.get(partition) ?? -1)) continue;
        sequences.set(partition, content.sequence);
        found.branches.set(partition, branches);
        const account = log.accounts?.get(partition);
        if (account === undefined) found.accounts.delete(partition);
        else found.accounts.set(partition, account);
      }
    }
  }
  return found;
}

/**
 * Where an uplink keeps its position locally: a small value, replaced whole. With `delivery = "idempotent"` this
 * is the position; with transactions it is what remains once the centre has forgotten the group's offsets, which
 * Apache Kafka does seven days (offsets.retention.minutes) after the last commit.
 */
export interface PositionStore {
  /** The value saved last, or null. Rejects with HeadwaterError. */
  load(): Promise<Uint8Array | null>;
  /** Resolves once the value is durable. Calls don't overlap. Rejects with HeadwaterError. */
  save(value: Uint8Array): Promise<void>;
}

/**
 * The saved position. Records between it and a crash may be at the centre already: they lie at or behind
 * `centralEnds`, and are looked up there before anything is sent again.
 */
export interface StoredPosition {
  /** Cluster id of the centre that it is about. */
  readonly centre: string;
  /** False where nothing was sent after the position was saved: nothing needs to be looked up. */
  readonly sending: boolean;
  readonly topics: readonly StoredTopicPosition[];
  /** How the centre said that the last transaction ended, before its producer id was taken anew. */
  readonly ended?: StoredEnd;
  /** What became of offsets that no position tells of any more: of topics that are gone, or before a position was moved back. */
  readonly closed?: StoredTally;
}

export interface StoredTally {
  readonly forwarded: number;
  readonly filtered: number;
  readonly gapped: number;
  readonly empty: number;
}

export interface StoredEnd {
  readonly producerId: number;
  /** As the coordinator had it after that end. */
  readonly producerEpoch: number;
  readonly committed: boolean;
}

export interface StoredTopicPosition {
  readonly topic: string;
  readonly topicId: Uuid;
  /** The topic at the centre, where it has another name. */
  readonly central?: string;
  /** The run of the data folder that saved it, where that is known: see lineage.ts. */
  readonly run?: string;
  /** Next offset to forward, by source partition. */
  readonly next: readonly (readonly [partition: number, offset: number])[];
  /** Of partitions whose history in force is not their first. */
  readonly epochs?: readonly (readonly [partition: number, epoch: number])[];
  /** What became of the offsets below `next`, of partitions where that is known. */
  readonly accounts?: readonly (readonly [partition: number, account: string])[];
  /** Id of the topic at the centre, where it has one: another topic of the same name has another. */
  readonly centralId?: string;
  /** By central partition: the central offset behind the last record of this uplink that was acknowledged. */
  readonly centralEnds: readonly number[];
}

export function encodeStoredPosition(position: StoredPosition): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ format: 1, ...position }));
}

/** The stored position, or null where the bytes are none of ours. */
export function decodeStoredPosition(bytes: Uint8Array | null): StoredPosition | null {
  if (bytes === null) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isStoredPosition(value) ? value : null;
  } catch {
    return null;
  }
}

function isStoredPosition(value: unknown): value is StoredPosition {
  if (!isObject(value) || value.format !== 1) return false;
  const { centre, sending, topics, ended, closed } = value;
  return (
    typeof centre === "string" &&
    typeof sending === "boolean" &&
    Array.isArray(topics) &&
    topics.every(isStoredTopic) &&
    (ended === undefined || isStoredEnd(ended)) &&
    (closed === undefined || isStoredTally(closed))
  );
}

function isStoredEnd(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { producerId, producerEpoch, committed } = value;
  return (
    Number.isSafeInteger(producerId) && Number.isSafeInteger(producerEpoch) && typeof committed === "boolean"
  );
}

function isStoredTally(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { forwarded, filtered, gapped, empty } = value;
  return [forwarded, filtered, gapped, empty].every((count) => Number.isSafeInteger(count));
}

function isStoredTopic(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { topic, topicId, central = "", run = "", next, epochs = [], accounts = [] } = value;
  const { centralEnds, centralId = "" } = value;
  return (
    typeof topic === "string" &&
    typeof topicId === "string" &&
    typeof central === "string" &&
    typeof run === "string" &&
    Array.isArray(next) &&
    next.every((entry) => Array.isArray(entry) && entry.length === 2 && entry.every(isCount)) &&
    Array.isArray(epochs) &&
    epochs.every((entry) => Array.isArray(entry) && entry.length === 2 && entry.every(isCount)) &&
    Array.isArray(accounts) &&
    accounts.every((entry) => Array.isArray(entry) && isCount(entry[0]) && typeof entry[1] === "string") &&
    typeof centralId === "string" &&
    Array.isArray(centralEnds) &&
    centralEnds.every((end) => typeof end === "number" && Number.isSafeInteger(end))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
