/** A record as the interop tests write it, in text so that every client's tools can carry it. */
export interface WrittenRecord {
  /** Where it should go; only clients that `choosesPartitions` heed it. */
  readonly partition: number;
  readonly key: string | null;
  /** Null is a tombstone. */
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string])[];
  /** Milliseconds since 1970 UTC, or null to leave it to the client. */
  readonly timestampMs: number | null;
}

/** A record as a client read it. */
export interface ReadRecord extends WrittenRecord {
  readonly offset: number;
  readonly timestampMs: number;
}

export type Codec = "none" | "gzip" | "snappy" | "lz4" | "zstd";

export interface ProduceRequest {
  readonly bootstrap: string;
  readonly topic: string;
  readonly records: readonly WrittenRecord[];
  readonly codec?: Codec;
  /** Raises the client's own limit of a message, so that the broker's is met. */
  readonly maxBytes?: number;
  readonly lingerMs?: number;
  /** Pauses after every hundred records, so that something can happen meanwhile. */
  readonly pauseMs?: number;
  readonly timeoutMs?: number;
}

/** What became of one record: Kafka's name of the error, or its place where the client tells. */
export interface Outcome {
  readonly index: number;
  readonly error?: string;
  readonly partition?: number;
  readonly offset?: number;
}

export interface ConsumeRequest {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The client waits until so many have come, or fails after the timeout. */
  readonly count: number;
  readonly timeoutMs?: number;
}

export interface OffsetRequest {
  readonly bootstrap: string;
  readonly topic: string;
  readonly partition: number;
  /** A time, or -1 for the end, -2 for the start. */
  readonly timestampMs: number;
}

export interface TopicRequest {
  readonly bootstrap: string;
  readonly topic: string;
}

export interface TopicShape {
  readonly brokers: number;
  readonly partitions: number;
}

/**
 * One unmodified client and what it can do. A method that is missing is something that the client itself has not;
 * a method rejects with an Error whose message is Kafka's name of the error where it is one.
 */
export interface KafkaClient {
  readonly name: string;
  /** Why it can't run here, or null. */
  missing(): string | null;

  readonly choosesPartitions: boolean;
  readonly setsTimestamps: boolean;
  readonly setsHeaders: boolean;
  readonly writesTombstones: boolean;
  readonly codecs: readonly Codec[];
  produce?(request: ProduceRequest): Promise<readonly Outcome[]>;

  consume?(request: ConsumeRequest): Promise<readonly ReadRecord[]>;
  /** The first offset at or after a time, or -1 where there is none; the end or the start. */
  offset?(request: OffsetRequest): Promise<number>;
  metadata?(request: TopicRequest): Promise<TopicShape>;
  createTopic?(
    request: TopicRequest & {
      readonly partitions: number;
      readonly configs: Readonly<Record<string, string>>;
    },
  ): Promise<void>;
  deleteTopic?(request: TopicRequest): Promise<void>;
  topicConfig?(request: TopicRequest & { readonly name: string }): Promise<string>;
}

/** Milliseconds that a client gets for anything. */
export const CLIENT_TIMEOUT_MS = 30_000;
