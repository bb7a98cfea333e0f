import { type Claim, encodeSlot, type Slot } from "./positions.ts";
import type { Round } from "./round.ts";
import type { TopicRoute } from "./topic-route.ts";

/**
 * The slots that a round commits: those of partitions it moved, and with a claim those of every route that is
 * ready. A slot holds all its source partitions each time.
 */
export function slotsOf(routes: Iterable<TopicRoute>, round: Round, claim: Claim): readonly Slot[] {
  const slots: Slot[] = [];
  for (const route of routes) {
    const touched = new Set<number>();
    for (const partition of route.partitions) {
      const moved = round.next.has(partition);
      const claimed = round.claims && route.state.kind === "ready" && partition.committed >= 0;
      if (moved || claimed) touched.add(partition.index % route.lanes.length);
    }
    for (const index of touched) slots.push(slotOf(route, index, round, claim));
  }
  return slots;
}

function slotOf(route: TopicRoute, slot: number, round: Round, claim: Claim): Slot {
  const next = new Map<number, number>();
  for (let index = slot; index < route.partitions.length; index += route.lanes.length) {
    const partition = route.partitions[index];
    if (partition === undefined) continue;
    const position = round.next.get(partition) ?? partition.committed;
    if (position >= 0) next.set(index, position);
  }
  const metadata = encodeSlot({ ...claim, logs: [{ topicId: route.topicId, next }] });
  return { topic: route.topic, partition: slot, offset: next.get(slot) ?? 0, metadata };
}
