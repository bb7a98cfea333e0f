// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readStringArray, writeStringArray, readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteGroupsRequest: versions 0 to 3, flexible from 2. */
export const DELETE_GROUPS_REQUEST: MessageCodec<DeleteGroupsRequest> = {
  name: "DeleteGroupsRequest",
  apiKey: 42,
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDeleteGroupsRequest,
  write: writeDeleteGroupsRequest,
};

export interface DeleteGroupsRequest {
  readonly groupsNames: readonly string[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELETE_GROUPS_REQUEST: DeleteGroupsRequest = {
  groupsNames: [],
};

export function readDeleteGroupsRequest(reader: Reader, version: number): DeleteGroupsRequest {
  if (version < 0 || version > 3) throw unsupportedVersion("DeleteGroupsRequest", version);
  const flexible = version >= 2;
  const message: Mutable<DeleteGroupsRequest> = {
    groupsNames: (flexible ? readCompactStringArray(reader, reader.compactArrayLength(1)) : readStringArray(reader, reader.arrayLength(2))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeDeleteGroupsRequest(writer: Writer, message: DeleteGroupsRequest, version: number): void {
  if (version < 0 || version > 3) throw unsupportedVersion("DeleteGroupsRequest", version);
  const flexible = version >= 2;
  if (flexible) {
    writer.compactArrayLength(message.groupsNames.length);
    writeCompactStringArray(writer, message.groupsNames);
  } else {
    writer.arrayLength(message.groupsNames.length);
    writeStringArray(writer, message.groupsNames);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteGroupsRequest.unknownTaggedFields", version);
  }
}
