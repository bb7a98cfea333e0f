/**
 * Headwater whose wall clock is set by hand while it runs, started as `headwater` is: each SIGUSR2 sets it to the next of
 * these differences from the machine's. What the machine counts since it was started goes on evenly.
 */
import { SystemMachineTime } from "../../../src/io/bun/machine-time.ts";

const MINUTE_MS = 60_000;
/** Forward and back, by less than the hour that a central broker takes a timestamp of the future for. */
const DIFFERENCES_MS: readonly number[] = [30 * MINUTE_MS, -2 * MINUTE_MS, 0];

let steps = 0;
let differenceMs = 0;
const nowMs = Date.now.bind(Date);
Date.now = () => nowMs() + differenceMs;
const read = SystemMachineTime.prototype.read;
SystemMachineTime.prototype.read = function () {
  const { bootMs, wallMs } = read.call(this);
  return { bootMs, wallMs: wallMs + differenceMs };
};
process.on("SIGUSR2", () => {
  differenceMs = DIFFERENCES_MS[steps % DIFFERENCES_MS.length] ?? 0;
  steps += 1;
  console.error(`the wall clock is ${differenceMs} ms off now`);
});
await import("../../../src/main.ts");
