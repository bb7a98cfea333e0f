import { silentLogger } from "../../../src/base/logger.ts";
import type { Ingest } from "../../../src/broker/ingest.ts";
import type { Clock } from "../../../src/io/clock.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { Access, Identity } from "../../../src/mqtt/access.ts";
import type { Gate } from "../../../src/mqtt/gate.ts";
import { Followers } from "../../../src/mqtt/history/followers.ts";
import { TopicFilter } from "../../../src/mqtt/history/topic-filter.ts";
import type { MqttLimits } from "../../../src/mqtt/limits.ts";
import { startMqttDoor } from "../../../src/mqtt/listener.ts";
import { DEFAULT_ROUTES, type RouteConfig } from "../../../src/mqtt/routes.ts";
import { FakeIngest } from "../../mqtt/support/fake-ingest.ts";
import { type FakeConnection, FakeNetwork } from "../../mqtt/support/fake-network.ts";
import { FakeRetained } from "../../mqtt/support/fake-retained.ts";
import { FakeStateLog } from "../../mqtt/support/fake-state-log.ts";

/** What a script says of its door, beside what happens there. */
export interface Settings {
  readonly limits: Partial<MqttLimits>;
  /** Those of a gateway that was not told otherwise, where there are none. */
  readonly routes: readonly RouteConfig[];
  /** Passwords by user name; null where everybody gets in. */
  readonly users: Readonly<Record<string, string>> | null;
  readonly forbidden: readonly Forbidden[];
}

/** What nobody may do with topics of a filter. */
export interface Forbidden {
  readonly what: "publish" | "subscribe" | "receive";
  readonly filter: string;
}

/** How long it takes to look up a user. */
const LOOKUP_MS = 50;

/** A door with all that it stands upon, in memory. It can go down without notice, and open again upon the same logs. */
export class World {
  readonly clock = new ManualClock();
  readonly ingest = new FakeIngest();
  readonly #retained = new FakeRetained();
  readonly #sessions = new FakeStateLog();
  readonly #settings: Settings;
  #network = new FakeNetwork();
  #life = { over: false };

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#open();
  }

  /** A device that has sent nothing yet. */
  dial(isWeb: boolean): FakeConnection {
    const connection = this.#network.dial(isWeb ? 1 : 0);
    if (connection === null) throw new Error("the connection was refused");
    return connection;
  }

  /** Ends a commit round of the whole log, or of one Kafka topic, and the turn. */
  settle(topic?: string): void {
    // What the turn has gathered comes before the round.
    this.clock.settle();
    if (topic === undefined) this.#retained.settle();
    if (topic === undefined) this.#sessions.settle();
    this.ingest.settle(topic);
    this.clock.settle();
  }

  /** The door is gone as in a power cut: nothing that it was about to do is done. */
  restart(): void {
    this.#life.over = true;
    this.#sessions.cut();
    this.#life = { over: false };
    this.#network = new FakeNetwork();
    this.#open();
  }

  #open(): void {
    const { limits, routes, users, forbidden } = this.#settings;
    const clock = mortalClock(this.clock, this.#life);
    const ingest = mortalIngest(this.ingest, this.#life);
    const rights = {
      ...(users === null ? {} : { gate: gateOf(users, clock) }),
      ...(forbidden.length === 0 ? {} : { access: accessWithout(forbidden) }),
    };
    startMqttDoor({
      network: this.#network,
      clock,
      random: new SeededRandom(1),
      ingest,
      retained: this.#retained,
      stateLog: this.#sessions,
      host: "127.0.0.1",
      port: 0,
      webSocket: { host: "127.0.0.1", port: 0 },
      routes: routes.length === 0 ? DEFAULT_ROUTES : routes,
      limits,
      followers: new Followers(NO_HISTORY, clock),
      log: silentLogger,
      ...rights,
    });
  }
}

/** Whether what was made by a door may still happen. */
interface Life {
  over: boolean;
}

function mortalClock(clock: Clock, life: Life): Clock {
  const ifAlive = (callback: () => void) => (): void => {
    if (!life.over) callback();
  };
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, callback) => clock.after(delayMs, ifAlive(callback)),
    soon: (callback) => clock.soon(ifAlive(callback)),
  };
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

const NO_HISTORY = { topic: () => null, topics: () => [], onAppended: () => () => {} };

/** Lets users in by their passwords, after a while. */
function gateOf(users: Readonly<Record<string, string>>, clock: Clock): Gate {
  return {
    version: 0,
    admit({ userName, password }, done) {
      const isRight =
        userName !== null && password !== null && users[userName] === Buffer.from(password).toString();
      const timer = clock.after(LOOKUP_MS, () => {
        if (isRight) done({ kind: "admitted", userName, proof: { kind: "anonymous" } });
        else done({ kind: "unknown", what: "user name or password is wrong" });
      });
      return () => timer.cancel();
    },
    holds: () => true,
    isUser: (name) => users[name] !== undefined,
  };
}

function accessWithout(forbidden: readonly Forbidden[]): Access {
  const may = (what: Forbidden["what"], topic: string): boolean =>
    !forbidden.some((rule) => rule.what === what && new TopicFilter(rule.filter).matches(topic));
  return {
    mayPublish: (_who: Identity, { text }) => may("publish", text),
    maySubscribe: (_who: Identity, filter) => may("subscribe", filter),
    mayReceive: (_who: Identity, { text }) => may("receive", text),
  };
}
