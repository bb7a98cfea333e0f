import { assert } from "../../base/assert.ts";
import type { Session } from "./session.ts";
import { mergeSubscriptions, type Subscription, type Target } from "./targets.ts";

/** One level of the filters. `+` and `#` are children by these names: no other filter level can have them. */
interface Node {
  children: Map<string, Node> | null;
  subscribers: Map<Session, Subscription> | null;
}

/**
 * All subscriptions, by the levels of their filters. Matching visits what a topic's levels can reach: at most
 * the literal and the `+` child of every node reached before, so never more than there are nodes.
 */
export class SubscriptionTrie {
  readonly #root: Node = { children: null, subscribers: null };
  #count = 0;
  #version = 0;

  get count(): number {
    return this.#count;
  }

  /** Another number after every change: what a match found stands as long as it is the same. */
  get version(): number {
    return this.#version;
  }

  /** What matches found no longer stands, though no subscription has changed: rights have. */
  invalidate(): void {
    this.#version++;
  }

  /** Whether any filter begins with this level, which is of the kind that no wildcard takes. */
  mayMatchBelow(dollarLevel: string): boolean {
    return this.#root.children?.has(dollarLevel) === true;
  }

  /** Adds a valid filter, or replaces what the session had under the same (MQTT-3.8.4-3). */
  add(session: Session, subscription: Subscription): void {
    let node = this.#root;
    for (const level of subscription.filter.split("/")) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = { children: null, subscribers: null };
        node.children.set(level, child);
      }
      node = child;
    }
    node.subscribers ??= new Map();
    if (!node.subscribers.has(session)) this.#count++;
    node.subscribers.set(session, subscription);
    this.#version++;
  }

  /** False where the session had no such subscription. Branches that nobody needs any more go. */
  remove(session: Session, filter: string): boolean {
    const levels = filter.split("/");
    const path = [this.#root];
    for (const level of levels) {
      const child = path.at(-1)?.children?.get(level);
      if (child === undefined) return false;
      path.push(child);
    }
    if (path.at(-1)?.subscribers?.delete(session) !== true) return false;
    this.#count--;
    this.#version++;
    for (let depth = levels.length; depth > 0; depth--) {
      const node = path[depth];
      const parent = path[depth - 1];
      const level = levels[depth - 1];
      assert(node !== undefined && parent !== undefined && level !== undefined, "a path without its levels");
      if (node.subscribers?.size === 0) node.subscribers = null;
      if (node.subscribers !== null || node.children !== null) break;
      parent.children?.delete(level);
      if (parent.children?.size === 0) parent.children = null;
    }
    return true;
  }

  /** Who gets the messages of a valid topic, each session once. */
  match(topic: string): Target[] {
    const found = new Map<Session, Subscription[]>();
    const levels = topic.split("/");
    let reached: Node[] = [this.#root];
    // MQTT-4.7.2-1: a wildcard at the start does not take a `$`-topic.
    let wildcards = !topic.startsWith("$");
    for (const level of levels) {
      const next: Node[] = [];
      for (const node of reached) {
        if (node.children === null) continue;
        const literal = node.children.get(level);
        if (literal !== undefined) next.push(literal);
        if (!wildcards) continue;
        const plus = node.children.get("+");
        if (plus !== undefined) next.push(plus);
        collect(node.children.get("#"), found);
      }
      wildcards = true;
      reached = next;
      if (reached.length === 0) break;
    }
    for (const node of reached) {
      collect(node, found);
      // `a/#` takes `a` too: MQTT 5, 4.7.1.2.
      collect(node.children?.get("#"), found);
    }
    return Array.from(found, ([session, subscriptions]) => mergeSubscriptions(session, subscriptions));
  }
}

function collect(node: Node | undefined, found: Map<Session, Subscription[]>): void {
  if (node === undefined || node.subscribers === null) return;
  for (const [session, subscription] of node.subscribers) {
    const known = found.get(session);
    if (known === undefined) found.set(session, [subscription]);
    else known.push(subscription);
  }
}
