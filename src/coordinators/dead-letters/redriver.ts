import { HeadwaterError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Partition } from "../../broker/partition.ts";
import { withHeaders } from "../../broker/stamps.ts";
import type { Topic } from "../../broker/topics.ts";
import { RecordScan } from "../../broker/views/record-scan.ts";
import { type HistoryPlace, TopicWalk } from "../../broker/views/topic-walk.ts";
import { Turns } from "../../broker/views/turns.ts";
import { STAMP } from "../../clock/marks.ts";
import { BATCH_HEADER_BYTES } from "../../records/batch.ts";
import { BatchBuilder, encodeHeaders, maxRecordSizeBytes } from "../../records/builder.ts";
import { type DecodedRecord, decodeHeaders, decodeRecord, type RecordCursor } from "../../records/reader.ts";
import { type Letter, letterOf, redrivenHeaders } from "./letter.ts";
import { type LetterPartition, type Redrive, RedriveLedger } from "./redrive-ledger.ts";

/** How long one call reads, or redrives, before it says where it goes on. */
const MAX_MS = 5_000;
/** Letters that are redriven at a time, and their bytes: what is written down before is small. */
const CHUNK_LETTERS = 500;
const CHUNK_BYTES = 256 * 1024;
/** What the gateway adds to the headers of a record that it stamps while its clock is not believed, at most. */
const MARK_BYTES = 256;
/** What could not be redriven, as far as it is told. */
const MAX_REFUSALS = 100;

/** A letter as it stands in its topic. */
export interface FoundLetter {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly letter: Letter;
  readonly isRedriven: boolean;
}

/** Which letters of a topic. */
export interface LettersWant {
  /** Those of one share group alone; null: all. */
  readonly group: string | null;
  /** Given up before this time; null: all. */
  readonly beforeMs: number | null;
  /** Whether those that were redriven are left out. */
  readonly waiting: boolean;
  readonly place: HistoryPlace | null;
  readonly limit: number;
}

/** Some letters, and where there may be more; null where all was gone through. */
export interface LettersPart {
  readonly letters: readonly FoundLetter[];
  readonly next: HistoryPlace | null;
}

/** What came of a redrive; of a dry run, what would. */
export interface RedriveOutcome {
  readonly redriven: number;
  /** Records by the partition that they went to. */
  readonly targets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly records: number;
  }[];
  /** Letters that had been redriven before, of those that were asked for by their places. */
  readonly already: number;
  /** Letters that stay, and why: some of them, and how many there are. */
  readonly refused: readonly { readonly partition: number; readonly offset: number; readonly why: string }[];
  readonly refusedCount: number;
  readonly next: HistoryPlace | null;
}

export interface RedriveWant extends LettersWant {
  /** These alone; null: all that the other fields let through. */
  readonly only: readonly HistoryPlace[] | null;
  readonly dryRun: boolean;
}

/** A deliberate fault, for tests of the tests. */
export interface RedriveBug {
  /** What was begun before a crash is appended as something new. */
  readonly forgetsWhose?: boolean;
}

/** A letter with what becomes of it. */
interface Candidate {
  readonly offset: number;
  readonly target: Partition;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Uint8Array;
}

/**
 * Brings dead letters back to where they came from. What is about to be is written down first, with the producer as whom
 * it is appended: after a crash it is appended again, and the log knows what it has. So a letter is redriven once, and
 * what is redriven is not lost.
 */
export class Redriver {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #turns: Turns;
  readonly #ledger: RedriveLedger;
  readonly #builder = new BatchBuilder();
  readonly #bug: RedriveBug;
  #isBusy = false;
  /** What a crash cut off is being finished. */
  #recovered: Promise<void> = Promise.resolve();

  constructor(broker: Broker, logger: Logger, bug: RedriveBug = {}) {
    this.#broker = broker;
    this.#logger = logger;
    this.#bug = bug;
    this.#turns = new Turns(broker.clock);
    this.#ledger = new RedriveLedger(broker);
  }

  /** Reads what was redriven, and goes on with what a crash cut off. */
  start(): void {
    this.#ledger.open();
    const begun = this.#ledger.begun();
    if (begun.length > 0) this.#recovered = this.#finish(begun);
  }

  /** How many letters a topic has, and how many of them were redriven. */
  count(topic: Topic): { readonly records: number; readonly redriven: number } {
    let [records, redriven] = [0, 0];
    for (const { topicId, index: partition, log } of topic.partitions) {
      records += log.highWatermark - log.logStartOffset;
      redriven += this.#ledger.count({ topicId, partition }, log.logStartOffset);
    }
    return { records, redriven };
  }

  /** Letters by partition and offset. Resolves to a Kafka error where the log can't be read. */
  async letters(topic: Topic, want: LettersWant): Promise<LettersPart | { readonly error: number }> {
    await this.#recovered;
    return await this.#read(topic, want, Number.POSITIVE_INFINITY);
  }

