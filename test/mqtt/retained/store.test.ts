import { describe, expect, test } from "bun:test";
import type { PendingBatch } from "../../../src/broker/ingest.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { IN_THE_LOG } from "../../../src/mqtt/joined-batch.ts";
import { DEFAULT_MQTT_LIMITS, type MqttLimits } from "../../../src/mqtt/limits.ts";
import { RETAINED_TOPIC, RetainedTopic } from "../../../src/mqtt/retained/storage.ts";
import { RetainedStore } from "../../../src/mqtt/retained/store.ts";
import type { RetainedNode } from "../../../src/mqtt/retained/trie.ts";
import type { LiveMessage } from "../../../src/mqtt/sessions/outbound.ts";
import { RefusedTopic } from "../../../src/mqtt/settled-batches.ts";
import { newStats } from "../../../src/mqtt/stats.ts";
import { TopicEntry } from "../../../src/mqtt/topic-table.ts";
import { type OpenBroker, openBroker, recordsOf } from "../../broker/support.ts";
import { FakeBatch } from "../support/fake-ingest.ts";
import { FakeRetained } from "../support/fake-retained.ts";

const FROM = { clientId: "dev", userName: null };
const REFUSED = new RefusedTopic(0, "");

function entry(topic: string): TopicEntry {
  return new TopicEntry(Buffer.from(topic), topic, null, REFUSED);
}

function message(topic: string, payload: string, more: Partial<LiveMessage> = {}): LiveMessage {
  return {
    topic: Buffer.from(topic),
    payload: Buffer.from(payload),
    properties: null,
    qos: 1,
    retain: true,
    expiresAtMs: Number.POSITIVE_INFINITY,
    sizeBytes: 0,
    ...more,
  };
}

class Bench {
  readonly storage = new FakeRetained();
  readonly clock = new ManualClock();
  readonly stats = newStats();
  readonly full: string[] = [];
  store: RetainedStore;

  constructor(limits: Partial<MqttLimits> = {}) {
    this.store = this.#open(limits);
  }

  /** As after a restart. */
  reopen(limits: Partial<MqttLimits> = {}): void {
    this.store = this.#open(limits);
    expect(this.store.load()).toBe(true);
  }

  keep(topic: string, payload: string, more: Partial<LiveMessage> = {}) {
    return this.keepAfter(IN_THE_LOG, topic, payload, more);
  }

  keepAfter(after: PendingBatch, topic: string, payload: string, more: Partial<LiveMessage> = {}) {
    return this.store.keep(entry(topic), message(topic, payload, more), FROM, this.clock.nowMs(), after);
  }

  /** The turn ends, and its commit round. */
  settle(error = 0): void {
    this.clock.settle();
    this.storage.settle(error);
  }

  text(topic: string): string | null {
    const found = this.store.find(topic);
    return found === null ? null : Buffer.from(found.payload).toString();
  }

  #open(limits: Partial<MqttLimits>): RetainedStore {
    const { clock, storage, stats } = this;
    return new RetainedStore({
      clock,
      storage,
      stats,
      limits: { ...DEFAULT_MQTT_LIMITS, ...limits },
      onFull: (topic) => void this.full.push(topic.text),
    });
  }
}

