import { deleteFault } from "../../broker/topic-deletions.ts";
import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { readDeleteRecordsRequest } from "../wire/generated/delete-records-request.ts";
import {
  type DeleteRecordsResponse,
  writeDeleteRecordsResponse,
} from "../wire/generated/delete-records-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import type { Mutable } from "../wire/message.ts";

type Result = Mutable<DeleteRecordsResponse["topics"][number]["partitions"][number]>;

/** Stands in an answer for a partition whose records were not deleted. */
const NO_LOW_WATERMARK = -1;

/**
 * DeleteRecords, 0 to 2 (KIP-107), answered once no crash can bring the records back. Topics that are compacted
 * only, the broker's own and the one that tells of losses keep theirs.
 *
 * Deviation: the request's timeout is not watched, since nothing but the disk is waited for.
 */
export const deleteRecords: ApiHandler<KafkaServices> = {
  apiKey: 21,
  minVersion: 0,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const request = readDeleteRecordsRequest(call.reader, call.version);
    const gather = new Gather();
    const names = request.topics.map(({ name }) => name);
    const denied = accessOf(call, services).deniedTopics(CAN.delete, names);
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) =>
        denied.has(name)
          ? { partitionIndex, lowWatermark: NO_LOW_WATERMARK, errorCode: ERROR.TOPIC_AUTHORIZATION_FAILED }
          : deleteFrom(name, partitionIndex, Number(offset), services, gather),
      ),
    }));
    gather.whenAll(() => {
      const changes = topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, lowWatermark, errorCode: error }) => ({
          ...{
            resource: `topic ${name}`,
            error,
            detail: `partition ${partitionIndex} below ${lowWatermark}`,
          },
        })),
      );
      noteChanges(call, services.audit, "topic.delete-records", changes, true);
      call.reply((writer) => writeDeleteRecordsResponse(writer, { throttleTimeMs: 0, topics }, call.version));
    });
  },
};

function deleteFrom(
  topic: string,
  partitionIndex: number,
  before: number,
  { broker }: KafkaServices,
  gather: Gather,
): Result {
  const result: Result = { partitionIndex, lowWatermark: NO_LOW_WATERMARK, errorCode: ERROR.NONE };
  const found = broker.topics.get(topic);
  const partition = broker.partition(topic, partitionIndex);
  if (partition === null || found === null) {
    const isView = broker.topics.readable.view(topic) !== null;
    result.errorCode = isView ? ERROR.TOPIC_AUTHORIZATION_FAILED : ERROR.UNKNOWN_TOPIC_OR_PARTITION;
  } else if (deleteFault(found) !== null) {
    result.errorCode = ERROR.INVALID_TOPIC_EXCEPTION;
  } else if (!partition.log.config.deletes) {
    result.errorCode = ERROR.POLICY_VIOLATION;
  } else {
    const ended = gather.begin((error) => {
      result.errorCode = error;
    });
    broker.deleteRecords(partition, before, (error, lowWatermark) => {
      result.lowWatermark = lowWatermark;
      ended(error);
    });
  }
  return result;
}