  /**
   * Redrives letters in their order, or says what that would do. Null while another redrive is under way; a Kafka error where
   * the log can't be read. Rejects with LOG_FENCED or DISK_IO where it can't be written down.
   */
  async redrive(
    topic: Topic,
    want: RedriveWant,
  ): Promise<RedriveOutcome | { readonly error: number } | null> {
    if (this.#isBusy) return null;
    this.#isBusy = true;
    try {
      await this.#recovered;
      const run = new Run(want.dryRun);
      const error = await (want.only === null
        ? this.#redriveAll(topic, want, run)
        : this.#redriveOnly(topic, want.only, run));
      return error === null ? run.outcome() : { error };
    } finally {
      this.#isBusy = false;
    }
  }

  async #redriveAll(topic: Topic, want: RedriveWant, run: Run): Promise<number | null> {
    const endMs = this.#broker.clock.monotonicMs() + MAX_MS;
    let left = want.limit;
    let place = want.place;
    do {
      const limit = Math.min(left, CHUNK_LETTERS);
      const part = await this.#read(topic, { ...want, waiting: true, place, limit }, CHUNK_BYTES);
      if ("error" in part) return part.error;
      for (const [partition, letters] of byPartition(part.letters)) {
        await this.#redriveSome(topic, partition, letters, run);
      }
      left -= part.letters.length;
      place = part.next;
    } while (place !== null && left > 0 && this.#broker.clock.monotonicMs() < endMs);
    run.next = place;
    return null;
  }

  async #redriveOnly(topic: Topic, only: readonly HistoryPlace[], run: Run): Promise<null> {
    const sorted = only.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
    const found: FoundLetter[] = [];
    let last: HistoryPlace | null = null;
    for (const place of sorted) {
      if (last?.partition === place.partition && last.offset === place.offset) continue;
      last = place;
      const letter = this.#letterAt(topic, place);
      if (letter === null) run.refuse(place.partition, place.offset, "there is no such dead letter");
      else if (letter.isRedriven) run.already += 1;
      else found.push(letter);
    }
    for (const [partition, letters] of byPartition(found)) {
      for (const chunk of chunks(letters)) await this.#redriveSome(topic, partition, chunk, run);
    }
    return null;
  }

  /** Redrives letters of one partition. */
  async #redriveSome(
    topic: Topic,
    partition: number,
    letters: readonly FoundLetter[],
    run: Run,
  ): Promise<void> {
    const source = topic.partitions[partition];
    if (source === undefined) return;
    const candidates: Candidate[] = [];
    for (const found of letters) {
      const candidate = this.#candidateOf(topic, found);
      if (typeof candidate === "string") run.refuse(partition, found.offset, candidate);
      else candidates.push(candidate);
    }
    for (const batches of groupsOf(candidates)) {
      if (run.isDry) for (const batch of batches) run.note(batch);
      else await this.#redriveGroup(source, batches, run);
    }
  }

  async #redriveGroup(source: Partition, batches: readonly Batch[], run: Run): Promise<void> {
    const { topicId, topic, index: partition } = source;
    const place = { topicId, partition };
    if (this.#ledger.isFull(place)) {
      const why = "too many were redriven one by one to remember more: redrive all of the partition";
      for (const { candidates } of batches) run.refuseAll(partition, candidates, why);
      return;
    }
    const written = batches.map(({ target, candidates: of }) => ({
      ...{ topicId: target.topicId, partition: target.index, letters: of.map(({ offset }) => offset) },
    }));
    const redrive = await this.#ledger.begin(place, written);
    const results = await Promise.all(batches.map((batch) => this.#append(batch, redrive)));
    const done: number[] = [];
    for (const [index, batch] of batches.entries()) {
      const why = results[index] ?? null;
      if (why === null) {
        run.note(batch);
        done.push(...batch.candidates.map(({ offset }) => offset));
      } else run.refuseAll(partition, batch.candidates, why);
    }
    await this.#ledger.end(place, done, source.log.logStartOffset);
    this.#logger.info("dead letters were redriven", { topic, partition, letters: done.length });
  }

  /** Null once it is durable, or why it is not. */
  #append({ target, candidates }: Batch, { producerId, producerEpoch }: Omit<Redrive, "batches">) {
    const { clock, stamps } = this.#broker;
    const nowMs = clock.nowMs();
    const marks = stamps.witness?.arrivalHeaders() ?? null;
    this.#builder.reset();
    for (const { key, value, headers } of candidates) {
      this.#builder.append(nowMs, key, value, marks === null ? headers : withHeaders(headers, marks));
    }
    target.noteStamps(STAMP.arrival);
    const bytes = this.#builder.buildView({ producerId, producerEpoch, baseSequence: 0 });
    // As a client's: what the topic asks of records is asked of these.
    const result = target.append(bytes, 0, bytes.length, nowMs, "client");
    if ("message" in result) return Promise.resolve(`${target.topic} does not take it: ${result.message}`);
    return new Promise<string | null>((resolve) => {
      const why = `${target.topic}: the disk did not take it`;
      target.whenDurable(result.lastOffset + 1, (error) => resolve(error === 0 ? null : why));
    });
  }

