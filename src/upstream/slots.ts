import type { Uuid } from "../base/ids.ts";
import type { CentralTopic } from "./central-topic.ts";
import { type Claim, encodeSlot, type LogPositions, type Slot, slotShift } from "./positions.ts";
import type { Round } from "./round.ts";

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

function slotOf(
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
    const first = (slot - (route.slotShift % topic.lanes.length) + topic.lanes.length) % topic.lanes.length;
    for (let index = first; index < route.partitions.length; index += topic.lanes.length) {
      const partition = route.partitions[index];
      const position = partition === undefined ? -1 : (round.next.get(partition) ?? partition.committed);
      if (position >= 0) next.set(index, position);
    }
    if (next.size === 0) continue;
    logs.push({ topicId: route.topicId, next });
    known.add(route.topicId);
  }
  for (const { topicId, next } of topic.inherited.values()) {
    if (known.has(topicId) || !isLocal(topicId)) continue;
    const shift = slotShift(topicId);
    const ours = [...next].filter(([partition]) => (shift + partition) % topic.lanes.length === slot);
    if (ours.length > 0) logs.push({ topicId, next: new Map(ours) });
  }
  return {
    topic: topic.name,
    partition: slot,
    offset: [...(logs[0]?.next.values() ?? [])][0] ?? 0,
    metadata: encodeSlot({ ...claim, logs }),
  };
}
