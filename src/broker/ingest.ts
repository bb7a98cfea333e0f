/**
 * How a door that takes single messages (MQTT, HTTP) appends them: one record batch per partition per turn of
 * the event loop, whoever sent the messages, and one settlement per commit round.
 */
export interface Ingest {
  /**
   * Adds one record to the batch that this turn is building for the partition that `key` hashes to (murmur2,
   * as Kafka's default partitioner does; null keys stay on one partition for the turn). The topic is created
   * where settings allow. The bytes are copied before this returns.
   */
  append(record: IngestRecord): PendingBatch;
  /**
   * Adds records of one topic to one batch, in their order: all of them will be durable, or none. `placement` is
   * hashed for the partition instead of their own keys, so that the records of one source stay in one partition
   * whatever their keys. Refused at once, with MESSAGE_TOO_LARGE, where they don't fit in a batch of the topic.
   * There is one record at least; the bytes are copied before this returns.
   */
  appendTogether(records: readonly IngestRecord[], placement: Uint8Array): PendingBatch;
  /** Appends what this turn has gathered so far, so that what is appended to any log from now on comes behind it. */
  flush(): void;
  /** `listener` runs after any pending batches have settled, once per commit round. */
  onSettled(listener: () => void): void;
}

/** Reused by the caller between calls: `append` keeps nothing of it. */
export interface IngestRecord {
  topic: string;
  key: Uint8Array | null;
  value: Uint8Array | null;
  /** Milliseconds since 1970 UTC. */
  timestampMs: number;
  /** Whether that is when we got it, by our own clock, and not what its sender says. */
  isArrival?: boolean;
  /** Record headers as they stand in a record batch, varint count included; null for none. */
  headers: Uint8Array | null;
}

/** Shared by all records that went into the same batch. */
export interface PendingBatch {
  /**
   * "waiting" until the commit round; then "durable" (or, for a topic with durability=memory, appended), or
   * "refused": nothing of the batch is in the log and nothing of it may be acknowledged.
   */
  readonly state: "waiting" | "durable" | "refused";
  /** Kafka error code of a refusal, else 0. */
  readonly error: number;
  /** For people: why it was refused, where more can be said than the code says. */
  readonly why?: string | undefined;
  /** Bytes of records in the batch so far: for the caller's bounds. */
  readonly sizeBytes: number;
}
