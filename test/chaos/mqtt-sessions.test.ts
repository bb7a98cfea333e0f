import { expect, test } from "bun:test";
import { resolve } from "node:path";
import mqtt from "mqtt";
import { parseAddress } from "../../src/config/address.ts";
import { SystemClock } from "../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../src/io/bun/network.ts";
import { SystemRandom } from "../../src/io/bun/random.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { PartitionConsumer } from "../../src/kafka/client/consumer.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { chaosSeed } from "./support/chaos.ts";
import { ChaosPublisher, ChaosSubscriber } from "./support/mqtt-devices.ts";

// What an MQTT client has its acknowledgement for outlives kills of the broker at any moment: at QoS 1 it is there and
// arrives once or more, at QoS 2 it is there once and arrives once, and what is retained is what was acknowledged last.

const KILLS = 12;
const TEST_MS = 180_000;
const DRAIN_MS = 60_000;
/** With a bug, waiting is mostly in vain. */
const SHORT_DRAIN_MS = 5_000;
const MAX_LIFE_MS = 700;
const STATE_TOPIC = "devices/state/now";

test(
  "nothing acknowledged is lost over kills, and nothing of QoS 2 comes twice",
  () => storm(KILLS),
  TEST_MS,
);

const MAX_STORMS = 15;
/** Bugs, and by what they are found out. */
const FAULTS: Readonly<Record<string, RegExp>> = {
  "forget-progress": /heard by s2-\d: \d+ numbers, wanted 0/,
  "forget-queues": /never so: all is heard/,
  "forget-retained": /toBeGreaterThanOrEqual/,
  "append-again": /p2-\d recorded again: \d+ numbers, wanted 0/,
  "append-never": /p2-\d recorded: \d+ numbers|never so: all is heard/,
};
for (const [fault, traces] of Object.entries(FAULTS)) {
  test(
    `a broker with the bug "${fault}" is found out`,
    async () => {
      const faulty = [process.execPath, resolve(import.meta.dirname, "support/faulty-mqtt.ts")];
      const environment = { FAULT: fault };
      let error: unknown;
      // Whether kills hit what a bug needs is a matter of luck.
      for (let attempt = 0; attempt < MAX_STORMS && !traces.test(String(error)); attempt++) {
        error = await storm(5, { command: faulty, environment }).catch((failure: unknown) => failure);
      }
      expect(String(error)).toMatch(traces);
    },
    TEST_MS,
  );
}

interface Fault {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

async function storm(kills: number, fault?: Fault): Promise<void> {
  const random = new SeededRandom(chaosSeed());
  const gateway = await startHeadwater({ settings: { "num.partitions": "2" }, ...fault });
  const address = (): string => gateway.mqtt;
  const publishers = [
    ...([1, 2] as const).flatMap((qos) =>
      ([4, 5] as const).map((version) => {
        const clientId = `p${qos}-${version}`;
        const topic = `devices/${clientId}/t`;
        return new ChaosPublisher({ clientId, version, topic, qos, retain: false, window: 8 }, address);
      }),
    ),
    new ChaosPublisher(
      { clientId: "state", version: 5, topic: STATE_TOPIC, qos: 1, retain: true, window: 1 },
      address,
    ),
  ];
  const subscribers = ([1, 2] as const).flatMap((qos) =>
    ([4, 5] as const).map(
      (version) => new ChaosSubscriber(`s${qos}-${version}`, address, version, "devices/+/t", qos),
    ),
  );
  let failed = fault === undefined;
  try {
    for (const subscriber of subscribers) subscriber.start();
    await Promise.all(subscribers.map(({ subscribed }) => subscribed));
    for (const publisher of publishers) publisher.start();
    for (let kill = 0; kill < kills; kill += 1) {
      await Bun.sleep(200 + random.below(MAX_LIFE_MS));
      if (random.chance(0.5)) random.pick([...publishers, ...subscribers]).drop();
      await Bun.sleep(random.below(30));
      await gateway.kill();
      await gateway.restart();
      await checkRetained(gateway, publishers);
    }
    for (const publisher of publishers) publisher.pause();
    const drainMs = fault === undefined ? DRAIN_MS : SHORT_DRAIN_MS;
    await until(() => publishers.every(({ isIdle }) => isIdle), "all is acknowledged", drainMs);
    const pairs = subscribers.flatMap((one) => publishers.map((from) => [one, from] as const));
    await until(() => pairs.every(([one, from]) => hasAll(one, from)), "all is heard", drainMs);
    await checkRetained(gateway, publishers);
    const recorded = await readLog(gateway);
    for (const publisher of publishers) {
      checkRecords(publisher, recorded);
      // The kills came while there was something to do.
      expect(publisher.acked.length).toBeGreaterThan(kills * 5);
      for (const subscriber of subscribers) checkHeard(publisher, subscriber);
    }
    const clients = [...publishers, ...subscribers];
    expect(clients.map(({ clientId, lostSessions }) => [clientId, lostSessions])).toEqual(
      clients.map(({ clientId }) => [clientId, 0]),
    );
    expect(Math.min(...clients.map(({ resumed }) => resumed))).toBeGreaterThanOrEqual(kills - 1);
    failed = false;
  } finally {
    for (const client of [...publishers, ...subscribers]) await client.end();
    await gateway.dispose(failed);
  }
}

function numbersOf(publisher: ChaosPublisher, values: readonly string[]): readonly number[] {
  const prefix = `${publisher.clientId} `;
  return values
    .filter((value) => value.startsWith(prefix))
    .map((value) => Number(value.slice(prefix.length)));
}

/** Numbers as they came first, without those that came again. */
function firstsOf(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)];
}

