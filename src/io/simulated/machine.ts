import type { MachineReading, MachineTime } from "../machine-time.ts";

/**
 * A machine with a clock that may be wrong, and the true time beside it, which only the test knows. Time moves
 * when the test says so.
 */
export class SimulatedMachine implements MachineTime {
  hasBatteryClock: boolean;
  synchronised: boolean | null = false;
  /** So many millionths its clocks are too fast; both are of one oscillator. */
  strayPpm = 0;
  #boot = 1;
  #trueMs: number;
  #bootedAtMs: number;
  /** Wall clock less true time. */
  #offByMs: number;

  /** `wallMs`: what the wall clock shows at first. */
  constructor(trueMs: number, wallMs = trueMs, hasBatteryClock = true) {
    this.#trueMs = trueMs;
    this.#bootedAtMs = trueMs;
    this.#offByMs = wallMs - trueMs;
    this.hasBatteryClock = hasBatteryClock;
  }

  get bootId(): string {
    return `boot-${this.#boot}`;
  }

  get trueMs(): number {
    return this.#trueMs;
  }

  get wallMs(): number {
    return this.#trueMs + this.#offByMs;
  }

  read(): MachineReading {
    return { bootMs: this.#trueMs - this.#bootedAtMs, wallMs: this.wallMs };
  }

  isSynchronised(): boolean | null {
    return this.synchronised;
  }

  /** Running or suspended: both clocks go on. */
  pass(durationMs: number): void {
    this.#trueMs += durationMs;
    const strayMs = durationMs * this.strayPpm * 1e-6;
    this.#offByMs += strayMs;
    this.#bootedAtMs -= strayMs;
  }

  /** Somebody sets the wall clock, which says nothing about whether it is kept right from now on. */
  set(wallMs: number): void {
    this.#offByMs = wallMs - this.#trueMs;
    this.synchronised = false;
  }

  /** NTP reaches the machine: the clock is right from now on. */
  synchronise(): void {
    this.#offByMs = 0;
    this.synchronised = true;
  }

  /** Off for so long, and on again with `wallMs` on the clock, or where it would be by its battery. */
  restart(offMs: number, wallMs: number | null = null): void {
    this.#trueMs += offMs;
    this.#bootedAtMs = this.#trueMs;
    this.#boot += 1;
    if (wallMs !== null) this.#offByMs = wallMs - this.#trueMs;
    this.synchronised = false;
  }
}
