/** What a packet of ours is answered with next; `nothing` where it is not under way. */
export const AWAITED = { nothing: 0, puback: 1, pubrec: 2, pubcomp: 3 } as const;
export type Awaited = (typeof AWAITED)[keyof typeof AWAITED];

const FIRST_SLOTS = 8;
/** More would be for those who leave thousands of messages unanswered: they wait in the map. */
const MAX_SLOTS = 1_024;
const STATE_BITS = 2;
const NO_SLOTS = new Uint32Array(0);

/**
 * Packets under way by their identifiers. Identifiers are given in their order and mostly answered in it, so those under way
 * lie close together and each has a slot of a small ring: a few stores a message, where a map takes sixty nanoseconds. One
 * that is not answered for so long that another needs its slot goes on in a map.
 */
export class FlightTable {
  /** In each slot an identifier and what it awaits; 0 for a free one. */
  #slots = NO_SLOTS;
  #late: Map<number, Awaited> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(packetId: number): Awaited {
    const slots = this.#slots;
    const slot = slots.length === 0 ? 0 : (slots[packetId & (slots.length - 1)] ?? 0);
    if (slot >>> STATE_BITS === packetId) return stateOf(slot);
    return this.#late?.get(packetId) ?? AWAITED.nothing;
  }

  /** `nothing` takes it out. */
  set(packetId: number, awaited: Awaited): void {
    const before = this.get(packetId);
    if (before === AWAITED.nothing && awaited === AWAITED.nothing) return;
    if (before === AWAITED.nothing) {
      this.#size++;
      if (this.#size > this.#slots.length && this.#slots.length < MAX_SLOTS) this.#grow();
    } else if (awaited === AWAITED.nothing) this.#size--;
    if (this.#late?.has(packetId) === true) {
      if (awaited === AWAITED.nothing) this.#late.delete(packetId);
      else this.#late.set(packetId, awaited);
      return;
    }
    const at = packetId & (this.#slots.length - 1);
    const other = this.#slots[at] ?? 0;
    if (other !== 0 && other >>> STATE_BITS !== packetId) {
      this.#late ??= new Map();
      this.#late.set(other >>> STATE_BITS, stateOf(other));
    }
    this.#slots[at] = awaited === AWAITED.nothing ? 0 : (packetId << STATE_BITS) | awaited;
  }

  clear(): void {
    this.#slots = NO_SLOTS;
    this.#late = null;
    this.#size = 0;
  }

  /** Those with slots of their own keep such in a ring twice the size. */
  #grow(): void {
    const slots = new Uint32Array(Math.max(FIRST_SLOTS, 2 * this.#slots.length));
    for (const slot of this.#slots) slots[(slot >>> STATE_BITS) & (slots.length - 1)] ||= slot;
    this.#slots = slots;
  }
}

function stateOf(slot: number): Awaited {
  const state = slot & ((1 << STATE_BITS) - 1);
  return state === 0 || state === 1 || state === 2 ? state : AWAITED.pubcomp;
}
