import type { LedgerData, StreamOfRecords } from "./ledger.ts";
import { decodeReading } from "./reading.ts";

/** A partition as it was read after a power cut. */
export interface RecoveredLog {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly records: readonly RecoveredRecord[];
}

export interface RecoveredRecord {
  readonly offset: number;
  readonly value: Uint8Array;
}

export interface Verdict {
  /** Broken promises, in sentences. */
  readonly violations: readonly string[];
  /** Acknowledged records that had to be there. */
  readonly promised: number;
  /** Of these, how many are not where they were promised to be. */
  readonly lost: number;
}

/** Most sentences of one kind that a verdict has. */
const MAX_SAID = 3;

/**
 * Holds what was recovered against what had been promised when power went:
 *
 * - every acknowledged record is there once, at its offset, with its bytes;
 * - offsets have no gaps, and each stream is there in order and without gaps from its first record on;
 * - every record is in the topic and partition that it was sent to;
 * - a topic whose creation was acknowledged is there, one whose removal was is not.
 */
export function judge(ledger: LedgerData, logs: readonly RecoveredLog[], cutMs: number): Verdict {
  const found = new Found(ledger);
  for (const log of logs) found.add(log, cutMs);
  found.checkTopics(logs, cutMs);
  const { promised, lost } = found.checkAcks(cutMs);
  return { violations: found.violations, promised, lost };
}

interface FoundStream {
  readonly partition: number;
  /** Of record i. */
  readonly offsets: number[];
}

class Found {
  readonly violations: string[] = [];
  readonly #ledger: LedgerData;
  readonly #known: ReadonlyMap<string, StreamOfRecords>;
  readonly #streams = new Map<string, FoundStream>();
  readonly #said = new Map<string, number>();

  constructor(ledger: LedgerData) {
    this.#ledger = ledger;
    this.#known = new Map(ledger.streams.map((stream) => [stream.name, stream]));
  }

  add(log: RecoveredLog, cutMs: number): void {
    const { topic, topicId, partition, startOffset, endOffset } = log;
    const place = `${topic}-${partition}`;
    const life = this.#ledger.lives.find(({ id }) => id === topicId);
    if (life !== undefined && life.deletedMs !== null && life.deletedMs <= cutMs) {
      this.#say("deleted", `${place} is back, though its removal was acknowledged`);
    }
    let expected = startOffset;
    for (const { offset, value } of log.records) {
      if (offset !== expected)
        this.#say("offsets", `${place}: offset ${offset} where ${expected} had to come`);
      expected = offset + 1;
      // What the broker keeps for itself has other contents.
      if (!topic.startsWith("__")) this.#addRecord(log, offset, value);
    }
    if (expected !== endOffset) {
      this.#say("end", `${place} ends at ${endOffset}, its records at ${expected}`);
    }
  }

  #addRecord(log: RecoveredLog, offset: number, value: Uint8Array): void {
    const place = `${log.topic}-${log.partition}@${offset}`;
    const reading = decodeReading(value);
    if (reading === null) {
      this.#say("bytes", `${place} is not what anybody sent`);
      return;
    }
    const { stream, number } = reading;
    const offsets = this.#offsetsOf(stream, log, place);
    if (offsets === null) return;
    if (number === offsets.length) offsets.push(offset);
    else this.#say("order", `${place} is number ${number} of ${stream} where ${offsets.length} had to come`);
  }

  /** Where a stream's records are, if this is where they belong. */
  #offsetsOf(name: string, { topicId, partition }: RecoveredLog, place: string): number[] | null {
    const known = this.#known.get(name);
    const life = known === undefined ? undefined : this.#ledger.lives[known.life];
    if (known === undefined || life?.id !== topicId) {
      this.#say("topic", `${place} belongs to ${life?.name ?? "no topic"} (${life?.id}), not ${topicId}`);
      return null;
    }
    const stream = this.#streams.get(name) ?? { partition, offsets: [] };
    this.#streams.set(name, stream);
    if (stream.partition === partition && (known.partition < 0 || known.partition === partition)) {
      return stream.offsets;
    }
    this.#say("partition", `${place} belongs to partition ${Math.max(known.partition, stream.partition)}`);
    return null;
  }

  checkTopics(logs: readonly RecoveredLog[], cutMs: number): void {
    const there = new Set(logs.map(({ topicId, partition }) => `${topicId} ${partition}`));
    for (const { name, id, partitions, createdMs, deleteAskedMs } of this.#ledger.lives) {
      if (createdMs > cutMs || (deleteAskedMs !== null && deleteAskedMs <= cutMs)) continue;
      for (let partition = 0; partition < partitions; partition++) {
        if (!there.has(`${id} ${partition}`)) this.#say("creation", `${name}-${partition} is not there`);
      }
    }
  }

  checkAcks(cutMs: number): { readonly promised: number; readonly lost: number } {
    let promised = 0;
    let lost = 0;
    for (const { atMs, stream, first, count, baseOffset } of this.#ledger.acks) {
      const known = this.#ledger.streams[stream];
      const life = known === undefined ? undefined : this.#ledger.lives[known.life];
      if (known === undefined || life === undefined || atMs > cutMs) continue;
      if (life.deleteAskedMs !== null && life.deleteAskedMs <= cutMs) continue;
      const offsets = this.#streams.get(known.name)?.offsets ?? [];
      promised += count;
      for (let index = 0; index < count; index++) {
        const offset = offsets[first + index];
        if (offset !== undefined && (baseOffset < 0 || offset === baseOffset + index)) continue;
        lost += 1;
        const where = offset === undefined ? "not there" : `at ${offset}, promised at ${baseOffset + index}`;
        const place = `${life.name}-${known.partition}`;
        this.#say("lost", `number ${first + index} of ${known.name} in ${place} is ${where}`);
      }
    }
    return { promised, lost };
  }

  #say(kind: string, words: string): void {
    const count = (this.#said.get(kind) ?? 0) + 1;
    this.#said.set(kind, count);
    if (count <= MAX_SAID) this.violations.push(`${kind}: ${words}`);
  }
}
