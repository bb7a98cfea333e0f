import { count, duration } from "./option.ts";

const INT_MAX = 0x7fffffff;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** Settings of groups of the classic protocol and of committed offsets: Kafka's names, defaults and bounds. */
export const GROUP_OPTIONS = {
  "group.initial.rebalance.delay.ms": duration({
    default: 3 * SECOND_MS,
    min: 0,
    max: INT_MAX,
    doc: "How long the first member of an empty group waits for others before partitions are shared out; each that comes extends it, up to the rebalance timeout.",
  }),
  "group.min.session.timeout.ms": duration({
    default: 6 * SECOND_MS,
    min: 0,
    max: INT_MAX,
    doc: "Shortest session timeout that a member of a classic group may ask for.",
  }),
  "group.max.session.timeout.ms": duration({
    default: 30 * MINUTE_MS,
    min: 0,
    max: INT_MAX,
    doc: "Longest session timeout that a member of a classic group may ask for.",
  }),
  "group.max.size": count({
    default: INT_MAX,
    min: 1,
    max: INT_MAX,
    doc: "Members of one classic group.",
  }),
  "group.max.groups": count({
    default: 20_000,
    min: 1,
    max: 10_000_000,
    doc: "Groups of all kinds together; who would begin another is refused.",
  }),
  "offset.metadata.max.bytes": count({
    default: 4096,
    min: 0,
    max: 32_767,
    doc: "Longest text that may stand beside a committed offset, in characters.",
  }),
  "offsets.retention.minutes": count({
    default: 10_080,
    min: 1,
    max: INT_MAX,
    doc: "Minutes after which committed offsets are forgotten, once their group has no member or does not subscribe to their topic.",
  }),
  "offsets.retention.check.interval.ms": duration({
    default: 10 * MINUTE_MS,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    doc: "How often committed offsets that are to be forgotten are looked for.",
  }),
  "offsets.topic.max.offsets": count({
    default: 500_000,
    min: 1,
    max: 100_000_000,
    doc: "Committed offsets of all groups together; a commit that would add more is refused.",
  }),
} as const;
