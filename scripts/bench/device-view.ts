/**
 * One device of many: how long its history takes to read by its view, in all partitions, beside reading the partition
 * that it lies in, by our own client and, where Go is there, by franz-go; and how many bytes that costs on the wire and of
 * the disk, beside what the records themselves take in a log. Writes the records first, in batches of a fleet's producer (`--batch`
 * records of all devices each; 1 to 8 as gateways get them over MQTT), and waits until all segments but the last are
 * indexed.
 *
 *     bun scripts/bench/device-view.ts [--records 5000000] [--devices 10000] [--partitions 4] [--batch 150]
 *                                      [--disk mapped|plain] [--compression none|zstd] [--segment 16777216]
 *
 * With `--disk plain` what the broker asks of the disk is counted by the system (`rchar`); mappings are not. A record of a
 * compressed batch costs all of the batch: it is the unit of the codec and of the sum.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { fetchFrom } from "../../src/kafka/client/fetch.ts";
import { produce } from "../../src/kafka/client/produce.ts";
import { BATCH_HEADER_BYTES, batchNextOffset, batchSizeBytes } from "../../src/records/batch.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { murmur2 } from "../../src/records/murmur2.ts";
import { RecordCursor } from "../../src/records/reader.ts";
import { MeteredNetwork } from "../../src/upstream/link/metered-network.ts";
import { WireMeter } from "../../src/upstream/link/wire-meter.ts";
import { startHeadwater } from "../../test/support/headwater.ts";
import { buildKbench, consumed } from "./loads.ts";

const TOPIC = "telemetry";
const ASKED = 100;
/** Other devices, asked for before: a broker that has just started compiles its code as it goes. */
const WARM = 150;
/** After it all segments are sealed, whatever is in them. */
const SEAL_MS = 15_000;
const FETCH = {
  isolation: "read_committed",
  maxWaitMs: 500,
  minBytes: 1,
  maxBytes: 8 * 1024 * 1024,
  partitionMaxBytes: 1024 * 1024,
} as const;

const { values } = parseArgs({
  options: {
    records: { type: "string", default: "5000000" },
    devices: { type: "string", default: "10000" },
    partitions: { type: "string", default: "4" },
    batch: { type: "string", default: "150" },
    disk: { type: "string", default: "mapped" },
    compression: { type: "string", default: "none" },
    segment: { type: "string", default: "16777216" },
  },
});
const records = Number(values.records);
const devices = Number(values.devices);
const partitions = Number(values.partitions);
const perBatch = Number(values.batch);
const encoder = new TextEncoder();
const keys = Array.from({ length: devices }, (_, device) =>
  encoder.encode(`device-${String(device).padStart(6, "0")}`),
);

const broker = await startHeadwater({ settings: { "disk.implementation": values.disk } });
const clock = new SystemClock();
const meter = new WireMeter();
const network = new MeteredNetwork(new SystemNetwork(clock), clock, meter);
const cluster = new KafkaCluster({ clock, network, random: new SystemRandom() }, clusterOptions([leader()]));
try {
  const configs = { "segment.bytes": values.segment, "segment.ms": String(SEAL_MS) };
  await new KafkaAdmin(cluster).createTopic({ name: TOPIC, partitions, replicationFactor: 1, configs });
  await cluster.refresh([TOPIC]);
  await write();
  await Bun.sleep(SEAL_MS);
  await indexed();
  await measure();
} finally {
  cluster.close();
  await broker.dispose();
}
process.exit(0);

function leader() {
  const [host = "", port = "0"] = broker.kafka.split(":");
  return { host, port: Number(port) };
}

/** Devices at random, each in the partition of its key, as a fleet behind a producer comes. */
async function write(): Promise<void> {
  const started = performance.now();
  const builders = Array.from({ length: partitions }, () => new BatchBuilder(64 * 1024));
  const partitionOf = keys.map((key) => (murmur2(key) & 0x7fffffff) % partitions);
  const compression = values.compression === "zstd" ? 4 : 0;
  const options = { transactionalId: null, transactionProtocol: 1, timeoutMs: 10_000 } as const;
  const startMs = Date.now() - records;
  let flying: Promise<unknown>[] = [];
  let state = 7;
  for (let n = 0; n < records; n++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const device = (state >>> 8) % devices;
    const partition = partitionOf[device] ?? 0;
    const builder = builders[partition] as BatchBuilder;
    const value = encoder.encode(
      `{"time":${startMs + n},"temperature":${(state % 1000) / 10},"humidity":${(state >>> 20) / 100},"sequence":${n}}`,
    );
    builder.append(startMs + n, keys[device] ?? null, value, null);
    if (builder.count < perBatch) continue;
    const batch = builder.build({ compression });
    builder.reset();
    flying.push(produce(cluster, leader(), [{ topic: TOPIC, partition, batch }], options));
    if (flying.length >= 32) {
      await Promise.all(flying);
      flying = [];
    }
  }
  await Promise.all(flying);
  console.log(`written: ${records} records in ${seconds(started)}`);
}

async function indexed(): Promise<void> {
  const started = performance.now();
  for (;;) {
    const files = sizes();
    if (files.sealed === files.indexed) break;
    await Bun.sleep(500);
  }
  const { log, keys: bytes, sealed } = sizes();
  const share = ((100 * bytes) / log).toFixed(2);
  console.log(
    `indexed: ${sealed} segments in ${seconds(started)}; log ${mib(log)}, key indexes ${mib(bytes)}: ${share}%`,
  );
}

