import { boolean, count, duration, text } from "./option.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const MAX_TOPIC_LENGTH = 249;

/** How a gateway gets another version; see gateway/update.md. */
export const UPDATE_OPTIONS = {
  "update.keys": text("a path", (value) => (value === "" ? "it is empty" : null), {
    default: "/etc/headwater/update-keys.pem",
    doc: "File of public keys (ed25519, PEM, one behind the other): bundles that one of them has signed are taken. Where there is no such file, no update is.",
  }),
  "update.slots": text("a path, or nothing", () => null, {
    default: "",
    defaultText: "slots in the data folder",
    doc: "Folder of the two slots that updates go to, as the service's launcher is told it.",
  }),
  "update.gate.ms": duration({
    default: 5 * MINUTE_MS,
    min: SECOND_MS,
    max: 60 * MINUTE_MS,
    doc: "Time in which a new version has to prove itself: everything serves that did before, a record comes to the disk, and uplinks that moved move again. Else the one before comes back. The clock starts with each start of it.",
  }),
  "update.settle.ms": duration({
    default: 15 * SECOND_MS,
    min: 0,
    max: 60 * MINUTE_MS,
    doc: "How long a new version has to be well without a break to have proved itself. Shorter than update.gate.ms.",
  }),
  "update.tries": count({
    default: 3,
    min: 1,
    max: 100,
    doc: "Starts that a new version has to prove itself: power may be cut, or the machine restarted, in the middle of one.",
  }),
  "update.allow.http": boolean({
    default: false,
    doc: "Whether bundles are also fetched from http: addresses: what comes has to be signed anyway, but whoever is between can see it and keep it back.",
  }),
  "update.from.centre": boolean({
    default: false,
    doc: "Whether records in update.topic have this gateway take another version by itself. Bundles have to be signed all the same.",
  }),
  "update.topic": text("a topic's name", topicFault, {
    default: "headwater.desired-version",
    doc: "Topic here of the versions that the centre wants, for an uplink to mirror: under gateway.id, else under the name of a ring, else under *.",
  }),
  "update.ring": text("1 to 64 of letters, digits, '.', '_' and '-', or nothing", ringFault, {
    default: "",
    defaultText: "by the hash of gateway.id",
    doc: "Ring that this gateway is in: which part of a fleet gets a version sooner or later.",
  }),
  "update.report.topic": text("a topic's name", topicFault, {
    default: "headwater.update",
    doc: "Topic of what becomes of updates here: JSON records under gateway.id, for uplinks to carry. Made with the first one.",
  }),
} as const;

function ringFault(value: string): string | null {
  return /^[\w.-]{0,64}$/.test(value) ? null : "it is not 1 to 64 letters, digits, '.', '_' and '-'";
}

function topicFault(value: string): string | null {
  if (value === "" || value === "." || value === "..") return "no topic can have this name";
  if (value.length > MAX_TOPIC_LENGTH) return `it is longer than ${MAX_TOPIC_LENGTH} characters`;
  if (value.startsWith("__")) return "names that begin with __ are the broker's own";
  return /^[\w.-]+$/.test(value) ? null : "topics have only letters, digits, '.', '_' and '-'";
}
