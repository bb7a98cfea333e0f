import { afterAll, beforeAll, describe, expect } from "bun:test";
import { kafkaTool, realKafkaMissing } from "../../support/kafka/real-kafka.ts";
import { Driver } from "../clients/driver.ts";
import {
  javaMember,
  kcatMember,
  Member,
  type MemberKind,
  type MemberRecord,
  type MemberRequest,
  programMember,
} from "../clients/member.ts";
import { run, runWell } from "../clients/run.ts";
import { Results } from "../results.ts";
import { startTarget, type Target } from "../target.ts";
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
} from "../tools.ts";

/** Members of classic groups, each client unmodified: they share partitions, take over from each other, go on. */
const PARTITIONS = 6;
const START_MS = 120_000;
const WAIT_MS = 40_000;

function python(name: string, can: Parameters<typeof programMember>[3] = {}): MemberKind {
  const script = `${PYTHON_FOLDER}/${name.replaceAll("-", "_").replace("confluent_kafka", "confluent")}_member.py`;
  return programMember(name, [PYTHON, script], pythonClientsMissing, can);
}

const KINDS: readonly MemberKind[] = [
  kcatMember(() => programsMissing("kcat")),
  javaMember(realKafkaMissing),
  programMember("franz-go", [FRANZ_GO_MEMBER], goMemberMissing, { cooperates: true }),
  python("confluent-kafka", { cooperates: true }),
  python("kafka-python"),
  python("aiokafka"),
  // It has a protocol of its own to share out by, and no static members.
  programMember(
    "kafkajs",
    [process.execPath, `${import.meta.dirname}/../clients/kafkajs-member.ts`],
    () => null,
    {
      mixes: false,
      canBeStatic: false,
    },
  ),
];

const producer = new Driver("franz-go", [FRANZ_GO], goDriverMissing);
const reasons = new Map(
  KINDS.map((kind) => [kind.name, required(kind.missing()) ?? required(producer.missing())]),
);
const results = new Results("groups");
const running = new Set<Member>();
let target: Target;
let written = 0;

beforeAll(async () => {
  target = await startTarget({
    doors: ["kafka"],
    settings: { "group.initial.rebalance.delay.ms": "500" },
  });
}, START_MS);
afterAll(async () => {
  for (const member of running) await member.kill();
  await target?.stop();
}, START_MS);

function reasonOf(kind: MemberKind): string | null {
  return reasons.get(kind.name) ?? null;
}

async function makeTopic(topic: string): Promise<void> {
  await producer.createTopic({ bootstrap: target.kafka, topic, partitions: PARTITIONS, configs: {} });
}

/** Writes so many records to every partition, each value once ever; returns the values. */
async function write(topic: string, perPartition: number): Promise<readonly string[]> {
  const records = Array.from({ length: perPartition * PARTITIONS }, (_, index) => {
    written += 1;
    return {
      partition: index % PARTITIONS,
      key: null,
      value: `v-${written}`,
      headers: [],
      timestampMs: null,
    };
  });
  const outcomes = await producer.produce({ bootstrap: target.kafka, topic, records });
  expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
  return records.map(({ value }) => value);
}

function start(kind: MemberKind, topic: string, said: Partial<MemberRequest> = {}): Member {
  const member = new Member(kind, {
    bootstrap: target.kafka,
    group: `group-of-${topic}`,
    topic,
    name: `member-${kind.name}`,
    instance: null,
    strategy: "range",
    sessionTimeoutMs: 6000,
    heartbeatMs: 500,
    ...said,
  });
  running.add(member);
  return member;
}

async function stop(...members: readonly Member[]): Promise<void> {
  await Promise.all(members.map((member) => member.stop()));
  for (const member of members) running.delete(member);
}

/** Waits until the condition holds; a member that ends by itself meanwhile is a failure. */
async function until(what: string, members: readonly Member[], holds: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!holds()) {
    for (const member of members) member.expectAlive();
    if (Date.now() > deadline) {
      const seen = members.map(({ records, assigned }) => `${records.length} records, has ${assigned}`);
      throw new Error(`${what}: not within ${WAIT_MS} ms; ${seen.join("; ")}`);
    }
    await Bun.sleep(50);
  }
}

