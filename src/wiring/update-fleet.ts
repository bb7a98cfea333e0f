import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Settings } from "../config/options.ts";
import type { UpdateStatus } from "../http/status.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { Disk } from "../io/disk.ts";
import { type Decision, decide, type FleetMember, parseDesired } from "../update/desired.ts";
import { type Outcome, readJson, writeJson } from "../update/slots.ts";

const LOOK_MS = 2_000;
const FIRST_RETRY_MS = 60_000;
const MAX_RETRY_MS = 6 * 3_600_000;
/** Attempts whose end is remembered: no record asks for more. */
const MAX_FAILED = 100;

/** What became of an update that was fetched and put into a slot by a process of its own. */
export type Fetched =
  | { readonly done: true }
  | { readonly done: false; readonly why: string; readonly isFinal: boolean };

export interface FleetParts {
  readonly settings: Settings;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly disk: Disk;
  readonly slots: string;
  /** The value of the record for this gateway; null where there is none. */
  readonly wish: () => Uint8Array | null;
  /** What came of the last attempt here. */
  readonly lastOutcome: () => Outcome | null;
  /** Whether a version is on trial, or chosen. */
  readonly isBusy: () => boolean;
  /** Does what `headwater update` does, up to the choice. */
  readonly fetch: (decision: Decision & { readonly kind: "update" }) => Promise<Fetched>;
  readonly report: (state: string, version: string, reason: string | null) => void;
}

/** Versions that were given up here, as the file `wishes` keeps them over restarts. */
interface Memory {
  readonly version: string;
  readonly failed: readonly string[];
}

/**
 * Follows what the centre wants this gateway to run. It decides and waits; the work is a process of its own, and what comes of
 * it in the slots is for those to settle. A refusal is told once and not tried again before the record changes; a broken
 * link is, at longer and longer intervals.
 */
export class UpdateFleet {
  readonly #parts: FleetParts;
  #timer: Timer | null = null;
  #seen: { readonly text: string; readonly sinceMs: number } | null = null;
  #retryMs = FIRST_RETRY_MS;
  #notBeforeMs = 0;
  #working = false;
  #stopped = false;
  #state: NonNullable<UpdateStatus["desired"]> | null = null;

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(LOOK_MS, async () => {
      await this.look();
      this.start();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  get status(): UpdateStatus["desired"] {
    return this.#state;
  }

  /** Looks once, and does what is to be done. */
  async look(): Promise<void> {
    const { clock, wish, isBusy } = this.#parts;
    if (this.#working || isBusy()) return;
    const value = wish();
    if (value === null) {
      this.#state = null;
      this.#seen = null;
      return;
    }
    const text = new TextDecoder().decode(value);
    const nowMs = clock.monotonicMs();
    if (this.#seen?.text !== text) {
      this.#seen = { text, sinceMs: nowMs };
      this.#retryMs = FIRST_RETRY_MS;
      this.#notBeforeMs = 0;
    }
    const decision = this.#decision(value);
    if (decision.kind === "stay") return;
    if (nowMs < this.#notBeforeMs) return;
    const leftMs = this.#seen.sinceMs + decision.delayMs - nowMs;
    if (leftMs > 0) {
      this.#tell("waiting", decision.version, `its turn is in ${Math.ceil(leftMs / 1000)} s`, false);
      return;
    }
    await this.#fetch(decision);
  }

  #decision(value: Uint8Array): Decision {
    const desired = parseDesired(value);
    if (typeof desired === "string") {
      this.#tell("refused", "", `the record of the desired version is not understood: ${desired}`);
      return { kind: "stay", why: desired };
    }
    const { settings, version } = this.#parts;
    const member: FleetMember = {
      gatewayId: settings["gateway.id"],
      ring: settings["update.ring"],
      architecture: process.arch,
      version,
    };
    const decision = decide(desired, member, this.#failures(desired.version));
    if (decision.kind === "stay")
      this.#tell(desired.version === version ? "runs" : "stays", desired.version, decision.why);
    return decision;
  }

  async #fetch(decision: Decision & { readonly kind: "update" }): Promise<void> {
    const { clock, fetch } = this.#parts;
    this.#working = true;
    this.#tell("fetching", decision.version, null);
    try {
      const fetched = await fetch(decision);
      if (fetched.done) {
        this.#tell("chosen", decision.version, null);
        return;
      }
      this.#notBeforeMs = fetched.isFinal ? Number.POSITIVE_INFINITY : clock.monotonicMs() + this.#retryMs;
      this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
      this.#tell(fetched.isFinal ? "refused" : "retrying", decision.version, fetched.why);
    } finally {
      this.#working = false;
    }
  }

  /** How often this version was given up here, the last time included. */
  #failures(version: string): number {
    const { disk, slots, lastOutcome, logger } = this.#parts;
    const path = `${slots}/wishes`;
    try {
      const known = readJson(disk, path) as Memory | null;
      const failed = known?.version === version ? [...known.failed] : [];
      const outcome = lastOutcome();
      const isNew =
        outcome?.result === "failed" && outcome.version === version && !failed.includes(outcome.attempt);
      if (!isNew) return failed.length;
      failed.push(outcome.attempt);
      writeJson(disk, path, { version, failed: failed.slice(-MAX_FAILED) });
      return failed.length;
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      logger.warn("what became of updates can't be kept: none is tried", { error });
      return Number.POSITIVE_INFINITY;
    }
  }

  /** Reports what is new; what only goes on changes the status alone. */
  #tell(
    state: NonNullable<UpdateStatus["desired"]>["state"],
    version: string,
    reason: string | null,
    isNews = true,
  ): void {
    const before = this.#state;
    this.#state = { version, state, reason };
    if (before?.state === state && before.version === version && (!isNews || before.reason === reason))
      return;
    this.#parts.logger.info("the centre wants a version", { version, state, reason });
    this.#parts.report(state, version, reason);
  }
}
