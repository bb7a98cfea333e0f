import { formatAddress } from "./address.ts";
import { CLIENT_SECURITY_OPTIONS } from "./client-security-options.ts";
import { boolean, choice, duration, list, readPeer, type SectionValues, size, text } from "./option.ts";
import { UPLINK_FLOW_OPTIONS } from "./uplink-flow-options.ts";
import { UPLINK_LINK_OPTIONS } from "./uplink-link-options.ts";
import { UPLINK_MIRRORS } from "./uplink-mirror-options.ts";
import { readTopicPattern, templateFault, UPLINK_ROUTES } from "./uplink-route-options.ts";
import { UPLINK_TIMES_OPTIONS } from "./uplink-times-options.ts";

export const MAX_UPLINKS = 16;
const MAX_ITEMS = 256;
const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** Settings of one `[uplink.NAME]`: a central Apache Kafka that topics are carried to. */
export const UPLINK_OPTIONS = {
  bootstrap: list("host:port", readPeer, formatAddress, {
    minItems: 1,
    maxItems: MAX_ITEMS,
    doc: "Brokers of the centre to ask first; one that answers is enough.",
  }),
  ...CLIENT_SECURITY_OPTIONS,
  topics: list("topic names, * for any run of characters", readTopicPattern, String, {
    minItems: 0,
    maxItems: MAX_ITEMS,
    default: ["*"],
    defaultText: '["*"], or none where there are routes',
    doc: "Topics that are forwarded whole, each to the topic of its name, unless a route takes them. Internal ones, which begin with __, only where they are named in full.",
  }),
  route: UPLINK_ROUTES,
  mirror: UPLINK_MIRRORS,
  "gaps.topic": text("a topic's name, for example gaps.{gateway}", templateFault, {
    default: "headwater.gaps",
    doc: "Topic at the centre for headwater.gaps, which every uplink carries. Of two uplinks to one cluster one needs another name, or each gap is told of there twice; headwater replay reads headwater.gaps.",
  }),
  delivery: choice(["transactional", "idempotent"], {
    default: "transactional",
    doc: "transactional: exactly once, records and their positions in one transaction at the centre. idempotent: for centres without transactions; the last records may be there twice after a crash.",
  }),
  ...UPLINK_LINK_OPTIONS,
  ...UPLINK_TIMES_OPTIONS,
  ...UPLINK_FLOW_OPTIONS,
  "create.topics.enable": boolean({
    default: true,
    doc: "Whether a topic that the centre does not have is made there, as its route says, or else with the centre's defaults; otherwise it is waited for.",
  }),
  "recreated.topics": choice(["refill", "continue"], {
    default: "refill",
    doc: "What becomes of a topic that is deleted at the centre and made again there, by whomever. refill: all that the gateway still stores of it goes up again, within rate, windows and budgets, so that nothing acknowledged is missing at the centre; the new topic is empty, so nothing is there twice. continue: only what was not forwarded before goes up; that the centre lost the rest is written to headwater.gaps. The log and the status say what was done. headwater.gaps itself is always filled again.",
  }),
  "linger.ms": duration({
    default: 25,
    min: 0,
    max: MINUTE_MS,
    doc: "How long new records wait for others to share a transaction with.",
  }),
  "batch.size": size({
    default: 256 * KIB,
    min: KIB,
    max: 16 * MIB,
    doc: "Bytes of records, before compression, at which a batch for the centre is complete.",
  }),
  "buffer.memory": size({
    default: 4 * MIB,
    min: 256 * KIB,
    max: 1024 * MIB,
    doc: "Bytes of records that this uplink holds in memory until the centre has them.",
  }),
  "transaction.timeout.ms": duration({
    default: MINUTE_MS,
    min: SECOND_MS,
    max: 15 * MINUTE_MS,
    doc: "When the centre gives up a transaction that this gateway left open. At most the centre's transaction.max.timeout.ms.",
  }),
  "retry.backoff.ms": duration({
    default: 200,
    min: 1,
    max: MINUTE_MS,
    doc: "First wait after a failure; each further one doubles it, with jitter.",
  }),
  "retry.backoff.max.ms": duration({
    default: 30 * SECOND_MS,
    min: 1,
    max: 60 * MINUTE_MS,
    doc: "Longest wait between two attempts.",
  }),
} as const;

/** One uplink, by the names of its settings. */
export type UplinkSettings = SectionValues<typeof UPLINK_OPTIONS> & { readonly name: string };

/** Says what is wrong with an uplink's name, or null. It goes into transactional ids and metrics. */
export function uplinkNameFault(name: string): string | null {
  return /^[a-z0-9][a-z0-9_-]{0,31}$/.test(name) ? null : "it is not 1 to 32 of a-z, 0-9, '_' and '-'";
}
