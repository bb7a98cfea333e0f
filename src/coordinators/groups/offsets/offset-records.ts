import { ZERO_UUID } from "../../../base/ids.ts";
import { OFFSET_COMMIT_KEY } from "../../../kafka/wire/generated/offset-commit-key.ts";
import {
  OFFSET_COMMIT_VALUE,
  type OffsetCommitValue,
  readOffsetCommitValue,
} from "../../../kafka/wire/generated/offset-commit-value.ts";
import type { CoordinatorRecord } from "../../runtime/coordinator-log.ts";
import { encodeRecord, encodeTombstone } from "../../runtime/record-codec.ts";
import type { RecordValue } from "../group-part.ts";
import type { CommittedOffset } from "./offset-store.ts";

/** Record types of a committed offset: what Kafka wrote once, and what it writes. */
export const OFFSET_TYPES: readonly number[] = [0, 1];

/** With a time of its own to be forgotten at. */
const EXPIRING_VERSION = 1;
/** Without a topic's id; the last version that is not flexible. */
const PLAIN_VERSION = 3;
/** With the topic's id (KIP-848). */
const IDENTIFIED_VERSION = 4;

export function encodeOffset(
  group: string,
  topic: string,
  partition: number,
  committed: Omit<CommittedOffset, "recordOffset">,
): CoordinatorRecord {
  const value: OffsetCommitValue = {
    offset: committed.offset,
    leaderEpoch: committed.leaderEpoch,
    metadata: committed.metadata,
    commitTimestamp: committed.commitTimestampMs,
    expireTimestamp: committed.expireTimestampMs,
    topicId: committed.topicId,
  };
  const key = { group, topic, partition };
  if (committed.expireTimestampMs !== -1) {
    const plain = { ...value, topicId: ZERO_UUID };
    return encodeRecord(OFFSET_COMMIT_KEY, key, OFFSET_COMMIT_VALUE, plain, EXPIRING_VERSION);
  }
  const version = committed.topicId === ZERO_UUID ? PLAIN_VERSION : IDENTIFIED_VERSION;
  return encodeRecord(OFFSET_COMMIT_KEY, key, OFFSET_COMMIT_VALUE, value, version);
}

export function encodeOffsetTombstone(group: string, topic: string, partition: number): CoordinatorRecord {
  return encodeTombstone(OFFSET_COMMIT_KEY, { group, topic, partition });
}

/** Throws MALFORMED or UNSUPPORTED. */
export function decodeOffset({ reader, version }: RecordValue, recordOffset: number): CommittedOffset {
  const value = readOffsetCommitValue(reader, version);
  return {
    offset: value.offset,
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestampMs: Number(value.commitTimestamp),
    expireTimestampMs: Number(value.expireTimestamp),
    topicId: value.topicId,
    recordOffset,
  };
}
