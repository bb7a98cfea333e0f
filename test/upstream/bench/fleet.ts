/**
 * One centre of ours under the uplinks of many gateways: what it takes of CPU and memory at a rate, whether it keeps up,
 * and whether every record is there once afterwards, in its device's order.
 *
 *   HEADWATER_BIN=dist/headwater-linux-x64 bun test/upstream/bench/fleet.ts
 *   ... --gateways 100 --rate 20000 --seconds 20 --partitions 12 --linger 25 --restart
 *
 * Uplinks run in this process, whose own CPU is no part of the figures. `--restart` kills the centre in the middle.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startHeadwater } from "../../support/headwater.ts";
import { Fleet } from "../fleet.ts";

const WARM_UP_MS = 4_000;
const TICK_MS = 50;
/** Of /proc/PID/stat, on every Linux that this runs on. */
const TICKS_PER_S = 100;

const { values } = parseArgs({
  options: {
    gateways: { type: "string", default: "100" },
    devices: { type: "string", default: "10" },
    rate: { type: "string", default: "20000" },
    seconds: { type: "string", default: "20" },
    partitions: { type: "string", default: "12" },
    linger: { type: "string" },
    restart: { type: "boolean", default: false },
  },
});
const [gateways, rate, seconds] = [Number(values.gateways), Number(values.rate), Number(values.seconds)];

const centre = await startHeadwater({ settings: { "num.partitions": values.partitions } });
const fleet = new Fleet({
  centre: centre.kafka,
  gateways,
  devicesPerGateway: Number(values.devices),
  partitionsPerGateway: 2,
  topic: "telemetry",
  ...(values.linger === undefined ? {} : { limits: { lingerMs: Number(values.linger) } }),
});
fleet.start();

const startMs = performance.now();
let owed = 0;
let lastMs = startMs;
async function feedFor(durationMs: number): Promise<void> {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs) {
    await Bun.sleep(TICK_MS);
    const nowMs = performance.now();
    owed += ((nowMs - lastMs) * rate) / 1_000;
    lastMs = nowMs;
    const whole = Math.floor(owed / gateways) * gateways;
    fleet.feed(whole);
    owed -= whole;
  }
}

await feedFor(WARM_UP_MS);
const before = sample();
if (values.restart) {
  await feedFor((seconds * 1_000) / 2);
  await Promise.all([centre.kill().then(() => centre.restart()), feedFor(1_000)]);
  await feedFor((seconds * 1_000) / 2);
} else await feedFor(seconds * 1_000);
const after = sample();
const lag = fleet.fed - fleet.forwarded;
await fleet.caughtUp(120_000);
const caughtUpMs = performance.now() - after.atMs;
const faults = await fleet.faults();

/** A killed process takes its counts with it. */
const cpuS = values.restart ? Number.NaN : after.cpuS - before.cpuS;
const elapsedS = (after.atMs - before.atMs) / 1_000;
const records = after.forwarded - before.forwarded;
console.log(
  JSON.stringify(
    {
      gateways,
      recordsPerSecond: Math.round(records / elapsedS),
      transactionsPerSecond: Math.round((after.transactions - before.transactions) / elapsedS),
      recordsPerTransaction: Math.round((10 * records) / (after.transactions - before.transactions)) / 10,
      centreCpuShare: Math.round((100 * cpuS) / elapsedS) / 100,
      centreCpuSecondsPerMillion: Math.round((cpuS / records) * 1e8) / 100,
      centreRssMiB: after.rssMiB,
      centreOwnMiB: after.ownMiB,
      uplinksCpuShare: Math.round((100 * (after.ownCpuS - before.ownCpuS)) / elapsedS) / 100,
      lagAtEndRecords: lag,
      caughtUpAfterMs: Math.round(caughtUpMs),
      fed: fleet.fed,
      faults,
      troubles: fleet.troubles(),
    },
    null,
    2,
  ),
);
await fleet.stop();
await centre.dispose();
process.exit(faults.length === 0 ? 0 : 1);

interface Sample {
  readonly atMs: number;
  readonly forwarded: number;
  readonly transactions: number;
  readonly cpuS: number;
  /** Of which its own, not pages of the log that the system may take back. */
  readonly ownMiB: number;
  readonly rssMiB: number;
  readonly ownCpuS: number;
}

function sample(): Sample {
  // The name in brackets may hold spaces; behind it the 12th and 13th are user and system time.
  const stat = readFileSync(`/proc/${centre.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const status = readFileSync(`/proc/${centre.pid}/status`, "utf8");
  const rss = /VmRSS:\s+(\d+)/.exec(status);
  const own = process.cpuUsage();
  return {
    atMs: performance.now(),
    forwarded: fleet.forwarded,
    transactions: fleet.transactions,
    cpuS: (Number(stat[11]) + Number(stat[12])) / TICKS_PER_S,
    ownMiB: Math.round(Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024),
    rssMiB: Math.round(Number(rss?.[1] ?? 0) / 1024),
    ownCpuS: (own.user + own.system) / 1e6,
  };
}
