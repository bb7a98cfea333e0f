import type { PendingBatch } from "../../broker/ingest.ts";
import type { HistoryPartition } from "../history/source.ts";

/** Positions that are durable together with the messages made from what was read; see sessions/durable/cursors.ts. */
export interface DownlinkCursors {
  get(name: string): Uint8Array | null;
  set(name: string, value: Uint8Array | null): PendingBatch;
  together(change: () => void): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where a downlink is in a partition: the life of the topic, and the first offset that it has not published. */
export interface DownlinkPosition {
  readonly topicId: string;
  readonly offset: number;
}

export function cursorName(downlink: string, partition: number): string {
  return `downlink/${downlink}/${partition}`;
}

export function encodePosition({ topicId, offset }: DownlinkPosition): Uint8Array {
  return encoder.encode(`${topicId} ${offset}`);
}

export function decodePosition(bytes: Uint8Array | null): DownlinkPosition | null {
  const match = bytes === null ? null : /^(\S+) (\d+)$/.exec(decoder.decode(bytes));
  const [, topicId = "", offset = ""] = match ?? [];
  return match !== null && Number.isSafeInteger(Number(offset)) ? { topicId, offset: Number(offset) } : null;
}

/** Where to begin, and what about it somebody should know; null for nothing. */
export interface DownlinkStart {
  readonly offset: number;
  readonly warning: string | null;
}

/**
 * Where a downlink begins in a partition. `isNew` is one that came while the downlink was running: all of its records
 * are for it, whatever `from` says.
 */
export function startOf(
  partition: HistoryPartition,
  position: DownlinkPosition | null,
  from: "latest" | "earliest",
  isNew: boolean,
): DownlinkStart {
  const { topicId, logStartOffset, endOffset } = partition;
  if (position === null) {
    return { offset: from === "earliest" || isNew ? logStartOffset : endOffset, warning: null };
  }
  if (position.topicId !== topicId) {
    return { offset: logStartOffset, warning: "a topic was made again, it is published from its start" };
  }
  if (position.offset > endOffset) {
    return { offset: endOffset, warning: "a log has lost its end, records are published from there" };
  }
  return { offset: position.offset, warning: null };
}
