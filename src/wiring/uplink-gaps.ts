import type { Broker } from "../broker/broker.ts";
import type { Gap, GapLedger, LossReason } from "../broker/gap-ledger.ts";
import type { Losses } from "../broker/losses.ts";
import type { GapCause } from "../upstream/reports.ts";

const REASONS: Readonly<Record<GapCause, LossReason>> = {
  deleted: "deleted",
  damaged: "quarantine",
  refused: "uplink-refused",
  skipped: "skipped",
};

/** What an uplink steps over, in the ledger: but for what stands there already, since the log itself let it go. */
export class UplinkGaps {
  readonly #uplink: string;
  readonly #broker: Broker;
  readonly #ledger: GapLedger;
  readonly #losses: Losses;
  #unwritten = 0;

  constructor(
    uplink: string,
    parts: { readonly broker: Broker; readonly ledger: GapLedger; readonly losses: Losses },
  ) {
    this.#uplink = uplink;
    this.#broker = parts.broker;
    this.#ledger = parts.ledger;
    this.#losses = parts.losses;
  }

  /** Whether no power cut takes what was noted, here or when the log let it go. */
  get areWritten(): boolean {
    return this.#unwritten === 0 && this.#losses.areWritten;
  }

  note(topic: string, partition: number, fromOffset: number, toOffset: number, cause: GapCause): void {
    const topicId = this.#broker.partition(topic, partition)?.topicId;
    if (topicId === undefined) return;
    // That the centre refuses records is this uplink's own trouble; what is gone from the log is gone for all.
    const isOwn = cause === "refused" || cause === "skipped";
    const parts = isOwn
      ? [{ start: fromOffset, end: toOffset }]
      : this.#losses.unknown(topicId, partition, fromOffset, toOffset);
    if (parts.length === 0) return;
    const gaps = parts.map(
      ({ start, end }): Gap => ({
        ...{ reason: REASONS[cause], device: null, topic, topicId, partition, firstOffset: start },
        ...{ lastOffset: end - 1, count: end - start, bytes: 0, lossStart: start, lossEnd: end },
        ...(isOwn ? { uplink: this.#uplink } : {}),
      }),
    );
    if (!isOwn) {
      this.#losses.record(topicId, partition, { start: fromOffset, end: toOffset }, gaps);
      return;
    }
    this.#unwritten += 1;
    this.#ledger.record(gaps, () => {
      this.#unwritten -= 1;
    });
  }
}
