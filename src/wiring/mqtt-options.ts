import type { Address } from "../config/address.ts";
import type { DoorAddress } from "../config/option.ts";
import type { Settings } from "../config/options.ts";
import { DEFAULT_MQTT_LIMITS, type MqttLimits } from "../mqtt/limits.ts";
import type { MqttDoorOptions } from "../mqtt/listener.ts";

const SECOND_MS = 1000;

/** Where MQTT is served, as the door takes it; null for nowhere. */
export function mqttPlaces(settings: Settings): Pick<MqttDoorOptions, "host" | "port" | PlaceName> | null {
  const tcp = settings["mqtt.listen"];
  const others = {
    ...optional("webSocket", settings["mqtt.websocket.listen"]),
    ...optional("tls", settings["mqtt.tls.listen"]),
    ...optional("webSocketTls", settings["mqtt.websocket.tls.listen"]),
  };
  if (tcp === "off") return Object.keys(others).length === 0 ? null : { host: "", port: null, ...others };
  return { ...tcp, ...others };
}

type PlaceName = "webSocket" | "tls" | "webSocketTls";

function optional<Name extends PlaceName>(
  name: Name,
  address: DoorAddress,
): { readonly [N in Name]?: Address } {
  return address === "off" ? {} : ({ [name]: address } as { readonly [N in Name]: Address });
}

export function mqttLimits(settings: Settings): MqttLimits {
  const perUser = settings["mqtt.user.max.connections"];
  return {
    ...DEFAULT_MQTT_LIMITS,
    maxConnections: settings["mqtt.max.connections"],
    ...(perUser < 0 ? {} : { maxConnectionsOfUser: perUser }),
    clientIds: settings["security.client.id"],
    connectTimeoutMs: settings["mqtt.connect.timeout.ms"],
    maxPacketBytes: settings["mqtt.max.packet.bytes"],
    receiveMaximum: settings["mqtt.receive.maximum"],
    maxKeepAliveSec: Math.floor(settings["mqtt.max.keep.alive.ms"] / SECOND_MS),
    maxSubscriptions: settings["mqtt.max.subscriptions"],
    maxReplays: settings["mqtt.max.replays"],
    maxTotalReplays: settings["mqtt.max.total.replays"],
    maxInFlight: settings["mqtt.max.in.flight"],
    maxQueuedMessages: settings["mqtt.max.queued.messages"],
    maxQueuedBytes: settings["mqtt.max.queued.bytes"],
    maxSessionExpirySec: Math.floor(settings["mqtt.session.max.expiry.ms"] / SECOND_MS),
    maxDurableSessions: settings["mqtt.session.max.sessions"],
    maxDurableSessionsPerUser: settings["mqtt.session.max.per.user"],
    willGraceMs: settings["mqtt.will.grace.ms"],
    maxStoredMessages: settings["mqtt.session.max.messages"],
    maxStoredBytes: settings["mqtt.session.max.bytes"],
    queuePolicy: settings["mqtt.queue.policy"],
    maxOutgoingAliases: settings["mqtt.max.outgoing.topic.aliases"],
    responseInformation: settings["mqtt.response.information"],
    sysIntervalMs: settings["mqtt.sys.interval.ms"],
    maxLastValues: settings["mqtt.deadband.max.keys"],
    maxSparkplugBytes: settings["mqtt.sparkplug.max.bytes"],
    maxRetainedMessages: settings["mqtt.retained.max.messages"],
    maxRetainedBytes: settings["mqtt.retained.max.bytes"],
    maxRetainedCacheBytes: settings["mqtt.retained.cache.bytes"],
  };
}
