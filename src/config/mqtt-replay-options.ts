import { count } from "./option.ts";

/** Settings of MQTT subscriptions to what was published before. */
export const MQTT_REPLAY_OPTIONS = {
  "mqtt.max.replays": count({
    default: 8,
    min: 0,
    max: 1_024,
    doc: "Subscriptions to $replay/{from}/{filter} that one MQTT client may have at a time. 0: none.",
  }),
  "mqtt.max.total.replays": count({
    default: 256,
    min: 0,
    max: 65_536,
    doc: "The same for all MQTT clients together.",
  }),
} as const;
