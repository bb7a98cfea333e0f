import { afterAll, beforeAll, describe, expect } from "bun:test";
import { KAFKA_CLIENTS } from "./kafka-clients.ts";
import { readings } from "./records.ts";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";
import { required } from "./tools.ts";

/** Topics made, described and removed by every client that can, where nothing is created by itself. */
const START_MS = 120_000;
const results = new Results("kafka-admin");
let target: Target;

beforeAll(async () => {
  target = await startTarget({ doors: ["kafka"], autoCreateTopics: false });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

describe("admin", () => {
  for (const client of KAFKA_CLIENTS) {
    const reason = required(client.missing());
    const place = (): { bootstrap: string; topic: string } => ({
      bootstrap: target.kafka,
      topic: `of-${client.name}`,
    });
    if (client.createTopic !== undefined) {
      results.test(client.name, "create topic", reason, async () => {
        const configs = { "retention.ms": "3600000" };
        await client.createTopic?.({ ...place(), partitions: 2, configs });
        expect(await client.metadata?.(place())).toEqual({ brokers: 1, partitions: 2 });
      });
    } else {
      results.test(client.name, "metadata", reason, async () => {
        const maker = KAFKA_CLIENTS.find((candidate) => candidate.name === "kafkajs");
        await maker?.createTopic?.({ ...place(), partitions: 2, configs: {} });
        expect(await client.metadata?.(place())).toEqual({ brokers: 1, partitions: 2 });
      });
    }
    if (client.topicConfig !== undefined) {
      results.test(client.name, "describe configs", reason, async () => {
        expect(await client.topicConfig?.({ ...place(), name: "retention.ms" })).toBe("3600000");
        expect(await client.topicConfig?.({ ...place(), name: "max.message.bytes" })).toBe("1048588");
      });
    }
    if (client.deleteTopic !== undefined) {
      results.test(client.name, "delete topic", reason, async () => {
        await client.deleteTopic?.(place());
        await expect(metadataOf(client.name, place())).rejects.toThrow("UNKNOWN_TOPIC_OR_PARTITION");
      });
    }
    results.test(client.name, "unknown topic is refused", reason, async () => {
      const topic = `nowhere-${client.name}`;
      const records = readings(1, Date.now());
      const outcomes = await client.produce?.({ bootstrap: target.kafka, topic, records });
      expect(outcomes).toHaveLength(1);
      expect(outcomes?.[0]?.error).toContain(expectedRefusal(client.name));
      await expect(metadataOf("franz-go", { bootstrap: target.kafka, topic })).rejects.toThrow(
        "UNKNOWN_TOPIC_OR_PARTITION",
      );
    });
  }
});

async function metadataOf(
  name: string,
  place: { readonly bootstrap: string; readonly topic: string },
): Promise<unknown> {
  const client = KAFKA_CLIENTS.find((candidate) => candidate.name === name);
  return await client?.metadata?.(place);
}

/** What the client says. kafka-python waits for the topic to appear, and then speaks of the time only. */
function expectedRefusal(name: string): string {
  if (name === "kafka-python") return "Failed to update metadata";
  return "UNKNOWN_TOPIC_OR_PARTITION";
}
