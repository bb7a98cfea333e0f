import type { Uuid } from "../base/ids.ts";
import type { Partition } from "./partition.ts";

/** A topic that exists. Partitions are dense, from 0. */
export interface Topic {
  readonly name: string;
  readonly id: Uuid;
  /** Kept by the broker for itself: listed as internal, closed to clients' writes. */
  readonly internal: boolean;
  readonly partitions: readonly Partition[];
  /** Settings that differ from the broker's defaults, by Kafka's names. */
  readonly configs: ReadonlyMap<string, string>;
}

/** The topics in force, by name and by id. */
export class Topics {
  readonly #byName = new Map<string, Topic>();
  readonly #byId = new Map<Uuid, Topic>();
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

  add(topic: Topic): void {
    this.remove(topic.name);
    this.#byName.set(topic.name, topic);
    this.#byId.set(topic.id, topic);
    this.#partitionCount += topic.partitions.length;
  }

  remove(name: string): Topic | null {
    const topic = this.#byName.get(name);
    if (topic === undefined) return null;
    this.#byName.delete(name);
    this.#byId.delete(topic.id);
    this.#partitionCount -= topic.partitions.length;
    return topic;
  }
}
