import { type ErrorCode, HeadwaterError } from "../base/errors.ts";

/** What the process says when it ends. Scripts and supervisors branch on these: they never change meaning. */
export const EXIT = {
  ok: 0,
  /** Asked and answered with no: a refusal, a problem found, a check that failed. */
  failed: 1,
  /** The command line or the configuration is wrong: trying again does not help. */
  usage: 2,
  /** Nobody answered: refused, unknown host, timed out. */
  unreachable: 3,
  /** The data folder is in use by another process, or in a format that this version does not know. */
  data: 4,
  /** The disk failed or is full. What was acknowledged is safe; the next start recovers. */
  disk: 5,
  /** A door's port is taken. */
  port: 6,
  /** Records are missing, twice or out of order, and no ledger says why. */
  unaccounted: 7,
  /** The time or the budget that was given was used up before it was done; it goes on. */
  unfinished: 8,
  /** A gateway stopped to be started again, as another version. */
  restart: 9,
  /** A bug in Headwater. */
  bug: 70,
} as const;

/** The reference, as help shows it. */
export const EXIT_DOCS: readonly (readonly [number, string])[] = [
  [EXIT.ok, "all went well"],
  [EXIT.failed, "refused, or a problem was found"],
  [EXIT.usage, "wrong command line or configuration"],
  [EXIT.unreachable, "not reachable: refused, unknown host or timed out"],
  [EXIT.data, "the data folder is in use, or of an unknown format"],
  [EXIT.disk, "the disk failed or is full"],
  [EXIT.port, "a port is taken"],
  [EXIT.unaccounted, "records are missing, twice or out of order, and no ledger says why"],
  [EXIT.unfinished, "not done within the time or the budget that was given; it goes on"],
  [EXIT.restart, "a gateway makes room for another version: start it again"],
  [EXIT.bug, "a bug in headwater"],
];

const BY_CODE: Readonly<Record<ErrorCode, number>> = {
  AUTHENTICATION: EXIT.failed,
  CONFIG_INVALID: EXIT.usage,
  DATA_FOLDER_LOCKED: EXIT.data,
  DATA_FORMAT_UNKNOWN: EXIT.data,
  DISK_FULL: EXIT.disk,
  DISK_IO: EXIT.disk,
  FILE_MISSING: EXIT.usage,
  LOG_CORRUPT: EXIT.disk,
  LOG_FENCED: EXIT.disk,
  MALFORMED: EXIT.failed,
  NETWORK: EXIT.unreachable,
  PORT_TAKEN: EXIT.port,
  TIMED_OUT: EXIT.unreachable,
  TLS_HANDSHAKE: EXIT.unreachable,
  UNSUPPORTED: EXIT.failed,
};

/** A command line that cannot be understood. The message says what to write. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The exit code that an error ends a command with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof HeadwaterError ? BY_CODE[error.code] : EXIT.bug;
}
