import { expect, test } from "bun:test";
import {
  DEAD_LETTER_HEADERS,
  letterOf,
  MQTT_LETTER_HEADERS,
  REDRIVE_HEADERS,
} from "../../../src/coordinators/dead-letters/letter.ts";
import type {
  RedriveBug,
  RedriveOutcome,
  RedriveWant,
} from "../../../src/coordinators/dead-letters/redriver.ts";
import type { Operation, SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { BatchBuilder, encodeHeaders, type RecordHeader } from "../../../src/records/builder.ts";
import { decodeRecords } from "../../../src/records/reader.ts";
import { Gateway, type GatewayOptions } from "../../kafka/support/door.ts";

const DEAD = "dlq.jobs";
const encoder = new TextEncoder();
const header = (key: string, value: string): RecordHeader => ({ key, value: encoder.encode(value) });
const textOf = (bytes: Uint8Array | null | undefined) =>
  bytes == null ? null : new TextDecoder().decode(bytes);

/** Headers of a letter of a share group, about a record of `jobs`. */
function place(partition: number, offset: number, group = "workers"): readonly RecordHeader[] {
  return [
    header(DEAD_LETTER_HEADERS.TOPIC, "jobs"),
    header(DEAD_LETTER_HEADERS.PARTITION, String(partition)),
    header(DEAD_LETTER_HEADERS.OFFSET, String(offset)),
    header(DEAD_LETTER_HEADERS.GROUP, group),
    header(DEAD_LETTER_HEADERS.DELIVERY_COUNT, "5"),
    header(DEAD_LETTER_HEADERS.MESSAGE, "Offset delivery count exceeded the threshold."),
  ];
}

interface Sent {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly RecordHeader[];
}

async function opened(options: GatewayOptions = {}): Promise<Gateway> {
  const gateway = await Gateway.open(options);
  if (options.disk === undefined) {
    for (const [name, partitionCount] of [
      ["jobs", 2],
      [DEAD, 1],
    ] as const) {
      gateway.broker.createTopic({ name, partitionCount, configs: new Map() }, () => {});
    }
  }
  await gateway.clock.settleAll();
  return gateway;
}

async function send(gateway: Gateway, topic: string, ...records: readonly Sent[]): Promise<void> {
  const builder = new BatchBuilder();
  const { broker, clock } = gateway;
  for (const { key, value, headers } of records) {
    const bytes = (text: string | null) => (text === null ? null : encoder.encode(text));
    builder.append(clock.nowMs(), bytes(key), bytes(value), encodeHeaders(headers));
  }
  const batch = builder.build();
  broker.partition(topic, 0)?.append(batch, 0, batch.length, clock.nowMs(), "client");
  await clock.settleAll();
}

function recordsOf({ broker }: Gateway, topic: string, partition = 0) {
  const log = broker.partition(topic, partition)?.log;
  if (log === undefined) throw new Error(`there is no ${topic}-${partition}`);
  const read = log.read(log.logStartOffset, 10_000_000, { minOneBatch: true, until: log.highWatermark });
  return decodeRecords(read.bytes.slice()).map(({ key, value, headers }) => ({
    key: textOf(key),
    value: textOf(value),
    headers: headers.map((one) => [one.key, textOf(one.value)]),
  }));
}

const ALL: RedriveWant = {
  ...{ group: null, beforeMs: null, waiting: true, place: null, limit: 10_000, only: null, dryRun: false },
};

async function redrive(gateway: Gateway, want: Partial<RedriveWant> = {}): Promise<RedriveOutcome> {
  const topic = gateway.broker.topics.get(DEAD);
  if (topic === null) throw new Error("there is no topic of dead letters");
  const redriving = gateway.coordinators.deadLetters.redrive(topic, { ...ALL, ...want });
  const outcome = await settled(gateway, redriving);
  if (outcome === null || "error" in outcome) throw new Error(`not redriven: ${JSON.stringify(outcome)}`);
  return outcome;
}

async function settled<Result>({ clock }: Gateway, work: Promise<Result>): Promise<Result> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  work.then(done, done);
  while (!isDone) await clock.settleAll();
  return await work;
}

const letter = (n: number, partition = 0, group?: string): Sent => ({
  key: `k${n}`,
  value: `v${n}`,
  headers: [header("unit", "bar"), ...place(partition, n, group)],
});

