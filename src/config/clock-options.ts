import { choice, duration } from "./option.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** When the machine's clock is believed. */
export const CLOCK_OPTIONS = {
  "clock.trust": choice(["auto", "synchronised", "always"], {
    default: "auto",
    doc: "When the wall clock is believed. auto: unless it shows a time before the program was built or before the newest one that the data folder has seen, or goes on from where it was switched off on a machine whose clock has no battery. synchronised: once the kernel says that somebody keeps it right (NTP, PTP, a receiver). always: whatever it shows.",
  }),
  "clock.tolerance.ms": duration({
    default: HOUR_MS,
    min: 0,
    max: 365 * DAY_MS,
    doc: "How far the clock may be behind the newest time that the data folder has seen, and be believed.",
  }),
} as const;
