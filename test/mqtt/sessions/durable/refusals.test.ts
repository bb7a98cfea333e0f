import { beforeEach, describe, expect, test } from "bun:test";
import { ManualClock } from "../../../../src/io/simulated/clock.ts";
import { DEFAULT_MQTT_LIMITS } from "../../../../src/mqtt/limits.ts";
import { NO_LOSSES } from "../../../../src/mqtt/losses.ts";
import { MessageTable } from "../../../../src/mqtt/sessions/durable/message-table.ts";
import { Replay } from "../../../../src/mqtt/sessions/durable/replay.ts";
import { SessionStore } from "../../../../src/mqtt/sessions/durable/session-store.ts";
import { TurnWriter } from "../../../../src/mqtt/sessions/durable/turn-writer.ts";
import { SubscriptionTrie } from "../../../../src/mqtt/sessions/subscription-trie.ts";
import { newStats } from "../../../../src/mqtt/stats.ts";
import type { FakeConnection } from "../../support/fake-network.ts";
import { FakeStateLog } from "../../support/fake-state-log.ts";
import { ackPacket, hex, payloads, publishPacket, subscribePacket, toHex } from "../../support/rig.ts";
import { DurableRig } from "./support.ts";

const STORAGE_ERROR = 56;
const PUBACK = 4;
const PUBREC = 5;

let durable: DurableRig;
beforeEach(() => {
  durable = new DurableRig({ maxQueuedBytes: 1_700 });
});

function subscriber(qos: number): FakeConnection {
  const connection = durable.connect(4, "sub");
  connection.feed(subscribePacket(4, 1, [["devices/#", qos]]));
  durable.rig.settle();
  connection.take();
  return connection;
}

function publish(qos: number, ...texts: string[]): string {
  const publisher = durable.rig.connect(5, "pub");
  for (const [index, text] of texts.entries()) {
    publisher.feed(publishPacket("devices/a/t", text, qos, index + 1, { version: 5 }));
  }
  durable.rig.settle();
  return toHex(publisher.take());
}

/** The log takes again what it is given, and time enough passes for it to be given. */
function recover(): void {
  durable.log.refusal = 0;
  durable.rig.clock.advance(2_000);
  durable.rig.settle();
}

/** What stands in the log under keys of a kind. */
function standing(kind: string): string[] {
  return [...durable.log.standing().keys()].filter((key) => key.startsWith(kind));
}

