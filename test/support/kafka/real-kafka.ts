import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, connect as tcpConnect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * A real Apache Kafka on loopback for tests: one node, or three, each broker and controller at once.
 *
 * Maven copies the jars into `.cache/kafka/VERSION` of the checkout once; after that no network is needed. Data
 * lives in a temporary folder that `stop` removes. Nodes are ended by the pid of the process started here.
 */
export interface RealKafka {
  /** `host:port` of every node, comma-separated: the plain listener, past any proxy. */
  readonly bootstrap: string;
  readonly nodes: readonly KafkaNode[];
  /** Ends every node with SIGTERM and removes the data. */
  stop(): Promise<void>;
  /** Ends these nodes (default: all) at once, as a power cut of their process would. */
  kill(...nodes: readonly KafkaNode[]): Promise<void>;
  /** Starts ended nodes again on the data they left, and waits until all nodes see each other. */
  restart(): Promise<void>;
  /** Runs one of Kafka's own tools by its main class; returns what it printed. Throws where it fails. */
  tool(mainClass: string, ...args: readonly string[]): Promise<string>;
}

export interface KafkaNode {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  /** Port of the listener LINK, which advertises `KafkaOptions.linkPorts`; 0 where there is none. */
  readonly linkPort: number;
  /** -1 while it does not run. */
  readonly pid: number;
  /** What the process printed so far. */
  log(): string;
}

export interface KafkaOptions {
  readonly nodes?: 1 | 3;
  /** Broker properties on top of the defaults here, on all nodes. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Finalised feature levels at format, e.g. `{ "transaction.version": 1 }`. */
  readonly features?: Readonly<Record<string, number>>;
  /**
   * One port per node, where a proxy of the test listens: nodes get a second listener that advertises it, so
   * that a client which starts at the proxy is sent back to the proxy.
   */
  readonly linkPorts?: readonly number[];
  /** More listeners of each node (of one, where there are several: the ports are the same). */
  readonly listeners?: readonly KafkaListener[];
  /** Arguments of the tool that formats the storage, e.g. users of SCRAM. */
  readonly formatArguments?: readonly string[];
  readonly heapMiB?: number;
  /** The virtual machine as Kafka's own start script has it; by default one that starts fast and stays small. */
  readonly forBenchmarks?: boolean;
}

export interface KafkaListener {
  /** In capitals; settings of it are `listener.name.NAME.*`, in small letters. */
  readonly name: string;
  readonly protocol: "PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL";
  readonly port: number;
  /** What clients are told to connect to, where that is not 127.0.0.1: a machine that reaches it by another name. */
  readonly advertisedHost?: string;
}

/** From kafka-server-start.sh and kafka-run-class.sh of Kafka 4.3. */
const BENCHMARK_JVM: readonly string[] = [
  "-Xms1g",
  "-Xmx1g",
  "-server",
  "-XX:+UseG1GC",
  "-XX:MaxGCPauseMillis=20",
  "-XX:InitiatingHeapOccupancyPercent=35",
  "-XX:+ExplicitGCInvokesConcurrent",
];

export const KAFKA_VERSION = "4.3.1";
const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;
const HOST = "127.0.0.1";
const HERE = import.meta.dirname;
const JARS = resolve(HERE, `../../../.cache/kafka/${KAFKA_VERSION}`);

/**
 * Why a real Kafka can't run here, or null where it can. In CI (environment variable CI) it has to be there:
 * then this throws, so that a test is never skipped unseen.
 */
export function realKafkaMissing(): string | null {
  const reason = findMissing();
  if (reason !== null && process.env.CI) throw new Error(`CI needs a real Kafka: ${reason}`);
  return reason;
}

function findMissing(): string | null {
  if (spawnSync("java", ["-version"]).status !== 0) return "java is not installed";
  if (existsSync(join(JARS, ".done"))) return null;
  if (spawnSync("mvn", ["-v"]).status !== 0) return "mvn is not installed and the jars are not in .cache";
  return null;
}

