import { HeadwaterError } from "../base/errors.ts";
import type { KafkaCluster } from "../kafka/client/cluster.ts";
import { type BatchOutcome, produce } from "../kafka/client/produce.ts";
import { initProducerId, type ProducerIdentity } from "../kafka/client/transactions.ts";
import { ERROR, errorName, RETRIABLE_ERRORS } from "../kafka/wire/generated/errors.ts";
import { BatchBuilder, maxRecordSizeBytes } from "../records/builder.ts";
import { waitUntil } from "./kafka-session.ts";

/** Batches stay below the 1 MiB that brokers take by default. */
const MAX_BATCH_BYTES = 512 * 1024;
const SEND_TIMEOUT_MS = 60_000;
const ACK_TIMEOUT_MS = 10_000;
const SEQUENCES = 2 ** 31;

/** What has been written to one partition. */
export interface WrittenRange {
  readonly records: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

interface OpenBatch {
  readonly builder: BatchBuilder;
  baseSequence: number;
}

/**
 * Writes records in order and once each: an idempotent producer with one batch per partition on the way. A batch
 * whose fate is unknown is sent again under the same sequence number, which the broker recognises.
 */
export class RecordSender {
  readonly written = new Map<number, WrittenRange>();
  readonly #cluster: KafkaCluster;
  readonly #topic: string;
  readonly #compression: number;
  readonly #headers: Uint8Array | null;
  readonly #open = new Map<number, OpenBatch>();
  #identity: ProducerIdentity | null = null;

  /** `headers` as they stand in a record, for all records. */
  constructor(cluster: KafkaCluster, topic: string, compression: number, headers: Uint8Array | null) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#compression = compression;
    this.#headers = headers;
  }

  /** Adds a record; sends the partition's batch first where it would grow too large. Throws as `flush` does. */
  async add(
    partition: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
  ): Promise<void> {
    const size = maxRecordSizeBytes(key?.length ?? 0, value?.length ?? 0, this.#headers?.length ?? 0);
    const batch = this.#open.get(partition) ?? { builder: new BatchBuilder(), baseSequence: 0 };
    this.#open.set(partition, batch);
    if (batch.builder.count > 0 && batch.builder.sizeBytes + size > MAX_BATCH_BYTES)
      await this.#send(partition, batch);
    batch.builder.append(timestampMs, key, value, this.#headers);
  }

  /** Resolves once the broker has all records. Throws HeadwaterError where it refuses them or can't be reached. */
  async flush(): Promise<void> {
    for (const [partition, batch] of this.#open)
      if (batch.builder.count > 0) await this.#send(partition, batch);
  }

  async #send(partition: number, open: OpenBatch): Promise<void> {
    this.#identity ??= await this.#identify();
    const { builder, baseSequence } = open;
    const { count } = builder;
    const identity = this.#identity;
    const sequence = identity.producerId < 0 ? {} : { ...identity, baseSequence };
    const bytes = builder.build({ compression: this.#compression, ...sequence });
    const what = `${this.#topic}-${partition}`;
    let last = "no answer";
    await waitUntil(`${what}: records could not be written`, SEND_TIMEOUT_MS, this.#cluster, async () => {
      const outcome = await this.#attempt(partition, bytes);
      if (outcome.kind === "answered" && outcome.error === 0) {
        this.#note(partition, outcome.baseOffset, count);
        return true;
      }
      // Known already: an earlier attempt arrived, and its answer did not. Its offset is not told.
      if (outcome.kind === "answered" && outcome.error === ERROR.DUPLICATE_SEQUENCE_NUMBER) return true;
      last = outcome.kind === "lost" ? outcome.reason : (outcome.message ?? errorName(outcome.error));
      if (outcome.kind === "answered" && !RETRIABLE_ERRORS.has(outcome.error)) {
        throw new HeadwaterError(
          "UNSUPPORTED",
          `${what}: the broker refuses the records: ${errorName(outcome.error)} (${last})`,
        );
      }
      return false;
    });
    open.baseSequence = (baseSequence + count) % SEQUENCES;
    builder.reset();
  }

  async #attempt(partition: number, batch: Uint8Array): Promise<BatchOutcome> {
    const leader = this.#cluster.leaderOf(this.#topic, partition);
    if (leader === null) {
      await this.#cluster.refresh([this.#topic]).catch(() => []);
      return { kind: "lost", reason: "the partition has no leader" };
    }
    const batches = [{ topic: this.#topic, partition, batch }];
    const options = { transactionalId: null, transactionProtocol: 1, timeoutMs: ACK_TIMEOUT_MS } as const;
    const [outcome] = await produce(this.#cluster, leader, batches, options);
    if (outcome?.kind !== "answered" || outcome.error !== 0) {
      await this.#cluster.refresh([this.#topic]).catch(() => []);
    }
    return outcome ?? { kind: "lost", reason: "no answer" };
  }

  /** A broker too old for producer ids gets records without: then a lost answer may mean a record twice. */
  async #identify(): Promise<ProducerIdentity> {
    const none = { producerId: -1, producerEpoch: -1 };
    let identity: ProducerIdentity = none;
    await waitUntil("a producer id could not be had", SEND_TIMEOUT_MS, this.#cluster, async () => {
      const outcome = await initProducerId(this.#cluster, null, SEND_TIMEOUT_MS, none);
      if (outcome.kind === "done") identity = outcome.value;
      if (
        outcome.kind === "refused" &&
        outcome.error !== ERROR.UNSUPPORTED_VERSION &&
        !RETRIABLE_ERRORS.has(outcome.error)
      ) {
        throw new HeadwaterError(
          "UNSUPPORTED",
          `the broker gives no producer id: ${errorName(outcome.error)}`,
        );
      }
      return (
        outcome.kind === "done" || (outcome.kind === "refused" && outcome.error === ERROR.UNSUPPORTED_VERSION)
      );
    });
    return identity;
  }

  #note(partition: number, baseOffset: number, count: number): void {
    const before = this.written.get(partition);
    this.written.set(partition, {
      records: (before?.records ?? 0) + count,
      firstOffset: before?.firstOffset ?? baseOffset,
      lastOffset: baseOffset + count - 1,
    });
  }
}
