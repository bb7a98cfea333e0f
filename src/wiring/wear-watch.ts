import type { Clock, Timer } from "../io/clock.ts";
import type { StorageDevice } from "../io/storage-device.ts";
import { SAMPLE_MS, WearForecast, type WearStatus } from "../metrics/wear-forecast.ts";

/** Notes how fast the device that the data is on is written to, and tells how long it lasts. */
export class WearWatch {
  readonly #device: StorageDevice;
  readonly #clock: Clock;
  readonly #forecast: WearForecast;
  #timer: Timer | null = null;

  /** `enduranceBytes` as in the setting disk.endurance.bytes; -1: nobody knows. */
  constructor(device: StorageDevice, clock: Clock, enduranceBytes: number) {
    this.#device = device;
    this.#clock = clock;
    this.#forecast = new WearForecast(enduranceBytes < 0 ? null : enduranceBytes);
  }

  start(): void {
    const reading = this.#device.read();
    if (reading !== null) this.#forecast.sample(reading, this.#clock.monotonicMs());
    this.#timer = this.#clock.after(SAMPLE_MS, () => this.start());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Null where the kernel tells of no device, as for a folder in memory. */
  get status(): WearStatus | null {
    const reading = this.#device.read();
    return reading === null ? null : this.#forecast.status(reading, this.#clock.monotonicMs());
  }
}
