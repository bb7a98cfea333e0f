import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { PendingBatch } from "../broker/ingest.ts";
import type { Settings } from "../config/options.ts";
import type { UpdateStatus, UplinkStatus } from "../http/status.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { FolderLock } from "../io/disk.ts";
import { type Before, Gate, lackOf, moves } from "../update/gate.ts";
import { packagedOrderOf } from "../update/release-file.ts";
import { commit, type Launch, settle } from "../update/settling.ts";
import {
  binaryPath,
  fail,
  failureOf,
  forgetStarts,
  nextStart,
  type Outcome,
  readChosen,
  readJson,
  readOutcome,
  SLOT_NAMES,
  type SlotName,
  writeJson,
} from "../update/slots.ts";

const LOOK_MS = 2_000;
const GATE_LOOK_MS = 1_000;
/** Of the program that is read back before it is committed, in one turn of the event loop. */
const READ_BYTES = 1024 * 1024;

export interface UpdateWatchParts {
  readonly settings: Settings;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hindrances: () => readonly string[];
  readonly uplinks: () => readonly UplinkStatus[];
  readonly desired: () => UpdateStatus["desired"];
  /** Appends a report; null where there is nowhere to. */
  readonly report: (report: object) => PendingBatch | null;
  /** Has the process stop and be started again. */
  readonly restart: (reason: string) => void;
}

/** As what the launcher has started this process; null where no launcher has. */
export function launchOf(
  env: Readonly<Record<string, string | undefined>>,
): (Launch & { readonly slots: string; readonly library: string }) | null {
  const { HEADWATER_SLOTS: slots, HEADWATER_LIBRARY: library } = env;
  if (!slots || !library) return null;
  const slot = SLOT_NAMES.find((name) => name === env.HEADWATER_SLOT) ?? "packaged";
  const seen = env.HEADWATER_ATTEMPT_SEEN;
  return {
    slots,
    library,
    slot,
    attempt: env.HEADWATER_ATTEMPT || null,
    seen: seen === undefined || seen === "" || seen === "-" ? null : seen,
    packagedOrder: packagedOrderOf(new PlainDisk(), library),
  };
}

/**
 * Looks after the slots that this gateway was started from: settles what the start has shown, takes a version that is on
 * trial through its gate, and makes room where another one was chosen. What fails of that is said and tried again: a
 * gateway serves on without it.
 */
export class UpdateWatch {
  readonly #parts: UpdateWatchParts;
  readonly #launch: Launch & { readonly slots: string; readonly library: string };
  readonly #disk = new PlainDisk();
  #timer: Timer | null = null;
  #gate: Gate | null = null;
  #probe: PendingBatch | null = null;
  #before: Before = NOTHING_BEFORE;
  #settled = false;
  #isWhole = false;
  #stopped = false;

  constructor(
    parts: UpdateWatchParts,
    launch: Launch & { readonly slots: string; readonly library: string },
  ) {
    this.#parts = parts;
    this.#launch = launch;
  }

