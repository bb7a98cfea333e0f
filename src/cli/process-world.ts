import { writeSync } from "node:fs";
import { hostname } from "node:os";
import { HeadwaterError } from "../base/errors.ts";
import { EXIT } from "./exit-codes.ts";
import type { DataWork, RunBroker, Terminal, World } from "./world.ts";

/** What standard error may hold back while nobody reads it; lines beyond it are lost, the gateway goes on. */
const MAX_UNWRITTEN_BYTES = 1024 * 1024;
const STDOUT = 1;
const EXIT_INTERRUPTED = 130;
/** Exit codes of a process that a signal ended, as shells have them: 128 and the signal's number. */
const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

/** The process itself, as commands see it. */
export function processWorld(
  version: string,
  runBroker: RunBroker,
  dataWork: () => Promise<DataWork>,
  builtMs?: number,
): World {
  return {
    out: writeOut,
    err: writeErr,
    stdin: () => Bun.stdin.stream(),
    env: process.env,
    hostName: hostname(),
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: process.stderr.isTTY === true,
    stdinIsTerminal: process.stdin.isTTY === true,
    version,
    ...(builtMs === undefined ? {} : { builtMs }),
    runBroker,
    dataWork,
    interrupted: firstSignal,
    onHangup: (callback) => process.on("SIGHUP", callback),
    ask: async (text) => prompt(text.trimEnd()) ?? "",
    askSecret,
    openTerminal,
    onBug,
  };
}

/** From the call on: resolves with the first signal; the second one ends the process at once. */
function firstSignal(): Promise<string> {
  let signals = 0;
  return new Promise((resolve) => {
    for (const [signal, code] of SIGNALS) {
      process.on(signal, () => {
        signals += 1;
        if (signals > 1) process.exit(code);
        resolve(signal);
      });
    }
  });
}

/**
 * Ends the process with the first error that nobody caught, and has it reported before. Bun itself goes on
 * after one while `main.ts` awaits the command.
 */
function onBug(report: (error: unknown) => void): void {
  const first = reportBug === null;
  reportBug = report;
  if (!first) return;
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      try {
        reportBug?.(error);
      } finally {
        process.exit(EXIT.bug);
      }
    });
  }
}

const [ENTER, NEWLINE, INTERRUPT, END, DELETE, BACKSPACE] = ["\r", "\n", "\u0003", "\u0004", "\u007f", "\b"];

/** What was typed behind the end of a line, for who asks next. */
let typedAhead = "";

/**
 * Reads a line from the terminal in raw mode, which leaves the echo to us, who make none. By its events: an iterator
 * would end the stream with the line, and nobody could ask again.
 */
function askSecret(prompt: string): Promise<string> {
  const { stdin } = process;
  // Before it is asked for, or whoever types at once would see it.
  stdin.setRawMode(true);
  process.stderr.write(prompt);
  return new Promise((resolve) => {
    let secret = "";
    const end = () => {
      stdin.off("data", take);
      stdin.off("end", end);
      stdin.setRawMode(false);
      // Else the process would wait for more.
      stdin.pause();
      process.stderr.write("\n");
      resolve(secret);
    };
    const take = (chunk: unknown) => {
      const text = String(chunk);
      for (const [index, character] of [...text].entries()) {
        if (character === ENTER || character === NEWLINE || character === END) {
          typedAhead = [...text].slice(index + 1).join("");
          end();
          return;
        }
        if (character === INTERRUPT) process.exit(EXIT_INTERRUPTED);
        if (character === DELETE || character === BACKSPACE) secret = secret.slice(0, -1);
        else secret += character;
      }
    };
    const before = typedAhead;
    typedAhead = "";
    stdin.on("end", end);
    stdin.on("data", take);
    stdin.resume();
    if (before !== "") take(before);
  });
}

/** Another screen of the terminal, without the cursor; and back, as it was. */
const [ENTER_SCREEN, LEAVE_SCREEN] = ["\u001b[?1049h\u001b[?25l", "\u001b[?25h\u001b[?1049l"];
/** Of a terminal that does not say. */
const [COLUMNS, ROWS] = [80, 24];

function openTerminal(): Terminal | null {
  const { stdin, stdout } = process;
  if (stdout.isTTY !== true) return null;
  const canType = stdin.isTTY === true;
  if (canType) stdin.setRawMode(true);
  writeOut(ENTER_SCREEN);
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    writeOut(LEAVE_SCREEN);
    if (!canType) return;
    stdin.setRawMode(false);
    stdin.pause();
  };
  // Also where the process ends by itself: a terminal without a cursor is of no use to anybody.
  process.on("exit", close);
  return {
    size: () => ({ columns: stdout.columns || COLUMNS, rows: stdout.rows || ROWS }),
    onResize: (callback) => stdout.on("resize", callback),
    onKey: (callback) => {
      if (canType) stdin.on("data", (chunk) => callback(String(chunk)));
    },
    close,
  };
}

/** Who hears of a bug: the latest to ask. */
let reportBug: ((error: unknown) => void) | null = null;

/** Waits until the reader has taken all of it, so that a command in a pipe goes no faster than the pipe. */
function writeOut(text: string | Uint8Array): void {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  let position = 0;
  while (position < bytes.length) {
    try {
      position += writeSync(STDOUT, bytes, position);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : null;
      // Whoever read the output has seen enough (`| head`).
      if (code === "EPIPE") process.exit(0);
      if (code === "ENOSPC")
        throw new HeadwaterError("DISK_FULL", "standard output: no space left", { cause: error });
      if (code !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
}

/** Never waits: the log must not stop the gateway when nobody reads it. */
function writeErr(text: string): void {
  if (process.stderr.writableLength < MAX_UNWRITTEN_BYTES) process.stderr.write(text);
}
