import type { Refusal } from "../../broker/broker.ts";
import { ERROR } from "../wire/generated/errors.ts";

/** Most partitions that one request may make, as in Kafka. */
export const MAX_PARTITIONS_PER_REQUEST = 10_000;

/** Says why a partition can't be where a client wants it, or null: this broker is the only one. */
export function replicasFault(replicas: readonly number[], nodeId: number): Refusal | null {
  const message = replicasFaultText(replicas, nodeId);
  return message === null ? null : { error: ERROR.INVALID_REPLICA_ASSIGNMENT, message };
}

function replicasFaultText(replicas: readonly number[], nodeId: number): string | null {
  if (replicas.length === 0) return "The manual partition assignment includes an empty replica list.";
  const stranger = replicas.find((id) => id !== nodeId);
  if (stranger !== undefined)
    return `The manual partition assignment includes broker ${stranger}, but no such broker is registered.`;
  return replicas.length === 1
    ? null
    : `The manual partition assignment includes the broker ${nodeId} more than once.`;
}

/** How often each value comes. */
export function countOf<T>(values: readonly T[]): ReadonlyMap<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
