import { ZERO_UUID } from "../../base/ids.ts";
import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { readOffsetDeleteRequest } from "../wire/generated/offset-delete-request.ts";
import { writeOffsetDeleteResponse } from "../wire/generated/offset-delete-response.ts";
import { KnownPartitions } from "./known-partitions.ts";

/** OffsetDelete, 0 (KIP-496): forgets offsets of topics that the group's members don't subscribe to. */
export const offsetDelete: ApiHandler<KafkaServices> = {
  apiKey: 47,
  minVersion: 0,
  maxVersion: 0,
  pipelined: false,
  handle(call, services) {
    const { broker, coordinators } = services;
    const request = readOffsetDeleteRequest(call.reader, call.version);
    const asked = request.topics.map((topic) => ({ ...topic, topicId: ZERO_UUID }));
    const access = accessOf(call, services);
    if (!access.group(CAN.delete, request.groupId)) {
      const response = { errorCode: ERROR.GROUP_AUTHORIZATION_FAILED, throttleTimeMs: 0, topics: [] };
      call.reply((writer) => writeOffsetDeleteResponse(writer, response, call.version));
      return;
    }
    const partitions = new KnownPartitions(
      broker,
      (topic) => access.topic(CAN.read, topic),
      asked,
      false,
      ({ partitionIndex }) => partitionIndex,
    );
    const answer = (errorCode: number): void => {
      const topics = request.topics.map(({ name, partitions: rows }, topic) => ({
        name,
        partitions: rows.map(({ partitionIndex }, place) => ({
          partitionIndex,
          errorCode: partitions.errorAt(topic, place),
        })),
      }));
      const detail = request.topics.map(({ name }) => name).join(", ");
      const change = { resource: `group ${request.groupId}`, error: errorCode, detail };
      noteChanges(call, services.audit, "group.delete-offsets", [change]);
      const response = { errorCode, throttleTimeMs: 0, topics: errorCode === ERROR.NONE ? topics : [] };
      call.reply((writer) => writeOffsetDeleteResponse(writer, response, call.version));
    };
    if (request.groupId === "") {
      answer(ERROR.INVALID_GROUP_ID);
      return;
    }
    const known = partitions.known.map(({ name, partitions: rows }) => ({
      name,
      partitions: rows.map(({ partitionIndex }) => partitionIndex),
    }));
    coordinators.groups.offsets.delete(request.groupId, known, (error, errors) => {
      if (error === ERROR.NONE) partitions.settle(errors);
      answer(error);
    });
  },
};
