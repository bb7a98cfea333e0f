import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasCode } from "../../../src/base/errors.ts";
import { deviceViews, locateSpans } from "../../../src/cli/replay/locate.ts";
import { DEFAULT_MARGIN_MS, type ReplayQuery } from "../../../src/cli/replay/query.ts";
import { KafkaAdmin } from "../../../src/kafka/client/admin.ts";
import { SpanReader } from "../../../src/kafka/client/span-reader.ts";
import { partitionForKey } from "../../../src/records/murmur2.ts";
import { type Headwater, startHeadwater } from "../../support/headwater.ts";
import { run } from "../support.ts";
import { CentreWriter } from "./centre-writer.ts";

const T0 = Math.floor(Date.now() / 1_000) * 1_000 - 86_400_000;
const BATCH = 100;
const RECORDS = 1_000;

let headwater: Headwater;
let writer: CentreWriter;

beforeAll(async () => {
  headwater = await startHeadwater();
  writer = new CentreWriter(headwater.kafka);
  await writer.createTopic("t", 1);
  for (let start = 0; start < RECORDS; start += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, index) => ({
      key: `d${index % 2}`,
      value: "v",
      timeMs: T0 + (start + index) * 60_000,
    }));
    await writer.write("t", batch);
  }
}, 40_000);

afterAll(async () => {
  writer?.close();
  await headwater?.dispose();
}, 30_000);

function query(given: Partial<ReplayQuery>): ReplayQuery {
  const all = {
    fromMs: Number.NEGATIVE_INFINITY,
    toMs: Number.POSITIVE_INFINITY,
    marginMs: DEFAULT_MARGIN_MS,
  };
  return {
    topic: "t",
    devices: [],
    gateway: null,
    strictMargin: false,
    allPartitions: false,
    ...all,
    ...given,
  };
}

describe("a span of a partition", () => {
  async function read(
    start: number,
    end: number,
    stopAt = -1,
  ): Promise<{ offsets: number[]; position: number }> {
    const reader = new SpanReader(writer.cluster, [{ topic: "t", partition: 0, start, end }]);
    const offsets: number[] = [];
    while (!reader.done) {
      await reader.poll((_topic, _partition, record) => {
        if (record.offset === stopAt) return false;
        offsets.push(record.offset);
        return true;
      });
    }
    return { offsets, position: reader.progress()[0]?.offset ?? -1 };
  }

  test("is read from its start to its end, wherever batches begin", async () => {
    for (const [start, end] of [
      [0, RECORDS],
      [150, 251],
      [99, 100],
      [100, 101],
    ] as const) {
      const { offsets, position } = await read(start, end);
      expect(offsets).toEqual(Array.from({ length: end - start }, (_, index) => start + index));
      expect(position).toBe(end);
    }
    expect((await read(7, 7)).offsets).toEqual([]);
  });

  test("ends where it is told to, and goes on from there", async () => {
    expect(await read(140, 400, 155)).toMatchObject({ position: 155 });
    const reader = new SpanReader(writer.cluster, [{ topic: "t", partition: 0, start: 140, end: 150 }]);
    const offsets: number[] = [];
    const poll = () =>
      reader.poll((_topic, _partition, record) => {
        offsets.push(record.offset);
        return true;
      });
    while (!reader.done) await poll();
    reader.extend("t", 0, 155);
    while (!reader.done) await poll();
    expect(offsets).toEqual(Array.from({ length: 15 }, (_, index) => 140 + index));
  });

  test("that never comes is given up", async () => {
    const beyond = { topic: "t", partition: 0, start: RECORDS, end: RECORDS + 5 };
    const reader = new SpanReader(writer.cluster, [beyond], { maxWaitMs: 20, stallMs: 60 });
    let error: unknown = null;
    while (error === null) await reader.poll(() => true).catch((caught) => (error = caught));
    expect(hasCode(error, "TIMED_OUT")).toBe(true);
    expect(String(error)).toContain("t-0 at offset 1000: nothing comes");
  });
});

describe("where a time span lies", () => {
  const partitions = [{ topic: "t", partition: 0 }];

  test("from the margin before it to about the margin behind it", async () => {
    const hours = { fromMs: T0 + 300 * 60_000, toMs: T0 + 400 * 60_000 };
    const [span] = await locateSpans(writer.cluster, partitions, query(hours));
    expect(span).toMatchObject({ start: 240, likelyEnd: 460, end: RECORDS, logStart: 0 });
    const [late] = await locateSpans(
      writer.cluster,
      partitions,
      query({ ...hours, marginMs: Number.POSITIVE_INFINITY }),
    );
    expect(late).toMatchObject({ start: 240, likelyEnd: RECORDS });
  });

  test("without bounds it is the log; behind the log there is nothing", async () => {
    expect((await locateSpans(writer.cluster, partitions, query({})))[0]).toMatchObject({
      start: 0,
      end: RECORDS,
    });
    const future = query({ fromMs: Date.now() + 86_400_000 });
    expect((await locateSpans(writer.cluster, partitions, future))[0]).toMatchObject({ start: RECORDS });
  });
});

test("a gateway has a view of a device, whose records are those of the topic", async () => {
  const d1 = query({ devices: [Buffer.from("d1")] });
  expect(await deviceViews(writer.cluster, d1)).toEqual([{ topic: "t/d1", partition: 0 }]);
  const args = [
    "replay",
    "-b",
    headwater.kafka,
    "-t",
    "t",
    "-d",
    "d1",
    "-o",
    "json",
    "--to",
    `@${T0 + 240_000}`,
  ];
  const viewed = (await run(args)).out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(viewed.map(({ topic, offset }) => [topic, offset])).toEqual([
    ["t", 1],
    ["t", 3],
  ]);
  const read = (await run([...args, "--no-view"])).out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(read.map(({ topic, offset }) => [topic, offset])).toEqual([
    ["t", 1],
    ["t", 3],
  ]);
});

test("a file does not go on where other partitions would be read than it was begun with", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-spans-"));
  try {
    await writer.createTopic("grows", 1);
    const device = Array.from({ length: 20 }, (_, n) => `d${n}`).find(
      (key) => partitionForKey(Buffer.from(key), 3) !== 0,
    );
    await writer.write("grows", [{ key: device ?? "", value: "v", timeMs: T0 }]);
    const path = join(folder, "device.txt");
    const args = ["replay", "-b", headwater.kafka, "-t", "grows", "-d", device ?? "", "--file", path];
    const begun = await run([...args, "--no-view"], { interrupted: Promise.resolve("") });
    expect(begun.code).toBe(1);
    await new KafkaAdmin(writer.cluster).createPartitions("grows", 3);
    const resumed = await run([...args, "--no-view", "--resume"]);
    expect([resumed.code, resumed.err]).toEqual([2, expect.stringContaining("begun with grows-0")]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
