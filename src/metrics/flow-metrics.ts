import type { Registry } from "./registry.ts";

/** Whether what uplinks should carry does flow. */
export function flowMetrics(registry: Registry, uplinks: readonly string[]) {
  const gauges = (name: string, help: string) => registry.gauges(name, help, "uplink", uplinks);
  return {
    uplinkFlowAlarms: gauges(
      "headwater_uplink_flow_alarms",
      "How many of its topics, or the whole uplink, should get on and do not; 0 is well.",
    ),
    uplinkFreshness: gauges(
      "headwater_uplink_freshness_seconds",
      "Age of the newest record that is at the centre, by its timestamp.",
    ),
    uplinkLagBytes: gauges(
      "headwater_uplink_lag_bytes",
      "Bytes, as stored here, that the centre does not have yet.",
    ),
    uplinkCanaryAge: gauges(
      "headwater_uplink_canary_age_seconds",
      "Time since the last canary was read back at the centre.",
    ),
    uplinkCanaryRoundTrip: gauges(
      "headwater_uplink_canary_round_trip_seconds",
      "From the last canary's append here until it was read back at the centre.",
    ),
    uplinkLateTopics: gauges(
      "headwater_uplink_late_topics",
      "Topics with records that the centre would delete at once, or refuse, for their age.",
    ),
  };
}
