import { describe, expect, test } from "bun:test";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { RESOURCE } from "../../src/broker/dynamic-configs.ts";
import { ALTER_CONFIGS_REQUEST } from "../../src/kafka/wire/generated/alter-configs-request.ts";
import { ALTER_CONFIGS_RESPONSE } from "../../src/kafka/wire/generated/alter-configs-response.ts";
import { DELETE_RECORDS_REQUEST } from "../../src/kafka/wire/generated/delete-records-request.ts";
import { DELETE_RECORDS_RESPONSE } from "../../src/kafka/wire/generated/delete-records-response.ts";
import { DESCRIBE_CONFIGS_REQUEST } from "../../src/kafka/wire/generated/describe-configs-request.ts";
import { DESCRIBE_CONFIGS_RESPONSE } from "../../src/kafka/wire/generated/describe-configs-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { INCREMENTAL_ALTER_CONFIGS_REQUEST } from "../../src/kafka/wire/generated/incremental-alter-configs-request.ts";
import { INCREMENTAL_ALTER_CONFIGS_RESPONSE } from "../../src/kafka/wire/generated/incremental-alter-configs-response.ts";
import { LIST_CONFIG_RESOURCES_REQUEST } from "../../src/kafka/wire/generated/list-config-resources-request.ts";
import { LIST_CONFIG_RESOURCES_RESPONSE } from "../../src/kafka/wire/generated/list-config-resources-response.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../src/kafka/wire/generated/metadata-response.ts";
import { PRODUCE_REQUEST } from "../../src/kafka/wire/generated/produce-request.ts";
import { PRODUCE_RESPONSE } from "../../src/kafka/wire/generated/produce-response.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { batchCompression, COMPRESSION_GZIP, COMPRESSION_ZSTD } from "../../src/records/batch.ts";
import { decodeRecords } from "../../src/records/reader.ts";
import { batchOf, Gateway, type TestClient } from "./support/door.ts";

const OPERATION = { set: 0, delete: 1, append: 2, subtract: 3 } as const;
type Change = readonly [operation: keyof typeof OPERATION, name: string, value: string | null];

async function open(options: Parameters<typeof Gateway.open>[0] = {}) {
  const gateway = await Gateway.open(options);
  const client = await gateway.connect();
  const topics = [{ topicId: ZERO_UUID, name: "t" }];
  await client.ask(METADATA_REQUEST, METADATA_RESPONSE, { ...DEFAULT_METADATA_REQUEST, topics }, 9);
  return { gateway, client };
}

async function alter(
  client: TestClient,
  type: number,
  name: string,
  changes: readonly Change[],
  validateOnly = false,
): Promise<readonly [number, string | null]> {
  const configs = changes.map(([operation, key, value]) => ({
    name: key,
    configOperation: OPERATION[operation],
    value,
  }));
  const resources = [{ resourceType: type, resourceName: name, configs }];
  const { responses } = await client.ask(
    INCREMENTAL_ALTER_CONFIGS_REQUEST,
    INCREMENTAL_ALTER_CONFIGS_RESPONSE,
    { resources, validateOnly },
    1,
  );
  expect(responses.length).toBe(1);
  return [responses[0]?.errorCode ?? -2, responses[0]?.errorMessage ?? null];
}

async function describeOne(client: TestClient, type: number, name: string, key: string) {
  const { results } = await client.ask(
    DESCRIBE_CONFIGS_REQUEST,
    DESCRIBE_CONFIGS_RESPONSE,
    {
      resources: [{ resourceType: type, resourceName: name, configurationKeys: [key] }],
      includeSynonyms: true,
      includeDocumentation: true,
    },
    4,
  );
  return results[0]?.configs[0];
}

function logOf(gateway: Gateway, topic = "t"): PartitionLog {
  const log = gateway.broker.partition(topic, 0)?.log;
  if (log === undefined) throw new Error(`no ${topic}`);
  return log;
}

