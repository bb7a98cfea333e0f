import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import type { ProcessFigures, ProcessReading } from "../process-figures.ts";

const FILES = ["stat", "io", "limits"] as const;
type File = (typeof FILES)[number];
const FILE_BYTES = 4_096;
const MICROSECONDS = 1e6;
/** Fields of /proc/PID/stat after the name of the program, counted from the state, as in proc(5). */
const STAT = { majorFaults: 9, virtualBytes: 20 } as const;

/**
 * This process by /proc/self. Its files are opened once: a process that may open no more must still be able to say
 * so. What is refused at times, as Bun does with memory where no file descriptor is left, stays as it was.
 */
export class SystemProcess implements ProcessFigures {
  readonly #folder: string;
  readonly #files: Map<File, number>;
  readonly #collections = new CollectionCount();
  #last: ProcessReading;

  constructor(folder = "/proc/self") {
    this.#folder = folder;
    this.#files = new Map(FILES.flatMap((name) => openIfThere(name, `${folder}/${name}`)));
    this.#last = UNKNOWN;
    this.read();
  }

  read(): ProcessReading {
    const last = this.#last;
    const memory = attempt(() => process.memoryUsage());
    const cpu = attempt(() => process.cpuUsage());
    const { majorFaults, virtualBytes } = statFigures(this.#text("stat"));
    this.#last = {
      residentBytes: memory?.rss ?? last.residentBytes,
      heapUsedBytes: memory?.heapUsed ?? last.heapUsedBytes,
      externalBytes: memory?.external ?? last.externalBytes,
      cpuUserSec: cpu === null ? last.cpuUserSec : cpu.user / MICROSECONDS,
      cpuSystemSec: cpu === null ? last.cpuSystemSec : cpu.system / MICROSECONDS,
      openFiles: this.#openFiles() ?? last.openFiles,
      maxFiles: maxOpenFiles(this.#text("limits")) ?? last.maxFiles,
      majorFaults: majorFaults ?? last.majorFaults,
      virtualBytes: virtualBytes ?? last.virtualBytes,
      // What was taken back before it was written may be more than what came; a total never goes down.
      writtenBytes: largest(last.writtenBytes, writtenToStorage(this.#text("io"))),
      collections: this.#collections.count,
    };
    return this.#last;
  }

  stop(): void {
    this.#collections.stop();
    for (const file of this.#files.values()) closeSync(file);
    // Their numbers are soon those of other files.
    this.#files.clear();
  }

  /** Looking takes a descriptor itself, which is not counted. */
  #openFiles(): number | null {
    return attempt(() => readdirSync(`${this.#folder}/fd`).length - 1);
  }

  #text(name: File): string {
    const file = this.#files.get(name);
    if (file === undefined) return "";
    const bytes = Buffer.allocUnsafe(FILE_BYTES);
    const read = attempt(() => readSync(file, bytes, 0, FILE_BYTES, 0)) ?? 0;
    return bytes.toString("latin1", 0, read);
  }
}

const UNKNOWN: ProcessReading = {
  residentBytes: Number.NaN,
  virtualBytes: Number.NaN,
  heapUsedBytes: Number.NaN,
  externalBytes: Number.NaN,
  cpuUserSec: Number.NaN,
  cpuSystemSec: Number.NaN,
  openFiles: Number.NaN,
  maxFiles: Number.NaN,
  majorFaults: Number.NaN,
  writtenBytes: Number.NaN,
  collections: 0,
};

/**
 * Counts collections of the heap by an object that nothing holds: when the engine tells that it is gone, there was one.
 * JavaScriptCore tells of none by itself, and of no pauses. Two in one turn of the event loop count as one.
 */
export class CollectionCount {
  readonly #registry = new FinalizationRegistry(() => this.#noticed());
  #count = 0;
  #stopped = false;

  constructor() {
    this.#registry.register({}, null);
  }

  get count(): number {
    return this.#count;
  }

  stop(): void {
    this.#stopped = true;
  }

  #noticed(): void {
    if (this.#stopped) return;
    this.#count += 1;
    this.#registry.register({}, null);
  }
}

interface StatFigures {
  readonly majorFaults: number | null;
  readonly virtualBytes: number | null;
}

/** By /proc/PID/stat, whose second field, the program's name in brackets, may have anything in it. */
export function statFigures(stat: string): StatFigures {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    majorFaults: wholeNumber(fields[STAT.majorFaults]),
    virtualBytes: wholeNumber(fields[STAT.virtualBytes]),
  };
}

/** By /proc/PID/limits; null where there is no limit, or nobody says. */
export function maxOpenFiles(limits: string): number | null {
  return wholeNumber(/^Max open files\s+(\d+)\s/m.exec(limits)?.[1]);
}

/**
 * By /proc/PID/io: what was made dirty in the page cache, less what was taken back before it was written (truncated or
 * deleted files). Null where the kernel does not account for it.
 */
export function writtenToStorage(io: string): number | null {
  const written = wholeNumber(/^write_bytes: (\d+)$/m.exec(io)?.[1]);
  const cancelled = wholeNumber(/^cancelled_write_bytes: (\d+)$/m.exec(io)?.[1]);
  return written === null ? null : Math.max(0, written - (cancelled ?? 0));
}

function largest(last: number, now: number | null): number {
  if (now === null) return last;
  return Number.isNaN(last) ? now : Math.max(last, now);
}

function wholeNumber(digits: string | undefined): number | null {
  const value = digits === undefined || !/^\d{1,19}$/.test(digits) ? Number.NaN : Number(digits);
  return Number.isSafeInteger(value) ? value : null;
}

function openIfThere(name: File, path: string): readonly (readonly [File, number])[] {
  const file = attempt(() => openSync(path, "r"));
  return file === null ? [] : [[name, file]];
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
