import { openSync, readSync } from "node:fs";
import type { AcceptLook, AcceptQueues } from "../accept-queues.ts";

const FILES = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
/** Listening sockets come first in these files, one in 150 bytes. */
const HEAD_BYTES = 65_536;
/** Lines of all connections of the machine; what is beyond is not looked at. */
const MAX_BYTES = 16 * 1024 * 1024;
const LISTEN = "0A";
/** ESTABLISHED, and CLOSE_WAIT: the other side has given up waiting. */
const WAITING_STATES: ReadonlySet<string> = new Set(["01", "08"]);
/** A connection that no program holds yet has no inode. */
const NO_INODE = "0";
const HEXADECIMAL = 16;
/** Columns of a line: number, own and other address as hexadecimal ADDRESS:PORT, state, queues, ..., inode. */
const COLUMN = { local: 1, remote: 2, state: 3, queues: 4, inode: 9 } as const;

/**
 * Linux's list of TCP sockets. A listening socket's receive queue is the count of connections that it has not
 * accepted; only where there are any the connections themselves are looked for.
 */
export class SystemAcceptQueues implements AcceptQueues {
  /** Open for as long as the process lives: a process that can open no more files must be able to look. */
  readonly #files: readonly number[];

  constructor(files: readonly string[] = FILES) {
    this.#files = files.flatMap(openIfThere);
  }

  look(ports: ReadonlySet<number>): AcceptLook | null {
    const listening = new Set<number>();
    const waiting = new Map<string, number>();
    for (const file of this.#files) {
      const head = readUpTo(file, HEAD_BYTES);
      let queued = false;
      for (const columns of linesOf(head)) {
        const port = portOf(columns[COLUMN.local]);
        if (columns[COLUMN.state] !== LISTEN || !ports.has(port)) continue;
        listening.add(port);
        queued ||= !(columns[COLUMN.queues] ?? "").endsWith(":00000000");
      }
      if (queued) collectWaiting(readUpTo(file, MAX_BYTES), ports, waiting);
    }
    return this.#files.length > 0 ? { listening, waiting } : null;
  }
}

function collectWaiting(text: string, ports: ReadonlySet<number>, into: Map<string, number>): void {
  for (const columns of linesOf(text)) {
    const local = columns[COLUMN.local];
    const port = portOf(local);
    const isWaiting = WAITING_STATES.has(columns[COLUMN.state] ?? "") && columns[COLUMN.inode] === NO_INODE;
    if (isWaiting && ports.has(port)) into.set(`${local} ${columns[COLUMN.remote]}`, port);
  }
}

/** Whole lines, cut into their columns. */
function* linesOf(text: string): Generator<readonly string[]> {
  for (let start = 0; ; ) {
    const end = text.indexOf("\n", start);
    if (end < 0) return;
    yield text.slice(start, end).trim().split(/\s+/);
    start = end + 1;
  }
}

function portOf(address: string | undefined): number {
  return address === undefined
    ? -1
    : Number.parseInt(address.slice(address.lastIndexOf(":") + 1), HEXADECIMAL);
}

/** Files of the kernel have no size that one could ask for, and are new whenever they are read from their start. */
function readUpTo(fd: number, limitBytes: number): string {
  const chunks: Uint8Array[] = [];
  for (let length = 0; length < limitBytes; ) {
    const chunk = new Uint8Array(HEAD_BYTES);
    const read = readSync(fd, chunk, 0, chunk.length, length);
    if (read === 0) break;
    chunks.push(chunk.subarray(0, read));
    length += read;
  }
  return Buffer.concat(chunks).toString("latin1");
}

function openIfThere(path: string): readonly number[] {
  try {
    return [openSync(path, "r")];
  } catch {
    return [];
  }
}
