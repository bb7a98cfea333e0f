import { KafkaAdmin } from "../kafka/client/admin.ts";
import type { KafkaCluster, TopicMetadata } from "../kafka/client/cluster.ts";
import { LIST_OFFSET, listOffsets } from "../kafka/client/offsets.ts";
import { ERROR } from "../kafka/wire/generated/errors.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import {
  exitCodeOfProtocol,
  KAFKA_FLAGS,
  requireTopic,
  topicProblem,
  wholeNumber,
  withCluster,
} from "./kafka-session.ts";
import { TOPIC_SETTINGS_NOTE } from "./topic-settings.ts";
import type { World } from "./world.ts";

const ONE_NAME = { positionals: "NAME", minPositionals: 1, maxPositionals: 1 } as const;

export const topicCommand: Command = {
  name: "topic",
  summary: "List, create, describe, alter and delete topics",
  commands: [
    {
      name: "list",
      summary: "List topics with their partitions and records",
      flags: [...KAFKA_FLAGS, { name: "all", short: "a", doc: "Internal topics too." }],
      examples: [["headwater topic list -o json", "for scripts"]],
      run: (input, world) => withCluster(input, (cluster) => list(cluster, input, world)),
    },
    {
      name: "create",
      summary: "Create a topic",
      ...ONE_NAME,
      flags: [
        ...KAFKA_FLAGS,
        {
          name: "partitions",
          short: "p",
          value: "N",
          doc: "Partitions; the broker's num.partitions where left out.",
        },
        { name: "replicas", short: "r", value: "N", doc: "Replication factor; the broker's where left out." },
        {
          name: "config",
          value: "KEY=VALUE",
          multiple: true,
          doc: "A setting of the topic, see below; may be repeated.",
        },
        { name: "if-not-exists", doc: "Succeed where there is a topic of this name." },
      ],
      notes: [TOPIC_SETTINGS_NOTE],
      examples: [
        [
          "headwater topic create telemetry -p 4 --config retention.ms=2592000000",
          "four partitions, kept 30 days",
        ],
        ["headwater topic create traces --config durability=memory", "acknowledged before the disk has it"],
      ],
      run: (input, world) => withCluster(input, (cluster) => create(cluster, input, world)),
    },
    {
      name: "describe",
      summary: "Show a topic's partitions, offsets and configuration",
      ...ONE_NAME,
      flags: [...KAFKA_FLAGS, { name: "all", short: "a", doc: "Configuration that is the default too." }],
      run: (input, world) => withCluster(input, (cluster) => describe(cluster, input, world)),
    },
    {
      name: "alter",
      summary: "Change a topic's configuration, or give it more partitions",
      ...ONE_NAME,
      flags: [
        ...KAFKA_FLAGS,
        {
          name: "partitions",
          short: "p",
          value: "N",
          doc: "Partitions from now on; never fewer. Keys may go to other partitions than before.",
        },
        { name: "config", value: "KEY=VALUE", multiple: true, doc: "Sets this, see below; may be repeated." },
        {
          name: "default",
          value: "KEY",
          multiple: true,
          doc: "Takes the topic's own value away; may be repeated.",
        },
      ],
      notes: [TOPIC_SETTINGS_NOTE],
      examples: [
        ["headwater topic alter telemetry --config retention.ms=86400000", "keep one day from now on"],
      ],
      run: (input, world) => withCluster(input, (cluster) => alter(cluster, input, world)),
    },
    {
      name: "delete",
      summary: "Delete a topic and all its records",
      ...ONE_NAME,
      flags: [...KAFKA_FLAGS, { name: "if-exists", doc: "Succeed where there is no topic of this name." }],
      run: (input, world) => withCluster(input, (cluster) => remove(cluster, input, world)),
    },
  ],
};

interface PartitionRange {
  readonly partition: number;
  readonly leader: number;
  readonly startOffset: number;
  readonly endOffset: number;
}

async function list(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const all = await cluster.refresh(null);
  const topics = all
    .filter((topic) => topic.error === 0 && (input.on("all") || !topic.internal))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const ranges = await rangesOf(cluster, topics);
  const rows = topics.map(({ name, internal, partitions }) => ({
    name,
    internal,
    partitions: partitions.length,
    offsets: (ranges.get(name) ?? []).reduce((sum, range) => sum + range.endOffset - range.startOffset, 0),
  }));
  if (input.json) world.out(`${JSON.stringify(rows)}\n`);
  else {
    const head = ["TOPIC", "PARTITIONS", "OFFSETS"];
    world.out(columns([head, ...rows.map((row) => [row.name, String(row.partitions), String(row.offsets)])]));
  }
  return EXIT.ok;
}

