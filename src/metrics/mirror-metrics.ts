import type { Registry } from "./registry.ts";

/** How far topics of centres are copied here, by the topic here. */
export function mirrorMetrics(registry: Registry, topics: readonly string[]) {
  const gauges = (name: string, help: string) => registry.gauges(name, help, "topic", topics);
  const counters = (name: string, help: string) => registry.counters(name, help, "topic", topics);
  return {
    mirrorState: registry.topGauges(
      "headwater_mirror_state",
      "What a mirror is doing, as the label state; always 1.",
      ["topic", "state"],
      topics.length,
    ),
    mirrorLagRecords: gauges(
      "headwater_mirror_lag_records",
      "Records of the central topic that were not looked at yet.",
    ),
    mirrorFreshness: gauges(
      "headwater_mirror_freshness_seconds",
      "Age of the newest record that was looked at, by its timestamp.",
    ),
    mirrorCompleteAge: gauges(
      "headwater_mirror_complete_age_seconds",
      "Time since all that the centre had was here.",
    ),
    mirrorTroubledPartitions: gauges(
      "headwater_mirror_troubled_partitions",
      "Central partitions that can't be read, while others can.",
    ),
    mirrorRecords: counters("headwater_mirror_records_total", "Records that were copied here."),
    mirrorFiltered: counters(
      "headwater_mirror_filtered_records_total",
      "Records that keys and headers leave out.",
    ),
    mirrorLost: counters(
      "headwater_mirror_lost_records_total",
      "Records that will not come: deleted at the centre before, or too large for the topic here.",
    ),
  };
}
