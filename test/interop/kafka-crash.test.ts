import { afterAll, beforeAll, describe, expect } from "bun:test";
import { KAFKA_CLIENTS } from "./kafka-clients.ts";
import { expectSame, PARTITIONS, readings, readTopic } from "./records.ts";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";
import { required } from "./tools.ts";

/** The broker dies twice under an idempotent producer: every record is there once, in order, and was acknowledged. */
const START_MS = 120_000;
const RECORDS = 3_000;
/** A pause after each hundred records, so that writing spans both crashes. */
const PAUSE_MS = 100;
const CRASH_AFTER_MS = 900;
const PRODUCERS = ["franz-go", "confluent-kafka", "kafka-python", "aiokafka"];
const results = new Results("kafka-crash");
let target: Target;

beforeAll(async () => {
  target = await startTarget({ doors: ["kafka"] });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

describe("idempotent producer", () => {
  for (const client of KAFKA_CLIENTS.filter(({ name }) => PRODUCERS.includes(name))) {
    results.test(
      client.name,
      "exactly once over crashes of the broker",
      required(client.missing()),
      async () => {
        const topic = `crashed-under-${client.name}`;
        const bootstrap = target.kafka;
        const admin = KAFKA_CLIENTS.find(({ name }) => name === "kafkajs");
        await admin?.createTopic?.({ bootstrap, topic, partitions: PARTITIONS, configs: {} });
        const records = readings(RECORDS, Date.now() - RECORDS * 1_000);
        const request = { bootstrap, topic, records, pauseMs: PAUSE_MS, timeoutMs: 60_000 };
        const producing = client.produce?.(request);
        for (let crash = 0; crash < 2; crash += 1) {
          await Bun.sleep(CRASH_AFTER_MS);
          await target.crash();
        }
        const outcomes = await producing;
        expect(outcomes?.filter((outcome) => outcome.error !== undefined)).toEqual([]);
        const reader = KAFKA_CLIENTS.find(({ name }) => name === "franz-go");
        const ends = await Promise.all(
          Array.from({ length: PARTITIONS }, async (_, partition) =>
            Number(await reader?.offset?.({ bootstrap, topic, partition, timestampMs: -1 })),
          ),
        );
        expect(ends.reduce((sum, end) => sum + end)).toBe(RECORDS);
        if (reader === undefined) throw new Error("no reader");
        const read = await readTopic(reader, { bootstrap, topic }, ends);
        expectSame(read, records, client, { fromMs: 0, toMs: 0 });
      },
    );
  }
});
