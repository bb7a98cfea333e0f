import { count, duration, size } from "./option.ts";

const SECOND_MS = 1000;
const KIB = 1024;
const MIB = 1024 * KIB;

/** Settings of what MQTT clients get as soon as they subscribe: retained messages, and figures of the broker. */
export const MQTT_RETAINED_OPTIONS = {
  "mqtt.retained.max.messages": count({
    default: 200_000,
    min: 1,
    max: 10_000_000,
    doc: "MQTT topics that have a retained message. Beyond it a message is stored and delivered, but not retained. Each takes some 450 bytes of memory.",
  }),
  "mqtt.retained.max.bytes": size({
    default: 256 * MIB,
    min: 64 * KIB,
    max: 1024 * 1024 * MIB,
    doc: "Topics, payloads and properties of all retained MQTT messages together. They lie on the disk, in the compacted topic __mqtt_retained.",
  }),
  "mqtt.retained.cache.bytes": size({
    default: 4 * MIB,
    min: 0,
    max: 16 * 1024 * MIB,
    doc: "Retained MQTT messages that are held in memory; the others are read back from the disk when somebody subscribes.",
  }),
  "mqtt.sys.interval.ms": duration({
    default: 10 * SECOND_MS,
    min: 0,
    max: 60 * 60 * SECOND_MS,
    doc: "How often figures of the broker that have changed are sent to those who subscribe to $SYS/broker/#, under the names that mosquitto has for them. 0: there are none.",
  }),
} as const;