test("a letter goes back to its partition, in order, with its own headers and those that say so", async () => {
  const gateway = await opened();
  await send(gateway, DEAD, letter(0), letter(1, 1), letter(2));
  expect(await redrive(gateway, { dryRun: true })).toMatchObject({ redriven: 3, already: 0 });
  expect(recordsOf(gateway, "jobs")).toEqual([]);
  const outcome = await redrive(gateway);
  expect(outcome).toEqual({
    redriven: 3,
    targets: [
      { topic: "jobs", partition: 0, records: 2 },
      { topic: "jobs", partition: 1, records: 1 },
    ],
    already: 0,
    refused: [],
    refusedCount: 0,
    next: null,
  });
  const back = (n: number) => ({
    key: `k${n}`,
    value: `v${n}`,
    headers: [
      ["unit", "bar"],
      [REDRIVE_HEADERS.COUNT, "1"],
      [REDRIVE_HEADERS.FROM, `${DEAD}/0/${n}`],
    ],
  });
  expect(recordsOf(gateway, "jobs")).toEqual([back(0), back(2)]);
  expect(recordsOf(gateway, "jobs", 1)).toEqual([back(1)]);
  expect(await redrive(gateway)).toMatchObject({ redriven: 0, next: null });
  await gateway.close();
});

test("how often a record was redriven is counted on", async () => {
  const gateway = await opened();
  const again = [header(REDRIVE_HEADERS.COUNT, "1"), header(REDRIVE_HEADERS.FROM, "x/0/1")];
  await send(gateway, DEAD, { key: null, value: "v", headers: [...again, ...place(0, 0)] });
  await redrive(gateway);
  expect(recordsOf(gateway, "jobs")[0]?.headers).toEqual([
    [REDRIVE_HEADERS.COUNT, "2"],
    [REDRIVE_HEADERS.FROM, `${DEAD}/0/0`],
  ]);
  await gateway.close();
});

test("one, some, of one group, so many, and the rest from where it stopped", async () => {
  const gateway = await opened();
  await send(gateway, DEAD, letter(0), letter(1, 0, "others"), letter(2), letter(3), letter(4));
  const only = [
    { partition: 0, offset: 3 },
    { partition: 0, offset: 3 },
    { partition: 0, offset: 99 },
    { partition: 7, offset: 0 },
  ];
  expect(await redrive(gateway, { only })).toMatchObject({
    redriven: 1,
    refused: [
      { partition: 0, offset: 99, why: "there is no such dead letter" },
      { partition: 7, offset: 0, why: "there is no such dead letter" },
    ],
  });
  expect(await redrive(gateway, { only: [{ partition: 0, offset: 3 }] })).toMatchObject({
    redriven: 0,
    already: 1,
  });
  expect(await redrive(gateway, { group: "others" })).toMatchObject({ redriven: 1 });
  const first = await redrive(gateway, { limit: 2 });
  expect(first).toMatchObject({ redriven: 2, next: { partition: 0, offset: 3 } });
  expect(await redrive(gateway, { place: first.next })).toMatchObject({ redriven: 1, next: null });
  expect(recordsOf(gateway, "jobs").map(({ value }) => value)).toEqual(["v3", "v1", "v0", "v2", "v4"]);
  await gateway.close();
});

test("a letter that has its record's place alone takes the record, while it is there", async () => {
  const gateway = await opened();
  await send(gateway, "jobs", { key: "k", value: "v", headers: [header("unit", "bar")] });
  await send(gateway, DEAD, { key: null, value: null, headers: place(0, 0) });
  await send(gateway, DEAD, { key: null, value: null, headers: place(0, 1_000) });
  expect(await redrive(gateway)).toMatchObject({
    redriven: 1,
    refused: [{ offset: 1, why: "the letter has the record's place alone, and the record is gone" }],
  });
  expect(recordsOf(gateway, "jobs")[1]).toMatchObject({ key: "k", value: "v" });
  expect(recordsOf(gateway, "jobs")[1]?.headers).toContainEqual(["unit", "bar"]);
  await gateway.close();
});

