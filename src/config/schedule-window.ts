import { bad, good, type Reading } from "./option.ts";

/**
 * A window of the week in which something may happen: on each of `days` from `startMinute` on, for `lengthMinutes`,
 * over midnight where that is longer than the day.
 */
export interface ScheduleWindow {
  /** Days on which it begins, by JavaScript's numbers: 0 is Sunday. */
  readonly days: readonly number[];
  /** After midnight, 0 to 1439. */
  readonly startMinute: number;
  /** 1 to 1440. */
  readonly lengthMinutes: number;
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const DAY_MINUTES = 24 * 60;
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const REMEDY =
  'write days and times, for example "mon-fri 01:00-05:00", "sat 00:00-24:00" or "* 22:00-06:00"';

/** Reads `DAYS FROM-TO`: `*`, a day or a range of days, and two times; an end that is not after the start is the next day's. */
export function readScheduleWindow(raw: string): Reading<ScheduleWindow> {
  const match = /^(\S+)\s+(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(raw.trim().toLowerCase());
  if (match === null) return bad("it is not days and times", REMEDY);
  const [, daysText = "", ...digits] = match;
  const days = daysOf(daysText);
  if (days === null) return bad(`${JSON.stringify(daysText)} is no day`, REMEDY);
  const [startHour = 0, startMinutes = 0, endHour = 0, endMinutes = 0] = digits.map(Number);
  const [start, end] = [startHour * 60 + startMinutes, endHour * 60 + endMinutes];
  if (startMinutes > 59 || endMinutes > 59 || start >= DAY_MINUTES || end > DAY_MINUTES) {
    return bad("it has a time that there is not", REMEDY);
  }
  if (start === end) return bad("it begins when it ends", `${REMEDY}; a whole day is 00:00-24:00`);
  return good({
    days,
    startMinute: start,
    lengthMinutes: end > start ? end - start : end + DAY_MINUTES - start,
  });
}

/** As `readScheduleWindow` reads it. */
export function showScheduleWindow({ days, startMinute, lengthMinutes }: ScheduleWindow): string {
  const end = startMinute + lengthMinutes;
  return `${showDays(days)} ${showTime(startMinute)}-${showTime(end > DAY_MINUTES ? end - DAY_MINUTES : end)}`;
}

function daysOf(text: string): readonly number[] | null {
  if (text === "*") return EVERY_DAY;
  const [first, last, ...more] = text.split("-").map((name) => DAYS.indexOf(name as (typeof DAYS)[number]));
  if (first === undefined || first < 0 || more.length > 0) return null;
  if (last === undefined) return [first];
  if (last < 0) return null;
  const count = ((last - first + DAYS.length) % DAYS.length) + 1;
  return Array.from({ length: count }, (_, index) => (first + index) % DAYS.length);
}

function showDays(days: readonly number[]): string {
  if (days.length === DAYS.length) return "*";
  const [first, last] = [days[0] ?? 0, days.at(-1) ?? 0];
  return days.length === 1 ? `${DAYS[first]}` : `${DAYS[first]}-${DAYS[last]}`;
}

function showTime(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
