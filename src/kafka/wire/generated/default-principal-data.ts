// Made from src/kafka/wire/schema by scripts/generate.ts. Change those, not this file.

import { type MessageCodec, type Mutable, unsupportedVersion } from "../message.ts";
import type { Reader, UnknownTaggedField } from "../reader.ts";
import type { Writer } from "../writer.ts";

/** DefaultPrincipalData: version 0, flexible from 0. */
export const DEFAULT_PRINCIPAL_DATA: MessageCodec<DefaultPrincipalData> = {
  name: "DefaultPrincipalData",
  apiKey: null,
  minVersion: 0,
  maxVersion: 0,
  flexibleFrom: 0,
  read: readDefaultPrincipalData,
  write: writeDefaultPrincipalData,
};

export interface DefaultPrincipalData {
  readonly type: string;
  readonly name: string;
  readonly tokenAuthenticated: boolean;
  readonly unknownTaggedFields?: readonly UnknownTaggedField[] | undefined;
}

export const DEFAULT_DEFAULT_PRINCIPAL_DATA: DefaultPrincipalData = {
  type: "",
  name: "",
  tokenAuthenticated: false,
};

export function readDefaultPrincipalData(reader: Reader, version: number): DefaultPrincipalData {
  if (version < 0 || version > 0) throw unsupportedVersion("DefaultPrincipalData", version);
  const message: Mutable<DefaultPrincipalData> = {
    type: reader.compactString(),
    name: reader.compactString(),
    tokenAuthenticated: reader.bool(),
  };
  const unknown = reader.taggedFields();
  if (unknown !== undefined) message.unknownTaggedFields = unknown;
  return message;
}

export function writeDefaultPrincipalData(writer: Writer, message: DefaultPrincipalData, version: number): void {
  if (version < 0 || version > 0) throw unsupportedVersion("DefaultPrincipalData", version);
  writer.compactString(message.type);
  writer.compactString(message.name);
  writer.bool(message.tokenAuthenticated);
  writer.taggedFields(message.unknownTaggedFields);
}
