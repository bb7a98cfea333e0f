/**
 * Operational failures: the disk, the network or the surroundings did something that Headwater could not
 * prevent. Protocol errors are returned values, bugs are assertions; neither belongs here.
 */
export type ErrorCode =
  /** A peer does not take us for who we say we are, or is not who it should be. */
  | "AUTHENTICATION"
  | "CONFIG_INVALID"
  | "DATA_FOLDER_LOCKED"
  | "DATA_FORMAT_UNKNOWN"
  | "DISK_FULL"
  | "DISK_IO"
  /** A file that has to be there is not, perhaps not yet. */
  | "FILE_MISSING"
  | "LOG_CORRUPT"
  | "LOG_FENCED"
  | "MALFORMED"
  | "NETWORK"
  | "PORT_TAKEN"
  | "TIMED_OUT"
  | "TLS_HANDSHAKE"
  | "UNSUPPORTED";

export interface ErrorDetails {
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly path?: string;
  readonly cause?: unknown;
}

/** A failure with a code to branch on and the place it happened. `message` names thing, value and remedy. */
export class HeadwaterError extends Error {
  override readonly name = "HeadwaterError";
  readonly code: ErrorCode;
  readonly topic: string | undefined;
  readonly partition: number | undefined;
  readonly offset: number | undefined;
  readonly path: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.topic = details.topic;
    this.partition = details.partition;
    this.offset = details.offset;
    this.path = details.path;
  }
}

/** Whether an error is a HeadwaterError of this code. */
export function hasCode(error: unknown, code: ErrorCode): error is HeadwaterError {
  return error instanceof HeadwaterError && error.code === code;
}
