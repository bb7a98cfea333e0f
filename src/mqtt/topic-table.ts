import type { Identity } from "./access.ts";
import { Reason, type Refusal } from "./packets/codes.ts";
import { copyOf, decodeText } from "./packets/reader.ts";
import type { Destination, RouteTable } from "./routes.ts";
import type { Target } from "./sessions/targets.ts";
import { impossibleTopic, notRouted, type RefusedTopic, reservedTopic } from "./settled-batches.ts";
import type { SharedGroup } from "./shared/shared-group.ts";
import { isReserved, levelCount, topicFault } from "./topics.ts";

const NO_GROUPS: readonly SharedGroup[] = [];

/** All that is known of an MQTT topic: found once, then shared by the topic's messages. */
export class TopicEntry {
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly destination: Destination | null;
  /** Where there is no destination: what a publish to the topic is answered with. */
  readonly refused: RefusedTopic;
  /** Subscribers, as of `targetsVersion` of the subscriptions. */
  targets: readonly Target[] = [];
  targetsVersion = -1;
  /** Shared subscriptions that match, as of `groupsVersion`. */
  groups: readonly SharedGroup[] = NO_GROUPS;
  groupsVersion = -1;
  /** Who may publish to it, of those who did the last one, as of `publisherVersion` of the rights. */
  publisher: Identity | null = null;
  publisherVersion = -1;
  /** Client id of who published to it last. */
  sender = "";
  /** Next entry of the same hash. */
  next: TopicEntry | null = null;

  constructor(bytes: Uint8Array, text: string, destination: Destination | null, refused: RefusedTopic) {
    this.bytes = bytes;
    this.text = text;
    this.destination = destination;
    this.refused = refused;
  }

  /** Whether the topic is spelt by these bytes. */
  is(bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.bytes;
    if (own.length !== end - start) return false;
    // Topics of one site differ at their end, if they differ.
    for (let index = own.length - 1; index >= 0; index--) {
      if (own[index] !== bytes[start + index]) return false;
    }
    return true;
  }
}

/** Longer topics are resolved every time they come. */
const MAX_CACHED_TOPIC_BYTES = 512;
/** Entries of one hash; a longer chain is somebody's attack on the hash, and is forgotten. */
const MAX_CHAIN = 8;

/**
 * MQTT topics by their bytes. Two generations bound it: when the young one is full it becomes the old one, and
 * what is used again moves over, so that forgetting costs nothing and hits what nobody uses.
 */
export class TopicTable {
  readonly #routes: RouteTable;
  readonly #maxLevels: number;
  readonly #generationEntries: number;
  readonly #seed: number;
  #young = new Map<number, TopicEntry>();
  #old = new Map<number, TopicEntry>();

  /** `seed` keeps outsiders from choosing topics of one hash. */
  constructor(routes: RouteTable, maxLevels: number, entries: number, seed: number) {
    this.#routes = routes;
    this.#maxLevels = maxLevels;
    this.#generationEntries = Math.max(1, entries >> 1);
    this.#seed = seed;
  }

  /** The entry of a topic name as a client sent it, or why no packet may have such a topic. */
  find(bytes: Uint8Array, start: number, end: number): TopicEntry | Refusal {
    const hash = hashOf(bytes, start, end, this.#seed);
    const young = inChain(this.#young.get(hash), bytes, start, end);
    if (young !== null) return young;
    const old = inChain(this.#old.get(hash), bytes, start, end);
    const entry = old ?? this.#make(copyOf(bytes, start, end));
    if ("reason" in entry || entry.bytes.length > MAX_CACHED_TOPIC_BYTES) return entry;
    this.#keep(hash, entry);
    return entry;
  }

  #keep(hash: number, entry: TopicEntry): void {
    if (this.#young.size >= this.#generationEntries) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    let chain = 0;
    const head = this.#young.get(hash) ?? null;
    for (let link = head; link !== null; link = link.next) chain++;
    entry.next = chain >= MAX_CHAIN ? null : head;
    this.#young.set(hash, entry);
  }

  #make(bytes: Uint8Array): TopicEntry | Refusal {
    const text = decodeText(bytes);
    if (text === null) return NOT_TEXT;
    const fault = topicFault(text);
    if (fault !== null) return { reason: Reason.MALFORMED_PACKET, what: fault };
    if (levelCount(text) > this.#maxLevels) {
      const fault = `more than ${this.#maxLevels} levels (mqtt.max.topic.levels)`;
      return new TopicEntry(bytes, text, null, impossibleTopic(text, fault));
    }
    if (isReserved(text)) return new TopicEntry(bytes, text, null, reservedTopic(text));
    const destination = this.#routes.resolve(text);
    if (typeof destination === "string") {
      return new TopicEntry(bytes, text, null, impossibleTopic(text, destination));
    }
    return new TopicEntry(bytes, text, destination, notRouted(text));
  }
}

const NOT_TEXT: Refusal = {
  reason: Reason.MALFORMED_PACKET,
  what: "a topic that is not UTF-8 or has U+0000",
};

function inChain(
  head: TopicEntry | undefined,
  bytes: Uint8Array,
  start: number,
  end: number,
): TopicEntry | null {
  for (let entry = head ?? null; entry !== null; entry = entry.next) {
    if (entry.is(bytes, start, end)) return entry;
  }
  return null;
}

/** FNV-1a over the bytes, seeded. */
export function hashOf(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let position = start; position < end; position++) {
    hash = Math.imul(hash ^ (bytes[position] ?? 0), 0x01000193);
  }
  return hash;
}
