// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ListGroupsResponse: versions 0 to 5, flexible from 3. */
export const LIST_GROUPS_RESPONSE: MessageCodec<ListGroupsResponse> = {
  name: "ListGroupsResponse",
  apiKey: 16,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readListGroupsResponse,
  write: writeListGroupsResponse,
};

export interface ListGroupsResponse {
  /** In versions 1 and up. */
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly groups: readonly ListedGroup[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  /** In versions 4 and up. */
  readonly groupState: string;
  /** In versions 5 and up. */
  readonly groupType: string;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LISTED_GROUP: ListedGroup = {
  groupId: "",
  protocolType: "",
  groupState: "",
  groupType: "",
};

export const DEFAULT_LIST_GROUPS_RESPONSE: ListGroupsResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  groups: [],
};

export function readListGroupsResponse(reader: Reader, version: number): ListGroupsResponse {
  if (version < 0 || version > 5) throw unsupportedVersion("ListGroupsResponse", version);
  const flexible = version >= 3;
  const message: Mutable<ListGroupsResponse> = {
    throttleTimeMs: (version >= 1 ? reader.int32() : 0),
    errorCode: reader.int16(),
    groups: (flexible ? readListedGroupArray(reader, version, reader.compactArrayLength(3)) : readListedGroupArray(reader, version, reader.arrayLength(4))),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readListedGroup(reader: Reader, version: number): ListedGroup {
  const flexible = version >= 3;
  const message: Mutable<ListedGroup> = {
    groupId: (flexible ? reader.compactString() : reader.string()),
    protocolType: (flexible ? reader.compactString() : reader.string()),
    groupState: (version >= 4 ? reader.compactString() : ""),
    groupType: (version >= 5 ? reader.compactString() : ""),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

function readListedGroupArray(reader: Reader, version: number, count: number): ListedGroup[] {
  const values: ListedGroup[] = [];
  for (let index = 0; index < count; index++) values.push(readListedGroup(reader, version));
  return values;
}

export function writeListGroupsResponse(writer: Writer, message: ListGroupsResponse, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("ListGroupsResponse", version);
  const flexible = version >= 3;
  if (version >= 1) {
    writer.int32(message.throttleTimeMs);
  }
  writer.int16(message.errorCode);
  if (flexible) {
    writer.compactArrayLength(message.groups.length);
    for (const value of message.groups) writeListedGroup(writer, value, version);
  } else {
    writer.arrayLength(message.groups.length);
    for (const value of message.groups) writeListedGroup(writer, value, version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ListGroupsResponse.unknownTaggedFields", version);
  }
}

function writeListedGroup(writer: Writer, message: ListedGroup, version: number): void {
  const flexible = version >= 3;
  if (flexible) {
    writer.compactString(message.groupId);
  } else {
    writer.string(message.groupId);
  }
  if (flexible) {
    writer.compactString(message.protocolType);
  } else {
    writer.string(message.protocolType);
  }
  if (version >= 4) {
    writer.compactString(message.groupState);
  }
  if (version >= 5) {
    writer.compactString(message.groupType);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ListedGroup.unknownTaggedFields", version);
  }
}
