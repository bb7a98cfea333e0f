import { assert } from "../base/assert.ts";
import type { Uuid } from "../base/ids.ts";
import type { Random } from "../io/random.ts";
import type { Broker } from "./broker.ts";
import type { KeyedState } from "./keyed-state.ts";
import type { Partition } from "./partition.ts";

/**
 * Which history a log has. Every run of a gateway that appends to a log notes where it began, under a name that no other run
 * has: `RUN@START,...`, oldest first. A copy of the data folder (a backup that is restored, a card that was cloned) shares
 * the runs up to the copy, and none behind it. The position at the centre has the runs that it was reached with, so that
 * the two tell up to which offset what is here and what is there are the same records.
 */
export interface RunStart {
  /** Number of the run in its data folder and what nobody can guess: `12.9f03ab`. */
  readonly run: string;
  /** Where the log ended when the run first appended to it. */
  readonly startOffset: number;
}

/** The internal topic that the runs of logs are kept in, by `TOPIC_ID/PARTITION`. */
export const LINEAGE_TOPIC = "__headwater_lineage";
/** Key of the number of the newest run. */
const NUMBER_KEY = "run";
/** Runs that are remembered of one log: restarts with the centre away, each with records. The oldest go. */
const MAX_RUNS_PER_LOG = 256;
const NAME_BYTES = 4;
/** For runs that begin on a full disk: what is not written down by the next start is taken for the run's before. */
const SPARE_BYTES = 64 * 1024;

/** What every log's history is, written down with the first append of a run. */
export class Lineages {
  readonly run: string;
  readonly #broker: Broker;
  readonly #state: KeyedState;
  readonly #known = new Map<string, readonly RunStart[]>();
  /** Logs whose newest run is not durably written down yet. */
  readonly #unwritten = new Set<string>();
  readonly #listeners = new Set<(topic: string, partition: number) => void>();

  /** Throws DISK_IO where the topic can't be opened. */
  constructor(broker: Broker, random: Random) {
    this.#broker = broker;
    this.#state = broker.openState(LINEAGE_TOPIC, SPARE_BYTES);
    const newest = Number(text(this.#state.get(NUMBER_KEY)) || 0);
    const number = Number.isSafeInteger(newest) ? newest + 1 : 1;
    this.run = `${number}.${random.bytes(NAME_BYTES).toHex()}`;
    this.#write(
      NUMBER_KEY,
      () => String(number),
      () => {},
    );
    for (const { name, internal, partitions } of broker.topics.all())
      assert(internal || partitions.every(({ hasBegun }) => !hasBegun), `a run of ${name} began unnoticed`);
    broker.topics.hooks.onBegun = (partition) => this.#begun(partition);
    broker.onAppended((topic, partition) => {
      if (partition < 0 && broker.topics.get(topic) === null) this.#forget();
    });
  }

  /** Nothing is written any more. */
  close(): void {
    this.#state.close();
  }

  /** The runs of a log, oldest first; empty where none was ever noted. */
  of(topicId: Uuid, partition: number): readonly RunStart[] {
    const key = `${topicId}/${partition}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = decodeLineage(text(this.#state.get(key)));
      this.#known.set(key, known);
    }
    return known;
  }

  /** Up to where a log's history is written down, so that it may be told elsewhere. */
  writtenEnd(topicId: Uuid, partition: number): number {
    if (!this.#unwritten.has(`${topicId}/${partition}`)) return Number.MAX_SAFE_INTEGER;
    return this.of(topicId, partition).at(-1)?.startOffset ?? 0;
  }

  /** `listener` runs once the history of a log is written down further. */
  onWritten(listener: (topic: string, partition: number) => void): void {
    this.#listeners.add(listener);
  }

  /** This run is about to append to a log for the first time. */
  #begun({ log, topicId, index }: Partition): void {
    if (log.internal) return;
    const key = `${topicId}/${index}`;
    const startOffset = log.logEndOffset;
    // A run that began here and appended nothing has no part in the history.
    const before = this.of(topicId, index).filter((run) => run.startOffset < startOffset);
    const lineage = [...before, { run: this.run, startOffset }].slice(-MAX_RUNS_PER_LOG);
    this.#known.set(key, lineage);
    this.#unwritten.add(key);
    const written = () => (this.#unwritten.has(key) ? encodeLineage(this.of(topicId, index)) : null);
    this.#write(key, written, () => {
      this.#unwritten.delete(key);
      for (const listener of this.#listeners) listener(log.topic, index);
    });
  }

  #write(key: string, value: () => string | null, done: () => void): void {
    const bytes = (): Uint8Array | null => {
      const now = value();
      return now === null ? null : new TextEncoder().encode(now);
    };
    this.#state.insist(key, bytes, done);
  }

  /** What is kept of logs that are gone. */
  #forget(): void {
    const stored = Array.from(this.#state.entries(), ([key]) => key);
    for (const key of new Set([...stored, ...this.#known.keys()])) {
      const slash = key.lastIndexOf("/");
      if (slash < 0 || this.#broker.topics.byId(key.slice(0, slash) as Uuid) !== null) continue;
      this.#known.delete(key);
      this.#unwritten.delete(key);
      this.#state.delete(key).catch(() => {});
    }
  }
}

function text(value: Uint8Array | null): string {
  return value === null ? "" : new TextDecoder().decode(value);
}

/** The runs as they are kept locally. */
export function encodeLineage(lineage: readonly RunStart[]): string {
  return lineage.map(({ run, startOffset }) => `${run}@${startOffset}`).join(",");
}

export function decodeLineage(text: string): readonly RunStart[] {
  return text.split(",").flatMap((each) => {
    const [run = "", start = ""] = each.split("@");
    const startOffset = Number(start);
    return run === "" || start === "" || !Number.isSafeInteger(startOffset) ? [] : [{ run, startOffset }];
  });
}
