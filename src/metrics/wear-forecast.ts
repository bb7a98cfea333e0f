import type { StorageKind, StorageReading } from "../io/storage-device.ts";

/**
 * How often flash can be written over as a whole where nobody says: what makers of plain solid-state disks warrant, and
 * what a good card stands of what a log writes. It is an assumption.
 */
export const ASSUMED_FULL_WRITES = 300;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_SEC = 86_400;
/** Before this nobody can say what a day will be like. */
const MIN_WINDOW_MS = 10 * MINUTE_MS;
/** How often the pace is noted, and how many notes are kept: a week's. */
export const SAMPLE_MS = HOUR_MS;
const MAX_SAMPLES = 168;

const FLASH: ReadonlySet<StorageKind> = new Set(["emmc", "sd", "usb", "nvme", "ssd"]);

/** What is known, and what is guessed, of how long the device lasts. */
export interface WearStatus {
  /** As the kernel calls it: mmcblk0. */
  readonly disk: string;
  readonly kind: StorageKind;
  readonly diskBytes: number;
  /** By everybody, since the machine was started. */
  readonly writtenBytes: number;
  /** By the pace of up to a week; null in the first ten minutes. */
  readonly writtenBytesPerDay: number | null;
  /** What the device says of itself, upper end: 1 is the end. Null where it says nothing, as cards do. */
  readonly lifeUsedShare: number | null;
  /** What it says of its spare blocks: 1 normal, 2 warning, 3 urgent; null for nothing. */
  readonly preEol: number | null;
  /** What can be written in a new device's life; null where nothing wears, or nobody knows. */
  readonly enduranceBytes: number | null;
  /** Where that is from: the setting disk.endurance.bytes, or 300 times the device's size. */
  readonly basis: "configured" | "assumed" | null;
  /**
   * At this pace, of what is left by `lifeUsedShare`; where the device says nothing, of a new device's whole life.
   * Null while pace or endurance is not known, and where nothing is written.
   */
  readonly forecastSec: number | null;
}

interface Sample {
  readonly atMs: number;
  readonly writtenBytes: number;
}

/** Forecasts how long a storage device lasts, from what is written to it. */
export class WearForecast {
  /** Null: nobody has said. */
  readonly #enduranceBytes: number | null;
  #disk = "";
  #samples: Sample[] = [];

  constructor(enduranceBytes: number | null) {
    this.#enduranceBytes = enduranceBytes;
  }

  /** Notes the pace; called every SAMPLE_MS, by the monotonic clock. */
  sample(reading: StorageReading, nowMs: number): void {
    const { disk, writtenBytes } = reading;
    // Another device, or one that was taken out and put in again, counts from 0.
    const last = this.#samples.at(-1);
    if (disk !== this.#disk || (last !== undefined && writtenBytes < last.writtenBytes)) this.#samples = [];
    this.#disk = disk;
    this.#samples.push({ atMs: nowMs, writtenBytes });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  status(reading: StorageReading, nowMs: number): WearStatus {
    const { disk, kind, sizeBytes, writtenBytes, lifeUsedShare, preEol } = reading;
    const perSecond = this.#bytesPerSecond(reading, nowMs);
    const assumed = FLASH.has(kind) ? sizeBytes * ASSUMED_FULL_WRITES : null;
    const enduranceBytes = this.#enduranceBytes ?? assumed;
    const left = Math.max(0, 1 - (lifeUsedShare ?? 0));
    return {
      ...{ disk, kind, diskBytes: sizeBytes, writtenBytes, lifeUsedShare, preEol, enduranceBytes },
      writtenBytesPerDay: perSecond === null ? null : Math.round(perSecond * DAY_SEC),
      basis: basisOf(this.#enduranceBytes, assumed),
      forecastSec: enduranceBytes === null || !perSecond ? null : (enduranceBytes * left) / perSecond,
    };
  }

  #bytesPerSecond({ disk, writtenBytes }: StorageReading, nowMs: number): number | null {
    const [first] = this.#samples;
    if (first === undefined || disk !== this.#disk || writtenBytes < first.writtenBytes) return null;
    const windowMs = nowMs - first.atMs;
    return windowMs < MIN_WINDOW_MS ? null : (writtenBytes - first.writtenBytes) / (windowMs / 1000);
  }
}

function basisOf(configured: number | null, assumed: number | null): WearStatus["basis"] {
  if (configured !== null) return "configured";
  return assumed === null ? null : "assumed";
}
