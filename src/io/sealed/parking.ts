import { assert } from "../../base/assert.ts";
import { SLOTS } from "./layout.ts";

/** What a slot holds. */
export interface Parked {
  readonly block: number;
  readonly version: number;
  /** Of its block; what is behind is zero. */
  readonly lengthBytes: number;
  /** Version of the block in its own place; 0 where there is none. */
  placeVersion: number;
}

/**
 * Which slots of a file may be written over. Versions grow with every record of the file; a sync covers those given out before
 * it began. A slot is needed while it holds the newest version of a block, or the newest of those that are durable, or that
 * a sync under way will make durable: then the slot is what a power cut must not take. Blocks that are filled one after
 * the other always leave one of three free: one is durable, one may be under way.
 */
export class Parking {
  readonly #slots: (Parked | null)[] = Array.from({ length: SLOTS }, () => null);
  #durable = 0;
  #underWay: number | null = null;
  /** Whether what was found in the file may be in the system's cache only. */
  #settled: boolean;

  constructor(settled: boolean) {
    this.#settled = settled;
  }

  get slots(): readonly (Parked | null)[] {
    return this.#slots;
  }

  get isSettled(): boolean {
    return this.#settled;
  }

  /** Whether everything up to the version is durable. */
  isDurable(version: number): boolean {
    return this.#settled && version <= this.#durable;
  }

  /** The slot that holds what the block contains now, or -1 where that lies in its place. */
  slotOf(block: number): number {
    let best = -1;
    let version = 0;
    for (const [slot, parked] of this.#slots.entries()) {
      if (parked?.block !== block || parked.version < version || parked.version < parked.placeVersion)
        continue;
      best = slot;
      version = parked.version;
    }
    return best;
  }

  /** Whether only its own place holds what a power cut must not take of the block. */
  isPlaceNeeded(block: number, placeVersion: number): boolean {
    if (placeVersion === 0) return false;
    return !this.#slots.some(
      (parked) =>
        parked?.block === block &&
        parked.version > placeVersion &&
        this.#settled &&
        parked.version <= this.#durable,
    );
  }

  /** A slot for a new version of the block; -1 where all are needed. */
  free(block: number): number {
    let free = -1;
    for (const [slot, parked] of this.#slots.entries()) {
      if (parked === null) free = free < 0 ? slot : free;
      // What is overwritten again and again stays where it is.
      else if (this.#settled && !this.#isNeeded(slot, parked, block)) {
        if (parked.block === block) return slot;
        free = slot;
      }
    }
    return free;
  }

  park(slot: number, parked: Parked): void {
    assert(slot >= 0 && slot < SLOTS, `no slot ${slot}`);
    this.#slots[slot] = parked;
  }

  drop(slot: number): void {
    this.#slots[slot] = null;
  }

  /** Blocks were written where they belong, the first under this version and each other under the next. */
  notePlaced(first: number, count: number, version: number): void {
    for (const parked of this.#slots) {
      if (parked === null || parked.block < first || parked.block >= first + count) continue;
      parked.placeVersion = version + parked.block - first;
    }
  }

  /** There is nothing any more where the block belongs. */
  noteCut(block: number): void {
    this.notePlaced(block, 1, 0);
  }

  syncBegins(version: number): void {
    this.#underWay = version;
  }

  syncFails(): void {
    this.#underWay = null;
  }

  /** Everything up to the version is durable. */
  synced(version: number): void {
    if (this.#underWay !== null && this.#underWay <= version) this.#underWay = null;
    this.#durable = Math.max(this.#durable, version);
    this.#settled = true;
  }

  #isNeeded(slot: number, parked: Parked, block: number): boolean {
    if (parked.block !== block && this.slotOf(parked.block) === slot) return true;
    return (
      this.#isNewestOf(parked, this.#durable) ||
      (this.#underWay !== null && this.#isNewestOf(parked, this.#underWay))
    );
  }

  #isNewestOf(parked: Parked, limit: number): boolean {
    if (parked.version > limit) return false;
    const isNewer = (version: number) => version > parked.version && version <= limit;
    if (isNewer(parked.placeVersion)) return false;
    return !this.#slots.some((other) => other?.block === parked.block && isNewer(other.version));
  }
}
