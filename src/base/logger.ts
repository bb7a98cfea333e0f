/** How urgent a line is. Errors need somebody; warnings may. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** From the quietest to the loudest. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/**
 * What a line carries beside its message: plain values, lists of them, or an Error, which is written with its
 * code and its causes. Names are camelCase with the unit last.
 */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Where rooms report to. The message is a constant sentence; what varies goes into fields. No secrets, and no
 * bytes from outside beyond a short, bounded excerpt.
 *
 * A line whose fields have a `remoteAddress` was caused from outside: of such lines only one per message and
 * address is written in an interval, and a later one says how many were suppressed.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

/** Writes nothing: for tests and for tools whose errors go elsewhere. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
