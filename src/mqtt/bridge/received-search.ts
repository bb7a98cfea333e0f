import type { RecordCursor } from "../../records/reader.ts";
import type { Follower, RecordConsumer } from "../history/follower.ts";
import type { Followers } from "../history/followers.ts";
import { headerOf } from "../history/record-message.ts";
import type { HistoryPartition } from "../history/source.ts";
import { PATH_PROPERTY, stepsOfHeader } from "./path.ts";
import type { ReceivedPacket } from "./state.ts";

const HEADER = new TextEncoder().encode(PATH_PROPERTY);

/**
 * Looks, after a crash, which of the packets that were about to be appended are in the log: their records carry
 * their tokens. Reads in slices, from where each log ended when the packet came.
 */
export class ReceivedSearch implements RecordConsumer {
  readonly #followers: Followers;
  readonly #found = new Set<string>();
  readonly #reading = new Set<Follower>();
  #then: (found: ReadonlySet<string>) => void = () => {};

  constructor(followers: Followers) {
    this.#followers = followers;
  }

  /** Calls `then` with the tokens that were found, in this turn or a later one. */
  begin(packets: Iterable<ReceivedPacket>, then: (found: ReadonlySet<string>) => void): void {
    const from = new Map<HistoryPartition, number>();
    for (const { token, places } of packets) {
      if (token === null) continue;
      for (const { topic, partition, offset } of places) {
        for (const source of this.#followers.source.topic(topic)?.partitions ?? []) {
          if (partition >= 0 && source.index !== partition) continue;
          from.set(source, Math.min(offset, from.get(source) ?? offset));
        }
      }
    }
    if (from.size === 0) {
      then(this.#found);
      return;
    }
    this.#then = then;
    for (const [source, offset] of from)
      this.#reading.add(this.#followers.follow(source, offset, null, this));
  }

  stop(): void {
    this.#then = () => {};
    for (const follower of this.#reading) this.#followers.stop(follower);
    this.#reading.clear();
  }

  take(record: RecordCursor): boolean {
    const path = headerOf(record, HEADER);
    if (path === null) return true;
    for (const step of stepsOfHeader(path)) {
      const token = /:(.*)$/.exec(step)?.[1];
      if (token !== undefined) this.#found.add(token);
    }
    return true;
  }

  gap(): void {}

  caughtUp(follower: Follower): void {
    this.#followers.stop(follower);
    this.#ended(follower);
  }

  ended(_reason: string, follower: Follower): void {
    this.#ended(follower);
  }

  #ended(follower: Follower): void {
    if (!this.#reading.delete(follower) || this.#reading.size > 0) return;
    this.#then(this.#found);
  }
}
