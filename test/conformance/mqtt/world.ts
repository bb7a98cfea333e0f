import { silentLogger } from "../../../src/base/logger.ts";
import type { Ingest } from "../../../src/broker/ingest.ts";
import type { Clock } from "../../../src/io/clock.ts";
import type { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import type { Access } from "../../../src/mqtt/access.ts";
import type { Gate } from "../../../src/mqtt/gate.ts";
import { Followers } from "../../../src/mqtt/history/followers.ts";
import type { HistorySource } from "../../../src/mqtt/history/source.ts";
import { TopicFilter } from "../../../src/mqtt/history/topic-filter.ts";
import type { MqttLimits } from "../../../src/mqtt/limits.ts";
import { startMqttDoor } from "../../../src/mqtt/listener.ts";
import type { RetainedStorage } from "../../../src/mqtt/retained/storage.ts";
import { DEFAULT_ROUTES, type RouteConfig } from "../../../src/mqtt/routes.ts";
import type { RecordSearch } from "../../../src/mqtt/sessions/durable/record-search.ts";
import type { StateLog } from "../../../src/mqtt/sessions/durable/state-log.ts";
import { type FakeConnection, FakeNetwork } from "../../mqtt/support/fake-network.ts";

/** A door with all that it stands upon, in memory. Time stands still but for what moves `clock`. */
export interface World {
  readonly clock: ManualClock;
  /** A device that has sent nothing yet. */
  dial(isWeb: boolean): FakeConnection;
  /** Lets what is under way become durable, and the door deal with that, until nothing moves. */
  settle(): Promise<void>;
  /** From here on nothing becomes durable, until `release`. */
  hold(): void;
  release(): void;
  /** Lets only what goes to this Kafka topic become durable. False where the world can't. */
  settleTopic(topic: string): boolean;
  /** From here on the log refuses what goes to this topic. False where the world can't. */
  refuse(topic: string, error: number): boolean;
  /** The door is gone as in a power cut, with all that was not durable, and opens again upon the same logs. */
  restart(): Promise<void>;
  /** How many records of devices are in the logs. */
  readonly records: number;
}

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

export interface DoorParts {
  readonly clock: Clock;
  readonly ingest: Ingest;
  readonly retained: RetainedStorage;
  readonly stateLog: StateLog;
  readonly recordSearch: RecordSearch;
  readonly history: HistorySource;
}

/** Opens a door as a script's settings have it. Returns its network. */
export function openDoor(settings: Settings, parts: DoorParts): FakeNetwork {
  const { limits, routes, users, forbidden } = settings;
  const { clock, history, ...logs } = parts;
  const network = new FakeNetwork();
  const rights = {
    ...(users === null ? {} : { gate: gateOf(users, clock) }),
    ...(forbidden.length === 0 ? {} : { access: accessWithout(forbidden) }),
  };
  startMqttDoor({
    network,
    clock,
    ...logs,
    random: new SeededRandom(1),
    host: "127.0.0.1",
    port: 0,
    webSocket: { host: "127.0.0.1", port: 0 },
    routes: routes.length === 0 ? DEFAULT_ROUTES : routes,
    limits,
    followers: new Followers(history, clock),
    log: silentLogger,
    ...rights,
  });
  return network;
}

/** Dials a listener of the door. */
export function dial(network: FakeNetwork, isWeb: boolean): FakeConnection {
  const connection = network.dial(isWeb ? 1 : 0);
  if (connection === null) throw new Error("the connection was refused");
  return connection;
}

/** Whether what was made by a door may still happen. */
export interface Life {
  over: boolean;
}

/** A clock on which nothing of a life that is over happens. */
export function mortalClock(clock: Clock, life: Life): Clock {
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

/** How long it takes to look up a user. */
const LOOKUP_MS = 50;

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
    stands: ({ userName }) => userName === null || users[userName] !== undefined,
  };
}

function accessWithout(forbidden: readonly Forbidden[]): Access {
  const may = (what: Forbidden["what"], topic: string): boolean =>
    !forbidden.some((rule) => rule.what === what && new TopicFilter(rule.filter).matches(topic));
  return {
    mayPublish: (_who, { text }) => may("publish", text),
    maySubscribe: (_who, filter) => may("subscribe", filter),
    mayReceive: (_who, { text }) => may("receive", text),
  };
}
