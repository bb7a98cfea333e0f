import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { realKafkaMissing, startRealKafka } from "../../test/support/kafka/real-kafka.ts";
import { createTopic, fill, TOPIC, VALUE_BYTES } from "./backlog.ts";
import { type Peer, startOurs } from "./brokers.ts";
import { cpuSeconds, residentMb } from "./procfs.ts";
import { mirrorMakerCatchUp, type PeerCatchUp } from "./uplink-peer.ts";

type Note = (name: string, value: number, unit: string, bound: number | null) => void;

const RECORDS = 1_000_000;
const KAFKA_CORE = "1";
const WARMING_RECORDS = 200_000;
const LOOK_MS = 200;
const SETTLE_MS = 1_500;
const TIMEOUT_MS = 120_000;
/** Of what MirrorMaker 2 takes, exactly once. */
const MOST_TIME = 1 / 3;
const MOST_CPU = 1 / 8;
const MOST_MB = 120;
const BACKLOG = "a backlog of 1 M x 100 B to Kafka, exactly once";

/** What carrying a backlog of a million records to an Apache Kafka takes, beside MirrorMaker 2, and what it does to ingest. */
export async function uplinkCatchUp(note: Note): Promise<void> {
  const missing = realKafkaMissing();
  if (missing !== null) {
    console.error(`bench: without a centre: ${missing}`);
    return;
  }
  const kafka = await startRealKafka({ forBenchmarks: true });
  spawnSync("taskset", ["-acp", KAFKA_CORE, String(kafka.nodes[0]?.pid)]);
  try {
    const peer = await mirrorMakerCatchUp(kafka.bootstrap, WARMING_RECORDS, RECORDS);
    if (typeof peer === "string") console.error(`bench: without MirrorMaker: ${peer}`);
    else notePeer(note, peer);
    await oursTo(kafka.bootstrap, typeof peer === "string" ? null : peer, note);
  } finally {
    await kafka.stop();
  }
}

function notePeer(note: Note, { seconds, cpuSeconds, mostMb }: PeerCatchUp): void {
  note(`${BACKLOG}, by MirrorMaker 2: time`, seconds, "s", null);
  note("the same: its CPU", cpuSeconds, "s", null);
  note("the same: its memory, at most", mostMb, "MB", null);
}

async function oursTo(centre: string, peer: PeerCatchUp | null, note: Note): Promise<void> {
  const ours = await startOurs("headwater", {
    "uplink.central.bootstrap": centre,
    "uplink.central.topics": TOPIC,
  });
  try {
    await createTopic(ours.kafka ?? "");
    await createTopic(centre);
    // Code that never ran is compiled as it runs: the first records cost several times as much.
    await storeBacklog(ours, WARMING_RECORDS);
    await catchUp(ours, WARMING_RECORDS);
    await storeBacklog(ours, RECORDS);
    const alone = await catchUp(ours, RECORDS);
    note(`${BACKLOG}: time`, alone.seconds, "s", peer && peer.seconds * MOST_TIME);
    note("the same: CPU", alone.cpuSeconds, "s", peer && peer.cpuSeconds * MOST_CPU);
    note("the same: resident, at most", alone.mostMb, "MB", MOST_MB);
    note("the same: sent for a record", alone.wireBytes / RECORDS, "B", null);
    await storeBacklog(ours, RECORDS);
    const before = await ingestP99Ms(ours);
    const [during, busy] = await Promise.all([ingestP99Ms(ours), catchUp(ours, RECORDS)]);
    note("p99 of PUBACKs, nothing going up", before, "ms", null);
    note("p99 of PUBACKs while a backlog goes up", during, "ms", 2 * before);
    note("the same backlog meanwhile: time", busy.seconds, "s", null);
  } finally {
    await ours.stop();
  }
}

interface CatchUp {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly mostMb: number;
  readonly wireBytes: number;
}

type Gateway = Peer & { readonly headwater: { readonly http: string } };

async function storeBacklog(ours: Gateway, records: number): Promise<void> {
  await control(ours.headwater.http, "pause");
  await fill(ours.kafka ?? "", records);
  await Bun.sleep(SETTLE_MS);
}

async function catchUp(ours: Gateway, records: number): Promise<CatchUp> {
  const { http } = ours.headwater;
  const before = await uplinkOf(http);
  const [startMs, startCpu] = [performance.now(), cpuSeconds(ours.pid)];
  await control(http, "resume");
  let mostMb = 0;
  for (;;) {
    await Bun.sleep(LOOK_MS);
    mostMb = Math.max(mostMb, residentMb(ours.pid));
    const now = await uplinkOf(http);
    if (now.forwardedRecords - before.forwardedRecords >= records) {
      const seconds = (performance.now() - startMs) / 1000;
      const wireBytes = now.link.sentBytes - before.link.sentBytes;
      return { seconds, cpuSeconds: cpuSeconds(ours.pid) - startCpu, mostMb, wireBytes };
    }
    if (performance.now() - startMs > TIMEOUT_MS) throw new Error(`not caught up: ${JSON.stringify(now)}`);
  }
}

interface UplinkAnswer {
  readonly forwardedRecords: number;
  readonly link: { readonly sentBytes: number };
}

async function uplinkOf(http: string): Promise<UplinkAnswer> {
  const answer = (await (await fetch(`http://${http}/api/status`)).json()) as { uplinks: UplinkAnswer[] };
  const [uplink] = answer.uplinks;
  if (uplink === undefined) throw new Error("the gateway has no uplink");
  return uplink;
}

async function control(http: string, action: "pause" | "resume"): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`http://${http}/api/uplinks/central/${action}`, { method: "POST", headers });
  if (!response.ok) throw new Error(`${action}: ${await response.text()}`);
}

/** Of publishes of QoS 1, by as many clients, for about as long as the backlog takes. */
async function ingestP99Ms(ours: Peer): Promise<number> {
  const load = [String(ours.mqttPort), "20", "1", "15000", "1", String(VALUE_BYTES)];
  const script = join(import.meta.dirname, "mqtt-load.ts");
  const child = Bun.spawn(["taskset", "-c", KAFKA_CORE, process.execPath, script, "publish", ...load], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return (JSON.parse(await new Response(child.stdout).text()) as { p99Ms: number }).p99Ms;
}
