import { HeadwaterError } from "../../base/errors.ts";
import type { Gap } from "../../broker/gap-ledger.ts";
import type { MirrorSettings } from "./settings.ts";

/** Where losses are written down; see GapLedger. */
export interface LossLedger {
  /** `done` runs once no power cut can take the entries, however long it is tried. */
  record(gaps: readonly Gap[], done: () => void): void;
}

export interface LossHooks {
  /** The ledger takes nothing, or, with null, it does again. */
  refused(reason: string | null): void;
  /** Resolves after this time, or when somebody wakes all who wait. */
  sleep(durationMs: number): Promise<void>;
  wake(): void;
  monotonicMs(): number;
  isRunning(): boolean;
}

export type LossKind = "mirror-retention" | "mirror-truncated" | "mirror-too-large";

/** So long the ledger may take before it is a trouble. */
const PATIENCE_MS = 2_000;

/**
 * What of a central topic will not be here. Nothing passes a loss before its entry is durable: no position, and no record
 * behind it, since what a start finds here vouches for what was before it.
 */
export class MirrorLosses {
  readonly #settings: MirrorSettings;
  readonly #ledger: LossLedger;
  readonly #hooks: LossHooks;
  /** Whether nobody waits for the ledger: a deliberate fault. */
  readonly #isHasty: boolean;
  #lost = 0;

  constructor(settings: MirrorSettings, ledger: LossLedger, hooks: LossHooks, isHasty: boolean) {
    this.#settings = settings;
    this.#ledger = ledger;
    this.#hooks = hooks;
    this.#isHasty = isHasty;
  }

  /** Records, since the start of the process. */
  get count(): number {
    return this.#lost;
  }

  /** Records [start, end) of a central partition. Resolves once that is written down; rejects where it is time to stop before. */
  async note(reason: LossKind, partition: number, start: number, end: number, bytes = 0): Promise<void> {
    const { topic, uplink } = this.#settings;
    const count = end - start;
    this.#lost += count;
    const about = { reason, device: null, topic, partition, count, bytes, uplink };
    let isWritten = this.#isHasty;
    this.#ledger.record([{ ...about, firstOffset: start, lastOffset: end - 1 }], () => {
      isWritten = true;
      this.#hooks.wake();
    });
    let isLate = false;
    const lateMs = this.#hooks.monotonicMs() + PATIENCE_MS;
    while (!isWritten) {
      if (!this.#hooks.isRunning())
        throw new HeadwaterError("LOG_FENCED", `stopped before a loss of ${topic} was written down`, {
          topic,
        });
      const leftMs = lateMs - this.#hooks.monotonicMs();
      await this.#hooks.sleep(isLate ? PATIENCE_MS : leftMs);
      // Others are woken, too, and by others.
      if (isWritten || isLate || this.#hooks.monotonicMs() < lateMs) continue;
      isLate = true;
      this.#hooks.refused(`losses of ${topic} can't be written down`);
    }
    if (isLate) this.#hooks.refused(null);
  }
}
