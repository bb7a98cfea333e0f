import type { Deadlines } from "../../runtime/deadlines.ts";

/**
 * Timers of members: a session that ends without a heartbeat, a rebalance that takes too long. They live beside
 * the state, not in it: after a restart they begin anew.
 */
export class MemberTimers {
  readonly #deadlines: Deadlines;
  readonly #kind: string;

  /** `kind` tells these timers from all others of the same deadlines. */
  constructor(deadlines: Deadlines, kind: string) {
    this.#deadlines = deadlines;
    this.#kind = kind;
  }

  /** Takes the place of the member's timer, where it has one. */
  set(groupId: string, memberId: string, delayMs: number, onDue: () => void): void {
    this.#deadlines.set(this.#key(groupId, memberId), delayMs, onDue);
  }

  setIfAbsent(groupId: string, memberId: string, delayMs: number, onDue: () => void): void {
    if (!this.#deadlines.has(this.#key(groupId, memberId))) this.set(groupId, memberId, delayMs, onDue);
  }

  cancel(groupId: string, memberId: string): void {
    this.#deadlines.delete(this.#key(groupId, memberId));
  }

  /** Ids are any text: the length keeps one group's member from having another's name. */
  #key(groupId: string, memberId: string): string {
    return `${this.#kind} ${groupId.length} ${groupId} ${memberId}`;
  }
}
