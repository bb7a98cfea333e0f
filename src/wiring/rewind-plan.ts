import { assertNever } from "../base/assert.ts";
import type { Broker } from "../broker/broker.ts";
import { bytesBetween } from "../broker/loss-tally.ts";
import { didYouMean } from "../config/problem.ts";
import { InvalidField } from "../http/controls.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import type { PartitionPosition } from "../upstream/position-desk.ts";
import { parseRewindTarget, REWIND_TARGETS, type RewindTarget } from "../upstream/rewind-target.ts";

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
  readonly to: RewindTarget;
  readonly dryRun: boolean;
}

const FIELDS: readonly string[] = ["topic", "partition", "to", "dryRun"];

/** The request in a body of JSON. Throws InvalidField. */
export function rewindRequest(body: Readonly<Record<string, unknown>>): RewindRequest {
  for (const name of Object.keys(body)) {
    if (FIELDS.includes(name)) continue;
    const meant = didYouMean(name, FIELDS);
    throw new InvalidField(
      name,
      body[name],
      meant === null ? `there are ${FIELDS.join(", ")}` : `did you mean ${meant}?`,
    );
  }
  const { topic, partition, to, dryRun = false } = body;
  if (typeof topic !== "string" || topic === "") throw new InvalidField("topic", topic, "name a topic");
  const isPartition = Number.isSafeInteger(partition) && Number(partition) >= 0;
  if (partition !== undefined && !isPartition)
    throw new InvalidField("partition", partition, "give its number, or leave it out for all");
  const target = typeof to === "string" || typeof to === "number" ? parseRewindTarget(String(to)) : null;
  if (target === null) throw new InvalidField("to", to, REWIND_TARGETS);
  if (typeof dryRun !== "boolean") throw new InvalidField("dryRun", dryRun, "give true or false");
  return { topic, partition: partition === undefined ? null : Number(partition), to: target, dryRun };
}

/** What the request does to a topic of these positions. Throws InvalidField. */
export function planRewind(
  broker: Broker,
  positions: readonly PartitionPosition[],
  { topic, partition, to }: RewindRequest,
): readonly PlannedMove[] {
  const ours = positions.filter((each) => each.topic === topic);
  if (ours.length === 0)
    throw new InvalidField("topic", topic, "the uplink carries no such topic; see uplink inspect");
  const chosen = ours.filter((each) => partition === null || each.partition === partition);
  if (chosen.length === 0) throw new InvalidField("partition", partition, `the topic has ${ours.length}`);
  return chosen.map(({ partition: index, position }) => {
    const log = broker.partition(topic, index)?.log;
    if (log === undefined || position < 0)
      throw new InvalidField("topic", topic, "its position is not known yet: is the centre in reach?");
    return moveOf(log, index, position, targetOf(log, to));
  });
}

function moveOf(log: PartitionLog, partition: number, position: number, newPosition: number): PlannedMove {
  const [from, to] = [Math.min(position, newPosition), Math.max(position, newPosition)];
  const effect = newPosition < position ? "sent again" : newPosition > position ? "skipped" : "nothing";
  return { partition, position, newPosition, effect, records: to - from, bytes: bytesBetween(log, from, to) };
}

/** Where `to` is in a log: at least its start. Throws InvalidField where the log has no such place. */
function targetOf(log: PartitionLog, to: RewindTarget): number {
  const { logStartOffset, highWatermark } = log;
  switch (to.kind) {
    case "earliest":
      return logStartOffset;
    case "latest":
      return highWatermark;
    case "offset": {
      if (to.offset <= highWatermark) return Math.max(logStartOffset, to.offset);
      const remedy = `${log.topic}-${log.partition} ends at ${highWatermark}: give at most that, name a --partition, or write latest`;
      throw new InvalidField("to", to.offset, remedy);
    }
    case "time":
      return log.offsetForTimestamp(to.timeMs)?.offset ?? highWatermark;
    default:
      return assertNever(to);
  }
}
