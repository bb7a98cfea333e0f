import { silentLogger } from "../../../src/base/logger.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { LogStore } from "../../../src/log/log-store.ts";
import { brokerSource } from "../../../src/mqtt/history/broker-source.ts";
import { RetainedTopic } from "../../../src/mqtt/retained/storage.ts";
import { BrokerRecordSearch } from "../../../src/mqtt/sessions/durable/record-search.ts";
import { PartitionStateLog } from "../../../src/mqtt/sessions/durable/state-log.ts";
import type { FakeConnection, FakeNetwork } from "../../mqtt/support/fake-network.ts";
import { dial, type Life, mortalClock, openDoor, type Settings, type World } from "./world.ts";

/** Commit rounds that one change may need, one behind the other. */
const ROUNDS = 8;

/** What a life of the door is made of. */
interface Open {
  readonly broker: Broker;
  readonly network: FakeNetwork;
  readonly disk: SimulatedDisk;
  readonly life: Life;
}

/** A door on a whole broker and its logs, on a disk in memory. */
export class BrokerWorld implements World {
  readonly clock = new ManualClock();
  readonly #settings: Settings;
  #open: Open | null = null;
  #holds = false;
  /** Syncs that wait for the medium. */
  #syncs: (() => void)[] = [];

  static async start(settings: Settings): Promise<BrokerWorld> {
    const world = new BrokerWorld(settings);
    const syncs = (finish: () => void): void => void world.#syncs.push(finish);
    world.#open = await world.#start(new SimulatedDisk({ seed: 1, syncs }));
    return world;
  }

  private constructor(settings: Settings) {
    this.#settings = settings;
  }

  get records(): number {
    let count = 0;
    for (const topic of this.#now.broker.topics.all()) {
      if (topic.internal || topic.name.startsWith("headwater.")) continue;
      for (const { log } of topic.partitions) count += log.logEndOffset - log.logStartOffset;
    }
    return count;
  }

  dial(isWeb: boolean): FakeConnection {
    return dial(this.#now.network, isWeb);
  }

  async settle(): Promise<void> {
    await this.clock.settleAll();
    for (let round = 0; round < ROUNDS && !this.#holds; round++) {
      for (const finish of this.#syncs.splice(0)) finish();
      await this.clock.settleAll();
    }
  }

  hold(): void {
    this.#holds = true;
  }

  release(): void {
    this.#holds = false;
  }

  settleTopic(): boolean {
    return false;
  }

  refuse(): boolean {
    return false;
  }

  async restart(): Promise<void> {
    const { disk, life } = this.#now;
    life.over = true;
    const next = disk.crash("nothing");
    disk.halt();
    this.#syncs = [];
    this.#open = await this.#start(next);
  }

  get #now(): Open {
    if (this.#open === null) throw new Error("the world has not begun");
    return this.#open;
  }

  async #start(disk: SimulatedDisk): Promise<Open> {
    const life: Life = { over: false };
    const clock = mortalClock(this.clock, life);
    const opening = LogStore.open({ disk, clock, folder: "/data", random: new SeededRandom(2) });
    let store: LogStore | null = null;
    void opening.then((opened) => {
      store = opened;
    });
    while (store === null) {
      for (const finish of this.#syncs.splice(0)) finish();
      await this.clock.settleAll();
    }
    const broker = new Broker({
      store: await opening,
      clock,
      random: new SeededRandom(1000 + disk.counts.createFile),
      logger: silentLogger,
      nodeId: 1,
      clusterId: "c",
      topicDefaults: new Map(),
      autoCreateTopics: true,
      defaultPartitions: 1,
      maxPartitions: 100,
    });
    const network = openDoor(this.#settings, {
      clock,
      ingest: broker.ingest,
      retained: new RetainedTopic(broker),
      stateLog: new PartitionStateLog(broker, clock),
      recordSearch: new BrokerRecordSearch(broker),
      history: brokerSource(broker),
    });
    return { broker, network, disk, life };
  }
}
