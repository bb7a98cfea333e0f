/** Records in a row beyond the time span after which there is taken to be nothing more of it. */
export const QUIET_RECORDS = 1_000;
/** Source logs told apart in one partition; more gateways than that share no topic. */
const MAX_LOGS = 100_000;

/**
 * Decides, partition by partition, when a time span has been read to its end. Times are not in order at a centre: a
 * clock may be wrong, and a gateway that was offline brings old records late. So a single later record ends nothing:
 * it takes a run of them, all later than the span by the margin; and as long as a log with records of what was asked for has not
 * brought any from behind the span, its gateway may be about to (`patient`).
 */
export class PartitionEnd {
  readonly #toMs: number;
  readonly #marginMs: number;
  readonly #patient: boolean;
  #run = 0;
  /** Logs with records of what was asked for that have none from behind the span yet. */
  readonly #behind: Set<string>;
  readonly #past = new Set<string>();

  /**
   * The span ends before `toMs`, which may be infinite: then only the end of the log is the end. `behind` is what
   * an earlier reading of this partition left with.
   */
  constructor(toMs: number, marginMs: number, patient: boolean, behind: Iterable<string> = []) {
    this.#toMs = toMs;
    this.#marginMs = marginMs;
    this.#patient = patient;
    this.#behind = new Set(behind);
  }

  /** The next record: its time, the log it is from, and whether it is of a device that was asked for, of any time. */
  take(timeMs: number, log: string, asked: boolean): void {
    this.#run = timeMs >= this.#toMs + this.#marginMs ? this.#run + 1 : 0;
    if (timeMs >= this.#toMs) {
      if (this.#behind.delete(log)) this.#past.add(log);
    } else if (asked && !this.#past.has(log) && this.#behind.size + this.#past.size < MAX_LOGS) {
      this.#behind.add(log);
    }
  }

  /** Logs that had not come to the span's end when reading stopped, or so far. */
  get behind(): ReadonlySet<string> {
    return this.#behind;
  }

  get reached(): boolean {
    return this.#run >= QUIET_RECORDS && (!this.#patient || this.#behind.size === 0);
  }
}
