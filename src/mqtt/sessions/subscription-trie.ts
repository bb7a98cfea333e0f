import { assert } from "../../base/assert.ts";
import { type LeftMessage, SharedGroup } from "../shared/shared-group.ts";
import { isShared, splitShared } from "../topics.ts";
import type { Session } from "./session.ts";
import { mergeSubscriptions, type Subscription, type Target } from "./targets.ts";

/** One level of the filters. `+` and `#` are children by these names: no other filter level can have them. */
interface Node {
  children: Map<string, Node> | null;
  subscribers: Map<Session, Subscription> | null;
  /** Those who share it, by the names that they share it under. */
  groups: Map<string, SharedGroup> | null;
}

/**
 * All subscriptions, by the levels of their filters. Matching visits what a topic's levels can reach: at most
 * the literal and the `+` child of every node reached before, so never more than there are nodes.
 */
export class SubscriptionTrie {
  readonly #root: Node = { children: null, subscribers: null, groups: null };
  #count = 0;
  #sharedCount = 0;
  readonly #left: LeftMessage[] = [];
  #version = 0;

  get count(): number {
    return this.#count;
  }

  /** Those among them that are shared. */
  get sharedCount(): number {
    return this.#sharedCount;
  }

  /** Whether sessions that have ended left messages of shared subscriptions behind. */
  get hasLeft(): boolean {
    return this.#left.length > 0;
  }

  /** Hands them over. */
  takeLeft(): LeftMessage[] {
    return this.#left.splice(0);
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
    const { shared, levels } = partsOf(subscription.filter);
    let node = this.#root;
    for (const level of levels) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = { children: null, subscribers: null, groups: null };
        node.children.set(level, child);
      }
      node = child;
    }
    this.#version++;
    if (shared !== null) {
      this.#addShared(node, shared, session, subscription);
      return;
    }
    node.subscribers ??= new Map();
    if (!node.subscribers.has(session)) this.#count++;
    node.subscribers.set(session, subscription);
  }

  /** False where the session had no such subscription. Branches that nobody needs any more go. */
  remove(session: Session, filter: string): boolean {
    const { shared, levels } = partsOf(filter);
    const path = [this.#root];
    for (const level of levels) {
      const child = path.at(-1)?.children?.get(level);
      if (child === undefined) return false;
      path.push(child);
    }
    const last = path.at(-1);
    assert(last !== undefined, "a path has its root at least");
    if (
      shared === null
        ? last.subscribers?.delete(session) !== true
        : !this.#removeShared(last, shared, session)
    ) {
      return false;
    }
    this.#count--;
    this.#version++;
    for (let depth = levels.length; depth > 0; depth--) {
      const node = path[depth];
      const parent = path[depth - 1];
      const level = levels[depth - 1];
      assert(node !== undefined && parent !== undefined && level !== undefined, "a path without its levels");
      if (node.subscribers?.size === 0) node.subscribers = null;
      if (node.subscribers !== null || node.groups !== null || node.children !== null) break;
      parent.children?.delete(level);
      if (parent.children?.size === 0) parent.children = null;
    }
    return true;
  }

  /** Who gets the messages of a valid topic, each session once. */
  match(topic: string): Target[] {
    const found = new Map<Session, Subscription[]>();
    this.#visit(topic, (node) => collect(node, found));
    return Array.from(found, ([session, subscriptions]) => mergeSubscriptions(session, subscriptions));
  }

  /** The shared subscriptions that a valid topic matches: of each, one member gets a message. */
  matchShared(topic: string): SharedGroup[] {
    const found: SharedGroup[] = [];
    if (this.#sharedCount === 0) return found;
    this.#visit(topic, ({ groups }) => {
      if (groups !== null) found.push(...groups.values());
    });
    return found;
  }

  /** The members of a shared subscription, by its whole filter; null where there are none. */
  findShared(filter: string): SharedGroup | null {
    const { shared, levels } = partsOf(filter);
    let node = this.#root;
    for (const level of levels) {
      const child = node.children?.get(level);
      if (child === undefined) return null;
      node = child;
    }
    return node.groups?.get(shared ?? "") ?? null;
  }

  #addShared(node: Node, name: string, session: Session, subscription: Subscription): void {
    node.groups ??= new Map();
    let group = node.groups.get(name);
    if (group === undefined) {
      group = new SharedGroup(this.#left);
      node.groups.set(name, group);
    }
    if (!group.add(session, subscription)) return;
    this.#count++;
    this.#sharedCount++;
  }

  #removeShared(node: Node, name: string, session: Session): boolean {
    const group = node.groups?.get(name);
    if (group?.remove(session) !== true) return false;
    this.#sharedCount--;
    if (group.size === 0) node.groups?.delete(name);
    if (node.groups?.size === 0) node.groups = null;
    return true;
  }

  /** Goes to every node whose filter takes the topic, once to each. */
  #visit(topic: string, at: (node: Node) => void): void {
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
        const rest = node.children.get("#");
        if (rest !== undefined) at(rest);
      }
      wildcards = true;
      reached = next;
      if (reached.length === 0) break;
    }
    for (const node of reached) {
      at(node);
      // `a/#` takes `a` too: MQTT 5, 4.7.1.2.
      const rest = node.children?.get("#");
      if (rest !== undefined) at(rest);
    }
  }
}

/** A filter's levels, and the name that it is shared under. */
function partsOf(filter: string): { readonly shared: string | null; readonly levels: readonly string[] } {
  const parts = isShared(filter) ? splitShared(filter) : null;
  return { shared: parts?.name ?? null, levels: (parts?.filter ?? filter).split("/") };
}

function collect(node: Node, found: Map<Session, Subscription[]>): void {
  if (node.subscribers === null) return;
  for (const [session, subscription] of node.subscribers) {
    const known = found.get(session);
    if (known === undefined) found.set(session, [subscription]);
    else known.push(subscription);
  }
}