async function create(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const name = input.positionals[0] ?? "";
  const configs = Object.fromEntries(configPairs(input));
  const partitions = wholeNumber(input, "partitions") ?? -1;
  const replicationFactor = wholeNumber(input, "replicas") ?? -1;
  const outcome = await new KafkaAdmin(cluster).createTopic({ name, partitions, replicationFactor, configs });
  const existed = outcome.error === ERROR.TOPIC_ALREADY_EXISTS && input.on("if-not-exists");
  if (outcome.error !== 0 && !existed) {
    world.err(`${topicProblem(name, outcome.error, outcome.message)}\n`);
    return exitCodeOfProtocol(outcome.error);
  }
  if (input.json) world.out(`${JSON.stringify({ topic: name, created: !existed })}\n`);
  else world.out(existed ? `topic ${name} exists\n` : `topic ${name} created\n`);
  return EXIT.ok;
}

async function describe(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const name = input.positionals[0] ?? "";
  const topic = await requireTopic(cluster, name, world);
  if (topic === null) return EXIT.failed;
  const partitions = (await rangesOf(cluster, [topic])).get(name) ?? [];
  const described = await new KafkaAdmin(cluster).describeConfigs("topic", name);
  if (described.error !== 0) {
    world.err(`${topicProblem(name, described.error, described.message)}\n`);
    return exitCodeOfProtocol(described.error);
  }
  const configs = described.configs.filter(({ isDefault }) => input.on("all") || !isDefault);
  const { id, internal } = topic;
  if (input.json) {
    const pairs = Object.fromEntries(configs.map((config) => [config.name, config.value]));
    world.out(`${JSON.stringify({ name, id, internal, partitions, configs: pairs })}\n`);
    return EXIT.ok;
  }
  const rows = partitions.map(({ partition, leader, startOffset, endOffset }) =>
    [partition, leader, startOffset, endOffset].map(String),
  );
  world.out(`topic ${name}, id ${id}${internal ? ", internal" : ""}\n\n`);
  world.out(columns([["PARTITION", "LEADER", "START", "END"], ...rows]));
  if (configs.length > 0) {
    world.out(
      `\n${columns([["CONFIG", "VALUE"], ...configs.map((config) => [config.name, config.value ?? "-"])])}`,
    );
  }
  return EXIT.ok;
}

async function alter(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const name = input.positionals[0] ?? "";
  const partitions = wholeNumber(input, "partitions");
  const configs = new Map<string, string | null>(configPairs(input));
  for (const key of input.values("default")) {
    if (configs.has(key)) throw new UsageError(`--default ${key}: --config sets it`);
    configs.set(key, null);
  }
  if (partitions === null && configs.size === 0) {
    throw new UsageError("nothing to change: write --partitions, --config or --default");
  }
  const admin = new KafkaAdmin(cluster);
  const asked = [
    ...(configs.size === 0 ? [] : [() => admin.alterTopicConfigs(name, configs)]),
    ...(partitions === null ? [] : [() => admin.createPartitions(name, partitions)]),
  ];
  for (const ask of asked) {
    const { error, message } = await ask();
    if (error === 0) continue;
    world.err(`${topicProblem(name, error, message)}\n`);
    return exitCodeOfProtocol(error);
  }
  if (input.json) world.out(`${JSON.stringify({ topic: name, altered: true })}\n`);
  else world.out(`topic ${name} altered\n`);
  return EXIT.ok;
}

/** What --config says. Throws UsageError. */
function configPairs(input: Input): readonly (readonly [string, string])[] {
  return input.values("config").map((pair) => {
    const equals = pair.indexOf("=");
    if (equals < 1) throw new UsageError(`--config ${pair}: write KEY=VALUE`);
    return [pair.slice(0, equals), pair.slice(equals + 1)] as const;
  });
}

async function remove(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const name = input.positionals[0] ?? "";
  const outcome = await new KafkaAdmin(cluster).deleteTopic(name);
  const missing = outcome.error === ERROR.UNKNOWN_TOPIC_OR_PARTITION && input.on("if-exists");
  if (outcome.error !== 0 && !missing) {
    world.err(`${topicProblem(name, outcome.error, outcome.message)}\n`);
    return exitCodeOfProtocol(outcome.error);
  }
  if (input.json) world.out(`${JSON.stringify({ topic: name, deleted: !missing })}\n`);
  else world.out(missing ? `there is no topic ${name}\n` : `topic ${name} deleted\n`);
  return EXIT.ok;
}

/** Start and end of every partition, by topic; -1 where the leader does not say. */
async function rangesOf(
  cluster: KafkaCluster,
  topics: readonly TopicMetadata[],
): Promise<ReadonlyMap<string, readonly PartitionRange[]>> {
  const all = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ leader }, partition) => ({ topic: name, partition, leader })),
  );
  const ask = (timestampMs: number) =>
    listOffsets(
      cluster,
      all.map(({ topic, partition }) => ({ topic, partition, timestampMs })),
      "read_uncommitted",
    );
  const [starts, ends] = await Promise.all([ask(LIST_OFFSET.earliest), ask(LIST_OFFSET.latest)]);
  const ranges = new Map<string, PartitionRange[]>();
  for (const [index, { topic, partition, leader }] of all.entries()) {
    const startOffset = starts[index]?.offset ?? -1;
    const endOffset = ends[index]?.offset ?? -1;
    const list = ranges.get(topic) ?? [];
    list.push({ partition, leader, startOffset, endOffset });
    ranges.set(topic, list);
  }
  return ranges;
}
