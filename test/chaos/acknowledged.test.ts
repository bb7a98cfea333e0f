import { expect, test } from "bun:test";
import { parseAddress } from "../../src/config/address.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { PartitionConsumer } from "../../src/kafka/client/consumer.ts";
import { GroupMember } from "../../src/kafka/client/group-member.ts";
import { commitGroupOffsets } from "../../src/kafka/client/groups.ts";
import { produce } from "../../src/kafka/client/produce.ts";
import { committedOffsets, endTransaction, initProducerId } from "../../src/kafka/client/transactions.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { chaosSeed } from "./support/chaos.ts";

// What the broker has acknowledged is there after a kill, at whatever moment: settings, topics, offsets, members and
// transactions. What it has not may be there or not, but never by half.

const KILLS = 15;
const TEST_MS = 240_000;
const PAIRS = "pairs";
const PROTOCOL = 2;

test("settings, topics, offsets, members and transactions come back as acknowledged", () => kill(), TEST_MS);

test(
  "a broker that forgets which transactions were aborted is found out",
  async () => {
    const environment = { HEADWATER_TEST_BUG: "forget-aborted-transactions" };
    await expect(kill(environment)).rejects.toThrow();
  },
  TEST_MS,
);

/** Has everybody at work, kills the broker, checks, and again. */
async function kill(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  const random = new SeededRandom(chaosSeed());
  const settings = { "group.initial.rebalance.delay.ms": "0" };
  const gateway = await startHeadwater({ settings, environment });
  let failed = Object.keys(environment).length === 0;
  try {
    await prepare(gateway);
    const works = [
      new Settings(),
      new Topics(),
      new Offsets(),
      new Pairs("pairs-1"),
      new Pairs("pairs-2"),
      new Membership(),
    ];
    for (let kills = 0; kills < KILLS; kills += 1) {
      const link = clusterOf(gateway);
      const over = { yes: false };
      const running = works.map((work) => work.run(link, () => over.yes));
      await Bun.sleep(150 + random.below(700));
      await gateway.kill();
      over.yes = true;
      await Promise.all(running);
      link.close();
      await gateway.restart();
      const fresh = clusterOf(gateway);
      for (const work of works) await work.check(fresh);
      fresh.close();
    }
    // The kills came while there was something to do.
    for (const work of works) expect([work.name, work.acknowledged > KILLS]).toEqual([work.name, true]);
    failed = false;
  } finally {
    await gateway.dispose(failed);
  }
}

function clusterOf(gateway: Headwater): KafkaCluster {
  const address = parseAddress(gateway.kafka, "127.0.0.1");
  if (typeof address === "string") throw new Error(address);
  const clock = new SystemClock();
  const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
  return new KafkaCluster(seams, clusterOptions([address], { requestTimeoutMs: 5_000 }));
}

async function prepare(gateway: Headwater): Promise<void> {
  const link = clusterOf(gateway);
  const admin = new KafkaAdmin(link);
  for (const name of ["settings", PAIRS, "read"]) {
    const { error } = await admin.createTopic({ name, partitions: 2, replicationFactor: 1 });
    expect(error).toBe(0);
  }
  link.close();
}

/** A kind of work that acknowledgements promise something of. */
abstract class Work {
  abstract readonly name: string;
  acknowledged = 0;

  /** Works until the broker is gone. */
  async run(link: KafkaCluster, over: () => boolean): Promise<void> {
    try {
      await this.begin(link);
      while (!over()) await this.step(link);
    } catch (error) {
      // The broker went away: that is what is tried.
      if (!over()) await Bun.sleep(50);
      if (!over()) throw error;
    }
  }

  abstract check(link: KafkaCluster): Promise<void>;
  protected abstract step(link: KafkaCluster): Promise<void>;
  protected async begin(_link: KafkaCluster): Promise<void> {}
}

/** A setting that only grows. */
class Settings extends Work {
  readonly name = "settings";
  #asked = 1000;
  #known = 1000;

  protected async step(link: KafkaCluster): Promise<void> {
    this.#asked += 1;
    const value = this.#asked;
    const { error } = await new KafkaAdmin(link).alterTopicConfigs(
      "settings",
      new Map([["retention.ms", String(value)]]),
    );
    expect(error).toBe(0);
    this.#known = value;
    this.acknowledged += 1;
  }

  async check(link: KafkaCluster): Promise<void> {
    if (this.acknowledged === 0) return;
    const { configs } = await new KafkaAdmin(link).describeConfigs("topic", "settings", ["retention.ms"]);
    const value = Number(configs[0]?.value);
    expect(value).toBeWithin(this.#known, this.#asked + 1);
    this.#known = value;
  }
}

/** Topics that are made, and every other deleted again. */
class Topics extends Work {
  readonly name = "topics";
  #count = 0;
  readonly #made = new Set<string>();
  readonly #gone = new Set<string>();

