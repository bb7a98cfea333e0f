import { count, duration, size } from "./option.ts";

const UNBOUNDED = 0xffff_ffff * 1000;
const SECOND_MS = 1000;
const DAY_MS = 86_400 * SECOND_MS;
const KIB = 1024;
const MIB = 1024 * KIB;

/** Settings of MQTT sessions that outlive their connections. */
export const MQTT_SESSION_OPTIONS = {
  "mqtt.session.max.expiry.ms": duration({
    default: 7 * DAY_MS,
    min: 0,
    max: UNBOUNDED,
    doc: "How long an MQTT session outlives its connection at most; MQTT 5 clients that ask for more are told so. Sessions of 3.1.1 with clean session 0, which can't ask for a time, are kept this long. In whole seconds; 0: sessions end with their connections.",
  }),
  "mqtt.session.max.sessions": count({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    doc: "MQTT sessions that outlive their connections, connected or not; who would begin another is refused.",
  }),
  "mqtt.session.max.per.user": count({
    default: 5_000,
    min: 1,
    max: 1_000_000,
    doc: "Of these, sessions of one user, so that none takes the places of all. Clients without a user name count together in mqtt.session.max.sessions only.",
  }),
  "mqtt.session.max.messages": count({
    default: 2_000_000,
    min: 1,
    max: 100_000_000,
    doc: "Messages that wait for all MQTT sessions that outlive their connections, each counted once. Each takes some 40 bytes of memory, and its place in the topic __mqtt_sessions. Beyond it new ones are dropped for these sessions.",
  }),
  "mqtt.session.max.bytes": size({
    default: 1024 * MIB,
    min: MIB,
    max: 1024 * 1024 * MIB,
    doc: "Bytes of these messages, on the disk. Beyond it new ones are dropped for these sessions.",
  }),
  "mqtt.will.grace.ms": duration({
    default: 10 * SECOND_MS,
    min: 0,
    max: DAY_MS,
    doc: "How long MQTT clients have to come back after a start of the broker before their wills are published, where a will's own delay is no longer.",
  }),
} as const;
