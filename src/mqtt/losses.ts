import { type GapNotes, NO_GAP_NOTES } from "../broker/gap-ledger.ts";
import type { LiveMessage } from "./sessions/outbound.ts";
import { isReserved } from "./topics.ts";

/**
 * Why a subscriber did not get a message: its queue was full; the message's expiry passed; its session ended with the
 * message in its queue; the client takes no packet of that size, or lost the right to the message while it waited; too
 * much waited for the disk; the log did not give it back.
 */
export type LossReason =
  | "queue-full"
  | "expired"
  | "session-ended"
  | "too-large"
  | "forbidden"
  | "unstaged"
  | "unreadable";

/** Records in [fromOffset, toOffset) of a partition. */
export interface MissedRecords {
  readonly topic: string;
  readonly partition: number;
  readonly fromOffset: number;
  readonly toOffset: number;
}

/** Writes down what subscribers did not get. The records themselves are in the log all the same. */
export class Losses {
  readonly #gaps: GapNotes;

  constructor(gaps: GapNotes) {
    this.#gaps = gaps;
  }

  /** `clientId` is null where all who are subscribed lost it. */
  lost(reason: LossReason, clientId: string | null, message: LiveMessage): void {
    const { buffer, byteOffset, length } = message.topic;
    const mqttTopic = Buffer.from(buffer, byteOffset, length).toString();
    // Figures of the broker come again anyway.
    if (isReserved(mqttTopic)) return;
    this.#gaps.note({ reason, device: clientId, mqttTopic, count: 1, bytes: message.payload.length });
  }

  /** The same for messages that are not read back from the log to say their topics. */
  lostUnread(reason: LossReason, clientId: string, count: number, bytes: number): void {
    this.#gaps.note({ reason, device: clientId, count, bytes });
  }

  /** Records that were gone from a log before a client's replay, or a downlink (nobody in particular), came to them. */
  missed(reason: string, clientId: string | null, missed: MissedRecords): void {
    const { topic, partition, fromOffset, toOffset } = missed;
    const range = { firstOffset: fromOffset, lastOffset: toOffset - 1, count: toOffset - fromOffset };
    this.#gaps.note({ reason, device: clientId, topic, partition, ...range, bytes: 0 });
  }

  /** A message that was recorded and delivered could not be retained. */
  notRetained(clientId: string, mqttTopic: string, bytes: number): void {
    this.#gaps.note({ reason: "retained-full", device: clientId, mqttTopic, count: 1, bytes });
  }
}

/** Where nothing is written down. */
export const NO_LOSSES = new Losses(NO_GAP_NOTES);
