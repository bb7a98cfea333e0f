// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DeleteGroupsResponse: versions 0 to 3, flexible from 2. */
export const DELETE_GROUPS_RESPONSE: MessageCodec<DeleteGroupsResponse> = {
  name: "DeleteGroupsResponse",
  apiKey: 42,
  minVersion: 0,
  maxVersion: 3,
  flexibleFrom: 2,
  read: readDeleteGroupsResponse,
  write: writeDeleteGroupsResponse,
};

export interface DeleteGroupsResponse {
  readonly throttleTimeMs: number;
  readonly results: readonly DeletableGroupResult[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface DeletableGroupResult {
  readonly groupId: string;
  readonly errorCode: number;
  /** In versions 3 and up. */
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DELETABLE_GROUP_RESULT: DeletableGroupResult = {
  groupId: "",
  errorCode: 0,
  errorMessage: null,
};

export const DEFAULT_DELETE_GROUPS_RESPONSE: DeleteGroupsResponse = {
  throttleTimeMs: 0,
  results: [],
};

export function readDeleteGroupsResponse(reader: Reader, version: number): DeleteGroupsResponse {
  if (version < 0 || version > 3) throw unsupportedVersion("DeleteGroupsResponse", version);
  const flexible = version >= 2;
  const message: Mutable<DeleteGroupsResponse> = {
    throttleTimeMs: reader.int32(),
    results: (flexible ? readDeletableGroupResultArray(reader, version, reader.compactArrayLength(4)) : readDeletableGroupResultArray(reader, version, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeletableGroupResult(reader: Reader, version: number): DeletableGroupResult {
  const flexible = version >= 2;
  const message: Mutable<DeletableGroupResult> = {
    groupId: (flexible ? reader.compactString() : reader.string()),
    errorCode: reader.int16(),
    errorMessage: (version >= 3 ? reader.compactNullableString() : null),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readDeletableGroupResultArray(reader: Reader, version: number, count: number): DeletableGroupResult[] {
  const values: DeletableGroupResult[] = [];
  for (let index = 0; index < count; index++) values.push(readDeletableGroupResult(reader, version));
  return values;
}

export function writeDeleteGroupsResponse(writer: Writer, message: DeleteGroupsResponse, version: number): void {
  if (version < 0 || version > 3) throw unsupportedVersion("DeleteGroupsResponse", version);
  const flexible = version >= 2;
  writer.int32(message.throttleTimeMs);
  if (flexible) {
    writer.compactArrayLength(message.results.length);
    for (const value of message.results) writeDeletableGroupResult(writer, value, version);
  } else {
    writer.arrayLength(message.results.length);
    for (const value of message.results) writeDeletableGroupResult(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeleteGroupsResponse.unknownTaggedFields", version);
  }
}

function writeDeletableGroupResult(writer: Writer, message: DeletableGroupResult, version: number): void {
  const flexible = version >= 2;
  if (flexible) {
    writer.compactString(message.groupId);
  } else {
    writer.string(message.groupId);
  }
  writer.int16(message.errorCode);
  if (version >= 3) {
    writer.compactNullableString(message.errorMessage);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("DeletableGroupResult.unknownTaggedFields", version);
  }
}
