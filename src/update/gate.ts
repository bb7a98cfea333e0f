/** How a gateway was before it made room for another version. */
export interface Before {
  /** Null where nobody has written it down. */
  readonly attempt: string | null;
  readonly ready: boolean;
  /** Uplinks that carried, or had nothing to carry. */
  readonly moving: readonly string[];
}

/** How a gateway on trial is. */
export interface Health {
  /** Why not everything serves. */
  readonly hindrances: readonly string[];
  /** Whether a record has come to the disk. */
  readonly ingested: boolean;
  readonly uplinks: readonly { readonly name: string; readonly state: string }[];
}

export interface GateLimits {
  /** By then it has to have proved itself. */
  readonly limitMs: number;
  /** So long it has to be well without a break. */
  readonly settleMs: number;
}

export type Verdict = "waiting" | "passed" | "failed";

/** States of an uplink that has reached its centre, or is told not to. */
const MOVING: readonly string[] = ["forwarding", "idle"];
const ON_PURPOSE: readonly string[] = ["held", "stopped"];

/** Whether an uplink in that state moves. */
export function moves(state: string): boolean {
  return MOVING.includes(state);
}

/** What a gateway on trial lacks of what it had before; null where nothing. */
export function lackOf({ hindrances, ingested, uplinks }: Health, before: Before): string | null {
  if (before.ready && hindrances.length > 0) return `not everything serves: ${hindrances.join("; ")}`;
  if (!ingested) return "no record has come to the disk";
  for (const name of before.moving) {
    const uplink = uplinks.find((candidate) => candidate.name === name);
    // One that the settings have no more is nobody's loss.
    if (uplink === undefined || moves(uplink.state) || ON_PURPOSE.includes(uplink.state)) continue;
    return `the uplink ${name}, which moved before, is ${uplink.state}`;
  }
  return null;
}

/** Decides whether a version on trial has proved itself. Times are of a monotonic clock. */
export class Gate {
  readonly #limits: GateLimits;
  readonly #startMs: number;
  #wellSinceMs: number | null = null;
  #lack: string | null = "it has not begun";

  constructor(limits: GateLimits, startMs: number) {
    this.#limits = limits;
    this.#startMs = startMs;
  }

  /** What was lacking when last looked at. */
  get lack(): string | null {
    return this.#lack;
  }

  look(nowMs: number, lack: string | null): Verdict {
    this.#lack = lack;
    if (lack === null) this.#wellSinceMs ??= nowMs;
    else this.#wellSinceMs = null;
    if (this.#wellSinceMs !== null && nowMs - this.#wellSinceMs >= this.#limits.settleMs) return "passed";
    return nowMs - this.#startMs >= this.#limits.limitMs ? "failed" : "waiting";
  }
}
