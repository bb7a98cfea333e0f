import { afterEach, beforeEach, expect, test } from "bun:test";
import { DEAD_LETTER_HEADERS } from "../../../src/coordinators/dead-letters/letter.ts";
import { ACKNOWLEDGE } from "../../../src/coordinators/shares/share-partition.ts";
import { BatchBuilder, encodeHeaders } from "../../../src/records/builder.ts";
import { decodeRecords } from "../../../src/records/reader.ts";
import type { Gateway } from "../../kafka/support/door.ts";
import { ShareWorld } from "../../kafka/support/share-world.ts";

const DEAD = "dlq.jobs";
const { REJECT } = ACKNOWLEDGE;
const text = (bytes: Uint8Array | null | undefined) =>
  bytes == null ? null : new TextDecoder().decode(bytes);

let world: ShareWorld;
let opened: Gateway[];

beforeEach(async () => {
  world = await ShareWorld.open();
  opened = [world.gateway];
  world.configs.set("errors.deadletterqueue.topic.name", DEAD);
  await world.beat("m1", 0, ["jobs"]);
});
afterEach(async () => {
  for (const gateway of opened) await gateway.close();
});

function letters(gateway = world.gateway) {
  const partitions = gateway.broker.topics.get(DEAD)?.partitions ?? [];
  return partitions.flatMap(({ log, index }) => {
    const read = log.read(log.logStartOffset, 10_000_000, { minOneBatch: true, until: log.highWatermark });
    return decodeRecords(read.bytes.slice()).map(({ key, value, headers }) => ({
      partition: index,
      key: text(key),
      value: text(value),
      headers: Object.fromEntries(headers.map((header) => [header.key, text(header.value)])),
    }));
  });
}

/** Records of the log that holds them, with whatever headers. */
async function produce(count: number, sizeBytes: number): Promise<void> {
  const { broker, clock } = world.gateway;
  const builder = new BatchBuilder();
  const headers = encodeHeaders([{ key: "unit", value: new TextEncoder().encode("bar") }]);
  for (let at = 0; at < count; at++) {
    const value = new Uint8Array(sizeBytes).fill(65 + (at % 26));
    builder.append(clock.nowMs(), new TextEncoder().encode(`k${at}`), value, headers);
  }
  const batch = builder.build({ compression: 1 });
  broker.partition("jobs", 0)?.append(batch, 0, batch.length, clock.nowMs(), "client");
  await clock.settleAll();
}

async function rejectAll(): Promise<void> {
  const { responses } = await world.fetch("m1", 0, { maxRecords: 5000, maxBytes: 1 << 24 });
  const ranges = responses[0]?.partitions[0]?.acquiredRecords ?? [];
  for (const [index, { firstOffset, lastOffset }] of ranges.entries()) {
    expect(
      await world.acknowledge("m1", 1 + index, [[Number(firstOffset), Number(lastOffset), REJECT]]),
    ).toBe(0);
  }
  await world.gateway.clock.settleAll();
}

test("key, value and headers are copied beside where it came from", async () => {
  await produce(2, 3);
  await rejectAll();
  expect(
    letters().map(({ key, value, headers }) => [
      key,
      value,
      headers.unit,
      headers[DEAD_LETTER_HEADERS.OFFSET],
    ]),
  ).toEqual([
    ["k0", "AAA", "bar", "0"],
    ["k1", "BBB", "bar", "1"],
  ]);
  expect(world.startOffset).toBe(2);
});

test("the place alone is told where the group wants no copies", async () => {
  world.configs.set("errors.deadletterqueue.copy.record.enable", "false");
  await produce(1, 3);
  await rejectAll();
  expect(letters()).toMatchObject([
    { key: null, value: null, headers: { [DEAD_LETTER_HEADERS.OFFSET]: "0" } },
  ]);
});

test("a partition's dead letters go to the partition of its number", async () => {
  world.gateway.broker.createTopic({ name: DEAD, partitionCount: 2, configs: new Map() }, () => {});
  await world.produce(1, "of one");
  await world.fetch("m1", 0, { topics: world.topics(1) });
  const live = world.shares.partitions.inUse({ groupId: "workers", topicId: world.jobs, partition: 1 });
  if (live === null) throw new Error("not in use");
  world.shares.partitions.acknowledge(
    live,
    "m1",
    [{ firstOffset: 0, lastOffset: 0, types: [REJECT] }],
    () => {},
  );
  await world.gateway.clock.settleAll();
  expect(letters()).toMatchObject([{ partition: 1, value: "of one" }]);
});

test("many and large ones go in several batches, one that is too large by its place", async () => {
  const configs = new Map([["max.message.bytes", "20000"]]);
  world.gateway.broker.createTopic({ name: DEAD, partitionCount: 1, configs }, () => {});
  await produce(30, 3000);
  await produce(1, 19_990);
  await rejectAll();
  const written = letters();
  expect(written).toHaveLength(31);
  expect(written.slice(0, 30).every(({ value }) => value?.length === 3000)).toBe(true);
  expect(written[30]).toMatchObject({ value: null, headers: { [DEAD_LETTER_HEADERS.OFFSET]: "30" } });
  expect(world.startOffset).toBe(31);
});

test("what can't be written there stays under way, and is tried again", async () => {
  world.configs.set("errors.deadletterqueue.topic.name", "jobs");
  await produce(1, 3);
  await rejectAll();
  expect(world.startOffset).toBe(0);
  world.configs.set("errors.deadletterqueue.topic.name", DEAD);
  world.gateway.clock.advance(5000);
  await world.gateway.clock.settleAll();
  expect([letters().length, world.startOffset]).toEqual([1, 1]);
});

test("what waited for the dead letter topic at a crash is written after it", async () => {
  world.configs.set("errors.deadletterqueue.topic.name", "jobs");
  await produce(2, 3);
  await rejectAll();
  world.configs.set("errors.deadletterqueue.topic.name", DEAD);
  // Nobody comes to read the queue: it goes on by itself.
  const after = await world.afterPowerCut();
  opened.push(after);
  await after.clock.settleAll();
  expect(letters(after).map(({ headers }) => headers[DEAD_LETTER_HEADERS.MESSAGE])).toEqual([
    "Offset rejected by client.",
    "Offset rejected by client.",
  ]);
});
