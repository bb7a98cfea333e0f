import { afterAll, beforeAll, describe, expect } from "bun:test";
import { kafkaTool, realKafkaMissing } from "../../support/kafka/real-kafka.ts";
import { Driver } from "../clients/driver.ts";
import {
  confluentModern,
  franzGoModern,
  javaModern,
  type ModernKind,
  ModernMember,
} from "../clients/modern-member.ts";
import { runWell } from "../clients/run.ts";
import { Results } from "../results.ts";
import { REFERENCE, startTarget, type Target } from "../target.ts";
import { FRANZ_GO, goDriverMissing, required } from "../tools.ts";

/** Members of groups of the consumer protocol (KIP-848), each client unmodified. */
const PARTITIONS = 6;
const START_MS = 120_000;
const WAIT_MS = 40_000;
/** Short, so that nobody waits long for one that has died, and long enough for a client to start anew. */
const SETTINGS = {
  "group.consumer.session.timeout.ms": "15000",
  "group.consumer.min.session.timeout.ms": "15000",
  "group.consumer.heartbeat.interval.ms": "500",
  "group.consumer.min.heartbeat.interval.ms": "500",
  "group.initial.rebalance.delay.ms": "500",
};

const KINDS: readonly ModernKind[] = [javaModern(), confluentModern(), franzGoModern()];
const CLASSIC = javaModern("classic");
const producer = new Driver("franz-go", [FRANZ_GO], goDriverMissing);
const reasons = new Map(
  KINDS.map((kind) => [kind.name, required(kind.missing()) ?? required(producer.missing())]),
);
const results = new Results("consumer-groups");
const running = new Set<ModernMember>();
let target: Target;
let written = 0;

beforeAll(async () => {
  target = await startTarget({ doors: ["kafka"], settings: SETTINGS });
}, START_MS);
afterAll(async () => {
  for (const member of running) await member.kill();
  await target?.stop();
}, START_MS);

async function makeTopic(topic: string): Promise<void> {
  await producer.createTopic({ bootstrap: target.kafka, topic, partitions: PARTITIONS, configs: {} });
}

/** Writes some records to every partition, each value once ever; returns the values. */
async function write(topic: string): Promise<readonly string[]> {
  const records = Array.from({ length: 10 * PARTITIONS }, (_, index) => {
    written += 1;
    const value = `v-${written}`;
    return { partition: index % PARTITIONS, key: null, value, headers: [], timestampMs: null };
  });
  const outcomes = await producer.produce({ bootstrap: target.kafka, topic, records });
  expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
  return records.map(({ value }) => value);
}

function start(
  kind: ModernKind,
  group: string,
  topics: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): ModernMember {
  const refresh = kind.name === "confluent-kafka" ? { "topic.metadata.refresh.interval.ms": "1000" } : {};
  const member = new ModernMember(kind, {
    bootstrap: target.kafka,
    group,
    topics,
    settings: { "client.id": `member-${kind.name.replace(/\W/g, "-")}`, ...refresh, ...settings },
  });
  running.add(member);
  return member;
}

async function stop(member: ModernMember): Promise<void> {
  await member.stop();
  running.delete(member);
}

/** Waits until the condition holds; a member that ends by itself meanwhile is a failure. */
async function until(what: string, members: readonly ModernMember[], holds: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!holds()) {
    for (const member of members) member.expectAlive();
    if (Date.now() > deadline) {
      const told = members.map(({ assigned, values, said }) => ({
        assigned,
        values: values.length,
        said: said.slice(-8),
      }));
      throw new Error(`not within ${WAIT_MS} ms: ${what}: ${JSON.stringify(told)}`);
    }
    await Bun.sleep(50);
  }
}

async function untilShared(members: readonly ModernMember[], ...sizes: readonly number[]): Promise<void> {
  await until(`partitions are shared as ${sizes}`, members, () => {
    const distinct = new Set(members.flatMap(({ assigned }) => assigned));
    return (
      members.every(({ assigned }, index) => assigned.length === sizes[index]) &&
      distinct.size === sizes.reduce((sum, size) => sum + size, 0)
    );
  });
}

async function untilRead(members: readonly ModernMember[], values: readonly string[]): Promise<void> {
  await until("all is read", members, () => {
    const read = new Set(members.flatMap((member) => member.values));
    return values.every((value) => read.has(value));
  });
}

/** What Kafka's own tool says of a group. */
async function described(group: string, ...what: readonly string[]): Promise<string> {
  const tool = kafkaTool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand");
  return await runWell([
    ...tool,
    "--bootstrap-server",
    target.kafka,
    "--describe",
    "--group",
    group,
    ...what,
  ]);
}

async function kindOf(group: string): Promise<string> {
  const tool = kafkaTool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand");
  const output = await runWell([...tool, "--bootstrap-server", target.kafka, "--list", "--type"]);
  const line = output.split("\n").find((candidate) => candidate.startsWith(`${group} `));
  return line?.trim().split(/\s+/)[1] ?? "none";
}

function problems(member: ModernMember): readonly string[] {
  return member.said.filter((line) => /^(?:failed|refused|lost)/.test(line));
}

