import { describe, expect, test } from "bun:test";
import type { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { brokerSource } from "../../../src/mqtt/history/broker-source.ts";
import type { Follower, GapReason, RecordConsumer } from "../../../src/mqtt/history/follower.ts";
import { Followers, type FollowersLimits } from "../../../src/mqtt/history/followers.ts";
import type { HistoryPartition, HistorySource } from "../../../src/mqtt/history/source.ts";
import {
  batchCompression,
  batchSizeBytes,
  COMPRESSION_NONE,
  MAX_COMPRESSION_CODE,
} from "../../../src/records/batch.ts";
import type { BuildOptions } from "../../../src/records/builder.ts";
import type { RecordCursor } from "../../../src/records/reader.ts";
import { decodeRecords } from "../../../src/records/reader.ts";
import { buildTransactionMarker } from "../../../src/records/transaction-marker.ts";
import { type OpenBroker, openBroker } from "../../broker/support.ts";
import { batchOf, text } from "../../log/support.ts";

const TOPIC = "readings";

/** Notes what it gets, and takes only so much. */
class Reader implements RecordConsumer {
  readonly values: string[] = [];
  readonly events: string[] = [];
  room = Number.POSITIVE_INFINITY;
  refusals = 0;

  take(record: RecordCursor): boolean {
    if (this.room === 0) {
      this.refusals++;
      return false;
    }
    this.room--;
    this.values.push(Buffer.from(record.value() ?? []).toString());
    return true;
  }

  gap(fromOffset: number, toOffset: number, reason: GapReason): void {
    this.events.push(`${reason} ${fromOffset}-${toOffset}`);
  }

  ended(reason: string): void {
    this.events.push(reason);
  }
}

class World {
  readonly open: OpenBroker;
  readonly source: HistorySource;
  readonly followers: Followers;

  constructor(open: OpenBroker, limits: Partial<FollowersLimits> = {}) {
    this.open = open;
    this.source = brokerSource(open.broker);
    this.followers = new Followers(this.source, open.clock, limits);
  }

  get partition(): HistoryPartition {
    const partition = this.source.topic(TOPIC)?.partitions[0];
    if (partition === undefined) throw new Error("no partition");
    return partition;
  }

  follow(reader: Reader, from = 0, key: string | null = null): Follower {
    return this.followers.follow(this.partition, from, key === null ? null : text(key), reader);
  }

  put(values: readonly string[], options: BuildOptions & { readonly key?: string } = {}): void {
    const { broker, clock } = this.open;
    const bytes = batchOf(values, { timestampMs: clock.nowMs(), ...options });
    const result = broker.partition(TOPIC, 0)?.append(bytes, 0, bytes.length, clock.nowMs(), "broker");
    expect(result?.error).toBe(0);
  }

  end(producerId: number, outcome: "commit" | "abort"): void {
    const { broker, clock } = this.open;
    const marker = { outcome, coordinatorEpoch: 0, timestampMs: clock.nowMs(), producerId, producerEpoch: 0 };
    const bytes = buildTransactionMarker(marker);
    broker.partition(TOPIC, 0)?.append(bytes, 0, bytes.length, clock.nowMs(), "broker");
  }

  /** Lets commit rounds end and followers work until nothing moves. */
  async run(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      await this.open.clock.settleAll();
      this.open.clock.advance(200);
    }
  }
}

async function world(
  limits: Partial<FollowersLimits> = {},
  configs: Readonly<Record<string, string>> = {},
  disk?: SimulatedDisk,
): Promise<World> {
  const open = await openBroker(disk);
  const spec = { name: TOPIC, partitionCount: 1, configs: new Map(Object.entries(configs)) };
  if (open.broker.topics.get(TOPIC) === null) open.broker.createTopic(spec, () => {});
  await open.clock.settleAll();
  return new World(open, limits);
}

function numbered(count: number, name = "r"): string[] {
  return Array.from({ length: count }, (_, index) => `${name}${index}`);
}

const transactional = (producerId: number, baseSequence = 0): BuildOptions => ({
  producerId,
  producerEpoch: 0,
  baseSequence,
  transactional: true,
});

