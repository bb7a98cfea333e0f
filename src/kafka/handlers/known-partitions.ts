import type { Uuid } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import { ERROR } from "../wire/generated/errors.ts";

/** Topics as a request names them: by name, or in later versions by id. */
export interface NamedTopic<Partition> {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitions: readonly Partition[];
}

/** Those of a request's partitions that there are, views of devices included. */
export interface KnownTopic<Partition> {
  readonly name: string;
  readonly id: Uuid;
  readonly partitions: readonly Partition[];
}

/**
 * Sorts a request's partitions into those that there are and those that get an error at once. What comes of the
 * others is put in by `settle`, so that the answer is in the order of the request.
 */
export class KnownPartitions<Partition> {
  readonly known: readonly KnownTopic<Partition>[];
  readonly #errors: number[][];
  /** For each known topic its place in the request, and the places of its partitions. */
  readonly #places: { readonly topic: number; readonly partitions: readonly number[] }[] = [];

  constructor(
    broker: Broker,
    /** Whether the client may use a topic like this: asked before it is told whether it is there. */
    mayUse: (topic: string) => boolean,
    topics: readonly NamedTopic<Partition>[],
    byId: boolean,
    indexOf: (partition: Partition) => number,
  ) {
    const known: KnownTopic<Partition>[] = [];
    this.#errors = topics.map(({ name, topicId, partitions }, place) => {
      const { readable } = broker.topics;
      const topic = byId ? readable.byId(topicId) : readable.get(name);
      const asked = byId ? topic?.name : name;
      if (asked !== undefined && !mayUse(asked))
        return partitions.map(() => ERROR.TOPIC_AUTHORIZATION_FAILED);
      if (topic === null) {
        const error = byId ? ERROR.UNKNOWN_TOPIC_ID : ERROR.UNKNOWN_TOPIC_OR_PARTITION;
        return partitions.map(() => error);
      }
      const places: number[] = [];
      const errors = partitions.map((partition, index) => {
        if (topic.partitions[indexOf(partition)] === undefined) return ERROR.UNKNOWN_TOPIC_OR_PARTITION;
        places.push(index);
        return ERROR.NONE;
      });
      if (places.length > 0) {
        this.#places.push({ topic: place, partitions: places });
        const found = places.map((index) => partitions[index] as Partition);
        known.push({ name: topic.name, id: topic.id, partitions: found });
      }
      return errors;
    });
    this.known = known;
  }

  /** What came of the known ones, in their order. */
  settle(errors: readonly (readonly number[])[]): void {
    for (const [index, { topic, partitions }] of this.#places.entries()) {
      for (const [position, partition] of partitions.entries()) {
        const row = this.#errors[topic];
        if (row !== undefined) row[partition] = errors[index]?.[position] ?? ERROR.UNKNOWN_SERVER_ERROR;
      }
    }
  }

  /** The error of a partition, by its places in the request. */
  errorAt(topic: number, partition: number): number {
    return this.#errors[topic]?.[partition] ?? ERROR.UNKNOWN_SERVER_ERROR;
  }
}
