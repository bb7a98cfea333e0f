import { formatAddress } from "./address.ts";
import { bad, boolean, choice, duration, good, list, type Option, type Reading, readPeer } from "./option.ts";

export const MAX_UPLINKS = 16;
const MAX_ITEMS = 256;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** Settings of one `[uplink.NAME]`: a central Apache Kafka that topics are carried to. */
export const UPLINK_OPTIONS = {
  bootstrap: list(
    "host:port",
    readPeer,
    formatAddress,
    { minItems: 1, maxItems: MAX_ITEMS },
    {
      doc: "Brokers of the centre to ask first; one that answers is enough.",
    },
  ),
  topics: list(
    "topic names, * for any run of characters",
    readPattern,
    String,
    { minItems: 1, maxItems: MAX_ITEMS },
    {
      default: ["*"],
      doc: "Topics that are forwarded. Internal topics never are.",
    },
  ),
  delivery: choice(["exactly-once", "idempotent"], {
    default: "exactly-once",
    doc: "exactly-once: records and their positions in one transaction at the centre. idempotent: for centres without transactions; the last records may be there twice after a crash.",
  }),
  "compression.type": choice(["none", "gzip", "snappy", "lz4", "zstd"], {
    default: "zstd",
    doc: "How forwarded batches are compressed.",
  }),
  "create.topics.enable": boolean({
    default: true,
    doc: "Whether a topic that the centre does not have is made there, with the centre's defaults.",
  }),
  "linger.ms": duration({
    default: 50,
    min: 0,
    max: MINUTE_MS,
    doc: "How long new records wait for others to share a transaction with.",
  }),
  "transaction.timeout.ms": duration({
    default: MINUTE_MS,
    min: SECOND_MS,
    max: 15 * MINUTE_MS,
    doc: "When the centre gives up a transaction that this gateway left open. At most the centre's transaction.max.timeout.ms.",
  }),
  "request.timeout.ms": duration({
    default: 30 * SECOND_MS,
    min: 100,
    max: 10 * MINUTE_MS,
    doc: "How long an answer of the centre is waited for.",
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

type ValueOf<O> = O extends Option<infer T> ? T : never;

/** One uplink, by the names of its settings. */
export type UplinkSettings = {
  readonly [Name in keyof typeof UPLINK_OPTIONS]: ValueOf<(typeof UPLINK_OPTIONS)[Name]>;
} & { readonly name: string };

/** Says what is wrong with an uplink's name, or null. It goes into transactional ids and metrics. */
export function uplinkNameFault(name: string): string | null {
  return /^[a-z0-9][a-z0-9_-]{0,31}$/.test(name) ? null : "it is not 1 to 32 of a-z, 0-9, '_' and '-'";
}

/** Whether an uplink's `topics` choose a topic. */
export function topicMatches(patterns: readonly string[], topic: string): boolean {
  return patterns.some((pattern) => patternMatches(pattern, topic));
}

/** Linear in the length of both: pieces between stars are found from the left, the last one at the end. */
function patternMatches(pattern: string, topic: string): boolean {
  const pieces = pattern.split("*");
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (pieces.length === 1) return topic === pattern;
  if (!topic.startsWith(first) || topic.length < first.length + last.length || !topic.endsWith(last))
    return false;
  let position = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = topic.indexOf(piece, position);
    if (found < 0) return false;
    position = found + piece.length;
  }
  return position <= topic.length - last.length;
}

function readPattern(raw: string): Reading<string> {
  return /^[\w.*-]{1,249}$/.test(raw)
    ? good(raw)
    : bad("it is not a topic's name", "write letters, digits, '.', '_' and '-', and * for any run of them");
}
