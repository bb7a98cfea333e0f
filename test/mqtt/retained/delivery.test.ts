import { beforeEach, expect, test } from "bun:test";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { Access, Identity } from "../../../src/mqtt/access.ts";
import { Client } from "../../../src/mqtt/client.ts";
import { Door } from "../../../src/mqtt/door.ts";
import { DEFAULT_MQTT_LIMITS } from "../../../src/mqtt/limits.ts";
import { DEFAULT_ROUTES, RouteTable } from "../../../src/mqtt/routes.ts";
import type { TopicEntry } from "../../../src/mqtt/topic-table.ts";
import { FakeIngest } from "../support/fake-ingest.ts";
import { FakeConnection } from "../support/fake-network.ts";
import { FakeRetained } from "../support/fake-retained.ts";
import { connectPacket, payloads, publishPacket, recorder, subscribePacket } from "../support/rig.ts";

/** What may not be: "publish NAME TOPIC" and "receive NAME TOPIC". */
let denied: Set<string>;
let clock: ManualClock;
let retained: FakeRetained;
let ingest: FakeIngest;
let door: Door;

beforeEach(() => {
  denied = new Set();
  clock = new ManualClock();
  retained = new FakeRetained();
  ingest = new FakeIngest();
  const allows = (what: string) => (who: Identity, topic: TopicEntry) =>
    !denied.has(`${what} ${who.clientId} ${topic.text}`);
  const access: Access = {
    mayPublish: allows("publish"),
    maySubscribe: () => true,
    mayReceive: allows("receive"),
  };
  door = new Door({
    ...{ clock, random: new SeededRandom(1), ingest, retained, access, log: recorder([]) },
    ...{ routes: new RouteTable(DEFAULT_ROUTES), limits: DEFAULT_MQTT_LIMITS },
  });
  const device = client("dev");
  for (const topic of ["a", "b"]) device.feed(publishPacket(topic, topic, 0, 0, { retain: true }));
  settle();
});

function settle(): void {
  clock.settle();
  ingest.settle();
  clock.settle();
  retained.settle();
  clock.settle();
}

function client(clientId: string): FakeConnection {
  const connection = new FakeConnection(1, 1_000_000);
  connection.handler = new Client(door, connection);
  connection.feed(connectPacket(4, clientId));
  connection.take();
  return connection;
}

function gets(clientId: string): string[] {
  const connection = client(clientId);
  connection.feed(subscribePacket(4, 1, [["#", 0]]));
  const got = payloads(connection.take()).sort();
  connection.break();
  return got;
}

test("who may not receive a topic does not get what is retained there", () => {
  denied.add("receive sub b");
  expect([gets("sub"), gets("other")]).toEqual([["a"], ["a", "b"]]);
});

test("what somebody has published whose right to it is gone is not sent any more", () => {
  expect(gets("sub")).toEqual(["a", "b"]);
  denied.add("publish dev a");
  expect(gets("sub")).toEqual(["b"]);
});
