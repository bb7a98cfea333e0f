import type { RetainedMessage } from "./record.ts";
import type { RetainedNode } from "./trie.ts";

/** Larger messages are read back whenever they are wanted. */
const MAX_CACHED_BYTES = 4_096;
/** Objects that a message takes beside its bytes. */
const MESSAGE_OVERHEAD_BYTES = 400;

/** Messages that need not be read back, within a bound: those that were kept or wanted last. */
export class RetainedCache {
  readonly #maxBytes: number;
  readonly #messages = new Map<RetainedNode, RetainedMessage>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  get(node: RetainedNode): RetainedMessage | undefined {
    return this.#messages.get(node);
  }

  /** Notes a topic's new message, in place of the oldest ones where there is no room. */
  put(node: RetainedNode, message: RetainedMessage): void {
    this.forget(node);
    const size = costOf(message);
    if (size > MAX_CACHED_BYTES || size > this.#maxBytes) return;
    for (const oldest of this.#messages.keys()) {
      if (this.#bytes + size <= this.#maxBytes) break;
      this.forget(oldest);
    }
    this.#messages.set(node, message);
    this.#bytes += size;
  }

  /** Notes a message that was read back, where there is room: one who reads everything pushes nobody out. */
  offer(node: RetainedNode, message: RetainedMessage): void {
    if (this.#bytes + costOf(message) <= this.#maxBytes) this.put(node, message);
  }

  clear(): void {
    this.#messages.clear();
    this.#bytes = 0;
  }

  forget(node: RetainedNode): void {
    const message = this.#messages.get(node);
    if (message === undefined) return;
    this.#messages.delete(node);
    this.#bytes -= costOf(message);
  }
}

function costOf({ topic, payload, properties }: RetainedMessage): number {
  return topic.length + payload.length + (properties?.length ?? 0) + MESSAGE_OVERHEAD_BYTES;
}
