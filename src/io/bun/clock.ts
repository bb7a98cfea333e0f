import type { Clock, Timer } from "../clock.ts";

/** The machine's clock. */
export class SystemClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    return new SystemTimer(delayMs, callback);
  }

  soon(callback: () => void): void {
    // Sockets are polled before immediates run: whatever had arrived by now has been handled by then.
    setImmediate(callback);
  }
}

/** `setTimeout` fires at once above this: longer waits are slept in pieces. */
const LONGEST_TIMEOUT_MS = 0x7fff_ffff;

class SystemTimer implements Timer {
  #handle: ReturnType<typeof setTimeout> | null;

  constructor(delayMs: number, callback: () => void) {
    this.#handle = this.#sleep(delayMs, callback);
  }

  cancel(): void {
    if (this.#handle !== null) clearTimeout(this.#handle);
    this.#handle = null;
  }

  #sleep(delayMs: number, callback: () => void): ReturnType<typeof setTimeout> {
    if (delayMs > LONGEST_TIMEOUT_MS) {
      return setTimeout(() => {
        this.#handle = this.#sleep(delayMs - LONGEST_TIMEOUT_MS, callback);
      }, LONGEST_TIMEOUT_MS);
    }
    return setTimeout(
      () => {
        this.#handle = null;
        callback();
      },
      Math.max(0, delayMs),
    );
  }
}
