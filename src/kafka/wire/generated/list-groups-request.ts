// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { readCompactStringArray, writeCompactStringArray } from "../arrays.ts";
import { type MessageCodec, type Mutable, unsupportedField, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** ListGroupsRequest: versions 0 to 5, flexible from 3. */
export const LIST_GROUPS_REQUEST: MessageCodec<ListGroupsRequest> = {
  name: "ListGroupsRequest",
  apiKey: 16,
  minVersion: 0,
  maxVersion: 5,
  flexibleFrom: 3,
  read: readListGroupsRequest,
  write: writeListGroupsRequest,
};

export interface ListGroupsRequest {
  /** In versions 4 and up. */
  readonly statesFilter: readonly string[];
  /** In versions 5 and up. */
  readonly typesFilter: readonly string[];
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_LIST_GROUPS_REQUEST: ListGroupsRequest = {
  statesFilter: [],
  typesFilter: [],
};

export function readListGroupsRequest(reader: Reader, version: number): ListGroupsRequest {
  if (version < 0 || version > 5) throw unsupportedVersion("ListGroupsRequest", version);
  const flexible = version >= 3;
  const message: Mutable<ListGroupsRequest> = {
    statesFilter: (version >= 4 ? readCompactStringArray(reader, reader.compactArrayLength(1)) : []),
    typesFilter: (version >= 5 ? readCompactStringArray(reader, reader.compactArrayLength(1)) : []),
  };
  if (flexible) {
    const unknown = reader.taggedFields();
    if (unknown !== undefined) message.unknownTaggedFields = unknown;
  }
  return message;
}

export function writeListGroupsRequest(writer: Writer, message: ListGroupsRequest, version: number): void {
  if (version < 0 || version > 5) throw unsupportedVersion("ListGroupsRequest", version);
  const flexible = version >= 3;
  if (version >= 4) {
    writer.compactArrayLength(message.statesFilter.length);
    writeCompactStringArray(writer, message.statesFilter);
  } else if (message.statesFilter.length !== 0) {
    throw unsupportedField("ListGroupsRequest.statesFilter", version);
  }
  if (version >= 5) {
    writer.compactArrayLength(message.typesFilter.length);
    writeCompactStringArray(writer, message.typesFilter);
  } else if (message.typesFilter.length !== 0) {
    throw unsupportedField("ListGroupsRequest.typesFilter", version);
  }
  if (flexible) {
    writer.taggedFields(message.unknownTaggedFields);
  } else if (message.unknownTaggedFields !== undefined) {
    throw unsupportedField("ListGroupsRequest.unknownTaggedFields", version);
  }
}
