import { count, size } from "./option.ts";

const MIB = 1024 * 1024;

/** Settings of what the MQTT door remembers of payloads, whatever the route. */
export const MQTT_PAYLOAD_OPTIONS = {
  "mqtt.deadband.max.keys": count({
    default: 32_768,
    min: 1,
    max: 10_000_000,
    doc: "Records whose last values are known where routes have a deadband, by topic and key. One that is not known any more is stored when it comes again.",
  }),
  "mqtt.sparkplug.max.bytes": size({
    default: 16 * MIB,
    min: 64 * 1024,
    max: 1024 * MIB,
    doc: "Memory for the births of Sparkplug edge nodes, roughly. Beyond it the edge node that was silent for longest is forgotten, and then its aliases are unknown until it is born again.",
  }),
} as const;
