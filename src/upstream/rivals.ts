import type { Random } from "../io/random.ts";
import { type Claim, sameClaim } from "./positions.ts";
import type { UplinkLimits } from "./settings.ts";

/** A fenced copy takes over once the other one made no claim for this many of its intervals. */
const SILENT_CLAIMS = 3;

/** Another copy of the gateway that was seen at work: for how long it is left alone. */
export class Rivals {
  readonly #limits: UplinkLimits;
  readonly #random: Random;
  #seen: { readonly claim: Claim; readonly seenMs: number; readonly looks: number } | null = null;

  constructor(limits: UplinkLimits, random: Random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Nobody else is at work. */
  forget(): void {
    this.#seen = null;
  }

  /**
   * How long to wait before the next look at another copy's newest claim, and how often it was looked by then; null where it
   * has made none for so long that it is gone.
   */
  look(claim: Claim, nowMs: number): { readonly waitMs: number; readonly looks: number } | null {
    const { fencedMs, keepAliveMs } = this.#limits;
    const known = this.#seen;
    const moved = known === null || !sameClaim(known.claim, claim);
    if (!moved && nowMs - known.seenMs > SILENT_CLAIMS * keepAliveMs) return null;
    const looks = (known?.looks ?? 0) + 1;
    this.#seen = { claim, seenMs: moved ? nowMs : known.seenMs, looks };
    const doubledMs = Math.min(keepAliveMs, fencedMs * 2 ** Math.min(looks - 1, 10));
    return { waitMs: doubledMs * (0.75 + 0.5 * this.#random.fraction()), looks };
  }
}
