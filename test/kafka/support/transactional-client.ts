import { ZERO_UUID } from "../../../src/base/ids.ts";
import { ADD_OFFSETS_TO_TXN_REQUEST } from "../../../src/kafka/wire/generated/add-offsets-to-txn-request.ts";
import { ADD_OFFSETS_TO_TXN_RESPONSE } from "../../../src/kafka/wire/generated/add-offsets-to-txn-response.ts";
import {
  ADD_PARTITIONS_TO_TXN_REQUEST,
  DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST,
} from "../../../src/kafka/wire/generated/add-partitions-to-txn-request.ts";
import { ADD_PARTITIONS_TO_TXN_RESPONSE } from "../../../src/kafka/wire/generated/add-partitions-to-txn-response.ts";
import { END_TXN_REQUEST } from "../../../src/kafka/wire/generated/end-txn-request.ts";
import { END_TXN_RESPONSE } from "../../../src/kafka/wire/generated/end-txn-response.ts";
import { errorName } from "../../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_FETCH_PARTITION,
  DEFAULT_FETCH_REQUEST,
  FETCH_REQUEST,
} from "../../../src/kafka/wire/generated/fetch-request.ts";
import { FETCH_RESPONSE } from "../../../src/kafka/wire/generated/fetch-response.ts";
import {
  DEFAULT_INIT_PRODUCER_ID_REQUEST,
  INIT_PRODUCER_ID_REQUEST,
} from "../../../src/kafka/wire/generated/init-producer-id-request.ts";
import { INIT_PRODUCER_ID_RESPONSE } from "../../../src/kafka/wire/generated/init-producer-id-response.ts";
import {
  DEFAULT_OFFSET_FETCH_REQUEST,
  OFFSET_FETCH_REQUEST,
} from "../../../src/kafka/wire/generated/offset-fetch-request.ts";
import { OFFSET_FETCH_RESPONSE } from "../../../src/kafka/wire/generated/offset-fetch-response.ts";
import { PRODUCE_REQUEST } from "../../../src/kafka/wire/generated/produce-request.ts";
import { PRODUCE_RESPONSE } from "../../../src/kafka/wire/generated/produce-response.ts";
import { TXN_OFFSET_COMMIT_REQUEST } from "../../../src/kafka/wire/generated/txn-offset-commit-request.ts";
import { TXN_OFFSET_COMMIT_RESPONSE } from "../../../src/kafka/wire/generated/txn-offset-commit-response.ts";
import { batchProducerId } from "../../../src/records/batch.ts";
import { BatchBuilder } from "../../../src/records/builder.ts";
import { RecordCursor } from "../../../src/records/reader.ts";
import type { TestClient } from "./door.ts";

/** A connection to any broker. */
export type Asks = Pick<TestClient, "ask">;

export interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

const TIMEOUT_MS = 10_000;
const READ_COMMITTED = 1;

/** The requests of a transactional producer over one connection; answers are names of errors. */
export class TransactionalClient {
  readonly client: Asks;
  readonly transactionalId: string;
  producer: Producer = { producerId: -1, producerEpoch: -1 };
  readonly #sequences = new Map<string, number>();

  /** Time of all its records, which should be the broker's: retention takes what is older. */
  readonly #timestampMs: number;

  constructor(client: Asks, transactionalId: string, timestampMs = Date.UTC(2026, 0, 1)) {
    this.client = client;
    this.transactionalId = transactionalId;
    this.#timestampMs = timestampMs;
  }

  async init(version = 5, expected: Producer | null = null): Promise<string> {
    const request = {
      ...DEFAULT_INIT_PRODUCER_ID_REQUEST,
      transactionalId: this.transactionalId,
      transactionTimeoutMs: TIMEOUT_MS,
      ...(expected ?? {}),
    };
    const answer = await this.client.ask(
      INIT_PRODUCER_ID_REQUEST,
      INIT_PRODUCER_ID_RESPONSE,
      request,
      version,
    );
    if (answer.errorCode === 0) this.#become(answer);
    return errorName(answer.errorCode);
  }

