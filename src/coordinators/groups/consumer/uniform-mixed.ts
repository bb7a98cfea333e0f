import type { Uuid } from "../../../base/ids.ts";
import { type FreePartition, giveUp, type Holding, take } from "./holding.ts";

/**
 * Steps that looking for chains of moves may take together: balance between members whose subscriptions overlap
 * in part is worth some milliseconds of a heartbeat, not more.
 */
const CHAIN_STEPS = 2_000_000;

/**
 * Shares out among members whose subscriptions differ. First each partition that nobody has goes to the subscriber
 * with the fewest; then single partitions move from members with more to members with fewer, and last chains of
 * moves (a gives to b, b gives something else to c) even out what no single move can.
 */
export function balanceMixed(holdings: readonly Holding[], free: readonly FreePartition[]): void {
  const subscribers = new Map<Uuid, Holding[]>();
  for (const holding of holdings) {
    for (const topicId of holding.member.topicIds) {
      const known = subscribers.get(topicId);
      if (known === undefined) subscribers.set(topicId, [holding]);
      else known.push(holding);
    }
  }
  giveAway(free, subscribers);
  // Topics with few subscribers leave the least choice, so they are settled first.
  const topics = [...subscribers].sort(([, a], [, b]) => a.length - b.length);
  for (let moved = true; moved; ) {
    moved = false;
    for (const [topicId, takers] of topics) if (evenOut(topicId, takers)) moved = true;
  }
  moveInChains(holdings, subscribers);
}

function giveAway(free: readonly FreePartition[], subscribers: ReadonlyMap<Uuid, Holding[]>): void {
  const byTopic = new Map<Uuid, FreePartition[]>();
  for (const partition of free) {
    const known = byTopic.get(partition.topicId);
    if (known === undefined) byTopic.set(partition.topicId, [partition]);
    else known.push(partition);
  }
  const choices = (topicId: Uuid): number => subscribers.get(topicId)?.length ?? 0;
  for (const [topicId, partitions] of [...byTopic].sort(([a], [b]) => choices(a) - choices(b))) {
    const takers = subscribers.get(topicId) ?? [];
    if (takers.length > 0) pourInto(takers, partitions);
  }
}

/** Gives each partition to whoever has the fewest, as water fills a vessel from its low end. */
function pourInto(takers: readonly Holding[], partitions: readonly FreePartition[]): void {
  const bySize = [...takers].sort((a, b) => a.size - b.size);
  let index = 0;
  let level = bySize[0]?.size ?? 0;
  for (const partition of partitions) {
    let taker = bySize[index];
    if (taker === undefined || taker.size > level) {
      index = 0;
      taker = bySize[0] as Holding;
      level = taker.size;
    }
    take(taker, partition);
    index += 1;
  }
}

/** Moves partitions of one topic from its fullest holders to its emptiest subscribers. Says whether any moved. */
function evenOut(topicId: Uuid, takers: readonly Holding[]): boolean {
  let moved = false;
  for (;;) {
    let fullest: Holding | null = null;
    let emptiest: Holding | null = null;
    for (const holding of takers) {
      if (emptiest === null || holding.size < emptiest.size) emptiest = holding;
      if (!holding.byTopic.has(topicId)) continue;
      if (fullest === null || holding.size > fullest.size) fullest = holding;
    }
    if (fullest === null || emptiest === null || fullest.size - emptiest.size < 2) return moved;
    take(emptiest, giveUp(fullest, topicId));
    moved = true;
  }
}

/** One hand-over of a chain: what the member before gives. */
interface Link {
  readonly giver: Holding;
  readonly topicId: Uuid;
}

/** Looks from the fullest members on for chains that end at one with at least two fewer, until there are none. */
function moveInChains(holdings: readonly Holding[], subscribers: ReadonlyMap<Uuid, Holding[]>): void {
  const budget = { steps: CHAIN_STEPS };
  for (let moved = true; moved && budget.steps > 0; ) {
    moved = false;
    const byFullness = [...holdings].sort((a, b) => b.size - a.size);
    const fewest = byFullness.at(-1)?.size ?? 0;
    // Whoever can be reached from a member without a chain has none either, as long as nothing moves.
    const settled = new Set<Holding>();
    for (const start of byFullness) {
      while (start.size - fewest >= 2 && !settled.has(start) && budget.steps > 0) {
        const chain = findChain(start, subscribers, budget);
        if (chain.end === null) {
          for (const holding of chain.cameBy.keys()) settled.add(holding);
        } else {
          handOver(chain.end, chain.cameBy);
          settled.clear();
          moved = true;
        }
      }
    }
  }
}

/** The shortest chain from this member to one with at least two fewer; without one, all that it can reach. */
function findChain(
  start: Holding,
  subscribers: ReadonlyMap<Uuid, Holding[]>,
  budget: { steps: number },
): { readonly end: Holding | null; readonly cameBy: ReadonlyMap<Holding, Link | null> } {
  const cameBy = new Map<Holding, Link | null>([[start, null]]);
  const seenTopics = new Set<Uuid>();
  const queue: Holding[] = [start];
  for (let at = 0; at < queue.length; at++) {
    const giver = queue[at] as Holding;
    for (const topicId of giver.byTopic.keys()) {
      if (seenTopics.has(topicId)) continue;
      seenTopics.add(topicId);
      for (const taker of subscribers.get(topicId) ?? []) {
        budget.steps -= 1;
        if (cameBy.has(taker)) continue;
        cameBy.set(taker, { giver, topicId });
        if (taker.size <= start.size - 2) return { end: taker, cameBy };
        queue.push(taker);
      }
    }
  }
  return { end: null, cameBy };
}

function handOver(end: Holding, cameBy: ReadonlyMap<Holding, Link | null>): void {
  let taker = end;
  for (let link = cameBy.get(taker) ?? null; link !== null; link = cameBy.get(taker) ?? null) {
    take(taker, giveUp(link.giver, link.topicId));
    taker = link.giver;
  }
}
