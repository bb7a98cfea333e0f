import { count, duration } from "./option.ts";

const INT_MAX = 0x7fffffff;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** Settings of share groups: Kafka's names, defaults and bounds. A group may have its own for those named share.*. */
export const SHARE_OPTIONS = {
  "group.share.session.timeout.ms": duration({
    default: 45 * SECOND_MS,
    min: SECOND_MS,
    max: INT_MAX,
    doc: "How long a member of a share group may be silent before it is taken for gone, and its records go to others.",
  }),
  "group.share.heartbeat.interval.ms": duration({
    default: 5 * SECOND_MS,
    min: 1,
    max: INT_MAX,
    doc: "How often members of share groups are asked to send a heartbeat.",
  }),
  "group.share.assignment.interval.ms": duration({
    default: SECOND_MS,
    min: 0,
    max: INT_MAX,
    doc: "Shortest time between two assignments of a share group's partitions.",
  }),
  "group.share.max.size": count({
    default: 200,
    min: 1,
    max: 1000,
    doc: "Members of one share group.",
  }),
  "group.share.record.lock.duration.ms": duration({
    default: 30 * SECOND_MS,
    min: SECOND_MS,
    max: 60 * MINUTE_MS,
    doc: "How long a member of a share group may keep a record before it goes to another.",
  }),
  "group.share.delivery.count.limit": count({
    default: 5,
    min: 2,
    max: 25,
    doc: "Deliveries of a record to members of a share group after which it is given up.",
  }),
  "group.share.partition.max.record.locks": count({
    default: 2000,
    min: 100,
    max: 10_000,
    doc: "Records of one partition that a share group may have under way.",
  }),
  "group.share.max.share.sessions": count({
    default: 2000,
    min: 1,
    max: 1_000_000,
    doc: "Share sessions of all share groups together; who would begin another is refused.",
  }),
} as const;
