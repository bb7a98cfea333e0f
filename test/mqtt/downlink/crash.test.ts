import { expect, test } from "bun:test";
import type { MqttDownlinkSettings } from "../../../src/config/mqtt-downlink-options.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import type { CrashMode } from "../../../src/io/simulated/file-node.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { DownlinkBugs } from "../../../src/mqtt/downlink/partition-downlink.ts";
import { recordsOf } from "../../broker/support.ts";
import { BrokerRig, type Device } from "../support/broker-rig.ts";

/** More seeds, or others: HEADWATER_SEEDS=500 HEADWATER_FIRST_SEED=1000 bun test test/mqtt/downlink/crash.test.ts */
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 25);
const FIRST_SEED = Number(process.env.HEADWATER_FIRST_SEED ?? 1);
const SEEDS_FOR_A_BUG = 40;
const CRASHES = 5;
const STEPS = 25;
const PARTITIONS = 2;
const DEVICES = 4;
const MODES: readonly CrashMode[] = ["nothing", "everything", "pages", "sectors", "process"];

const COMMANDS: MqttDownlinkSettings = {
  name: "commands",
  topic: "commands",
  target: "devices/{key}/commands",
  qos: 2,
  retain: false,
  from: "earliest",
  reportsTopic: "reports",
  deadLetterTopic: "dlq.mqtt.downlink",
};

class Broken extends Error {}

/** A device that remembers what it has of QoS 2, as MQTT asks of clients; it outlives every broker. */
class Receiver {
  readonly key: string;
  readonly partition: number;
  readonly received: string[] = [];
  readonly #known = new Set<number>();
  #device: Device | null = null;
  isSubscribed = false;

  constructor(number: number) {
    this.key = `device-${number}`;
    this.partition = number % PARTITIONS;
  }

  get isConnected(): boolean {
    return this.#device !== null && !this.#device.connection.closed;
  }

  connect(rig: BrokerRig): void {
    this.#device = rig.dial(this.key, 5, { clean: false, properties: { sessionExpiryInterval: 100_000 } });
  }

  lose(): void {
    this.#device?.connection.break();
    this.#device = null;
  }

  /** The broker is gone, and nobody has said so. */
  forget(): void {
    this.#device = null;
  }

  listen(): void {
    const device = this.#device;
    if (device === null) return;
    for (const packet of device.take()) {
      const { messageId = 0 } = packet;
      if (packet.cmd === "connack") {
        if (this.isSubscribed && !packet.sessionPresent) throw new Broken(`${this.key} lost its session`);
        if (this.isSubscribed) continue;
        const subscriptions = [
          { topic: `devices/${this.key}/#`, qos: 2, nl: false, rap: false, rh: 0 },
        ] as const;
        device.send({ cmd: "subscribe", messageId: 1, subscriptions: [...subscriptions] });
      } else if (packet.cmd === "suback") {
        this.isSubscribed = true;
      } else if (packet.cmd === "publish") {
        if (!this.#known.has(messageId)) this.received.push(packet.payload.toString());
        this.#known.add(messageId);
        device.send({ cmd: "pubrec", messageId, reasonCode: 0 });
      } else if (packet.cmd === "pubrel") {
        this.#known.delete(messageId);
        device.send({ cmd: "pubcomp", messageId, reasonCode: 0 });
      }
    }
  }
}

/**
 * Commands are produced, devices come and go, and the power is cut at any moment: in the end each device has every
 * command that is in the log, once, in its order.
 */
class Simulation {
  readonly #random: SeededRandom;
  readonly #bugs: DownlinkBugs;
  readonly #receivers = Array.from({ length: DEVICES }, (_, number) => new Receiver(number));
  #syncs: (() => void)[] = [];
  #disk: SimulatedDisk;
  #rig: BrokerRig | null = null;
  #holdsSyncs = false;
  #produced = 0;
  /** Commands that a crash left behind on their way, over all crashes: else it would show nothing. */
  underWay = 0;
  delivered = 0;
  reported = 0;

