/**
 * Fuzzes the MQTT door in memory and prints what it saw:
 *
 *     bun test/mqtt/fuzz/main.ts [--packets 10000000] [--seed 1]
 *
 * It fails where the door throws, where a bystander is not served, where one go takes longer than two seconds, or where
 * memory grows between the first tenth and the end. The seed tells it again.
 */
import { parseArgs } from "node:util";
import { Fuzzer } from "./fuzzer.ts";

const { values } = parseArgs({
  options: { packets: { type: "string", default: "10000000" }, seed: { type: "string", default: "1" } },
});
const PARTS = 10;
const MAX_GROWTH_MB = 24;
const MAX_SLOW_MS = 2_000;

/** Sessions that outlive their connections make a packet five times as dear: they get a tenth of them. */
const DURABLE_SHARE = 0.1;

const all = Number(values.packets);
const faults = [
  ...fuzz("durable sessions", all * DURABLE_SHARE, true),
  ...fuzz("no durable sessions", all * (1 - DURABLE_SHARE), false),
];
for (const fault of faults) console.error(fault);
process.exit(faults.length === 0 ? 0 : 1);

function fuzz(what: string, packets: number, durable: boolean): readonly string[] {
  const fuzzer = new Fuzzer(Number(values.seed), durable);
  const startedMs = performance.now();
  const heapMb: number[] = [];
  const residentMb: number[] = [];
  for (let part = 0; part < PARTS; part++) {
    fuzzer.run(packets / PARTS);
    Bun.gc(true);
    const { heapUsed, rss } = process.memoryUsage();
    heapMb.push(Math.round(heapUsed / 2 ** 20));
    residentMb.push(Math.round(rss / 2 ** 20));
  }
  const left = fuzzer.end();
  const figures = { ...fuzzer.figures, seconds: Math.round((performance.now() - startedMs) / 1000) };
  console.log(JSON.stringify({ what, ...figures, heapMb, residentMb }));
  const grewMb = (heapMb.at(-1) ?? 0) - (heapMb[0] ?? 0);
  return [
    grewMb > MAX_GROWTH_MB ? `${what}: the heap grew by ${grewMb} MB` : "",
    figures.slowestMs > MAX_SLOW_MS ? `${what}: one go took ${figures.slowestMs} ms` : "",
    left.connections === 1 ? "" : `${what}: ${left.connections} connections are left`,
  ].filter((fault) => fault !== "");
}
