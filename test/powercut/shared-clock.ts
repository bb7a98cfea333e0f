import { dlopen } from "bun:ffi";

const { symbols } = dlopen("libc.so.6", { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });

const CLOCK_MONOTONIC = 1;
const timespec = new BigInt64Array(2);

/**
 * Milliseconds since the system's start, the same in every process: what the disk notes of its operations and
 * what a load notes of its acknowledgements can be compared. A process's own clock starts with the process, and
 * the wall clock may be set in between.
 */
export function sharedNowMs(): number {
  if (symbols.clock_gettime(CLOCK_MONOTONIC, timespec) !== 0) throw new Error("clock_gettime failed");
  return Number(timespec[0]) * 1e3 + Number(timespec[1]) / 1e6;
}
