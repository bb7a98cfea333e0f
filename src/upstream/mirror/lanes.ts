import { HeadwaterError } from "../../base/errors.ts";
import type { Clock } from "../../io/clock.ts";
import type { Random } from "../../io/random.ts";
import { type BackoffOptions, backoffMs } from "../../kafka/client/backoff.ts";
import type { FetchedPartition } from "../../kafka/client/fetch.ts";
import { ERROR, errorName } from "../../kafka/wire/generated/errors.ts";
import type { CentralTopicFacts, MirrorCentre } from "./centre.ts";
import type { MirrorLimits } from "./settings.ts";
import type { Turns } from "./turns.ts";

/** Somebody has to change something: trying again soon does not help. */
const FINAL: ReadonlySet<number> = new Set([
  ERROR.TOPIC_AUTHORIZATION_FAILED,
  ERROR.INVALID_TOPIC_EXCEPTION,
  ERROR.UNSUPPORTED_VERSION,
]);

export interface LaneParts {
  readonly topic: string;
  readonly centre: MirrorCentre;
  readonly turns: Turns;
  readonly limits: MirrorLimits;
  readonly clock: Clock;
  readonly random: Random;
  /** Resolves after this time, or when somebody wakes all who wait. */
  sleep(durationMs: number): Promise<void>;
  wake(): void;
}

export interface LaneHooks {
  /** Next offset of a partition, or why it can't be said now. */
  position(partition: number): Promise<number | string>;
  /** Takes what was fetched without an error; or with OFFSET_OUT_OF_RANGE. Returns why it could not be, where that is the partition's trouble. */
  take(fetched: FetchedPartition): Promise<string | null>;
  /** After each answer. Whether to go on. */
  landed(): Promise<boolean>;
  isOver(): boolean;
  /** A partition can't be read; said once for each reason. */
  troubled(partition: number, reason: string): void;
}

/**
 * Reads all partitions of a topic, those of one leader together. One that fails waits alone, while the others go on; where its
 * leader has moved, all are grouped anew.
 */
export class Lanes {
  readonly #parts: LaneParts;
  readonly #hooks: LaneHooks;
  readonly #facts: CentralTopicFacts;
  /** By partition, as the lanes were made. */
  readonly #leaders: readonly (string | null)[];
  #isOver = false;
  #isWatching = false;

  constructor(parts: LaneParts, facts: CentralTopicFacts, hooks: LaneHooks) {
    this.#parts = parts;
    this.#facts = facts;
    this.#hooks = hooks;
    this.#leaders = parts.centre.leaders(parts.topic, facts.partitions);
  }

  /** Until it is over, or leaders have moved. Rejects with HeadwaterError where nothing can be read. */
  async run(): Promise<void> {
    const partitions = this.#leaders.map((_, index) => index);
    const groups = Map.groupBy(partitions, (partition) => this.#leaders[partition] ?? null);
    for (const partition of groups.get(null) ?? []) this.#failed(partition, ERROR.LEADER_NOT_AVAILABLE);
    groups.delete(null);
    const watch = this.#watch();
    const ended = await Promise.allSettled(
      Array.from(groups.values(), async (lane) => {
        try {
          await this.#lane(lane);
        } catch (error) {
          this.#end();
          throw error;
        }
      }),
    );
    this.#isOver = true;
    this.#parts.wake();
    await watch;
    const failed = ended.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    this.#throwIfNoneWorks();
  }

  get #ends(): boolean {
    return this.#isOver || this.#hooks.isOver();
  }

  /** Others wait for answers, and end with their connections. */
  #end(): void {
    this.#isOver = true;
    this.#parts.centre.close();
    this.#parts.wake();
  }

  async #lane(lane: readonly number[]): Promise<void> {
    const { topic, centre, turns, limits, clock } = this.#parts;
    while (!this.#ends) {
      const due = turns.due(lane, clock.monotonicMs());
      if (due.length === 0) {
        await this.#parts.sleep(turns.waitMs(lane, clock.monotonicMs()));
        continue;
      }
      const positions = await this.#positions(due);
      if (this.#ends) return;
      if (positions.length > 0) {
        const answers = await centre.take(topic, positions, limits);
        for (const fetched of answers) {
          if (this.#isOver) return;
          await this.#take(fetched);
        }
      }
      this.#throwIfNoneWorks();
      if (!(await this.#hooks.landed())) return;
    }
  }

  async #positions(due: readonly number[]) {
    const positions: { partition: number; offset: number }[] = [];
    for (const partition of due) {
      const offset = await this.#hooks.position(partition);
      if (typeof offset === "number") positions.push({ partition, offset });
      else this.#failed(partition, offset);
    }
    return positions;
  }

  async #take(fetched: FetchedPartition): Promise<void> {
    const { turns } = this.#parts;
    const { topic, partition, error, batches } = fetched;
    if (FINAL.has(error)) {
      const message = `reading ${topic}-${partition}: ${errorName(error)}`;
      throw new HeadwaterError("UNSUPPORTED", message, { topic, partition });
    }
    // What the end makes of requests says nothing of partitions.
    if (error !== 0 && this.#ends) return;
    if (error !== 0 && error !== ERROR.OFFSET_OUT_OF_RANGE) {
      this.#failed(partition, error);
      return;
    }
    const reason = await this.#hooks.take(fetched);
    if (reason === null) turns.worked(partition, batches.length > 0);
    else this.#failed(partition, reason);
  }

  #failed(partition: number, why: number | string): void {
    const reason = typeof why === "number" ? errorName(why) : why;
    const isNew = this.#parts.turns.failed(partition, reason, this.#parts.clock.monotonicMs());
    if (isNew) this.#hooks.troubled(partition, reason);
    if (!this.#isWatching) this.#parts.wake();
  }

  /** Where nothing can be read it is no longer a matter of partitions. */
  #throwIfNoneWorks(): void {
    const { topic, turns } = this.#parts;
    const troubles = turns.troubles.filter(({ partition }) => partition < this.#facts.partitions);
    const [first] = troubles;
    if (first === undefined || troubles.length < this.#facts.partitions) return;
    turns.clear();
    throw new HeadwaterError("NETWORK", `reading ${topic}: ${first.reason}`, { topic });
  }

  /** While a partition can't be read, looks now and then who leads it: over a connection of its own, since others wait for records. */
  async #watch(): Promise<void> {
    const { turns, limits, random } = this.#parts;
    const backoff: BackoffOptions = { baseMs: limits.backoffMs, maxMs: limits.maxBackoffMs };
    let looks = 0;
    let failing = 0;
    while (!this.#ends) {
      const { length } = turns.troubles;
      if (length > failing) looks = 0;
      failing = length;
      this.#isWatching = failing > 0;
      if (failing === 0) {
        await this.#parts.sleep(limits.refreshMs);
        continue;
      }
      looks += 1;
      await this.#parts.sleep(backoffMs(looks, backoff, random));
      if (this.#ends) return;
      if (await this.#haveMoved()) this.#end();
    }
  }

  /** Whether partitions that can't be read are led by others now, or the topic is another one. */
  async #haveMoved(): Promise<boolean> {
    const { topic, centre, turns } = this.#parts;
    let leaders: readonly (string | null)[] | null;
    try {
      leaders = await centre.leadersNow(topic, this.#facts);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return false;
    }
    if (leaders === null) return true;
    let haveMoved = false;
    for (const { partition } of turns.troubles) {
      const leader = leaders[partition] ?? null;
      if (leader === null || leader === this.#leaders[partition]) continue;
      turns.retry(partition);
      haveMoved = true;
    }
    return haveMoved;
  }
}
