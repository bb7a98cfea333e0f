import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePorts, KAFKA_VERSION } from "../../test/support/kafka/real-kafka.ts";

const HERE = import.meta.dirname;
const JARS = resolve(HERE, `../../.cache/mirror-maker/${KAFKA_VERSION}`);
const LOGGING = resolve(HERE, "../../test/support/kafka/log4j2.yaml");
/** From connect-mirror-maker.sh and kafka-run-class.sh of Kafka 4.3. */
const JVM: readonly string[] = [
  "-Xms256M",
  "-Xmx2G",
  "-server",
  "-XX:+UseG1GC",
  "-XX:MaxGCPauseMillis=20",
  "-XX:InitiatingHeapOccupancyPercent=35",
  "-XX:+ExplicitGCInvokesConcurrent",
];
const SOURCE = "gateway";

/** MirrorMaker 2 in a process of its own, in its dedicated mode and exactly once, from one Kafka to another. */
export interface MirrorMaker {
  readonly pid: number;
  /** What the topic is called at the centre. */
  readonly centralTopic: string;
  readonly running: boolean;
  log(): string;
  stop(): Promise<void>;
}

/** Says in words why there is no MirrorMaker, or null. Has Maven copy its jars first, once. */
export function mirrorMakerMissing(): string | null {
  if (existsSync(join(JARS, ".done"))) return null;
  const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${JARS}`, "-DincludeScope=runtime"];
  const pom = join(HERE, "mirror-maker/pom.xml");
  const run = spawnSync("mvn", ["-q", "-B", "-f", pom, ...goal], { encoding: "utf8" });
  if (run.error !== undefined) return "mvn is not installed and the jars of MirrorMaker are not in .cache";
  if (run.status !== 0) return `mvn could not copy the jars of MirrorMaker: ${run.stdout}${run.stderr}`;
  writeFileSync(join(JARS, ".done"), "");
  return null;
}

/** Starts one that carries `topic`. It says nothing when it is ready: its records do. */
export async function startMirrorMaker(from: string, to: string, topic: string): Promise<MirrorMaker> {
  const folder = mkdtempSync(join(tmpdir(), "headwater-mirror-maker-"));
  const [restPort = 0] = await freePorts(1);
  const config = join(folder, "mm2.properties");
  const lines = Object.entries(properties(from, to, topic, restPort)).map(
    ([key, value]) => `${key}=${value}\n`,
  );
  writeFileSync(config, lines.join(""));
  const log = openSync(join(folder, "log"), "a");
  const logging = `-Dlog4j2.configurationFile=${LOGGING}`;
  const main = "org.apache.kafka.connect.mirror.MirrorMaker";
  const child = spawn("java", [...JVM, logging, "-cp", `${JARS}/*`, main, config], {
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  return new MirrorMakerProcess(child, folder, `${SOURCE}.${topic}`);
}

function properties(
  from: string,
  to: string,
  topic: string,
  restPort: number,
): Readonly<Record<string, string>> {
  return {
    clusters: `${SOURCE}, centre`,
    "gateway.bootstrap.servers": from,
    "centre.bootstrap.servers": to,
    "gateway->centre.enabled": "true",
    "gateway->centre.topics": topic,
    "centre.exactly.once.source.support": "enabled",
    "dedicated.mode.enable.internal.rest": "true",
    listeners: `http://127.0.0.1:${restPort}`,
    // As uplinks do by default.
    "centre.producer.compression.type": "zstd",
    // Its default; with one for each partition it takes as long.
    "tasks.max": "1",
    // It is stopped while a backlog is stored, and must not be missed meanwhile.
    "centre.session.timeout.ms": "60000",
    // Nothing but the topic's records.
    "emit.heartbeats.enabled": "false",
    "emit.checkpoints.enabled": "false",
    "sync.topic.acls.enabled": "false",
    "replication.factor": "1",
    "offset-syncs.topic.replication.factor": "1",
    "offset.storage.replication.factor": "1",
    "config.storage.replication.factor": "1",
    "status.storage.replication.factor": "1",
  };
}

class MirrorMakerProcess implements MirrorMaker {
  readonly centralTopic: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #gone: Promise<void>;

  constructor(child: ChildProcess, folder: string, centralTopic: string) {
    this.#child = child;
    this.#folder = folder;
    this.centralTopic = centralTopic;
    const endWithUs = (): void => {
      child.kill("SIGKILL");
    };
    process.once("exit", endWithUs);
    this.#gone = new Promise((done) => {
      child.once("exit", () => {
        process.removeListener("exit", endWithUs);
        done();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  log(): string {
    return readFileSync(join(this.#folder, "log"), "utf8");
  }

  async stop(): Promise<void> {
    if (this.running) this.#child.kill("SIGKILL");
    await this.#gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