describe("consumer protocol", () => {
  for (const kind of KINDS) {
    const reason = reasons.get(kind.name) ?? null;
    const topic = `modern-${kind.name}`;
    const group = `group-of-${topic}`;

    results.test(kind.name, "consumer protocol: members share, come and go", reason, async () => {
      await makeTopic(topic);
      const values = [...(await write(topic))];
      const one = start(kind, group, [topic]);
      await untilShared([one], PARTITIONS);
      const two = start(kind, group, [topic]);
      await untilShared([one, two], 3, 3);
      values.push(...(await write(topic)));
      await untilRead([one, two], values);
      await stop(two);
      await untilShared([one], PARTITIONS);
      values.push(...(await write(topic)));
      await untilRead([one, two], values);
      await stop(one);
      expect([...one.values, ...two.values].sort()).toEqual([...values].sort());
      expect([...problems(one), ...problems(two)]).toEqual([]);
    });

    results.test(kind.name, "consumer protocol: takes over from one that died", reason, async () => {
      const dead = `${topic}-dead`;
      await makeTopic(dead);
      const members = [start(kind, dead, [dead]), start(kind, dead, [dead])] as const;
      await untilShared(members, 3, 3);
      await members[1].kill();
      running.delete(members[1]);
      const values = await write(dead);
      await untilShared([members[0]], PARTITIONS);
      await untilRead([members[0]], values);
      await stop(members[0]);
      expect(problems(members[0])).toEqual([]);
    });

    results.test(kind.name, "consumer protocol: expressions find new topics", reason, async () => {
      const prefix = `found-${kind.name}`;
      await makeTopic(`${prefix}-1`);
      await makeTopic(`not-${prefix}`);
      const member = start(kind, prefix, [`^${prefix}-\\d`]);
      await untilShared([member], PARTITIONS);
      await makeTopic(`${prefix}-2`);
      await untilShared([member], 2 * PARTITIONS);
      const values = [...(await write(`${prefix}-1`)), ...(await write(`${prefix}-2`))];
      await untilRead([member], values);
      await stop(member);
      expect(member.values.length).toBe(values.length);
    });

    const staticMembers = async (): Promise<void> => {
      const name = `${topic}-static`;
      await makeTopic(name);
      const [one, two] = ["i1", "i2"].map((id) => start(kind, name, [name], { "group.instance.id": id })) as [
        ModernMember,
        ModernMember,
      ];
      await untilShared([one, two], 3, 3);
      const had = two.assigned;
      const before = one.said.length;
      await stop(two);
      await Bun.sleep(1500);
      const back = start(kind, name, [name], { "group.instance.id": "i2" });
      await untilShared([one, back], 3, 3);
      expect(back.assigned).toEqual(had);
      expect(one.said.slice(before)).toEqual([]);
      await Promise.all([stop(one), stop(back)]);
    };
    if (kind.canBeStatic) {
      results.test(
        kind.name,
        "consumer protocol: static members keep their partitions",
        reason,
        staticMembers,
      );
    }

    // Kafka on one node takes longer to come back than clients wait here.
    const noCrash = reason ?? (REFERENCE ? "it is about Headwater" : null);
    results.test(
      kind.name,
      "consumer protocol: members go on after a crash of the broker",
      noCrash,
      async () => {
        const name = `${topic}-crash`;
        await makeTopic(name);
        const members = [start(kind, name, [name]), start(kind, name, [name])] as const;
        await untilShared(members, 3, 3);
        const values = [...(await write(name))];
        await untilRead(members, values);
        await target.crash();
        values.push(...(await write(name)));
        await untilRead(members, values);
        await untilShared(members, 3, 3);
        await Promise.all(members.map(stop));
      },
    );

    const mixed = reason ?? required(CLASSIC.missing());
    results.test(
      kind.name,
      "consumer protocol: takes classic members along and leaves them",
      mixed,
      async () => {
        const name = `${topic}-mixed`;
        await makeTopic(name);
        const classic = start(CLASSIC, name, [name], {
          "partition.assignment.strategy": "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
          "session.timeout.ms": "6000",
          "heartbeat.interval.ms": "500",
        });
        await untilShared([classic], PARTITIONS);
        expect(await kindOf(name)).toBe("Classic");
        const modern = start(kind, name, [name]);
        await untilShared([classic, modern], 3, 3);
        expect(await kindOf(name)).toBe("Consumer");
        const values = [...(await write(name))];
        await untilRead([classic, modern], values);
        await stop(modern);
        await untilShared([classic], PARTITIONS);
        expect(await kindOf(name)).toBe("Classic");
        values.push(...(await write(name)));
        await untilRead([classic, modern], values);
        await stop(classic);
      },
    );
  }

  results.test("java", "consumer protocol: group tools", required(realKafkaMissing()), async () => {
    const name = "modern-tools";
    await makeTopic(name);
    await write(name);
    const member = start(javaModern(), name, [name], { "group.remote.assignor": "range" });
    await untilShared([member], PARTITIONS);
    await until("all is read", [member], () => member.values.length === 10 * PARTITIONS);
    await Bun.sleep(500);
    expect(await described(name, "--state")).toMatch(/\srange\s+Stable\s+1\b/);
    expect(await described(name, "--members", "--verbose")).toMatch(/\s6\s+2\s+modern-tools:0,1,2,3,4,5\s/);
    const offsets = (await described(name)).split("\n").filter((line) => line.startsWith(name));
    expect(offsets.map((line) => line.split(/\s+/).slice(3, 6))).toEqual(
      new Array<string[]>(PARTITIONS).fill(["10", "10", "0"]),
    );
    await stop(member);
    expect(await described(name, "--state")).toMatch(/\sEmpty\s+0\b/);
  });
});
