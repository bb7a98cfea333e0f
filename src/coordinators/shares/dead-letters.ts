import { offset } from "../../base/ids.ts";
import type { Broker, Refusal } from "../../broker/broker.ts";
import type { Partition } from "../../broker/partition.ts";
import type { Topic } from "../../broker/topics.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import { BatchBuilder, encodeHeaders, type RecordHeader } from "../../records/builder.ts";
import { decodeHeaders, RecordCursor } from "../../records/reader.ts";
import { DEAD_LETTER_HEADERS } from "../dead-letters/letter.ts";
import type { Run } from "./run-list.ts";

/** Values of the message header, which programs tell apart by Kafka's own text. */
export const DEAD_LETTER_MESSAGES = {
  rejected: "Offset rejected by client.",
  "delivered-too-often": "Offset delivery count exceeded the threshold.",
} as const;

/** Source bytes that one call goes through. */
const MAX_READ_BYTES = 1024 * 1024;
/** A batch of dead letters is closed at this size. */
const BATCH_BYTES = 256 * 1024;

export interface DeadLetter {
  readonly groupId: string;
  readonly source: Partition;
  readonly runs: readonly Run[];
  /** A record that was delivered so often was given up for that, where a restart has forgotten why. */
  readonly maxDeliveries: number;
  readonly topicName: string;
  /** Whether key, value and headers of the record are copied, or its place alone is told. */
  readonly copy: boolean;
}

/**
 * Writes what a share group has given up to its dead letter topic. A partition's dead letters go to the
 * partition of the same number, modulo how many there are.
 */
export class DeadLetters {
  readonly #broker: Broker;
  readonly #builder = new BatchBuilder();
  readonly #cursor = new RecordCursor();

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /**
   * Writes as much as one call may. `done` gets 0 and the offset before which all of the runs are in the dead
   * letter topic, once that is durable; else Kafka's error, and some may be there all the same.
   */
  write(letter: DeadLetter, done: (error: number, coveredEnd: number) => void): void {
    const topic = this.#topic(letter.topicName);
    if ("error" in topic) {
      done(topic.error, 0);
      return;
    }
    const target = topic.partitions[letter.source.index % topic.partitions.length];
    if (target === undefined || target.topicId === letter.source.topicId) {
      done(ERROR.INVALID_TOPIC_EXCEPTION, 0);
      return;
    }
    const written = this.#copy(letter, target);
    if (written.error !== 0) done(written.error, 0);
    else target.whenDurable(target.log.logEndOffset, (error) => done(error, written.coveredEnd));
  }

  #topic(name: string): Topic | Refusal {
    const found = this.#broker.topics.get(name);
    if (found !== null) {
      if (!found.internal) return found;
      return { error: ERROR.INVALID_TOPIC_EXCEPTION, message: `${name} is an internal topic` };
    }
    if (name.startsWith("__")) {
      return { error: ERROR.INVALID_TOPIC_EXCEPTION, message: `${name} is an internal name` };
    }
    return this.#broker.createTopic({ name, partitionCount: -1, configs: new Map() }, () => {});
  }

  #copy(letter: DeadLetter, target: Partition): { error: number; coveredEnd: number } {
    const first = letter.runs[0]?.first ?? 0;
    let coveredEnd = letter.runs.at(-1)?.end ?? first;
    this.#builder.reset();
    const { log } = letter.source;
    let error = 0;
    // What retention took is told by its place, so that somebody can know.
    for (const run of letter.runs) {
      for (let at = run.first; at < Math.min(run.end, log.logStartOffset) && error === 0; at++) {
        error = this.#add(letter, target, run, at, null);
      }
    }
    let position = Math.max(first, log.logStartOffset);
    let readBytes = 0;
    while (error === 0 && position < coveredEnd) {
      if (readBytes >= MAX_READ_BYTES) {
        coveredEnd = position;
        break;
      }
      const read = log.read(offset(position), MAX_READ_BYTES, {
        minOneBatch: true,
        until: log.highWatermark,
      });
      if (!("nextOffset" in read)) return { error: read.error, coveredEnd: first };
      if (read.nextOffset <= position) break;
      readBytes += read.bytes.length;
      error = this.#addBatches(letter, target, read.bytes, position);
      position = read.nextOffset;
    }
    if (error === 0) error = this.#flush(target);
    return { error, coveredEnd };
  }

  #addBatches(letter: DeadLetter, target: Partition, bytes: Uint8Array, from: number): number {
    const cursor = this.#cursor;
    cursor.open(bytes);
    let at = 0;
    while (cursor.next()) {
      if (cursor.isControl || cursor.offset < from) continue;
      while (at < letter.runs.length && (letter.runs[at]?.end ?? 0) <= cursor.offset) at++;
      const run = letter.runs[at];
      if (run === undefined) break;
      if (cursor.offset < run.first) continue;
      const error = this.#add(letter, target, run, cursor.offset, cursor);
      if (error !== 0) return error;
    }
    return 0;
  }

  #add(
    letter: DeadLetter,
    target: Partition,
    run: Run,
    sourceOffset: number,
    cursor: RecordCursor | null,
  ): number {
    const copied = letter.copy ? cursor : null;
    const nowMs = this.#broker.clock.nowMs();
    const place = placeHeaders(letter, run, sourceOffset);
    const headers = encodeHeaders([...(copied === null ? [] : decodeHeaders(copied)), ...place]);
    const key = copied?.key() ?? null;
    const value = copied?.value() ?? null;
    const sizeBytes = (key?.length ?? 0) + (value?.length ?? 0) + headers.length + RECORD_OVERHEAD_BYTES;
    const { maxMessageBytes } = target.log.config;
    if (this.#builder.sizeBytes + sizeBytes > Math.min(BATCH_BYTES, maxMessageBytes)) {
      const error = this.#flush(target);
      if (error !== 0) return error;
    }
    // A record that is too large for the dead letter topic is told of by its place alone.
    if (this.#builder.sizeBytes + sizeBytes > maxMessageBytes) {
      this.#builder.append(nowMs, key === null ? null : EMPTY, null, encodeHeaders(place));
    } else this.#builder.append(nowMs, key, value, headers);
    return 0;
  }

  #flush(target: Partition): number {
    if (this.#builder.count === 0) return 0;
    const batch = this.#builder.build();
    this.#builder.reset();
    return target.append(batch, 0, batch.length, this.#broker.clock.nowMs(), "broker").error;
  }
}

const RECORD_OVERHEAD_BYTES = 40;
const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

function placeHeaders(letter: DeadLetter, run: Run, sourceOffset: number): RecordHeader[] {
  const { source, groupId, maxDeliveries } = letter;
  const often =
    run.cause === "delivered-too-often" || (run.cause === null && run.deliveryCount >= maxDeliveries);
  const message = DEAD_LETTER_MESSAGES[often ? "delivered-too-often" : "rejected"];
  const header = (key: string, value: string): RecordHeader => ({ key, value: encoder.encode(value) });
  return [
    header(DEAD_LETTER_HEADERS.TOPIC, source.topic),
    header(DEAD_LETTER_HEADERS.PARTITION, String(source.index)),
    header(DEAD_LETTER_HEADERS.OFFSET, String(sourceOffset)),
    header(DEAD_LETTER_HEADERS.GROUP, groupId),
    header(DEAD_LETTER_HEADERS.DELIVERY_COUNT, String(run.deliveryCount)),
    header(DEAD_LETTER_HEADERS.MESSAGE, message),
  ];
}
