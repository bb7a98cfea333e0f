import { ZERO_UUID } from "../../base/ids.ts";
import type { SharePartitionId } from "../../coordinators/shares/share-state.ts";
import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readAlterShareGroupOffsetsRequest } from "../wire/generated/alter-share-group-offsets-request.ts";
import {
  type AlterShareGroupOffsetsResponse,
  type AlterShareGroupOffsetsResponseTopic,
  DEFAULT_ALTER_SHARE_GROUP_OFFSETS_RESPONSE,
  writeAlterShareGroupOffsetsResponse,
} from "../wire/generated/alter-share-group-offsets-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { GROUP_REFUSAL, TOPIC_REFUSAL, told } from "./acl-answers.ts";

const NOT_READ_YET = -1;
const NO_SUCH_PARTITION = "This server does not host this topic-partition.";

function refusedTopic(
  topicName: string,
  partitions: readonly { readonly partitionIndex: number }[],
): AlterShareGroupOffsetsResponseTopic {
  const refused = partitions.map(({ partitionIndex }) => ({ partitionIndex, ...told(TOPIC_REFUSAL) }));
  return { topicName, topicId: ZERO_UUID, partitions: refused };
}

/** AlterShareGroupOffsets, 0 (KIP-932). The group has no members; it is made where it is missing. */
export const alterShareGroupOffsets: ApiHandler<KafkaServices> = {
  apiKey: 91,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call, services) {
    const { broker, coordinators } = services;
    const { groupId, topics } = readAlterShareGroupOffsetsRequest(call.reader, call.version);
    const reply = (response: AlterShareGroupOffsetsResponse) => {
      const detail = topics.map(({ topicName }) => topicName).join(", ");
      const change = { resource: `share group ${groupId}`, error: response.errorCode, detail };
      noteChanges(call, services.audit, "share-group.set-offsets", [change]);
      call.reply((writer) => writeAlterShareGroupOffsetsResponse(writer, response, call.version));
    };
    const refuse = (errorCode: number, errorMessage: string | null) =>
      reply({ ...DEFAULT_ALTER_SHARE_GROUP_OFFSETS_RESPONSE, errorCode, errorMessage });
    if (groupId === "") {
      refuse(ERROR.INVALID_GROUP_ID, "The group id is empty.");
      return;
    }
    const access = accessOf(call, services);
    if (!access.group(CAN.read, groupId)) {
      refuse(GROUP_REFUSAL.error, GROUP_REFUSAL.message);
      return;
    }
    const denied = access.deniedTopics(
      CAN.read,
      topics.map(({ topicName }) => topicName),
    );
    const altered = new Map<string, { readonly id: SharePartitionId; readonly startOffset: number }>();
    const responses = topics.map(({ topicName, partitions }): AlterShareGroupOffsetsResponseTopic => {
      if (denied.has(topicName)) return refusedTopic(topicName, partitions);
      const topic = broker.topics.get(topicName);
      return {
        topicName,
        topicId: topic?.id ?? ZERO_UUID,
        partitions: partitions.map(({ partitionIndex, startOffset }) => {
          if (topic === null || partitionIndex < 0 || partitionIndex >= topic.partitions.length) {
            const errorCode = ERROR.UNKNOWN_TOPIC_OR_PARTITION;
            return { partitionIndex, errorCode, errorMessage: NO_SUCH_PARTITION };
          }
          if (typeof startOffset !== "number" || startOffset < NOT_READ_YET) {
            const errorMessage = `${startOffset} is no offset.`;
            return { partitionIndex, errorCode: ERROR.INVALID_REQUEST, errorMessage };
          }
          const id = { groupId, topicId: topic.id, partition: partitionIndex };
          altered.set(`${topic.id}/${partitionIndex}`, { id, startOffset });
          return { partitionIndex, errorCode: ERROR.NONE, errorMessage: null };
        }),
      };
    });
    if (altered.size === 0) {
      reply({ ...DEFAULT_ALTER_SHARE_GROUP_OFFSETS_RESPONSE, responses });
      return;
    }
    const fault = coordinators.shares.groups.alterOffsets(groupId, [...altered.values()], (error) => {
      if (error === ERROR.NONE) reply({ ...DEFAULT_ALTER_SHARE_GROUP_OFFSETS_RESPONSE, responses });
      else refuse(error, null);
    });
    if (fault !== null) refuse(fault.error, fault.message);
  },
};
