import type { Settings } from "../config/options.ts";
import { DEFAULT_MQTT_LIMITS, type MqttLimits } from "../mqtt/limits.ts";

const SECOND_MS = 1000;

export function mqttLimits(settings: Settings): MqttLimits {
  return {
    ...DEFAULT_MQTT_LIMITS,
    maxConnections: settings["mqtt.max.connections"],
    connectTimeoutMs: settings["mqtt.connect.timeout.ms"],
    maxPacketBytes: settings["mqtt.max.packet.bytes"],
    receiveMaximum: settings["mqtt.receive.maximum"],
    maxKeepAliveSec: Math.floor(settings["mqtt.max.keep.alive.ms"] / SECOND_MS),
    maxSubscriptions: settings["mqtt.max.subscriptions"],
    maxInFlight: settings["mqtt.max.in.flight"],
    maxQueuedMessages: settings["mqtt.max.queued.messages"],
    maxQueuedBytes: settings["mqtt.max.queued.bytes"],
    queuePolicy: settings["mqtt.queue.policy"],
    sysIntervalMs: settings["mqtt.sys.interval.ms"],
    maxRetainedMessages: settings["mqtt.retained.max.messages"],
    maxRetainedBytes: settings["mqtt.retained.max.bytes"],
    maxRetainedCacheBytes: settings["mqtt.retained.cache.bytes"],
  };
}
