/**
 * Speed and memory, side by side with Apache Kafka and mosquitto in one run: each round goes through every load on
 * every broker, so that a noisy minute hits all of them. Prints a table of medians with ratios, and writes JSON.
 *
 *     bun scripts/bench.ts [--rounds 3] [--only WORD] [--out FILE]
 *
 * What a machine lacks (Go, Java, mosquitto) is said and left out. HEADWATER_BIN measures a compiled binary.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { type Peer, startKafka, startMosquitto, startOurs } from "./bench/brokers.ts";
import { footprint } from "./bench/footprint.ts";
import { buildKbench, CACHE, LOADS, type Load, type Measurement } from "./bench/loads.ts";
import { renderTable } from "./bench/table.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
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
const kbenchMissing = buildKbench();
if (kbenchMissing !== null) console.error(`bench: ${kbenchMissing}`);
const loads = LOADS.filter(
  (load) => load.name.includes(values.only) && (load.peer !== "kafka" || kbenchMissing === null),
);
const rows = loads.map((load): Row => ({ load, ours: [], theirs: [] }));
const peers = await startPeers(new Set(loads.map((load) => load.peer)));
try {
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    for (const row of rows) await measure(row, peers, round === 0);
  }
} finally {
  for (const peer of peers.values()) await peer.stop();
}
const footprints = values.only === "" ? await footprint() : [];
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

/** Round 0 warms: a cold JVM costs five times more. It is not kept. */
async function measure(row: Row, peers: ReadonlyMap<string, Peer>, warming: boolean): Promise<void> {
  const theirs = peers.get(row.load.peer);
  // A fresh broker for each of our runs: none profits or suffers from what another load has left.
  const ours = await startOurs("headwater", row.load.ours === "memory" ? { "log.durability": "memory" } : {});
  try {
    console.error(`bench: ${warming ? "warming" : "measuring"}: ${row.load.name}`);
    row.load.run(ours);
    const own = row.load.run(ours);
    if (!warming) row.ours.push(own);
  } finally {
    await ours.stop();
  }
  if (theirs === undefined) return;
  const other = row.load.run(theirs);
  if (!warming) row.theirs.push(other);
}

async function startPeers(wanted: ReadonlySet<string>): Promise<Map<string, Peer>> {
  const peers = new Map<string, Peer>();
  for (const [name, start] of [["kafka", startKafka] as const, ["mosquitto", startMosquitto] as const]) {
    if (!wanted.has(name)) continue;
    const peer = await start();
    if (typeof peer === "string") console.error(`bench: without ${name}: ${peer}`);
    else peers.set(name, peer);
  }
  return peers;
}
