import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseAddress } from "../../src/config/address.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { produce } from "../../src/kafka/client/produce.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { realKafkaMissing, startRealKafka } from "../../test/support/kafka/real-kafka.ts";
import { type Peer, startOurs } from "./brokers.ts";
import { cpuSeconds, residentMb } from "./procfs.ts";

type Note = (name: string, value: number, unit: string, bound: number | null) => void;

const TOPIC = "readings";
const RECORDS = 1_000_000;
const VALUE_BYTES = 100;
const PARTITIONS = 4;
const DEVICES = 1_000;
const BATCH_RECORDS = 1_000;
const KAFKA_CORE = "1";
const WARMING_RECORDS = 200_000;
const LOOK_MS = 200;
const SETTLE_MS = 1_500;
const TIMEOUT_MS = 120_000;
/** Three times what MirrorMaker 2 does exactly once, of the same records on the same kind of machine, and an eighth of its CPU. */
const MOST_SECONDS = 11.9;
const MOST_CPU_SECONDS = 2.7;
const MOST_MB = 120;

/** What carrying a backlog of a million records to an Apache Kafka takes, and what it does to ingest. */
export async function uplinkCatchUp(note: Note): Promise<void> {
  const missing = realKafkaMissing();
  if (missing !== null) {
    console.error(`bench: without a centre: ${missing}`);
    return;
  }
  const kafka = await startRealKafka({ forBenchmarks: true });
  spawnSync("taskset", ["-acp", KAFKA_CORE, String(kafka.nodes[0]?.pid)]);
  const ours = await startOurs("headwater", {
    "uplink.central.bootstrap": kafka.bootstrap,
    "uplink.central.topics": TOPIC,
  });
  try {
    await createTopic(ours.kafka ?? "");
    await createTopic(kafka.bootstrap);
    // Code that never ran is compiled as it runs: the first records cost several times as much.
    await storeBacklog(ours, WARMING_RECORDS);
    await catchUp(ours, WARMING_RECORDS);
    await storeBacklog(ours, RECORDS);
    const alone = await catchUp(ours, RECORDS);
    note("a backlog of 1 M x 100 B to Kafka, exactly once: time", alone.seconds, "s", MOST_SECONDS);
    note("the same: CPU", alone.cpuSeconds, "s", MOST_CPU_SECONDS);
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
    await kafka.stop();
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

function clusterAt(bootstrap: string): KafkaCluster {
  const address = parseAddress(bootstrap, "127.0.0.1");
  if (typeof address === "string") throw new Error(address);
  const clock = new SystemClock();
  const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
  return new KafkaCluster(seams, clusterOptions([address]));
}

async function createTopic(bootstrap: string): Promise<void> {
  const cluster = clusterAt(bootstrap);
  const topic = { name: TOPIC, partitions: PARTITIONS, replicationFactor: 1 };
  const { error } = await new KafkaAdmin(cluster).createTopic(topic);
  cluster.close();
  if (error !== 0) throw new Error(`creating ${TOPIC} at ${bootstrap}: Kafka error ${error}`);
}

/** Readings of a thousand devices, 100 bytes of JSON each, by partition of the key's device. */
async function fill(bootstrap: string, records: number): Promise<void> {
  const cluster = clusterAt(bootstrap);
  await cluster.refresh([TOPIC]);
  const builder = new BatchBuilder();
  const encoder = new TextEncoder();
  const options = { transactionalId: null, transactionProtocol: 2, timeoutMs: 30_000 } as const;
  for (let done = 0; done < records; done += BATCH_RECORDS) {
    const partition = (done / BATCH_RECORDS) % PARTITIONS;
    for (let index = 0; index < BATCH_RECORDS; index += 1) {
      const number = done + index;
      const device = (number * PARTITIONS + partition) % DEVICES;
      builder.append(
        Date.now(),
        encoder.encode(`device-${device}`),
        encoder.encode(reading(number, device)),
        null,
      );
    }
    const batch = builder.build();
    builder.reset();
    const leader = cluster.leaderOf(TOPIC, partition);
    if (leader === null) throw new Error("the topic has no leader");
    const [outcome] = await produce(cluster, leader, [{ topic: TOPIC, partition, batch }], options);
    if (outcome?.kind !== "answered" || outcome.error !== 0) throw new Error(JSON.stringify(outcome));
  }
  cluster.close();
}

function reading(number: number, device: number): string {
  const value = (Math.imul(number, 2_654_435_761) >>> 0) / 1_000_000;
  const text = `{"device":"device-${device}","sequence":${number},"temperature":${value.toFixed(3)},"unit":"C"`;
  return `${text},"note":"${"x".repeat(Math.max(0, VALUE_BYTES - text.length - 11))}"}`;
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
