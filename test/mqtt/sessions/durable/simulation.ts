import { silentLogger } from "../../../../src/base/logger.ts";
import { Broker } from "../../../../src/broker/broker.ts";
import { ManualClock } from "../../../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../../src/io/simulated/random.ts";
import { LogStore } from "../../../../src/log/log-store.ts";
import { type MqttDoor, startMqttDoor } from "../../../../src/mqtt/listener.ts";
import { RETAINED_TOPIC, RetainedTopic } from "../../../../src/mqtt/retained/storage.ts";
import { DEFAULT_ROUTES } from "../../../../src/mqtt/routes.ts";
import type { SessionBugs } from "../../../../src/mqtt/sessions/durable/message-store.ts";
import { BrokerRecordSearch } from "../../../../src/mqtt/sessions/durable/record-search.ts";
import {
  PartitionStateLog,
  SESSIONS_TOPIC,
  type StateLog,
} from "../../../../src/mqtt/sessions/durable/state-log.ts";
import { type OpenBroker, recordsOf } from "../../../broker/support.ts";
import { type FakeConnection, FakeNetwork } from "../../support/fake-network.ts";
import { RefusingStateLog } from "../../support/refusing-state-log.ts";
import {
  type ClientWorld,
  type Publication,
  type Qos,
  SimulatedPublisher,
  SimulatedSubscriber,
} from "./simulated-clients.ts";

const LIVES = 5;
/** Segments so small that compaction has something to do. */
const CONFIGS = new Map([
  ["cleanup.policy", "compact"],
  ["durability", "disk"],
  ["internal.segment.bytes", "8192"],
  ["min.cleanable.dirty.ratio", "0.01"],
  ["delete.retention.ms", "100"],
]);
const TOPICS = ["devices/a/t", "devices/b/t"];
/** Records that may stand for the sessions when nothing is under way: each session, its subscription, its progress. */
const STANDING_RECORDS = 3 * 8 + 1;

/**
 * Clients that publish and subscribe, come and go, and a broker whose power fails at any moment, and whose log of
 * sessions may refuse what it is given for a while. What has to hold:
 *
 * - a session that was said to be kept is present, with its subscriptions;
 * - what was acknowledged at QoS 1 or 2 gets to every such session that was subscribed before;
 * - a topic's retained message is the last of those that were acknowledged, or of a later one;
 * - a publisher's messages of a topic are records in the order in which it published them, whatever their QoS;
 * - what was published once at QoS 2 is one record, and comes to an application once where it subscribed at QoS 2;
 * - what was acknowledged and comes is in the log; a copy that comes again says so, one for each time it was published;
 * - messages of a topic come in their order;
 * - in the end nothing waits, and the log holds little more than the sessions.
 */
export class SessionSimulation implements ClientWorld {
  readonly #random: SeededRandom;
  readonly #bugs: SessionBugs;
  readonly #mayRefuse: boolean;
  /** Whether the log refuses some of its batches now. */
  #refuses = false;
  #clock = new ManualClock();
  #disk: SimulatedDisk;
  #broker: Broker | null = null;
  #door: MqttDoor | null = null;
  #network = new FakeNetwork();
  readonly #subscribers: SimulatedSubscriber[];
  readonly #publishers: SimulatedPublisher[];
  readonly #publications: Publication[] = [];
  readonly #publisherOf = new Map<number, string>();
  crashes = 0;
  /** Records that compaction took away. */
  compacted = 0;
  /** Batches that the log of sessions has refused. */
  refused = 0;

