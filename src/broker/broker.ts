import { assert } from "../base/assert.ts";
import { HeadwaterError } from "../base/errors.ts";
import { leaderEpoch, type Uuid, uuidFromBytes, ZERO_UUID } from "../base/ids.ts";
import type { Clock } from "../io/clock.ts";
import { ERROR } from "../kafka/wire/generated/errors.ts";
import { DEFAULT_LOG_CONFIG, type LogConfig } from "../log/log-config.ts";
import type { LogStore } from "../log/log-store.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { Acls } from "./acls.ts";
import { type BrokerConfigLayers, configLayers, layeredTopicDefaults } from "./broker-config.ts";
import type { BrokerDefaults, BrokerOptions } from "./broker-options.ts";
import type { ClientQuotas, QuotaEntity } from "./client-quotas.ts";
import { type ConfigResource, type DynamicConfigs, RESOURCE } from "./dynamic-configs.ts";
import { featureLevel } from "./features.ts";
import { GAP_TOPIC, ledgerConfigFault } from "./gap-ledger.ts";
import type { Ingest } from "./ingest.ts";
import { KeyedState } from "./keyed-state.ts";
import { decodeMetadataRecord, type MetadataRecord, metadataStateRecord } from "./metadata-records.ts";
import { describeTopic, MetadataState, partitionRecord, type TopicDescription } from "./metadata-state.ts";
import { isOwnTopic, METADATA_LOG_CONFIG, METADATA_LOG_MAX_BYTES, METADATA_TOPIC_ID } from "./own-topics.ts";
import { Partition } from "./partition.ts";
import { ProducerIds } from "./producer-ids.ts";
import { Quotas } from "./quotas.ts";
import { type DeletionCallback, RecordDeletions } from "./record-deletions.ts";
import { ScramCredentials } from "./scram-credentials.ts";
import { Stamps } from "./stamps.ts";
import { StateLog } from "./state-log.ts";
import { logConfigOf, topicConfigFault } from "./topic-config.ts";
import { TopicDeletions } from "./topic-deletions.ts";
import { topicNameFault } from "./topic-name.ts";
import { type OwnedTopic, type Topic, Topics } from "./topics.ts";
import type { MarkerOwner, TransactionGate } from "./transactions.ts";
import { TurnIngest } from "./turn-ingest.ts";
import type { AckCallback } from "./waiting.ts";

export const METADATA_TOPIC = "__cluster_metadata";

/** A refusal, as Kafka codes it, with the words that go to the client. */
export interface Refusal {
  readonly error: number;
  readonly message: string;
}

export interface TopicSpec {
  readonly name: string;
  /** -1: the broker's default. */
  readonly partitionCount: number;
  readonly configs: ReadonlyMap<string, string>;
}

export interface QuotaChange {
  readonly entity: QuotaEntity;
  /** By Kafka's names; null takes a quota back. */
  readonly values: ReadonlyMap<string, number | null>;
}

export type AppendListener = (topic: string, partition: number) => void;

/** What every door calls: topics, their partitions, and what is written down about them. */
export class Broker {
  readonly nodeId: number;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly topics = new Topics();
  autoCreateTopics: boolean;
  defaultPartitions: number;
  readonly store: LogStore;
  /** The partition of the metadata log. */
  readonly metadata: Partition;
  readonly quotas: Quotas;
  /** Who may do what, for doors that ask. */
  readonly acls: Acls;
  /** Users whom Kafka's own tools have made. */
  readonly scram: ScramCredentials;
  readonly stamps = new Stamps();
  /** Asked before a transaction's first records go into a partition; null where no transactions are served. */
  transactions: TransactionGate | null = null;
  /** Internal topics whose transaction markers pass through who keeps their state. */
  readonly markerOwners = new Map<string, MarkerOwner>();
  #options: BrokerOptions;
  readonly #state = new MetadataState();
  readonly #metadata: StateLog;
  readonly #producerIds: ProducerIds;
  readonly #ingest: TurnIngest;
  readonly #deletions: RecordDeletions;
  readonly #unsettled = new Set<Partition>();
  readonly #leaving: TopicDeletions;
  readonly #appendListeners = new Set<AppendListener>();

