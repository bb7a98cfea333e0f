import type { ScheduleWindow } from "../../config/schedule-window.ts";

/** What an uplink may do with its link. */
export interface LinkSettings {
  /** Bytes a second that the sockets to the centre send and receive together; 0 for no limit. */
  readonly rateBytesPerSecond: number;
  /** When rounds may begin; empty for always. */
  readonly windows: readonly ScheduleWindow[];
  /** Whether rounds may begin in windows while the time of day is not known. */
  readonly unknownTime: "closed" | "open";
  /** Bytes of a calendar day and of a calendar month, both directions; 0 for no limit. */
  readonly dayBudgetBytes: number;
  readonly monthBudgetBytes: number;
  readonly atBudgetEnd: BudgetEnd;
  /** Names or patterns with `*` of local topics, the most important first. */
  readonly priorityTopics: readonly string[];
  /** How long the rate is raised for after an outage; 0 for not at all. */
  readonly slowStartMs: number;
}

/** Nothing goes up any more, only topics with a priority do, or all goes on and it is told. */
export type BudgetEnd = "stop" | "priority" | "warn";

export const DEFAULT_LINK_SETTINGS: LinkSettings = {
  rateBytesPerSecond: 0,
  windows: [],
  unknownTime: "closed",
  dayBudgetBytes: 0,
  monthBudgetBytes: 0,
  atBudgetEnd: "stop",
  priorityTopics: [],
  slowStartMs: 20_000,
};

/** The time of day, as far as the gateway knows it. */
export interface WallClock {
  /** Milliseconds since 1970, or null while the time is not known. */
  nowMs(): number | null;
  /** What is added to UTC for the time that schedules and budgets go by, at that moment, in milliseconds. */
  offsetMs(atMs: number): number;
}

/** No time of day at all: for uplinks that have neither windows nor budgets. */
export const UNKNOWN_TIME: WallClock = { nowMs: () => null, offsetMs: () => 0 };
