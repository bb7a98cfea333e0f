import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Peer } from "./brokers.ts";
import { cpuSeconds, residentMb } from "./procfs.ts";

/** What one run of one load on one broker measured. */
export interface Measurement {
  /** Broker CPU microseconds per message: the figure that survives noise. */
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly residentMb: number;
}

export interface Load {
  readonly name: string;
  /** Which of our configurations it runs on. */
  readonly ours: "durable" | "memory";
  readonly peer: "kafka" | "mosquitto" | "rumqttd";
  /** Our CPU per message may be at most this part of the peer's; null: only shown. */
  readonly target: number | null;
  readonly run: (peer: Peer) => Measurement;
}

const LOAD_CORE = "1";
/** CPU time comes in ticks of 10 ms: a run has to cost tens of them to be told from its neighbour. */
const RECORDS = "2000000";
const PASSES = "10";
const HERE = import.meta.dirname;
export const CACHE = join(HERE, "../../.cache/bench");
const KBENCH = join(CACHE, "kbench");

/** Builds the Go load generator. Says in words what is missing, or null. */
export function buildKbench(): string | null {
  const folder = join(HERE, "kbench");
  const built = spawnSync("go", ["build", "-o", KBENCH, "."], { cwd: folder, encoding: "utf8" });
  if (built.error !== undefined) return "Go is not installed: the loads of the Kafka door are left out";
  return built.status === 0 ? null : `the load generator does not build: ${built.stderr.trim()}`;
}

interface KbenchLine {
  readonly topic: string;
  readonly n: number;
  readonly rec_s: number;
  readonly server_cpu_s_per_M: number;
  readonly server_rss_mb: number;
  readonly p50_ms?: number;
  readonly p99_ms?: number;
}

/** How a client in Go, franz-go, reads all that a partition holds: from the making of the client to the last record. */
export function consumed(
  bootstrap: string,
  topic: string,
  partition: number,
  records: number,
): { readonly ms: number; readonly wireBytes: number } {
  const load = ["-mode", "consume", "-t", topic, "-part", String(partition), "-n", String(records)];
  const run = spawnSync(KBENCH, ["-b", bootstrap, ...load], { encoding: "utf8", timeout: 180_000 });
  if (run.status !== 0) throw new Error(`kbench ${load.join(" ")}: ${run.stderr || run.error}`);
  const { secs, wire_bytes: wireBytes } = JSON.parse(run.stdout) as { secs: number; wire_bytes: number };
  return { ms: secs * 1000, wireBytes };
}

function kbench(peer: Peer, args: readonly string[]): KbenchLine {
  const command = ["-c", LOAD_CORE, KBENCH, "-b", peer.kafka ?? "", "-pid", String(peer.pid), ...args];
  const run = spawnSync("taskset", command, { encoding: "utf8", timeout: 180_000 });
  if (run.status !== 0)
    throw new Error(`kbench ${args.join(" ")} on ${peer.name}: ${run.stderr || run.error}`);
  return JSON.parse(run.stdout) as KbenchLine;
}

function measured(line: KbenchLine): Measurement {
  return {
    cpuUs: line.server_cpu_s_per_M,
    perSecond: line.rec_s,
    p50Ms: line.p50_ms ?? null,
    p99Ms: line.p99_ms ?? null,
    residentMb: line.server_rss_mb,
  };
}

/**
 * A run's topic goes when it is measured. Else each run would write to memory that was never used before, and on
 * virtual machines the host's work to find such memory counts as the broker's: more than all else on some.
 */
function kafkaLoad(...args: readonly string[]): (peer: Peer) => Measurement {
  return (peer) => measured(kbench(peer, ["-delete", ...args]));
}

/** A million records of 100 B, which stay: for what a broker needs behind them. */
export function appendMillion(peer: Peer): void {
  kbench(peer, ["-mode", "raw", "-acks", "all", "-batch", "65536"]);
}

function fetchLoad(records: number, sizeBytes: number): (peer: Peer) => Measurement {
  const load = ["-n", String(records), "-size", String(sizeBytes)];
  return (peer) => {
    const { topic } = kbench(peer, ["-mode", "raw", "-batch", "65536", ...load]);
    return measured(kbench(peer, ["-mode", "rawfetch", "-delete", "-t", topic, "-passes", PASSES, ...load]));
  };
}

function mqttLoad(
  connections: number,
  window: number,
  messages: number,
  qos: number,
): (peer: Peer) => Measurement {
  return (peer) => {
    const numbers = [peer.mqttPort, connections, window, messages, qos, 100].map(String);
    const before = cpuSeconds(peer.pid);
    const command = ["-c", LOAD_CORE, process.execPath, join(HERE, "mqtt-load.ts"), "publish", ...numbers];
    const run = spawnSync("taskset", command, { encoding: "utf8", timeout: 180_000 });
    if (run.status !== 0) throw new Error(`mqtt-load on ${peer.name}: ${run.stderr || run.error}`);
    const line = JSON.parse(run.stdout) as {
      messages: number;
      seconds: number;
      p50Ms: number | null;
      p99Ms: number | null;
    };
    return {
      cpuUs: ((cpuSeconds(peer.pid) - before) / line.messages) * 1e6,
      perSecond: line.messages / line.seconds,
      p50Ms: line.p50Ms,
      p99Ms: line.p99Ms,
      residentMb: residentMb(peer.pid),
    };
  };
}