describe("a follower gets", () => {
  test("records of every compression from the position on, then what is appended", async () => {
    const w = await world();
    const wanted: string[] = [];
    for (let compression = COMPRESSION_NONE; compression <= MAX_COMPRESSION_CODE; compression++) {
      const values = numbered(50, `codec${compression}-`);
      w.put(values, { compression });
      wanted.push(...values);
    }
    await w.run();
    const [all, some] = [new Reader(), new Reader()];
    const follower = w.follow(all);
    w.follow(some, 75);
    await w.run();
    expect(all.values).toEqual(wanted);
    expect(some.values).toEqual(wanted.slice(75));
    expect([follower.state, follower.position]).toEqual(["waiting", 250]);
    w.put(["live"]);
    expect(all.values).toHaveLength(250);
    await w.run();
    expect(all.values.at(-1)).toBe("live");
    expect(all.events).toEqual([]);
  });

  test("nothing that is not durable, where the topic waits for the disk and where it doesn't", async () => {
    for (const durability of ["disk", "memory"]) {
      const w = await world({}, { durability });
      const reader = new Reader();
      w.follow(reader);
      await w.run();
      w.put(["a"]);
      w.open.clock.settle();
      expect(reader.values).toEqual([]);
      await w.run();
      expect(reader.values).toEqual(["a"]);
    }
  });

  test("what transactions commit once they are decided, nothing of aborted ones, and no marker", async () => {
    const w = await world();
    const reader = new Reader();
    const follower = w.follow(reader);
    w.put(["kept 1"], transactional(1));
    w.put(["taken back 1"], transactional(2));
    w.put(["plain"]);
    await w.run();
    expect(reader.values).toEqual([]);
    w.end(2, "abort");
    await w.run();
    expect(reader.values).toEqual([]);
    w.put(["kept 2"], transactional(1, 1));
    w.end(1, "commit");
    w.put(["next of 2"], transactional(2, 1));
    w.end(2, "commit");
    w.put(["taken back 2"], transactional(3));
    w.end(3, "abort");
    await w.run();
    expect(reader.values).toEqual(["kept 1", "plain", "kept 2", "next of 2"]);
    expect([follower.state, follower.position]).toEqual(["waiting", 10]);
  });

  test("the records of a key alone, from sealed segments and the active one, past what others wrote", async () => {
    const w = await world({}, { "segment.bytes": "1048576" });
    for (let batch = 0; batch < 60; batch++) {
      w.put(numbered(20, `other${batch}-${"x".repeat(2_000)}`), { key: "other" });
      if (batch % 7 === 0) w.put([`mine${batch}`], { key: "mine", compression: batch % 5 });
    }
    await w.run();
    for (let tick = 0; tick < 20; tick++) await w.open.store.maintain(w.open.clock.nowMs());
    const log = w.open.broker.partition(TOPIC, 0)?.log;
    expect(log?.segments.length).toBeGreaterThan(2);
    const reader = new Reader();
    const follower = w.follow(reader, 0, "mine");
    await w.run();
    expect(reader.values).toEqual([0, 7, 14, 21, 28, 35, 42, 49, 56].map((batch) => `mine${batch}`));
    expect(follower.position).toBe(w.partition.endOffset);
    w.put(["other"], { key: "other" });
    w.put(["live"], { key: "mine" });
    await w.run();
    expect(reader.values.at(-1)).toBe("live");
    expect(reader.events).toEqual([]);
  });
});

class BatchReader extends Reader {
  batches = 0;

  takeBatch(bytes: Uint8Array, position: number): number {
    if (batchCompression(bytes, position) !== COMPRESSION_NONE) return -1;
    this.batches++;
    const records = decodeRecords(bytes, position, position + batchSizeBytes(bytes, position));
    for (const { value } of records) this.values.push(Buffer.from(value ?? []).toString());
    return records.length;
  }
}

test("a batch that is larger than all that is read in a turn is handed over, too", async () => {
  const w = await world({ sliceBytes: 10_000 });
  w.put(["small"]);
  w.put(["x".repeat(20_000)]);
  w.put(["behind"]);
  await w.run();
  const reader = new BatchReader();
  const follower = w.follow(reader);
  for (let round = 0; round < 5; round++) await w.run();
  expect(reader.values.map(({ length }) => length)).toEqual([5, 20_000, 6]);
  expect(follower.position).toBe(w.partition.endOffset);
});

test("a follower hands over whole batches to who takes them, and the others one by one, in their order", async () => {
  const w = await world({ sliceRecords: 10, shareRecords: 3 });
  const wanted: string[] = [];
  for (let n = 0; n < 12; n++) {
    const values = numbered(7, `b${n}-`);
    w.put(values, { compression: n % 3 === 1 ? MAX_COMPRESSION_CODE : COMPRESSION_NONE });
    wanted.push(...values);
  }
  w.put(["never"], transactional(5));
  w.end(5, "abort");
  w.put(["last"]);
  await w.run();
  const [all, later] = [new BatchReader(), new BatchReader()];
  const follower = w.follow(all);
  w.follow(later, 3);
  for (let round = 0; round < 20; round++) await w.run();
  expect(all.values).toEqual([...wanted, "last"]);
  // The first batch begins before its position.
  expect(later.values).toEqual([...wanted.slice(3), "last"]);
  expect([all.batches, later.batches]).toEqual([9, 8]);
  expect([follower.heldBytes, follower.position]).toEqual([0, w.partition.endOffset]);
});

