import { afterAll, beforeAll, describe, expect } from "bun:test";
import { Kafka, logLevel } from "kafkajs";
import { kafkaTool, realKafkaMissing } from "../support/kafka/real-kafka.ts";
import type { Codec, KafkaClient, ReadRecord } from "./clients/client.ts";
import { Driver } from "./clients/driver.ts";
import { javaMember, kcatMember, Member, type MemberKind, programMember } from "./clients/member.ts";
import { confluentModern, javaModern, type ModernKind } from "./clients/modern-member.ts";
import { lines, run, runWell } from "./clients/run.ts";
import { KAFKA_CLIENTS } from "./kafka-clients.ts";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";
import {
  FRANZ_GO,
  FRANZ_GO_MEMBER,
  goDriverMissing,
  goMemberMissing,
  PYTHON,
  PYTHON_FOLDER,
  programsMissing,
  pythonClientsMissing,
  required,
} from "./tools.ts";

/** One device's records as a topic: what every client reads of it is what it finds by reading all and leaving out. */
const PARTITIONS = 3;
const DEVICES = 9;
const DEVICE = "dev-4";
/** The partition that has it. */
const HOME = 4 % PARTITIONS;
const ODD = "line 1/Ä";
const START_MS = 120_000;
const WAIT_MS = 40_000;
/** Those that show what an aborted transaction has written unless they are told not to. */
const UNCOMMITTED: ReadonlySet<string> = new Set(["java", "franz-go", "kafka-python", "aiokafka"]);
/** It takes letters, digits, `.`, `_` and `-` only. */
const ALIAS_ONLY: ReadonlySet<string> = new Set(["kafka-python"]);

const READERS = KAFKA_CLIENTS.filter((client) => client.consume !== undefined);
const writer = new Driver("franz-go", [FRANZ_GO], goDriverMissing);
const results = new Results("device-views");
const running = new Set<Member>();
let target: Target;
/** Records of the device in its partition: those of committed transactions, and all of them. */
let committed = 0;
let all = 0;
let compacted: readonly ReadRecord[] = [];

beforeAll(async () => {
  if (required(writer.missing()) !== null) return;
  target = await startTarget({ doors: ["kafka"], settings: { "group.initial.rebalance.delay.ms": "0" } });
  await makeTopic("telemetry", PARTITIONS, {});
  for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"] as const) await writeReadings(codec);
  await writeTransactions();
  await makeCompacted();
}, START_MS);
afterAll(async () => {
  for (const member of running) await member.kill();
  await target?.stop();
}, START_MS);

function reasonOf(client: { missing(): string | null }): string | null {
  return required(client.missing()) ?? required(writer.missing());
}

async function makeTopic(topic: string, partitions: number, configs: Record<string, string>): Promise<void> {
  await writer.createTopic({ bootstrap: target.kafka, topic, partitions, configs });
}

async function writeReadings(codec: Codec): Promise<void> {
  const records = Array.from({ length: DEVICES * 20 }, (_, index) => {
    const device = index % DEVICES;
    // By a partitioner of its own.
    const partition = device % PARTITIONS;
    const key = device === DEVICES - 1 ? ODD : `dev-${device}`;
    const headers: [string, string][] = index % 2 === 0 ? [["unit", "C"]] : [];
    return { partition, key, value: `${codec}-${index}`, headers, timestampMs: Date.now() - 10_000 + index };
  });
  await writer.produce({ bootstrap: target.kafka, topic: "telemetry", records, codec });
  committed += 20;
  all += 20;
}