function upTo(end: number): readonly number[] {
  return Array.from({ length: end }, (_, index) => index + 1);
}

function hasAll(subscriber: ChaosSubscriber, publisher: ChaosPublisher): boolean {
  if (publisher.plan.retain) return true;
  return firstsOf(numbersOf(publisher, heardValues(subscriber))).length >= publisher.sent;
}

function heardValues(subscriber: ChaosSubscriber): readonly string[] {
  return subscriber.heard.map(({ value }) => value);
}

/** Everything that was published is in the log, in its order; at QoS 2 once. */
function checkRecords(publisher: ChaosPublisher, recorded: readonly string[]): void {
  const numbers = numbersOf(publisher, recorded);
  const who = publisher.clientId;
  same(`${who} recorded`, firstsOf(numbers), upTo(publisher.sent));
  if (publisher.plan.qos === 2) same(`${who} recorded again`, repeated(numbers), []);
}

/** Everything has come, in its order; where both spoke QoS 2, once. What came again says so. */
function checkHeard(publisher: ChaosPublisher, subscriber: ChaosSubscriber): void {
  if (publisher.plan.retain) return;
  const numbers = numbersOf(publisher, heardValues(subscriber));
  const who = `${publisher.clientId} heard by ${subscriber.clientId}`;
  same(who, firstsOf(numbers), upTo(publisher.sent));
  if (publisher.plan.qos === 1) return;
  if (subscriber.qos === 2) same(who, repeated(numbers), []);
  const seen = new Set<string>();
  for (const { value, dup } of subscriber.heard.filter(({ topic }) => topic === publisher.plan.topic)) {
    if (seen.has(value)) expect([who, value, dup]).toEqual([who, value, true]);
    seen.add(value);
  }
}

function same(what: string, numbers: readonly number[], wanted: readonly number[]): void {
  const at = numbers.findIndex((number, index) => number !== wanted[index]);
  if (at < 0 && numbers.length === wanted.length) return;
  const from = Math.max(0, at < 0 ? Math.min(numbers.length, wanted.length) - 3 : at - 3);
  const shown = [numbers, wanted].map((list) => list.slice(from, from + 10).join(" "));
  throw new Error(
    `${what}: ${numbers.length} numbers, wanted ${wanted.length}; at ${from}: ${shown.join(" instead of ")}`,
  );
}

function repeated(numbers: readonly number[]): readonly number[] {
  return numbers.filter((number, index) => numbers.indexOf(number) !== index);
}

/** What is retained was acknowledged last, or published after that. */
async function checkRetained(gateway: Headwater, publishers: readonly ChaosPublisher[]): Promise<void> {
  const publisher = publishers.find(({ plan }) => plan.retain);
  const atLeast = publisher?.acked.length ?? 0;
  const client = await mqtt.connectAsync(`mqtt://${gateway.mqtt}`, { reconnectPeriod: 0 });
  try {
    const came = new Promise<string>((done) => {
      client.on("message", (_topic, payload, { retain }) => {
        if (retain) done(payload.toString());
      });
    });
    await client.subscribeAsync(STATE_TOPIC);
    const late = Bun.sleep(atLeast === 0 ? 100 : 5_000).then(() => "state 0");
    const value = Number((await Promise.race([came, late])).split(" ")[1]);
    expect(value).toBeGreaterThanOrEqual(atLeast);
    expect(value).toBeLessThanOrEqual(publisher?.sent ?? 0);
  } finally {
    await client.endAsync(true);
  }
}

async function until(done: () => boolean, what: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!done()) {
    if (Date.now() > deadline) throw new Error(`never so: ${what}`);
    await Bun.sleep(20);
  }
}

/** The values of all records of devices; those of one device lie in one partition, in their order. */
async function readLog(gateway: Headwater): Promise<readonly string[]> {
  const address = parseAddress(gateway.kafka, "127.0.0.1");
  if (typeof address === "string") throw new Error(address);
  const clock = new SystemClock();
  const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
  const cluster = new KafkaCluster(seams, clusterOptions([address], { requestTimeoutMs: 5_000 }));
  try {
    const values: string[] = [];
    const consumer = new PartitionConsumer(cluster, { isolation: "read_uncommitted", maxWaitMs: 20 });
    await consumer.assignTopic("telemetry", "earliest");
    do {
      await consumer.poll((_topic, _partition, record) => {
        values.push(Buffer.from(record.value() ?? []).toString());
      });
    } while (!consumer.atEnd);
    return values;
  } finally {
    cluster.close();
  }
}
