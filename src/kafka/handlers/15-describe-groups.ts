import { ACL_RESOURCE } from "../../broker/acl-entry.ts";
import type { ClassicGroup } from "../../coordinators/groups/classic/classic-group.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { unique } from "../once.ts";
import type { KafkaServices } from "../services.ts";
import { readDescribeGroupsRequest } from "../wire/generated/describe-groups-request.ts";
import {
  type DescribedGroup,
  writeDescribeGroupsResponse,
} from "../wire/generated/describe-groups-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { NO_BYTES } from "../wire/message.ts";
import { GROUP_OPERATIONS, NO_OPERATIONS } from "./authorized-operations.ts";

/** KIP-1043: a group that is not there is said to be so; before, it is a dead one. */
const FIRST_WITH_NOT_FOUND = 6;

/** DescribeGroups, 0 to 6: classic groups and their members. */
export const describeGroups: ApiHandler<KafkaServices> = {
  apiKey: 15,
  minVersion: 0,
  maxVersion: 6,
  pipelined: false,
  handle(call, services) {
    const { coordinators } = services;
    const { version } = call;
    const request = readDescribeGroupsRequest(call.reader, version);
    const access = accessOf(call, services);
    const groups = unique(request.groups).map((groupId) => {
      if (!access.group(CAN.describe, groupId)) return refused(groupId);
      const operations = request.includeAuthorizedOperations
        ? access.operations(ACL_RESOURCE.group, groupId, GROUP_OPERATIONS)
        : NO_OPERATIONS;
      const group = coordinators.groups.classic.get(groupId);
      if (group !== null) return described(group, operations);
      const other = coordinators.groups.registry.get(groupId) !== null;
      const reason = other ? "is not a classic group." : "not found.";
      return missing(groupId, version, operations, reason);
    });
    coordinators.groups.whenDurable(() => {
      call.reply((writer) => writeDescribeGroupsResponse(writer, { throttleTimeMs: 0, groups }, version));
    });
  },
};

function described(group: ClassicGroup, authorizedOperations: number): DescribedGroup {
  const stable = group.state === "Stable";
  return {
    errorCode: ERROR.NONE,
    errorMessage: null,
    groupId: group.id,
    groupState: group.stateName,
    protocolType: group.protocolType,
    protocolData: stable ? (group.protocolName ?? "") : "",
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: stable ? member.metadata(group.protocolName) : NO_BYTES,
      memberAssignment: stable ? member.assignment : NO_BYTES,
    })),
    authorizedOperations,
  };
}

function refused(groupId: string): DescribedGroup {
  return {
    errorCode: ERROR.GROUP_AUTHORIZATION_FAILED,
    errorMessage: null,
    groupId,
    groupState: "",
    protocolType: "",
    protocolData: "",
    members: [],
    authorizedOperations: NO_OPERATIONS,
  };
}

function missing(groupId: string, version: number, operations: number, reason: string): DescribedGroup {
  const told = version >= FIRST_WITH_NOT_FOUND;
  return {
    errorCode: told ? ERROR.GROUP_ID_NOT_FOUND : ERROR.NONE,
    errorMessage: told ? `Group ${groupId} ${reason}` : null,
    groupId,
    groupState: "Dead",
    protocolType: "",
    protocolData: "",
    members: [],
    authorizedOperations: told ? NO_OPERATIONS : operations,
  };
}
