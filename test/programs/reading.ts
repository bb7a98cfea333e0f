import { RecordSender } from "../../src/cli/record-sender.ts";
import { parseAddress } from "../../src/config/address.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { PartitionConsumer } from "../../src/kafka/client/consumer.ts";
import { partitionForKey } from "../../src/records/murmur2.ts";

export interface Line {
  readonly key: string | null;
  readonly value: string;
}

function clientOf(bootstrap: string): KafkaCluster {
  const address = parseAddress(bootstrap, "127.0.0.1");
  if (typeof address === "string") throw new Error(`${bootstrap}: ${address}`);
  const clock = new SystemClock();
  const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
  return new KafkaCluster(seams, clusterOptions([address]));
}

export async function createTopics(bootstrap: string, partitions: number, ...names: string[]): Promise<void> {
  const cluster = clientOf(bootstrap);
  for (const name of names) {
    const { error } = await new KafkaAdmin(cluster).createTopic({ name, partitions, replicationFactor: 1 });
    if (error !== 0) throw new Error(`topic ${name}: error ${error}`);
  }
  cluster.close();
}

/** All committed records of a topic, those of a partition in their order. */
export async function readCommitted(bootstrap: string, topic: string): Promise<readonly Line[]> {
  const cluster = clientOf(bootstrap);
  const decoder = new TextDecoder();
  const found: Line[] = [];
  try {
    const consumer = new PartitionConsumer(cluster, { isolation: "read_committed", maxWaitMs: 50 });
    await consumer.assignTopic(topic, "earliest");
    do {
      await consumer.poll((_topic, _partition, record) => {
        const key = record.key();
        found.push({
          key: key === null ? null : decoder.decode(key),
          value: decoder.decode(record.value() ?? undefined),
        });
      });
    } while (!consumer.atEnd);
  } finally {
    cluster.close();
  }
  return found;
}

/** Writes lines, each once, whatever happens to the gateway meanwhile. */
export async function write(bootstrap: string, topic: string, lines: readonly Line[]): Promise<void> {
  const cluster = clientOf(bootstrap);
  try {
    await eventually(
      () => `${bootstrap} does not answer`,
      30_000,
      async () => (await cluster.refresh([topic]).catch(() => []))[0]?.error === 0,
    );
    const count = cluster.topic(topic)?.partitions.length ?? 1;
    const sender = new RecordSender(cluster, topic, 0, null);
    for (const { key, value } of lines) {
      const keyBytes = Buffer.from(key ?? "");
      await sender.add(partitionForKey(keyBytes, count), Date.now(), keyBytes, Buffer.from(value));
      // Not all in one batch.
      if (Number(value) % 20 === 0) await sender.flush();
    }
    await sender.flush();
  } finally {
    cluster.close();
  }
}

/** Tries until it holds. Throws with `what` where it takes too long. */
export async function eventually(
  what: () => string,
  timeoutMs: number,
  holds: () => Promise<boolean>,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(what());
    await Bun.sleep(250);
  }
}
