import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Kafka, logLevel, type Producer } from "kafkajs";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { type RealKafka, realKafkaMissing, startRealKafka } from "../support/kafka/real-kafka.ts";
import { RawClient } from "./support/raw-client.ts";
import { SCRIPT_TOPICS, Script, TRANSACTION_SCRIPTS } from "./support/transaction-scripts.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: transactions beside a real Kafka (${missing})`);
const START_MS = 120_000;
const SCRIPT_MS = 60_000;

describe.skipIf(missing !== null)(
  "the same requests get the same answers from Apache Kafka and from here",
  () => {
    let kafka: RealKafka;
    let headwater: Headwater;
    let requests = 0;

    beforeAll(async () => {
      kafka = await startRealKafka({
        properties: {
          "transaction.state.log.num.partitions": "1",
          "offsets.topic.num.partitions": "1",
          // Both abort what is late when it is.
          "transaction.abort.timed.out.transaction.cleanup.interval.ms": "50",
        },
      });
      headwater = await startHeadwater();
      await Promise.all([prepare(kafka.bootstrap), prepare(headwater.kafka)]);
    }, START_MS);

    afterAll(async () => {
      await headwater?.dispose();
      await kafka?.stop();
    }, START_MS);

    for (const [name, play] of Object.entries(TRANSACTION_SCRIPTS)) {
      test(
        name,
        async () => {
          const run = async (address: string): Promise<readonly string[]> => {
            const client = await RawClient.to(address);
            const script = new Script(client);
            await play(script);
            client.close();
            return script.lines;
          };
          const [theirs, ours] = await Promise.all([run(kafka.bootstrap), run(headwater.kafka)]);
          expect(ours).toEqual([...theirs]);
          requests += ours.length;
        },
        SCRIPT_MS,
      );
    }

    test("those were enough to say something", () => {
      expect(requests).toBeGreaterThan(300);
    });
  },
);

/** Topics, and the coordinators' own, which Kafka makes when they are first asked for. */
async function prepare(address: string): Promise<void> {
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: SCRIPT_TOPICS.map((topic) => ({ topic, numPartitions: 2, replicationFactor: 1 })),
  });
  await admin.disconnect();
  const producer = kafka.producer({ transactionalId: "warm-up", idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (let tries = 0; !(await warmUp(producer)) && tries < 50; tries += 1) await Bun.sleep(200);
  await producer.disconnect();
}

/** One transaction of each kind of coordinator; false where one is not there yet. */
async function warmUp(producer: Producer): Promise<boolean> {
  const transaction = await producer.transaction();
  const topics = [{ topic: "in", partitions: [{ partition: 1, offset: "0" }] }];
  try {
    await transaction.sendOffsets({ consumerGroupId: "warm-up", topics });
  } catch {
    await transaction.abort();
    return false;
  }
  await transaction.commit();
  return true;
}
