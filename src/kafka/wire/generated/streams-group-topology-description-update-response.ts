// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupTopologyDescriptionUpdateResponse: version 0, flexible from 0. */
export const STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE_RESPONSE: MessageCodec<StreamsGroupTopologyDescriptionUpdateResponse> = {
  name: "StreamsGroupTopologyDescriptionUpdateResponse",
  apiKey: 93,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readStreamsGroupTopologyDescriptionUpdateResponse,
  write: writeStreamsGroupTopologyDescriptionUpdateResponse,
};

export interface StreamsGroupTopologyDescriptionUpdateResponse {
  readonly throttleTimeMs: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE_RESPONSE: StreamsGroupTopologyDescriptionUpdateResponse = {
  throttleTimeMs: 0,
  errorCode: 0,
  errorMessage: null,
};

export function readStreamsGroupTopologyDescriptionUpdateResponse(reader: Reader, version: number): StreamsGroupTopologyDescriptionUpdateResponse {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTopologyDescriptionUpdateResponse", version);
  const message: Mutable<StreamsGroupTopologyDescriptionUpdateResponse> = {
    throttleTimeMs: reader.int32(),
    errorCode: reader.int16(),
    errorMessage: reader.compactNullableString(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeStreamsGroupTopologyDescriptionUpdateResponse(writer: Writer, message: StreamsGroupTopologyDescriptionUpdateResponse, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTopologyDescriptionUpdateResponse", version);
  writer.int32(message.throttleTimeMs);
  writer.int16(message.errorCode);
  writer.compactNullableString(message.errorMessage);
  writer.taggedFields(message.unknownTaggedFields);
}
