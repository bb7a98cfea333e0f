/** What is done about times; see `clock.wait.ms` and `late.records` of an uplink. */
export interface TimesSettings {
  /** How long records wait for a clock that is not known, once the centre is there. */
  readonly clockWaitMs: number;
  /** What becomes of records that the centre would delete at once, or refuse. */
  readonly lateRecords: LateRecords;
}

export type LateRecords = "send" | "hold" | "arrival-time";

export const DEFAULT_TIMES_SETTINGS: TimesSettings = { clockWaitMs: 5 * 60_000, lateRecords: "send" };

export interface TimesStatus {
  readonly clock: {
    /** Whether records wait for the clock to be set. */
    readonly waiting: boolean;
    /** How long it has not been known by now, in milliseconds; null where it is. */
    readonly waitedMs: number | null;
    /** Records that were given their true times. */
    readonly repaired: number;
    /** Of those, whose true time is the latest that it can have been. */
    readonly estimated: number;
    /** Records that went up as stamped by a clock that nobody knew. */
    readonly unrepaired: number;
  };
  readonly late: { readonly policy: LateRecords; readonly topics: readonly LateTopicStatus[] };
}

export interface LateTopicStatus {
  readonly topic: string;
  /** Of the central topic; null for no bound, or not known. */
  readonly retentionMs: number | null;
  readonly retentionBytes: number | null;
  /** Whether the centre stamps records itself; null while not known. */
  readonly stampsItself: boolean | null;
  /** Why its settings could not be read. */
  readonly unreadable: string | null;
  /** Records found too old (or too new) since the start; 1 where they are held. */
  readonly lateRecords: number;
  readonly oldestMs: number | null;
  /** What the centre will do, and what is done about it. */
  readonly warning: string | null;
}
