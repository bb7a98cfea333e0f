import { describe, expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { type OpenBroker, openBroker, recordsOf } from "./support.ts";

/** Gives both partitions of the topic a record, and so files. */
async function fill({ broker, clock }: OpenBroker): Promise<void> {
  for (const index of [0, 1]) {
    const builder = new BatchBuilder();
    builder.append(5, null, Uint8Array.of(index + 1), null);
    const batch = builder.build();
    broker.partition("t", index)?.append(batch, 0, batch.length, clock.nowMs(), "client");
  }
  await clock.settleAll();
}

const SPEC = { name: "t", partitionCount: 2, configs: new Map<string, string>() };

describe("Broker", () => {
  test("a topic whose metadata was lost is taken up again, with its records and a warning", async () => {
    const first = await openBroker();
    first.broker.createTopic(SPEC, () => {});
    await fill(first);
    const disk = first.disk.crash("nothing");
    disk.remove("/data/__cluster_metadata-0");
    const second = await openBroker(disk);
    expect(second.warnings).toContain("took up a topic that the metadata did not know");
    expect(second.broker.topics.get("t")?.partitions).toHaveLength(2);
    const found = [...recordsOf(second, "t", 0), ...recordsOf(second, "t", 1)];
    expect(found.map(({ value }) => value)).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
    await second.clock.settleAll();
    const third = await openBroker(second.disk.crash("nothing"));
    expect(third.warnings).toEqual([]);
    expect(third.broker.topics.get("t")?.partitions).toHaveLength(2);
  });

  test("files that a crash left of a deleted topic go at the next start", async () => {
    const first = await openBroker();
    const topic = first.broker.createTopic(SPEC, () => {});
    await fill(first);
    let crashed = first.disk.crash("nothing");
    // The removal is durable before its callback deletes the files: that is when the power goes.
    first.broker.deleteTopic("t", () => {});
    first.disk.fail({ kind: "rename" });
    await first.clock.settleAll().catch(() => {});
    crashed = first.disk.crash("nothing");
    expect("id" in topic && crashed.exists("/data/t-0")).toBe(true);
    const second = await openBroker(crashed);
    expect(second.broker.topics.get("t")).toBeNull();
    expect(second.disk.exists("/data/t-0")).toBe(false);
  });

  test("a folder whose id is not that of its name is set aside, and the start goes on", async () => {
    const first = await openBroker();
    first.broker.createTopic(SPEC, () => {});
    await fill(first);
    const old = first.disk.readFile("/data/t-0/partition.metadata", 1000) ?? new Uint8Array(0);
    first.broker.deleteTopic("t", () => {});
    await first.clock.settleAll();
    first.broker.createTopic(SPEC, () => {});
    first.broker.ingest.append({
      topic: "t",
      key: null,
      value: Uint8Array.of(1),
      timestampMs: 5,
      headers: null,
    });
    await first.clock.settleAll();
    const disk = first.disk.crash("nothing");
    // Damage, as the log repairs it from an old checkpoint: the id of the topic before.
    disk.replaceFile("/data/t-0/partition.metadata", old);
    const second = await openBroker(disk);
    expect(second.broker.topics.get("t")?.partitions).toHaveLength(2);
    expect(disk.list("/data/quarantine")).toContain("t-0");
    expect(recordsOf(second, "t", 0)).toHaveLength(0);
  });

  test("thousands of topics without records cost no sync of their own, and are there after a power cut", async () => {
    const first = await openBroker(new SimulatedDisk({ seed: 1 }), { maxPartitions: 3000 });
    const before = first.disk.counts.syncFolder;
    let durable = 0;
    for (let topic = 0; topic < 2000; topic += 1) {
      const spec = { name: `device.${topic}`, partitionCount: 1, configs: new Map<string, string>() };
      first.broker.createTopic(spec, (error) => {
        if (error === 0) durable += 1;
      });
    }
    await first.clock.settleAll();
    expect([durable, first.disk.counts.syncFolder - before]).toEqual([2000, 0]);
    const second = await openBroker(first.disk.crash("nothing"), { maxPartitions: 3000 });
    expect(second.broker.topics.partitionCount).toBe(2000);
    expect(second.disk.list("/data").filter((name) => name.startsWith("device"))).toEqual([]);
  });

  test("topics that are deleted together lose their files with one sync, and are gone after a power cut", async () => {
    const first = await openBroker();
    const names = Array.from({ length: 20 }, (_, index) => `device-${index}`);
    for (const name of names) {
      first.broker.createTopic({ ...SPEC, name, partitionCount: 1 }, () => {});
      first.broker.ingest.append({
        topic: name,
        key: null,
        value: Uint8Array.of(1),
        timestampMs: 5,
        headers: null,
      });
    }
    await first.clock.settleAll();
    const before = first.disk.counts.syncFolder;
    let durable = 0;
    for (const name of names) {
      first.broker.deleteTopic(name, () => {
        durable += 1;
      });
    }
    await first.clock.settleAll();
    expect([durable, first.disk.counts.syncFolder - before]).toEqual([20, 1]);
    const second = await openBroker(first.disk.crash("nothing"));
    expect([...second.broker.topics.all()]).toEqual([]);
    expect(second.warnings).toEqual([]);
  });

  test("a topic that was made again under the same name is empty", async () => {
    const first = await openBroker();
    first.broker.createTopic(SPEC, () => {});
    first.broker.ingest.append({
      topic: "t",
      key: null,
      value: Uint8Array.of(1),
      timestampMs: 5,
      headers: null,
    });
    await first.clock.settleAll();
    first.broker.deleteTopic("t", () => {});
    await first.clock.settleAll();
    first.broker.createTopic(SPEC, () => {});
    await first.clock.settleAll();
    const second = await openBroker(first.disk.crash("nothing"));
    expect(recordsOf(second, "t", 0)).toHaveLength(0);
    expect(recordsOf(second, "t", 1)).toHaveLength(0);
  });

  test("tells listeners which partitions have more to read, and which topics came and went", async () => {
    const { broker, clock } = await openBroker();
    const heard: string[] = [];
    const stop = broker.onAppended((topic, partition) => heard.push(`${topic}/${partition}`));
    broker.createTopic({ ...SPEC, partitionCount: 1 }, () => {});
    broker.ingest.append({ topic: "t", key: null, value: null, timestampMs: 1, headers: null });
    await clock.settleAll();
    broker.deleteTopic("t", () => {});
    expect(heard.filter((place) => place.startsWith("t/"))).toEqual(["t/-1", "t/0", "t/-1"]);
    stop();
    await clock.settleAll();
    broker.createTopic(SPEC, () => {});
    expect(heard.filter((place) => place.startsWith("t/"))).toHaveLength(3);
  });

  test("values of a room survive, and their log stays short however often they change", async () => {
    const first = await openBroker();
    const state = first.broker.openState("__test_state");
    for (let round = 0; round < 400; round += 1) {
      const saved = state.set("position", new Uint8Array(10_000).fill(round % 251));
      if (round % 50 === 0) void state.set(`other-${round}`, Uint8Array.of(round % 251));
      await first.clock.settleAll();
      await saved;
    }
    const log = first.broker.partition("__test_state", 0)?.log;
    expect(log?.logStartOffset).toBeGreaterThan(0);
    expect(log?.sizeBytes).toBeLessThan(3 * 1024 * 1024);
    const second = await openBroker(first.disk.crash("nothing"));
    const restored = second.broker.openState("__test_state");
    expect(restored.get("position")?.[0]).toBe(399 % 251);
    expect(restored.get("other-350")).toEqual(Uint8Array.of(350 % 251));
    expect(restored.get("never")).toBeNull();
  });
});

describe("createFault", () => {
  test("a topic that is being deleted can be made again once its removal is durable, and not before", async () => {
    const { broker, clock } = await openBroker();
    broker.createTopic(SPEC, () => {});
    await clock.settleAll();
    broker.deleteTopic("t", () => {});
    expect(broker.createFault(SPEC)?.error).toBe(ERROR.TOPIC_ALREADY_EXISTS);
    expect(broker.topicOrCreate("t", () => {})).toMatchObject({ error: ERROR.UNKNOWN_TOPIC_OR_PARTITION });
    await clock.settleAll();
    expect(broker.createFault(SPEC)).toBeNull();
  });

  test("the broker's own metadata topic can't be made by others", async () => {
    const { broker } = await openBroker();
    expect(broker.createFault({ ...SPEC, name: "__cluster_metadata" })?.error).toBe(
      ERROR.TOPIC_ALREADY_EXISTS,
    );
  });
});

test("the broker's own topics come also where clients' topics have used up the room", async () => {
  const { broker, clock } = await openBroker(new SimulatedDisk({ seed: 1 }), { maxPartitions: 1 });
  const spec = (name: string) => ({ name, partitionCount: 1, configs: new Map<string, string>() });
  expect(broker.createTopic(spec("a"), () => {})).toMatchObject({ name: "a" });
  expect(broker.createTopic(spec("b"), () => {})).toMatchObject({ error: ERROR.POLICY_VIOLATION });
  const state = broker.openState("__headwater_uplink");
  const set = state.set("position", new Uint8Array([1]));
  await clock.settleAll();
  await set;
  expect(state.get("position")).toEqual(new Uint8Array([1]));
});
