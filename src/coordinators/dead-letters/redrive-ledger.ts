import { HeadwaterError } from "../../base/errors.ts";
import type { Uuid } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import type { KeyedState } from "../../broker/keyed-state.ts";

/** The internal topic that it is kept in. */
const STATE_TOPIC = "__headwater_redrives";
const MAX_EPOCH = 0x7fff;
/** Spans of redriven letters that are kept of a partition: as many as one that was redriven letter by letter has. */
const MAX_SPANS = 4_096;

/** A partition of a topic of dead letters. */
export interface LetterPartition {
  readonly topicId: Uuid;
  readonly partition: number;
}

/** Letters, by their offsets, that go to one partition as one batch. */
export interface RedriveBatch {
  readonly topicId: Uuid;
  readonly partition: number;
  readonly letters: readonly number[];
}

/** What is being redriven, written down before it is: as whose batches, which the logs know again if they have them. */
export interface Redrive {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly batches: readonly RedriveBatch[];
}

/** Letters [0] to [1], the last not included. */
type Span = readonly [number, number];

/** What is kept of a partition, as JSON under `TOPIC-ID/PARTITION`. */
interface Entry {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly done: readonly Span[];
  readonly batches: readonly RedriveBatch[];
}

/** Remembers which dead letters were redriven, and which are being. */
export class RedriveLedger {
  readonly #broker: Broker;
  readonly #state: KeyedState;
  readonly #entries = new Map<string, Entry>();

  constructor(broker: Broker) {
    this.#broker = broker;
    this.#state = broker.lateState(STATE_TOPIC);
  }

  /** Reads what there is; where nothing was ever redriven no topic is made. Throws DISK_IO. */
  open(): void {
    if (this.#broker.topics.get(STATE_TOPIC) === null) return;
    this.#state.open();
    for (const [name, value] of this.#state.entries()) {
      const entry = entryOf(value);
      if (entry !== null) this.#entries.set(name, entry);
    }
  }

  /** What was begun, and nobody knows whether it was done: after a start. */
  begun(): readonly (LetterPartition & { readonly redrive: Redrive })[] {
    return Array.from(this.#entries).flatMap(([name, { producerId, producerEpoch, batches }]) => {
      const [topicId = "", partition = ""] = name.split("/");
      if (batches.length === 0) return [];
      const redrive = { producerId, producerEpoch, batches };
      return [{ topicId: topicId as Uuid, partition: Number(partition), redrive }];
    });
  }

  /** Whether a letter was redriven. */
  has(place: LetterPartition, offset: number): boolean {
    const done = this.#entries.get(nameOf(place))?.done ?? [];
    let [low, high] = [0, done.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((done[middle]?.[1] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return offset >= (done[low]?.[0] ?? Number.POSITIVE_INFINITY);
  }

  /** How many letters from an offset on were redriven. */
  count(place: LetterPartition, fromOffset: number): number {
    const done = this.#entries.get(nameOf(place))?.done ?? [];
    return done.reduce((sum, [first, end]) => sum + Math.max(0, end - Math.max(first, fromOffset)), 0);
  }

  /** Whether no more can be remembered of a partition before what is redriven forms longer spans. */
  isFull(place: LetterPartition): boolean {
    return (this.#entries.get(nameOf(place))?.done.length ?? 0) >= MAX_SPANS;
  }

  /** Writes down what is about to be redriven. Resolves once it is durable; rejects with LOG_FENCED or DISK_IO. */
  async begin(place: LetterPartition, batches: readonly RedriveBatch[]): Promise<Redrive> {
    const name = nameOf(place);
    const before = this.#entries.get(name);
    const goesOn = before !== undefined && before.producerEpoch < MAX_EPOCH;
    const producerId = goesOn ? before.producerId : await this.#newProducerId();
    const producerEpoch = goesOn ? before.producerEpoch + 1 : 0;
    await this.#keep(name, { producerId, producerEpoch, done: before?.done ?? [], batches });
    return { producerId, producerEpoch, batches };
  }

  /** What was begun is done with: these letters were redriven. Resolves and rejects as `begin` does. */
  async end(place: LetterPartition, letters: readonly number[], logStartOffset: number): Promise<void> {
    const name = nameOf(place);
    const before = this.#entries.get(name);
    if (before === undefined) return;
    const done = joined([...before.done, ...letters.map((letter): Span => [letter, letter + 1])]);
    const kept = done.filter(([, end]) => end > logStartOffset);
    await this.#keep(name, { ...before, done: kept, batches: [] });
  }

  async #keep(name: string, entry: Entry): Promise<void> {
    this.#entries.set(name, entry);
    await this.#state.set(name, new TextEncoder().encode(JSON.stringify(entry)));
  }

  #newProducerId(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#broker.newProducerId((error, producerId) => {
        if (error === 0) resolve(producerId);
        else reject(new HeadwaterError("LOG_FENCED", `no producer id was given (Kafka error ${error})`));
      });
    });
  }
}

function nameOf({ topicId, partition }: LetterPartition): string {
  return `${topicId}/${partition}`;
}

/** Spans in their order, those that touch as one. */
function joined(spans: readonly Span[]): readonly Span[] {
  const all: [number, number][] = [];
  for (const [first, end] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last !== undefined && first <= last[1]) last[1] = Math.max(last[1], end);
    else all.push([first, end]);
  }
  return all;
}

/** Null for what this version has not written. */
function entryOf(value: Uint8Array): Entry | null {
  try {
    const entry = JSON.parse(new TextDecoder().decode(value)) as Partial<Entry>;
    const { producerId, producerEpoch, done, batches } = entry;
    const isWhole = Number.isSafeInteger(producerId) && Number.isSafeInteger(producerEpoch);
    return isWhole && Array.isArray(done) && Array.isArray(batches) ? (entry as Entry) : null;
  } catch {
    return null;
  }
}
