import { type Int64, type Offset, toOffset, type Uuid } from "../base/ids.ts";
import type { Broker } from "../broker/broker.ts";
import type { Partition } from "../broker/partition.ts";
import { type DeviceView, isDeviceView } from "../broker/views/device-views.ts";
import { ERROR } from "./wire/generated/errors.ts";
import type { FetchRequest } from "./wire/generated/fetch-request.ts";
import type { FetchResponse } from "./wire/generated/fetch-response.ts";

export type FetchTopicResponse = FetchResponse["responses"][number];
export type FetchPartitionResponse = FetchTopicResponse["partitions"][number];
type Wanted = FetchRequest["topics"][number]["partitions"][number];

const NOT_TOLD = -1;

/** A partition that somebody fetches: what was asked last, and in a session what was answered last. */
export class FetchPartition {
  /** The name; null for a topic id that is not known (yet). */
  topic: string | null;
  /** The id that the client named the topic by; null where it named it by name. */
  readonly topicId: Uuid | null;
  readonly index: number;
  maxBytes = 0;
  /** Null where it can't be an offset. */
  fetchOffset: Offset | null = null;
  currentLeaderEpoch = NOT_TOLD;
  lastFetchedEpoch = NOT_TOLD;
  /** Why there is no partition. */
  missing: number = ERROR.UNKNOWN_TOPIC_OR_PARTITION;
  #partition: Partition | null = null;
  #view: DeviceView | null = null;
  #viewPartition: Partition | null = null;
  #highWatermark: Int64 = NOT_TOLD;
  #logStartOffset: Int64 = NOT_TOLD;

  constructor(topic: string | null, topicId: Uuid | null, wanted: Wanted) {
    this.topic = topic;
    this.topicId = topicId;
    this.index = wanted.partition;
    this.want(wanted);
  }

  get partition(): Partition | null {
    return this.#partition;
  }

  /** The view of one device that is asked for in place of a partition. */
  get view(): DeviceView | null {
    return this.#view;
  }

  /** The partition that the view shows. */
  get viewPartition(): Partition | null {
    return this.#viewPartition;
  }

  want(wanted: Wanted): void {
    this.maxBytes = wanted.partitionMaxBytes;
    this.fetchOffset = toOffset(wanted.fetchOffset);
    this.currentLeaderEpoch = wanted.currentLeaderEpoch;
    this.lastFetchedEpoch = wanted.lastFetchedEpoch;
  }

  /**
   * Finds the partition. A session knows the name of a topic since it first knew the id: where another topic has
   * that name by now, the ids differ (INCONSISTENT_TOPIC_ID).
   */
  resolve(broker: Broker): void {
    if (this.#partition !== null && !this.#partition.deleted) return;
    this.#partition = this.#view = this.#viewPartition = null;
    const { readable } = broker.topics;
    this.topic ??= readable.byId(this.topicId as Uuid)?.name ?? null;
    if (this.topic === null) {
      this.missing = ERROR.UNKNOWN_TOPIC_ID;
      return;
    }
    const topic = readable.get(this.topic);
    const partition = topic?.partitions[this.index];
    if (topic === null || partition === undefined) this.missing = ERROR.UNKNOWN_TOPIC_OR_PARTITION;
    else if (this.topicId !== null && topic.id !== this.topicId) this.missing = ERROR.INCONSISTENT_TOPIC_ID;
    else if (isDeviceView(topic)) {
      this.#view = topic;
      this.#viewPartition = partition;
    } else this.#partition = partition;
  }

  /** What a response has told the client. */
  told(response: FetchPartitionResponse): void {
    this.#logStartOffset = response.logStartOffset;
    // Once an error is over the client hears of the partition again.
    this.#highWatermark = response.errorCode === ERROR.NONE ? response.highWatermark : NOT_TOLD;
  }

  /** Whether a response says something that the client does not know. */
  isNews(response: FetchPartitionResponse): boolean {
    return (
      (response.records?.length ?? 0) > 0 ||
      response.errorCode !== ERROR.NONE ||
      response.divergingEpoch.endOffset !== NOT_TOLD ||
      response.highWatermark !== this.#highWatermark ||
      response.logStartOffset !== this.#logStartOffset
    );
  }
}
