import type { Broker } from "../broker/broker.ts";
import type { Gap, GapLedger, LossReason } from "../broker/gap-ledger.ts";
import { LossTally, MAX_DEVICE_KEY_BYTES, runTally } from "../broker/loss-tally.ts";
import type { Losses } from "../broker/losses.ts";
import { OpenGaps } from "../broker/open-gaps.ts";
import type { Partition } from "../broker/partition.ts";
import type { GapCause, RefusedRecord } from "../upstream/reports.ts";

const REASONS: Readonly<Record<GapCause, LossReason>> = {
  deleted: "deleted",
  damaged: "quarantine",
  refused: "uplink-refused",
  skipped: "skipped",
  "centre-deleted": "centre-deleted",
};

/**
 * What an uplink steps over, in the ledger: but for what stands there already, since the log itself let it go. What is
 * still stored here, and just does not reach this uplink's centre, has its devices and bytes.
 */
export class UplinkGaps {
  readonly #uplink: string;
  readonly #broker: Broker;
  readonly #ledger: GapLedger;
  readonly #losses: Losses;
  /** What was noted here. */
  readonly #open = new OpenGaps();

  constructor(
    uplink: string,
    parts: { readonly broker: Broker; readonly ledger: GapLedger; readonly losses: Losses },
  ) {
    this.#uplink = uplink;
    this.#broker = parts.broker;
    this.#ledger = parts.ledger;
    this.#losses = parts.losses;
  }

  /** See UplinkReports.areGapsWritten. */
  areWritten(topic: string, partition: number, endOffset: number): boolean {
    const found = this.#broker.partition(topic, partition);
    if (found === null) return true;
    const { topicId } = found;
    if (this.#open.has(topicId, partition, endOffset)) return false;
    return this.#losses.areWritten(topicId, partition, endOffset);
  }

  /** See UplinkReports.areDeletionsWritten. */
  areDeletionsWritten(topic: string, partition: number, endOffset: number): boolean {
    const found = this.#broker.partition(topic, partition);
    return found === null || this.#losses.areDeletionsWritten(found.topicId, partition, endOffset);
  }

  /** See UplinkReports.onGap. */
  note(
    topic: string,
    partition: number,
    fromOffset: number,
    toOffset: number,
    cause: GapCause,
    record?: RefusedRecord,
  ): void {
    const found = this.#broker.partition(topic, partition);
    if (found === null) return;
    if (cause === "skipped" || cause === "centre-deleted") this.#skipped(found, fromOffset, toOffset, cause);
    else if (cause === "refused") this.#refused(found, fromOffset, toOffset, record);
    else {
      const { topicId } = found;
      const gaps = this.#losses
        .unknown(topicId, partition, fromOffset, toOffset)
        .map(({ start, end }) => gapOf(found, start, end, REASONS[cause]));
      // What is gone from the log is gone for all.
      const range = { start: fromOffset, end: toOffset };
      if (gaps.length > 0) this.#losses.record(topicId, partition, range, gaps);
    }
  }

  #refused(partition: Partition, fromOffset: number, toOffset: number, record?: RefusedRecord): void {
    const gap = gapOf(partition, fromOffset, toOffset, REASONS.refused);
    const isWritten = this.#open.open(partition.topicId, partition.index, fromOffset);
    this.#record([record === undefined ? gap : { ...gap, ...aboutRecord(record) }], isWritten);
  }

  /** Who had sent them is in the log yet. */
  #skipped(
    partition: Partition,
    fromOffset: number,
    toOffset: number,
    cause: "skipped" | "centre-deleted",
  ): void {
    const { log } = partition;
    const tally = new LossTally(log, fromOffset, toOffset, REASONS[cause]);
    const isWritten = this.#open.open(partition.topicId, partition.index, fromOffset);
    runTally(tally, log, this.#broker.clock, () => this.#record(tally.gaps(), isWritten));
  }

  #record(gaps: readonly Gap[], isWritten: () => void): void {
    this.#ledger.record(
      gaps.map((gap) => ({ ...gap, uplink: this.#uplink })),
      isWritten,
    );
  }
}

function gapOf({ topic, topicId, index }: Partition, start: number, end: number, reason: LossReason): Gap {
  return {
    ...{ reason, device: null, topic, topicId, partition: index, firstOffset: start, lastOffset: end - 1 },
    ...{ count: end - start, bytes: 0, lossStart: start, lossEnd: end },
  };
}

function aboutRecord({ key, bytes, timestampMs }: RefusedRecord): Partial<Gap> {
  const isDevice = key !== null && key.length <= MAX_DEVICE_KEY_BYTES;
  return {
    ...(isDevice ? { key, device: new TextDecoder().decode(key) } : {}),
    ...{ bytes, fromMs: timestampMs, toMs: timestampMs },
  };
}
