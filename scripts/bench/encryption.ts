/**
 * What encryption of the data folder costs: one gateway with it and one without, the same loads on both in turn, so that a
 * noisy minute hits both. Prints medians and their ratios.
 *
 *     bun scripts/bench/encryption.ts [--rounds 5] [--warming 1] [--only WORD]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startOurs } from "./brokers.ts";
import { buildKbench, LOADS, type Measurement } from "./loads.ts";

const NAMES = [
  "produce 100 B, 64 KiB batches, durable",
  "produce 100 B, 16 KiB batches, 5 in flight, durable",
  "200 connections, one record a request, durable",
  "fetch 100 B",
  "fetch 1 KiB",
];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    warming: { type: "string", default: "1" },
    only: { type: "string", default: "" },
  },
});

const missing = buildKbench();
if (missing !== null) throw new Error(missing);
const folder = mkdtempSync(join(tmpdir(), "headwater-bench-"));
const keyFile = join(folder, "key");
writeFileSync(keyFile, crypto.getRandomValues(new Uint8Array(32)));
const plain = await startOurs("plain");
const sealed = await startOurs("encrypted", { "storage.encryption.key.file": keyFile });
try {
  for (const load of LOADS.filter(({ name }) => NAMES.includes(name) && name.includes(values.only))) {
    const results: Record<string, Measurement[]> = { plain: [], encrypted: [] };
    for (let round = -Number(values.warming); round < Number(values.rounds); round++) {
      const peers = round % 2 === 0 ? [plain, sealed] : [sealed, plain];
      for (const peer of peers) {
        const measurement = load.run(peer);
        if (round >= 0) results[peer.name]?.push(measurement);
      }
    }
    console.log(load.name);
    for (const figure of ["cpuUs", "perSecond", "residentMb"] as const) {
      const [without, with_] = ["plain", "encrypted"].map((name) =>
        median((results[name] ?? []).map((measurement) => measurement[figure])),
      );
      if (without === undefined || with_ === undefined) continue;
      const ratio = (with_ / without).toFixed(2);
      console.log(`  ${figure.padEnd(10)} ${without.toFixed(2)} -> ${with_.toFixed(2)}  (${ratio})`);
    }
  }
} finally {
  await Promise.all([plain.stop(), sealed.stop()]);
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}
