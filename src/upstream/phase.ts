import type { UplinkState } from "./status.ts";
import type { TopicRoute } from "./topic-route.ts";

/**
 * What the forwarder is doing. Every failure leads to `waiting`, and from there everything begins again: connect,
 * take the producer id (which ends whatever transaction was open), read the committed positions, forward. So an
 * unknown outcome is never guessed at, and there is one way to resume, whatever happened.
 */
export type Phase =
  | {
      readonly kind: "waiting";
      readonly as: "backing off" | "fenced" | "failed" | "held";
      readonly untilMs: number;
      readonly reason: string;
    }
  | { readonly kind: "connecting" }
  | { readonly kind: "loading" }
  /** `aborting`: the coordinator took us for who we are, and ends our transaction first. */
  | { readonly kind: "initialising"; readonly notBeforeMs: number; readonly aborting: boolean }
  /** Fenced; looks whether it was another copy. */
  | { readonly kind: "looking"; readonly notBeforeMs: number }
  /** Ends what the centre lost track of. */
  | { readonly kind: "mending" }
  | { readonly kind: "forwarding" }
  | { readonly kind: "stopped" };

/** What went wrong last, when, and whether it is over. */
export class LastError {
  text: string | null = null;
  #atMs = 0;
  /** Since when nothing goes well; null where it does. */
  #sinceMs: number | null = null;

  note(text: string, nowMs: number): void {
    this.text = text;
    this.#atMs = nowMs;
    this.#sinceMs ??= nowMs;
  }

  get isOver(): boolean {
    return this.#sinceMs === null;
  }

  /** Something has gone well since: for how long nothing had, null where that is no news. */
  over(nowMs: number): number | null {
    const sinceMs = this.#sinceMs;
    this.#sinceMs = null;
    return sinceMs === null ? null : nowMs - sinceMs;
  }

  agoMs(nowMs: number): number | null {
    return this.text === null ? null : nowMs - this.#atMs;
  }
}

/** A phase as others are told of it. `lastError` is null before the first attempt failed. */
export function stateOf(
  phase: Phase,
  nowMs: number,
  lastError: string | null,
  routes: readonly TopicRoute[],
): UplinkState {
  switch (phase.kind) {
    case "waiting":
      if (phase.as !== "held" && lastError === null) return { kind: "connecting" };
      return { kind: phase.as, reason: phase.reason, retryInMs: Math.max(0, phase.untilMs - nowMs) };
    case "looking":
      return { kind: "fenced", reason: lastError ?? "", retryInMs: Math.max(0, phase.notBeforeMs - nowMs) };
    case "forwarding":
      return routes.every(({ state }) => state.kind !== "ready")
        ? { kind: "resolving" }
        : { kind: "forwarding" };
    case "stopped":
      return { kind: "stopped" };
    default:
      return { kind: "connecting" };
  }
}
