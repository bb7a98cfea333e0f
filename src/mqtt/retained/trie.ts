import { assert } from "../../base/assert.ts";

/**
 * Where a topic's retained message is, and the place in the tree that stands for the topic. One object a level: there
 * may be a hundred thousand.
 */
export class RetainedNode {
  children: Map<string, RetainedNode> | null = null;
  /** Offset of the record; -1 where this level is only on the way to others. */
  offset = -1;
  /** For the bounds: topic, payload and properties. */
  sizeBytes = 0;
  /** When it is no longer worth keeping, on the monotonic clock; Infinity for never. */
  expiresAtMs = Number.POSITIVE_INFINITY;
}

/** Topics that have a retained message, by their levels. */
export class RetainedTrie {
  readonly root = new RetainedNode();
  /**
   * Levels by their text: `status` and `config` stand below every device, and one string serves them all. Emptied
   * when it is full: who is in the tree by then keeps what he has.
   */
  readonly #names = new Map<string, string>();

  find(topic: string): RetainedNode | null {
    let node = this.root;
    for (const level of topic.split("/")) {
      const child = node.children?.get(level);
      if (child === undefined) return null;
      node = child;
    }
    return node.offset < 0 ? null : node;
  }

  /** The topic's node, made where it is missing; the caller gives it an offset. */
  place(topic: string): RetainedNode {
    let node = this.root;
    for (const level of topic.split("/")) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = new RetainedNode();
        node.children.set(this.#nameOf(level), child);
      }
      node = child;
    }
    return node;
  }

  /** Takes a topic out, and the branches that nobody needs any more. */
  remove(topic: string): void {
    const levels = topic.split("/");
    const path = [this.root];
    for (const level of levels) {
      const child = path.at(-1)?.children?.get(level);
      if (child === undefined) return;
      path.push(child);
    }
    const leaf = path.at(-1);
    assert(leaf !== undefined, "a path has its root at least");
    leaf.offset = -1;
    leaf.sizeBytes = 0;
    leaf.expiresAtMs = Number.POSITIVE_INFINITY;
    for (let depth = levels.length; depth > 0; depth--) {
      const node = path[depth];
      const parent = path[depth - 1];
      const level = levels[depth - 1];
      assert(node !== undefined && parent !== undefined && level !== undefined, "a path without its levels");
      if (node.offset >= 0 || node.children !== null) break;
      parent.children?.delete(level);
      if (parent.children?.size === 0) parent.children = null;
    }
  }

  #nameOf(level: string): string {
    const known = this.#names.get(level);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_SHARED_NAMES) this.#names.clear();
    // A part of a string holds on to the whole: a copy is made, since the name will outlive its topic.
    const copy = Buffer.from(level).toString();
    this.#names.set(copy, copy);
    return copy;
  }
}

const MAX_SHARED_NAMES = 4_096;

/** A place of a walk: the children of a node that are still to be visited, and how deep in the filter they stand. */
interface Frame {
  readonly children: Iterator<RetainedNode>;
  /** Index of the filter's level that the children stand for. */
  readonly depth: number;
}

/**
 * Finds the topics that a filter takes, some at a time: it visits what the filter's levels can reach, in the order of
 * the tree, and may be left for as long as one likes. What comes or goes meanwhile may be found or not.
 */
export class RetainedWalk {
  readonly #levels: readonly string[];
  readonly #stack: Frame[] = [];
  /** Found and not handed out yet: a node can be a topic of its own and lead to others. */
  readonly #found: RetainedNode[] = [];
  #visited = 0;

  constructor(trie: RetainedTrie, filter: string) {
    this.#levels = filter.split("/");
    this.#enter(trie.root, 0);
  }

  /** Nodes looked at so far: what the walk has cost. */
  get visited(): number {
    return this.#visited;
  }

  /**
   * Puts topics that the filter takes into `into`, until it holds `max` or so many nodes were visited. Returns false
   * once there are no more.
   */
  collect(into: RetainedNode[], max: number, maxVisits: number): boolean {
    const end = this.#visited + maxVisits;
    for (;;) {
      for (let node = this.#found.pop(); node !== undefined; node = this.#found.pop()) {
        // It may have gone since it was found.
        if (node.offset >= 0) into.push(node);
        if (into.length >= max) return this.#found.length > 0 || this.#stack.length > 0;
      }
      const frame = this.#stack.at(-1);
      if (frame === undefined) return false;
      if (this.#visited >= end) return true;
      const next = frame.children.next();
      if (next.done === true) this.#stack.pop();
      else this.#visit(next.value, frame.depth);
    }
  }

  /** Looks at a node that stands for the filter's level at `depth`. */
  #visit(node: RetainedNode, depth: number): void {
    this.#visited++;
    if (this.#levels[depth] === "#") {
      if (node.offset >= 0) this.#found.push(node);
      if (node.children !== null) this.#stack.push({ children: node.children.values(), depth });
      return;
    }
    this.#enter(node, depth + 1);
  }

  /** Goes on below a node that the levels before `depth` have led to. */
  #enter(from: RetainedNode, first: number): void {
    let node = from;
    for (let depth = first; ; depth++) {
      const level = this.#levels[depth];
      if (level === undefined) {
        if (node.offset >= 0) this.#found.push(node);
        return;
      }
      // `a/#` takes `a` too: MQTT 5, 4.7.1.2.
      if (level === "#" && depth > 0 && node.offset >= 0) this.#found.push(node);
      if (node.children === null) return;
      if (level === "#" || level === "+") {
        // MQTT-4.7.2-1: a wildcard at the start takes no `$`-topic.
        const children = depth === 0 ? withoutDollar(node.children) : node.children.values();
        this.#stack.push({ children, depth });
        return;
      }
      const child = node.children.get(level);
      if (child === undefined) return;
      this.#visited++;
      node = child;
    }
  }
}

function* withoutDollar(children: ReadonlyMap<string, RetainedNode>): Iterator<RetainedNode> {
  for (const [level, node] of children) if (!level.startsWith("$")) yield node;
}
