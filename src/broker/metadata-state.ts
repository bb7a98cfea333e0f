import { assertNever } from "../base/assert.ts";
import type { Uuid } from "../base/ids.ts";
import { AclTable } from "./acls.ts";
import { ClientQuotas } from "./client-quotas.ts";
import { DynamicConfigs } from "./dynamic-configs.ts";
import type { MetadataRecord } from "./metadata-records.ts";
import { ScramTable } from "./scram-credentials.ts";

/** A topic as the metadata log tells it. */
export interface TopicDescription {
  readonly name: string;
  readonly id: Uuid;
  partitionCount: number;
  readonly configs: Map<string, string>;
}

/**
 * What the metadata log says, replayed record by record: the same state after every start, and later on every
 * broker of a cluster. Pure.
 */
export class MetadataState {
  readonly #topics = new Map<string, TopicDescription>();
  readonly #names = new Map<Uuid, string>();
  /** Ids of topics that were removed: their files, where a crash left some, may go. */
  readonly #removed = new Set<Uuid>();
  /** Feature levels that were set; those of a new broker are left out. */
  readonly #features = new Map<string, number>();
  readonly #quotas = new ClientQuotas();
  readonly #configs = new DynamicConfigs();
  readonly #acls = new AclTable();
  readonly #scram = new ScramTable();
  #nextProducerId = 0;

  get features(): ReadonlyMap<string, number> {
    return this.#features;
  }

  /** Settings of all but topics, which have their own. */
  get configs(): DynamicConfigs {
    return this.#configs;
  }

  get acls(): AclTable {
    return this.#acls;
  }

  get scram(): ScramTable {
    return this.#scram;
  }

  get quotas(): ClientQuotas {
    return this.#quotas;
  }

  get nextProducerId(): number {
    return this.#nextProducerId;
  }

  topics(): Iterable<TopicDescription> {
    return this.#topics.values();
  }

  topic(name: string): TopicDescription | null {
    return this.#topics.get(name) ?? null;
  }

  byId(id: Uuid): TopicDescription | null {
    const name = this.#names.get(id);
    return name === undefined ? null : this.topic(name);
  }

  wasRemoved(id: Uuid): boolean {
    return this.#removed.has(id);
  }

  replay(record: MetadataRecord): void {
    switch (record.kind) {
      case "topic":
        this.#topics.set(record.name, {
          name: record.name,
          id: record.topicId,
          partitionCount: 0,
          configs: new Map(),
        });
        this.#names.set(record.topicId, record.name);
        return;
      case "partition": {
        const topic = this.byId(record.topicId);
        if (topic !== null) topic.partitionCount = Math.max(topic.partitionCount, record.partition + 1);
        return;
      }
      case "topic-config": {
        const configs = this.topic(record.topic)?.configs;
        if (record.value === null) configs?.delete(record.name);
        else configs?.set(record.name, record.value);
        return;
      }
      case "config":
        this.#configs.set(record.resource, record.name, record.value);
        return;
      case "remove-topic": {
        const topic = this.byId(record.topicId);
        if (topic !== null) this.#topics.delete(topic.name);
        this.#names.delete(record.topicId);
        this.#removed.add(record.topicId);
        return;
      }
      case "producer-ids":
        this.#nextProducerId = Math.max(this.#nextProducerId, record.nextProducerId);
        return;
      case "feature":
        this.#features.set(record.name, record.level);
        return;
      case "client-quota":
        this.#quotas.set(record.entity, record.key, record.value);
        return;
      case "acl":
        this.#acls.add(record.id, record.entry);
        return;
      case "remove-acl":
        this.#acls.remove(record.id);
        return;
      case "scram":
      case "remove-scram":
        this.#scram.replay(record);
        return;
      default:
        assertNever(record);
    }
  }

  /** Records that replay to this state. Removed ids are left out: their files are gone by then. */
  snapshot(): MetadataRecord[] {
    const records: MetadataRecord[] = [{ kind: "producer-ids", nextProducerId: this.#nextProducerId }];
    for (const [name, level] of this.#features) records.push({ kind: "feature", name, level });
    for (const { entity, values } of this.#quotas.all()) {
      for (const [key, value] of values) records.push({ kind: "client-quota", entity, key, value });
    }
    for (const [id, entry] of this.#acls.all()) records.push({ kind: "acl", id, entry });
    records.push(...this.#scram.records());
    for (const resource of this.#configs.all()) {
      for (const [name, value] of this.#configs.of(resource))
        records.push({ kind: "config", resource, name, value });
    }
    for (const topic of this.#topics.values()) records.push(...describeTopic(topic));
    return records;
  }
}

/** The records that make a topic. */
export function describeTopic(topic: TopicDescription): MetadataRecord[] {
  const records: MetadataRecord[] = [{ kind: "topic", name: topic.name, topicId: topic.id }];
  for (const [name, value] of topic.configs) {
    records.push({ kind: "topic-config", topic: topic.name, name, value });
  }
  for (let partition = 0; partition < topic.partitionCount; partition += 1) {
    records.push(partitionRecord(topic.id, partition));
  }
  return records;
}

/** The record that makes a partition. */
export function partitionRecord(topicId: Uuid, partition: number): MetadataRecord {
  return { kind: "partition", topicId, partition, leaderEpoch: 0 };
}
