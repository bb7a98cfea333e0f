import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Addresses } from "../http/status.ts";
import type { AcceptQueues } from "../io/accept-queues.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { Supervisor } from "../io/supervisor.ts";

export interface WatchdogOptions {
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly queues: AcceptQueues;
  /** Where each door listens. */
  readonly addresses: Addresses;
  /** Monotonic time since which the commit loop has not got anything done, null where it has nothing to do. */
  readonly committingSinceMs: () => number | null;
  /** Why not everything serves; for people who ask the supervisor. */
  readonly hindrances: () => readonly string[];
  /** Deliberate bugs, for tests of the tests: names with commas. */
  readonly bugs?: string;
}

export const WATCHDOG_BUGS = ["blind-to-commits", "blind-to-doors"] as const;

/** How often the supervisor's view of the state is renewed where it does not watch. */
const STATUS_INTERVAL_MS = 10_000;
/** Beats in the time after which silence counts as a hang: one that is late, or that was not taken, does no harm. */
const BEATS = 3;
/** Of the text that the supervisor shows. */
const MAX_STATUS_LENGTH = 500;

/**
 * Tells the supervisor that everything serves, and from then on, a few times in each of its periods, that the gateway
 * makes progress. Progress is all three of:
 *
 * - the event loop turns, since the beats are its timers;
 * - the commit loop ends its rounds: none has gone on, and no append has waited for one, for a whole period;
 * - each door listens, and nobody has waited for a whole period to be accepted.
 *
 * Without progress it stops feeding, and the supervisor ends the process: within two periods of what stopped. It says
 * in the log why, for whoever looks for the reason afterwards.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #bugs: ReadonlySet<string>;
  readonly #periodMs: number | null;
  readonly #doors: ReadonlyMap<number, string>;
  /** When a door was first seen not to listen, and a connection to wait. */
  readonly #closedSinceMs = new Map<number, number>();
  readonly #waitingSinceMs = new Map<string, number>();
  #timer: Timer | null = null;
  #status = "";
  #ready = false;
  #stuck: string | null = null;
  #stopped = false;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#bugs = parseBugs(options.bugs ?? "");
    this.#periodMs = options.supervisor.watchdogMs;
    this.#doors = new Map(
      Object.entries(options.addresses).map(([door, address]) => [portOf(address), door]),
    );
  }

  /** Everything serves. */
  start(): void {
    this.#beat();
  }

  /** Does what changes what the gateway runs by, and lets the supervisor know about both ends of it. */
  reloading<Result>(reload: () => Result): Result {
    this.#options.supervisor.notify("RELOADING=1");
    try {
      return reload();
    } finally {
      this.#ready = false;
      this.#tell();
    }
  }

  /** The gateway is about to end; the supervisor has another time for that. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timer?.cancel();
    this.#options.supervisor.notify("STOPPING=1", "STATUS=stopping");
  }

  #beat(): void {
    const { supervisor, clock } = this.#options;
    this.#tell();
    if (this.#periodMs !== null) {
      const stuck = this.#whatIsStuck(clock.monotonicMs(), this.#periodMs);
      this.#note(stuck);
      if (stuck === null) supervisor.notify("WATCHDOG=1");
    }
    const intervalMs = this.#periodMs === null ? STATUS_INTERVAL_MS : this.#periodMs / BEATS;
    this.#timer = clock.after(intervalMs, () => this.#beat());
  }

  /** Says that it is ready until that was taken, and how it is whenever that has changed. */
  #tell(): void {
    const { supervisor, hindrances } = this.#options;
    const reasons = hindrances();
    const doors = Object.entries(this.#options.addresses).map(([door, address]) => ` ${door}=${address}`);
    const state = reasons.length === 0 ? "serving" : `serving, but ${reasons.join("; ")}:`;
    const status = `${state}${doors.join("")}`.replaceAll(/\s+/g, " ").slice(0, MAX_STATUS_LENGTH);
    if (this.#ready && status === this.#status) return;
    if (!supervisor.notify("READY=1", `STATUS=${status}`)) return;
    this.#ready = true;
    this.#status = status;
  }

  #whatIsStuck(nowMs: number, limitMs: number): string | null {
    const sinceMs = this.#options.committingSinceMs();
    if (sinceMs !== null && nowMs - sinceMs >= limitMs && !this.#bugs.has("blind-to-commits")) {
      return `what was appended is not on the disk after ${Math.round(nowMs - sinceMs)} ms`;
    }
    const door = this.#stuckDoor(nowMs, limitMs);
    return door === null || this.#bugs.has("blind-to-doors") ? null : door;
  }

  #stuckDoor(nowMs: number, limitMs: number): string | null {
    const look = this.#options.queues.look(new Set(this.#doors.keys()));
    if (look === null) return null;
    const closed = [...this.#doors.keys()].filter((port) => !look.listening.has(port));
    const isLong = ([, sinceMs]: readonly [unknown, number]) => nowMs - sinceMs >= limitMs;
    const [gone] = [...keepTimes(this.#closedSinceMs, closed, nowMs)].filter(isLong);
    if (gone !== undefined) return `the door ${this.#doors.get(gone[0])} does not listen any more`;
    const [first] = [...keepTimes(this.#waitingSinceMs, look.waiting.keys(), nowMs)].filter(isLong);
    if (first === undefined) return null;
    const door = this.#doors.get(look.waiting.get(first[0]) ?? -1);
    return `the door ${door} has accepted nobody for ${Math.round(nowMs - first[1])} ms`;
  }

  #note(stuck: string | null): void {
    const { logger } = this.#options;
    if (stuck !== null && this.#stuck === null) {
      logger.error("the gateway makes no progress, and is ended by its supervisor unless that changes", {
        reason: stuck,
      });
    } else if (stuck === null && this.#stuck !== null) {
      logger.info("the gateway makes progress again", { reason: this.#stuck });
    }
    this.#stuck = stuck;
  }
}

/** Leaves in `times` those of `present`, with the time at which each was first there. */
function keepTimes<Key>(times: Map<Key, number>, present: Iterable<Key>, nowMs: number): Map<Key, number> {
  const now = new Set(present);
  for (const key of times.keys()) if (!now.has(key)) times.delete(key);
  for (const key of now) if (!times.has(key)) times.set(key, nowMs);
  return times;
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

function parseBugs(text: string): ReadonlySet<string> {
  const names = text.split(",").filter((name) => name !== "");
  for (const name of names) {
    if (!WATCHDOG_BUGS.some((known) => known === name)) {
      throw new HeadwaterError("CONFIG_INVALID", `unknown deliberate bug ${name}`);
    }
  }
  return new Set(names);
}
