import { afterAll, beforeAll, describe, expect } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { kafkaTool, realKafkaMissing } from "../support/kafka/real-kafka.ts";
import { lines, run, runWell } from "./clients/run.ts";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";
import {
  goDriverMissing,
  PYTHON,
  PYTHON_FOLDER,
  programsMissing,
  pythonClientsMissing,
  required,
} from "./tools.ts";

/** What administrators have at hand: Kafka's own tools, kcat, and the admin clients of other languages. */
const START_MS = 120_000;
const TOOLS = "org.apache.kafka.tools";
const GO_ADMIN = resolve(import.meta.dirname, "../../.cache/interop/franz-go-admin");
const results = new Results("kafka-admin-tools");
const folder = mkdtempSync(join(tmpdir(), "headwater-admin-"));
let target: Target;

beforeAll(async () => {
  target = await startTarget({ doors: ["kafka"], autoCreateTopics: false });
}, START_MS);
afterAll(async () => {
  await target?.stop();
  rmSync(folder, { recursive: true, force: true });
}, START_MS);

async function tool(mainClass: string, ...args: readonly string[]): Promise<string> {
  const { output, errors } = await run([
    ...kafkaTool(mainClass),
    "--bootstrap-server",
    target.kafka,
    ...args,
  ]);
  return `${output}${errors}`;
}

