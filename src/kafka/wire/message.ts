import { HeadwaterError } from "../../base/errors.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** What is known of a message: its versions, and its codec for all of them. */
export interface MessageCodec<Message> {
  readonly name: string;
  /** The API key of a request or response, the record type of a record; null for data that has neither. */
  readonly apiKey: number | null;
  readonly minVersion: number;
  readonly maxVersion: number;
  /** The first version with compact lengths and tagged fields; null where there is none. */
  readonly flexibleFrom: number | null;
  /** Reads a message; what it holds of bytes are views of the reader's input. Throws MALFORMED or UNSUPPORTED. */
  readonly read: (reader: Reader, version: number) => Message;
  /** Writes a message. Throws UNSUPPORTED for what the version can't express. */
  readonly write: (writer: Writer, message: Message, version: number) => void;
}

/** A message while it is being read. */
export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** The default of `bytes` and `records` that may not be null. */
export const NO_BYTES = new Uint8Array(0);

/** A version outside of those the schema knows. */
export function unsupportedVersion(message: string, version: number): HeadwaterError {
  return new HeadwaterError("UNSUPPORTED", `${message} has no version ${version}`);
}

/** A value that differs from the default, in a version that has no place for it. */
export function unsupportedField(field: string, version: number): HeadwaterError {
  return new HeadwaterError("UNSUPPORTED", `${field} can't be set in version ${version}`);
}

/** The value, in a version where it may not be null. */
export function notNull<T>(value: T | null, field: string, version: number): T {
  if (value === null) throw new HeadwaterError("UNSUPPORTED", `${field} can't be null in version ${version}`);
  return value;
}