/** Copies the jars where that has not happened yet. */
function fetchJars(): void {
  if (existsSync(join(JARS, ".done"))) return;
  const args = [
    "-q",
    "-B",
    "-f",
    join(HERE, "pom.xml"),
    "dependency:copy-dependencies",
    `-DoutputDirectory=${JARS}`,
    "-DincludeScope=runtime",
  ];
  const run = spawnSync("mvn", args, { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`mvn could not copy Kafka's jars: ${run.stdout}${run.stderr}`);
  writeFileSync(join(JARS, ".done"), "");
}

/** Formats, starts and waits until every node lists all nodes. */
export async function startRealKafka(options: KafkaOptions = {}): Promise<RealKafka> {
  fetchJars();
  const count = options.nodes ?? 1;
  const folder = mkdtempSync(join(tmpdir(), "headwater-kafka-"));
  const ports = await freePorts(count * 3);
  const nodes: Node[] = [];
  for (let index = 0; index < count; index += 1) nodes.push(new Node(folder, index, count, ports, options));
  const voters = nodes.map((node) => `${node.id}@${HOST}:${node.controllerPort}`).join(",");
  for (const node of nodes) await node.format(voters);
  const cluster = new Cluster(folder, nodes);
  try {
    await cluster.restart();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

class Cluster implements RealKafka {
  readonly bootstrap: string;
  readonly nodes: readonly Node[];
  private readonly folder: string;

  constructor(folder: string, nodes: readonly Node[]) {
    this.folder = folder;
    this.nodes = nodes;
    this.bootstrap = nodes.map((node) => `${node.host}:${node.port}`).join(",");
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end("SIGTERM")));
    rmSync(this.folder, { recursive: true, force: true });
  }

  async kill(...nodes: readonly KafkaNode[]): Promise<void> {
    const chosen = nodes.length === 0 ? this.nodes : this.nodes.filter((node) => nodes.includes(node));
    await Promise.all(chosen.map((node) => node.end("SIGKILL")));
  }

  async restart(): Promise<void> {
    for (const node of this.nodes) node.start();
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (const node of this.nodes) {
      while (!(await listsNodes(node.port, this.nodes.length))) {
        if (node.exited || Date.now() > deadline) {
          throw new Error(`Kafka node ${node.id} did not start:\n${node.log().slice(-4000)}`);
        }
        await Bun.sleep(50);
      }
    }
  }

  async tool(mainClass: string, ...args: readonly string[]): Promise<string> {
    const run = Bun.spawn(["java", "-Xmx256m", "-XX:+UseSerialGC", ...classPath(), mainClass, ...args], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [output, errors] = await Promise.all([
      new Response(run.stdout).text(),
      new Response(run.stderr).text(),
    ]);
    if ((await run.exited) !== 0) throw new Error(`${mainClass} ${args.join(" ")}: ${output}${errors}`);
    return output;
  }
}

class Node implements KafkaNode {
  readonly id: number;
  readonly host = HOST;
  readonly port: number;
  readonly linkPort: number;
  readonly controllerPort: number;
  exited = true;
  private readonly folder: string;
  private readonly count: number;
  private readonly options: KafkaOptions;
  private readonly advertisedLinkPort: number;
  private process: ChildProcess | null = null;

  constructor(folder: string, index: number, count: number, ports: readonly number[], options: KafkaOptions) {
    this.id = index + 1;
    this.folder = join(folder, String(this.id));
    this.count = count;
    this.options = options;
    this.port = ports[index * 3] ?? 0;
    this.controllerPort = ports[index * 3 + 1] ?? 0;
    this.advertisedLinkPort = options.linkPorts?.[index] ?? 0;
    this.linkPort = this.advertisedLinkPort === 0 ? 0 : (ports[index * 3 + 2] ?? 0);
  }

  log(): string {
    return readFileSync(join(this.folder, "server.log"), "utf8");
  }

  async format(voters: string): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    const lines = Object.entries(this.properties(voters)).map(([key, value]) => `${key}=${value}`);
    writeFileSync(this.configPath(), `${lines.join("\n")}\n`);
    const features = Object.entries(this.options.features ?? {}).flatMap(([name, level]) => [
      "--feature",
      `${name}=${level}`,
    ]);
    const format = ["kafka.tools.StorageTool", "format", "-t", "4L6g3nShT-eMCtK--X86sw", "-c"];
    const more = this.options.formatArguments ?? [];
    const run = spawnSync("java", [...classPath(), ...format, this.configPath(), ...features, ...more], {
      encoding: "utf8",
    });
    if (run.status !== 0) throw new Error(`Kafka's storage format failed: ${run.stdout}${run.stderr}`);
  }

  get pid(): number {
    return this.exited ? -1 : (this.process?.pid ?? -1);
  }

  start(): void {
    if (!this.exited) return;
    const heapMiB = this.options.heapMiB ?? 384;
    const log = openSync(join(this.folder, "server.log"), "a");
    const small = [`-Xmx${heapMiB}m`, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    const args = [
      ...(this.options.forBenchmarks === true ? BENCHMARK_JVM : small),
      ...classPath(),
      "kafka.Kafka",
      this.configPath(),
    ];
    const child = spawn("java", args, { stdio: ["ignore", log, log] });
    closeSync(log);
    this.process = child;
    this.exited = false;
    const endWithUs = (): void => {
      child.kill("SIGKILL");
    };
    process.once("exit", endWithUs);
    child.once("exit", () => {
      process.removeListener("exit", endWithUs);
      if (this.process === child) this.exited = true;
    });
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.process;
    if (child === null || this.exited) return;
    const gone = new Promise<void>((done) => child.once("exit", () => done()));
    child.kill(signal);
    const forced = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(forced);
    this.exited = true;
  }

  private configPath(): string {
    return join(this.folder, "server.properties");
  }

  private properties(voters: string): Record<string, string> {
    const replicas = String(this.count);
    const inSync = this.count === 1 ? "1" : "2";
    const listeners = [`PLAINTEXT://${HOST}:${this.port}`];
    const advertised = [...listeners];
    if (this.linkPort !== 0) {
      listeners.push(`LINK://${HOST}:${this.linkPort}`);
      advertised.push(`LINK://${HOST}:${this.advertisedLinkPort}`);
    }
    const protocols = ["CONTROLLER:PLAINTEXT", "PLAINTEXT:PLAINTEXT", "LINK:PLAINTEXT"];
    for (const { name, protocol, port, advertisedHost = HOST } of this.options.listeners ?? []) {
      listeners.push(`${name}://${HOST}:${port}`);
      advertised.push(`${name}://${advertisedHost}:${port}`);
      protocols.push(`${name}:${protocol}`);
    }
    listeners.push(`CONTROLLER://${HOST}:${this.controllerPort}`);
    return {
      "process.roles": "broker,controller",
      "node.id": String(this.id),
      "controller.quorum.voters": voters,
      "controller.listener.names": "CONTROLLER",
      listeners: listeners.join(","),
      "advertised.listeners": advertised.join(","),
      "listener.security.protocol.map": protocols.join(","),
      "inter.broker.listener.name": "PLAINTEXT",
      "log.dirs": join(this.folder, "data"),
      "offsets.topic.replication.factor": replicas,
      "offsets.topic.num.partitions": "4",
      "transaction.state.log.replication.factor": replicas,
      "transaction.state.log.min.isr": inSync,
      "transaction.state.log.num.partitions": "4",
      "share.coordinator.state.topic.replication.factor": replicas,
      "share.coordinator.state.topic.min.isr": inSync,
      "min.insync.replicas": inSync,
      "default.replication.factor": replicas,
      "group.initial.rebalance.delay.ms": "0",
      // A killed node may come back once the controller forgot its session: 9 s by default.
      "broker.session.timeout.ms": "2000",
      "broker.heartbeat.interval.ms": "500",
      "num.partitions": "4",
      ...this.options.properties,
    };
  }
}

/** The command that runs one of Kafka's own tools against any broker; has the jars fetched where they are missing. */
export function kafkaTool(mainClass: string): readonly string[] {
  fetchJars();
  return ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", ...classPath(), mainClass];
}

function classPath(): readonly string[] {
  return [
    "-Djava.awt.headless=true",
    `-Dlog4j2.configurationFile=${join(HERE, "log4j2.yaml")}`,
    "-cp",
    `${JARS}/*`,
  ];
}

/** Ports that nobody listened on a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((done) => server.listen(0, HOST, done));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    ports.push(address.port);
  }
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/**
 * Whether the node answers Metadata v1 with this many brokers. Written by hand, so that the product's own
 * client is not part of what it is tested with.
 */
function listsNodes(port: number, count: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = tcpConnect(port, HOST);
    let received = Buffer.alloc(0);
    const finish = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.setTimeout(3000, () => finish(false));
    socket.once("error", () => finish(false));
    socket.once("close", () => finish(false));
    socket.once("connect", () => {
      // size 16, api 3, version 1, correlation 7, client id "wait", no topics
      socket.write(Buffer.from("00000012000300010000000700047761697400000000", "hex"));
    });
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 12) finish(received.readInt32BE(8) >= count);
    });
  });
}
