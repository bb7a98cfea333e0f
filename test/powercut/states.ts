import { join } from "node:path";
import { CrashStates, type Cut } from "./crash-states.ts";
import { damageOneFile } from "./damage.ts";
import { mountImage, unmount, writeSparse } from "./mounts.ts";
import type { RecoveryAnswer } from "./recovery-main.ts";
import { cutMsOf, DATA, type Run } from "./run.ts";
import { RecoveryFailure, Verifier } from "./verifier.ts";

/** What is wrong after one power cut, in sentences that begin with the cut. */
export interface Finding {
  readonly cut: Cut;
  readonly words: string;
}

export interface Outcome {
  readonly states: number;
  readonly findings: readonly Finding[];
  /** Acknowledged records that had to be there, over all states. */
  readonly promised: number;
  /** States in which the log said that something is damaged. */
  readonly reported: number;
}

export interface CheckOptions {
  /** Planted in the recovery, "" for none. */
  readonly bug?: string;
  /** Ends with the first finding. */
  readonly untilFound?: boolean;
  /** Garbage is written into one file of each state, as a failing card does: then a loss is right if it is reported. */
  readonly damaged?: boolean;
}

/** States that are looked at side by side: as many as there are cores on a small machine. */
const LANES = 2;
/** In one of so many the first recovery is killed rather than closed before the second. */
const KILLED_EVERY = 3;

/** Recovers every state that these cuts leave, twice each, and holds it against what had been promised. */
export async function checkStates(
  folder: string,
  run: Run,
  cuts: readonly Cut[],
  options: CheckOptions = {},
): Promise<Outcome> {
  const ledger = join(folder, "ledger.json");
  await Bun.write(ledger, JSON.stringify(run.ledger));
  const progress = new Progress(options);
  const lanes = Array.from({ length: LANES }, (_, lane) => {
    const image = lane === LANES - 1 ? run.image : run.image.slice();
    const states = new CrashStates(image, run.operations);
    const place = join(folder, `lane-${lane}`);
    return new Lane(run, states, place, ledger, options, progress);
  });
  const mine = (lane: number) => cuts.filter((_, index) => index % LANES === lane);
  await Promise.all(lanes.map((lane, index) => lane.check(mine(index))));
  return progress.outcome();
}

/** Mounts the volume as each of these cuts leaves it, one after the other. */
export async function forEachState(
  folder: string,
  run: Run,
  cuts: readonly Cut[],
  use: (cut: Cut, mountPoint: string) => Promise<void>,
): Promise<void> {
  const states = new CrashStates(run.image, run.operations);
  const image = join(folder, "state.img");
  const mountPoint = join(folder, "state");
  for (const cut of cuts) {
    await states.at(cut, async (bytes) => writeSparse(image, bytes));
    await mountImage(image, mountPoint);
    await use(cut, mountPoint);
    await unmount(mountPoint);
  }
}

class Progress {
  readonly findings: Finding[] = [];
  states = 0;
  promised = 0;
  reported = 0;
  readonly #options: CheckOptions;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  get over(): boolean {
    return this.#options.untilFound === true && this.findings.length > 0;
  }

  outcome(): Outcome {
    const { states, findings, promised, reported } = this;
    return { states, findings, promised, reported };
  }
}

class Lane {
  readonly #run: Run;
  readonly #states: CrashStates;
  readonly #place: string;
  readonly #ledger: string;
  readonly #options: CheckOptions;
  readonly #progress: Progress;
  readonly #verifier: Verifier;

  constructor(
    run: Run,
    states: CrashStates,
    place: string,
    ledger: string,
    options: CheckOptions,
    progress: Progress,
  ) {
    this.#run = run;
    this.#states = states;
    this.#place = place;
    this.#ledger = ledger;
    this.#options = options;
    this.#progress = progress;
    this.#verifier = new Verifier(options.bug ?? "");
  }

  async check(cuts: readonly Cut[]): Promise<void> {
    const mountPoint = `${this.#place}.volume`;
    const image = `${this.#place}.img`;
    try {
      for (const [number, cut] of cuts.entries()) {
        if (this.#progress.over) return;
        await this.#states.at(cut, async (bytes) => writeSparse(image, bytes));
        try {
          await mountImage(image, mountPoint);
        } catch (error) {
          this.#find(cut, `the volume can't be mounted: ${String(error)}`);
          continue;
        }
        try {
          await this.#recoverTwice(cut, join(mountPoint, DATA), number % KILLED_EVERY === 0);
        } catch (error) {
          if (!(error instanceof RecoveryFailure)) throw error;
          this.#find(cut, `recovery failed: ${error.message}`);
          await this.#verifier.kill();
        }
        await unmount(mountPoint);
        this.#progress.states += 1;
      }
    } finally {
      await this.#verifier.kill();
    }
  }

  async #recoverTwice(cut: Cut, folder: string, kill: boolean): Promise<void> {
    const cutMs = cutMsOf(this.#run, cut);
    const verify = this.#options.damaged === true;
    const request = { folder, ledger: this.#ledger, disk: this.#run.disk, cutMs, verify };
    const damaged = verify ? damageOneFile(folder, cut.seed) : "";
    const first = await this.#verifier.recover(request);
    this.#progress.promised += first.verdict.promised;
    if (first.reports.length > 0) this.#progress.reported += 1;
    for (const words of this.#complaints(first)) this.#find(cut, `${damaged}${words}`);
    if (kill) await this.#verifier.kill();
    else await this.#verifier.close();
    const second = await this.#verifier.recover(request);
    if (second.digest !== first.digest) this.#find(cut, "a second recovery gives something else");
    await this.#verifier.close();
  }

  /**
   * Where the disk was damaged, what is served has to be true, and a hole has to be reported. A log's or the journal's
   * very end may be missing without a word: damage there looks like a write that was under way.
   */
  #complaints({ verdict, reports, warnings }: RecoveryAnswer): readonly string[] {
    if (this.#options.damaged !== true) return [...verdict.violations, ...reports];
    const said = reports.length > 0 || warnings.length > 0;
    const allowed = said ? /^(?!bytes|topic|partition)/ : /^lost/;
    return verdict.violations.filter((words) => !allowed.test(words));
  }

  #find(cut: Cut, words: string): void {
    this.#progress.findings.push({ cut, words: `cut ${cut.index} ${cut.mode} (seed ${cut.seed}): ${words}` });
  }
}