  async add(topic: string, partitions: readonly number[], version = 3): Promise<string[]> {
    const { producerId, producerEpoch } = this.producer;
    const request = {
      ...DEFAULT_ADD_PARTITIONS_TO_TXN_REQUEST,
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions }],
    };
    const answer = await this.client.ask(
      ADD_PARTITIONS_TO_TXN_REQUEST,
      ADD_PARTITIONS_TO_TXN_RESPONSE,
      request,
      version,
    );
    return answer.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
      resultsByPartition.map(({ partitionErrorCode }) => errorName(partitionErrorCode)),
    );
  }

  async addOffsets(groupId: string, version = 4): Promise<string> {
    const request = { transactionalId: this.transactionalId, ...this.producer, groupId };
    const answer = await this.client.ask(
      ADD_OFFSETS_TO_TXN_REQUEST,
      ADD_OFFSETS_TO_TXN_RESPONSE,
      request,
      version,
    );
    return errorName(answer.errorCode);
  }

  async produce(topic: string, partition: number, value: string, version = 12): Promise<string> {
    const place = `${topic}-${partition}`;
    const baseSequence = this.#sequences.get(place) ?? 0;
    const builder = new BatchBuilder();
    builder.append(this.#timestampMs, null, new TextEncoder().encode(value), null);
    const records = builder.build({ ...this.producer, baseSequence, transactional: true });
    const request = {
      transactionalId: this.transactionalId,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: topic, topicId: ZERO_UUID, partitionData: [{ index: partition, records }] }],
    };
    const answer = await this.client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, request, version);
    const error = answer.responses[0]?.partitionResponses[0]?.errorCode ?? -1;
    if (error === 0) this.#sequences.set(place, baseSequence + 1);
    return errorName(error);
  }

  async commitOffset(groupId: string, topic: string, offset: number, version = 5): Promise<string> {
    const request = {
      transactionalId: this.transactionalId,
      groupId,
      ...this.producer,
      generationIdOrMemberEpoch: -1,
      memberId: "",
      groupInstanceId: null,
      topics: [
        {
          name: topic,
          topicId: ZERO_UUID,
          partitions: [
            { partitionIndex: 0, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: "" },
          ],
        },
      ],
    };
    const answer = await this.client.ask(
      TXN_OFFSET_COMMIT_REQUEST,
      TXN_OFFSET_COMMIT_RESPONSE,
      request,
      version,
    );
    return errorName(answer.topics[0]?.partitions[0]?.errorCode ?? -1);
  }

  async end(committed: boolean, version = 5): Promise<string> {
    const request = { transactionalId: this.transactionalId, ...this.producer, committed };
    const answer = await this.client.ask(END_TXN_REQUEST, END_TXN_RESPONSE, request, version);
    if (answer.errorCode === 0 && version >= 5) this.#become(answer);
    return errorName(answer.errorCode);
  }

  #become({
    producerId,
    producerEpoch,
  }: {
    readonly producerId: number | bigint;
    readonly producerEpoch: number;
  }) {
    const same =
      Number(producerId) === this.producer.producerId && producerEpoch === this.producer.producerEpoch;
    if (!same) this.#sequences.clear();
    this.producer = { producerId: Number(producerId), producerEpoch };
  }
}

/** What a reader of committed records sees of a partition, from its beginning to its last stable offset. */
export async function readCommitted(client: Asks, topic: string, partition: number): Promise<string[]> {
  const open = new Set<number>();
  const values: string[] = [];
  for (let fetchOffset = 0; ; ) {
    const data = await fetchCommitted(client, topic, partition, fetchOffset);
    const aborted = data.abortedTransactions ?? [];
    const bytes = data.records ?? new Uint8Array(0);
    const cursor = new RecordCursor();
    cursor.open(bytes);
    const firstOffset = fetchOffset;
    while (cursor.next()) {
      const { offset } = cursor;
      const producerId = batchProducerId(bytes, cursor.batchPosition);
      const begins = aborted.some(
        (one) => Number(one.firstOffset) === offset && one.producerId === producerId,
      );
      if (begins) open.add(producerId);
      if (cursor.isControl) open.delete(producerId);
      else if (!open.has(producerId)) values.push(new TextDecoder().decode(cursor.value() ?? undefined));
      fetchOffset = offset + 1;
    }
    // A broker may give one batch at a time.
    if (fetchOffset === firstOffset) return values;
  }
}

async function fetchCommitted(client: Asks, topic: string, partition: number, fetchOffset: number) {
  const request = {
    ...DEFAULT_FETCH_REQUEST,
    maxWaitMs: 0,
    minBytes: 0,
    isolationLevel: READ_COMMITTED,
    topics: [
      {
        topic,
        topicId: ZERO_UUID,
        partitions: [{ ...DEFAULT_FETCH_PARTITION, partition, fetchOffset, partitionMaxBytes: 1 << 20 }],
      },
    ],
    rackId: "",
  };
  const answer = await client.ask(FETCH_REQUEST, FETCH_RESPONSE, request, 12);
  const data = answer.responses[0]?.partitions[0];
  if (data === undefined || data.errorCode !== 0) throw new Error(errorName(data?.errorCode ?? -1));
  return data;
}

/** The committed offset of a group in partition 0 of a topic, or the error's name. */
export async function committedOffset(
  client: Asks,
  groupId: string,
  topic: string,
): Promise<number | string> {
  const request = {
    ...DEFAULT_OFFSET_FETCH_REQUEST,
    groups: [
      {
        groupId,
        memberId: null,
        memberEpoch: -1,
        topics: [{ name: topic, topicId: ZERO_UUID, partitionIndexes: [0] }],
      },
    ],
    requireStable: true,
  };
  const answer = await client.ask(OFFSET_FETCH_REQUEST, OFFSET_FETCH_RESPONSE, request, 8);
  const partition = answer.groups[0]?.topics[0]?.partitions[0];
  if (partition === undefined) return "nothing";
  return partition.errorCode === 0 ? Number(partition.committedOffset) : errorName(partition.errorCode);
}
