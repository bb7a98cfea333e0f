/**
 * Fuzzes the MQTT door in memory and prints what it saw:
 *
 *     bun test/mqtt/fuzz/main.ts [--packets 10000000] [--seed 1]
 *
 * It fails where the door throws, where a bystander is not served, where one go takes longer than a second, or where
 * memory grows between the first tenth and the end. The seed tells it again.
 */
import { parseArgs } from "node:util";
import { Fuzzer } from "./fuzzer.ts";

const { values } = parseArgs({
  options: { packets: { type: "string", default: "10000000" }, seed: { type: "string", default: "1" } },
});
const PARTS = 10;
const MAX_GROWTH_MB = 24;
const MAX_SLOW_MS = 1_000;

const fuzzer = new Fuzzer(Number(values.seed));
const startedMs = performance.now();
const samples: { heapMb: number; residentMb: number }[] = [];
for (let part = 0; part < PARTS; part++) {
  fuzzer.run(Number(values.packets) / PARTS);
  Bun.gc(true);
  const { heapUsed, rss } = process.memoryUsage();
  samples.push({ heapMb: Math.round(heapUsed / 2 ** 20), residentMb: Math.round(rss / 2 ** 20) });
  const { packets, connections } = fuzzer.figures;
  console.error(`${packets} packets, ${connections} connections, ${JSON.stringify(samples.at(-1))}`);
}
const left = fuzzer.end();
const figures = { ...fuzzer.figures, seconds: Math.round((performance.now() - startedMs) / 1000) };
console.log(
  JSON.stringify({
    ...figures,
    heapMb: samples.map(({ heapMb }) => heapMb),
    residentMb: samples.map(({ residentMb }) => residentMb),
  }),
);
const [first, last] = [samples[0], samples.at(-1)];
const grewMb = (last?.heapMb ?? 0) - (first?.heapMb ?? 0);
const faults = [
  grewMb > MAX_GROWTH_MB ? `the heap grew by ${grewMb} MB` : "",
  figures.slowestMs > MAX_SLOW_MS ? `one go took ${figures.slowestMs} ms` : "",
  left.connections === 1 ? "" : `${left.connections} connections are left`,
].filter((fault) => fault !== "");
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);
