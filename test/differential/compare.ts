import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchIsControl,
  batchNextOffset,
  batchProducerEpoch,
  completeBatchSizeBytes,
} from "../../src/records/batch.ts";
import type { Heard } from "./session.ts";

/** Places that brokers don't share. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  "host",
  "port",
  "errorMessage",
  "acknowledgeErrorMessage",
  "batchIndexErrorMessage",
  "clusterId",
  "logDir",
  "totalBytes",
  "usableBytes",
  "partitionSize",
]);
/**
 * Settings whose default is another one here, or that Kafka has not: see topic-config.ts for the reasons. Kafka 4.3
 * sets min.insync.replicas for the whole cluster when it is formatted.
 */
const OWN_CONFIGS: ReadonlySet<unknown> = new Set([
  "durability",
  "message.timestamp.after.max.ms",
  "min.insync.replicas",
  "segment.bytes",
]);
/** Settings of our own. */
const OWN_PREFIX = "headwater.";
/** Topics of the broker's own are made when they are first needed, which is another moment here and there. */
const INTERNAL = "__";
/** Numbers that a broker makes up; those that say that there is none are below 0, or 0 for a session. */
const OWN_NUMBERS: ReadonlySet<string> = new Set(["producerId", "sessionId"]);
/** From here on a number is a time of the broker's clock: scripts use times below. */
const FIRST_TIME_MS = 1_600_000_000_000;
/** An id that a member was given: what the client brought, and a UUID in one of two spellings. */
const MEMBER_ID = /(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?<=-)[A-Za-z0-9_-]{22})$/;
const TOPIC_ID = /^[A-Za-z0-9_-]{22}$/;
/** Kafka's reserved ids, and those that scripts make up, begin so. */
const MADE_UP = /^AAAAAAAAAA/;

export interface Difference {
  readonly label: string;
  readonly kafka: string;
  readonly headwater: string;
}

/** Where the two have not said the same. Throws where they were not asked the same. */
export function differences(kafka: readonly Heard[], headwater: readonly Heard[]): readonly Difference[] {
  const labels = (heard: readonly Heard[]): string => heard.map(({ label }) => label).join("\n");
  if (labels(kafka) !== labels(headwater)) throw new Error("the conversations went different ways");
  return kafka
    .map(({ label, answer }, index) => ({
      label,
      kafka: JSON.stringify(comparable(answer)),
      headwater: JSON.stringify(comparable(headwater[index]?.answer)),
    }))
    .filter((pair) => pair.kafka !== pair.headwater);
}

/** An answer without what differs by nature. Lists are sets here: neither broker promises an order. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return comparableBytes(value);
  if (typeof value === "bigint" || typeof value === "number") {
    return value >= FIRST_TIME_MS && value < 2 * FIRST_TIME_MS ? "<time>" : Number(value);
  }
  if (typeof value === "string") return comparableText(value);
  if (Array.isArray(value)) {
    const shared = value.filter(
      (item) =>
        !OWN_CONFIGS.has(item?.name) &&
        !String(item?.name).startsWith(OWN_PREFIX) &&
        !String(item?.resourceName).startsWith(INTERNAL),
    );
    return shared.map(comparable).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([name]) => !OWN_FIELDS.has(name));
  return Object.fromEntries(
    fields
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [
        name,
        OWN_NUMBERS.has(name) && Number(field) >= (name === "sessionId" ? 1 : 0)
          ? "<own>"
          : comparable(field),
      ]),
  );
}

function comparableText(text: string): string {
  if (MADE_UP.test(text)) return text;
  return TOPIC_ID.test(text) ? "<topic id>" : text.replace(MEMBER_ID, "<id>");
}

const EMPTY_BATCH_BYTES = 61;
const MAGIC_AT = 16;

/** Record batches as what they are: markers have times of the broker's, and sums over these. */
function comparableBytes(bytes: Uint8Array): unknown {
  if (bytes.length < EMPTY_BATCH_BYTES || bytes[MAGIC_AT] !== 2) return `bytes ${bytes.toHex()}`;
  const batches: unknown[] = [];
  let position = 0;
  let size = completeBatchSizeBytes(bytes, position, bytes.length);
  while (size > 0) {
    batches.push({
      base: batchBaseOffset(bytes, position),
      next: batchNextOffset(bytes, position),
      attributes: batchAttributes(bytes, position),
      epoch: batchProducerEpoch(bytes, position),
      sequence: batchBaseSequence(bytes, position),
      records: batchIsControl(bytes, position)
        ? "marker"
        : bytes.subarray(position + EMPTY_BATCH_BYTES, position + size).toHex(),
    });
    position += size;
    size = completeBatchSizeBytes(bytes, position, bytes.length);
  }
  // Kafka cuts an answer to size within a batch: clients leave out what is not whole.
  return batches;
}
