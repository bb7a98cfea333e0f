import type { ScheduleWindow } from "../../config/schedule-window.ts";
import type { WallClock } from "./settings.ts";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const DAYS = 7;

/** Whether a window is open, and when that changes. */
export interface WindowState {
  readonly open: boolean;
  /** Milliseconds until it changes, by the clock as it is now; null where it never does. */
  readonly changesInMs: number | null;
}

const ALWAYS: WindowState = { open: true, changesInMs: null };

/** What the windows say of a moment in the wall clock's own time. */
export function windowState(windows: readonly ScheduleWindow[], wall: WallClock, nowMs: number): WindowState {
  if (windows.length === 0) return ALWAYS;
  // From here on in minutes of local time since a Sunday's midnight.
  const local = nowMs + wall.offsetMs(nowMs);
  const day = new Date(local).getUTCDay();
  const minute = day * DAY_MINUTES + ((((local / MINUTE_MS) % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES);
  const open = isOpen(windows, minute);
  // Two windows may touch: the state changes at the first edge at which it is another one.
  let changesIn: number | null = null;
  for (const edge of edgesOf(windows)) {
    const inMinutes = (edge - minute + DAYS * DAY_MINUTES) % (DAYS * DAY_MINUTES);
    if (inMinutes === 0 || isOpen(windows, edge) === open) continue;
    changesIn = Math.min(changesIn ?? inMinutes, inMinutes);
  }
  return { open, changesInMs: changesIn === null ? null : changesIn * MINUTE_MS };
}

function isOpen(windows: readonly ScheduleWindow[], minute: number): boolean {
  const week = DAYS * DAY_MINUTES;
  return windows.some(({ days, startMinute, lengthMinutes }) =>
    days.some((day) => (minute - day * DAY_MINUTES - startMinute + 2 * week) % week < lengthMinutes),
  );
}

/** Where windows begin and end, in minutes of the week. */
function edgesOf(windows: readonly ScheduleWindow[]): readonly number[] {
  return windows.flatMap(({ days, startMinute, lengthMinutes }) =>
    days.flatMap((day) => {
      const start = day * DAY_MINUTES + startMinute;
      return [start, (start + lengthMinutes) % (DAYS * DAY_MINUTES)];
    }),
  );
}
