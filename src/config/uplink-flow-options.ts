import { duration } from "./option.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** How an uplink proves that records flow. */
export const UPLINK_FLOW_OPTIONS = {
  "canary.interval.ms": duration({
    default: 5 * MINUTE_MS,
    min: 0,
    max: DAY_MS,
    doc: "How often a small record goes the way of all others, through the topic headwater.canary to the centre, and is read back there; 0 for never. One takes about 2 KB of the link, with its transaction.",
  }),
  "flow.alarm.ms": duration({
    default: 15 * MINUTE_MS,
    min: 0,
    max: 30 * DAY_MS,
    doc: "After what time without progress an uplink alarms that should get on: the connection, a topic with something to send, the canary, a mirror; 0 for never. A pause, a window or a budget that is used up is no alarm.",
  }),
} as const;