function jsonFile(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

describe("Kafka's own tools", () => {
  const reason = required(realKafkaMissing());
  const java = (feature: string, body: () => Promise<void>): void =>
    results.test("java", feature, reason, body);

  java("partitions and assignments", async () => {
    const topics = (...args: string[]) => tool(`${TOOLS}.TopicCommand`, ...args);
    expect(await topics("--create", "--topic", "grows", "--partitions", "2")).toContain(
      "Created topic grows",
    );
    expect(await topics("--create", "--topic", "placed", "--replica-assignment", "1,1")).toContain(
      "Created topic placed",
    );
    const refused = await topics(
      "--create",
      "--topic",
      "three",
      "--partitions",
      "1",
      "--replication-factor",
      "3",
    );
    expect(refused).toContain("InvalidReplicationFactorException");
    await topics("--alter", "--topic", "grows", "--partitions", "4");
    expect(await topics("--alter", "--topic", "grows", "--partitions", "4")).toContain(
      "already has 4 partition",
    );
    const described = await topics("--describe", "--topic", "grows");
    expect(described).toContain("PartitionCount: 4");
    expect(described).toContain("Partition: 3\tLeader: 1\tReplicas: 1\tIsr: 1");
    await topics("--delete", "--topic", "placed");
    expect(lines(await topics("--list"))).not.toContain("placed");
  });

  java("log dirs, quorum, cluster", async () => {
    await tool(`${TOOLS}.TopicCommand`, "--create", "--topic", "sized", "--partitions", "2");
    const dirs = await tool(`${TOOLS}.LogDirsCommand`, "--describe", "--topic-list", "sized");
    expect(dirs).toContain('"partition":"sized-1","size":0');
    const status = await tool(`${TOOLS}.MetadataQuorumCommand`, "describe", "--status");
    expect(status).toMatch(/LeaderId: +1\n/);
    expect(status).toMatch(/CurrentVoters: +\[\{"id": 1/);
    expect(await tool(`${TOOLS}.MetadataQuorumCommand`, "describe", "--replication")).toContain("Leader");
    const cluster = [
      ...kafkaTool(`${TOOLS}.ClusterTool`),
      "list-endpoints",
      "--bootstrap-server",
      target.kafka,
    ];
    expect(await runWell(cluster)).toContain("unfenced");
    expect(await tool(`${TOOLS}.BrokerApiVersionsCommand`)).toContain("CreateTopics(19): 2 to 7");
  });

  java("features", async () => {
    const features = (...args: string[]) => tool(`${TOOLS}.FeatureCommand`, ...args);
    const level =
      /transaction\.version +SupportedMinVersion: 0 +SupportedMaxVersion: 2 +FinalizedVersionLevel: (\d)/;
    expect((await features("describe")).match(level)?.[1]).toBe("2");
    expect(await features("downgrade", "--feature", "transaction.version=1")).toContain(
      "was downgraded to 1",
    );
    expect((await features("describe")).match(level)?.[1]).toBe("1");
    expect(await features("upgrade", "--feature", "transaction.version=2")).toContain("was upgraded to 2");
    expect(await features("upgrade", "--feature", "transaction.version=9")).toContain("Could not upgrade");
  });

  java("client quotas", async () => {
    const configs = (...args: string[]) => tool("kafka.admin.ConfigCommand", ...args);
    const alter = (type: string, ...args: string[]) => configs("--alter", "--entity-type", type, ...args);
    await alter(
      "clients",
      "--entity-name",
      "c1",
      "--add-config",
      "producer_byte_rate=1024,consumer_byte_rate=2048",
    );
    await alter("users", "--entity-default", "--add-config", "request_percentage=200");
    await alter("ips", "--entity-name", "192.0.2.1", "--add-config", "connection_creation_rate=10");
    const clients = await configs("--describe", "--entity-type", "clients");
    expect(clients).toContain("Quota configs for client-id 'c1' are");
    expect(clients).toContain("producer_byte_rate=1024.0");
    const users = await configs("--describe", "--entity-type", "users");
    expect(users).toContain("Quota configs for the default user-principal are request_percentage=200.0");
    expect(users).not.toContain("Exception");
    expect(await configs("--describe", "--entity-type", "ips")).toContain("connection_creation_rate=10.0");
    await alter("clients", "--entity-name", "c1", "--delete-config", "producer_byte_rate");
    expect(await configs("--describe", "--entity-type", "clients")).not.toContain("producer_byte_rate");
    await alter("users", "--entity-default", "--delete-config", "request_percentage");
  });

  java("elections and reassignments", async () => {
    await tool(`${TOOLS}.TopicCommand`, "--create", "--topic", "stays", "--partitions", "1");
    const elect = (...args: string[]) => tool(`${TOOLS}.LeaderElectionCommand`, ...args);
    const one = ["--topic", "stays", "--partition", "0"];
    expect(await elect("--election-type", "preferred", ...one)).toContain("Valid replica already elected");
    expect(await elect("--election-type", "unclean", "--all-topic-partitions")).not.toContain("Exception");
    const reassign = (...args: string[]) => tool(`${TOOLS}.reassign.ReassignPartitionsCommand`, ...args);
    const partitions = [{ topic: "stays", partition: 0, replicas: [1] }];
    const plan = jsonFile("plan.json", { version: 1, partitions });
    expect(await reassign("--reassignment-json-file", plan, "--execute")).toContain("Successfully started");
    expect(await reassign("--reassignment-json-file", plan, "--verify")).toContain("is completed");
    expect(await reassign("--list")).toContain("No partition reassignments found");
  });

  java("offsets and deletion of records", async () => {
    await tool(`${TOOLS}.TopicCommand`, "--create", "--topic", "shortened", "--partitions", "1");
    const producer = [...kafkaTool(`${TOOLS}.ConsoleProducer`), "--bootstrap-server", target.kafka];
    await runWell([...producer, "--topic", "shortened"], "a\nb\nc\n");
    const offsets = (time: string) => tool(`${TOOLS}.GetOffsetShell`, "--topic", "shortened", "--time", time);
    expect(await offsets("latest")).toContain("shortened:0:3");
    const wanted = { version: 1, partitions: [{ topic: "shortened", partition: 0, offset: 2 }] };
    const plan = jsonFile("delete.json", wanted);
    expect(await tool(`${TOOLS}.DeleteRecordsCommand`, "--offset-json-file", plan)).toContain(
      "low_watermark: 2",
    );
    expect(await offsets("earliest")).toContain("shortened:0:2");
  });

  java("throttled producer", async () => {
    await tool(`${TOOLS}.TopicCommand`, "--create", "--topic", "slow", "--partitions", "1");
    const quota = ["--entity-type", "clients", "--entity-name", "slow-client"];
    await tool("kafka.admin.ConfigCommand", "--alter", ...quota, "--add-config", "producer_byte_rate=20000");
    const properties = [`bootstrap.servers=${target.kafka}`, "client.id=slow-client", "batch.size=10000"];
    const output = await runWell([
      ...kafkaTool(`${TOOLS}.ProducerPerformance`),
      ...["--topic", "slow", "--num-records", "300", "--record-size", "1000", "--throughput", "-1"],
      ...["--print-metrics", "--command-property", ...properties],
    ]);
    // 300,000 bytes where 200,000 are free: the client was told to wait, and waited.
    const throttled = Number(/produce-throttle-time-max[^\n]*: ([\d.]+)/.exec(output)?.[1]);
    expect(throttled).toBeGreaterThan(500);
    const [sent, rate] = /300 records sent, ([\d.]+) records\/sec/.exec(output) ?? [];
    expect(sent).toBeDefined();
    expect(Number(rate)).toBeLessThan(100);
  });
});

describe("others", () => {
  results.test("kcat", "list topics", required(programsMissing("kcat") ?? realKafkaMissing()), async () => {
    await tool(`${TOOLS}.TopicCommand`, "--create", "--topic", "listed", "--partitions", "3");
    const listed = await runWell(["kcat", "-b", target.kafka, "-L", "-t", "listed"]);
    expect(listed).toContain('topic "listed" with 3 partitions');
    expect(listed).toContain("partition 2, leader 1, replicas: 1, isrs: 1");
  });

  results.test("franz-go", "admin client", required(goDriverMissing()), async () => {
    const build = spawnSync("go", ["build", "-o", GO_ADMIN, "./admin"], {
      cwd: join(import.meta.dirname, "go"),
      encoding: "utf8",
    });
    expect(build.stderr).toBe("");
    expect(JSON.parse(await runWell([GO_ADMIN, target.kafka, "of-kadm"]))).toEqual({
      again: "TOPIC_ALREADY_EXISTS",
      replicated: "INVALID_REPLICATION_FACTOR",
      shrunk: "INVALID_PARTITIONS",
      partitions: 4,
      sized: 4,
      bytes: true,
      altered: "",
      quota: 12345,
      elected: "ELECTION_NOT_NEEDED",
      moving: 0,
      feature: "INVALID_UPDATE_VERSION",
      gone: "UNKNOWN_TOPIC_OR_PARTITION",
    });
  });

  const python = required(pythonClientsMissing());
  const script = async (name: string, topic: string): Promise<unknown> =>
    JSON.parse(await runWell([PYTHON, join(PYTHON_FOLDER, name), target.kafka, topic]));

  results.test("kafka-python", "admin client", python, async () => {
    expect(await script("kafka_python_admin.py", "of-kafka-python")).toEqual({
      again: "TopicAlreadyExistsError",
      replicated: "InvalidReplicationFactorError",
      shrunk: "InvalidPartitionsError",
      partitions: 4,
      described: 4,
      sized: 1,
      quorum: true,
      features: true,
      elected: "",
      moving: 0,
      gone: "UnknownTopicOrPartitionError",
    });
  });

  results.test("confluent-kafka", "admin client", python, async () => {
    expect(await script("confluent_admin.py", "of-librdkafka")).toEqual({
      created: "",
      again: "TOPIC_ALREADY_EXISTS",
      replicated: "INVALID_REPLICATION_FACTOR",
      grown: "",
      shrunk: "INVALID_PARTITIONS",
      partitions: 4,
      nodes: 1,
      operations: 7,
      latest: 0,
      elected: "ELECTION_NOT_NEEDED",
      deleted: "",
      gone: "UNKNOWN_TOPIC_OR_PART",
    });
  });
});
