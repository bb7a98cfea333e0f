import { choice, duration } from "./option.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What an uplink does about times that were stamped by a clock which was not set, and about records that are old. */
export const UPLINK_TIMES_OPTIONS = {
  "clock.wait.ms": duration({
    default: 5 * MINUTE_MS,
    min: 0,
    max: 30 * DAY_MS,
    doc: "How long records whose time of arrival nobody knows yet wait for the clock to be set, once the centre is reached; then they go up as they were stamped. Others go up meanwhile.",
  }),
  "late.records": choice(["send", "hold", "arrival-time"], {
    default: "send",
    doc: "What becomes of records that are older than the central topic's retention.ms, and would be deleted there at once, or beyond its message.timestamp.before.max.ms or after.max.ms, and would be refused. send: they go up all the same; only what would be refused goes as with arrival-time. hold: they wait, and what is behind them in their partition, until the central topic is set otherwise; so do records whose time nobody can tell, where that topic deletes or refuses by age. arrival-time: they go up with the time of sending, and their own in the header headwater.time. A centre whose clock says otherwise than the gateway's loses nothing: what it refuses for its time goes up again with one that it takes, or without any.",
  }),
} as const;
