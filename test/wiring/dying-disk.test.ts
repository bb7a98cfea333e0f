import { expect, test } from "bun:test";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { parseAddress } from "../../src/config/address.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { startHeadwater } from "../support/headwater.ts";

test("a journal that the disk refuses to sync ends the process, which says why; what was acknowledged is there", async () => {
  const environment = { HEADWATER_TEST_BUG: "fail-journal-sync" };
  const gateway = await startHeadwater({ environment });
  let failed = true;
  try {
    const made = await makeTopics(gateway.kafka, 40);
    expect(made.length).toBeLessThan(40);
    for (let i = 0; i < 500 && gateway.running; i++) await Bun.sleep(20);
    expect(gateway.running).toBe(false);
    expect(await gateway.stop()).toBe(EXIT.disk);
    expect(gateway.log()).toContain("cannot sync the journal: EIO");
    expect(gateway.log()).toContain("the gateway can't go on");
    await gateway.restart();
    const names = await topicNames(gateway.kafka);
    expect(names).toEqual(expect.arrayContaining([...made]));
    failed = false;
  } finally {
    await gateway.dispose(failed);
  }
}, 60_000);

function open(kafka: string): KafkaCluster {
  const address = parseAddress(kafka, "127.0.0.1");
  if (typeof address === "string") throw new Error(address);
  const clock = new SystemClock();
  const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
  return new KafkaCluster(seams, clusterOptions([address], { requestTimeoutMs: 5_000 }));
}

/** Names of those that were acknowledged, up to the first that was not. */
async function makeTopics(kafka: string, count: number): Promise<readonly string[]> {
  const cluster = open(kafka);
  const admin = new KafkaAdmin(cluster);
  const made: string[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const { error } = await admin.createTopic({ name: `topic-${i}`, partitions: 1, replicationFactor: 1 });
      if (error !== 0) break;
      made.push(`topic-${i}`);
    }
  } catch {
    // The connection is gone with the process.
  } finally {
    cluster.close();
  }
  return made;
}

async function topicNames(kafka: string): Promise<readonly string[]> {
  const cluster = open(kafka);
  try {
    return (await new KafkaAdmin(cluster).topics(null)).map(({ name }) => name);
  } finally {
    cluster.close();
  }
}
