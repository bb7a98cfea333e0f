import { type AclEntry, aclText } from "../../broker/acl-entry.ts";
import { aclFault } from "../../broker/acl-fault.ts";
import type { Refusal } from "../../broker/broker.ts";
import { accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler } from "../call.ts";
import type { KafkaServices } from "../services.ts";
import { type CreateAclsRequest, readCreateAclsRequest } from "../wire/generated/create-acls-request.ts";
import { writeCreateAclsResponse } from "../wire/generated/create-acls-response.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { CLUSTER_REFUSAL, NO_AUTHORIZER, told, UNKNOWN_CODE } from "./acl-answers.ts";

type Creation = CreateAclsRequest["creations"][number];
type Result = { readonly errorCode: number; readonly errorMessage: string | null };

const CREATED: Result = { errorCode: ERROR.NONE, errorMessage: null };

/**
 * CreateAcls, 1 to 3 (KIP-140, KIP-290): in force at once, answered once durable. A rule that is there already is no
 * error.
 *
 * Deviation: there may be MAX_ACLS rules, of MAX_ACL_CHARACTERS; a request that would make more is refused with
 * POLICY_VIOLATION.
 */
export const createAcls: ApiHandler<KafkaServices> = {
  apiKey: 30,
  minVersion: 1,
  maxVersion: 3,
  pipelined: false,
  handle(call, services) {
    const { creations } = readCreateAclsRequest(call.reader, call.version);
    if (creations.some(hasUnknown)) {
      call.drop("ACLs with unknown elements");
      return;
    }
    const reply = (results: readonly Result[]): void =>
      call.reply((writer) => writeCreateAclsResponse(writer, { throttleTimeMs: 0, results }, call.version));
    if (!accessOf(call, services).cluster(CAN.alter)) {
      reply(creations.map(() => told(CLUSTER_REFUSAL)));
      return;
    }
    if (services.authorizer === null) {
      reply(creations.map(() => told(NO_AUTHORIZER)));
      return;
    }
    const { acls } = services.broker;
    const all = creations.map(entryOf);
    const faults = all.map((entry) => aclFault(entry)?.message ?? null);
    const entries = all.filter((_, index) => faults[index] === null);
    const roomFault = acls.roomFault(entries);
    const answer = (refusal: Refusal | null): void =>
      reply(
        faults.map((fault) => {
          if (fault !== null) return { errorCode: ERROR.INVALID_REQUEST, errorMessage: fault };
          return refusal === null ? CREATED : told(refusal);
        }),
      );
    if (roomFault !== null) {
      answer({ error: ERROR.POLICY_VIOLATION, message: roomFault });
      return;
    }
    const done = (error: number): void => {
      const changes = entries.map((entry) => ({ resource: "acl", error, detail: aclText(entry) }));
      noteChanges(call, services.audit, "acl.create", changes);
      answer(error === 0 ? null : { error, message: "Not written." });
    };
    const error = acls.add(entries, done);
    if (error !== 0) done(error);
  },
};

function hasUnknown({ resourceType, resourcePatternType, operation, permissionType }: Creation): boolean {
  return [resourceType, resourcePatternType, operation, permissionType].includes(UNKNOWN_CODE);
}

function entryOf({ resourcePatternType, unknownTaggedFields: _, ...creation }: Creation): AclEntry {
  return { ...creation, patternType: resourcePatternType };
}