async function produce(client: TestClient, records: Uint8Array, topic = "t"): Promise<number> {
  const topicData = [{ name: topic, topicId: ZERO_UUID, partitionData: [{ index: 0, records }] }];
  const request = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData };
  const { responses } = await client.ask(PRODUCE_REQUEST, PRODUCE_RESPONSE, request, 9);
  return responses[0]?.partitionResponses[0]?.errorCode ?? -2;
}

describe("IncrementalAlterConfigs", () => {
  test("a topic's setting is in force at once, and after a restart", async () => {
    const { gateway, client } = await open();
    expect(
      await alter(client, RESOURCE.topic, "t", [
        ["set", "retention.ms", "5000"],
        ["set", "segment.bytes", "2097152"],
        ["append", "cleanup.policy", "compact"],
        ["set", "compression.type", "zstd"],
      ]),
    ).toEqual([0, null]);
    const expected = { retentionMs: 5000, segmentBytes: 2097152, compact: true, deletes: true };
    expect(logOf(gateway).config).toMatchObject({ ...expected, compression: COMPRESSION_ZSTD });
    await gateway.close();
    const again = await Gateway.open({ disk: gateway.disk });
    expect(logOf(again).config).toMatchObject({ ...expected, compression: COMPRESSION_ZSTD });
    expect(again.broker.topics.get("t")?.configs.get("retention.ms")).toBe("5000");
  });

  test("append, subtract and delete work on the value in force", async () => {
    const { client } = await open();
    const policy = async () => (await describeOne(client, RESOURCE.topic, "t", "cleanup.policy"))?.value;
    await alter(client, RESOURCE.topic, "t", [["append", "cleanup.policy", "compact"]]);
    expect(await policy()).toBe("delete,compact");
    await alter(client, RESOURCE.topic, "t", [["subtract", "cleanup.policy", "delete"]]);
    expect(await policy()).toBe("compact");
    await alter(client, RESOURCE.topic, "t", [["delete", "cleanup.policy", null]]);
    expect(await policy()).toBe("delete");
  });

  test("validateOnly judges and changes nothing", async () => {
    const { gateway, client } = await open();
    expect(await alter(client, RESOURCE.topic, "t", [["set", "retention.ms", "5"]], true)).toEqual([0, null]);
    expect((await alter(client, RESOURCE.topic, "t", [["set", "retention.ms", "x"]], true))[0]).toBe(40);
    expect(gateway.broker.topics.get("t")?.configs.size).toBe(0);
  });

  test.each([
    [2, "t", ["set", "nope", "1"], 40, "Unknown topic config name: nope"],
    [2, "t", ["set", "retention.ms", null], 42, "Null value not supported for : retention.ms"],
    [
      2,
      "t",
      ["append", "retention.ms", "5"],
      40,
      "Can't APPEND to key retention.ms because its type is not LIST.",
    ],
    [2, "missing", ["set", "retention.ms", "5"], 3, "The topic 'missing' does not exist."],
    [2, "", ["set", "retention.ms", "5"], 42, "Default topic resources are not allowed."],
    [2, "t", ["set", "remote.storage.enable", "true"], 40, "Tiered Storage functionality is disabled"],
    [3, "t", ["set", "a", "b"], 42, "Unknown resource type 3"],
    [8, "1", ["set", "nope.logger", "DEBUG"], 40, "Logger nope.logger does not exist!"],
    [8, "1", ["set", "root", "DEBUG"], 42, "changes with a restart only"],
    [8, "2", ["set", "root", "DEBUG"], 42, "Unexpected broker id, expected 1, but received 2"],
    [4, "2", ["set", "log.retention.ms", "1"], 42, "Unexpected broker id, expected 1, but received 2"],
    [4, "x", ["set", "log.retention.ms", "1"], 42, "Node id must be an integer, but it is: x"],
    [4, "1", ["set", "log.retention.ms", "abc"], 42, "Not a number of type LONG"],
    [4, "", ["set", "broker.id", "2"], 42, "Cannot update these configs dynamically: [broker.id]"],
    [4, "", ["append", "nope.x", "a"], 40, "Unknown config name: nope.x"],
    [4, "", ["append", "log.retention.ms", "a"], 40, "Config value append is not allowed for config key"],
    [32, "", ["set", "consumer.session.timeout.ms", "50000"], 42, "Default group resources are not allowed."],
    [
      32,
      "g",
      ["set", "consumer.session.timeout.ms", "1"],
      40,
      "must be greater than or equal to group.consumer.min",
    ],
    [32, "g", ["set", "nope", "1"], 40, "Unknown group config name: nope"],
    [32, "g", ["set", "share.auto.offset.reset", "none"], 40, "'earliest', 'latest' or of the format"],
    [16, "", ["set", "interval.ms", "1000"], 42, "Subscription name can't be empty"],
    [16, "m", ["set", "interval.ms", "5"], 42, "interval must be between 100 and 3600000"],
    [16, "m", ["set", "match", "foo=x"], 40, "Illegal client matching pattern: foo=x"],
  ] as const)("resource %i '%s', %p is answered with %i", async (type, name, change, error, words) => {
    const { client } = await open();
    const [code, message] = await alter(client, type, name, [change]);
    expect(code).toBe(error);
    expect(message).toContain(words);
  });

  test("a setting or a resource that comes twice is refused", async () => {
    const { client } = await open();
    const twice: Change[] = [
      ["set", "retention.ms", "5"],
      ["set", "retention.ms", "6"],
    ];
    expect(await alter(client, RESOURCE.topic, "t", twice)).toEqual([
      42,
      "Error due to duplicate config keys",
    ]);
    const resource = { resourceType: RESOURCE.topic, resourceName: "t", configs: [] };
    const { responses } = await client.ask(
      INCREMENTAL_ALTER_CONFIGS_REQUEST,
      INCREMENTAL_ALTER_CONFIGS_RESPONSE,
      { resources: [resource, resource], validateOnly: false },
      0,
    );
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([42, 42]);
  });

  test("the ledger is not compacted, by whoever asks in whatever way", async () => {
    const { gateway, client } = await open();
    const spec = { name: "headwater.gaps", partitionCount: 1, configs: new Map() };
    for (const policy of ["compact", "compact,delete"]) {
      const made = gateway.broker.createTopic(
        { ...spec, configs: new Map([["cleanup.policy", policy]]) },
        () => {},
      );
      expect(made).toMatchObject({ error: ERROR.INVALID_CONFIG });
    }
    gateway.broker.createTopic(spec, () => {});
    await gateway.clock.settleAll();
    const compact = [["set", "cleanup.policy", "compact"]] as const;
    const [code, message] = await alter(client, RESOURCE.topic, spec.name, [...compact]);
    expect(code).toBe(ERROR.INVALID_CONFIG);
    expect(message).toContain("tells of what was lost");
    const longer = [["set", "retention.ms", "5000"]] as const;
    expect(await alter(client, RESOURCE.topic, spec.name, [...longer])).toEqual([0, null]);
    expect(await alter(client, RESOURCE.topic, "t", [...compact])).toEqual([0, null]);
  });

  test("min.compaction.lag.ms may not go beyond max.compaction.lag.ms", async () => {
    const { client } = await open();
    const [code, message] = await alter(client, RESOURCE.topic, "t", [
      ["set", "min.compaction.lag.ms", "100"],
      ["set", "max.compaction.lag.ms", "50"],
    ]);
    expect(code).toBe(ERROR.INVALID_CONFIG);
    expect(message).toBe(
      "conflict topic config setting min.compaction.lag.ms (100) > max.compaction.lag.ms (50)",
    );
  });

  test("defaults of a broker and of all brokers reach topics that say nothing themselves", async () => {
    const { gateway, client } = await open();
    await alter(client, RESOURCE.broker, "", [["set", "log.retention.ms", "3600000"]]);
    expect(logOf(gateway).config.retentionMs).toBe(3600000);
    await alter(client, RESOURCE.broker, "1", [["set", "log.retention.ms", "7200000"]]);
    expect(logOf(gateway).config.retentionMs).toBe(7200000);
    const described = await describeOne(client, RESOURCE.topic, "t", "retention.ms");
    expect(described?.configSource).toBe(2);
    expect(described?.synonyms.map(({ source, name, value }) => `${source} ${name}=${value}`)).toEqual([
      "2 log.retention.ms=7200000",
      "3 log.retention.ms=3600000",
      "5 log.retention.ms=604800000",
    ]);
    await gateway.close();
    const again = await Gateway.open({ disk: gateway.disk });
    expect(logOf(again).config.retentionMs).toBe(7200000);
    const other = await again.connect();
    await alter(other, RESOURCE.broker, "1", [["delete", "log.retention.ms", null]]);
    expect(logOf(again).config.retentionMs).toBe(3600000);
    await alter(other, RESOURCE.topic, "t", [["set", "retention.ms", "1000"]]);
    expect(logOf(again).config.retentionMs).toBe(1000);
  });

  test("what nobody knows is stored for plugins, and may be a secret", async () => {
    const { client } = await open();
    expect(await alter(client, RESOURCE.broker, "", [["set", "some.custom", "x"]])).toEqual([0, null]);
    const described = await describeOne(client, RESOURCE.broker, "", "some.custom");
    expect(described).toMatchObject({ value: null, isSensitive: true, readOnly: true, configSource: 3 });
  });

  test("a group's settings can be looked up, and outlive a restart", async () => {
    const { gateway, client } = await open();
    await alter(client, RESOURCE.group, "g", [["set", "share.record.lock.duration.ms", "20000"]]);
    expect(gateway.broker.groupConfig("g", "share.record.lock.duration.ms")).toBe("20000");
    expect(gateway.broker.groupConfig("g", "share.isolation.level")).toBeNull();
    const described = await describeOne(client, RESOURCE.group, "g", "share.record.lock.duration.ms");
    expect(described).toMatchObject({ value: "20000", configSource: 8, readOnly: false });
    await gateway.close();
    const again = await Gateway.open({ disk: gateway.disk });
    expect(again.broker.groupConfig("g", "share.record.lock.duration.ms")).toBe("20000");
  });

  test("groups with settings are bounded, though one request names them", async () => {
    const { gateway, client } = await open();
    const resources = Array.from({ length: 10_003 }, (_, index) => ({
      resourceType: RESOURCE.group,
      resourceName: `g${index}`,
      configs: [{ name: "share.record.lock.duration.ms", configOperation: OPERATION.set, value: "20000" }],
    }));
    const request = { resources, validateOnly: false };
    const { responses } = await client.ask(
      INCREMENTAL_ALTER_CONFIGS_REQUEST,
      INCREMENTAL_ALTER_CONFIGS_RESPONSE,
      request,
      1,
    );
    const refused = responses.flatMap(({ errorCode }) => (errorCode === 0 ? [] : [errorCode]));
    expect(refused).toEqual(Array(3).fill(ERROR.POLICY_VIOLATION));
    expect(gateway.broker.configs.count(RESOURCE.group)).toBe(10_000);
  });

  test("retention that is shortened takes records at the next look, and segments begin anew at once", async () => {
    const { gateway, client } = await open();
    const nowMs = gateway.clock.nowMs();
    for (let i = 0; i < 3; i++) await produce(client, batchOf(["x".repeat(600_000)], nowMs));
    gateway.clock.advance(10_000);
    await alter(client, RESOURCE.topic, "t", [["set", "retention.ms", "1000"]]);
    const maintained = gateway.store.maintain(gateway.clock.nowMs());
    await gateway.clock.settleAll();
    await maintained;
    expect(logOf(gateway).logStartOffset as number).toBe(3);
    await alter(client, RESOURCE.topic, "t", [["set", "internal.segment.bytes", "1000"]]);
    const before = logOf(gateway).segments.length;
    for (let i = 0; i < 3; i++) await produce(client, batchOf(["x".repeat(600)], gateway.clock.nowMs()));
    expect(logOf(gateway).segments.length).toBe(before + 2);
  });

  test("compression.type brings batches to the codec, whatever they came with", async () => {
    const { gateway, client } = await open();
    await alter(client, RESOURCE.topic, "t", [
      ["set", "compression.type", "gzip"],
      ["set", "compression.gzip.level", "1"],
    ]);
    await produce(client, batchOf(["a", "b"]));
    await alter(client, RESOURCE.topic, "t", [["set", "compression.type", "uncompressed"]]);
    await produce(client, batchOf(["c"]));
    const log = logOf(gateway);
    const read = log.read(log.logStartOffset, 1 << 20, { minOneBatch: true, until: log.highWatermark });
    expect(batchCompression(read.bytes, 0)).toBe(COMPRESSION_GZIP);
    const values = decodeRecords(read.bytes).map(({ value }) => new TextDecoder().decode(value ?? undefined));
    expect(values).toEqual(["a", "b", "c"]);
  });

  test("a compacted topic refuses records without a key", async () => {
    const { client } = await open();
    await alter(client, RESOURCE.topic, "t", [["set", "cleanup.policy", "compact"]]);
    expect(await produce(client, batchOf(["no key"]))).toBe(ERROR.INVALID_RECORD);
    await alter(client, RESOURCE.topic, "t", [["set", "cleanup.policy", "delete"]]);
    expect(await produce(client, batchOf(["no key"]))).toBe(0);
  });
});

