import { ERROR } from "../kafka/wire/generated/errors.ts";
import type { LogStore } from "../log/log-store.ts";
import type { Refusal } from "./broker.ts";
import { GAP_TOPIC } from "./gap-ledger.ts";
import type { Topic } from "./topics.ts";
import type { AckCallback } from "./waiting.ts";

/** Says why clients can't have a topic, or its records, deleted; null where they can. */
export function deleteFault({ name, internal }: Topic): Refusal | null {
  const error = ERROR.INVALID_TOPIC_EXCEPTION;
  if (internal) return { error, message: `Topic '${name}' belongs to the broker.` };
  if (name !== GAP_TOPIC) return null;
  return { error, message: `Topic '${name}' tells of what was lost: only retention takes its records.` };
}

/** Topics on their way out, from the first word until their files are gone. */
export class TopicDeletions {
  readonly #store: LogStore;
  readonly #names = new Set<string>();
  /** Those whose removal is durable. */
  readonly #removed: { readonly topic: Topic; readonly done: AckCallback }[] = [];

  constructor(store: LogStore) {
    this.#store = store;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /**
   * Takes no more records, and calls back once what somebody loses is in the ledger: at once where nobody does. Its records
   * are gone then, as far as somebody lost them.
   */
  begin(topic: Topic, then: () => void): void {
    this.#names.add(topic.name);
    const missed = topic.partitions.filter(({ log }) => this.#store.deletions.isMissed(log));
    if (missed.length === 0) {
      then();
      return;
    }
    for (const partition of topic.partitions) partition.closed = true;
    let left = missed.length;
    const told = (): void => {
      left -= 1;
      if (left === 0) then();
    };
    for (const partition of missed) {
      const { logEndOffset } = partition.log;
      // What is not acknowledged yet may still be, and is lost, too.
      partition.whenDurable(logEndOffset, () =>
        this.#store.deletions.request(partition.log, logEndOffset, "delete-topic", told),
      );
    }
  }

  /** The topic stays. */
  abandon(topic: Topic): void {
    this.#names.delete(topic.name);
    for (const partition of topic.partitions) partition.closed = false;
  }

  /** Its removal is durable; `done` runs when its files are gone, too. */
  removed(topic: Topic, done: AckCallback): void {
    this.#removed.push({ topic, done });
  }

  /** After a commit round: topics whose removal it made durable lose their files together, with one sync. */
  settle(): void {
    if (this.#removed.length === 0) return;
    const removed = this.#removed.splice(0);
    this.#store.deleteAll(removed.flatMap(({ topic }) => topic.partitions.map(({ log }) => log)));
    for (const { topic } of removed) this.#names.delete(topic.name);
    for (const { done } of removed) done(0);
  }
}
