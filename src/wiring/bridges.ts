import { readFileSync } from "node:fs";
import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import type { GapNotes } from "../broker/gap-ledger.ts";
import type { KeyedState } from "../broker/keyed-state.ts";
import { type BridgeSettings as ConfiguredBridge, formatBridgeUrl } from "../config/bridge-options.ts";
import type { Settings } from "../config/options.ts";
import type { BridgeStatus } from "../http/status.ts";
import type { Clock } from "../io/clock.ts";
import type { Random } from "../io/random.ts";
import { Bridge, type BridgeReports } from "../mqtt/bridge/bridge.ts";
import { parseBridgeBugs } from "../mqtt/bridge/bugs.ts";
import type { LocalMessages } from "../mqtt/bridge/feed.ts";
import { localDoor } from "../mqtt/bridge/local-door.ts";
import { MqttRemote, type RemoteSecrets } from "../mqtt/bridge/mqtt-remote.ts";
import { type BridgeSettings, DEFAULT_BRIDGE_LIMITS } from "../mqtt/bridge/settings.ts";
import type { StateStore } from "../mqtt/bridge/state-keeper.ts";
import type { Door } from "../mqtt/door.ts";
import type { Followers } from "../mqtt/history/followers.ts";
import { placesOf } from "../mqtt/history/route-search.ts";

/** The internal topic that bridges keep their state in. */
const STATE_TOPIC = "__mqtt_bridges";
const SECOND_MS = 1000;

export interface BridgeParts {
  readonly settings: Settings;
  readonly broker: Broker;
  readonly door: Door;
  readonly followers: Followers;
  readonly gaps: GapNotes;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Deliberate bugs, for tests of the tests. */
  readonly bugs: string;
}

export interface Bridges {
  readonly status: () => readonly BridgeStatus[];
  /** Waits up to `graceMs` for what is under way. */
  stop(graceMs: number): Promise<void>;
}

interface Running {
  readonly configured: ConfiguredBridge;
  readonly bridge: Bridge;
}

/** Starts every bridge there is; a remote that is not there yet is waited for. */
export function startBridges(parts: BridgeParts): Bridges {
  const { settings, broker } = parts;
  let state: KeyedState | null = null;
  // Nobody needs the topic where nothing is bridged.
  const openState = (): KeyedState => {
    state ??= broker.openState(STATE_TOPIC);
    return state;
  };
  const running = settings.bridges.map((configured) => startBridge(configured, parts, openState));
  return {
    status: () => running.map((each) => describe(each, parts.clock.nowMs())),
    stop: async (graceMs) => {
      await Promise.all(running.map(({ bridge }) => bridge.stop(graceMs)));
    },
  };
}

function startBridge(configured: ConfiguredBridge, parts: BridgeParts, openState: () => KeyedState): Running {
  const { clock, random, door } = parts;
  const { name } = configured;
  const settings = settingsOf(configured, parts.settings["gateway.id"]);
  const logger = parts.logger.child({ bridge: name });
  const store: StateStore = {
    load: async () => openState().get(name),
    save: async (value) => openState().set(name, value),
  };
  const bridge = new Bridge({
    settings,
    clock,
    random,
    remote: new MqttRemote(settings, () => secretsOf(configured), clock),
    door: localDoor(door, parts.followers.source, settings.clientId),
    local: localMessages(configured, parts, logger),
    store,
    reports: reportsTo(name, logger, parts.gaps),
    bugs: parseBridgeBugs(parts.bugs),
  });
  bridge.start();
  return { configured, bridge };
}