function valuesOf(members: readonly Member[]): ReadonlySet<string> {
  return new Set(members.flatMap(({ records }) => records.map(({ value }) => value)));
}

async function untilRead(members: readonly Member[], values: readonly string[]): Promise<void> {
  await until(`${values.length} records are read`, members, () => {
    const read = valuesOf(members);
    return values.every((value) => read.has(value));
  });
}

/** Writes until each of these members has read something new: all of them have partitions. */
async function untilAllRead(topic: string, members: readonly Member[]): Promise<void> {
  const before = members.map(({ records }) => records.length);
  const deadline = Date.now() + WAIT_MS;
  const everybody = (): boolean =>
    members.every(({ records }, index) => records.length > (before[index] ?? 0));
  while (!everybody()) {
    for (const member of members) member.expectAlive();
    if (Date.now() > deadline) throw new Error("some member of the group has nothing to read");
    await write(topic, 1);
    await Bun.sleep(500);
  }
}

function partitionsOf(records: readonly MemberRecord[]): readonly number[] {
  return [...new Set(records.map(({ partition }) => partition))].toSorted((a, b) => a - b);
}

describe("one after the other", () => {
  for (const kind of KINDS) {
    results.test(kind.name, "group offsets", reasonOf(kind), async () => {
      const topic = `after-${kind.name}`;
      await makeTopic(topic);
      const first = start(kind, topic);
      await untilRead([first], await write(topic, 20));
      // Whoever commits in the background needs its moment.
      await Bun.sleep(500);
      await stop(first);
      const later = await write(topic, 5);
      const second = start(kind, topic);
      await untilRead([second], later);
      expect(second.records.map(({ value }) => value).toSorted()).toEqual([...later].toSorted());
      await stop(second);
    });
  }
});

