/**
 * Nanoseconds per message of the codecs on the produce and fetch paths: `bun test/kafka/wire/codec-bench.ts`.
 * Medians of several rounds, since the figures of one round vary by a factor of two on a busy machine.
 */
import type { Uuid } from "../../../src/base/ids.ts";
import { DEFAULT_FETCH_REQUEST, FETCH_REQUEST } from "../../../src/kafka/wire/generated/fetch-request.ts";
import {
  DEFAULT_PARTITION_DATA,
  FETCH_RESPONSE,
  type FetchResponse,
} from "../../../src/kafka/wire/generated/fetch-response.ts";
import { PRODUCE_REQUEST, type ProduceRequest } from "../../../src/kafka/wire/generated/produce-request.ts";
import {
  DEFAULT_PARTITION_PRODUCE_RESPONSE,
  PRODUCE_RESPONSE,
  type ProduceResponse,
} from "../../../src/kafka/wire/generated/produce-response.ts";
import type { MessageCodec } from "../../../src/kafka/wire/message.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { Writer } from "../../../src/kafka/wire/writer.ts";

const ROUNDS = 9;
const ROUND_MS = 60;
const TOPIC = "telemetry";
const TOPIC_ID = "3RFYQRSwlP-520pSFkpwsQ" as Uuid;
const RECORDS = new Uint8Array(16384).fill(7);

for (const partitions of [1, 20]) {
  report("ProduceRequest", PRODUCE_REQUEST, produceRequest(partitions), 9, partitions);
  report("ProduceRequest", PRODUCE_REQUEST, produceRequest(partitions), 13, partitions);
  report("ProduceResponse", PRODUCE_RESPONSE, produceResponse(partitions), 13, partitions);
  report("FetchRequest", FETCH_REQUEST, fetchRequest(partitions), 16, partitions);
  report("FetchResponse", FETCH_RESPONSE, fetchResponse(partitions), 16, partitions);
}

function report<T>(
  name: string,
  codec: MessageCodec<T>,
  message: T,
  version: number,
  partitions: number,
): void {
  const writer = new Writer();
  codec.write(writer, message, version);
  const bytes = writer.toBytes();
  const reader = new Reader(bytes);
  const readNs = measure(() => {
    reader.reset(bytes);
    codec.read(reader, version);
  });
  const writeNs = measure(() => {
    writer.reset();
    codec.write(writer, message, version);
    writer.finish();
  });
  console.log(
    `${name} v${version}, ${partitions} partitions: read ${readNs.toFixed(0)} ns, write ${writeNs.toFixed(0)} ns`,
  );
}

function measure(run: () => void): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = Bun.nanoseconds();
    let count = 0;
    for (; Bun.nanoseconds() - start < ROUND_MS * 1e6; count += 100) {
      for (let index = 0; index < 100; index++) run();
    }
    rounds.push((Bun.nanoseconds() - start) / count);
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function produceRequest(partitions: number): ProduceRequest {
  const partitionData = numbers(partitions).map((index) => ({ index, records: RECORDS }));
  return {
    transactionalId: null,
    acks: -1,
    timeoutMs: 30000,
    topicData: [{ name: TOPIC, topicId: TOPIC_ID, partitionData }],
  };
}

function produceResponse(partitions: number): ProduceResponse {
  const partitionResponses = numbers(partitions).map((index) => ({
    ...DEFAULT_PARTITION_PRODUCE_RESPONSE,
    index,
    baseOffset: 123456,
    logStartOffset: 0,
  }));
  return {
    responses: [{ name: TOPIC, topicId: TOPIC_ID, partitionResponses }],
    throttleTimeMs: 0,
    nodeEndpoints: [],
  };
}

function fetchRequest(partitions: number): typeof DEFAULT_FETCH_REQUEST {
  const list = numbers(partitions).map((partition) => ({
    partition,
    currentLeaderEpoch: 0,
    fetchOffset: 123456,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 1048576,
    replicaDirectoryId: "AAAAAAAAAAAAAAAAAAAAAA" as Uuid,
    highWatermark: 9223372036854775807n,
  }));
  return {
    ...DEFAULT_FETCH_REQUEST,
    maxWaitMs: 500,
    minBytes: 1,
    topics: [{ topic: TOPIC, topicId: TOPIC_ID, partitions: list }],
  };
}

function fetchResponse(partitions: number): FetchResponse {
  const list = numbers(partitions).map((partitionIndex) => ({
    ...DEFAULT_PARTITION_DATA,
    partitionIndex,
    highWatermark: 123456,
    lastStableOffset: 123456,
    logStartOffset: 0,
    abortedTransactions: null,
    records: RECORDS,
  }));
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    responses: [{ topic: TOPIC, topicId: TOPIC_ID, partitions: list }],
    nodeEndpoints: [],
  };
}
