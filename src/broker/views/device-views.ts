import { decodeDeviceKey, encodeDeviceKey } from "../../base/device-name.ts";
import { type Uuid, uuidBytes, uuidFromBytes } from "../../base/ids.ts";
import type { Partition } from "../partition.ts";
import { topicNameFault } from "../topic-name.ts";
import type { Topic, Topics } from "../topics.ts";

/** Longer names are no views: a key of 300 bytes that all have to be escaped still has one. */
export const MAX_VIEW_NAME_LENGTH = 1200;
/** Views that are known by their ids; the one asked for longest ago is forgotten first, until its name is asked for. */
export const MAX_KNOWN_VIEWS = 16_384;

/** What stands between topic and key; no topic's name has a `/`. */
const SEPARATOR = "/";
/** The same for clients that refuse names no topic could have. */
const ALIAS_SEPARATOR = "--";
const PARTITION_NUMBER = /^(?:0|[1-9]\d{0,9})$/;

/**
 * One device's records as a read-only topic: `<topic>/<key>`, the key percent-encoded (see base/device-name.ts), or
 * `<topic>--<key>` where there is no real topic of that name. It has the partitions of its topic, each with the device's
 * records in it: wherever producers put them, now or when the topic had fewer, all are shown, and an offset always means
 * the same record. `<topic>/<key>/<partition>` has just that one, as its partition 0.
 */
export interface DeviceView {
  readonly name: string;
  /** The same for the same topic, key and spelling for as long as the topic lives, over restarts too. */
  readonly id: Uuid;
  readonly internal: false;
  readonly topic: Topic;
  readonly key: Uint8Array;
  /** Those of the topic by the view's own numbers; they become more as the topic's do. */
  readonly partitions: readonly Partition[];
}

/** Topics and device views: what can be read under a name or an id. Views are in no list. */
export class ReadableTopics {
  readonly #topics: Topics;
  readonly #maxKnown: number;
  readonly #byName = new Map<string, DeviceView>();
  readonly #byId = new Map<Uuid, DeviceView>();

  constructor(topics: Topics, maxKnown = MAX_KNOWN_VIEWS) {
    this.#topics = topics;
    this.#maxKnown = maxKnown;
  }

  get(name: string): Topic | DeviceView | null {
    return this.#topics.get(name) ?? this.view(name);
  }

  byId(id: Uuid): Topic | DeviceView | null {
    return this.#topics.byId(id) ?? this.viewById(id);
  }

  all(): Iterable<Topic> {
    return this.#topics.all();
  }

  /** The view of that name; null where a topic has the name, or there is no topic that it could be of. */
  view(name: string): DeviceView | null {
    const known = this.#byName.get(name);
    if (known !== undefined && this.#isCurrent(known)) {
      this.#use(known);
      return known;
    }
    if (known !== undefined) this.#forget(known);
    const view = this.#parse(name);
    if (view !== null) this.#use(view);
    return view;
  }

  /** A view that was asked for by its name before. */
  viewById(id: Uuid): DeviceView | null {
    const known = this.#byId.get(id);
    return known === undefined ? null : this.view(known.name);
  }

  #parse(name: string): DeviceView | null {
    if (name.length > MAX_VIEW_NAME_LENGTH || this.#topics.get(name) !== null) return null;
    const slash = name.indexOf(SEPARATOR);
    if (slash < 0) return this.#parseAlias(name);
    const [key = "", partition, ...more] = name.slice(slash + 1).split(SEPARATOR);
    if (more.length > 0) return null;
    const topic = this.#topics.get(name.slice(0, slash));
    if (partition === undefined) return viewOf(topic, SEPARATOR, key, null);
    const asked = topic?.partitions[partitionNumber(partition)];
    return asked === undefined ? null : viewOf(topic, SEPARATOR, key, asked);
  }

  /** A real topic has the longest name that it can have: of `a--b--c` first `a--b` is looked for. */
  #parseAlias(name: string): DeviceView | null {
    for (let at = name.length; ; at--) {
      at = name.lastIndexOf(ALIAS_SEPARATOR, at);
      if (at <= 0) return null;
      const topic = this.#topics.get(name.slice(0, at));
      const view = viewOf(topic, ALIAS_SEPARATOR, name.slice(at + ALIAS_SEPARATOR.length), null);
      if (view !== null) return view;
    }
  }

  #isCurrent({ name, topic }: DeviceView): boolean {
    return this.#topics.get(topic.name) === topic && this.#topics.get(name) === null;
  }

  /** Puts it behind all that were used less lately. */
  #use(view: DeviceView): void {
    this.#byName.delete(view.name);
    this.#byName.set(view.name, view);
    this.#byId.set(view.id, view);
    if (this.#byName.size <= this.#maxKnown) return;
    for (const oldest of this.#byName.values()) {
      this.#forget(oldest);
      return;
    }
  }

  #forget({ name, id }: DeviceView): void {
    this.#byName.delete(name);
    this.#byId.delete(id);
  }
}

/**
 * Says in words why nothing can be read under a name, whatever topics there are; null where something may: the name is
 * one of a topic or of a view.
 */
export function readableNameFault(name: string): string | null {
  const slash = name.indexOf(SEPARATOR);
  if (slash < 0) return topicNameFault(name);
  if (name.length > MAX_VIEW_NAME_LENGTH) return `name of ${name.length} characters`;
  const [key = "", partition, ...more] = name.slice(slash + 1).split(SEPARATOR);
  const fault = topicNameFault(name.slice(0, slash));
  if (fault !== null) return fault;
  if (key === "" || decodeDeviceKey(key) === null) return `'${key}' is no percent-encoded key of a device`;
  const isNumbered = partition === undefined || partitionNumber(partition) >= 0;
  return isNumbered && more.length === 0 ? null : `'${name}' has more than a topic, a key and a partition`;
}

function partitionNumber(text: string): number {
  return PARTITION_NUMBER.test(text) ? Number(text) : -1;
}

function viewOf(
  topic: Topic | null,
  separator: string,
  text: string,
  asked: Partition | null,
): DeviceView | null {
  if (topic === null || topic.internal || text.length === 0) return null;
  const key = decodeDeviceKey(text);
  if (key === null) return null;
  const local = `${separator}${encodeDeviceKey(key)}${asked === null ? "" : `${SEPARATOR}${asked.index}`}`;
  return {
    name: `${topic.name}${local}`,
    id: viewId(topic.id, local),
    internal: false,
    topic,
    key,
    partitions: asked === null ? topic.partitions : [asked],
  };
}

/** From the topic's own id, so that a topic made anew has other views, and from what stands behind its name. */
function viewId(topicId: Uuid, local: string): Uuid {
  const seed = new Uint8Array(16 + local.length);
  seed.set(uuidBytes(topicId));
  new TextEncoder().encodeInto(local, seed.subarray(16));
  const id = Bun.SHA1.hash(seed);
  const bytes = new Uint8Array(id.buffer, id.byteOffset, 16);
  // Kafka's tools print ids on command lines: none begins as an option does.
  bytes[0] = (bytes[0] as number) & 0x7f;
  return uuidFromBytes(bytes);
}

export function isDeviceView(readable: Topic | DeviceView): readable is DeviceView {
  return "key" in readable;
}
