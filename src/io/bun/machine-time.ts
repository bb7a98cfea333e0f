import { dlopen } from "bun:ffi";
import { existsSync, readFileSync } from "node:fs";
import type { MachineReading, MachineTime } from "../machine-time.ts";

/** clock_gettime(2): goes on while the machine is suspended. */
const CLOCK_REALTIME = 0;
const CLOCK_BOOTTIME = 7;
/** `struct timespec` of 64-bit Linux: seconds, nanoseconds. */
const TIMESPEC_BYTES = 16;
/** `struct timex` of 64-bit Linux (adjtimex(2)). */
const TIMEX_BYTES = 208;
/** What adjtimex(2) returns where nobody keeps the clock. */
const TIME_ERROR = 5;
/** systemd-timesyncd touches it whenever it has synchronised. */
const SYNCHRONISED_FILE = "/run/systemd/timesync/synchronized";
/** Two clocks that were read further apart than this are read again, so often at most. */
const CLOSE_MS = 1;
const MAX_READS = 5;

const { symbols } = dlopen("libc.so.6", {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  adjtimex: { args: ["ptr"], returns: "i32" },
});

/** Linux's clocks, through the C library. */
export class SystemMachineTime implements MachineTime {
  readonly bootId: string;
  readonly hasBatteryClock: boolean;
  readonly #timespec = new BigInt64Array(TIMESPEC_BYTES / 8);

  constructor() {
    this.bootId = readBootId();
    this.hasBatteryClock = existsSync("/sys/class/rtc/rtc0");
  }

  /** The pair is of one moment, within a millisecond: a process can be interrupted between the two. */
  read(): MachineReading {
    for (let reads = 1; ; reads += 1) {
      const before = this.#gettime(CLOCK_BOOTTIME);
      const wallMs = this.#gettime(CLOCK_REALTIME);
      const after = this.#gettime(CLOCK_BOOTTIME);
      if (after - before <= CLOSE_MS || reads === MAX_READS) {
        return { bootMs: (before + after) / 2, wallMs };
      }
    }
  }

  isSynchronised(): boolean | null {
    // Its first field, `modes`, is 0: nothing is changed.
    const state = symbols.adjtimex(new Uint8Array(TIMEX_BYTES));
    // The file is older than a step that somebody else made: it counts only where the kernel may not be asked.
    if (state < 0) return existsSync(SYNCHRONISED_FILE) ? true : null;
    return state !== TIME_ERROR;
  }

  #gettime(clock: number): number {
    symbols.clock_gettime(clock, this.#timespec);
    const [seconds = 0n, nanoseconds = 0n] = this.#timespec;
    return Number(seconds) * 1000 + Number(nanoseconds) / 1e6;
  }
}

/** Where a sandbox hides it, every process is a boot of its own. */
function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return crypto.randomUUID();
  }
}