  /** Everything has started. */
  start(): void {
    const { clock, settings } = this.#parts;
    this.#attempt(() => this.#begin());
    if (this.#launch.attempt !== null) {
      const limitMs = settings["update.gate.ms"];
      // Else it could never have been well for long enough.
      const limits = { limitMs, settleMs: Math.min(settings["update.settle.ms"], limitMs / 2) };
      this.#gate = new Gate(limits, clock.monotonicMs());
    } else this.#attempt(() => this.#makeRoom());
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  status(): UpdateStatus {
    const { slot, attempt } = this.#launch;
    let outcome: Outcome | null = null;
    this.#attempt(() => {
      outcome = readOutcome(this.#disk, this.#launch.slots);
    });
    const waitsFor = this.#gate === null ? null : this.#gate.lack;
    const trial = this.#gate !== null && attempt !== null;
    return { slot, trial, waitsFor, desired: this.#parts.desired(), last: outcome };
  }

  /** What came of the last attempt; null where there was none. Throws DISK_IO. */
  lastOutcome(): Outcome | null {
    return readOutcome(this.#disk, this.#launch.slots);
  }

  /** Whether a version is on trial, or has been chosen. Throws DISK_IO. */
  isBusy(): boolean {
    return (
      this.#gate !== null ||
      !this.#settled ||
      (readChosen(this.#disk, this.#launch.slots)?.attempt ?? null) !== null
    );
  }

  #begin(): void {
    const { slots, library, slot, attempt } = this.#launch;
    const { version } = this.#parts;
    forgetStarts(this.#disk, slots);
    const path = `${slots}/launched`;
    const launched = { version, slot, library };
    // Written where something has changed: a card is spared what it knows already.
    if (JSON.stringify(readJson(this.#disk, path)) !== JSON.stringify(launched)) {
      this.#disk.makeFolder(slots);
      writeJson(this.#disk, path, launched);
    }
    const before = readJson(this.#disk, `${slots}/before`) as Partial<Before> | null;
    if (attempt !== null && before?.attempt === attempt) this.#before = { ...NOTHING_BEFORE, ...before };
  }

  #schedule(): void {
    if (this.#stopped) return;
    const waitMs = this.#gate === null ? LOOK_MS : GATE_LOOK_MS;
    this.#timer = this.#parts.clock.after(waitMs, async () => {
      if (this.#gate !== null && this.#launch.attempt !== null)
        await this.#look(this.#gate, this.#launch.attempt);
      else this.#attempt(() => this.#makeRoom());
      this.#schedule();
    });
  }

  /** Where another version was chosen, this one ends; it writes down how it was, for the other to be held to. */
  #makeRoom(): void {
    const { slots, slot, packagedOrder } = this.#launch;
    if (!this.#settled) {
      const lock = this.#lock();
      if (lock === null) return;
      try {
        const outcome = settle(this.#disk, slots, this.#launch, this.#parts.clock.nowMs());
        if (outcome !== null) this.#tell(outcome);
        this.#settled = true;
      } finally {
        lock.release();
      }
    }
    const chosen = readChosen(this.#disk, slots);
    if (chosen?.restart === "later") return;
    const next = nextStart(this.#disk, slots, packagedOrder);
    if (next.runs === slot && next.attempt === null) return;
    if (next.attempt !== null) {
      const hindrances = this.#parts.hindrances();
      const moving = this.#parts.uplinks().filter(({ state }) => moves(state));
      const before = {
        attempt: next.attempt,
        ready: hindrances.length === 0,
        moving: moving.map(({ name }) => name),
      };
      writeJson(this.#disk, `${slots}/before`, before);
    }
    this.#restart(`${chosen?.version ?? "the packaged version"} is to run`);
  }

  async #look(gate: Gate, attempt: string): Promise<void> {
    const { clock, hindrances, uplinks } = this.#parts;
    const { slots } = this.#launch;
    // The launcher's guard, or a person, may have decided meanwhile.
    let given: string | null = null;
    this.#attempt(() => {
      given = failureOf(this.#disk, slots, attempt);
    });
    if (given !== null) {
      this.#restart(given);
      return;
    }
    const lack = lackOf(
      { hindrances: hindrances(), ingested: this.#hasIngested(), uplinks: uplinks() },
      this.#before,
    );
    const verdict = gate.look(clock.monotonicMs(), lack);
    if (verdict === "waiting") return;
    const why = verdict === "failed" ? (lack ?? "it was not well for long enough") : await this.#damage();
    if (why !== null) this.#giveUp(attempt, why);
    else this.#attempt(() => this.#commit(attempt));
  }

  /** What is on the disk has to be what was signed: the program that runs is in memory. */
  async #damage(): Promise<string | null> {
    const { slots, slot } = this.#launch;
    const chosen = readChosen(this.#disk, slots);
    if (this.#isWhole || chosen === null || slot === "packaged" || chosen.slot !== slot) return null;
    try {
      const sum = await this.#sumOf(slot);
      // Asked once, though a full disk may keep the outcome from being written for a while.
      this.#isWhole = sum === chosen.sha256;
      return this.#isWhole ? null : "the disk does not give back the program that was written to it";
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return error.message;
    }
  }

  async #sumOf(slot: SlotName): Promise<string> {
    const file = this.#disk.openFile(binaryPath(this.#launch.slots, slot), "read");
    const hasher = new Bun.CryptoHasher("sha256");
    try {
      for (let position = 0; position < file.sizeBytes; position += READ_BYTES) {
        hasher.update(file.view(position, Math.min(READ_BYTES, file.sizeBytes - position)));
        await new Promise<void>((resolve) => this.#parts.clock.after(0, resolve));
      }
    } finally {
      file.close();
    }
    return hasher.digest("hex");
  }

  #hasIngested(): boolean {
    if (this.#probe === null || this.#probe.state === "refused") {
      this.#probe = this.#parts.report(this.reportOf("trying", this.#parts.version, null));
    }
    return this.#probe?.state === "durable";
  }

  #commit(attempt: string): void {
    const lock = this.#lock();
    if (lock === null) return;
    try {
      const outcome = commit(this.#disk, this.#launch.slots, attempt, this.#parts.clock.nowMs());
      this.#gate = null;
      this.#settled = true;
      if (outcome !== null) this.#tell(outcome);
    } finally {
      lock.release();
    }
  }

  #giveUp(attempt: string, reason: string): void {
    this.#attempt(() => fail(this.#disk, this.#launch.slots, attempt, reason));
    this.#parts.logger.error("this version has not proved itself, and the one before comes back", { reason });
    this.#restart(reason);
  }

  #restart(reason: string): void {
    this.stop();
    this.#parts.restart(reason);
  }

  #tell(outcome: Outcome): void {
    const { logger, report } = this.#parts;
    if (outcome.result === "committed")
      logger.info("this version has proved itself", { version: outcome.version });
    else logger.error("a version was given up", { version: outcome.version, reason: outcome.reason });
    report(this.reportOf(outcome.result, outcome.version, outcome.reason));
  }

  /** What the record about a state of an update says. */
  reportOf(state: string, wanted: string, reason: string | null): object {
    const { settings, version, clock } = this.#parts;
    const at = new Date(clock.nowMs()).toISOString();
    return {
      gateway: settings["gateway.id"],
      at,
      state,
      version: wanted,
      reason,
      runs: version,
      slot: this.#launch.slot,
    };
  }

  /** Null where an update has it. */
  #lock(): FolderLock | null {
    if (!this.#disk.exists(this.#launch.slots)) this.#disk.makeFolder(this.#launch.slots);
    try {
      return this.#disk.lock(this.#launch.slots);
    } catch (error) {
      if (error instanceof HeadwaterError && error.code === "DATA_FOLDER_LOCKED") return null;
      throw error;
    }
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#parts.logger.warn("the slots of updates can't be looked after", { error });
    }
  }
}

const NOTHING_BEFORE: Before = { attempt: null, ready: true, moving: [] };
