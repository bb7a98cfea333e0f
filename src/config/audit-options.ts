import { boolean, duration, size } from "./option.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIB = 1024 * 1024;

/** What is written down of who did what. */
export const AUDIT_OPTIONS = {
  "audit.enable": boolean({
    default: true,
    doc: "Whether it is written down who did what, from where, and with what result: logins, refusals and changes at all doors, in the topic __headwater_audit (headwater audit, GET /api/audit). Nobody but the gateway writes to it.",
  }),
  "audit.max.bytes": size({
    default: 16 * MIB,
    min: 4 * MIB,
    max: 4096 * MIB,
    doc: "What of it is kept at most. Half of it is for changes, so that whoever tries doors pushes none of them out.",
  }),
  "audit.retention.ms": duration({
    default: 90 * DAY_MS,
    min: HOUR_MS,
    max: 3650 * DAY_MS,
    doc: "How long of it is kept at most.",
  }),
} as const;