test("what can't go back stays, and it is said why", async () => {
  const gateway = await opened();
  const to = (topic: string, partition: string) => [
    header(MQTT_LETTER_HEADERS.REASON, "no topic"),
    header(MQTT_LETTER_HEADERS.TOPIC, topic),
    header(MQTT_LETTER_HEADERS.PARTITION, partition),
    header(MQTT_LETTER_HEADERS.OFFSET, "0"),
  ];
  const large = `${"v".repeat(900)}`;
  await send(
    gateway,
    DEAD,
    { key: "a", value: "v", headers: to("gone", "0") },
    { key: "b", value: "v", headers: to("jobs", "9") },
    { key: "c", value: "v", headers: to("__consumer_offsets", "0") },
    { key: "d", value: "v", headers: to(DEAD, "0") },
    {
      key: "e",
      value: "v",
      headers: [header(MQTT_LETTER_HEADERS.REASON, "no JSON"), header("mqtt.topic", "a/b")],
    },
    { key: "f", value: "v", headers: [header("unit", "bar")] },
    { key: "g", value: large, headers: to("small", "0") },
    { key: "h", value: "v", headers: to("small", "0") },
  );
  const configs = new Map([["max.message.bytes", "600"]]);
  gateway.broker.createTopic({ name: "small", partitionCount: 1, configs }, () => {});
  await gateway.clock.settleAll();
  const { redriven, refused, refusedCount } = await redrive(gateway);
  expect([redriven, refusedCount]).toEqual([1, 6]);
  expect(refused.map(({ offset, why }) => [offset, why.slice(0, 30)])).toEqual(
    [
      [0, "there is no partition 0 of gon"],
      [1, "there is no partition 9 of job"],
      [2, "there is no partition 0 of __c"],
      [3, "it comes from the topic that i"],
      [4, "it is a message of MQTT: there"],
      [6, "small does not take it: "],
    ].map(([offset, why]) => [offset, expect.stringContaining(String(why))]),
  );
  expect(recordsOf(gateway, "small").map(({ key }) => key)).toEqual(["h"]);
  await gateway.close();
});

test("batches stay below what the topic takes", async () => {
  const gateway = await opened();
  const configs = new Map([["max.message.bytes", "2000"]]);
  gateway.broker.createTopic({ name: "small", partitionCount: 1, configs }, () => {});
  const headers = place(0, 0).map((one) =>
    one.key === DEAD_LETTER_HEADERS.TOPIC ? header(one.key, "small") : one,
  );
  await send(
    gateway,
    DEAD,
    ...Array.from({ length: 30 }, (_, n) => ({ key: `k${n}`, value: "v".repeat(300), headers })),
  );
  expect(await redrive(gateway)).toMatchObject({ redriven: 30, refusedCount: 0 });
  expect(recordsOf(gateway, "small").map(({ key }) => key)).toEqual(
    Array.from({ length: 30 }, (_, n) => `k${n}`),
  );
  await gateway.close();
});

/** Redrives while the power may go at any moment; gives how often each letter is back after the next start. */
async function afterCrashes(redriveBug: RedriveBug): Promise<readonly (readonly number[])[]> {
  const crashed: SimulatedDisk[] = [];
  let disk = null as SimulatedDisk | null;
  let seed = 0;
  const onOperation = ({ kind }: Operation) => {
    seed += 1;
    if (disk === null) return;
    const isCrash = kind === "write" || kind === "syncDone";
    if (isCrash) crashed.push(disk.crash(seed % 2 === 0 ? "nothing" : "everything", seed));
  };
  const gateway = await opened({ diskOptions: { onOperation } });
  await send(gateway, DEAD, letter(0), letter(1, 1), letter(2), letter(3));
  ({ disk } = gateway);
  await redrive(gateway, { limit: 3 });
  disk = null;
  await gateway.close();
  const counts: number[][] = [];
  for (const one of crashed) {
    const next = await opened({ disk: one, broker: { random: new SeededRandom(seed++) }, redriveBug });
    await redrive(next);
    const all = [0, 1].flatMap((partition) => recordsOf(next, "jobs", partition));
    counts.push([0, 1, 2, 3].map((n) => all.filter(({ value }) => value === `v${n}`).length));
    await next.close();
  }
  return counts;
}

test("whenever the power goes, each letter is redriven once", async () => {
  const counts = await afterCrashes({});
  expect(counts.length).toBeGreaterThan(10);
  for (const each of counts) expect(each).toEqual([1, 1, 1, 1]);
  // And the test would notice.
  expect((await afterCrashes({ forgetsWhose: true })).some((each) => each.some((n) => n > 1))).toBe(true);
}, 30_000);

test("only headers of a letter make one", () => {
  expect(letterOf([header("unit", "bar")])).toBeNull();
  expect(letterOf(place(0, 0).slice(1))).toBeNull();
  expect(letterOf([...place(1, 7)])).toMatchObject({
    kind: "queue",
    source: { topic: "jobs", partition: 1, offset: 7 },
  });
  const nested = letterOf([...place(0, 1), ...place(1, 7)]);
  expect(nested?.source).toEqual({ topic: "jobs", partition: 1, offset: 7 });
  expect(nested?.ownHeaders).toEqual([...place(0, 1)]);
});
