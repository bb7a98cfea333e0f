import { Consumer, type ConsumerOptions } from "@platformatic/kafka";
import type { StreamGap } from "./gaps.ts";
import { PartitionReader } from "./partition-reader.ts";
import { findDevice } from "./place.ts";
import { type Reading, readingOf } from "./reading.ts";

/** Where to begin: an end of the log, a time, or an offset that an earlier reading gave. */
export type StreamStart = "earliest" | "latest" | Date | { readonly offset: number };

export interface DeviceStreamOptions<Value> {
  /** `host:port` of brokers of a gateway or of a centre: one, several, or several in one text with commas. */
  readonly bootstrap: string | readonly string[];
  readonly topic: string;
  /** The key of the device's records. */
  readonly device: string | Uint8Array;
  /**
   * The partition to read. Default: the one with the device's records at a gateway, which has to be the only one; at
   * any other Kafka the one that Kafka's own partitioner gives the key.
   */
  readonly partition?: number;
  /** Default `earliest`. */
  readonly from?: StreamStart;
  /** Go on with what comes. Default false: the stream ends where the log ended when it began. */
  readonly follow?: boolean;
  /** Ends the stream at once; the iteration then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** What `value` of a reading is made with; see `decode.ts`. Default: the bytes. The iteration throws a DecodeError for what it throws. */
  readonly decode?: (value: Uint8Array) => Value;
  /** TLS, SASL and other options of the Kafka client underneath, as it has them. */
  readonly client?: Partial<
    Pick<ConsumerOptions<Buffer, Buffer, Buffer, Buffer>, "tls" | "sasl" | "clientId">
  >;
  /**
   * Told of offsets that the broker has no more, though the stream was to go through them: it goes on behind them then.
   * Without it the iteration throws an OffsetOutOfRangeError.
   */
  readonly onGap?: (gap: StreamGap) => void;
  /** Bytes of one answer of the broker, which is all that is held ahead of the reader. Default 1 MiB. */
  readonly maxBytes?: number;
  /** How long one question may wait at the broker for something new. Default 500 ms. */
  readonly maxWaitMs?: number;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;
const DEFAULT_MAX_WAIT_MS = 500;
/** A client of its own for each stream, so that one stream's end closes nobody else's connection. */
const NO_GROUP = "headwater-sdk";

/**
 * One device's readings, in their order, as an async iterator:
 *
 *     for await (const reading of deviceStream({ bootstrap: "gateway:9092", topic: "telemetry", device: "pump-1" })) ...
 *
 * On a Headwater its view of the device is read (`TOPIC/KEY`), so that nothing comes that is of others. On any other
 * Kafka the partition is read that the key is in by Kafka's own partitioner, and others' records are left out here.
 * Only what is committed is seen. It joins no group and commits nothing: go on later by `{ offset: last.offset + 1 }`,
 * at the same broker.
 *
 * The next records are asked for when the reader has taken the ones before. Leaving the loop closes the connection.
 * Throws where the topic is not there, several partitions of it have the device's records, the offset to begin at is not
 * in the log (OffsetOutOfRangeError), or the broker does not answer.
 */
export async function* deviceStream<Value = Uint8Array>(
  options: DeviceStreamOptions<Value>,
): AsyncGenerator<Reading<Value>, void, undefined> {
  const { signal } = options;
  signal?.throwIfAborted();
  const consumer = new Consumer<Buffer, Buffer, Buffer, Buffer>({
    clientId: NO_GROUP,
    ...options.client,
    groupId: NO_GROUP,
    bootstrapBrokers: bootstrapOf(options.bootstrap),
    // A connection that is cut off while the broker waits is made again by the loop below.
    retries: 3,
    retryDelay: 250,
  });
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closed ??= Promise.resolve(consumer.close(true)).catch(() => {});
    return closed;
  };
  const onAbort = (): void => void close();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    yield* readings(consumer, options);
  } catch (error) {
    // What a closing connection makes of an open question is no news to who has closed it.
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await close();
  }
}

async function* readings<Value>(
  consumer: Consumer<Buffer, Buffer, Buffer, Buffer>,
  options: DeviceStreamOptions<Value>,
): AsyncGenerator<Reading<Value>, void, undefined> {
  const { signal, from = "earliest", follow = false } = options;
  const device =
    typeof options.device === "string" ? Buffer.from(options.device) : Buffer.from(options.device);
  const decode = options.decode ?? ((value: Uint8Array) => value as Value);
  const place = await findDevice(consumer, options.topic, device, options.partition ?? null);
  const reader = new PartitionReader(consumer, place, {
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    maxWaitMs: options.maxWaitMs ?? DEFAULT_MAX_WAIT_MS,
    onGap: options.onGap ?? null,
  });
  const end = follow ? null : await reader.endOffset();
  await reader.startAt(from);
  const sinceMs = from instanceof Date ? from.getTime() : Number.NEGATIVE_INFINITY;
  while (end === null || reader.offset < end) {
    const records = await reader.next();
    signal?.throwIfAborted();
    for (const record of records) {
      if (end !== null && record.offset >= end) return;
      if (record.key === null || Buffer.compare(record.key, device) !== 0) continue;
      const reading = readingOf(record, { topic: options.topic, partition: place.partition }, decode);
      // The first record at or after a time may have earlier ones behind it.
      if (reading.time.getTime() < sinceMs) continue;
      yield reading;
      signal?.throwIfAborted();
    }
  }
}

function bootstrapOf(bootstrap: string | readonly string[]): string[] {
  const list = typeof bootstrap === "string" ? bootstrap.split(",") : [...bootstrap];
  return list.map((address) => address.trim());
}
