import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Kafka, logLevel } from "kafkajs";
import { type Headwater, startHeadwater } from "../support/headwater.ts";

/** A gateway with as many topics as devices: what it costs in time and memory. */
const TOPICS = 5000;
const TOPICS_PER_SEND = 500;
const MAX_RSS_BYTES = 200 * 1024 * 1024;
const MAX_CREATION_MS = 10_000;
/** Of the processor, which is what a start takes where nothing else runs; how long it is may be others' doing. */
const MAX_START_CPU_MS = 2000;
const STARTS = 3;
const MAX_SETTLING_MS = 20_000;
const TIMEOUT_MS = 120_000;

const NAMES = Array.from({ length: TOPICS }, (_, index) => `site.device-${index}`);

/** Resident memory of a process. */
function rssBytes(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1]) * 1024;
}

async function settled(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + MAX_SETTLING_MS;
  while (!holds() && Date.now() < deadline) await Bun.sleep(100);
  expect(holds()).toBe(true);
}

/** What a process has used of the processor so far, in milliseconds. */
function cpuMs(pid: number): number {
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = fields.split(" ").slice(11, 13).map(Number);
  // The kernel counts in hundredths of a second on all that it runs on here.
  return ((user ?? 0) + (system ?? 0)) * 10;
}

/** Starts it some times, each after `end`, and gives what the cheapest start took of the processor. */
async function cheapestStart(gateway: Headwater, end: () => Promise<unknown>): Promise<number> {
  let cheapestMs = Number.POSITIVE_INFINITY;
  for (let start = 0; start < STARTS; start += 1) {
    await end();
    await gateway.restart();
    cheapestMs = Math.min(cheapestMs, cpuMs(gateway.pid));
  }
  return cheapestMs;
}

describe(`${TOPICS} topics`, () => {
  let gateway: Headwater;
  beforeAll(async () => {
    gateway = await startHeadwater();
  }, TIMEOUT_MS);
  afterAll(() => gateway?.dispose(), TIMEOUT_MS);

  function client(): Kafka {
    return new Kafka({ brokers: [gateway.kafka], logLevel: logLevel.NOTHING, requestTimeout: TIMEOUT_MS });
  }

  async function topicCount(): Promise<number> {
    const admin = client().admin();
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata();
    await admin.disconnect();
    // Beside those that the broker keeps for itself.
    return topics.filter(({ name }) => name.startsWith("site.")).length;
  }

  test(
    "are made by one request in seconds",
    async () => {
      const admin = client().admin();
      await admin.connect();
      const startMs = performance.now();
      const topics = NAMES.map((topic) => ({ topic, numPartitions: 1, replicationFactor: 1 }));
      await admin.createTopics({ topics, waitForLeaders: false });
      expect(performance.now() - startMs).toBeLessThan(MAX_CREATION_MS);
      await admin.disconnect();
      expect(rssBytes(gateway.pid)).toBeLessThan(MAX_RSS_BYTES);
    },
    TIMEOUT_MS,
  );

  test(
    "are all there after a kill, in two seconds",
    async () => {
      expect(await cheapestStart(gateway, () => gateway.kill())).toBeLessThan(MAX_START_CPU_MS);
      expect(await topicCount()).toBe(TOPICS);
    },
    TIMEOUT_MS,
  );

  test(
    "with a record each, start in two seconds after a stop and after a kill, and stay small",
    async () => {
      const producer = client().producer({ allowAutoTopicCreation: false });
      await producer.connect();
      for (let first = 0; first < TOPICS; first += TOPICS_PER_SEND) {
        const some = NAMES.slice(first, first + TOPICS_PER_SEND);
        await producer.sendBatch({
          topicMessages: some.map((topic) => ({ topic, messages: [{ value: "1" }] })),
        });
      }
      await producer.disconnect();
      expect(rssBytes(gateway.pid)).toBeLessThan(MAX_RSS_BYTES);
      expect(await cheapestStart(gateway, () => gateway.stop())).toBeLessThan(MAX_START_CPU_MS);
      expect(await cheapestStart(gateway, () => gateway.kill())).toBeLessThan(MAX_START_CPU_MS);
      // The pages of the program that only a start needs are given back soon after it.
      await settled(() => rssBytes(gateway.pid) < MAX_RSS_BYTES);
      expect(await topicCount()).toBe(TOPICS);
    },
    TIMEOUT_MS,
  );
});
