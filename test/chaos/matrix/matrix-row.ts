import type { Expectation } from "../../../devices/simulator/ledger.ts";
import type { Reading } from "../../../devices/simulator/reading.ts";
import { TopicReader } from "../../../devices/simulator/topic-reader.ts";
import { type Verdict, Verifier } from "../../../devices/simulator/verify.ts";
import { HttpDoor } from "../../../src/cli/http/door.ts";
import { fetchStatus } from "../../../src/cli/http/requests.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { type Headwater, headwaterCommand, startHeadwater } from "../../support/headwater.ts";
import { type FleetFigures, FleetProcess } from "../support/fleet-process.ts";
import { type CentralCluster, GATEWAY_PASSWORD, GATEWAY_USER } from "./central-cluster.ts";
import { type CentralFault, TOPIC, UPLINK } from "./central-faults.ts";
import { CutDisk } from "./cut-disk.ts";
import type { GatewayBlow } from "./gateway-blows.ts";

/** One combination, and how it came out. */
export interface Cell {
  readonly name: string;
  readonly fleet: FleetFigures;
  /** What the devices' own books say of the centre's topic. */
  readonly verdict: Verdict;
  /** What `headwater merge-check` ends with: 0, or 1 where what is missing is in the ledger. */
  readonly mergeCheck: number;
  readonly mergeText: string;
  /** What the gateway printed. */
  readonly log: string;
}

const DEVICES = 6;
const RATE_HZ = 10;
const READINGS = 120;
const CALM_MS = 1_500;
const ARRIVAL_MS = 90_000;
/** The uplink has said that all is there by then: only markers of transactions may still be on their way. */
const SETTLE_MS = 8_000;
const LOOK_MS = 250;

interface Column {
  readonly id: string;
  readonly blow: GatewayBlow;
  readonly random: SeededRandom;
  readonly disk: CutDisk | null;
  readonly gateway: Headwater;
  readonly fleet: FleetProcess;
}

/**
 * One fault of the centre under several gateways at once, each with a blow of its own: devices send all the while, then
 * all is healed, the gateways forward what is left, and the centre is held against the devices' books.
 */
export async function runRow(
  cluster: CentralCluster,
  fault: CentralFault,
  blows: readonly GatewayBlow[],
  seed: number,
): Promise<readonly Cell[]> {
  const random = new SeededRandom(seed);
  const columns = await Promise.all(blows.map((blow) => openColumn(cluster, fault, blow, random.fork())));
  let failed = true;
  try {
    const readBefore: Reading[] = [];
    const gateways = columns.map(({ id, gateway }) => ({ id, gateway }));
    const scene = { cluster, random, gateways, readBefore };
    await Bun.sleep(CALM_MS);
    await fault.strike(scene);
    const struckMs = performance.now();
    await Promise.all(columns.map(({ blow, gateway, random: own, disk }) => blow.strike(gateway, own, disk)));
    await Bun.sleep(Math.max(0, fault.lastsMs - (performance.now() - struckMs)));
    await fault.heal(scene);
    const cells: Cell[] = [];
    for (const column of columns) cells.push(await judge(cluster, column, readBefore));
    failed = cells.some(({ verdict }) => faultsIn(verdict) > 0);
    return cells;
  } finally {
    await Promise.all(
      columns.map(async ({ gateway, fleet, disk }) => {
        await fleet.dispose();
        await gateway.dispose(failed);
        await disk?.remove();
      }),
    );
  }
}

/** Readings that are not at the centre as they should be. */
function faultsIn({ missing, repeated, outOfOrder, strange }: Verdict): number {
  return missing + repeated + outOfOrder + strange;
}