describe("what the log of sessions refuses", () => {
  test("is refused with the log's reason, however much of it there is", () => {
    durable = new DurableRig();
    subscriber(1).break();
    durable.log.refusal = STORAGE_ERROR;
    const large = "y".repeat(1_000);
    const acks = publish(1, ...Array.from({ length: 40 }, () => large));
    expect(acks.match(/40 03 00 .. 83/g)).toHaveLength(40);
  });

  test("takes no room in queues", () => {
    subscriber(1).break();
    durable.log.refusal = STORAGE_ERROR;
    publish(1, ...Array.from({ length: 5 }, () => "z".repeat(180)));
    recover();
    expect(publish(1, "one")).toBe("40 02 00 01");
    const [connection, connack] = durable.dial(4, "sub");
    durable.rig.settle();
    const got = new Uint8Array([...hex(connack), ...connection.take()]);
    expect(payloads(got)).toEqual(["one"]);
    expect(durable.rig.gaps).toEqual([]);
  });

  test("is written again: a PUBREC, so that its PUBREL leaves", () => {
    const connection = subscriber(2);
    publish(2, "one");
    durable.rig.settle();
    expect(payloads(connection.take())).toEqual(["one"]);
    durable.log.refusal = STORAGE_ERROR;
    connection.feed(ackPacket(PUBREC, 1));
    durable.rig.settle();
    expect(toHex(connection.take())).toBe("");
    recover();
    expect(toHex(connection.take())).toBe("62 02 00 01");
  });

  test("is written again: that messages are over", () => {
    const connection = subscriber(1);
    publish(1, "one");
    expect(payloads(connection.take())).toEqual(["one"]);
    durable.log.refusal = STORAGE_ERROR;
    connection.feed(ackPacket(PUBACK, 1));
    durable.rig.clock.advance(100);
    expect(standing("03")).toHaveLength(1);
    recover();
    expect(standing("03")).toHaveLength(0);
    durable.restart();
    expect(durable.dial(4, "sub")[1]).toBe("20 02 01 00");
  });

  test("is what its own batch says: of a turn that is taken in part, each message is taken or refused", () => {
    durable = new DurableRig();
    subscriber(1).break();
    const publisher = durable.connect(5, "kept");
    durable.log.refusal = STORAGE_ERROR;
    durable.log.takenBefore = 1;
    const five = { version: 5 } as const;
    publisher.feed(publishPacket("devices/a/t", "one", 2, 1, five));
    publisher.feed(publishPacket("devices/a/t", "z".repeat(20_000), 2, 2, five));
    durable.rig.settle();
    durable.rig.settle();
    expect(toHex(publisher.take())).toBe("50 02 00 01 50 03 00 02 83");
    expect(durable.rig.ingest.records.map(({ text }) => text)).toEqual(["one"]);
    recover();
    durable.cut();
    // What was refused is not appended by a start, and comes again as what it is.
    expect(durable.rig.ingest.records).toHaveLength(0);
    const [again] = durable.dial(5, "kept");
    again.feed(publishPacket("devices/a/t", "two", 2, 2, five));
    durable.rig.settle();
    durable.rig.settle();
    expect(toHex(again.take())).toBe("50 02 00 02");
    const [connection, connack] = durable.dial(4, "sub");
    durable.rig.settle();
    expect(payloads(new Uint8Array([...hex(connack), ...connection.take()]))).toEqual(["one", "two"]);
  });

  test("is refused with what comes behind it in its turn, and not with what is before", () => {
    const log = new FakeStateLog();
    const told: [string, number][] = [];
    const writer = new TurnWriter(log, () => {});
    const put = (name: string, sizeBytes: number): void => {
      writer.together(sizeBytes);
      writer.put(Buffer.from(name), new Uint8Array(sizeBytes), -1);
      writer.apart((error) => told.push([name, error]));
    };
    writer.start(0);
    put("a", 9_000);
    put("b", 5_000);
    put("c", 9_000);
    log.refusal = STORAGE_ERROR;
    put("d", 9_000);
    log.refusal = 0;
    put("e", 9_000);
    put("f", 1);
    writer.finish();
    expect(told).toEqual([
      ["a", 0],
      ["b", 0],
      ...["c", "d", "e", "f"].map((name): [string, number] => [name, STORAGE_ERROR]),
    ]);
    expect([writer.error, log.batchCount]).toEqual([STORAGE_ERROR, 1]);
    writer.start(0);
    put("g", 1);
    writer.finish();
    expect([told.at(-1), log.batchCount]).toEqual([["g", 0], 2]);
  });

  test("is written again: the end of a session, which does not come back with the next start", () => {
    const connection = durable.connect(5, "sub");
    connection.feed(subscribePacket(5, 1, [["devices/#", 1]]));
    durable.rig.settle();
    durable.log.refusal = STORAGE_ERROR;
    connection.feed(hex("e0 07 00 05 11 00 00 00 00"));
    durable.rig.settle();
    recover();
    expect(durable.log.standing().size).toBe(0);
    durable.restart();
    expect(durable.rig.door.stats().durableSessions).toBe(0);
  });
});

test("a start frees a message once that sessions were done with and that was not taken back", () => {
  const table = new MessageTable();
  const replay = new Replay(table);
  // As the log gives it, and as a session lets go of it.
  replay.message(10, Number.POSITIVE_INFINITY);
  table.need(0);
  expect(table.release(0)).toBe(true);
  table.free(0);
  expect(replay.sweep()).toEqual([]);
  expect([table.count, table.sizeBytes]).toEqual([0, 0]);
  expect(table.add(1, 10, 1)).not.toBe(table.add(2, 10, 1));
});

describe("a position that the log refuses", () => {
  function text(bytes: Uint8Array | null): string | null {
    return bytes === null ? null : Buffer.from(bytes).toString();
  }

  test("falls back to the last one that is durable, whatever was refused in between", () => {
    const clock = new ManualClock();
    const log = new FakeStateLog();
    const store = new SessionStore({
      clock,
      log,
      limits: DEFAULT_MQTT_LIMITS,
      stats: newStats(),
      losses: NO_LOSSES,
      subscriptions: new SubscriptionTrie(),
      appendMessages: () => {},
      settled: () => {},
      expired: () => {},
    });
    store.open();
    const set = (value: string | null): void => {
      store.cursors.set("n", value === null ? null : Buffer.from(value));
    };
    const settle = (refusal: number): void => {
      log.refusal = refusal;
      clock.settle();
      log.settle();
    };
    set("never");
    set("neither");
    settle(STORAGE_ERROR);
    expect(store.cursors.get("n")).toBeNull();
    set("A");
    settle(0);
    set("B");
    set("C");
    settle(STORAGE_ERROR);
    expect(text(store.cursors.get("n"))).toBe("A");
    set("D");
    set("E");
    settle(0);
    set(null);
    settle(STORAGE_ERROR);
    expect(text(store.cursors.get("n"))).toBe("E");
    set(null);
    settle(0);
    set("F");
    settle(STORAGE_ERROR);
    expect(store.cursors.get("n")).toBeNull();
  });
});