  constructor(seed: number, bugs: SessionBugs, mayRefuse = false) {
    this.#mayRefuse = mayRefuse;
    this.#random = new SeededRandom(seed);
    this.#bugs = bugs;
    this.#disk = new SimulatedDisk({ seed, syncs: (finish) => this.#syncLater(finish) });
    const subscriber = (id: string, filter: string, qos: Qos, clean: boolean) =>
      new SimulatedSubscriber(this, id, filter, qos, clean);
    this.#subscribers = [
      subscriber("one", "devices/#", 1, false),
      subscriber("two", "devices/#", 2, false),
      subscriber("half", "devices/a/+", 2, false),
      subscriber("clean", "devices/#", 2, true),
    ];
    this.#publishers = [new SimulatedPublisher(this, "p1", true), new SimulatedPublisher(this, "p2", false)];
  }

  get redeliveries(): number {
    return this.#subscribers.reduce((sum, subscriber) => sum + subscriber.redeliveries, 0);
  }

  get published(): number {
    return this.#publications.length;
  }

  async run(): Promise<void> {
    await this.#boot();
    for (let life = 0; life < LIVES; life++) {
      for (let step = 0; step < 60 + this.below(80); step++) await this.#step();
      if (life < LIVES - 1) await this.#crash();
    }
    await this.#finish();
  }

  below(limit: number): number {
    return Math.floor(this.#random.fraction() * limit);
  }

  dial(): FakeConnection | null {
    return this.#network.dial();
  }

  get refusals(): boolean {
    return this.#mayRefuse;
  }

  fail(what: string): never {
    throw new Error(what);
  }

  #syncLater(finish: () => void): void {
    this.#clock.after(1 + this.below(15), finish);
  }

  async #boot(): Promise<void> {
    const clock = new ManualClock(this.#clock.nowMs() + 1000);
    this.#clock = clock;
    const opening = LogStore.open({ disk: this.#disk, clock, folder: "/data", random: new SeededRandom(5) });
    let store: LogStore | null = null;
    void opening.then((opened) => {
      store = opened;
    });
    while (store === null) await this.#pass(5);
    const broker = new Broker({
      store,
      clock,
      random: new SeededRandom(this.below(2 ** 30)),
      logger: silentLogger,
      nodeId: 1,
      clusterId: "test",
      topicDefaults: new Map(),
      autoCreateTopics: true,
      defaultPartitions: 1,
      maxPartitions: 100,
    });
    this.#broker = broker;
    this.#network = new FakeNetwork();
    this.#door = startMqttDoor({
      network: this.#network,
      clock,
      random: new SeededRandom(1),
      ingest: broker.ingest,
      retained: new RetainedTopic(broker),
      stateLog: this.#stateLog(broker, clock),
      recordSearch: new BrokerRecordSearch(broker),
      sessionBugs: this.#bugs,
      host: "127.0.0.1",
      port: 0,
      routes: DEFAULT_ROUTES,
      limits: { maxInFlight: 5 },
      log: silentLogger,
    });
  }

  #stateLog(broker: Broker, clock: ManualClock): StateLog {
    const log = new PartitionStateLog(broker, clock, CONFIGS);
    if (!this.#mayRefuse) return log;
    return new RefusingStateLog(log, () => {
      const refuses = this.#refuses && this.below(3) > 0;
      if (refuses) this.refused++;
      return refuses;
    });
  }

  async #pass(durationMs: number): Promise<void> {
    await this.#clock.settleAll();
    this.#clock.advance(durationMs);
    await this.#clock.settleAll();
  }

  async #crash(): Promise<void> {
    this.crashes += 1;
    const mode = this.#random.pick(["nothing", "everything", "pages", "sectors", "process"] as const);
    const disk = this.#disk.crash(mode, this.below(2 ** 30));
    this.#disk.halt();
    // What had left the broker by then may have arrived.
    for (const client of this.#clients) {
      if (this.below(2) === 0) client.read();
      client.lost();
    }
    this.#disk = disk;
    await this.#boot();
  }

  get #clients() {
    return [...this.#subscribers, ...this.#publishers];
  }

  async #step(): Promise<void> {
    if (this.#mayRefuse && this.below(this.#refuses ? 5 : 15) === 0) this.#refuses = !this.#refuses;
    const what = this.below(100);
    const client = this.#random.pick(this.#clients);
    if (what < 45) this.#publish();
    else if (what < 60) this.#random.pick(this.#subscribers).answer(1 + this.below(5));
    else if (what < 75) {
      if (!client.connected) client.connect();
    } else if (what < 79) client.disconnect(this.below(2) === 0);
    else if (what < 81) client.connect();
    else for (const subscriber of this.#subscribers) subscriber.answer();
    await this.#pass(this.below(12));
    if (this.below(60) === 0) await this.#maintain();
    for (const each of this.#clients) each.read();
    if (this.below(20) === 0) for (const topic of TOPICS) this.#checkRetained(topic);
  }

  /** Compacts the logs. */
  async #maintain(): Promise<void> {
    const store = this.#broker?.store;
    if (store === undefined) return;
    const before = store.status().compaction.removedRecords;
    // It comes in small portions.
    for (let portion = 0; portion < 6; portion++) {
      let done = false;
      void store.maintain(this.#clock.nowMs()).then(() => {
        done = true;
      });
      while (!done) await this.#pass(5);
    }
    this.compacted += store.status().compaction.removedRecords - before;
  }

  #publish(): void {
    const publisher = this.#random.pick(this.#publishers);
    if (!publisher.connected) publisher.connect();
    for (let count = 1 + this.below(4); count > 0 && publisher.canPublish; count--) {
      const topic = this.#random.pick(TOPICS);
      const qos = this.#random.pick([0, 1, 2, 2] as const);
      const forWhom = new Set(
        this.#subscribers.filter(
          ({ subscribed, clean, filter }) => subscribed && !clean && takes(filter, topic),
        ),
      );
      const payload = `${this.#publications.length}`;
      const publication = {
        topic,
        payload,
        qos,
        retain: this.below(3) === 0,
        forWhom,
        attempts: 0,
        sentAgain: false,
        acknowledged: false,
      };
      this.#publisherOf.set(this.#publications.length, publisher.clientId);
      this.#publications.push(publication);
      publisher.publish(publication);
    }
  }

  /** Without crashes everything comes to an end; then the books are looked at. */
  async #finish(): Promise<void> {
    this.#refuses = false;
    for (let round = 0; round < 300; round++) {
      for (const client of this.#clients) if (!client.connected) client.connect();
      for (const subscriber of this.#subscribers) subscriber.answer();
      await this.#pass(100);
      for (const client of this.#clients) client.read();
    }
    this.#checkRecords();
    for (const topic of TOPICS) {
      this.#checkRecordOrder(topic);
      this.#checkRetained(topic);
    }
    for (const subscriber of this.#subscribers) this.#checkSubscriber(subscriber);
    this.#checkRest();
  }

  /** What the Kafka log has of each publication. */
  #checkRecords(): void {
    const counts = this.#recordCounts();
    for (const { payload, qos, attempts, acknowledged } of this.#publications) {
      const count = counts.get(payload) ?? 0;
      if (acknowledged && count === 0) this.fail(`${payload} was acknowledged and is no record`);
      if (qos === 2 && count > attempts) this.fail(`${payload} was published once and is ${count} records`);
    }
  }

  /** Records of a topic's publications in the order of their log, as their numbers. */
  #recordsOf(topic: string): number[] {
    return recordsOf(this.#open(), "telemetry").flatMap(({ headers, value }) => {
      const header = headers.find(({ key }) => key === "mqtt.topic")?.value ?? [];
      return textOf(header) === topic ? [Number(textOf(value ?? []))] : [];
    });
  }

  #checkRecordOrder(topic: string): void {
    const latest = new Map<string, number>();
    for (const number of this.#recordsOf(topic)) {
      const publication = this.#publications[number];
      const publisher = this.#publisherOf.get(number) ?? "";
      // What was sent again as a new message, or was refused and came again, has taken a later place.
      if (publication === undefined || publication.attempts > 1) continue;
      if (this.#mayRefuse && publication.sentAgain) continue;
      const before = latest.get(publisher) ?? -1;
      if (before > number) this.fail(`${number} of ${topic} is a record behind ${before}`);
      latest.set(publisher, number);
    }
  }

  #checkRetained(topic: string): void {
    const retained = recordsOf(this.#open(), RETAINED_TOPIC).findLast(
      ({ key }) => textOf(key ?? []) === topic,
    );
    const records = this.#recordsOf(topic);
    const acknowledged = records.filter((number) => {
      const publication = this.#publications[number];
      return publication?.retain === true && publication.acknowledged;
    });
    const number = retained === undefined ? -1 : Number(textOf(retained.value ?? []));
    const last = acknowledged.findLast((one, index) => acknowledged.indexOf(one) === index);
    if (last !== undefined && records.lastIndexOf(number) < records.indexOf(last)) {
      this.fail(`${number} is retained at ${topic}, though ${last} was acknowledged behind it`);
    }
  }

  #checkSubscriber(subscriber: SimulatedSubscriber): void {
    const { clientId, times, fresh, qos, got } = subscriber;
    const counts = this.#recordCounts();
    for (const publication of this.#publications) {
      const { payload, attempts, acknowledged, forWhom } = publication;
      const count = times.get(payload) ?? 0;
      if (acknowledged && count === 0 && forWhom.has(subscriber))
        this.fail(`${clientId} never got ${payload}`);
      if ((fresh.get(payload) ?? 0) > attempts) this.fail(`${clientId} got ${payload} again without DUP`);
      if (qos === 2 && publication.qos === 2 && count > attempts)
        this.fail(`${clientId} got ${payload} ${count} times`);
      // A power cut in the middle of a round may leave a session's copy of a message whose record is lost.
      if (count > 0 && acknowledged && !counts.has(payload))
        this.fail(`${clientId} got ${payload}, which is no record`);
    }
    for (const [topic, payloads] of got) this.#checkOrder(clientId, topic, payloads);
  }

  /** The first copies of each publisher's messages of one QoS come in the order in which they were published. */
  #checkOrder(clientId: string, topic: string, payloads: readonly string[]): void {
    const latest = new Map<string, number>();
    const seen = new Set<string>();
    for (const payload of payloads) {
      if (seen.has(payload)) continue;
      seen.add(payload);
      const number = Number(payload);
      const publication = this.#publications[number];
      // One that was sent again as a new message has taken a later place.
      if (publication === undefined || publication.attempts > 1) continue;
      // One that was refused may have been sent when others behind it were on their way.
      if (this.#mayRefuse && publication.sentAgain) continue;
      const lane = `${publication.qos}`;
      const before = latest.get(lane) ?? -1;
      const publisher = this.#publisherOf.get(number);
      const earlier = this.#publisherOf.get(before);
      if (before > number && publisher === earlier) {
        this.fail(`${clientId} got ${number} of ${topic} behind ${before}`);
      }
      latest.set(lane, number);
    }
  }

  #recordCounts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { value } of recordsOf(this.#open(), "telemetry")) {
      const payload = textOf(value ?? []);
      counts.set(payload, (counts.get(payload) ?? 0) + 1);
    }
    return counts;
  }

  #open(): OpenBroker {
    const broker = this.#broker;
    if (broker === null) return this.fail("there is no broker");
    return { broker, clock: this.#clock, disk: this.#disk, store: broker.store, warnings: [] };
  }

  #checkRest(): void {
    const stats = this.#door?.stats();
    if (stats?.storedMessages !== 0) this.fail(`${stats?.storedMessages} messages wait for nobody`);
    const standing = new Set<string>();
    for (const { key, value } of recordsOf(this.#open(), SESSIONS_TOPIC)) {
      const name = Buffer.from(key ?? []).toString("hex");
      if (value === null) standing.delete(name);
      else standing.add(name);
    }
    if (standing.size > STANDING_RECORDS) {
      this.fail(`${standing.size} records stand for sessions: ${[...standing].join(" ")}`);
    }
  }
}

function textOf(bytes: Uint8Array | readonly number[]): string {
  return Buffer.from(bytes).toString();
}

function takes(filter: string, topic: string): boolean {
  return filter === "devices/#" || topic.startsWith("devices/a/");
}
