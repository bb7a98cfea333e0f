import type { Ingest } from "../../../src/broker/ingest.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import type { RecordSearch } from "../../../src/mqtt/sessions/durable/record-search.ts";
import { FakeIngest } from "../../mqtt/support/fake-ingest.ts";
import type { FakeConnection, FakeNetwork } from "../../mqtt/support/fake-network.ts";
import { FakeRetained } from "../../mqtt/support/fake-retained.ts";
import { FakeStateLog } from "../../mqtt/support/fake-state-log.ts";
import { dial, type Life, mortalClock, openDoor, type Settings, type World } from "./world.ts";

/** What becomes durable in one round may be waited for by what the next one makes durable. */
const ROUNDS = 4;

const NO_HISTORY = { topic: () => null, topics: () => [], onAppended: () => () => {} };

/** A door on logs that do what a script says. */
export class FakeWorld implements World {
  readonly clock = new ManualClock();
  readonly #ingest = new FakeIngest();
  readonly #retained = new FakeRetained();
  readonly #sessions = new FakeStateLog();
  readonly #settings: Settings;
  #life: Life = { over: false };
  #network: FakeNetwork;
  #holds = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#network = this.#open();
  }

  get records(): number {
    return this.#ingest.records.length;
  }

  dial(isWeb: boolean): FakeConnection {
    return dial(this.#network, isWeb);
  }

  async settle(): Promise<void> {
    await this.clock.settleAll();
    for (let round = 0; round < ROUNDS && !this.#holds; round++) {
      this.#retained.settle();
      this.#sessions.settle();
      this.#ingest.settle();
      await this.clock.settleAll();
    }
  }

  hold(): void {
    this.#holds = true;
  }

  release(): void {
    this.#holds = false;
  }

  settleTopic(topic: string): boolean {
    this.clock.settle();
    this.#ingest.settle(topic);
    return true;
  }

  refuse(topic: string, error: number): boolean {
    this.#ingest.refusals.set(topic, error);
    return true;
  }

  async restart(): Promise<void> {
    this.#life.over = true;
    this.#life = { over: false };
    this.#sessions.cut();
    this.#network = this.#open();
  }

  #open(): FakeNetwork {
    return openDoor(this.#settings, {
      clock: mortalClock(this.clock, this.#life),
      ingest: mortalIngest(this.#ingest, this.#life),
      retained: this.#retained,
      stateLog: this.#sessions,
      recordSearch: searchOf(this.#ingest),
      history: NO_HISTORY,
    });
  }
}

function mortalIngest(ingest: Ingest, life: Life): Ingest {
  return {
    append: (record) => ingest.append(record),
    appendTogether: (records, placement) => ingest.appendTogether(records, placement),
    flush: () => ingest.flush(),
    onSettled: (listener) =>
      ingest.onSettled(() => {
        if (!life.over) listener();
      }),
  };
}

/** Finds records by a header. The log has one partition a topic. */
function searchOf({ records }: FakeIngest): RecordSearch {
  return {
    ends: (topic) => [
      { topic, partition: 0, fromOffset: records.filter((record) => record.topic === topic).length },
    ],
    has: (topic, places, name, value) => {
      const from = places.find((place) => place.topic === topic)?.fromOffset ?? 0;
      const text = Buffer.from(value).toString();
      return records
        .filter((record) => record.topic === topic)
        .slice(from)
        .some(
          ({ batch, headers }) =>
            batch.state === "durable" && headers.some(([known, said]) => known === name && said === text),
        );
    },
  };
}
