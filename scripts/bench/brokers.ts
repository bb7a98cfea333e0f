import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Headwater, startHeadwater } from "../../test/support/headwater.ts";
import { realKafkaMissing, startRealKafka } from "../../test/support/kafka/real-kafka.ts";

/** A broker under load: where it listens, and the process whose CPU time counts. */
export interface Peer {
  readonly name: string;
  readonly pid: number;
  readonly kafka: string | null;
  readonly mqttPort: number | null;
  stop(): Promise<void>;
}

/** Brokers on the first core, load on the second, so that neither pays for the other. */
const BROKER_CORE = "0";

export function pin(pid: number): void {
  spawnSync("taskset", ["-acp", BROKER_CORE, String(pid)]);
}

export async function startOurs(
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Peer & { headwater: Headwater }> {
  const headwater = await startHeadwater({ settings });
  pin(headwater.pid);
  return {
    name,
    headwater,
    get pid() {
      return headwater.pid;
    },
    kafka: headwater.kafka,
    mqttPort: Number(headwater.mqtt.split(":")[1]),
    stop: () => headwater.dispose(),
  };
}

/** Apache Kafka, or in words why there is none. */
export async function startKafka(): Promise<Peer | string> {
  const missing = realKafkaMissing();
  if (missing !== null) return missing;
  const kafka = await startRealKafka({ forBenchmarks: true });
  const pid = kafka.nodes[0]?.pid ?? -1;
  pin(pid);
  return { name: "kafka", pid, kafka: kafka.bootstrap, mqttPort: null, stop: () => kafka.stop() };
}

/** mosquitto, with persistence off as its default is, or in words why there is none. */
export async function startMosquitto(): Promise<Peer | string> {
  const binary = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].find(existsSync);
  if (binary === undefined) return "mosquitto is not installed (Debian: apt-get install mosquitto)";
  const folder = mkdtempSync(join(tmpdir(), "headwater-bench-"));
  const port = await freePort();
  const config = join(folder, "mosquitto.conf");
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`);
  const child = spawn(binary, ["-c", config], { stdio: "ignore" });
  if (child.pid === undefined) return "mosquitto did not start";
  pin(child.pid);
  await reachable(port);
  return {
    name: "mosquitto",
    pid: child.pid,
    kafka: null,
    mqttPort: port,
    async stop() {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Where `cargo install rumqttd --root .cache/bench/rumqttd` leaves it. */
const RUMQTTD = join(import.meta.dirname, "../../.cache/bench/rumqttd/bin/rumqttd");

/** rumqttd, which keeps everything in memory, or in words why there is none. */
export async function startRumqttd(): Promise<Peer | string> {
  const binary = process.env.RUMQTTD ?? Bun.which("rumqttd") ?? RUMQTTD;
  if (!existsSync(binary)) return "rumqttd is not there (cargo install rumqttd --root .cache/bench/rumqttd)";
  const folder = mkdtempSync(join(tmpdir(), "headwater-bench-"));
  const port = await freePort();
  const config = join(folder, "rumqttd.toml");
  const lines = [
    "id = 0",
    "[router]",
    "id = 0",
    "max_connections = 10010",
    "max_outgoing_packet_count = 200",
    "max_segment_size = 104857600",
    "max_segment_count = 10",
    "[v4.1]",
    'name = "v4-1"',
    `listen = "127.0.0.1:${port}"`,
    "next_connection_delay_ms = 1",
    "[v4.1.connections]",
    "connection_timeout_ms = 60000",
    "max_payload_size = 20480",
    "max_inflight_count = 200",
    "dynamic_filters = true",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  const child = spawn(binary, ["-q", "-c", config], { stdio: "ignore" });
  if (child.pid === undefined) return "rumqttd did not start";
  await reachable(port);
  pin(child.pid);
  return {
    name: "rumqttd",
    pid: child.pid,
    kafka: null,
    mqttPort: port,
    async stop() {
      child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function reachable(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.end();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    await Bun.sleep(25);
  }
  throw new Error(`nobody listens on port ${port}`);
}
