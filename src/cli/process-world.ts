import { writeSync } from "node:fs";
import { hostname } from "node:os";
import type { RunBroker, World } from "./world.ts";

/** What standard error may hold back while nobody reads it; lines beyond it are lost, the gateway goes on. */
const MAX_UNWRITTEN_BYTES = 1024 * 1024;
const STDOUT = 1;
/** Exit codes of a process that a signal ended, as shells have them: 128 and the signal's number. */
const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

/** The process itself, as commands see it. */
export function processWorld(version: string, runBroker: RunBroker): World {
  return {
    out: writeOut,
    err: writeErr,
    stdin: () => Bun.stdin.stream(),
    env: process.env,
    hostName: hostname(),
    errIsTerminal: process.stderr.isTTY === true,
    stdinIsTerminal: process.stdin.isTTY === true,
    version,
    runBroker,
    interrupted: firstSignal,
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
      if (code !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
}

/** Never waits: the log must not stop the gateway when nobody reads it. */
function writeErr(text: string): void {
  if (process.stderr.writableLength < MAX_UNWRITTEN_BYTES) process.stderr.write(text);
}
