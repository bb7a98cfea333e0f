import type { PendingBatch } from "../../broker/ingest.ts";
import type { Identity } from "../access.ts";
import type { HeaderBlock } from "../record-headers.ts";
import type { LiveMessage } from "../sessions/outbound.ts";
import type { TopicEntry } from "../topic-table.ts";

/** A message that becomes its topic's once its own record is durable. */
export interface WaitingMessage {
  readonly entry: TopicEntry;
  readonly message: LiveMessage;
  readonly from: Identity;
  readonly nowMs: number;
  /** A header that its record has beside others, or null. */
  readonly mark: HeaderBlock | null;
}

/** Messages whose records went into the same batch; it settles when they are retained, or refused with it. */
export class WaitingGroup implements PendingBatch {
  /** The batch of their own records. */
  readonly after: PendingBatch;
  readonly messages: WaitingMessage[] = [];
  readonly sizeBytes = 0;
  /** Once it is their turn: the batches of the retained log they went into, or their own where that was refused. */
  #outcomes: readonly PendingBatch[] | null = null;

  constructor(after: PendingBatch) {
    this.after = after;
  }

  /** Their turn has come, and this is what they wait for. */
  released(outcomes: readonly PendingBatch[]): void {
    this.#outcomes = [...new Set(outcomes)];
  }

  get state(): "waiting" | "durable" | "refused" {
    const outcomes = this.#outcomes;
    if (outcomes === null || outcomes.some(({ state }) => state === "waiting")) return "waiting";
    return outcomes.some(({ state }) => state === "refused") ? "refused" : "durable";
  }

  get error(): number {
    return this.#outcomes?.find(({ error }) => error !== 0)?.error ?? 0;
  }
}

/** Groups in the order of their arrival: nobody's message overtakes another one of its topic. */
export class WaitingGroups {
  #groups: WaitingGroup[] = [];

  get length(): number {
    return this.#groups.length;
  }

  /** The latest group, or null. */
  get last(): WaitingGroup | null {
    return this.#groups.at(-1) ?? null;
  }

  add(message: WaitingMessage, after: PendingBatch): WaitingGroup {
    let group = this.#groups.at(-1);
    if (group === undefined || group.after !== after) {
      group = new WaitingGroup(after);
      this.#groups.push(group);
    }
    group.messages.push(message);
    return group;
  }

  /** Takes out the first groups whose records have settled. */
  takeSettled(): readonly WaitingGroup[] {
    const first = this.#groups.findIndex(({ after }) => after.state === "waiting");
    if (first === 0) return [];
    return this.#groups.splice(0, first < 0 ? this.#groups.length : first);
  }
}