test("an alteration is answered once the disk has it, and in force before", async () => {
  const held: (() => void)[] = [];
  let hold = false;
  const schedule = (finish: () => void) => (hold ? void held.push(finish) : queueMicrotask(finish));
  const { gateway, client } = await open({ diskOptions: { syncs: schedule } });
  hold = true;
  const configs = [{ name: "retention.ms", configOperation: 0, value: "5000" }];
  const resources = [{ resourceType: RESOURCE.topic, resourceName: "t", configs }];
  const id = client.send(INCREMENTAL_ALTER_CONFIGS_REQUEST, { resources, validateOnly: false }, 1);
  await gateway.clock.settleAll();
  expect(client.frames.length).toBe(0);
  expect(logOf(gateway).config.retentionMs).toBe(5000);
  hold = false;
  for (const finish of held.splice(0)) finish();
  await gateway.clock.settleAll();
  const { responses } = client.take(INCREMENTAL_ALTER_CONFIGS_RESPONSE, 1, id);
  expect(responses.map(({ errorCode }) => errorCode)).toEqual([0]);
});

describe("AlterConfigs", () => {
  test("replaces all settings of a topic", async () => {
    const { gateway, client } = await open();
    const replace = async (configs: readonly { name: string; value: string | null }[]) => {
      const resources = [{ resourceType: RESOURCE.topic, resourceName: "t", configs }];
      const request = { resources, validateOnly: false };
      const { responses } = await client.ask(ALTER_CONFIGS_REQUEST, ALTER_CONFIGS_RESPONSE, request, 2);
      return responses[0]?.errorCode;
    };
    expect(await replace([{ name: "retention.ms", value: "5000" }])).toBe(0);
    expect(await replace([{ name: "segment.ms", value: "60000" }])).toBe(0);
    expect([...(gateway.broker.topics.get("t")?.configs ?? [])]).toEqual([["segment.ms", "60000"]]);
    expect(await replace([{ name: "nope", value: "1" }])).toBe(ERROR.INVALID_CONFIG);
    expect(await replace([{ name: "segment.ms", value: null }])).toBe(ERROR.INVALID_REQUEST);
    expect(await replace([])).toBe(0);
    expect(gateway.broker.topics.get("t")?.configs.size).toBe(0);
  });
});

