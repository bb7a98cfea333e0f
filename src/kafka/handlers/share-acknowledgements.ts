import type { Int64, Uuid } from "../../base/ids.ts";
import type { AcknowledgementBatch } from "../../coordinators/shares/share-partition.ts";
import { type Access, CAN } from "../access.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";

const MAX_MEMBER_ID_CHARACTERS = 36;
const MAX_ACKNOWLEDGE_TYPE = 4;
const RENEW = 4;
/** From here on members may renew their locks (KIP-1222). */
export const FIRST_WITH_RENEWAL = 2;

/** Acknowledgements as they stand in requests. */
export interface WireBatch {
  readonly firstOffset: Int64;
  readonly lastOffset: Int64;
  readonly acknowledgeTypes: readonly number[];
}

export interface WireAcknowledgements {
  readonly topicId: Uuid;
  readonly partitionIndex: number;
  readonly batches: readonly WireBatch[];
}

export interface AcknowledgedPartition {
  readonly topicId: Uuid;
  readonly partitionIndex: number;
  readonly error: number;
}

export interface Acknowledger {
  readonly groupId: string;
  readonly memberId: string;
  readonly version: number;
  readonly isRenewAck: boolean;
}

/** Whether Kafka would take this for a member's id. */
export function isMemberId(memberId: string | null): memberId is string {
  return memberId !== null && memberId !== "" && memberId.length <= MAX_MEMBER_ID_CHARACTERS;
}

/** Acknowledges what a request brings; `done` runs once all of it is durable or refused, in the order it came. */
export function acknowledgeAll(
  services: KafkaServices,
  access: Access,
  by: Acknowledger,
  wanted: readonly WireAcknowledgements[],
  done: (results: readonly AcknowledgedPartition[]) => void,
): void {
  const gather = new Gather();
  const results = wanted.map(({ topicId, partitionIndex, batches }) => {
    const result = { topicId, partitionIndex, error: ERROR.NONE as number };
    const durable = gather.begin((error) => {
      result.error = error;
    });
    acknowledge(services, access, by, { topicId, partitionIndex, batches }, durable);
    return result;
  });
  gather.whenAll(() => done(results));
}

function acknowledge(
  { broker, coordinators }: KafkaServices,
  access: Access,
  by: Acknowledger,
  { topicId, partitionIndex, batches }: WireAcknowledgements,
  done: (error: number) => void,
): void {
  const topic = broker.topics.byId(topicId);
  if (topic === null) {
    done(ERROR.UNKNOWN_TOPIC_ID);
    return;
  }
  if (!access.topic(CAN.read, topic.name)) {
    done(ERROR.TOPIC_AUTHORIZATION_FAILED);
    return;
  }
  const checked = checkBatches(batches, by);
  if (checked === null) {
    done(ERROR.INVALID_REQUEST);
    return;
  }
  if (topic.partitions[partitionIndex] === undefined) {
    done(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    return;
  }
  if (checked.length === 0) {
    done(ERROR.NONE);
    return;
  }
  const { partitions } = coordinators.shares;
  const live = partitions.inUse({ groupId: by.groupId, topicId, partition: partitionIndex });
  if (live === null) done(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
  else partitions.acknowledge(live, by.memberId, checked, done);
}

/** The batches, or null where they make no sense. Where one begins at the last's end, the partition refuses it. */
function checkBatches(batches: readonly WireBatch[], by: Acknowledger): AcknowledgementBatch[] | null {
  const checked: AcknowledgementBatch[] = [];
  const maxType = by.version >= FIRST_WITH_RENEWAL ? MAX_ACKNOWLEDGE_TYPE : MAX_ACKNOWLEDGE_TYPE - 1;
  let previousLast = -1;
  for (const { firstOffset, lastOffset, acknowledgeTypes: types } of batches) {
    if (typeof firstOffset !== "number" || typeof lastOffset !== "number") return null;
    if (firstOffset < 0 || firstOffset > lastOffset || firstOffset < previousLast) return null;
    if (types.length === 0) return null;
    if (types.length > 1 && types.length !== lastOffset - firstOffset + 1) return null;
    for (const type of types) {
      if (type < 0 || type > maxType || (type === RENEW && !by.isRenewAck)) return null;
    }
    checked.push({ firstOffset, lastOffset, types });
    previousLast = lastOffset;
  }
  return checked;
}

/** Puts what is known of partitions under their topics, which stay in the order in which they first came. */
export function byTopic<Entry extends { readonly topicId: Uuid }>(
  entries: readonly Entry[],
): { readonly topicId: Uuid; readonly entries: readonly Entry[] }[] {
  const topics = new Map<Uuid, Entry[]>();
  for (const entry of entries) {
    const known = topics.get(entry.topicId);
    if (known === undefined) topics.set(entry.topicId, [entry]);
    else known.push(entry);
  }
  return Array.from(topics, ([topicId, listed]) => ({ topicId, entries: listed }));
}
