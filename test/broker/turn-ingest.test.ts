import { describe, expect, test } from "bun:test";
import type { PendingBatch } from "../../src/broker/ingest.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { partitionForKey } from "../../src/records/murmur2.ts";
import { type OpenBroker, openBroker, recordsOf } from "./support.ts";

const text = new TextEncoder();

function append({ broker }: OpenBroker, topic: string, key: string | null, value: string): PendingBatch {
  return broker.ingest.append({
    topic,
    key: key === null ? null : text.encode(key),
    value: text.encode(value),
    timestampMs: 1000,
    headers: null,
  });
}

describe("TurnIngest", () => {
  test("makes one batch per partition and turn, and settles it once the disk has it", async () => {
    const open = await openBroker();
    let settled = 0;
    open.broker.ingest.onSettled(() => {
      settled += 1;
    });
    const batches = Array.from({ length: 100 }, (_, index) => append(open, "t", "d1", `v${index}`));
    expect(new Set(batches).size).toBe(1);
    expect(batches[0]?.state).toBe("waiting");
    await open.clock.settleAll();
    expect(batches[0]).toMatchObject({ state: "durable", error: 0 });
    expect(settled).toBe(1);
    const records = recordsOf(open, "t");
    expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(new TextDecoder().decode(records[99]?.value ?? undefined)).toBe("v99");
  });

  test("takes nothing for topics of the broker's own, whether they are there or not", async () => {
    const open = await openBroker();
    for (const topic of ["__mqtt_retained", "__mqtt_sessions", "__consumer_offsets"]) {
      expect(append(open, topic, "k", "v").state).toBe("refused");
    }
    open.broker.internalPartition("__own", new Map());
    expect(append(open, "__own", "k", "v")).toMatchObject({ state: "refused", error: 29 });
    await open.clock.settleAll();
    expect(recordsOf(open, "__own")).toEqual([]);
    expect(open.broker.topics.get("__mqtt_retained")).toBeNull();
  });

  test("keeps a key on the partition that Kafka's clients would choose", async () => {
    const open = await openBroker(undefined, { defaultPartitions: 5 });
    for (let index = 0; index < 50; index += 1) append(open, "t", `d${index}`, "v");
    await open.clock.settleAll();
    for (let partition = 0; partition < 5; partition += 1) {
      for (const { key } of recordsOf(open, "t", partition)) {
        expect(partitionForKey(key ?? new Uint8Array(0), 5)).toBe(partition);
      }
    }
  });

  test("records that go together are in one batch of the partition that their placement has", async () => {
    const open = await openBroker(undefined, { defaultPartitions: 5 });
    const together = (place: string, values: readonly string[]) =>
      open.broker.ingest.appendTogether(
        values.map((value) => ({
          topic: "t",
          key: text.encode(`key ${value}`.slice(0, 5)),
          value: text.encode(value),
          timestampMs: 1000,
          headers: null,
        })),
        text.encode(place),
      );
    const batch = together("d1", ["a", "b", "c"]);
    // The batch at hand has no room for the large ones: they begin another, all of them.
    const filling = together("d1", ["x".repeat(200_000)]);
    const large = together("d1", ["y".repeat(100_000), "z".repeat(100_000)]);
    expect(filling).toBe(batch);
    expect(large).not.toBe(batch);
    const tooLarge = together("d1", ["v".repeat(600_000), "w".repeat(600_000)]);
    expect(tooLarge).toMatchObject({ state: "refused", error: ERROR.MESSAGE_TOO_LARGE });
    await open.clock.settleAll();
    expect([batch.state, large.state]).toEqual(["durable", "durable"]);
    const records = recordsOf(open, "t", partitionForKey(text.encode("d1"), 5));
    const firsts = records.map(({ value }) => new TextDecoder().decode(value ?? undefined)[0]);
    expect(firsts).toEqual(["a", "b", "c", "x", "y", "z"]);
  });

  test("a record too large for the topic is refused alone", async () => {
    const open = await openBroker();
    open.broker.createTopic(
      { name: "t", partitionCount: 1, configs: new Map([["max.message.bytes", "1000"]]) },
      () => {},
    );
    const good = append(open, "t", null, "small");
    const bad = append(open, "t", null, "x".repeat(2000));
    expect(bad).toMatchObject({ state: "refused", error: ERROR.MESSAGE_TOO_LARGE });
    expect(bad.why).toMatch(
      /^a batch of 20\d\d bytes is more than the topic t takes \(max\.message\.bytes = 1000\)$/,
    );
    await open.clock.settleAll();
    expect(good.state).toBe("durable");
    expect(recordsOf(open, "t")).toHaveLength(1);
  });

  test("what together is too large becomes several batches, in order", async () => {
    const open = await openBroker();
    open.broker.createTopic(
      { name: "t", partitionCount: 1, configs: new Map([["max.message.bytes", "1000"]]) },
      () => {},
    );
    const batches = Array.from({ length: 20 }, (_, index) =>
      append(open, "t", null, `${index}`.padEnd(200, ".")),
    );
    expect(new Set(batches).size).toBeGreaterThan(3);
    await open.clock.settleAll();
    expect(batches.every(({ state }) => state === "durable")).toBe(true);
    const order = recordsOf(open, "t").map(({ value }) =>
      Number.parseInt(new TextDecoder().decode(value ?? undefined), 10),
    );
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  test("without auto-creation an unknown topic refuses, and a bad name always does", async () => {
    const open = await openBroker(undefined, { autoCreateTopics: false });
    expect(append(open, "t", null, "v")).toMatchObject({ error: ERROR.UNKNOWN_TOPIC_OR_PARTITION });
    const other = await openBroker();
    expect(append(other, "not/a/topic", null, "v")).toMatchObject({ error: ERROR.INVALID_TOPIC_EXCEPTION });
  });

  test("a journal that fails refuses the batch and tells the doors", async () => {
    const open = await openBroker();
    append(open, "t", null, "before");
    await open.clock.settleAll();
    let settled = 0;
    open.broker.ingest.onSettled(() => {
      settled += 1;
    });
    open.disk.fail({ kind: "sync" });
    const batch = append(open, "t", null, "after");
    await open.clock.settleAll();
    expect(batch.state).toBe("refused");
    expect(batch.error).toBe(ERROR.KAFKA_STORAGE_ERROR);
    expect(settled).toBeGreaterThan(0);
    expect(append(open, "t", null, "later").state).toBe("waiting");
    await open.clock.settleAll();
    expect(recordsOf(open, "t")).toHaveLength(0);
  });
});
