import { HeadwaterError } from "../base/errors.ts";
import { LOG_LEVELS, type LogFields, type Logger, type LogLevel } from "../base/logger.ts";
import type { Clock } from "../io/clock.ts";
import type { Journal } from "../io/journal.ts";
import { journalEntry, PRIORITIES } from "./journal-entry.ts";
import { RepeatLimit } from "./repeat-limit.ts";

export interface LogOutputOptions {
  readonly clock: Clock;
  readonly level: LogLevel;
  /** `journal`: to the journal with fields; what it does not take is written as lines that begin with their priority. */
  readonly format: "human" | "json" | "journal";
  /** Null where there is none. */
  readonly journal?: Journal | null;
  /** Terminal colours, for people. */
  readonly colour: boolean;
  /** Takes a whole line, its end included. */
  readonly write: (line: string) => void;
}

const MAX_TEXT_LENGTH = 2_000;
const MAX_LIST_ITEMS = 20;
const MAX_CAUSES = 5;

/** Log lines for people on a terminal, as JSON, one object a line, or to systemd's journal. */
export class LogOutput {
  readonly logger: Logger;
  readonly #options: LogOutputOptions;
  readonly #limit: RepeatLimit;
  #threshold: number;

  constructor(options: LogOutputOptions) {
    this.#options = options;
    this.#threshold = LOG_LEVELS.indexOf(options.level);
    this.#limit = new RepeatLimit(options.clock, (line, suppressed) =>
      this.#emit(line.level, line.message, { ...line.fields, suppressed }),
    );
    this.logger = this.#logger({});
  }

  /** Changes what is written from now on. */
  setLevel(level: LogLevel): void {
    this.#threshold = LOG_LEVELS.indexOf(level);
  }

  /** Writes what was held back. */
  close(): void {
    this.#limit.close();
  }

  #logger(context: LogFields): Logger {
    const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
      if (LOG_LEVELS.indexOf(level) < this.#threshold) return;
      this.#log(level, message, fields === undefined ? context : { ...context, ...fields });
    };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => this.#logger({ ...context, ...fields }),
    };
  }

  #log(level: LogLevel, message: string, fields: LogFields): void {
    const { remoteAddress } = fields;
    // Debug lines are asked for by somebody who wants all of them.
    if (typeof remoteAddress === "string" && level !== "debug") {
      if (!this.#limit.take({ level, message, fields, remoteAddress })) return;
    }
    this.#emit(level, message, fields);
  }

  #emit(level: LogLevel, message: string, fields: LogFields): void {
    const { format, colour, clock, write, journal } = this.#options;
    const time = new Date(clock.nowMs());
    const plain = Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, plainValue(value, 0)] as const],
    );
    if (format === "journal") {
      if (journal?.send(journalEntry(level, message, plain, textOf(message, plain, false))) === true) return;
      // systemd takes a number in angle brackets for the priority of a line, see sd-daemon(3).
      write(`<${PRIORITIES[level]}>${jsonLine(time, level, message, plain)}`);
    } else if (format === "json") write(jsonLine(time, level, message, plain));
    else write(humanLine(time, level, message, plain, colour));
  }
}

type PlainFields = readonly (readonly [string, unknown])[];

function jsonLine(time: Date, level: LogLevel, message: string, fields: PlainFields): string {
  const line: Record<string, unknown> = { time: time.toISOString(), level, message };
  for (const [name, value] of fields) line[Object.hasOwn(line, name) ? `${name}_` : name] = value;
  return `${JSON.stringify(line)}\n`;
}

const COLOURS: Readonly<Record<LogLevel, string>> = {
  debug: "\x1b[2m",
  info: "\x1b[36m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};

function humanLine(
  time: Date,
  level: LogLevel,
  message: string,
  fields: PlainFields,
  colour: boolean,
): string {
  const paint = (code: string, text: string) => (colour ? `${code}${text}\x1b[0m` : text);
  const clock = time.toISOString().slice(11, 23);
  const label = paint(COLOURS[level], level.toUpperCase().padEnd(5));
  return `${paint("\x1b[2m", clock)} ${label} ${textOf(message, fields, colour)}\n`;
}

/** The message, and each field as name=value. */
function textOf(message: string, fields: PlainFields, colour: boolean): string {
  const name = (text: string) => (colour ? `\x1b[2m${text}=\x1b[0m` : `${text}=`);
  return `${message}${fields.map(([key, value]) => ` ${name(key)}${humanValue(value)}`).join("")}`;
}

function humanValue(value: unknown): string {
  if (typeof value === "string") return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? "undefined";
}

/** A value that JSON can hold, bounded: texts are cut, errors become their message, code and causes. */
function plainValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") {
    return value.length > MAX_TEXT_LENGTH ? `${value.slice(0, MAX_TEXT_LENGTH)}…` : value;
  }
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) return errorText(value, 0);
  if (value instanceof Uint8Array) return value.subarray(0, 32).toHex();
  if (typeof value !== "object" || value === null) return value;
  if (depth > 2) return "…";
  if (Array.isArray(value)) return value.slice(0, MAX_LIST_ITEMS).map((item) => plainValue(item, depth + 1));
  const entries = Object.entries(value).slice(0, MAX_LIST_ITEMS);
  return Object.fromEntries(entries.map(([name, item]) => [name, plainValue(item, depth + 1)]));
}

function errorText(error: Error, depth: number): string {
  const code = error instanceof HeadwaterError ? `${error.code}: ` : "";
  // A bug is worth its stack; an operational failure says where it happened by itself.
  const text = error.name === "AssertionError" || error instanceof TypeError ? error.stack : error.message;
  const own = `${code}${text || error.message || error.name}`.slice(0, MAX_TEXT_LENGTH);
  const { cause } = error;
  if (!(cause instanceof Error) || depth >= MAX_CAUSES || own.includes(cause.message)) return own;
  return `${own}; caused by ${errorText(cause, depth + 1)}`;
}