describe("ListConfigResources", () => {
  test("lists topics and this broker, and what else has settings", async () => {
    const { client } = await open();
    await alter(client, RESOURCE.group, "g", [["set", "consumer.session.timeout.ms", "50000"]]);
    await alter(client, RESOURCE.clientMetrics, "m", [["set", "interval.ms", "1000"]]);
    const list = async (resourceTypes: readonly number[], version = 1) => {
      const answer = await client.ask(
        LIST_CONFIG_RESOURCES_REQUEST,
        LIST_CONFIG_RESOURCES_RESPONSE,
        { resourceTypes },
        version,
      );
      const names = answer.configResources.map((found) => `${found.resourceType} ${found.resourceName}`);
      return [answer.errorCode, ...names.sort()];
    };
    const all = await list([]);
    expect(all).toContain("2 t");
    expect(all.filter((name) => !String(name).startsWith("2 "))).toEqual([0, "16 m", "32 g", "4 1", "8 1"]);
    expect(await list([32, 16])).toEqual([0, "16 m", "32 g"]);
    expect(await list([3])).toEqual([ERROR.UNSUPPORTED_VERSION]);
    const inVersion0 = await client.ask(
      LIST_CONFIG_RESOURCES_REQUEST,
      LIST_CONFIG_RESOURCES_RESPONSE,
      { resourceTypes: [] },
      0,
    );
    expect(inVersion0.configResources.map(({ resourceName }) => resourceName)).toEqual(["m"]);
  });
});