  protected async step(link: KafkaCluster): Promise<void> {
    const admin = new KafkaAdmin(link);
    const name = `made-${this.#count}`;
    this.#count += 1;
    const made = await admin.createTopic({ name, partitions: 1, replicationFactor: 1 });
    expect(made.error).toBe(0);
    this.#made.add(name);
    this.acknowledged += 1;
    if (this.#count % 2 === 0) return;
    this.#made.delete(name);
    const { error } = await admin.deleteTopic(name);
    expect(error).toBe(0);
    this.#gone.add(name);
  }

  async check(link: KafkaCluster): Promise<void> {
    const names = new Set((await link.refresh(null)).map(({ name }) => name));
    expect([...this.#made].filter((name) => !names.has(name))).toEqual([]);
    expect([...this.#gone].filter((name) => names.has(name))).toEqual([]);
  }
}

/** Offsets of a group, which only grow. */
class Offsets extends Work {
  readonly name = "offsets";
  #asked = 0;
  #known = 0;

  protected async step(link: KafkaCluster): Promise<void> {
    this.#asked += 1;
    const offset = this.#asked;
    const committed = [{ topic: "read", partition: 0, offset, metadata: `m${offset}` }];
    const outcome = await commitGroupOffsets(link, "committing", committed);
    if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome));
    this.#known = offset;
    this.acknowledged += 1;
  }

  async check(link: KafkaCluster): Promise<void> {
    if (this.acknowledged === 0) return;
    const outcome = await committedOffsets(link, "committing", null);
    if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome));
    const [found] = outcome.value;
    expect(found?.offset).toBeWithin(this.#known, this.#asked + 1);
    expect(found?.metadata).toBe(`m${found?.offset}`);
    this.#known = found?.offset ?? 0;
  }
}

/** Transactions that write the same number into both partitions, with an offset; every third is aborted. */
class Pairs extends Work {
  readonly name: string;
  #number = 0;
  readonly #committed = new Set<string>();
  readonly #aborted = new Set<string>();

  constructor(name: string) {
    super();
    this.name = name;
  }

  protected async step(link: KafkaCluster): Promise<void> {
    await link.refresh([PAIRS]);
    const given = await initProducerId(link, this.name, 10_000, { producerId: -1, producerEpoch: -1 });
    if (given.kind !== "done") {
      if (given.kind === "lost") throw new Error(given.reason);
      await Bun.sleep(20);
      return;
    }
    const value = `${this.name} ${this.#number}`;
    this.#number += 1;
    const leader = link.leaderOf(PAIRS, 0);
    if (leader === null) throw new Error("no leader");
    const batches = [0, 1].map((partition) => {
      const builder = new BatchBuilder();
      builder.append(Date.now(), null, Buffer.from(value), null);
      return {
        topic: PAIRS,
        partition,
        batch: builder.build({ ...given.value, baseSequence: 0, transactional: true }),
      };
    });
    const options = { transactionalId: this.name, transactionProtocol: PROTOCOL, timeoutMs: 5_000 } as const;
    const written = await produce(link, leader, batches, options);
    const bad = written.find((outcome) => outcome.kind === "lost" || outcome.error !== 0);
    if (bad !== undefined) throw new Error(JSON.stringify(bad));
    const commit = this.#number % 3 !== 0;
    const who = { transactionalId: this.name, ...given.value, protocol: PROTOCOL } as const;
    const ended = await endTransaction(link, who, commit);
    if (ended.kind !== "done") throw new Error(JSON.stringify(ended));
    (commit ? this.#committed : this.#aborted).add(value);
    this.acknowledged += 1;
  }

  async check(link: KafkaCluster): Promise<void> {
    // Whoever comes next ends what was left open, so that everything can be read.
    for (let tries = 0; tries < 200; tries += 1) {
      const given = await initProducerId(link, this.name, 10_000, { producerId: -1, producerEpoch: -1 });
      if (given.kind === "done") break;
      await Bun.sleep(20);
    }
    const found: Set<string>[] = [new Set(), new Set()];
    const consumer = new PartitionConsumer(link, { isolation: "read_committed", maxWaitMs: 20 });
    await consumer.assignTopic(PAIRS, "earliest");
    do {
      await consumer.poll((_topic, partition, record) => {
        const value = Buffer.from(record.value() ?? []).toString();
        if (!value.startsWith(`${this.name} `)) return;
        expect(found[partition]?.has(value)).toBe(false);
        found[partition]?.add(value);
      });
    } while (!consumer.atEnd);
    const [first = new Set(), second = new Set()] = found;
    expect([...first.symmetricDifference(second)]).toEqual([]);
    expect([...this.#committed].filter((value) => !first.has(value))).toEqual([]);
    expect([...this.#aborted].filter((value) => first.has(value))).toEqual([]);
  }
}

/** A member of a group, who goes on in its generation where its session has not ended. */
class Membership extends Work {
  readonly name = "membership";
  #identity = { memberId: "", generationId: -1 };

  protected override async begin(link: KafkaCluster): Promise<void> {
    const options = {
      group: "lasting",
      topics: ["read"],
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
    };
    const member = new GroupMember(link, options);
    if (this.#identity.generationId >= 0) return;
    await member.join();
    this.#identity = member.identity;
  }

  protected async step(link: KafkaCluster): Promise<void> {
    const offsets = [{ topic: "read", partition: 1, offset: this.acknowledged, metadata: "" }];
    const outcome = await commitGroupOffsets(link, "lasting", offsets, this.#identity);
    if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome));
    this.acknowledged += 1;
    await Bun.sleep(10);
  }

  async check(link: KafkaCluster): Promise<void> {
    if (this.#identity.generationId < 0) return;
    const offsets = [{ topic: "read", partition: 1, offset: this.acknowledged, metadata: "" }];
    const outcome = await commitGroupOffsets(link, "lasting", offsets, this.#identity);
    expect(outcome.kind).toBe("done");
  }
}
