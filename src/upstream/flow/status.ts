/** Times are in milliseconds from now. */
export interface CanaryStatus {
  /** How long the oldest one is on its way that has not come back; null for none. */
  readonly outForMs: number | null;
  /** When the last one was seen at the centre. */
  readonly seenAgoMs: number | null;
  /** From its append here until it was read at the centre. */
  readonly roundTripMs: number | null;
  /** Why it could not be looked for. */
  readonly fault: string | null;
}

/** Connected or not: what should flow does not. */
export interface FlowAlarm {
  /** Null for all of the uplink. */
  readonly topic: string | null;
  readonly forMs: number;
  readonly reason: string;
}

/** Not connected, though nothing says that it should not be. */
export interface Away {
  readonly forMs: number;
  /** When that is an alarm: 0 once it is, null for never. */
  readonly alarmInMs: number | null;
  readonly reason: string;
}

export interface FlowStatus {
  readonly alarms: readonly FlowAlarm[];
  /** Why nothing flows that is no alarm: paused, outside the windows, out of budget, waiting for the clock. Or null. */
  readonly paused: string | null;
  /** Null while it is connected, or need not be. */
  readonly away: Away | null;
  /**
   * Age of the newest record that is at the centre, by its timestamp; one that was ahead of the time counts as of when it went up.
   * Null before the first.
   */
  readonly freshnessMs: number | null;
  readonly lagBytes: number | null;
  readonly canary: CanaryStatus;
  readonly topics: readonly TopicLag[];
  readonly devices: DeviceLags;
}

export interface TopicLag {
  readonly topic: string;
  readonly lagRecords: number | null;
  /** As they are stored here; within a segment estimated by the share of its offsets. */
  readonly lagBytes: number | null;
  /** Age of the oldest that waits, by true times; null where it is not known. */
  readonly lagMs: number | null;
}

/** Whose records wait, by a sample: from where each partition goes on. */
export interface DeviceLags {
  /** Those with the most records in the sample. */
  readonly top: readonly DeviceLag[];
  readonly sampledRecords: number;
  /** Whether the sample is all that waits: then the counts are exact. */
  readonly isComplete: boolean;
}

export interface DeviceLag {
  /** The key, percent-encoded; null for records without one. */
  readonly device: string | null;
  readonly records: number;
  readonly bytes: number;
  /** Age of its oldest record that waits, by its timestamp. */
  readonly lagMs: number | null;
}