describe("DeleteRecords", () => {
  const ask = async (client: TestClient, topic: string, partitionIndex: number, offset: number) => {
    const request = { topics: [{ name: topic, partitions: [{ partitionIndex, offset }] }], timeoutMs: 1000 };
    const { topics } = await client.ask(DELETE_RECORDS_REQUEST, DELETE_RECORDS_RESPONSE, request, 2);
    const result = topics[0]?.partitions[0];
    return [result?.errorCode, Number(result?.lowWatermark)];
  };

  test("deletes below an offset or all, and says where the log begins", async () => {
    const { gateway, client } = await open();
    for (let i = 0; i < 3; i++) await produce(client, batchOf(["a", "b"]));
    expect(await ask(client, "t", 0, 2)).toEqual([0, 2]);
    expect(logOf(gateway).durableLogStartOffset).toBe(2);
    expect(await ask(client, "t", 0, 1)).toEqual([0, 2]);
    expect(await ask(client, "t", 0, 100)).toEqual([ERROR.OFFSET_OUT_OF_RANGE, -1]);
    expect(await ask(client, "t", 0, -2)).toEqual([ERROR.OFFSET_OUT_OF_RANGE, -1]);
    expect(await ask(client, "t", 0, -1)).toEqual([0, 6]);
    expect(await ask(client, "t", 5, 1)).toEqual([ERROR.UNKNOWN_TOPIC_OR_PARTITION, -1]);
    expect(await ask(client, "missing", 0, 1)).toEqual([ERROR.UNKNOWN_TOPIC_OR_PARTITION, -1]);
  });

  test("a topic that is compacted only keeps its records", async () => {
    const { client } = await open();
    await produce(client, batchOf(["a"]));
    await alter(client, RESOURCE.topic, "t", [["set", "cleanup.policy", "compact"]]);
    expect(await ask(client, "t", 0, 1)).toEqual([ERROR.POLICY_VIOLATION, -1]);
    await alter(client, RESOURCE.topic, "t", [["append", "cleanup.policy", "delete"]]);
    expect(await ask(client, "t", 0, 1)).toEqual([0, 1]);
  });

  test("is answered once the disk has it", async () => {
    const held: (() => void)[] = [];
    let hold = false;
    const schedule = (finish: () => void) => (hold ? void held.push(finish) : queueMicrotask(finish));
    const { gateway, client } = await open({ diskOptions: { syncs: schedule } });
    await produce(client, batchOf(["a", "b"]));
    hold = true;
    const request = {
      topics: [{ name: "t", partitions: [{ partitionIndex: 0, offset: 1 }] }],
      timeoutMs: 1000,
    };
    const id = client.send(DELETE_RECORDS_REQUEST, request, 2);
    await gateway.clock.settleAll();
    expect(client.frames.length).toBe(0);
    expect(logOf(gateway).logStartOffset as number).toBe(1);
    hold = false;
    for (const finish of held.splice(0)) finish();
    await gateway.clock.settleAll();
    expect(client.take(DELETE_RECORDS_RESPONSE, 2, id).topics[0]?.partitions[0]?.errorCode).toBe(0);
  });
});