async function openColumn(
  cluster: CentralCluster,
  fault: CentralFault,
  blow: GatewayBlow,
  random: SeededRandom,
): Promise<Column> {
  const id = `${fault.name}.${blow.name}`;
  const disk = blow.onCutDisk === true ? await CutDisk.open() : null;
  const gateway = await startHeadwater({
    ...(disk === null ? {} : { dataFolder: disk.dataFolder }),
    ...(blow.command === undefined ? {} : { command: blow.command }),
    ...(blow.environment === undefined ? {} : { environment: blow.environment }),
    settings: {
      "gateway.id": id,
      "num.partitions": "3",
      "clock.trust": "always",
      ...blow.settings,
      [`uplink.${UPLINK}.bootstrap`]: cluster.bootstrap,
      [`uplink.${UPLINK}.security.protocol`]: "SASL_SSL",
      [`uplink.${UPLINK}.sasl.mechanism`]: "PLAIN",
      [`uplink.${UPLINK}.sasl.username`]: GATEWAY_USER,
      [`uplink.${UPLINK}.sasl.password`]: GATEWAY_PASSWORD,
      [`uplink.${UPLINK}.ssl.ca`]: cluster.authorityFile,
      [`uplink.${UPLINK}.retry.backoff.max.ms`]: "1s",
      [`uplink.${UPLINK}.slow.start.ms`]: "0s",
      [`uplink.${UPLINK}.transaction.timeout.ms`]: "5s",
    },
  });
  const plan = { devices: DEVICES, rateHz: RATE_HZ, readings: READINGS, prefix: `${id}-` };
  const fleet = new FleetProcess({ ...plan, mqtt: gateway.mqtt, seed: random.below(1_000_000) });
  // Whoever waits for it is told; one that is ended because another thing failed is not the failure to report.
  fleet.finished().catch(() => {});
  return { id, blow, random, disk, gateway, fleet };
}

async function judge(cluster: CentralCluster, column: Column, readBefore: readonly Reading[]): Promise<Cell> {
  const { id, blow, gateway } = column;
  const fleet = await column.fleet.finished();
  await caughtUp(gateway);
  const verdict = await hold(cluster, column.fleet.ledger(), readBefore);
  const { code, text } = await mergeCheck(cluster, gateway, blow.ignoreTimes === true);
  return { name: id, fleet, verdict, mergeCheck: code, mergeText: text, log: gateway.log() };
}

async function caughtUp(gateway: Headwater): Promise<void> {
  const deadline = performance.now() + ARRIVAL_MS;
  for (;;) {
    const uplink = (await fetchStatus(new HttpDoor(`http://${gateway.http}`))).uplinks[0];
    if (uplink?.state === "idle" && uplink.lagRecords === 0) return;
    if (performance.now() > deadline) throw new Error(`not caught up: ${JSON.stringify(uplink)}`);
    await Bun.sleep(LOOK_MS);
  }
}

/**
 * Holds the centre's topic against the devices' books. Positions go with a topic that is deleted: its readings may come
 * again to the one that is made in its place, and nothing may be in neither of the two.
 */
async function hold(
  cluster: CentralCluster,
  expected: ReadonlyMap<string, Expectation>,
  readBefore: readonly Reading[],
): Promise<Verdict> {
  const present = new Verifier(expected);
  const ever = new Verifier(expected);
  for (const reading of readBefore) if (expected.has(reading.device)) ever.add(reading, "the deleted topic");
  const bootstrap = cluster.kafka.nodes.map(({ host, port }) => ({ host, port }));
  const reader = await TopicReader.open({
    bootstrap,
    topic: TOPIC,
    isolation: "read_committed",
    stallMs: 30_000,
  });
  const deadline = performance.now() + SETTLE_MS;
  try {
    for (;;) {
      await reader.readToEnd((reading, partition, offset) => {
        if (!expected.has(reading.device)) return;
        for (const verifier of [present, ever])
          verifier.add(reading, `${TOPIC}-${partition} offset ${offset}`);
      });
      const { missing } = ever.verdict();
      const verdict = readBefore.length === 0 ? present.verdict() : { ...present.verdict(), missing };
      if (verdict.missing === 0 || performance.now() > deadline) return verdict;
      await Bun.sleep(LOOK_MS);
    }
  } finally {
    reader.close();
  }
}

/** The command of that name, as an operator runs it. */
async function mergeCheck(
  cluster: CentralCluster,
  gateway: Headwater,
  ignoreTimes: boolean,
): Promise<{ readonly code: number; readonly text: string }> {
  const words = ["merge-check", "-g", gateway.kafka, "-b", cluster.kafka.bootstrap, "-t", TOPIC];
  const child = Bun.spawn([...headwaterCommand(), ...words, ...(ignoreTimes ? ["--ignore-times"] : [])], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, text: out + errors };
}