  constructor(seed: number, bugs: DownlinkBugs) {
    this.#random = new SeededRandom(seed);
    this.#bugs = bugs;
    const syncs = (finish: () => void): void => {
      if (!this.#holdsSyncs || this.#random.chance(0.3)) queueMicrotask(finish);
      else this.#syncs.push(finish);
    };
    this.#disk = new SimulatedDisk({ seed, syncs });
  }

  async run(): Promise<void> {
    const rig = await this.#start();
    rig.createTopic("commands", PARTITIONS);
    for (const receiver of this.#receivers) receiver.connect(rig);
    await this.#quiet();
    for (const { isSubscribed } of this.#receivers) expect(isSubscribed).toBe(true);
    for (let crash = 0; crash < CRASHES; crash++) {
      this.#holdsSyncs = true;
      for (let step = 0; step < STEPS; step++) await this.#step();
      await this.#crash();
    }
    await this.#quiet();
    this.#check();
  }

  async #start(): Promise<BrokerRig> {
    this.#holdsSyncs = false;
    const door = { downlinks: { settings: [COMMANDS], bugs: this.#bugs } };
    this.#rig = await BrokerRig.start({ disk: this.#disk, door });
    return this.#rig;
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const rig = this.#rig as BrokerRig;
    const { clock } = rig.open;
    if (random.chance(0.6)) this.#produce(rig);
    for (const receiver of this.#receivers) {
      if (!receiver.isConnected) {
        if (random.chance(0.3)) receiver.connect(rig);
      } else if (random.chance(0.05)) receiver.lose();
      else if (random.chance(0.7)) receiver.listen();
    }
    if (random.chance(0.4)) clock.settle();
    if (random.chance(0.6)) for (const finish of this.#syncs.splice(0, 1 + random.below(3))) finish();
    if (random.chance(0.7)) await clock.settleAll();
    if (random.chance(0.5)) clock.advance(random.below(100));
  }

  #produce(rig: BrokerRig): void {
    const random = this.#random;
    const receiver = random.pick(this.#receivers);
    const records = Array.from({ length: 1 + random.below(3) }, () => ({
      key: receiver.key,
      value: `${this.#produced++} ${"x".repeat(random.below(400))}`,
    }));
    rig.produce("commands", records, {}, receiver.partition);
  }

  async #crash(): Promise<void> {
    for (const receiver of this.#receivers) {
      const position = this.#commandsFor(receiver).length - receiver.received.length;
      this.underWay += Math.max(0, position);
      receiver.forget();
    }
    const disk = this.#disk.crash(this.#random.pick(MODES));
    this.#disk.halt();
    this.#syncs = [];
    this.#disk = disk;
    await this.#start();
  }

  /** Everybody is connected, and all that is under way arrives. */
  async #quiet(): Promise<void> {
    const rig = this.#rig as BrokerRig;
    this.#holdsSyncs = false;
    for (const finish of this.#syncs.splice(0)) finish();
    for (const receiver of this.#receivers) if (!receiver.isConnected) receiver.connect(rig);
    for (let round = 0; round < 12; round++) {
      await rig.open.clock.settleAll();
      rig.open.clock.advance(100);
      for (const receiver of this.#receivers) receiver.listen();
    }
  }

  #commandsFor({ key, partition }: Receiver): string[] {
    return recordsOf((this.#rig as BrokerRig).open, "commands", partition)
      .filter((record) => Buffer.from(record.key ?? []).toString() === key)
      .map((record) => Buffer.from(record.value ?? []).toString());
  }

  #check(): void {
    for (const receiver of this.#receivers) {
      const wanted = this.#commandsFor(receiver).map((value) => value.split(" ")[0]);
      const got = receiver.received.map((value) => value.split(" ")[0]);
      if (got.join() !== wanted.join()) throw new Broken(`${receiver.key} has ${got}, not ${wanted}`);
      this.delivered += got.length;
    }
    const reports = new Set<string>();
    for (const { key, value } of recordsOf((this.#rig as BrokerRig).open, "reports")) {
      const { partition, offset, clientId, status } = JSON.parse(Buffer.from(value ?? []).toString());
      // All is delivered in the end, so that no report may say anything else.
      if (status !== "delivered" || clientId !== Buffer.from(key ?? []).toString()) {
        throw new Broken(`a report has ${clientId} ${status}`);
      }
      reports.add(`${partition} ${offset}`);
    }
    this.reported += reports.size;
  }
}

/** What a run found, and how much of it there was. */
async function outcomeOf(seed: number, bugs: DownlinkBugs) {
  const simulation = new Simulation(seed, bugs);
  let failure: string | null = null;
  try {
    await simulation.run();
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    failure = error.message;
  }
  const { underWay, delivered, reported } = simulation;
  return { failure, underWay, delivered, reported };
}

test("every command reaches its session once, in order, whenever the power is cut", async () => {
  let [underWay, delivered, reported] = [0, 0, 0];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const outcome = await outcomeOf(seed, {});
    expect({ seed, failure: outcome.failure }).toEqual({ seed, failure: null });
    underWay += outcome.underWay;
    delivered += outcome.delivered;
    reported += outcome.reported;
  }
  expect(underWay).toBeGreaterThan(SEEDS);
  // A cut in the moment of an acknowledgement may take its report, and not what the session knows of it.
  expect(reported).toBeLessThanOrEqual(delivered);
  expect(reported).toBeGreaterThan(delivered * 0.98);
}, 120_000);

for (const positionApart of ["before", "after"] as const) {
  test(`a position that is written apart, ${positionApart} the messages, is noticed`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS_FOR_A_BUG; seed++) {
      const { failure } = await outcomeOf(seed, { positionApart });
      if (failure === null) continue;
      expect(failure).toMatch(/has/);
      return;
    }
    throw new Error(`${SEEDS_FOR_A_BUG} seeds did not notice it`);
  }, 120_000);
}