describe("a message whose own record is not durable", () => {
  test("is written once that is, and not where it is refused: the topic keeps what it has", () => {
    const bench = new Bench();
    bench.keep("t", "1");
    bench.settle();
    const record = new FakeBatch();
    const batch = bench.keepAfter(record, "t", "2");
    const other = bench.keepAfter(record, "u", "1");
    bench.store.release();
    bench.settle();
    expect(bench.storage.batches).toHaveLength(1);
    expect([batch.state, bench.text("t"), bench.store.isSettled]).toEqual(["waiting", "1", false]);
    record.state = "refused";
    record.error = 56;
    bench.store.release();
    expect([batch.state, batch.error, other.state]).toEqual(["refused", 56, "refused"]);
    bench.settle();
    expect([bench.text("t"), bench.text("u"), bench.store.isSettled]).toEqual(["1", null, true]);
    bench.reopen();
    expect([bench.text("t"), bench.text("u")]).toEqual(["1", null]);
    expect(bench.keepAfter(record, "t", "3")).toBe(record);
    expect(bench.store.isSettled).toBe(true);
  });

  test("is overtaken by none that came later", () => {
    const bench = new Bench();
    const [first, second, third] = [new FakeBatch(), new FakeBatch(), new FakeBatch()];
    const batches = [
      bench.keepAfter(first, "t", "1"),
      bench.keepAfter(second, "t", ""),
      bench.keepAfter(third, "t", "3"),
      bench.keep("t", "4"),
    ];
    second.state = "durable";
    third.state = "refused";
    expect(bench.store.outstanding.state).toBe("waiting");
    bench.store.release();
    bench.settle();
    expect(bench.text("t")).toBe(null);
    expect(bench.storage.batches).toHaveLength(0);
    first.state = "durable";
    bench.store.release();
    bench.clock.settle();
    expect(batches.map(({ state }) => state)).toEqual(["waiting", "waiting", "refused", "waiting"]);
    expect(bench.store.outstanding.state).toBe("waiting");
    bench.settle();
    expect(batches.map(({ state }) => state)).toEqual(["durable", "durable", "refused", "durable"]);
    expect(bench.text("t")).toBe("4");
    bench.reopen();
    expect(bench.text("t")).toBe("4");
  });

  test("is refused where the log of retained messages refuses it", () => {
    const bench = new Bench();
    const record = new FakeBatch();
    const batch = bench.keepAfter(record, "t", "1");
    record.state = "durable";
    bench.store.release();
    bench.clock.settle();
    expect(batch.state).toBe("waiting");
    bench.storage.settle(56);
    expect([batch.state, batch.error, bench.text("t")]).toEqual(["refused", 56, null]);
  });
});

describe("the last message of a topic", () => {
  test("counts from its commit round on, and its batch says so", () => {
    const bench = new Bench();
    const batch = bench.keep("a/b", "1");
    expect(bench.text("a/b")).toBeNull();
    bench.clock.settle();
    expect([batch.state, bench.text("a/b")]).toEqual(["waiting", null]);
    bench.settle();
    expect([batch.state, bench.text("a/b")]).toEqual(["durable", "1"]);
    expect(bench.store.count).toBe(1);
  });

  test("is replaced by the next, also within a turn", () => {
    const bench = new Bench();
    for (const payload of ["1", "2", "3"]) bench.keep("t", payload);
    bench.settle();
    expect(bench.text("t")).toBe("3");
    expect(bench.store.count).toBe(1);
    bench.reopen();
    expect(bench.text("t")).toBe("3");
  });

  test("goes with an empty payload, before and after a restart", () => {
    const bench = new Bench();
    bench.keep("t", "1");
    bench.keep("u", "1");
    bench.settle();
    const batch = bench.keep("t", "");
    expect(bench.text("t")).toBe("1");
    bench.settle();
    expect([batch.state, bench.text("t"), bench.store.count]).toEqual(["durable", null, 1]);
    bench.reopen();
    expect([bench.text("t"), bench.text("u"), bench.store.count]).toEqual([null, "1", 1]);
  });

  test("where there is none, an empty payload writes nothing; but it waits for one that is being taken back", () => {
    const bench = new Bench();
    expect(bench.keep("t", "").state).toBe("durable");
    bench.clock.settle();
    expect(bench.storage.batches).toHaveLength(0);
    bench.keep("t", "1");
    bench.settle();
    bench.keep("t", "");
    bench.clock.settle();
    const again = bench.keep("t", "");
    expect(again.state).toBe("waiting");
    bench.settle();
    expect(again.state).toBe("durable");
    expect(bench.storage.batches).toHaveLength(2);
  });

  test("stays what it was where the log refuses", () => {
    const bench = new Bench();
    bench.keep("t", "1");
    bench.settle();
    const lost = bench.keep("t", "22");
    bench.settle(56);
    expect([lost.state, lost.error, bench.text("t")]).toEqual(["refused", 56, "1"]);
    bench.storage.refusal = 10;
    const refused = bench.keep("u", "1");
    bench.settle();
    expect([refused.state, refused.error, bench.text("u")]).toEqual(["refused", 10, null]);
    const { sizeBytes } = bench.store;
    bench.storage.refusal = 0;
    bench.keep("t", "3");
    bench.settle();
    expect([bench.store.sizeBytes, bench.store.count]).toEqual([sizeBytes, 1]);
  });

  test("comes back whole from the log: QoS, properties, publisher", () => {
    const bench = new Bench({ maxRetainedCacheBytes: 0 });
    const properties = Uint8Array.fromHex("2600026d710001312600066d71" + "74742e71" + "000139");
    const userName = "anna";
    const kept = message("t", "x", { qos: 2, properties });
    bench.store.keep(entry("t"), kept, { clientId: "d/1", userName }, bench.clock.nowMs(), IN_THE_LOG);
    bench.settle();
    for (let round = 0; round < 2; round++) {
      const found = bench.store.find("t");
      expect(found).toMatchObject({ qos: 2, retain: true, publisher: { clientId: "d/1", userName } });
      expect(Buffer.from(found?.properties ?? [])).toEqual(Buffer.from(properties));
      expect(Buffer.from(found?.topic ?? []).toString()).toBe("t");
      bench.reopen({ maxRetainedCacheBytes: 0 });
    }
  });
});

