import type { Broker } from "../../broker/broker.ts";
import type { Partition } from "../../broker/partition.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import {
  type DescribeLogDirsRequest,
  readDescribeLogDirsRequest,
} from "../wire/generated/describe-log-dirs-request.ts";
import {
  type DescribeLogDirsResponse,
  writeDescribeLogDirsResponse,
} from "../wire/generated/describe-log-dirs-response.ts";
import { ERROR } from "../wire/generated/errors.ts";

type Described = DescribeLogDirsResponse["results"][number]["topics"][number];

/**
 * DescribeLogDirs, 1 to 5 (KIP-113, KIP-827): the one data folder, its file system, and the bytes of each
 * partition's batches. What was asked for and is not there is left out, as in Kafka.
 */
export const describeLogDirs: ApiHandler<KafkaServices> = {
  apiKey: 35,
  minVersion: 1,
  maxVersion: 5,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readDescribeLogDirsRequest(call.reader, call.version);
    if (!accessOf(call, services).cluster(CAN.describe)) {
      const refusal = { throttleTimeMs: 0, errorCode: ERROR.CLUSTER_AUTHORIZATION_FAILED, results: [] };
      call.reply((writer) => writeDescribeLogDirsResponse(writer, refusal, call.version));
      return;
    }
    const response: DescribeLogDirsResponse = {
      throttleTimeMs: 0,
      errorCode: ERROR.NONE,
      results: [
        {
          errorCode: ERROR.NONE,
          logDir: broker.store.folder,
          topics: describe(request, broker),
          ...broker.store.space(),
          isCordoned: false,
        },
      ],
    };
    call.reply((writer) => writeDescribeLogDirsResponse(writer, response, call.version));
  },
};

function describe({ topics }: DescribeLogDirsRequest, broker: Broker): Described[] {
  if (topics === null)
    return Array.from(broker.topics.all(), ({ name, partitions }) => ({
      name,
      partitions: partitions.map(sizeOf),
    }));
  const wanted = new Map<string, Set<number>>();
  for (const { topic, partitions } of topics) {
    const indexes = wanted.get(topic) ?? new Set();
    for (const index of partitions) indexes.add(index);
    wanted.set(topic, indexes);
  }
  return Array.from(wanted, ([name, indexes]) => ({
    name,
    partitions: (broker.topics.get(name)?.partitions ?? [])
      .filter(({ index }) => indexes.has(index))
      .map(sizeOf),
  })).filter(({ partitions }) => partitions.length > 0);
}

function sizeOf({ index, log }: Partition): Described["partitions"][number] {
  return { partitionIndex: index, partitionSize: log.sizeBytes, offsetLag: 0, isFutureKey: false };
}
