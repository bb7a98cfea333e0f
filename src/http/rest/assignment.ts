import { hasCode } from "../../base/errors.ts";
import { readConsumerProtocolAssignment } from "../../kafka/wire/generated/consumer-protocol-assignment.ts";
import { Reader } from "../../kafka/wire/reader.ts";

/**
 * What the leader of a classic group has assigned to a member: an int16 version and Kafka's ConsumerProtocolAssignment.
 * Other protocols have what they like there, and nothing is said of it.
 */
export function readAssignment(
  bytes: Uint8Array,
): readonly { readonly topic: string; readonly partitions: readonly number[] }[] {
  if (bytes.length < 2) return [];
  try {
    const reader = new Reader(bytes);
    const version = Math.min(reader.int16(), 3);
    return readConsumerProtocolAssignment(reader, version).assignedPartitions.map(
      ({ topic, partitions }) => ({
        topic,
        partitions: [...partitions],
      }),
    );
  } catch (error) {
    if (!hasCode(error, "MALFORMED") && !hasCode(error, "UNSUPPORTED")) throw error;
    return [];
  }
}
