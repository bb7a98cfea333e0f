import type { Heard } from "./session.ts";

/** Places that brokers don't share. */
const OWN_FIELDS: ReadonlySet<string> = new Set(["host", "port", "errorMessage", "clusterId"]);
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
  if (value instanceof Uint8Array) return `bytes ${value.toHex()}`;
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string") return comparableText(value);
  if (Array.isArray(value)) {
    return value.map(comparable).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([name]) => !OWN_FIELDS.has(name));
  return Object.fromEntries(
    fields.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, comparable(field)]),
  );
}

function comparableText(text: string): string {
  if (MADE_UP.test(text)) return text;
  return TOPIC_ID.test(text) ? "<topic id>" : text.replace(MEMBER_ID, "<id>");
}
