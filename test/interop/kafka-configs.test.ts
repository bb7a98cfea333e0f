import { afterAll, beforeAll, describe, expect } from "bun:test";
import { kafkaTool, realKafkaMissing } from "../support/kafka/real-kafka.ts";
import { run } from "./clients/run.ts";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";
import { required } from "./tools.ts";

/** Settings of topics, brokers, groups and subscriptions to metrics, changed with Kafka's own kafka-configs. */
const START_MS = 120_000;
const results = new Results("kafka-configs");
let target: Target;

beforeAll(async () => {
  target = await startTarget({ doors: ["kafka"], autoCreateTopics: false });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

async function tool(mainClass: string, ...args: readonly string[]): Promise<string> {
  const command = [...kafkaTool(mainClass), "--bootstrap-server", target.kafka, ...args];
  const { output, errors } = await run(command);
  return `${output}${errors}`;
}

const configs = (...args: string[]) => tool("kafka.admin.ConfigCommand", ...args);

describe("kafka-configs", () => {
  const reason = required(realKafkaMissing());
  const java = (feature: string, body: () => Promise<void>): void =>
    results.test("java", feature, reason, body);

  java("topic configs", async () => {
    await tool("org.apache.kafka.tools.TopicCommand", "--create", "--topic", "settings");
    const topic = ["--entity-type", "topics", "--entity-name", "settings"];
    const changed = "retention.ms=3600000,cleanup.policy=[compact,delete],min.cleanable.dirty.ratio=0.1";
    expect(await configs("--alter", ...topic, "--add-config", changed)).toContain(
      "Completed updating config for topic settings",
    );
    const described = await configs("--describe", ...topic);
    expect(described).toContain("retention.ms=3600000");
    expect(described).toContain("cleanup.policy=compact,delete");
    expect(described).toContain("DYNAMIC_TOPIC_CONFIG:min.cleanable.dirty.ratio=0.1");
    expect(await configs("--alter", ...topic, "--add-config", "retention.ms=never")).toContain(
      "Invalid value never for configuration retention.ms: Not a number of type LONG",
    );
    await configs("--alter", ...topic, "--delete-config", "retention.ms,cleanup.policy");
    const left = await configs("--describe", ...topic);
    expect(left).not.toContain("retention.ms");
    expect(left).toContain("min.cleanable.dirty.ratio=0.1");
    expect(await configs("--describe", "--all", ...topic)).toContain("retention.ms=604800000");
  });

  java("broker configs", async () => {
    const all = ["--entity-type", "brokers", "--entity-default"];
    const changed = "log.retention.ms=7200000";
    expect(await configs("--alter", ...all, "--add-config", changed)).toContain(
      "Completed updating default config for brokers",
    );
    expect(await configs("--describe", ...all)).toContain(changed);
    const broker = ["--entity-type", "brokers", "--entity-name", "1"];
    expect(await configs("--describe", "--all", ...broker)).toContain(
      "DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=7200000",
    );
    expect(await configs("--alter", ...broker, "--add-config", "num.partitions=3")).toContain(
      "Cannot update these configs dynamically: [num.partitions]",
    );
  });

  java("group and client-metrics configs", async () => {
    const group = ["--entity-type", "groups", "--entity-name", "readers"];
    await configs("--alter", ...group, "--add-config", "consumer.session.timeout.ms=50000");
    expect(await configs("--describe", ...group)).toContain("consumer.session.timeout.ms=50000");
    const metrics = ["--entity-type", "client-metrics", "--entity-name", "all"];
    await configs("--alter", ...metrics, "--add-config", "interval.ms=60000,metrics=[org.apache.kafka]");
    expect(await configs("--describe", ...metrics)).toContain("interval.ms=60000");
  });
});