function settingsOf(configured: ConfiguredBridge, gatewayId: string): BridgeSettings {
  const { name, url } = configured;
  const rules = (list: ConfiguredBridge["in"]) =>
    list.map(({ filter, qos, localPrefix, remotePrefix }) => ({
      pattern: filter,
      qos,
      localPrefix,
      remotePrefix,
    }));
  return {
    name,
    gatewayId,
    ...url,
    version: configured.version === 4 ? 4 : 5,
    clientId: configured["client.id"] || `headwater-${gatewayId}-${name}`,
    userName: configured["user.name"] || null,
    keepAliveSec: Math.floor(configured["keep.alive.ms"] / SECOND_MS),
    sessionExpirySec: Math.floor(configured["session.expiry.ms"] / SECOND_MS),
    tryPrivate: configured["try.private"],
    in: rules(configured.in),
    out: rules(configured.out),
    from: configured.from,
    limits: {
      ...DEFAULT_BRIDGE_LIMITS,
      maxInFlight: configured["max.in.flight"],
      maxPacketBytes: configured["max.packet.bytes"],
      connectTimeoutMs: configured["connect.timeout.ms"],
      ackTimeoutMs: configured["ack.timeout.ms"],
      backoffMs: configured["retry.backoff.ms"],
      maxBackoffMs: configured["retry.backoff.max.ms"],
    },
  };
}

/** Read for every connection, so that certificates and passwords may be replaced without a restart. */
function secretsOf(configured: ConfiguredBridge): RemoteSecrets {
  const read = (path: string): string | null => (path === "" ? null : readFileSync(path, "utf8"));
  return {
    password: read(configured["password.file"])?.replace(/\r?\n$/, "") ?? null,
    authorities: read(configured["tls.ca.file"]),
    certificate: read(configured["tls.certificate.file"]),
    key: read(configured["tls.key.file"]),
  };
}

/** What the routes say of the filters of `out`; found once. */
function localMessages(configured: ConfiguredBridge, parts: BridgeParts, logger: Logger): LocalMessages {
  const places = new Map(
    configured.out.map(({ localPrefix, filter }) => {
      const whole = localPrefix + filter;
      const found = placesOf(whole, parts.settings.mqttRoutes);
      if (found.nameless) {
        logger.warn("a route leaves MQTT topics out of its records, which can't be bridged", {
          filter: whole,
        });
      }
      return [whole, found.places] as const;
    }),
  );
  return {
    followers: parts.followers,
    leadsTo: (filter, topic) => places.get(filter)?.some(({ isTopic }) => isTopic(topic)) === true,
  };
}

function reportsTo(name: string, logger: Logger, gaps: GapNotes): BridgeReports {
  return {
    onState: (level, message, fields) => logger[level](message, fields),
    onTrouble: (message, fields) => logger.warn(message, fields),
    onGap(topic, partition, fromOffset, toOffset, reason) {
      const count = toOffset - fromOffset;
      const at = { topic, partition, firstOffset: fromOffset, lastOffset: toOffset - 1 };
      gaps.note({ reason: "bridge-out", device: `bridge/${name}`, ...at, count, bytes: 0 });
      logger.error("records will not reach the remote", { topic, partition, fromOffset, toOffset, reason });
    },
    onDropped(mqttTopic, bytes, reason) {
      gaps.note({ reason: "bridge-in", device: `bridge/${name}`, mqttTopic, count: 1, bytes });
      logger.warn("a message of the remote was dropped", {
        mqttTopic: mqttTopic.slice(0, MAX_LOGGED_TOPIC),
        reason,
      });
    },
  };
}

const MAX_LOGGED_TOPIC = 128;

function describe({ configured, bridge }: Running, nowMs: number): BridgeStatus {
  const status = bridge.status();
  const { connectedForMs } = status;
  return {
    name: status.name,
    state: status.state,
    url: formatBridgeUrl(configured.url),
    version: configured.version === 4 ? "3.1.1" : "5",
    connectedSinceMs: connectedForMs === null ? null : Math.round(nowMs - connectedForMs),
    retryInMs: status.retryInMs === null ? null : Math.round(status.retryInMs),
    lastError: status.lastError,
    failures: status.failures,
    in: status.in,
    out: status.out,
  };
}
