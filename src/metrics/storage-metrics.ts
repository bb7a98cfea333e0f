import type { Registry } from "./registry.ts";

/** The device that the data is on, and how long it lasts. All of it is left out where the kernel tells of none. */
export function storageMetrics(registry: Registry) {
  return {
    storageInfo: registry.topGauges(
      "headwater_storage_device_info",
      "The device that the data is on, its kind, and where its endurance is from; always 1.",
      ["disk", "kind", "endurance"],
      1,
    ),
    storageWritten: registry.topCounters(
      "node_disk_written_bytes_total",
      "Bytes written to the device that the data is on, by everybody, since the machine was started.",
      ["device"],
      1,
    ),
    storageLifeUsed: registry.gauge(
      "headwater_storage_life_used_ratio",
      "Share of its life that the device says is used, upper end of the tenth that it gives; 1 is the end. Only eMMC says so.",
    ),
    storagePreEol: registry.gauge(
      "headwater_storage_pre_eol",
      "What the device says of its spare blocks: 1 normal, 2 four fifths are used, 3 nearly all. Only eMMC says so.",
    ),
    storageEndurance: registry.gauge(
      "headwater_storage_endurance_bytes",
      "What can be written to the device in its life: disk.endurance.bytes, or where that is not set, as an assumption for flash, 300 times its size.",
    ),
    storageForecast: registry.gauge(
      "headwater_storage_wear_forecast_seconds",
      "How long the device lasts at the pace of up to a week: what is left of it where it says how much of its life is used, else a new device. An estimate, known ten minutes after a start.",
    ),
  };
}