/** A transaction that commits, one that aborts, and others' records behind both. */
async function writeTransactions(): Promise<void> {
  const kafka = new Kafka({ brokers: [target.kafka], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ transactionalId: "t", idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const partition = HOME;
  for (const outcome of ["committed", "aborted", "committed-too"] as const) {
    const transaction = await producer.transaction();
    const messages = ["dev-1", DEVICE, "dev-7"].map((key) => ({ key, value: outcome, partition }));
    await transaction.send({ topic: "telemetry", messages });
    if (outcome === "aborted") await transaction.abort();
    else await transaction.commit();
  }
  await producer.disconnect();
  committed += 2;
  all += 3;
  const records = ["dev-1", "dev-7"].map((key) => ({
    partition,
    key,
    value: "last",
    headers: [],
    timestampMs: null,
  }));
  await writer.produce({ bootstrap: target.kafka, topic: "telemetry", records });
}

/** Enough for compaction to have sealed segments, of which it leaves the latest of each key. */
async function makeCompacted(): Promise<void> {
  const configs = {
    "cleanup.policy": "compact",
    "segment.bytes": "1048576",
    "min.cleanable.dirty.ratio": "0.01",
  };
  await makeTopic("latest", 1, configs);
  const filler = "x".repeat(10_000);
  const records = Array.from({ length: 240 }, (_, index) => {
    const key = `dev-${index % DEVICES}`;
    return { partition: 0, key, value: `${index} ${filler}`, headers: [], timestampMs: Date.now() };
  });
  await writer.produce({ bootstrap: target.kafka, topic: "latest", records });
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const end = await writer.offset({
      bootstrap: target.kafka,
      topic: "latest",
      partition: 0,
      timestampMs: -1,
    });
    const kept = lines(
      await runWell(["kcat", "-C", "-e", "-q", "-J", "-b", target.kafka, "-t", "latest", "-o", "0"]),
    );
    if (end === 240 && kept.length < 200) break;
    if (Date.now() > deadline) throw new Error(`nothing was compacted: ${kept.length} records`);
    await Bun.sleep(500);
  }
  const view = await runWell([
    "kcat",
    "-C",
    "-e",
    "-q",
    "-J",
    "-b",
    target.kafka,
    "-t",
    `latest/${DEVICE}`,
    "-o",
    "0",
  ]);
  compacted = lines(view).map((line) => JSON.parse(line));
}

function viewName(topic: string, client: string): string {
  return ALIAS_ONLY.has(client) ? `${topic}--${DEVICE}` : `${topic}/${DEVICE}`;
}

async function consume(client: KafkaClient, topic: string, partition: number, count: number) {
  const request = { bootstrap: target.kafka, topic, partition, offset: 0, count, timeoutMs: WAIT_MS };
  return (await client.consume?.(request)) ?? [];
}

const same = (record: ReadRecord) => ({ ...record, partition: 0 });

describe("a device's records", () => {
  for (const client of READERS) {
    results.test(
      client.name,
      "view",
      reasonOf(client),
      async () => {
        const sees = UNCOMMITTED.has(client.name) ? all : committed;
        const inPartition = 3 * sees + 2;
        const whole = await consume(client, "telemetry", HOME, inPartition);
        const found = await consume(client, viewName("telemetry", client.name), HOME, sees);
        expect(found.map(same)).toEqual(whole.filter(({ key }) => key === DEVICE).map(same));
        expect(found.length).toBe(sees);
      },
      " are what is left of reading all",
    );
    results.test(
      client.name,
      "view, compacted",
      reasonOf(client),
      async () => {
        expect(compacted.length).toBeGreaterThan(0);
        const found = await consume(client, viewName("latest", client.name), 0, compacted.length);
        expect(found.map(({ offset }) => offset)).toEqual(compacted.map(({ offset }) => offset));
      },
      " of a compacted topic",
    );
  }
  for (const client of READERS.filter(({ name, offset }) => offset !== undefined && !ALIAS_ONLY.has(name))) {
    results.test(
      client.name,
      "view, any key",
      reasonOf(client),
      async () => {
        const found = await consume(client, "telemetry/line%201%2F%C3%84", (DEVICES - 1) % PARTITIONS, 100);
        expect(new Set(found.map(({ key }) => key))).toEqual(new Set([ODD]));
        expect(found.length).toBe(100);
      },
      " under a key of any characters",
    );
  }
});

const MEMBERS: readonly MemberKind[] = [
  kcatMember(() => programsMissing("kcat")),
  javaMember(realKafkaMissing),
  programMember("franz-go", [FRANZ_GO_MEMBER], goMemberMissing),
  programMember("confluent-kafka", [PYTHON, `${PYTHON_FOLDER}/confluent_member.py`], pythonClientsMissing),
  programMember("kafka-python", [PYTHON, `${PYTHON_FOLDER}/kafka_python_member.py`], pythonClientsMissing),
  programMember("aiokafka", [PYTHON, `${PYTHON_FOLDER}/aiokafka_member.py`], pythonClientsMissing),
  programMember(
    "kafkajs",
    [process.execPath, `${import.meta.dirname}/clients/kafkajs-member.ts`],
    () => null,
  ),
];

describe("a group", () => {
  for (const kind of MEMBERS) {
    results.test(
      kind.name,
      "view, group",
      reasonOf(kind),
      async () => {
        const topic = viewName("telemetry", kind.name);
        const group = `view-${kind.name}`;
        const expected = UNCOMMITTED.has(kind.name) ? all : committed;
        const member = start(kind, topic, group);
        await until(
          () => member.records.length >= expected && member.records.at(-1)?.value === "committed-too",
          member,
        );
        // Time to commit where it does so by itself.
        await Bun.sleep(600);
        await member.stop();
        running.delete(member);
        expect(member.records.length).toBe(expected);
      },
      " reads it to its end",
    );
  }
  for (const kind of [javaModern(), confluentModern()]) {
    results.test(
      kind.name,
      "view, KIP-848 group",
      reasonOf(kind),
      async () => {
        await readAsModern(kind, `view-modern-${kind.name}`);
      },
      " of the consumer protocol reads it to its end",
    );
  }
  results.test(
    "java",
    "view, lag",
    reasonOf({ missing: realKafkaMissing }),
    async () => {
      const command = [...kafkaTool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand")];
      const { output } = await run(
        [...command, "--bootstrap-server", target.kafka, "--describe", "--all-groups"],
        "",
        WAIT_MS,
      );
      const shown = lines(output)
        .map((line) => line.trim().split(/\s+/))
        .filter(([group = ""]) => group.startsWith("view-"))
        .map(([group, topic, partition, , , lag]) => ({ group, topic, partition, lag }));
      expect(shown.length).toBeGreaterThanOrEqual(MEMBERS.length + 1);
      // Of the others some clients commit that there is nothing, and some don't.
      const wrong = shown.filter(
        ({ lag, partition }) => lag !== "0" && (lag !== "-" || partition === String(HOME)),
      );
      expect(wrong).toEqual([]);
    },
    " has no lag in the end, though others have written behind it",
  );
});

describe("writing to a view", () => {
  for (const client of KAFKA_CLIENTS.filter(({ name }) => !ALIAS_ONLY.has(name))) {
    results.test(
      client.name,
      "view, refusal",
      reasonOf(client),
      async () => {
        const records = [{ partition: 0, key: DEVICE, value: "x", headers: [], timestampMs: null }];
        const request = {
          bootstrap: target.kafka,
          topic: `telemetry/${DEVICE}`,
          records,
          timeoutMs: WAIT_MS,
        };
        const outcomes = await client.produce?.(request);
        expect(outcomes?.[0]?.error ?? "").toMatch(/TOPIC_AUTHORIZATION_FAILED|[Aa]uthori[sz]/);
      },
      " is refused for want of rights",
    );
  }
});

function start(kind: MemberKind, topic: string, group: string): Member {
  const member = new Member(kind, {
    bootstrap: target.kafka,
    group,
    topic,
    name: `member-${kind.name}`,
    instance: null,
    strategy: "range",
    sessionTimeoutMs: 6000,
    heartbeatMs: 500,
  });
  running.add(member);
  return member;
}

async function until(holds: () => boolean, member: Member): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!holds()) {
    member.expectAlive();
    if (Date.now() > deadline) throw new Error(`${member.records.length} records within ${WAIT_MS} ms`);
    await Bun.sleep(50);
  }
}

async function readAsModern(kind: ModernKind, group: string): Promise<void> {
  const settings = { "auto.offset.reset": "earliest", "auto.commit.interval.ms": "200" };
  const command = kind.command({ bootstrap: target.kafka, group, topics: [`telemetry/${DEVICE}`], settings });
  const child = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "ignore" });
  let output = "";
  const deadline = setTimeout(() => child.kill(), WAIT_MS);
  for await (const chunk of child.stdout) {
    output += new TextDecoder().decode(chunk);
    if (output.includes("committed-too")) break;
  }
  clearTimeout(deadline);
  await Bun.sleep(600);
  child.stdin.end();
  await child.exited;
  expect(output).toContain("committed-too");
}
