import { HeadwaterError } from "../../base/errors.ts";
import type { RecordCursor } from "../../records/reader.ts";
import { ERROR, errorName } from "../wire/generated/errors.ts";
import { backoffMs, DEFAULT_BACKOFF, sleep } from "./backoff.ts";
import type { KafkaCluster } from "./cluster.ts";
import { type FetchedPartition, type FetchOptions, fetchFrom, walkRecords } from "./fetch.ts";
import { LIST_OFFSET, listOffsets } from "./offsets.ts";

/** Offsets [start, end) of one partition. */
export interface Span {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

export interface SpanProgress extends Span {
  /** Next offset to read; `end` once the span is read. */
  readonly offset: number;
}

export interface SpanOptions extends FetchOptions {
  /** A read that gets nowhere for this long is given up with TIMED_OUT. */
  readonly stallMs: number;
  /** Records [from, to) of a span were deleted at the broker before they were read. */
  readonly onDeleted: (topic: string, partition: number, from: number, to: number) => void;
}

/** Answers are large, so that a far broker is not asked for every little. */
const DEFAULTS: SpanOptions = {
  isolation: "read_committed",
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 32 * 1024 * 1024,
  partitionMaxBytes: 2 * 1024 * 1024,
  stallMs: 60_000,
  onDeleted: () => {},
};

interface OpenSpan {
  readonly topic: string;
  readonly partition: number;
  readonly start: number;
  end: number;
  offset: number;
}

/**
 * Reads spans of partitions once, each to its end and no further. A span whose end was known as the last stable
 * offset when reading began never waits for anybody's transaction. Leaders that move are followed; brokers that
 * don't answer are tried again with back-off, until `stallMs` have brought nothing.
 */
export class SpanReader {
  readonly #cluster: KafkaCluster;
  readonly #options: SpanOptions;
  readonly #spans: OpenSpan[];
  #failures = 0;
  #movedMs: number;

  constructor(cluster: KafkaCluster, spans: readonly Span[], options: Partial<SpanOptions> = {}) {
    this.#cluster = cluster;
    this.#options = { ...DEFAULTS, ...options };
    this.#spans = spans.map((span) => ({ ...span, offset: span.start }));
    this.#movedMs = cluster.seams.clock.monotonicMs();
  }

  get done(): boolean {
    return this.#spans.every(({ offset, end }) => offset >= end);
  }

  progress(): readonly SpanProgress[] {
    return this.#spans.map((span) => ({ ...span, offset: Math.min(span.offset, span.end) }));
  }

  /** Ends a span where it has been read to: nothing more of it is wanted. */
  finish(topic: string, partition: number): void {
    for (const span of this.#spans) {
      if (span.topic === topic && span.partition === partition) span.end = Math.min(span.end, span.offset);
    }
  }

  /** Reads on in a partition, to `end`. */
  extend(topic: string, partition: number, end: number): void {
    for (const span of this.#spans) {
      if (span.topic === topic && span.partition === partition) span.end = Math.max(span.end, end);
    }
  }

  /**
   * Fetches once from the leaders of the spans that `wanted` lets pass, and hands over records in each partition's
   * order. The cursor is only good during the call; a call that returns false ends its partition's span before that
   * record. Throws HeadwaterError: MALFORMED for a batch that does not hold together, NETWORK for an error that
   * trying again does not help, TIMED_OUT.
   */
  async poll(
    onRecord: (topic: string, partition: number, record: RecordCursor) => boolean | undefined,
    wanted: (span: SpanProgress) => boolean = () => true,
  ): Promise<void> {
    const open = this.#spans.filter((span) => span.offset < span.end && wanted(span));
    const byLeader = Map.groupBy(open, ({ topic, partition }) => this.#cluster.leaderOf(topic, partition));
    const answers = await Promise.all(
      [...byLeader].map(([leader, spans]) =>
        leader === null ? [] : fetchFrom(this.#cluster, leader, spans, this.#options),
      ),
    );
    let trouble = byLeader.has(null) ? ERROR.LEADER_NOT_AVAILABLE : 0;
    for (const fetched of answers.flat()) {
      const span = this.#find(fetched);
      if (fetched.error === 0) this.#take(span, fetched, onRecord);
      else if (fetched.error === ERROR.OFFSET_OUT_OF_RANGE) await this.#comeBackIntoRange(span);
      else if (FINAL.has(fetched.error)) throw finalError(fetched);
      else trouble = fetched.error;
    }
    this.#checkStall(open, trouble);
    if (trouble === 0) this.#failures = 0;
    else await this.#recover(open);
  }

  #take(
    span: OpenSpan,
    fetched: FetchedPartition,
    onRecord: (topic: string, partition: number, record: RecordCursor) => boolean | undefined,
  ): void {
    const { topic, partition } = span;
    const before = span.offset;
    let endedAt = -1;
    const next = walkRecords(fetched, this.#options.isolation, (record) => {
      if (record.offset >= span.end) return false;
      if (onRecord(topic, partition, record) !== false) return undefined;
      endedAt = record.offset;
      return false;
    });
    if (endedAt >= 0) span.end = span.offset = endedAt;
    else span.offset = Math.min(next, span.end);
    if (span.offset !== before || span.offset >= span.end) {
      this.#movedMs = this.#cluster.seams.clock.monotonicMs();
    }
  }

  /** Retention passed the position: on with what is left. */
  async #comeBackIntoRange(span: OpenSpan): Promise<void> {
    const { topic, partition } = span;
    const query = { topic, partition, timestampMs: LIST_OFFSET.earliest };
    const [found] = await listOffsets(this.#cluster, [query], this.#options.isolation);
    if (found?.error !== 0 || found.offset <= span.offset) return;
    const to = Math.min(found.offset, span.end);
    this.#options.onDeleted(topic, partition, span.offset, to);
    span.offset = to;
    this.#movedMs = this.#cluster.seams.clock.monotonicMs();
  }

  #checkStall(open: readonly OpenSpan[], trouble: number): void {
    const stuck = open.find(({ offset, end }) => offset < end);
    if (stuck === undefined) return;
    const { topic, partition, offset } = stuck;
    if (this.#cluster.seams.clock.monotonicMs() - this.#movedMs < this.#options.stallMs) return;
    const why = trouble === 0 ? "nothing comes" : errorName(trouble);
    const message = `${topic}-${partition} at offset ${offset}: ${why} for ${this.#options.stallMs / 1000} s`;
    throw new HeadwaterError("TIMED_OUT", message, { topic, partition, offset });
  }

  async #recover(open: readonly OpenSpan[]): Promise<void> {
    this.#failures += 1;
    const { clock, random } = this.#cluster.seams;
    await sleep(clock, backoffMs(this.#failures, DEFAULT_BACKOFF, random));
    await this.#cluster.refresh([...new Set(open.map(({ topic }) => topic))]).catch(() => []);
  }

  #find({ topic, partition }: FetchedPartition): OpenSpan {
    const found = this.#spans.find((span) => span.topic === topic && span.partition === partition);
    if (found === undefined) throw new HeadwaterError("MALFORMED", `${topic}-${partition} was not asked for`);
    return found;
  }
}

/** Trying again does not help. */
const FINAL: ReadonlySet<number> = new Set([
  ERROR.TOPIC_AUTHORIZATION_FAILED,
  ERROR.INVALID_TOPIC_EXCEPTION,
  ERROR.UNSUPPORTED_VERSION,
]);

function finalError({ topic, partition, error }: FetchedPartition): HeadwaterError {
  return new HeadwaterError("NETWORK", `${topic}-${partition}: ${errorName(error)}`, { topic, partition });
}