describe("expiry", () => {
  test("takes a message away, and its record from the log", () => {
    const bench = new Bench();
    bench.keep("t", "1", { expiresAtMs: bench.clock.monotonicMs() + 3_000 });
    bench.keep("u", "1");
    bench.settle();
    bench.clock.advance(2_999);
    expect(bench.text("t")).toBe("1");
    bench.clock.advance(1);
    expect(bench.text("t")).toBeNull();
    bench.clock.advance(10_000);
    bench.settle();
    expect([bench.store.count, bench.text("u")]).toEqual([1, "1"]);
    expect(bench.storage.batches).toHaveLength(2);
    bench.clock.advance(60_000);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  test("counts over a restart by the wall clock, and anew where that stands before the message", () => {
    const bench = new Bench();
    bench.keep("t", "1", { expiresAtMs: bench.clock.monotonicMs() + 100_000 });
    bench.settle();
    bench.clock.advance(40_000);
    bench.reopen();
    const leftMs = (bench.store.find("t")?.expiresAtMs ?? 0) - bench.clock.monotonicMs();
    expect(leftMs).toBe(60_000);
    const early = new ManualClock(bench.clock.nowMs() - 1_000_000);
    const { storage, stats } = bench;
    const store = new RetainedStore({ clock: early, storage, stats, limits: DEFAULT_MQTT_LIMITS });
    store.load();
    expect((store.find("t")?.expiresAtMs ?? 0) - early.monotonicMs()).toBe(100_000);
    bench.clock.advance(60_000);
    bench.reopen();
    expect(bench.text("t")).toBeNull();
    bench.clock.advance(10_000);
    bench.settle();
    expect(bench.store.count).toBe(0);
  });

  test("a message without one takes the place of one that has", () => {
    const bench = new Bench();
    bench.keep("t", "1", { expiresAtMs: bench.clock.monotonicMs() + 1_000 });
    bench.keep("t", "2");
    bench.settle();
    bench.clock.advance(60_000);
    bench.settle();
    expect(bench.text("t")).toBe("2");
  });
});

describe("bounds", () => {
  test("on topics: one more is not kept and said; what is there can change", () => {
    const bench = new Bench({ maxRetainedMessages: 2 });
    for (const topic of ["a", "b", "c"]) bench.keep(topic, "1");
    bench.settle();
    expect([bench.store.count, bench.text("c"), bench.full]).toEqual([2, null, ["c"]]);
    bench.keep("a", "2");
    bench.keep("b", "");
    bench.keep("c", "3");
    bench.settle();
    expect([bench.text("a"), bench.text("b"), bench.text("c")]).toEqual(["2", null, "3"]);
    expect(bench.stats).toMatchObject({ retainedRefused: 1, retainedMessages: 2 });
  });

  test("on bytes: a topic whose new message has no room loses its old one, which would be stale", () => {
    const bench = new Bench({ maxRetainedBytes: 1_000 });
    bench.keep("a", "1");
    bench.settle();
    bench.keep("a", "x".repeat(1_000));
    bench.settle();
    expect([bench.text("a"), bench.store.count, bench.store.sizeBytes]).toEqual([null, 0, 0]);
    expect(bench.full).toEqual(["a"]);
    bench.reopen();
    expect(bench.text("a")).toBeNull();
  });

  test("the memory of messages is bounded: what is not there is read back", () => {
    const bench = new Bench({ maxRetainedCacheBytes: 2_000 });
    for (let n = 0; n < 50; n++) bench.keep(`t/${n}`, `payload ${n}`);
    bench.settle();
    for (let n = 0; n < 50; n++) expect(bench.text(`t/${n}`)).toBe(`payload ${n}`);
    expect(bench.stats.retainedUnreadable).toBe(0);
  });
});

/** A store on a broker's log. */
function storeOn({ broker, clock }: OpenBroker, more: Partial<MqttLimits> = {}) {
  const stats = newStats();
  const limits = { ...DEFAULT_MQTT_LIMITS, maxRetainedCacheBytes: 0, ...more };
  return { stats, store: new RetainedStore({ clock, storage: new RetainedTopic(broker), stats, limits }) };
}

describe("on the log", () => {
  test("the topic is compacted, any Kafka client reads it, and it is made with the first message", async () => {
    const open = await openBroker();
    const { store } = storeOn(open);
    store.load();
    expect(open.broker.topics.get(RETAINED_TOPIC)).toBeNull();
    const properties = Uint8Array.fromHex("03000474657874");
    const nowMs = open.clock.nowMs();
    store.keep(entry("a/b"), message("a/b", "21.5", { properties, qos: 2 }), FROM, nowMs, IN_THE_LOG);
    await open.clock.settleAll();
    const topic = open.broker.topics.get(RETAINED_TOPIC);
    expect(topic?.internal).toBe(true);
    expect(topic?.configs.get("cleanup.policy")).toBe("compact");
    const [record] = recordsOf(open, RETAINED_TOPIC);
    expect(Buffer.from(record?.key ?? []).toString()).toBe("a/b");
    expect(Buffer.from(record?.value ?? []).toString()).toBe("21.5");
    const headers = record?.headers.map(({ key, value }) => [key, Buffer.from(value ?? []).toString()]);
    expect(headers).toEqual([
      ["mqtt.qos", "2"],
      ["mqtt.client-id", "dev"],
      ["mqtt.properties", Buffer.from(properties).toString()],
      ["mqtt.content-type", "text"],
    ]);
  });

  test("messages of any size are read back by their place, from batches that hold many", async () => {
    const open = await openBroker();
    const { store, stats } = storeOn(open);
    const sizes = [1, 10, 40_000, 100, 900_000, 3];
    for (let round = 0; round < 40; round++) {
      sizes.forEach((size, n) => {
        const topic = `t/${n}/${round}`;
        if (size < 1_000 || round < 2) {
          const kept = message(topic, "x".repeat(size) + topic);
          store.keep(entry(topic), kept, FROM, open.clock.nowMs(), IN_THE_LOG);
        }
      });
    }
    await open.clock.settleAll();
    const nodes: RetainedNode[] = [];
    const walk = store.walk("#");
    while (walk.collect(nodes, 10_000, 10_000)) {}
    expect(nodes).toHaveLength(164);
    // In the order of the log, and in none.
    const ordered = nodes.toSorted((one, other) => one.offset - other.offset);
    for (const [at, node] of [...nodes, ...ordered].entries()) {
      const found = store.read(node, at > 0);
      const topic = Buffer.from(found?.topic ?? []).toString();
      expect(Buffer.from(found?.payload ?? []).toString()).toEndWith(topic);
    }
    expect(stats.retainedUnreadable).toBe(0);
  });
});

test("messages whose memory was given back are read from their log", () => {
  const bench = new Bench();
  for (const topic of ["a", "b"]) bench.keep(topic, `of ${topic}`);
  bench.settle();
  let reads = 0;
  const { storage } = bench;
  const read = storage.read.bind(storage);
  storage.read = (offset) => {
    reads++;
    return read(offset);
  };
  expect([bench.text("a"), reads]).toEqual(["of a", 0]);
  // One that is on its way is in no cache yet.
  bench.keep("b", "newer");
  bench.store.shrink();
  bench.settle();
  expect([bench.text("a"), bench.text("b"), reads]).toEqual(["of a", "newer", 1]);
  expect([bench.text("a"), reads]).toEqual(["of a", 1]);
});
