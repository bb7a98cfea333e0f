import { describe, expect, test } from "bun:test";
import type { StorageReading } from "../../src/io/storage-device.ts";
import { SAMPLE_MS, WearForecast } from "../../src/metrics/wear-forecast.ts";

const GB = 1e9;
const DAY_MS = 86_400_000;
const YEAR_SEC = 365 * 86_400;
const CARD: StorageReading = {
  ...{ disk: "mmcblk0", kind: "sd", sizeBytes: 32 * GB, writtenBytes: 0 },
  ...{ lifeUsedShare: null, preEol: null },
};

const after = (reading: StorageReading, writtenBytes: number) => ({ ...reading, writtenBytes });

describe("the forecast", () => {
  test("is of a new card's whole life, assumed by its size", () => {
    const forecast = new WearForecast(null);
    forecast.sample(CARD, 0);
    const status = forecast.status(after(CARD, 2 * GB), DAY_MS);
    expect(status).toMatchObject({
      writtenBytesPerDay: 2 * GB,
      enduranceBytes: 9_600 * GB,
      basis: "assumed",
    });
    expect((status.forecastSec ?? 0) / 86_400).toBeCloseTo(4_800);
  });

  test("is of what is left where the device says so, and of what its maker says", () => {
    const forecast = new WearForecast(36_500 * GB);
    const emmc: StorageReading = { ...CARD, kind: "emmc", lifeUsedShare: 0.3, preEol: 1 };
    forecast.sample(emmc, 0);
    const status = forecast.status(after(emmc, 10 * GB), DAY_MS);
    expect(status).toMatchObject({ basis: "configured", lifeUsedShare: 0.3, preEol: 1 });
    expect((status.forecastSec ?? 0) / YEAR_SEC).toBeCloseTo(7);
    const over = { ...emmc, lifeUsedShare: 1.1 };
    expect(forecast.status(after(over, 10 * GB), DAY_MS).forecastSec).toBe(0);
  });

  test("is not known in the first minutes, without writes, and of what does not wear", () => {
    const forecast = new WearForecast(null);
    forecast.sample(CARD, 0);
    expect(forecast.status(after(CARD, GB), 9 * 60_000)).toMatchObject({
      ...{ writtenBytesPerDay: null, forecastSec: null, enduranceBytes: 9_600 * GB },
    });
    expect(forecast.status(CARD, DAY_MS)).toMatchObject({ writtenBytesPerDay: 0, forecastSec: null });
    const disk: StorageReading = { ...CARD, kind: "hard-disk" };
    expect(forecast.status(after(disk, GB), DAY_MS)).toMatchObject({
      ...{ enduranceBytes: null, basis: null, forecastSec: null },
    });
  });

  test("goes by the pace of the last week", () => {
    const forecast = new WearForecast(null);
    let written = 100 * GB;
    forecast.sample(after(CARD, 0), 0);
    const hours = 300;
    for (let hour = 1; hour <= hours; hour++) {
      written += GB;
      forecast.sample(after(CARD, written), hour * SAMPLE_MS);
    }
    expect(forecast.status(after(CARD, written), hours * SAMPLE_MS).writtenBytesPerDay).toBe(24 * GB);
  });

  test("begins anew with another device, or one that counts from 0 again", () => {
    const forecast = new WearForecast(null);
    forecast.sample(after(CARD, 50 * GB), 0);
    const other = { ...CARD, disk: "sda" };
    expect(forecast.status(after(other, 60 * GB), DAY_MS).writtenBytesPerDay).toBeNull();
    expect(forecast.status(after(CARD, GB), DAY_MS).writtenBytesPerDay).toBeNull();
    forecast.sample(after(CARD, GB), DAY_MS);
    expect(forecast.status(after(CARD, 2 * GB), 2 * DAY_MS).writtenBytesPerDay).toBe(GB);
  });
});