describe("a follower tells", () => {
  test("what retention took before it came", async () => {
    const w = await world();
    const reader = new Reader();
    reader.room = 3;
    const follower = w.follow(reader);
    for (let batch = 0; batch < 10; batch++) w.put(numbered(100, `${"long ".repeat(50)}${batch}-`));
    await w.run();
    expect(follower.state).toBe("full");
    w.open.broker.partition(TOPIC, 0)?.log.deleteRecordsBefore(950 as never);
    await w.run();
    reader.room = Number.POSITIVE_INFINITY;
    w.followers.resume(follower);
    await w.run();
    const [event = ""] = reader.events;
    expect(reader.events).toHaveLength(1);
    const [, from, to] = (/^retention (\d+)-(\d+)$/.exec(event) ?? []).map(Number);
    // What it held it hands over; what it had not read is gone.
    expect(to).toBe(950);
    expect(reader.values).toHaveLength((from ?? 0) + 50);
    expect(reader.values.at(-1)?.endsWith("9-99")).toBe(true);
  });

  test("that its topic is gone, and is not taken in by one of the same name", async () => {
    const w = await world();
    w.put(["old"]);
    await w.run();
    const reader = new Reader();
    const follower = w.follow(reader);
    await w.run();
    w.open.broker.deleteTopic(TOPIC, () => {});
    await w.run();
    expect(reader.events).toEqual(["deleted"]);
    expect([follower.state, w.followers.count]).toEqual(["ended", 0]);
    w.open.broker.createTopic({ name: TOPIC, partitionCount: 1, configs: new Map() }, () => {});
    w.put(["new"]);
    await w.run();
    expect(reader.values).toEqual(["old"]);
    const second = new Reader();
    w.follow(second);
    await w.run();
    expect(second.values).toEqual(["new"]);
  });

  test("what a disk lost, and goes on behind it", async () => {
    const before = await world();
    for (let batch = 0; batch < 4; batch++) {
      before.put(numbered(2, `${batch}-`));
      await before.run();
    }
    const segment = before.open.broker.partition(TOPIC, 0)?.log.segments[0];
    const batchBytes = (segment?.sizeBytes ?? 0) / 4;
    await before.open.store.close();
    before.open.disk.flipBit(segment?.path ?? "", (batchBytes + 70) * 8);
    const w = await world({}, {}, before.open.disk);
    w.open.store.verifyAll();
    await w.run();
    const reader = new Reader();
    w.follow(reader);
    await w.run();
    expect(reader.values).toEqual(["0-0", "0-1", "2-0", "2-1", "3-0", "3-1"]);
    expect(reader.events).toEqual(["damage 2-4"]);
  });

  test("batches that can't be read", async () => {
    const good = batchOf(["good"], { baseOffset: 3 });
    const bad = batchOf(numbered(3, "bad"));
    // A record that is longer than its batch.
    bad[61] = 0x7e;
    const reader = new Reader();
    const partition = fakePartition([bad, good], 4);
    const { clock } = await openBroker();
    const followers = new Followers(fakeSource(partition), clock);
    followers.follow(partition, 0, null, reader);
    clock.advance(10);
    expect([reader.values, reader.events]).toEqual([["good"], ["unreadable 0-3"]]);
  });

  test("that the log can't be read at all", async () => {
    const { clock } = await openBroker();
    for (const fault of ["read", "aborted"] as const) {
      const partition = fakePartition([batchOf(["a"], transactional(1))], 1, fault);
      const reader = new Reader();
      const followers = new Followers(fakeSource(partition), clock);
      followers.follow(partition, 0, null, reader);
      clock.advance(10);
      expect([reader.values, reader.events]).toEqual([[], ["unreadable"]]);
    }
  });
});