  /** What becomes of a letter, or why nothing does. */
  #candidateOf(topic: Topic, found: FoundLetter): Candidate | string {
    const { letter, offset, partition } = found;
    const { source } = letter;
    if (source === null) return "it is a message of MQTT: there is no record that it was";
    const to = this.#broker.topics.get(source.topic);
    const target = to?.partitions[source.partition];
    if (to === null || to.internal || target === undefined || target.deleted) {
      return `there is no partition ${source.partition} of ${source.topic} any more`;
    }
    if (to.id === topic.id) return "it comes from the topic that it is in";
    const record = isBare(found) ? recordAt(target, source.offset) : { ...found, headers: letter.ownHeaders };
    if (record === null) return "the letter has the record's place alone, and the record is gone";
    const { key, value, headers: ownHeaders } = record;
    const from = { topic: topic.name, partition, offset };
    const headers = encodeHeaders(redrivenHeaders({ ...letter, ownHeaders }, from));
    return { offset, target, key, value, headers };
  }

  /** What a crash cut off: the same batches again, under the same name. What the logs have of them they know. */
  async #finish(begun: ReturnType<RedriveLedger["begun"]>): Promise<void> {
    for (const { redrive, ...place } of begun) {
      try {
        await this.#finishOne(place, redrive);
      } catch (error) {
        if (!(error instanceof HeadwaterError)) throw error;
        this.#logger.error("a redrive that was cut off could not be finished", { error });
      }
    }
  }

  async #finishOne(place: LetterPartition, redrive: Redrive): Promise<void> {
    const topic = this.#broker.topics.byId(place.topicId);
    const source = topic?.partitions[place.partition];
    const done: number[] = [];
    for (const { topicId, partition, letters } of redrive.batches) {
      const target = this.#broker.topics.byId(topicId)?.partitions[partition];
      if (topic === null || source === undefined || target === undefined) continue;
      const candidates = letters.flatMap((offset) => {
        const found = this.#letterAt(topic, { partition: place.partition, offset });
        const candidate = found === null ? "it is gone" : this.#candidateOf(topic, found);
        return typeof candidate === "string" ? [] : [candidate];
      });
      const as = this.#bug.forgetsWhose ? { ...redrive, producerEpoch: redrive.producerEpoch + 1 } : redrive;
      const why = candidates.length === 0 ? null : await this.#append({ target, candidates }, as);
      if (why !== null) {
        // It may have been appended, and some letters be gone since. Twice would be worse: the letters are still there.
        const { name } = topic;
        this.#logger.error("nobody knows whether dead letters were redriven", { topic: name, letters, why });
      }
      done.push(...letters);
    }
    await this.#ledger.end(place, done, source?.log.logStartOffset ?? 0);
  }

  #letterAt(topic: Topic, { partition: index, offset }: HistoryPlace): FoundLetter | null {
    const partition = topic.partitions[index];
    if (partition === undefined || offset < partition.log.logStartOffset) return null;
    const found: FoundLetter[] = [];
    new RecordScan(partition, offset, (record) => {
      const letter = record.offset === offset ? this.#foundLetter(partition, record) : null;
      if (letter !== null) found.push(letter);
      return false;
    }).step({ bytes: 1 });
    return found[0] ?? null;
  }

  #foundLetter({ topicId, index: partition }: Partition, record: RecordCursor): FoundLetter | null {
    const letter = letterOf(decodeHeaders(record));
    if (letter === null) return null;
    const { offset, timestampMs } = record;
    return {
      ...{ partition, offset, timestampMs, letter },
      key: record.key()?.slice() ?? null,
      value: record.value()?.slice() ?? null,
      isRedriven: this.#ledger.has({ topicId, partition }, offset),
    };
  }

  #read(
    topic: Topic,
    want: LettersWant,
    maxBytes: number,
  ): Promise<LettersPart | { readonly error: number }> {
    const { promise, resolve } = Promise.withResolvers<LettersPart | { readonly error: number }>();
    const letters: FoundLetter[] = [];
    let leftBytes = maxBytes;
    const take = (partition: Partition, record: RecordCursor): boolean => {
      if (letters.length === want.limit || leftBytes <= 0) return false;
      if (want.beforeMs !== null && record.timestampMs >= want.beforeMs) return true;
      const found = this.#foundLetter(partition, record);
      if (found === null || (want.waiting && found.isRedriven)) return true;
      if (want.group !== null && found.letter.group !== want.group) return true;
      letters.push(found);
      leftBytes -= (found.key?.length ?? 0) + (found.value?.length ?? 0);
      return true;
    };
    const walk = new TopicWalk(this.#turns, this.#broker.clock, {
      firstPartition: want.place?.partition ?? 0,
      maxMs: MAX_MS,
      begin: (index) => {
        const partition = topic.partitions[index];
        if (partition === undefined || partition.deleted) return null;
        const from = want.place?.partition === index ? want.place.offset : 0;
        const first = Math.max(from, partition.log.logStartOffset);
        return new RecordScan(partition, first, (record) => take(partition, record));
      },
      done: (next, error) => resolve(error === 0 ? { letters, next } : { error }),
    });
    walk.start();
    return promise;
  }
}

