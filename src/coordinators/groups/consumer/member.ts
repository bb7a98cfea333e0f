import type { Uuid } from "../../../base/ids.ts";
import type { ClassicMemberMetadata } from "../../../kafka/wire/generated/consumer-group-member-metadata-value.ts";
import type { Assignment } from "../modern/assignment.ts";

/**
 * Where a member stands on its way to its target: there; asked to give partitions up, and not yet known to have
 * done so; or waiting for partitions that others still hold. "unknown" is what a later version wrote.
 */
export type MemberState = "stable" | "unrevoked" | "unreleased" | "unknown";

/** Partitions, each with the epoch since which the member has it without a break (KIP-1251). */
export type EpochAssignment = ReadonlyMap<Uuid, ReadonlyMap<number, number>>;

export const NO_EPOCHS: EpochAssignment = new Map();

/** The epoch of a joining member, and of one that has not been answered yet. */
export const JOINING_EPOCH = 0;
/** What a member says that leaves for good, and what a deleted member's epoch is until it is gone. */
export const LEAVING_EPOCH = -1;
/** What a static member says that means to come back, and its epoch until it does. */
export const AWAY_EPOCH = -2;

/** A member of a consumer group. Never changed in place. */
export interface ConsumerMember {
  readonly memberId: string;
  readonly epoch: number;
  /** The one before: a member whose answer was lost still speaks of it. */
  readonly previousEpoch: number;
  readonly state: MemberState;
  readonly instanceId: string | null;
  readonly rackId: string | null;
  readonly clientId: string;
  /** Address with a slash before it, as Kafka shows it. */
  readonly clientHost: string;
  /** How long it may take to give partitions up; -1 until it has said so. */
  readonly rebalanceTimeoutMs: number;
  /** Names it subscribes to, sorted, none twice. */
  readonly topicNames: ReadonlySet<string>;
  /** Empty for none. */
  readonly topicRegex: string;
  readonly assignor: string | null;
  /** What it has. */
  readonly assigned: EpochAssignment;
  /** What it still has and was asked to give up. */
  readonly revoking: EpochAssignment;
  /** Of a member that speaks the classic protocol. */
  readonly classic: ClassicMemberMetadata | null;
}

export function newMember(memberId: string): ConsumerMember {
  return {
    memberId,
    epoch: 0,
    previousEpoch: -1,
    state: "stable",
    instanceId: null,
    rackId: null,
    clientId: "",
    clientHost: "",
    rebalanceTimeoutMs: -1,
    topicNames: new Set(),
    topicRegex: "",
    assignor: null,
    assigned: NO_EPOCHS,
    revoking: NO_EPOCHS,
    classic: null,
  };
}

/** Names in the one form in which they are compared and written. */
export function topicNameSet(names: Iterable<string>): ReadonlySet<string> {
  return new Set([...new Set(names)].sort());
}

/** Whether it has its target of this epoch, whole. */
export function isReconciledTo(member: ConsumerMember, targetEpoch: number): boolean {
  return member.state === "stable" && member.epoch === targetEpoch;
}

/** Whether what the members' record holds is the same, assignments aside. */
export function sameMetadata(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.topicRegex === b.topicRegex &&
    a.assignor === b.assignor &&
    sameNames(a.topicNames, b.topicNames) &&
    sameClassic(a.classic, b.classic)
  );
}

export function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const name of a) if (!b.has(name)) return false;
  return true;
}

function sameClassic(a: ClassicMemberMetadata | null, b: ClassicMemberMetadata | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.sessionTimeoutMs === b.sessionTimeoutMs &&
    a.supportedProtocols.length === b.supportedProtocols.length &&
    a.supportedProtocols.every(({ name, metadata }, index) => {
      const other = b.supportedProtocols[index];
      return other?.name === name && Buffer.compare(metadata, other.metadata) === 0;
    })
  );
}

export function sameEpochs(a: EpochAssignment, b: EpochAssignment): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId);
    if (others === undefined || others.size !== partitions.size) return false;
    for (const [partition, epoch] of partitions) if (others.get(partition) !== epoch) return false;
  }
  return true;
}

/** The partitions of both, without their epochs. */
export function partitionsOf(...parts: readonly EpochAssignment[]): Assignment {
  const all = new Map<Uuid, number[]>();
  for (const part of parts) {
    for (const [topicId, epochs] of part) {
      all.set(topicId, [...(all.get(topicId) ?? []), ...epochs.keys()]);
    }
  }
  for (const partitions of all.values()) partitions.sort((a, b) => a - b);
  return all;
}

/** The same partitions, each as of this epoch. */
export function withEpoch(assignment: Assignment, epoch: number): EpochAssignment {
  return new Map(
    Array.from(assignment, ([topicId, partitions]) => [
      topicId,
      new Map(partitions.map((partition) => [partition, epoch])),
    ]),
  );
}