  /** The store is open and recovered; everything the metadata log tells is there when this returns. */
  constructor(options: BrokerOptions) {
    this.#options = options;
    this.nodeId = options.nodeId;
    this.clusterId = options.clusterId;
    this.clock = options.clock;
    this.autoCreateTopics = options.autoCreateTopics;
    this.defaultPartitions = options.defaultPartitions;
    this.store = options.store;
    const log =
      options.store.get(METADATA_TOPIC_ID, 0) ??
      options.store.create(
        { topic: METADATA_TOPIC, topicId: METADATA_TOPIC_ID, partition: 0 },
        METADATA_LOG_CONFIG,
      );
    log.config = METADATA_LOG_CONFIG;
    this.metadata = this.#partition(log);
    this.quotas = new Quotas(options.clock, this.#state.quotas);
    this.#metadata = new StateLog(this.metadata, options.clock, METADATA_LOG_MAX_BYTES, () =>
      this.#state.snapshot().map(metadataStateRecord),
    );
    const complete = this.#metadata.replay((record) => {
      const metadata = record.value === null ? null : decodeMetadataRecord(record.value);
      if (metadata !== null) this.#state.replay(metadata);
    });
    if (!complete) this.reportDamage(METADATA_TOPIC);
    this.#producerIds = new ProducerIds(this.#state.nextProducerId, (nextProducerId, durable) =>
      this.#write([{ kind: "producer-ids", nextProducerId }], durable),
    );
    const write = (records: readonly MetadataRecord[], durable: AckCallback): number =>
      records.length === 0 ? this.#nothingToWrite(durable) : this.#write(records, durable);
    this.acls = new Acls(this.#state.acls, options.random, write);
    this.scram = new ScramCredentials(this.#state.scram, write);
    this.#leaving = new TopicDeletions(options.store);
    this.#deletions = new RecordDeletions(options.store);
    this.#ingest = new TurnIngest(options.clock, this.stamps, (name) => this.#topicForIngest(name));
    this.#openTopics();
    options.store.onCommitted(() => this.#settle());
  }

  get ingest(): Ingest {
    return this.#ingest;
  }

  /**
   * `listener` runs with every partition whose high watermark moved, and with partition -1 for a topic that has
   * come or gone, or has more partitions. Returns how to stop that.
   */
  onAppended(listener: AppendListener): () => void {
    this.#appendListeners.add(listener);
    return () => {
      this.#appendListeners.delete(listener);
    };
  }

  partition(topic: string, index: number): Partition | null {
    return this.topics.get(topic)?.partitions[index] ?? null;
  }

  /** Says why a topic can't be created, or null. */
  createFault(spec: TopicSpec): Refusal | null {
    return this.#createFault(spec, isInternalTopic(spec.name));
  }

  /** `own`: a topic of the broker's own. They come beside what clients have, which must not fail for them. */
  #createFault(spec: TopicSpec, own: boolean): Refusal | null {
    const nameFault = topicNameFault(spec.name);
    if (nameFault !== null) return refusal(ERROR.INVALID_TOPIC_EXCEPTION, nameFault);
    if (this.topics.get(spec.name) !== null || spec.name === METADATA_TOPIC) {
      return refusal(ERROR.TOPIC_ALREADY_EXISTS, `Topic '${spec.name}' already exists.`);
    }
    if (this.#leaving.has(spec.name)) {
      return refusal(ERROR.TOPIC_ALREADY_EXISTS, `Topic '${spec.name}' is being deleted; try again.`);
    }
    const collision = own ? null : this.topics.colliding(spec.name);
    if (collision !== null) {
      const words = `Topic '${spec.name}' collides with existing topic: ${collision}`;
      return refusal(ERROR.INVALID_TOPIC_EXCEPTION, words);
    }
    const count = this.partitionCountOf(spec);
    if (count < 1) {
      const words = `Number of partitions was set to an invalid non-positive value.`;
      return refusal(ERROR.INVALID_PARTITIONS, words);
    }
    const roomFault = own ? null : this.#roomFault(count);
    if (roomFault !== null) return roomFault;
    const configFault =
      topicConfigFault(spec.configs, this.topicDefaults) ?? ledgerConfigFault(spec.name, spec.configs);
    if (configFault !== null) return refusal(ERROR.INVALID_CONFIG, configFault);
    return null;
  }

  partitionCountOf(spec: TopicSpec): number {
    return spec.partitionCount === -1 ? this.defaultPartitions : spec.partitionCount;
  }

  /** Creates a topic; it can be used at once. `durable` runs once the disk has it. */
  createTopic(spec: TopicSpec, durable: AckCallback): Topic | Refusal {
    return this.#createTopic(spec, isInternalTopic(spec.name), durable);
  }

  #createTopic(spec: TopicSpec, own: boolean, durable: AckCallback): Topic | Refusal {
    const fault = this.#createFault(spec, own);
    if (fault !== null) return fault;
    const description: TopicDescription = {
      name: spec.name,
      id: this.#newTopicId(),
      partitionCount: this.partitionCountOf(spec),
      configs: new Map(spec.configs),
    };
    const opened = this.#openTopic(description);
    if ("error" in opened) return opened;
    const error = this.#write(describeTopic(description), durable);
    if (error !== 0) {
      for (const partition of opened.partitions) this.store.delete(partition.log);
      return refusal(error, `Topic '${spec.name}' could not be written down.`);
    }
    this.topics.add(opened);
    this.#options.logger.info("topic created", {
      topic: opened.name,
      partitions: opened.partitions.length,
      id: opened.id,
    });
    this.#notify(opened.name, -1);
    return opened;
  }

  /** Says why a topic can't have this many partitions, or null. */
  addPartitionsFault(topic: Topic, count: number): Refusal | null {
    const { length } = topic.partitions;
    if (topic.internal) {
      return refusal(ERROR.INVALID_PARTITIONS, `Topic '${topic.name}' belongs to the broker.`);
    }
    if (this.#leaving.has(topic.name)) {
      return refusal(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `Topic '${topic.name}' is being deleted.`);
    }
    if (count === length)
      return refusal(ERROR.INVALID_PARTITIONS, `Topic already has ${length} partition(s).`);
    if (count < length) {
      const words = `The topic ${topic.name} currently has ${length} partition(s); ${count} would not be an increase.`;
      return refusal(ERROR.INVALID_PARTITIONS, words);
    }
    return this.#roomFault(count - length);
  }

  /** Adds partitions, which can be used at once, until there are `count`. `durable` runs once the disk has it. */
  addPartitions(topic: Topic, count: number, durable: AckCallback): Refusal | null {
    const fault = this.addPartitionsFault(topic, count);
    if (fault !== null) return fault;
    const description = this.#state.topic(topic.name);
    assert(description !== null, `${topic.name} is not in the metadata`);
    const first = topic.partitions.length;
    const opened = this.#openPartitions({ ...description, partitionCount: count }, first);
    if ("error" in opened) return opened;
    const records = opened.map((partition) => partitionRecord(topic.id, partition.index));
    const error = this.#write(records, durable);
    if (error !== 0) {
      for (const partition of opened) this.store.delete(partition.log);
      return refusal(error, `Partitions of '${topic.name}' could not be written down.`);
    }
    this.topics.grow(topic, opened);
    this.#options.logger.info("partitions added", { topic: topic.name, partitions: count });
    this.#notify(topic.name, -1);
    return null;
  }

  /** Where the broker's settings are from, and with them the defaults of topics. */
  get configLayers(): BrokerConfigLayers {
    return configLayers(this.#state.configs, this.nodeId, this.#options.topicDefaults);
  }

  /** What topics that say nothing themselves go by, by their own names. */
  get topicDefaults(): ReadonlyMap<string, string> {
    return layeredTopicDefaults(this.configLayers);
  }

  /** Settings of groups, of subscriptions to metrics, and of brokers that were changed while one ran. */
  get configs(): Pick<DynamicConfigs, "of" | "names" | "count"> {
    return this.#state.configs;
  }

  /** A group's own setting, such as `consumer.session.timeout.ms`; null where the broker's counts. */
  groupConfig(group: string, name: string): string | null {
    return this.configs.of({ type: RESOURCE.group, name: group }).get(name) ?? null;
  }

  /**
   * Changes settings that were checked (null takes one back): in force at once. Returns a Kafka error, or 0 and
   * calls back once durable.
   */
  alterConfigs(
    resource: ConfigResource,
    changes: ReadonlyMap<string, string | null>,
    durable: AckCallback,
  ): number {
    const topic = resource.type === RESOURCE.topic ? this.topics.get(resource.name) : null;
    if (changes.size === 0) return this.#nothingToWrite(durable);
    const records = Array.from(
      changes,
      ([name, value]): MetadataRecord =>
        topic === null
          ? { kind: "config", resource, name, value }
          : { kind: "topic-config", topic: topic.name, name, value },
    );
    const error = this.#write(records, durable);
    if (error !== 0) return error;
    if (topic !== null) this.topics.configure(topic, changes);
    this.#configure(resource.type === RESOURCE.broker ? this.topics.all() : topic === null ? [] : [topic]);
    return 0;
  }

  /** What topics go by from now on that say nothing themselves. */
  useDefaults(defaults: BrokerDefaults): void {
    this.#options = { ...this.#options, ...defaults };
    this.autoCreateTopics = defaults.autoCreateTopics;
    this.defaultPartitions = defaults.defaultPartitions;
    this.#configure(this.topics.all());
  }

  #configure(topics: Iterable<Topic>): void {
    for (const { name, configs, partitions } of topics) {
      const config = this.#logConfigOf(name, configs);
      for (const { log } of partitions) log.config = config;
    }
  }

  /** Deletes a partition's records below an offset, -1 for all that consumers see; `done` once that is durable. */
  deleteRecords(partition: Partition, before: number, done: DeletionCallback): void {
    this.#deletions.start(partition, before, done);
  }

  /** The level in force of a feature of the cluster (KIP-584), such as `transaction.version`. */
  featureLevel(name: string): number {
    return featureLevel(name, this.#state.features);
  }

  /** Feature levels that were changed since the broker was new. */
  get changedFeatures(): ReadonlyMap<string, number> {
    return this.#state.features;
  }

  /** Sets feature levels, checked by `featureFault`. Returns a Kafka error, or 0 and calls back once durable. */
  setFeatures(levels: ReadonlyMap<string, number>, durable: AckCallback): number {
    const changes = [...levels].filter(([name, level]) => this.featureLevel(name) !== level);
    if (changes.length === 0) return this.#nothingToWrite(durable);
    return this.#write(
      changes.map(([name, level]) => ({ kind: "feature", name, level })),
      durable,
    );
  }

  /** Quotas of clients, to be read. */
  get clientQuotas(): Pick<ClientQuotas, "find" | "fault" | "adds"> {
    return this.#state.quotas;
  }

  /** Changes quotas, checked by `clientQuotas.fault`. Returns a Kafka error, or 0 and calls back once durable. */
  setQuotas(changes: readonly QuotaChange[], durable: AckCallback): number {
    const records = changes.flatMap(({ entity, values }) =>
      Array.from(values, ([key, value]) => ({ kind: "client-quota", entity, key, value }) as const),
    );
    if (records.length === 0) return this.#nothingToWrite(durable);
    const error = this.#write(records, durable);
    this.quotas.changed();
    return error;
  }

  #nothingToWrite(durable: AckCallback): number {
    this.metadata.whenDurable(this.metadata.log.logEndOffset, durable);
    return 0;
  }

  /**
   * Deletes a topic and its records, once what somebody loses by it is in the ledger. `durable` runs when it can't come
   * back.
   */
  deleteTopic(name: string, durable: AckCallback): Refusal | null {
    const topic = this.topics.get(name);
    if (topic === null || this.#leaving.has(name)) {
      const words = topic === null ? "does not exist" : "is being deleted";
      return refusal(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `Topic '${name}' ${words}.`);
    }
    let refused: Refusal | null = null;
    let isAtOnce = true;
    this.#leaving.begin(topic, () => {
      refused = this.#removeTopic(topic, durable);
      if (refused !== null && !isAtOnce) durable(refused.error);
    });
    isAtOnce = false;
    return refused;
  }

  #removeTopic(topic: Topic, durable: AckCallback): Refusal | null {
    const { name } = topic;
    // The removal is written first: files that a crash leaves behind are recognised by it and go at the next start.
    const error = this.#write([{ kind: "remove-topic", topicId: topic.id }], (failed) => {
      if (failed === 0) this.#leaving.removed(topic, durable);
      else {
        this.#leaving.abandon(topic);
        durable(failed);
      }
    });
    if (error !== 0) {
      this.#leaving.abandon(topic);
      return refusal(error, `The removal of '${name}' could not be written down.`);
    }
    this.topics.remove(name);
    for (const partition of topic.partitions) {
      this.#unsettled.delete(partition);
      partition.retire();
    }
    this.#options.logger.info("topic deleted", { topic: name, id: topic.id });
    this.#notify(name, -1);
    return null;
  }

  /**
   * Durable values of a room, in an internal topic of that name (which begins with `__`), with so much room to spare for
   * what a full disk must still take. Throws DISK_IO.
   */
  openState(topic: string, spareBytes = 0): KeyedState {
    const state = this.lateState(topic, spareBytes);
    state.open();
    return state;
  }

  /** The same, where the topic is made, or read, when something is written first, or by `open`. */
  lateState(topic: string, spareBytes = 0): KeyedState {
    return new KeyedState(this, topic, spareBytes);
  }

  /** The partition of an internal topic (its name begins with `__`), made where it is missing. Throws DISK_IO. */
  internalPartition(topic: string, configs: ReadonlyMap<string, string>): Partition {
    assert(topic.startsWith("__"), `${topic} is no internal topic`);
    const spec = { name: topic, partitionCount: 1, configs };
    const found = this.topics.get(topic) ?? this.#createTopic(spec, true, () => {});
    if ("error" in found) {
      const message = `internal topic ${topic} can't be opened: ${found.message}`;
      throw new HeadwaterError("DISK_IO", message, { topic });
    }
    const [partition] = found.partitions;
    assert(partition !== undefined, `internal topic ${topic} has no partition`);
    this.topics.markInternal(topic);
    return partition;
  }

  /** Tells the operator that a log of the broker's own is shorter than it should be. */
  reportDamage(topic: string): void {
    this.#options.logger.error("a log of the broker's own state can't be read to its end", { topic });
  }

  /** A producer id that no producer had before; `done` gets it, or the Kafka error. */
  newProducerId(done: (error: number, producerId: number) => void): void {
    this.#producerIds.next(done);
  }

  /** The topic a client asked for, created where it is missing and settings allow. */
  topicOrCreate(name: string, durable: AckCallback): Topic | Refusal {
    const topic = this.topics.get(name);
    if (topic !== null) {
      durable(0);
      return topic;
    }
    if (!this.autoCreateTopics || this.#leaving.has(name) || isInternalTopic(name)) {
      return refusal(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `Topic '${name}' does not exist.`);
    }
    return this.createTopic({ name, partitionCount: -1, configs: new Map() }, durable);
  }

  #roomFault(count: number): Refusal | null {
    if (this.topics.partitionCount + count <= this.#options.maxPartitions) return null;
    const words = `${count} more partitions would exceed this broker's limit of ${this.#options.maxPartitions} (max.partitions).`;
    return refusal(ERROR.POLICY_VIOLATION, words);
  }

  #topicForIngest(name: string): Topic | number {
    const topic = this.topicOrCreate(name, () => {});
    if ("error" in topic) return topic.error;
    // A device may have named the topic.
    return topic.internal ? ERROR.TOPIC_AUTHORIZATION_FAILED : topic;
  }

  #newTopicId(): Uuid {
    for (;;) {
      const id = uuidFromBytes(this.#options.random.bytes(16));
      // Kafka's tools print ids on command lines: none may look like an option.
      if (id !== ZERO_UUID && !id.startsWith("-") && this.#state.byId(id) === null) return id;
    }
  }

  #partition(log: PartitionLog): Partition {
    return new Partition(log, leaderEpoch(0), this.#awaitCommit, this.stamps, this.topics.hooks);
  }

  readonly #awaitCommit = (partition: Partition): void => {
    this.#unsettled.add(partition);
  };

  /** After a commit round: releases what waited for it. */
  #settle(): void {
    for (const partition of [...this.#unsettled]) {
      const before = partition.settledOffset;
      if (!partition.settle()) this.#unsettled.delete(partition);
      if (partition.settledOffset !== before) this.#notify(partition.topic, partition.index);
    }
    this.#deletions.settle();
    this.#leaving.settle();
    this.#ingest.notify();
  }

  #notify(topic: string, partition: number): void {
    for (const listener of this.#appendListeners) listener(topic, partition);
  }

  #write(records: readonly MetadataRecord[], durable: AckCallback): number {
    const error = this.#metadata.append(records.map(metadataStateRecord), durable);
    if (error !== 0) return error;
    for (const record of records) this.#state.replay(record);
    this.#metadata.shorten();
    return 0;
  }

  /** Opens what the metadata tells, and takes up logs that it doesn't tell of. */
  #openTopics(): void {
    for (const log of [...this.store.logs()]) {
      if (log.topicId === METADATA_TOPIC_ID || this.#state.byId(log.topicId) !== null) continue;
      // The name is another topic's by now, so the folder can't be of the topic whose id stands in it: that was
      // gone before the other came. Somebody's records are in it all the same.
      if (this.#state.topic(log.topic) !== null)
        this.store.setAside(log, "its topic id is not that of its name");
      else if (this.#state.wasRemoved(log.topicId)) this.store.delete(log);
      else this.#adopt(log);
    }
    for (const description of this.#state.topics()) {
      const topic = this.#openTopic(description);
      if ("error" in topic) {
        this.#options.logger.error("topic could not be opened", {
          topic: description.name,
          reason: topic.message,
        });
      } else this.topics.add(topic);
    }
  }

  /**
   * A log with records whose topic the metadata has lost: the topic is written down again rather than its
   * records thrown away.
   */
  #adopt(log: PartitionLog): void {
    const partitions = [...this.store.logs()].filter((other) => other.topicId === log.topicId);
    const partitionCount = Math.max(...partitions.map((other) => other.partition)) + 1;
    const description = {
      name: log.topic,
      id: log.topicId,
      partitionCount,
      configs: new Map<string, string>(),
    };
    const records = describeTopic(description);
    if (this.#write(records, () => {}) !== 0) {
      // It serves until the next start, which tries again.
      for (const record of records) this.#state.replay(record);
      this.reportDamage(METADATA_TOPIC);
    }
    this.#options.logger.warn("took up a topic that the metadata did not know", {
      topic: log.topic,
      partitions: partitionCount,
    });
  }

  #logConfigOf(name: string, configs: ReadonlyMap<string, string>): LogConfig {
    const { producerIdExpirationMs = DEFAULT_LOG_CONFIG.producerIdExpirationMs } = this.#options;
    const config = logConfigOf(configs, this.topicDefaults);
    return { ...config, producerIdExpirationMs, usesReserve: name === GAP_TOPIC };
  }

  #openTopic(description: TopicDescription): OwnedTopic | Refusal {
    const { name, id, configs } = description;
    const partitions = this.#openPartitions(description, 0);
    if ("error" in partitions) return partitions;
    return { name, id, internal: isOwnTopic(name), partitions, configs: new Map(configs) };
  }

  /** The partitions of a topic from this one on; logs that are not there are made. */
  #openPartitions(description: TopicDescription, first: number): Partition[] | Refusal {
    const { name, id, partitionCount, configs } = description;
    const config = this.#logConfigOf(name, configs);
    const logs = Array.from({ length: partitionCount - first }, (_, at) => this.store.get(id, first + at));
    const missing = logs.flatMap((log, at) =>
      log === null ? { topic: name, topicId: id, partition: first + at } : [],
    );
    try {
      if (missing.length > 0) {
        for (const log of this.store.createUnborn(missing, config)) logs[log.partition - first] = log;
      }
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return refusal(
        ERROR.KAFKA_STORAGE_ERROR,
        `The log of topic '${name}' can't be created: ${error.message}`,
      );
    }
    return logs.map((log) => {
      assert(log !== null, `${name} lacks a partition`);
      log.config = config;
      return this.#partition(log);
    });
  }
}

/** Whether only the broker itself makes a topic of this name. */
export function isInternalTopic(name: string): boolean {
  return name === METADATA_TOPIC || isOwnTopic(name);
}

function refusal(error: number, message: string): Refusal {
  return { error, message };
}
