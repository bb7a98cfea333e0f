/** Two clocks of one moment. */
export interface MachineReading {
  /**
   * Milliseconds since the kernel started, the time it was suspended included. Only ever grows, and nobody sets it;
   * the same for all processes between two starts of the machine.
   */
  readonly bootMs: number;
  /** What the wall clock shows: milliseconds since 1970 UTC, right or wrong. */
  readonly wallMs: number;
}

/** What the machine itself knows of time, beyond `Clock`: what a step of the wall clock is told by. */
export interface MachineTime {
  /** Names the run of the kernel: another after every start of the machine. */
  readonly bootId: string;
  /** Whether a clock with a battery goes on while the machine is off. */
  readonly hasBatteryClock: boolean;
  read(): MachineReading;
  /** Whether something (NTP, PTP, a receiver) keeps the wall clock right; null where the machine does not say. */
  isSynchronised(): boolean | null;
}