function sizes() {
  const found = { log: 0, keys: 0, sealed: 0, indexed: 0 };
  for (let partition = 0; partition < partitions; partition++) {
    const folder = join(broker.dataFolder, `${TOPIC}-${partition}`);
    const names = readdirSync(folder);
    const logs = names.filter((name) => name.endsWith(".log")).sort();
    for (const name of logs.slice(0, -1)) {
      found.log += statSync(join(folder, name)).size;
      found.sealed += 1;
      const index = name.replace(/log$/, "keys");
      if (!names.includes(index)) continue;
      found.keys += statSync(join(folder, index)).size;
      found.indexed += 1;
    }
  }
  return found;
}

async function measure(): Promise<void> {
  const wholes: Reading[] = [];
  for (let round = 0; round < 3; round++) wholes.push(await read(TOPIC, [0]));
  const wholeMs = median(wholes.map(({ ms }) => ms));
  const [whole] = wholes;
  console.log(
    `a partition: ${whole?.records} records, ${mib(whole?.wireBytes ?? 0)} in ${wholeMs.toFixed(0)} ms, the middle of three`,
  );
  const franzMs = byFranzGo(whole?.records ?? 0);
  const names = Array.from(
    { length: ASKED + WARM },
    (_, n) => `${TOPIC}/device-${String((n * 37) % devices).padStart(6, "0")}`,
  );
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  for (const name of names.slice(0, WARM)) await read(name, all);
  const asked: Reading[] = [];
  const before = rchar();
  for (const name of names.slice(WARM)) asked.push(await read(name, all));
  const readBytes = (rchar() - before) / ASKED;
  const again: Reading[] = [];
  for (const name of names.slice(WARM)) again.push(await read(name, all));
  const mean = (of: (reading: Reading) => number) => asked.reduce((sum, one) => sum + of(one), 0) / ASKED;
  const needed = mean(({ recordBytes }) => recordBytes);
  const wire = mean(({ wireBytes }) => wireBytes);
  const first = median(asked.map(({ ms }) => ms));
  console.log(
    `a device: ${mean(({ records }) => records).toFixed(0)} records, ${kib(needed)} in ${first.toFixed(2)} ms, again ${median(again.map(({ ms }) => ms)).toFixed(2)} ms`,
  );
  const beside = franzMs === null ? "" : `, and ${(franzMs / first).toFixed(0)} times beside franz-go`;
  console.log(`that is ${(wholeMs / first).toFixed(0)} times as fast${beside}`);
  console.log(`on the wire: ${kib(wire)}, ${(wire / needed).toFixed(2)} times the records`);
  console.log(`asked of the disk: ${asksOfDisk(readBytes, needed)}`);
}

/** The same partition as another client reads it: the middle of three, in milliseconds. Null where it can't be built. */
function byFranzGo(count: number): number | null {
  const missing = buildKbench();
  if (missing !== null) {
    console.log(missing);
    return null;
  }
  const readings = Array.from({ length: 3 }, () => consumed(broker.kafka, TOPIC, 0, count));
  const ms = median(readings.map((reading) => reading.ms));
  const bytes = median(readings.map(({ wireBytes }) => wireBytes));
  console.log(`the same by franz-go: ${mib(bytes)} in ${ms.toFixed(0)} ms, the middle of three`);
  return ms;
}

function asksOfDisk(readBytes: number, needed: number): string {
  if (values.disk !== "plain") return "not counted, it is mapped";
  return `${kib(readBytes)}, ${(readBytes / needed).toFixed(1)} times the records`;
}

interface Reading {
  readonly records: number;
  /** What they take in a log, without headers of batches. */
  readonly recordBytes: number;
  /** All that went over the connection for them, both ways. */
  readonly wireBytes: number;
  readonly ms: number;
}

/** What a consumer does: fetches to the end of all partitions, and goes through the records. */
async function read(topic: string, wanted: readonly number[]): Promise<Reading> {
  await cluster.refresh([topic]);
  const started = performance.now();
  const cursor = new RecordCursor({ verifyCrc: true });
  let open = wanted.map((partition) => ({ topic, partition, offset: 0 }));
  let count = 0;
  let recordBytes = 0;
  const wireBefore = meter.totalBytes;
  while (open.length > 0) {
    const answers = await fetchFrom(cluster, leader(), open, FETCH);
    const next: typeof open = [];
    for (const { partition, error, batches, highWatermark } of answers) {
      if (error !== 0) throw new Error(`error ${error} of ${topic}`);
      let offset = open.find((asked) => asked.partition === partition)?.offset ?? 0;
      for (
        let at = 0;
        at + BATCH_HEADER_BYTES <= batches.length && at + batchSizeBytes(batches, at) <= batches.length;
      ) {
        const size = batchSizeBytes(batches, at);
        cursor.open(batches, at, at + size);
        while (cursor.next()) count += 1;
        recordBytes += size - BATCH_HEADER_BYTES;
        offset = batchNextOffset(batches, at);
        at += size;
      }
      if (offset < highWatermark) next.push({ topic, partition, offset });
    }
    open = next;
  }
  const ms = performance.now() - started;
  return { records: count, recordBytes, wireBytes: meter.totalBytes - wireBefore, ms };
}

function rchar(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${broker.pid}/io`, "utf8"))?.[1] ?? "0");
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}
