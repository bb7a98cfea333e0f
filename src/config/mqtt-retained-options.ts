import { count, size } from "./option.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Settings of retained MQTT messages. */
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
} as const;
