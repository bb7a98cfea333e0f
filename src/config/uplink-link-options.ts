import { choice, count, duration, list, size } from "./option.ts";
import { readScheduleWindow, showScheduleWindow } from "./schedule-window.ts";

const KIB = 1024;
const MAX_BYTES = 1024 ** 5;
const MAX_WINDOWS = 64;
const MAX_TOPICS = 64;
const HOUR_MS = 3_600_000;

/** What an uplink may do with its link: settings of `[uplink.NAME]`. */
export const UPLINK_LINK_OPTIONS = {
  "compression.type": choice(["none", "lz4", "zstd"], {
    default: "zstd",
    doc: "How forwarded batches are compressed. zstd makes the fewest bytes.",
  }),
  "compression.level": count({
    default: 3,
    min: 1,
    max: 19,
    doc: "Level of zstd: more takes more of the CPU for fewer bytes. lz4 has no levels.",
  }),
  "rate.limit": size({
    default: 0,
    min: 0,
    max: 1024 * KIB * KIB * KIB,
    doc: "Bytes a second that the connections to the centre send and receive, all of them together, headers of requests included; 0 for no limit.",
  }),
  "schedule.windows": list("windows, days and times", readScheduleWindow, showScheduleWindow, {
    minItems: 0,
    maxItems: MAX_WINDOWS,
    default: [],
    doc: 'When records go up, for example `["mon-fri 01:00-05:00", "* 22:00-06:00"]`; always where there is none. A window that ends lets the transaction under way end.',
  }),
  "schedule.timezone": choice(["utc", "local"], {
    default: "utc",
    doc: "The time that windows, days and months go by; local is the gateway's own time zone.",
  }),
  "schedule.unknown.time": choice(["closed", "open"], {
    default: "closed",
    doc: "What windows are while the gateway does not know the time.",
  }),
  "budget.day": budget("a day"),
  "budget.month": budget("a month"),
  "budget.end": choice(["stop", "priority", "warn"], {
    default: "stop",
    doc: "What happens when a budget is used up. stop: nothing goes up until the next one begins. priority: only topics in priority.topics do. warn: all does, and the log and the status say so.",
  }),
  "priority.topics": list("topic names, * for any run of characters", readTopic, String, {
    minItems: 0,
    maxItems: MAX_TOPICS,
    default: [],
    doc: "Topics that go up before others, the most important first. headwater.gaps always goes before them.",
  }),
  "slow.start.ms": duration({
    default: 20_000,
    min: 0,
    max: HOUR_MS,
    doc: "How long the rate is raised for after an outage of 10 s or more, on average: each gateway takes a time of its own. 0 for full speed at once.",
  }),
} as const;

function budget(what: string) {
  return size({
    default: 0,
    min: 0,
    max: MAX_BYTES,
    doc: `Bytes that the connections to the centre may send and receive in ${what} of the calendar; 0 for no limit.`,
  });
}

function readTopic(raw: string) {
  return /^[\w.*-]{1,249}$/.test(raw)
    ? ({ ok: true, value: raw } as const)
    : ({
        ok: false,
        fault: "it is not a topic's name",
        remedy: "write letters, digits, '.', '_' and '-', and * for any run of them",
      } as const);
}
