import { HeadwaterError } from "../base/errors.ts";
import type { Broker } from "../broker/broker.ts";
import { bytesBetween } from "../broker/loss-tally.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import type { PartitionPosition } from "../upstream/position-desk.ts";

/** What a rewind of one partition does: records [fromOffset, toOffset) are sent again, or skipped. */
export interface PlannedMove {
  readonly partition: number;
  /** The position as it is. */
  readonly position: number;
  /** As it will be. */
  readonly newPosition: number;
  readonly effect: "sent again" | "skipped" | "nothing";
  /** Offsets between the two, and about how many bytes they have here. */
  readonly records: number;
  readonly bytes: number;
}

/** What an operator asks for. */
export interface RewindRequest {
  readonly topic: string;
  readonly partition: number | null;
  readonly to: string;
  readonly dryRun: boolean;
}

/** The request in a body of JSON. Throws HeadwaterError CONFIG_INVALID. */
export function rewindRequest(body: Readonly<Record<string, unknown>>): RewindRequest {
  const { topic, partition = null, to, dryRun = false } = body;
  if (typeof topic !== "string") throw invalid("topic", topic, "name a topic");
  if (partition !== null && !(Number.isSafeInteger(partition) && Number(partition) >= 0))
    throw invalid("partition", partition, "give its number, or none for all");
  if (typeof to !== "string" && typeof to !== "number")
    throw invalid("to", to, "give an offset, a time, earliest or latest");
  if (typeof dryRun !== "boolean") throw invalid("dryRun", dryRun, "give true or false");
  return { topic, partition: partition === null ? null : Number(partition), to: String(to), dryRun };
}

/** What the request does to a topic of these positions. Throws HeadwaterError CONFIG_INVALID. */
export function planRewind(
  broker: Broker,
  positions: readonly PartitionPosition[],
  { topic, partition, to }: RewindRequest,
): readonly PlannedMove[] {
  const ours = positions.filter((each) => each.topic === topic);
  if (ours.length === 0)
    throw invalid("topic", topic, "the uplink carries no such topic; see uplink inspect");
  const chosen = ours.filter((each) => partition === null || each.partition === partition);
  if (chosen.length === 0) throw invalid("partition", partition, `the topic has ${ours.length}`);
  return chosen.map(({ partition: index, position }) => {
    const log = broker.partition(topic, index)?.log;
    if (log === undefined || position < 0)
      throw invalid("topic", topic, "its position is not known yet: is the centre in reach?");
    return moveOf(log, index, position, targetOf(log, to));
  });
}

function moveOf(log: PartitionLog, partition: number, position: number, newPosition: number): PlannedMove {
  const [from, to] = [Math.min(position, newPosition), Math.max(position, newPosition)];
  const effect = newPosition < position ? "sent again" : newPosition > position ? "skipped" : "nothing";
  return { partition, position, newPosition, effect, records: to - from, bytes: bytesBetween(log, from, to) };
}

/** Where `to` is in a log: at least its start, at most what readers see. */
function targetOf(log: PartitionLog, to: string): number {
  const inLog = (offset: number) => Math.max(log.logStartOffset, Math.min(offset, log.highWatermark));
  if (to === "earliest") return log.logStartOffset;
  if (to === "latest") return log.highWatermark;
  if (/^\d{1,16}$/.test(to)) return inLog(Number(to));
  const timeMs = Date.parse(to);
  if (Number.isNaN(timeMs))
    throw invalid("to", to, "give an offset, a time like 2026-01-31T12:00Z, earliest or latest");
  return inLog(log.offsetForTimestamp(timeMs)?.offset ?? log.highWatermark);
}

function invalid(thing: string, value: unknown, remedy: string): HeadwaterError {
  return new HeadwaterError("CONFIG_INVALID", `${thing} ${JSON.stringify(value ?? null)}: ${remedy}`);
}
