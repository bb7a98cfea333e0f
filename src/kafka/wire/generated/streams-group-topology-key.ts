// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, unsupportedVersion } from "../message.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** StreamsGroupTopologyKey: version 0. */
export const STREAMS_GROUP_TOPOLOGY_KEY: MessageCodec<StreamsGroupTopologyKey> = {
  name: "StreamsGroupTopologyKey",
  apiKey: 23,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: null,
  read: readStreamsGroupTopologyKey,
  write: writeStreamsGroupTopologyKey,
};

export interface StreamsGroupTopologyKey {
  readonly groupId: string;
}

export const DEFAULT_STREAMS_GROUP_TOPOLOGY_KEY: StreamsGroupTopologyKey = {
  groupId: "",
};

export function readStreamsGroupTopologyKey(reader: Reader, version: number): StreamsGroupTopologyKey {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTopologyKey", version);
  return {
    groupId: reader.string(),
  };
}

export function writeStreamsGroupTopologyKey(writer: Writer, message: StreamsGroupTopologyKey, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("StreamsGroupTopologyKey", version);
  writer.string(message.groupId);
}
