import { dlopen } from "bun:ffi";
import { existsSync } from "node:fs";
import type { ClockState } from "./system-checks.ts";

/** `struct timex` of 64-bit Linux (adjtimex(2)): 208 bytes, `esterror` at 32, `status` at 40. */
const TIMEX_BYTES = 208;
const ESTIMATED_ERROR_OFFSET = 32;
/** Return value: the clock is not synchronised. */
const TIME_ERROR = 5;

/** Asks the kernel how good its clock is. */
export function readClockState(nowMs: number): ClockState {
  const hasRtc = existsSync("/sys/class/rtc/rtc0");
  const timex = new Uint8Array(TIMEX_BYTES);
  const state = adjtimex(timex);
  if (state < 0) return { nowMs, synchronised: null, estimatedErrorMs: null, hasRtc };
  const estimatedErrorUs = Number(new DataView(timex.buffer).getBigInt64(ESTIMATED_ERROR_OFFSET, true));
  return { nowMs, synchronised: state !== TIME_ERROR, estimatedErrorMs: estimatedErrorUs / 1000, hasRtc };
}

/** Reads only: `modes`, the first field, is 0. Negative where a sandbox forbids it. */
function adjtimex(timex: Uint8Array): number {
  try {
    const library = dlopen("libc.so.6", { adjtimex: { args: ["ptr"], returns: "i32" } });
    const state = library.symbols.adjtimex(timex);
    library.close();
    return state;
  } catch {
    return -1;
  }
}