/** Each of `groups` publishers has so many subscribers; a message counts for each of them. */
function fanoutLoad(
  groups: number,
  subscribers: number,
  messages: number,
  qos: number,
  window: number,
): (peer: Peer) => Measurement {
  return (peer) => {
    const numbers = [peer.mqttPort, groups, subscribers, messages, qos, window].map(String);
    const before = cpuSeconds(peer.pid);
    const command = ["-c", LOAD_CORE, process.execPath, join(HERE, "mqtt-fanout.ts"), "fanout", ...numbers];
    const run = spawnSync("taskset", command, { encoding: "utf8", timeout: 180_000 });
    if (run.status !== 0) throw new Error(`mqtt-fanout on ${peer.name}: ${run.stderr || run.error}`);
    const line = JSON.parse(run.stdout) as { messages: number; seconds: number };
    return {
      cpuUs: ((cpuSeconds(peer.pid) - before) / line.messages) * 1e6,
      perSecond: line.messages / line.seconds,
      p50Ms: null,
      p99Ms: null,
      residentMb: residentMb(peer.pid),
    };
  };
}

/** Everything that is compared. Kafka does not sync by default, mosquitto never writes here: they have it easier. */
export const LOADS: readonly Load[] = [
  {
    name: "produce 100 B, 64 KiB batches, durable",
    ours: "durable",
    peer: "kafka",
    target: 0.5,
    run: kafkaLoad("-mode", "raw", "-n", RECORDS, "-acks", "all", "-batch", "65536"),
  },
  {
    name: "produce 100 B, 16 KiB batches, 5 in flight, durable",
    ours: "durable",
    peer: "kafka",
    target: 0.7,
    run: kafkaLoad("-mode", "raw", "-n", RECORDS, "-acks", "all", "-batch", "16384"),
  },
  {
    name: "produce 100 B, 64 KiB batches, durability=memory",
    ours: "memory",
    peer: "kafka",
    target: 0.35,
    run: kafkaLoad("-mode", "raw", "-n", RECORDS, "-batch", "65536"),
  },
  {
    name: "produce 100 B, 16 KiB batches, durability=memory",
    ours: "memory",
    peer: "kafka",
    target: 0.35,
    run: kafkaLoad("-mode", "raw", "-n", RECORDS, "-batch", "16384"),
  },
  {
    name: "franz-go's defaults, 100 B, durable",
    ours: "durable",
    peer: "kafka",
    target: null,
    run: kafkaLoad("-mode", "kgo", "-acks", "all", "-linger", "5ms"),
  },
  { name: "fetch 100 B", ours: "durable", peer: "kafka", target: 1, run: fetchLoad(1_000_000, 100) },
  { name: "fetch 1 KiB", ours: "durable", peer: "kafka", target: 1, run: fetchLoad(200_000, 1024) },
  {
    name: "200 connections, one record a request, durable",
    ours: "durable",
    peer: "kafka",
    target: 0.6,
    run: kafkaLoad("-mode", "many", "-conns", "200", "-rate", "0", "-dur", "5s"),
  },
  {
    name: "end to end at 1,000 messages/s, durable",
    ours: "durable",
    peer: "kafka",
    target: 0.35,
    run: kafkaLoad("-mode", "e2e", "-rate", "1000", "-dur", "6s"),
  },
  {
    name: "MQTT QoS 1, 20 publishers, window 100, durable",
    ours: "durable",
    peer: "mosquitto",
    target: 0.3,
    run: mqttLoad(20, 100, 400_000, 1),
  },
  {
    name: "MQTT QoS 1, 200 publishers, one at a time, durable",
    ours: "durable",
    peer: "mosquitto",
    target: 1.2,
    run: mqttLoad(200, 1, 100_000, 1),
  },
  {
    name: "MQTT QoS 0, 20 publishers",
    ours: "durable",
    peer: "mosquitto",
    target: null,
    run: mqttLoad(20, 100, 400_000, 0),
  },
  {
    name: "MQTT fan-out 1:1, QoS 1, 10 pairs",
    ours: "durable",
    peer: "mosquitto",
    target: 0.25,
    run: fanoutLoad(10, 1, 200_000, 1, 50),
  },
  {
    name: "MQTT fan-out 1:1,000, QoS 1",
    ours: "durable",
    peer: "mosquitto",
    target: 1,
    run: fanoutLoad(1, 1_000, 200_000, 1, 4),
  },
  {
    name: "MQTT QoS 1, 20 publishers, window 100, beside rumqttd",
    ours: "durable",
    peer: "rumqttd",
    target: null,
    run: mqttLoad(20, 100, 400_000, 1),
  },
  {
    name: "MQTT fan-out 1:1, QoS 1, 10 pairs, beside rumqttd",
    ours: "durable",
    peer: "rumqttd",
    target: null,
    run: fanoutLoad(10, 1, 200_000, 1, 50),
  },
];