describe("a full consumer", () => {
  for (const maxHeldBytes of [1 << 20, 0]) {
    test(`is offered the same record again, in the middle of compressed batches, held ${maxHeldBytes}`, async () => {
      const w = await world({ maxHeldBytes });
      const wanted: string[] = [];
      for (let compression = COMPRESSION_NONE; compression <= MAX_COMPRESSION_CODE; compression++) {
        const values = numbered(40, `codec${compression}-`);
        w.put(values, { compression });
        wanted.push(...values);
      }
      await w.run();
      const reader = new Reader();
      reader.room = 7;
      const follower = w.follow(reader);
      let rounds = 0;
      for (; reader.values.length < wanted.length && rounds < 100; rounds++) {
        await w.run();
        expect(reader.values.length).toBe(Math.min(wanted.length, 7 * (rounds + 1)));
        if (follower.state === "full") expect(w.followers.heldBytes > 0).toBe(maxHeldBytes > 0);
        reader.room = 7;
        w.followers.resume(follower);
      }
      expect(reader.values).toEqual(wanted);
      expect(rounds).toBe(29);
      await w.run();
      expect(w.followers.heldBytes).toBe(0);
    });
  }

  test("costs nothing while it is full, whatever is appended", async () => {
    const w = await world();
    const reader = new Reader();
    reader.room = 1;
    w.follow(reader);
    for (let batch = 0; batch < 20; batch++) {
      w.put(numbered(5));
      await w.run();
    }
    expect([reader.values.length, reader.refusals]).toEqual([1, 1]);
  });

  test("holds no more than the bound, with however many others", async () => {
    const maxHeldBytes = 100_000;
    const w = await world({ maxHeldBytes });
    w.put(numbered(1_000, "a value of some length "), { compression: 4 });
    w.put(numbered(1_000, "a value of some length "));
    await w.run();
    const readers = Array.from({ length: 20 }, () => new Reader());
    const followers = readers.map((reader) => {
      reader.room = 100;
      return w.follow(reader);
    });
    for (let round = 0; round < 20; round++) {
      await w.run();
      expect(w.followers.heldBytes).toBeLessThanOrEqual(maxHeldBytes);
      for (const [index, follower] of followers.entries()) {
        const reader = readers[index];
        if (reader !== undefined) reader.room = 100;
        w.followers.resume(follower);
      }
    }
    await w.run();
    for (const reader of readers) expect(reader.values).toHaveLength(2_000);
    expect(w.followers.heldBytes).toBe(0);
  });
});

describe("followers share the loop", () => {
  test("in slices with pauses, and each gets its share", async () => {
    const w = await world({ sliceRecords: 100, shareRecords: 10, pauseMs: 3 });
    w.put(numbered(1_000));
    await w.run();
    const readers = [new Reader(), new Reader(), new Reader()];
    for (const reader of readers) w.follow(reader);
    const counts = () => readers.map((reader) => reader.values.length);
    w.open.clock.settle();
    expect(counts().reduce((sum, count) => sum + count)).toBeLessThanOrEqual(100);
    expect(Math.max(...counts()) - Math.min(...counts())).toBeLessThanOrEqual(10);
    const before = counts();
    w.open.clock.advance(2);
    expect(counts()).toEqual(before);
    w.open.clock.advance(1);
    expect(counts()).not.toEqual(before);
    w.open.clock.advance(200);
    expect(counts()).toEqual([1_000, 1_000, 1_000]);
  });

  test("one that is stopped in its consumer's hands gets nothing more", async () => {
    const w = await world();
    w.put(numbered(10));
    await w.run();
    const reader = new Reader();
    const follower = w.follow(reader);
    reader.take = (record) => {
      reader.values.push(String(record.offset));
      if (record.offset === 4) w.followers.stop(follower);
      return true;
    };
    await w.run();
    w.put(["later"]);
    await w.run();
    expect(reader.values).toEqual(["0", "1", "2", "3", "4"]);
    expect([w.followers.count, w.followers.heldBytes]).toEqual([0, 0]);
  });

  test("nobody listens to the broker when nobody follows, and topics are told of while asked for", async () => {
    const w = await world();
    let listeners = 0;
    const { source } = w;
    const counting: HistorySource = {
      topic: source.topic,
      topics: source.topics,
      onAppended: (listener) => {
        listeners++;
        const stop = source.onAppended(listener);
        return () => {
          listeners--;
          stop();
        };
      },
    };
    const followers = new Followers(counting, w.open.clock);
    const follower = followers.follow(w.partition, 0, null, new Reader());
    expect(listeners).toBe(1);
    const told: string[] = [];
    const stop = followers.onTopics((topic) => told.push(topic));
    followers.stop(follower);
    w.open.broker.createTopic({ name: "new", partitionCount: 1, configs: new Map() }, () => {});
    expect([listeners, told]).toEqual([1, ["new"]]);
    stop();
    expect(listeners).toBe(0);
    followers.follow(w.partition, 0, null, new Reader());
    followers.close();
    expect([listeners, followers.count]).toEqual([0, 0]);
  });
});

function fakePartition(
  batches: readonly Uint8Array[],
  endOffset: number,
  fault: "read" | "aborted" | null = null,
): HistoryPartition {
  return {
    topic: TOPIC,
    topicId: "id",
    index: 0,
    deleted: false,
    compacted: false,
    logStartOffset: 0,
    endOffset,
    read: () => (fault === "read" ? null : { batches, nextOffset: endOffset }),
    readKey: () => null,
    abortedTransactions: () => (fault === "aborted" ? null : []),
    offsetForTimestamp: () => 0,
    awaitMore: () => {},
  };
}

function fakeSource(partition: HistoryPartition): HistorySource {
  const topic = { name: TOPIC, internal: false, partitions: [partition] };
  return { topic: () => topic, topics: () => [topic], onAppended: () => () => {} };
}
