/**
 * Speed and memory, side by side with Apache Kafka and mosquitto in one run: each round goes through every load on
 * every broker, so that a noisy minute hits all of them. Prints a table of medians with ratios, and writes JSON.
 *
 *     bun scripts/bench.ts [--rounds 3] [--warming 2] [--only WORD] [--out FILE]
 *
 * `--only` takes the rows whose names hold the word, those of one broker alone, too. What a machine lacks (Go, Java,
 * mosquitto, rumqttd) is said and left out. HEADWATER_BIN measures a compiled binary.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { type Peer, startKafka, startMosquitto, startOurs, startRumqttd } from "./bench/brokers.ts";
import { footprint } from "./bench/footprint.ts";
import { buildKbench, CACHE, LOADS, type Load, type Measurement } from "./bench/loads.ts";
import { renderTable } from "./bench/table.ts";

/**
 * Rounds that are not kept, by default. A cold JVM costs five times more, and ours is compiled as it runs, too: after one
 * round both still spend a third of a run's CPU on their compilers.
 */
const WARMING_ROUNDS = "2";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    warming: { type: "string", default: WARMING_ROUNDS },
    only: { type: "string", default: "" },
    out: { type: "string", default: `${CACHE}/bench.json` },
  },
});

export interface Row {
  readonly load: Load;
  readonly ours: Measurement[];
  readonly theirs: Measurement[];
}

mkdirSync(CACHE, { recursive: true });
const needsKbench = LOADS.some(({ name, peer }) => peer === "kafka" && name.includes(values.only));
const kbenchMissing = needsKbench || values.only === "" ? buildKbench() : null;
if (kbenchMissing !== null) console.error(`bench: ${kbenchMissing}`);
const loads = LOADS.filter(
  (load) => load.name.includes(values.only) && (load.peer !== "kafka" || kbenchMissing === null),
);
const rows = loads.map((load): Row => ({ load, ours: [], theirs: [] }));
const peers = await startPeers(loads);
try {
  for (
    let round = rows.length === 0 ? Number(values.rounds) : -Number(values.warming);
    round < Number(values.rounds);
    round += 1
  ) {
    for (const row of rows) measure(row, round < 0);
  }
} finally {
  for (const peer of peers.values()) await peer.stop();
}
const footprints = await footprint(values.only);
console.log(renderTable(rows, footprints));
mkdirSync(dirname(values.out), { recursive: true });
const results = rows.map(({ load, ours, theirs }) => ({
  name: load.name,
  target: load.target,
  ours,
  theirs,
}));
writeFileSync(values.out, `${JSON.stringify({ results, footprints }, null, 2)}\n`);
console.error(`bench: written to ${values.out}`);
process.exit(0);

function measure({ load, ours, theirs }: Row, warming: boolean): void {
  console.error(`bench: ${warming ? "warming" : "measuring"}: ${load.name}`);
  for (const [peer, measurements] of [[load.ours, ours] as const, [load.peer, theirs] as const]) {
    const broker = peers.get(peer);
    if (broker === undefined) continue;
    const measurement = load.run(broker);
    if (!warming) measurements.push(measurement);
  }
}

/** Every broker that some load needs, by name; "durable" and "memory" are ours. */
async function startPeers(loads: readonly Load[]): Promise<ReadonlyMap<string, Peer>> {
  const starts = {
    durable: () => startOurs("headwater"),
    memory: () => startOurs("headwater", { "log.durability": "memory" }),
    kafka: startKafka,
    mosquitto: startMosquitto,
    rumqttd: startRumqttd,
  };
  const started = new Map<string, Peer>();
  for (const name of new Set(loads.flatMap((load) => [load.ours, load.peer]))) {
    const peer = await starts[name]();
    if (typeof peer === "string") console.error(`bench: without ${name}: ${peer}`);
    else started.set(name, peer);
  }
  return started;
}
