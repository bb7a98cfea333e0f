import type { MqttLimits } from "../../limits.ts";
import type { Losses } from "../../losses.ts";
import type { MqttStats } from "../../stats.ts";
import type { DeliveryEnd, LiveMessage } from "../outbound.ts";
import type { Target } from "../targets.ts";
import type { DurableQueue } from "./durable-queue.ts";
import type { ProgressRun } from "./records.ts";

/** A message with what belongs to each session that gets it. */
export interface MessageBody {
  readonly message: LiveMessage;
  identifiersFor(session: number): readonly number[];
}

/** What a queue needs of those that it shares messages with. */
export interface QueueHost {
  readonly limits: MqttLimits;
  readonly stats: MqttStats;
  readonly losses: Losses;
  monotonicMs(): number;
  /** Whether all sessions together may keep another message of this size. */
  hasRoom(sizeBytes: number): boolean;
  /** Where not: has those give way that hold most, this queue among them. False where that is not enough. */
  makeRoom(sizeBytes: number, wanting: DurableQueue): boolean;
  sizeOf(slot: number): number;
  /** The time by which messages expire. */
  keptMs(): number;
  expiresAtMs(slot: number): number;
  /** The message of a slot, from memory or the log; null where it can't be read. */
  body(slot: number): MessageBody | null;
  /** This session does not need the slot's message any more. */
  letGo(slot: number): void;
  /** The queue's progress is to be written: soon, since somebody waits for it, or when it suits. */
  progressed(queue: DurableQueue, urgency: "soon" | "lazy"): void;
  /** Keeps a message that is in a log already for one session. The message's bytes may be views of this turn. */
  stageCopy(message: LiveMessage, target: Target): void;
  /** Tells whoever asked what became of a message. */
  tell(queue: DurableQueue, slot: number, end: DeliveryEnd): void;
}

/** What a flush has written of a queue, for when it is durable. */
export interface WrittenProgress {
  readonly firstUndone: number;
  readonly boundary: number;
  readonly runs: readonly ProgressRun[];
  /** Sequences whose PUBREC is in it. */
  readonly received: readonly number[];
}
