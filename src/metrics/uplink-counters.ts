import type { Registry } from "./registry.ts";

/**
 * What became of all records that an uplink had to carry, also before the process began and of topics that are gone:
 * stored = records + filtered + gapped + empty + lag. They are not there until what was counted before is known.
 */
export function uplinkCounters(registry: Registry, uplinks: readonly string[]) {
  const counters = (name: string, help: string) => registry.counters(name, help, "uplink", uplinks);
  return {
    uplinkStored: counters(
      "headwater_uplink_stored_records_total",
      "Offsets that the logs of its topics have given, also before this process: stored = records + filtered + gapped + empty + lag.",
    ),
    uplinkRecords: counters(
      "headwater_uplink_records_total",
      "Records that the centre has acknowledged, also before this process.",
    ),
    uplinkFiltered: counters(
      "headwater_uplink_filtered_records_total",
      "Records that routes left out, also before this process.",
    ),
    uplinkGapped: counters(
      "headwater_uplink_gapped_records_total",
      "Offsets that will never reach the centre, as the topic headwater.gaps tells; of topics that were deleted, too, and before this process.",
    ),
    uplinkEmpty: counters(
      "headwater_uplink_empty_offsets_total",
      "Offsets without a record for the centre: compacted, of aborted transactions, marks of the log; also before this process.",
    ),
  };
}
