import { hasCode } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Broker } from "../../broker/broker.ts";
import { RESOURCE } from "../../broker/dynamic-configs.ts";
import { AUDIT_TOPIC } from "../../broker/own-topics.ts";
import type { Partition } from "../../broker/partition.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import { BATCH_HEADER_BYTES } from "../../records/batch.ts";
import { BatchBuilder, maxRecordSizeBytes } from "../../records/builder.ts";
import { type AuditEntry, encodeEntry, keyOfEntry } from "./audit-entry.ts";
import type { AuditEvent } from "./audit-event.ts";

/** Partitions by what they tell of: whoever tries doors pushes no change out of the log. */
export const PARTITION_OF: Readonly<Record<AuditEvent["kind"], number>> = { change: 0, access: 1 };
const PARTITIONS = 2;
const SEGMENT_BYTES = 1024 * 1024;
const MAX_BATCH_BYTES = 64 * 1024;

/** How much is kept. */
export interface AuditKeeping {
  /** Of both partitions together. */
  readonly maxBytes: number;
  readonly retentionMs: number;
}

/** The internal topic that entries are in. */
export class AuditTopic {
  readonly #broker: Broker;
  readonly #configs: ReadonlyMap<string, string>;
  /** What is left of a full disk is for what must not fail: who audits waits. */
  readonly #reserveBytes: number;
  readonly #logger: Logger;
  readonly #builder = new BatchBuilder();

  constructor(broker: Broker, keeping: AuditKeeping, reserveBytes: number, logger: Logger) {
    this.#broker = broker;
    this.#reserveBytes = reserveBytes;
    this.#logger = logger;
    this.#configs = new Map([
      ["cleanup.policy", "delete"],
      ["durability", "disk"],
      ["segment.bytes", String(SEGMENT_BYTES)],
      // A segment goes as a whole, and the one that is written to stays.
      ["retention.bytes", String(Math.floor(keeping.maxBytes / PARTITIONS) - SEGMENT_BYTES)],
      ["retention.ms", String(keeping.retentionMs)],
    ]);
    this.#configure();
  }

  /** Takes entries of one kind as far as there is room for them, in order. Says how many it has taken, and Kafka's error. */
  append(
    kind: AuditEvent["kind"],
    entries: readonly AuditEntry[],
  ): { readonly count: number; readonly error: number } {
    const partition = this.#partition(kind);
    if (partition === null) return { count: 0, error: ERROR.UNKNOWN_TOPIC_OR_PARTITION };
    if (this.#broker.store.status().freeBytes < this.#reserveBytes) {
      return { count: 0, error: ERROR.KAFKA_STORAGE_ERROR };
    }
    const nowMs = this.#broker.clock.nowMs();
    let count = 0;
    while (count < entries.length) {
      const next = this.#build(entries, count, nowMs);
      const batch = this.#builder.buildView();
      const result = partition.append(batch, 0, batch.length, nowMs, "broker");
      if ("message" in result) return { count, error: result.error };
      count = next;
    }
    return { count, error: ERROR.NONE };
  }

  /** A batch of entries from this one on; where the next begins. */
  #build(entries: readonly AuditEntry[], from: number, nowMs: number): number {
    this.#builder.reset();
    let at = from;
    for (; at < entries.length; at += 1) {
      const entry = entries[at] as AuditEntry;
      const [key, value] = [keyOfEntry(entry), encodeEntry(entry)];
      const sizeBytes = this.#builder.sizeBytes + maxRecordSizeBytes(key?.length ?? 0, value.length, 0);
      if (sizeBytes > MAX_BATCH_BYTES && this.#builder.sizeBytes > BATCH_HEADER_BYTES) break;
      this.#builder.append(nowMs, key, value, null);
    }
    return at;
  }

  #partition(kind: AuditEvent["kind"]): Partition | null {
    const index = PARTITION_OF[kind];
    const found = this.#broker.partition(AUDIT_TOPIC, index);
    if (found !== null || this.#broker.topics.get(AUDIT_TOPIC) !== null) return found;
    try {
      const spec = { name: AUDIT_TOPIC, partitionCount: PARTITIONS, configs: this.#configs };
      const made = this.#broker.createTopic(spec, () => {});
      if ("error" in made) this.#logger.warn("the audit log can't be made", { reason: made.message });
    } catch (error) {
      if (!hasCode(error, "DISK_IO")) throw error;
      this.#logger.warn("the audit log can't be made", { error });
    }
    return this.#broker.partition(AUDIT_TOPIC, index);
  }

  /** One of before goes by the settings of now. */
  #configure(): void {
    const topic = this.#broker.topics.get(AUDIT_TOPIC);
    if (topic === null) return;
    const changes = new Map([...this.#configs].filter(([name, value]) => topic.configs.get(name) !== value));
    const resource = { type: RESOURCE.topic, name: AUDIT_TOPIC };
    if (changes.size > 0 && this.#broker.alterConfigs(resource, changes, () => {}) !== 0)
      this.#logger.warn("the audit log keeps what it was told to keep before", { topic: AUDIT_TOPIC });
  }
}
