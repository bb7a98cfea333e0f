import { assert } from "../base/assert.ts";
import type { Clock, Timer } from "../io/clock.ts";

/** Someone who waits on a wheel. A member of one wheel at a time; the wheel keeps its links in here. */
export interface WheelMember {
  /** Called when the deadline has passed, never before. The member is off the wheel then and may go on again. */
  expired(): void;
  readonly wheelLinks: WheelLinks;
}

/** Where a member hangs. Owned by the wheel. */
export class WheelLinks {
  slot = -1;
  deadlineTick = -1;
  previous: WheelMember | null = null;
  next: WheelMember | null = null;
}

/** A deadline that nobody waits for. */
const CANCELLED = -1;

/**
 * Deadlines for many connections from one timer. Every tick visits one slot, so that a deadline costs a few
 * stores and no allocation, and moving one later costs nothing until its slot comes up. Deadlines are met up to
 * two ticks late.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: (WheelMember | null)[];
  readonly #startMs: number;
  #tick = 0;
  #members = 0;
  #timer: Timer | null = null;

  constructor(clock: Clock, tickMs: number, slots: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#slots = new Array<WheelMember | null>(slots).fill(null);
    this.#startMs = clock.monotonicMs();
  }

  /** Time on the wheel's own clock, as of now: for noting activity. */
  nowMs(): number {
    return this.#clock.monotonicMs() - this.#startMs;
  }

  /** Sets or moves a member's deadline to `delayMs` from now. */
  schedule(member: WheelMember, delayMs: number): void {
    const links = member.wheelLinks;
    if (links.slot >= 0) this.#unlink(member);
    const nowMs = this.nowMs();
    links.deadlineTick = Math.max(
      Math.ceil((nowMs + delayMs) / this.#tickMs),
      Math.floor(nowMs / this.#tickMs) + 1,
    );
    this.#link(member);
    if (this.#timer === null) {
      // The wheel stood still while nobody was on it.
      this.#tick = Math.floor(this.nowMs() / this.#tickMs);
      this.#arm();
    }
  }

  cancel(member: WheelMember): void {
    if (member.wheelLinks.slot >= 0) this.#unlink(member);
    member.wheelLinks.deadlineTick = CANCELLED;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#tickMs, () => this.#turn());
  }

  #turn(): void {
    this.#timer = null;
    const now = Math.floor(this.nowMs() / this.#tickMs);
    // After a long stall one round over all slots visits everybody.
    const from = Math.max(this.#tick + 1, now - this.#slots.length + 1);
    this.#tick = now;
    for (let tick = from; tick <= now; tick++) this.#visit(tick % this.#slots.length, now);
    if (this.#members > 0 && this.#timer === null) this.#arm();
  }

  #visit(slot: number, now: number): void {
    const due: WheelMember[] = [];
    for (let member = this.#slots[slot] ?? null; member !== null; ) {
      const next: WheelMember | null = member.wheelLinks.next;
      if (member.wheelLinks.deadlineTick <= now) {
        this.#unlink(member);
        due.push(member);
      }
      member = next;
    }
    for (const member of due) {
      const links = member.wheelLinks;
      // One that expired before may have cancelled this one, or set it a new deadline.
      if (links.slot >= 0 || links.deadlineTick === CANCELLED) continue;
      links.deadlineTick = CANCELLED;
      member.expired();
    }
  }

  #link(member: WheelMember): void {
    const links = member.wheelLinks;
    const slot = links.deadlineTick % this.#slots.length;
    const head = this.#slots[slot] ?? null;
    links.slot = slot;
    links.previous = null;
    links.next = head;
    if (head !== null) head.wheelLinks.previous = member;
    this.#slots[slot] = member;
    this.#members++;
  }

  #unlink(member: WheelMember): void {
    const links = member.wheelLinks;
    assert(links.slot >= 0, "a member that is not on the wheel");
    if (links.previous === null) this.#slots[links.slot] = links.next;
    else links.previous.wheelLinks.next = links.next;
    if (links.next !== null) links.next.wheelLinks.previous = links.previous;
    links.slot = -1;
    links.previous = null;
    links.next = null;
    this.#members--;
  }
}
