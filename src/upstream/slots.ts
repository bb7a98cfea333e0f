import type { Uuid } from "../base/ids.ts";
import { type Account, forwardedOf } from "./account.ts";
import type { CentralTopic } from "./central-topic.ts";
import type { Branch } from "./lineage.ts";
import {
  type Claim,
  encodeSlot,
  type LogPositions,
  MAX_METADATA_BYTES,
  type Slot,
  slotShift,
} from "./positions.ts";
import type { Round } from "./round.ts";

/** How much is told, most first: runs of a partition's history, and what became of its offsets. */
const DETAILS = [
  { depth: 8, hasAccounts: true },
  { depth: 4, hasAccounts: true },
  { depth: 2, hasAccounts: true },
  { depth: 1, hasAccounts: true },
  { depth: 0, hasAccounts: true },
  { depth: 0, hasAccounts: false },
] as const;
const LEAST = { depth: 0, hasAccounts: false };
/** Logs that are not here, whose positions are written again. */
const MAX_FOREIGN_LOGS = 2;

/**
 * The slots that a round commits: those of partitions it moved, and with a claim those of every topic that something
 * ready leads to. A slot holds all its source partitions each time. `isLocal`: whether a log of this id still exists.
 */
export function slotsOf(
  topics: Iterable<CentralTopic>,
  round: Round,
  claim: Claim,
  isLocal: (topicId: Uuid) => boolean,
): readonly Slot[] {
  const slots: Slot[] = [];
  for (const topic of topics) {
    const touched = new Set<number>();
    for (const route of topic.routes) {
      for (const partition of route.partitions) {
        const moved = round.next.has(partition);
        const claimed = round.claims && route.state.kind === "ready" && partition.committed >= 0;
        if (moved || claimed) touched.add((route.slotShift + partition.index) % topic.lanes.length);
      }
    }
    for (const index of touched) slots.push(slotOf(topic, index, round, claim, isLocal));
  }
  return slots;
}

/**
 * As much of the histories and accounts as there is room for: of many partitions in one slot fewer runs are told, and then
 * none but the positions in force.
 */
function slotOf(
  topic: CentralTopic,
  slot: number,
  round: Round,
  claim: Claim,
  isLocal: (topicId: Uuid) => boolean,
): Slot {
  for (const details of DETAILS) {
    const made = slotWith(details, topic, slot, round, claim, isLocal);
    if (made.metadata.length <= MAX_METADATA_BYTES) return made;
  }
  return slotWith(LEAST, topic, slot, round, claim, isLocal);
}

function slotWith(
  { depth, hasAccounts }: { readonly depth: number; readonly hasAccounts: boolean },
  topic: CentralTopic,
  slot: number,
  round: Round,
  claim: Claim,
  isLocal: (topicId: Uuid) => boolean,
): Slot {
  const logs: LogPositions[] = [];
  const known = new Set<Uuid>();
  for (const route of topic.routes) {
    const next = new Map<number, number>();
    const branches = new Map<number, readonly Branch[]>();
    const accounts = new Map<number, Account>();
    const first = (slot - (route.slotShift % topic.lanes.length) + topic.lanes.length) % topic.lanes.length;
    for (let index = first; index < route.partitions.length; index += topic.lanes.length) {
      const partition = route.partitions[index];
      const position = partition === undefined ? -1 : (round.next.get(partition) ?? partition.committed);
      if (partition === undefined || position < 0) continue;
      next.set(index, position);
      branches.set(index, partition.branches(position, depth));
      const account = hasAccounts ? partition.account(round.tallies.get(partition) ?? null) : null;
      if (account !== null && forwardedOf(account, position) >= 0) accounts.set(index, account);
    }
    if (next.size === 0) continue;
    logs.push({ topicId: route.topicId, next, branches, accounts });
    known.add(route.topicId);
  }
  let foreign = depth === 0 ? 0 : MAX_FOREIGN_LOGS;
  for (const inherited of topic.inherited.values()) {
    const { topicId } = inherited;
    // Of another card, which may come back; or of a topic that was deleted.
    if (known.has(topicId) || (!isLocal(topicId) && --foreign < 0)) continue;
    const shift = slotShift(topicId);
    const own = <Value>(values: ReadonlyMap<number, Value>) =>
      new Map([...values].filter(([partition]) => (shift + partition) % topic.lanes.length === slot));
    const next = own(inherited.next);
    const accounts = own((hasAccounts ? inherited.accounts : undefined) ?? new Map());
    if (next.size > 0) logs.push({ topicId, next, branches: own(inherited.branches ?? new Map()), accounts });
  }
  return {
    topic: topic.name,
    partition: slot,
    offset: [...(logs[0]?.next.values() ?? [])][0] ?? 0,
    metadata: encodeSlot({ ...claim, logs }),
  };
}
