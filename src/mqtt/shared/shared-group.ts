import type { Qos } from "../packets/codes.ts";
import type { LiveMessage, Readiness } from "../sessions/outbound.ts";
import type { Session } from "../sessions/session.ts";
import { mergeSubscriptions, type Subscription, type Target } from "../sessions/targets.ts";

/** A message that its session has ended with, and that others of the group may still get. */
export interface LeftMessage {
  readonly group: SharedGroup;
  readonly message: LiveMessage;
  readonly from: Session;
}

/** Members that are looked at for one message: with thousands that are all busy, one of these has to do. */
const MAX_TRIED = 64;

/**
 * The sessions that share a subscription (MQTT 5, 4.8.2): those that have subscribed to the same filter under the same
 * name. Each message goes to one of them, in turn.
 */
export class SharedGroup {
  readonly #members: Target[] = [];
  readonly #left: LeftMessage[];
  /** Members that outlive their connections. */
  #durable = 0;
  /** Where the next search begins. */
  #next = 0;

  /** `left` takes what members leave behind when they end; somebody gives it to others then. */
  constructor(left: LeftMessage[]) {
    this.#left = left;
  }

  /** Whether a message may have to be kept for a member. */
  get hasDurable(): boolean {
    return this.#durable > 0;
  }

  get size(): number {
    return this.#members.length;
  }

  /** Adds a member, or replaces what it had asked for. False where it was one. */
  add(session: Session, subscription: Subscription): boolean {
    const target = { ...mergeSubscriptions(session, [subscription]), group: this };
    const at = this.#members.findIndex((member) => member.session === session);
    if (at >= 0) {
      this.#members[at] = target;
      return false;
    }
    this.#members.push(target);
    if (session.outlivesConnection) this.#durable++;
    return true;
  }

  /** False where the session was no member. */
  remove(session: Session): boolean {
    const at = this.#members.findIndex((member) => member.session === session);
    if (at < 0) return false;
    this.#members.splice(at, 1);
    if (session.outlivesConnection) this.#durable--;
    if (at < this.#next) this.#next--;
    return true;
  }

  /**
   * Who gets the next message: the first in turn that can be sent it now, else one that is connected, else one that
   * will come back. Null where there is nobody, or nobody who `may` have it.
   */
  pick(qos: Qos, may: (member: Target) => boolean): Target | null {
    const count = this.#members.length;
    let best: Target | null = null;
    let bestAt = 0;
    let bestRank = 0;
    for (let tried = 0; tried < Math.min(count, MAX_TRIED); tried++) {
      const at = (this.#next + tried) % count;
      const member = this.#members[at];
      if (member === undefined || !may(member)) continue;
      const rank = RANKS[member.session.outbound.readiness(member.qos < qos ? member.qos : qos)];
      if (rank <= bestRank) continue;
      best = member;
      bestAt = at;
      bestRank = rank;
      if (rank === RANKS.ready) break;
    }
    if (best !== null) this.#next = (bestAt + 1) % count;
    return best;
  }

  /** A member has ended with a message that it has not got, or not acknowledged at QoS 1: another one gets it. */
  leave(message: LiveMessage, from: Session): void {
    this.#left.push({ group: this, message, from });
  }
}

/** The larger, the sooner a member gets a message. One that has ended gets none. */
const RANKS: Readonly<Record<Readiness, number>> = { ended: 0, away: 1, busy: 2, ready: 3 };
