import type { Qos } from "../packets/codes.ts";
import type { SharedGroup } from "../shared/shared-group.ts";
import type { Session } from "./session.ts";

/** What a client asked for with one filter. */
export interface Subscription {
  readonly filter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 for none. */
  readonly identifier: number;
}

/** How one session gets the messages of one topic: its overlapping subscriptions made one. */
export interface Target {
  readonly session: Session;
  readonly qos: Qos;
  readonly retainAsPublished: boolean;
  readonly identifiers: readonly number[];
  /** Whether a subscription in it does not want the session's own messages. */
  readonly noLocal: boolean;
  readonly subscriptions: readonly Subscription[];
  /** Where it is a session's turn in a shared subscription; null for subscriptions of its own. */
  readonly group: SharedGroup | null;
}

/**
 * Joins the subscriptions of a session that match a topic. One copy is delivered, at the highest QoS, with every
 * identifier (MQTT-3.3.4-2, -4, -5).
 */
export function mergeSubscriptions(session: Session, subscriptions: readonly Subscription[]): Target {
  let qos: Qos = 0;
  let retainAsPublished = false;
  let noLocal = false;
  const identifiers: number[] = [];
  for (const subscription of subscriptions) {
    if (subscription.qos > qos) qos = subscription.qos;
    retainAsPublished ||= subscription.retainAsPublished;
    noLocal ||= subscription.noLocal;
    if (subscription.identifier > 0) identifiers.push(subscription.identifier);
  }
  return { session, qos, retainAsPublished, identifiers, noLocal, subscriptions, group: null };
}

/** The same target for the session's own message (MQTT-3.8.3-3), or null where it wants none of those. */
export function withoutNoLocal(target: Target): Target | null {
  const rest = target.subscriptions.filter((subscription) => !subscription.noLocal);
  return rest.length === 0 ? null : mergeSubscriptions(target.session, rest);
}
