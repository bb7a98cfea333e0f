import { assert } from "../base/assert.ts";
import type { Uuid } from "../base/ids.ts";
import type { Partition } from "./partition.ts";
import { PartitionHooks } from "./partition-counters.ts";
import { collisionName } from "./topic-name.ts";
import { ReadableTopics } from "./views/device-views.ts";

/** A topic that exists. Partitions are dense, from 0, and can become more at any time. */
export interface Topic {
  readonly name: string;
  readonly id: Uuid;
  /** Kept by the broker for itself: listed as internal, closed to clients' writes. */
  readonly internal: boolean;
  readonly partitions: readonly Partition[];
  /** Settings that differ from the broker's defaults, by Kafka's names. */
  readonly configs: ReadonlyMap<string, string>;
}

/** A topic as the broker holds it. */
export interface OwnedTopic extends Topic {
  internal: boolean;
  readonly partitions: Partition[];
  readonly configs: Map<string, string>;
}

/** The topics in force, by name and by id. */
export class Topics {
  /** Of all their partitions. */
  readonly hooks = new PartitionHooks();
  /** With the views of single devices. */
  readonly readable = new ReadableTopics(this);
  readonly #byName = new Map<string, OwnedTopic>();
  readonly #byId = new Map<Uuid, Topic>();
  /** Names by what is left of them where metrics take `.` and `_` for the same. */
  readonly #byCollisionName = new Map<string, string>();
  #partitionCount = 0;

  get(name: string): Topic | null {
    return this.#byName.get(name) ?? null;
  }

  byId(id: Uuid): Topic | null {
    return this.#byId.get(id) ?? null;
  }

  all(): Iterable<Topic> {
    return this.#byName.values();
  }

  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** A topic whose name is the same but for `.` and `_`. */
  colliding(name: string): string | null {
    return this.#byCollisionName.get(collisionName(name)) ?? null;
  }

  add(topic: OwnedTopic): void {
    this.remove(topic.name);
    this.#byName.set(topic.name, topic);
    this.#byId.set(topic.id, topic);
    this.#byCollisionName.set(collisionName(topic.name), topic.name);
    this.#partitionCount += topic.partitions.length;
  }

  /** Adds the partitions that follow those it has; whoever holds the topic sees them at once. */
  grow(topic: Topic, partitions: readonly Partition[]): void {
    const owned = this.#byName.get(topic.name);
    assert(owned === topic, `${topic.name} is not in force`);
    owned.partitions.push(...partitions);
    this.#partitionCount += partitions.length;
  }

  /** Changes the settings; whoever holds the topic sees them at once. Null takes one back. */
  configure(topic: Topic, changes: ReadonlyMap<string, string | null>): void {
    const owned = this.#byName.get(topic.name);
    assert(owned === topic, `${topic.name} is not in force`);
    for (const [name, value] of changes) {
      if (value === null) owned.configs.delete(name);
      else owned.configs.set(name, value);
    }
  }

  /** From now on the broker keeps this topic for itself. */
  markInternal(name: string): void {
    const topic = this.#byName.get(name);
    if (topic !== undefined) topic.internal = true;
  }

  remove(name: string): Topic | null {
    const topic = this.#byName.get(name);
    if (topic === undefined) return null;
    this.#byName.delete(name);
    this.#byId.delete(topic.id);
    this.#byCollisionName.delete(collisionName(name));
    this.#partitionCount -= topic.partitions.length;
    return topic;
  }
}
