import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { readDeleteShareGroupOffsetsRequest } from "../wire/generated/delete-share-group-offsets-request.ts";
import {
  DEFAULT_DELETE_SHARE_GROUP_OFFSETS_RESPONSE,
  type DeleteShareGroupOffsetsResponse,
  type DeleteShareGroupOffsetsResponseTopic,
  writeDeleteShareGroupOffsetsResponse,
} from "../wire/generated/delete-share-group-offsets-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { GROUP_REFUSAL, TOPIC_REFUSAL, told } from "./acl-answers.ts";

const NO_SUCH_TOPIC = "This server does not host this topic-partition.";

/** DeleteShareGroupOffsets, 0 (KIP-932). The group has no members. */
export const deleteShareGroupOffsets: ApiHandler<KafkaServices> = {
  apiKey: 92,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call, services) {
    const { broker, coordinators } = services;
    const { groupId, topics } = readDeleteShareGroupOffsetsRequest(call.reader, call.version);
    const reply = (response: DeleteShareGroupOffsetsResponse) => {
      const detail = topics.map(({ topicName }) => topicName).join(", ");
      const change = { resource: `share group ${groupId}`, error: response.errorCode, detail };
      noteChanges(call, services.audit, "share-group.delete-offsets", [change]);
      call.reply((writer) => writeDeleteShareGroupOffsetsResponse(writer, response, call.version));
    };
    const refuse = (errorCode: number, errorMessage: string | null) =>
      reply({ ...DEFAULT_DELETE_SHARE_GROUP_OFFSETS_RESPONSE, errorCode, errorMessage });
    if (groupId === "") {
      refuse(ERROR.INVALID_GROUP_ID, "The group id is empty.");
      return;
    }
    const access = accessOf(call, services);
    if (!access.group(CAN.delete, groupId)) {
      refuse(GROUP_REFUSAL.error, GROUP_REFUSAL.message);
      return;
    }
    const { groups } = coordinators.shares;
    const group = groups.find(groupId);
    if ("error" in group) {
      refuse(group.error, group.message);
      return;
    }
    if (!group.isEmpty) {
      refuse(ERROR.NON_EMPTY_GROUP, "The group is not empty.");
      return;
    }
    const topicIds = new Set<Uuid>();
    const responses = topics.map(({ topicName }): DeleteShareGroupOffsetsResponseTopic => {
      if (!access.topic(CAN.read, topicName))
        return { topicName, topicId: ZERO_UUID, ...told(TOPIC_REFUSAL) };
      const topicId = broker.topics.get(topicName)?.id ?? ZERO_UUID;
      const none = { topicName, topicId, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION };
      if (topicId === ZERO_UUID) return { ...none, errorMessage: NO_SUCH_TOPIC };
      if (!group.initialized.has(topicId)) {
        return { ...none, topicId: ZERO_UUID, errorMessage: "There is no offset information to delete." };
      }
      topicIds.add(topicId);
      return { topicName, topicId, errorCode: ERROR.NONE, errorMessage: null };
    });
    const answer = { ...DEFAULT_DELETE_SHARE_GROUP_OFFSETS_RESPONSE, responses };
    if (topicIds.size === 0) reply(answer);
    else {
      groups.deleteOffsets(group, topicIds, (error) => {
        if (error === ERROR.NONE) reply(answer);
        else refuse(error, null);
      });
    }
  },
};
