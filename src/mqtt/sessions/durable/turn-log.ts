import type { PendingBatch } from "../../../broker/ingest.ts";
import type { Clock, Timer } from "../../../io/clock.ts";
import type { StateLog } from "./state-log.ts";
import { MAX_BATCH_BYTES, TurnWriter } from "./turn-writer.ts";

/** What nobody waits for is written by then, in the company of what somebody does if that comes before. */
const LAZY_MS = 50;
/** After a refusal what is not written is tried again. */
const RETRY_MS = 1_000;

/** Records that belong to a turn, in their order among others of it. */
export interface TurnItem {
  /** About what its records take. */
  readonly sizeBytes: number;
  write(writer: TurnWriter): void;
}

/** Whose state is written as it is at the end of a turn: once, however often it has changed. */
export interface TurnState {
  /** Before the items of the turn. `written` is called once it is known what became of the records. */
  writeFirst(writer: TurnWriter, written: OnWritten): void;
  /** Behind them. */
  writeLast(writer: TurnWriter, written: OnWritten): void;
}

/** Takes who is told 0 once the records are durable, or the Kafka error of a refusal: they are to be written again. */
export type OnWritten = (then: (error: number) => void) => void;

/** Items that share a batch of the log, and what becomes of it. */
interface Group {
  readonly items: TurnItem[];
  readonly batch: TurnBatch;
  sizeBytes: number;
}

export class TurnBatch implements PendingBatch {
  state: "waiting" | "durable" | "refused" = "waiting";
  error = 0;
  readonly sizeBytes = 0;
  readonly thens: ((error: number) => void)[] = [];

  settle(error: number): void {
    this.state = error === 0 ? "durable" : "refused";
    this.error = error;
    for (const then of this.thens) then(error);
  }
}

/**
 * Gathers what a turn of the event loop has to write about sessions, and appends it when the turn ends: behind the
 * records of that turn's messages, so that one commit round makes both durable, and a power cut that takes a message
 * takes what was written about it.
 */
export class TurnLog {
  readonly #clock: Clock;
  readonly #log: StateLog;
  readonly #writer: TurnWriter;
  readonly #state: TurnState;
  readonly #appendMessages: () => void;
  readonly #settled: () => void;
  #turn: TurnBatch | null = null;
  /** Items of this turn. */
  #groups: Group[] = [];
  /** What is being gathered to hold together. */
  #row: Group | null = null;
  #isDue = false;
  #lazy: Timer | null = null;

  /** `appendMessages` ends the batches of messages that the turn has gathered; `settled` hears of every batch's end. */
  constructor(
    clock: Clock,
    log: StateLog,
    place: (slot: number, offset: number) => void,
    state: TurnState,
    appendMessages: () => void,
    settled: () => void,
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#writer = new TurnWriter(log, place);
    this.#state = state;
    this.#appendMessages = appendMessages;
    this.#settled = settled;
  }

  /** The batch of this turn, which ends with it: refused where any of it was. */
  get batch(): PendingBatch {
    return this.#open();
  }

  /** What comes back is the item's own: it is refused where nothing of it is in the log, whatever became of others. */
  add(item: TurnItem): TurnBatch {
    this.#open();
    const group = this.#row ?? this.#groupFor(item.sizeBytes);
    group.items.push(item);
    group.sizeBytes += item.sizeBytes;
    return group.batch;
  }

  /** The items that `change` adds hold together: all of them are durable, or none. */
  together(change: () => void): void {
    if (this.#row !== null) {
      change();
      return;
    }
    const row: Group = { items: [], batch: new TurnBatch(), sizeBytes: 0 };
    this.#row = row;
    try {
      change();
    } finally {
      if (row.items.length > 0) this.#groups.push(row);
      this.#row = null;
    }
  }

  /** Groups are few, so that who waits for them counts few batches. */
  #groupFor(sizeBytes: number): Group {
    const last = this.#groups.at(-1);
    if (last !== undefined && last.sizeBytes + sizeBytes <= MAX_BATCH_BYTES) return last;
    const group: Group = { items: [], batch: new TurnBatch(), sizeBytes: 0 };
    this.#groups.push(group);
    return group;
  }

  /** Something is to be written that nobody waits for. */
  later(): void {
    if (!this.#isDue) this.#lazy ??= this.#clock.after(LAZY_MS, () => this.flush());
  }

  /** Appends what there is. */
  flush(): void {
    this.#lazy?.cancel();
    this.#lazy = null;
    this.#isDue = false;
    const turn = this.#turn ?? new TurnBatch();
    const groups = this.#groups;
    const taken: TurnBatch[] = [];
    this.#turn = null;
    this.#groups = [];
    this.#appendMessages();
    const writer = this.#writer;
    const onWritten: OnWritten = (then) => turn.thens.push(then);
    writer.start(this.#clock.nowMs());
    this.#state.writeFirst(writer, onWritten);
    for (const { items, batch, sizeBytes } of groups) {
      writer.together(sizeBytes);
      for (const item of items) item.write(writer);
      writer.apart((error) => {
        if (error === 0) taken.push(batch);
        else batch.settle(error);
      });
    }
    this.#state.writeLast(writer, onWritten);
    writer.finish();
    if (writer.error !== 0) this.#settle(turn, writer.error);
    if (writer.error !== 0 && taken.length === 0) return;
    this.#log.whenDurable((error) => {
      for (const batch of taken) batch.settle(error);
      if (turn.state === "waiting") this.#settle(turn, error);
      else this.#settled();
    });
  }

  /** Nothing is written any more. */
  stop(): void {
    this.#lazy?.cancel();
    this.#lazy = null;
  }

  #settle(turn: TurnBatch, error: number): void {
    turn.settle(error);
    if (error !== 0 && !this.#isDue) this.#lazy ??= this.#clock.after(RETRY_MS, () => this.flush());
    this.#settled();
  }

  #open(): TurnBatch {
    this.#turn ??= new TurnBatch();
    if (!this.#isDue) {
      this.#isDue = true;
      this.#clock.soon(() => {
        if (this.#isDue) this.flush();
      });
    }
    return this.#turn;
  }
}
