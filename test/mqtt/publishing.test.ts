import { beforeEach, describe, expect, test } from "bun:test";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import type { Access } from "../../src/mqtt/access.ts";
import { Client } from "../../src/mqtt/client.ts";
import { Door } from "../../src/mqtt/door.ts";
import { DEFAULT_MQTT_LIMITS } from "../../src/mqtt/limits.ts";
import type { InsideMessage } from "../../src/mqtt/publishing.ts";
import { DEFAULT_ROUTES, RouteTable } from "../../src/mqtt/routes.ts";
import type { TopicEntry } from "../../src/mqtt/topic-table.ts";
import { FakeBatch, FakeIngest } from "./support/fake-ingest.ts";
import { FakeConnection } from "./support/fake-network.ts";
import { FakeRetained } from "./support/fake-retained.ts";
import { connectPacket, payloads, publishPacket, recorder, subscribePacket, toHex } from "./support/rig.ts";

const FROM = { clientId: "bridge", userName: null };

let clock: ManualClock;
let ingest: FakeIngest;
let door: Door;
let denied: Set<string>;

beforeEach(() => {
  clock = new ManualClock();
  ingest = new FakeIngest();
  denied = new Set();
  const allows =
    (what: string) =>
    (_who: unknown, topic: TopicEntry | string): boolean =>
      !denied.has(`${what} ${typeof topic === "string" ? topic : topic.text}`);
  const access: Access = {
    mayPublish: allows("publish"),
    maySubscribe: allows("subscribe"),
    mayReceive: allows("receive"),
  };
  door = new Door({
    clock,
    random: new SeededRandom(1),
    ingest,
    retained: new FakeRetained(),
    routes: new RouteTable(DEFAULT_ROUTES),
    limits: DEFAULT_MQTT_LIMITS,
    log: recorder([]),
    access,
  });
});

function client(version: 4 | 5, clientId: string): FakeConnection {
  const connection = new FakeConnection(1, 1_000_000);
  connection.handler = new Client(door, connection);
  connection.feed(connectPacket(version, clientId));
  connection.take();
  return connection;
}

function subscriber(filter: string): FakeConnection {
  const connection = client(4, "subscriber");
  connection.feed(subscribePacket(4, 1, [[filter, 1]]));
  connection.take();
  return connection;
}

function entryOf(topic: string): TopicEntry {
  const bytes = Buffer.from(topic);
  const entry = door.topics.find(bytes, 0, bytes.length);
  if ("reason" in entry) throw new Error(entry.what);
  return entry;
}

function message(topic: string, more: Partial<InsideMessage> = {}): InsideMessage {
  return {
    entry: entryOf(topic),
    payload: Buffer.from("p"),
    properties: null,
    qos: 1,
    retain: false,
    expirySec: -1,
    append: true,
    ...more,
  };
}

function settle(): void {
  ingest.settle();
  clock.settle();
}

describe("a message from inside", () => {
  test("is appended by its route, delivered when that is durable, and told of", () => {
    const listener = subscriber("devices/#");
    const told: string[] = [];
    const batch = door.publish(message("devices/a/t"), FROM, ({ state }) => told.push(state));
    expect(ingest.records.map(({ topic, key, text }) => [topic, key, text])).toEqual([
      ["telemetry", "a", "p"],
    ]);
    expect(batch.state).toBe("waiting");
    expect(door.isSettled).toBe(false);
    expect(listener.take()).toHaveLength(0);
    settle();
    expect(told).toEqual(["durable"]);
    expect(payloads(listener.take())).toEqual(["p"]);
    expect(door.isSettled).toBe(true);
    expect(door.stats.unsettledBytes).toBe(0);
  });

  test("that is in a log already is delivered only", () => {
    const listener = subscriber("devices/#");
    const batch = door.publish(message("devices/a/t", { append: false }), FROM);
    clock.settle();
    expect(batch.state).toBe("durable");
    expect(ingest.records).toHaveLength(0);
    expect(payloads(listener.take())).toEqual(["p"]);
  });

  test("to a topic without a route is refused, and nobody gets it", () => {
    const listener = subscriber("#");
    const told: number[] = [];
    const batch = door.publish(message("$other/x"), FROM, ({ error }) => told.push(error));
    clock.settle();
    expect(batch.state).toBe("refused");
    expect(told).toEqual([29]);
    expect(listener.take()).toHaveLength(0);
  });

  test("that is retained waits for both logs", () => {
    const listener = subscriber("devices/#");
    const kept = new FakeBatch();
    const seen: string[] = [];
    door.publishing.retained = {
      keep(entry, { retain }, from) {
        seen.push(`${entry.text} ${retain} ${from.clientId}`);
        return kept;
      },
    };
    const batch = door.publish(message("devices/a/t", { retain: true }), FROM);
    settle();
    expect(seen).toEqual(["devices/a/t true bridge"]);
    expect(batch.state).toBe("waiting");
    expect(listener.take()).toHaveLength(0);
    kept.state = "durable";
    door.settle();
    expect(batch.state).toBe("durable");
    expect(payloads(listener.take())).toEqual(["p"]);
  });
});

describe("rights", () => {
  test("a PUBLISH that its client has no right to is refused", () => {
    denied.add("publish devices/a/t");
    const device = client(5, "device");
    device.feed(publishPacket("devices/a/t", "p", 1, 7, { version: 5 }));
    clock.settle();
    expect(toHex(device.take())).toBe("40 03 00 07 87");
    expect(ingest.records).toHaveLength(0);
  });

  test("a SUBSCRIBE without the right to it is refused", () => {
    denied.add("subscribe a/#");
    const device = client(5, "device");
    device.feed(subscribePacket(5, 1, [["a/#", 0]]));
    expect(toHex(device.take())).toBe("90 04 00 01 00 87");
  });

  test("what a client may not receive is not sent to it, as soon as the rights say so", () => {
    const listener = subscriber("devices/#");
    door.publish(message("devices/a/t"), FROM);
    settle();
    expect(payloads(listener.take())).toEqual(["p"]);
    denied.add("receive devices/a/t");
    door.subscriptions.invalidate();
    door.publish(message("devices/a/t"), FROM);
    door.publish(message("devices/b/t"), FROM);
    settle();
    expect(payloads(listener.take())).toEqual(["p"]);
  });
});
