import { hashOf } from "./topic-table.ts";

/** Shorter topics gain nothing: the alias takes three bytes itself. */
const MIN_TOPIC_BYTES = 6;
const SEED = 0x811c9dc5;

/**
 * The topic aliases that one connection is sent (MQTT 5, 3.3.2.3.4). A topic has one place, by its hash. When it comes
 * for the second time since another one came to that place, it gets the alias: topics that come once cost nothing, and
 * those that come often get the places of those that no longer do.
 */
export class OutgoingAliases {
  readonly #topics: (Uint8Array | null)[];
  /** Hashes of the topics that came last and have no alias. */
  readonly #candidates: Int32Array;

  /** `maximum` is at least 1: the client's topic alias maximum, or what is kept for it. */
  constructor(maximum: number) {
    this.#topics = new Array<Uint8Array | null>(maximum).fill(null);
    this.#candidates = new Int32Array(maximum);
  }

  /**
   * The alias to send a topic with: positive where the client knows it, and the topic can be left out; negative where
   * it is to be told, then `told` follows; 0 for none.
   */
  find(topic: Uint8Array): number {
    if (topic.length < MIN_TOPIC_BYTES) return 0;
    const hash = hashOf(topic, 0, topic.length, SEED);
    const place = (hash >>> 0) % this.#topics.length;
    const known = this.#topics[place] ?? null;
    if (known !== null && isSame(known, topic)) return place + 1;
    if (this.#candidates[place] === hash) return -(place + 1);
    this.#candidates[place] = hash;
    return 0;
  }

  /** The client was sent the topic and this alias. */
  told(alias: number, topic: Uint8Array): void {
    this.#topics[alias - 1] = topic.slice();
    this.#candidates[alias - 1] = 0;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  // Topics of one site differ at their end, if they differ.
  for (let index = one.length - 1; index >= 0; index--) if (one[index] !== other[index]) return false;
  return true;
}