/** Letters that go to one partition. */
interface Batch {
  readonly target: Partition;
  readonly candidates: readonly Candidate[];
}

/** What one call has done so far. */
class Run {
  readonly isDry: boolean;
  readonly #targets = new Map<Partition, number>();
  readonly #refused: { partition: number; offset: number; why: string }[] = [];
  #refusedCount = 0;
  already = 0;
  next: HistoryPlace | null = null;

  constructor(isDry: boolean) {
    this.isDry = isDry;
  }

  note({ target, candidates }: Batch): void {
    this.#targets.set(target, (this.#targets.get(target) ?? 0) + candidates.length);
  }

  refuse(partition: number, offset: number, why: string): void {
    this.#refusedCount += 1;
    if (this.#refused.length < MAX_REFUSALS) this.#refused.push({ partition, offset, why });
  }

  refuseAll(partition: number, candidates: readonly Candidate[], why: string): void {
    for (const { offset } of candidates) this.refuse(partition, offset, why);
  }

  outcome(): RedriveOutcome {
    const targets = Array.from(this.#targets, ([{ topic, index }, records]) => ({
      ...{ topic, partition: index, records },
    }));
    return {
      redriven: targets.reduce((sum, { records }) => sum + records, 0),
      targets,
      already: this.already,
      refused: this.#refused,
      refusedCount: this.#refusedCount,
      next: this.next,
    };
  }
}

function byPartition(letters: readonly FoundLetter[]): Map<number, FoundLetter[]> {
  return Map.groupBy(letters, ({ partition }) => partition);
}

function* chunks(letters: readonly FoundLetter[]): Generator<readonly FoundLetter[]> {
  let chunk: FoundLetter[] = [];
  let sizeBytes = 0;
  for (const letter of letters) {
    if (chunk.length === CHUNK_LETTERS || sizeBytes >= CHUNK_BYTES) {
      yield chunk;
      chunk = [];
      sizeBytes = 0;
    }
    chunk.push(letter);
    sizeBytes += (letter.key?.length ?? 0) + (letter.value?.length ?? 0);
  }
  if (chunk.length > 0) yield chunk;
}

/** Letters in their order, in groups of a batch for each partition that some go to, none beyond what the topic takes. */
function* groupsOf(candidates: readonly Candidate[]): Generator<readonly Batch[]> {
  let group: Candidate[] = [];
  let sizes = new Map<Partition, number>();
  for (const candidate of candidates) {
    const { target, key, value, headers } = candidate;
    const own = maxRecordSizeBytes(key?.length ?? 0, value?.length ?? 0, headers.length + MARK_BYTES);
    const before = sizes.get(target) ?? BATCH_HEADER_BYTES;
    if (before + own > target.log.config.maxMessageBytes && before > BATCH_HEADER_BYTES) {
      yield batchesOf(group);
      group = [];
      sizes = new Map();
    }
    group.push(candidate);
    sizes.set(target, (sizes.get(target) ?? BATCH_HEADER_BYTES) + own);
  }
  if (group.length > 0) yield batchesOf(group);
}

function batchesOf(candidates: readonly Candidate[]): readonly Batch[] {
  const batches = Map.groupBy(candidates, ({ target }) => target);
  return Array.from(batches, ([target, of]) => ({ target, candidates: of }));
}

/** Whether a letter has nothing but the place of its record. */
function isBare({ key, value, letter }: FoundLetter): boolean {
  return value === null && (key === null || key.length === 0) && letter.ownHeaders.length === 0;
}

/** The record of a place; null where it is gone. */
function recordAt(partition: Partition, offset: number): DecodedRecord | null {
  const found: DecodedRecord[] = [];
  if (offset < partition.log.logStartOffset) return null;
  new RecordScan(partition, offset, (record) => {
    if (record.offset === offset) found.push(decodeRecord(record));
    return false;
  }).step({ bytes: 1 });
  return found[0] ?? null;
}