describe("two of a kind", () => {
  for (const kind of KINDS) {
    results.test(kind.name, "rebalance", reasonOf(kind), async () => {
      const topic = `pair-${kind.name}`;
      await makeTopic(topic);
      const [one, two] = [start(kind, topic), start(kind, topic)];
      await untilAllRead(topic, [one, two]);
      const [seenByOne, seenByTwo] = [one.records.length, two.records.length];
      await untilRead([one, two], await write(topic, 5));
      const shared = [one.records.slice(seenByOne), two.records.slice(seenByTwo)].map(partitionsOf);
      expect(shared.flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
      await two.kill();
      running.delete(two);
      await untilRead([one], await write(topic, 5));
      await stop(one);
    });
  }
});

describe("cooperative", () => {
  for (const kind of KINDS.filter(({ cooperates }) => cooperates)) {
    results.test(kind.name, "cooperative rebalance", reasonOf(kind), async () => {
      const topic = `coop-${kind.name}`;
      await makeTopic(topic);
      const said = { strategy: "cooperative-sticky" };
      const one = start(kind, topic, said);
      await untilRead([one], await write(topic, 5));
      const two = start(kind, topic, said);
      await untilAllRead(topic, [one, two]);
      await stop(one);
      await untilRead([two], await write(topic, 5));
      await stop(two);
    });
  }
});

describe("static", () => {
  for (const kind of KINDS.filter(({ canBeStatic }) => canBeStatic)) {
    results.test(kind.name, "static members", reasonOf(kind), async () => {
      const topic = `static-${kind.name}`;
      await makeTopic(topic);
      const said = (instance: string) => ({ instance, sessionTimeoutMs: 30_000 });
      const [one, two] = [start(kind, topic, said("one")), start(kind, topic, said("two"))];
      await untilAllRead(topic, [one, two]);
      await untilRead([one, two], await write(topic, 2));
      const mine = partitionsOf(two.records.slice(-2));
      await two.kill();
      running.delete(two);
      // It comes back within its session: it has what it had, at once.
      const again = start(kind, topic, said("two"));
      const values = await write(topic, 5);
      await untilRead([one, again], values);
      expect(partitionsOf(again.records)).toEqual(expect.arrayContaining([...mine]));
      await stop(one, again);
    });
  }
});

describe("together", () => {
  const mixed = KINDS.filter((kind) => kind.mixes && reasonOf(kind) === null);
  results.test("all that share by range", "one group", null, async () => {
    const topic = "mixed";
    await makeTopic(topic);
    const members = mixed.map((kind) => start(kind, topic));
    await untilAllRead(topic, members);
    await untilRead(members, await write(topic, 5));
    const [gone, ...left] = members;
    await gone?.kill();
    if (gone !== undefined) running.delete(gone);
    await untilRead(left, await write(topic, 5));
    await stop(...left);
  });

  results.test("all that share by range", "a crash of the broker", null, async () => {
    const topic = "mixed-crash";
    await makeTopic(topic);
    const lasting = mixed.filter(({ givesUp }) => givesUp !== true);
    const members = lasting.map((kind) => start(kind, topic, { sessionTimeoutMs: 20_000 }));
    await untilAllRead(topic, members);
    await target.crash();
    await untilRead(members, await write(topic, 5));
    await untilAllRead(topic, members);
    await stop(...members);
  });
});

describe("kafka-consumer-groups", () => {
  const kind = KINDS.find(({ name }) => name === "franz-go") as MemberKind;
  const reason = reasonOf(kind) ?? required(realKafkaMissing());

  async function tool(...args: readonly string[]): Promise<string> {
    const command = kafkaTool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand");
    const { output, errors } = await run([...command, "--bootstrap-server", target.kafka, ...args]);
    return output + errors;
  }

  results.test("kafka-consumer-groups", "list, describe, reset, delete", reason, async () => {
    const topic = "tools";
    const group = `group-of-${topic}`;
    await makeTopic(topic);
    const member = start(kind, topic);
    await untilRead([member], await write(topic, 3));
    await Bun.sleep(500);
    expect(await tool("--list", "--state")).toMatch(new RegExp(`${group}\\s+Stable`));
    const described = await tool("--describe", "--group", group);
    const rows = described.split("\n").filter((line) => line.startsWith(group));
    expect(rows).toHaveLength(PARTITIONS);
    // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID
    for (const row of rows)
      expect(row).toMatch(/\s3\s+3\s+0\s+member-franz-go-\S+\s+\/127\.0\.0\.1\s+member-franz-go/);
    expect(await tool("--describe", "--group", group, "--members", "--verbose")).toContain("0,1,2,3,4,5");
    expect(await tool("--describe", "--group", group, "--state")).toMatch(/range\s+Stable\s+1/);
    expect(await tool("--delete", "--group", group)).toMatch(/GroupNotEmptyException|not empty/);
    const reset = ["--reset-offsets", "--group", group, "--topic", topic, "--execute"];
    expect(await tool(...reset, "--to-earliest")).toMatch(/inactive|Stable/);
    await stop(member);
    expect(await tool(...reset, "--to-offset", "1")).toMatch(new RegExp(`${topic}\\s+\\d\\s+1`));
    const again = start(kind, topic);
    await until("two thirds are read again", [again], () => again.records.length === 2 * PARTITIONS);
    await stop(again);
    const forget = await tool("--delete-offsets", "--group", group, "--topic", topic);
    expect(forget).toMatch(/Successful|succe/i);
    expect(await tool("--delete", "--group", group)).toContain("was successful");
    expect(await tool("--list")).not.toContain(group);
    expect(await tool("--describe", "--group", group)).toMatch(/does not exist|not found/);
  });

  results.test("kafka-python", "group admin", reasonOf(KINDS[4] as MemberKind), async () => {
    const topic = "admin";
    await makeTopic(topic);
    const member = start(kind, topic);
    await untilRead([member], await write(topic, 1));
    const script = [
      "import sys",
      "from kafka import KafkaAdminClient",
      "admin = KafkaAdminClient(bootstrap_servers=sys.argv[1])",
      "print(admin.list_groups())",
      "print(admin.describe_groups([sys.argv[2]]))",
      "print(admin.list_group_offsets([sys.argv[2]]))",
    ].join("\n");
    const output = await runWell([PYTHON, "-c", script, target.kafka, `group-of-${topic}`]);
    expect(output).toContain("Stable");
    expect(output).toContain("member-franz-go");
    await stop(member);
  });
});
