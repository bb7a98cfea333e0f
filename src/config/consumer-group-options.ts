import { choice, count, duration } from "./option.ts";

const INT_MAX = 0x7fffffff;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** Settings of groups of the consumer protocol (KIP-848): Kafka's names, defaults and bounds. */
export const CONSUMER_GROUP_OPTIONS = {
  "group.consumer.session.timeout.ms": duration({
    default: 45 * SECOND_MS,
    min: 1,
    max: INT_MAX,
    doc: "How long a member of a consumer group may go without a heartbeat before it is taken out.",
  }),
  "group.consumer.min.session.timeout.ms": duration({
    default: 45 * SECOND_MS,
    min: 1,
    max: INT_MAX,
    doc: "Shortest session timeout that one group may be given.",
  }),
  "group.consumer.max.session.timeout.ms": duration({
    default: MINUTE_MS,
    min: 1,
    max: INT_MAX,
    doc: "Longest session timeout that one group may be given.",
  }),
  "group.consumer.heartbeat.interval.ms": duration({
    default: 5 * SECOND_MS,
    min: 1,
    max: INT_MAX,
    doc: "How often members of a consumer group are told to send heartbeats: they learn of changes in the answers.",
  }),
  "group.consumer.min.heartbeat.interval.ms": duration({
    default: 5 * SECOND_MS,
    min: 1,
    max: INT_MAX,
    doc: "Shortest heartbeat interval that one group may be given.",
  }),
  "group.consumer.max.heartbeat.interval.ms": duration({
    default: 15 * SECOND_MS,
    min: 1,
    max: INT_MAX,
    doc: "Longest heartbeat interval that one group may be given.",
  }),
  "group.consumer.assignment.interval.ms": duration({
    default: SECOND_MS,
    min: 0,
    max: INT_MAX,
    doc: "Least time between two assignments of a consumer group: members that come meanwhile share the next.",
  }),
  "group.consumer.min.assignment.interval.ms": duration({
    default: 0,
    min: 0,
    max: INT_MAX,
    doc: "Shortest assignment interval that one group may be given.",
  }),
  "group.consumer.max.assignment.interval.ms": duration({
    default: 15 * SECOND_MS,
    min: 0,
    max: INT_MAX,
    doc: "Longest assignment interval that one group may be given.",
  }),
  "group.consumer.max.size": count({
    default: INT_MAX,
    min: 1,
    max: INT_MAX,
    doc: "Members of one consumer group.",
  }),
  "group.consumer.migration.policy": choice(["disabled", "downgrade", "upgrade", "bidirectional"], {
    default: "bidirectional",
    doc: "Whether a classic group with members becomes a consumer group when a member of that protocol joins (upgrade), and a consumer group a classic one when the last such member has left (downgrade).",
  }),
  "group.consumer.regex.refresh.interval.ms": duration({
    default: 10 * MINUTE_MS,
    min: 10 * SECOND_MS,
    max: INT_MAX,
    doc: "How often the regular expressions of subscriptions are matched again where no topic has come or gone.",
  }),
} as const;
