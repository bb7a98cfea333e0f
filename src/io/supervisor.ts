/** Whoever started the process and watches over it, as systemd does. */
export interface Supervisor {
  /** Silence after which it takes the process for hung, in milliseconds; null where it does not mind silence. */
  readonly watchdogMs: number | null;
  /**
   * Tells it something, as assignments (`READY=1`, see sd_notify(3)), none of which has a line break. False where it
   * could not take it now: said again later, it may. Never waits.
   */
  notify(...assignments: readonly string[]): boolean;
}
