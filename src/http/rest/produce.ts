import { HeadwaterError } from "../../base/errors.ts";
import type { Topic } from "../../broker/topics.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import { encodeHeaders } from "../../records/builder.ts";
import { json, problem } from "../problem.ts";
import { appendRecords, largestBatch, type NewRecord, offsetsOf, placesOf } from "./append.ts";
import type { Gateway } from "./gateway.ts";
import { type Claim, MAX_KEYED_PARTITIONS } from "./idempotency.ts";
import type { Call, Route } from "./route.ts";
import { ANYTHING, list, object, orNull, type Schema, text, whole } from "./schema.ts";
import { noTopic } from "./topics.ts";

const MAX_BODY_BYTES = 1024 * 1024;
/** Of one request. */
const MAX_RECORDS = 1_000;
const MAX_HEADERS = 100;
const MAX_KEY_LENGTH = 4_096;
const MAX_IDEMPOTENCY_KEY = 255;
/** Requests whose records wait for the disk. */
const MAX_PRODUCING = 256;
/** 8.64e15: the last time that a date has. */
const MAX_TIME_MS = 8_640_000_000_000_000;

const FIELDS: Readonly<Record<string, Schema>> = {
  key: orNull(text({ maxLength: MAX_KEY_LENGTH })),
  keyBase64: text({ maxLength: MAX_KEY_LENGTH }),
  value: orNull(text({ description: "UTF-8. Null for a tombstone." })),
  valueJson: { ...ANYTHING, description: "Any JSON: its text is the value." },
  valueBase64: text(),
  headers: list(
    object({ key: text(), value: orNull(text()), valueBase64: text() }, ["value", "valueBase64"]),
    {
      maxItems: MAX_HEADERS,
    },
  ),
  timestamp: whole({
    maximum: MAX_TIME_MS,
    description: "Milliseconds since 1970; when it came, where left out.",
  }),
  partition: whole({ description: "By the key, where left out." }),
};
const OPTIONAL = Object.keys(FIELDS);

interface SentRecord {
  readonly key?: string | null;
  readonly keyBase64?: string;
  readonly value?: string | null;
  readonly valueJson?: unknown;
  readonly valueBase64?: string;
  readonly headers?: readonly {
    readonly key: string;
    readonly value?: string | null;
    readonly valueBase64?: string;
  }[];
  readonly timestamp?: number;
  readonly partition?: number;
}

/** Producing records, one or many. */
export const PRODUCE_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "POST",
    path: "/api/topics/{topic}/records",
    id: "produceRecords",
    summary:
      "Append a record, or `records`; answered once they are durable, with where each is. A record has key or keyBase64; value, valueJson or valueBase64. Bytes (application/octet-stream) are the value of one record",
    needs: "operator",
    audit: { action: "records.produce", on: ({ path }) => `topic ${path.topic}`, isRoutine: true },
    query: {
      key: text({ maxLength: MAX_KEY_LENGTH, description: "Of a record that is sent as bytes." }),
      timestamp: whole({ maximum: MAX_TIME_MS }),
      partition: whole(),
    },
    headers: {
      "idempotency-key":
        "Sent again with the same key and body, the records are not appended again, and the answer is the first one's; also after a crash. The newest 2,048 keys are remembered.",
    },
    body: {
      maxBytes: MAX_BODY_BYTES,
      bytes: true,
      schema: object(
        { ...FIELDS, records: list(object(FIELDS, OPTIONAL), { minItems: 1, maxItems: MAX_RECORDS }) },
        [...OPTIONAL, "records"],
      ),
    },
    answer: {
      status: 200,
      type: "application/json",
      schema: list(object({ partition: whole(), offset: whole() })),
    },
    handle: (call) => produce(call),
  },
];

/** Of all doors of this process together: what is bounded is the machine's memory. */
let producing = 0;

async function produce(call: Call<Gateway>): Promise<Response> {
  const { path, parts, request } = call;
  const key = request.headers.get("idempotency-key");
  if (key !== null && !/^[\x21-\x7e]{1,255}$/.test(key)) {
    return bad("idempotency-key", key.slice(0, MAX_IDEMPOTENCY_KEY), "write 1 to 255 printable characters");
  }
  const records = recordsOf(call);
  if (records instanceof Response) return records;
  if (producing >= MAX_PRODUCING) {
    const error = {
      message: "too many requests wait for the disk",
      thing: "requests",
      value: String(MAX_PRODUCING),
    };
    return problem(503, { ...error, remedy: "send it again" }, { "retry-after": "1" });
  }
  producing += 1;
  try {
    const topic = await topicOf(path.topic ?? "", parts);
    if (topic instanceof Response) return topic;
    return await (key === null ? appendOnce(topic, records, parts) : appendByKey(topic, records, key, call));
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return notTaken(path.topic ?? "", error.message);
  } finally {
    producing -= 1;
  }
}

function recordsOf({ body, query }: Call<Gateway>): readonly NewRecord[] | Response {
  if (body instanceof Uint8Array) {
    const { key, timestamp = null, partition = null } = query;
    const bytes = key === undefined ? null : utf8(String(key));
    return [
      {
        key: bytes,
        value: body,
        headers: null,
        timestampMs: numberOf(timestamp),
        partition: numberOf(partition),
      },
    ];
  }
  const { records: many, ...one } = body as SentRecord & { readonly records?: readonly SentRecord[] };
  if (many !== undefined && Object.keys(one).length > 0) {
    return bad("body.records", null, "write one record, or records, not both");
  }
  const found: NewRecord[] = [];
  for (const [index, sent] of (many ?? [one]).entries()) {
    const record = recordOf(sent, many === undefined ? "body" : `body.records[${index}]`);
    if (record instanceof Response) return record;
    found.push(record);
  }
  return found;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function recordOf(sent: SentRecord, name: string): NewRecord | Response {
  const { key = null, keyBase64, timestamp = null, partition = null } = sent;
  const values = [sent.value, sent.valueJson, sent.valueBase64].filter((value) => value !== undefined);
  if (values.length > 1) return bad(`${name}.value`, null, "write one of value, valueJson and valueBase64");
  if (values.length === 0) return bad(`${name}.value`, null, "it has to be there; null for a tombstone");
  if (key !== null && keyBase64 !== undefined)
    return bad(`${name}.key`, null, "write one of key and keyBase64");
  const keyBytes = keyBase64 === undefined ? (key === null ? null : utf8(key)) : bytesOf(keyBase64);
  const valueBytes = valueBytesOf(sent);
  const headers: { key: string; value: Uint8Array | null }[] = [];
  for (const header of sent.headers ?? []) {
    const value = header.valueBase64 === undefined ? textBytes(header.value) : bytesOf(header.valueBase64);
    if (value === "bad") return bad(`${name}.headers.valueBase64`, null, "write base64");
    headers.push({ key: header.key, value });
  }
  if (keyBytes === "bad") return bad(`${name}.keyBase64`, null, "write base64");
  if (valueBytes === "bad") return bad(`${name}.valueBase64`, null, "write base64");
  return {
    key: keyBytes,
    value: valueBytes,
    headers: headers.length === 0 ? null : encodeHeaders(headers),
    timestampMs: timestamp,
    partition,
  };
}

function valueBytesOf({ value, valueJson, valueBase64 }: SentRecord): Uint8Array | null | "bad" {
  if (valueBase64 !== undefined) return bytesOf(valueBase64);
  if (valueJson !== undefined) return utf8(JSON.stringify(valueJson));
  return textBytes(value);
}

async function topicOf(name: string, { broker }: Gateway): Promise<Topic | Response> {
  const found = broker.topics.get(name);
  if (found !== null) {
    if (!found.internal) return found;
    const message = "this topic is written by the gateway alone";
    return problem(403, { message, thing: "topic", value: name, remedy: "write to one of your own" });
  }
  return new Promise((resolve) => {
    const made = broker.topicOrCreate(name, (error) => {
      const topic = broker.topics.get(name);
      resolve(error === 0 && topic !== null ? topic : notTaken(name, "the topic could not be made"));
    });
    if ("error" in made) {
      const isMissing = made.error === ERROR.UNKNOWN_TOPIC_OR_PARTITION;
      resolve(isMissing ? noTopic(name) : bad("topic", name.slice(0, 249), made.message.slice(0, 300)));
    }
  });
}

async function appendOnce(
  topic: Topic,
  records: readonly NewRecord[],
  { broker, random, tally }: Gateway,
): Promise<Response> {
  const places = placesOf(records, topic.partitions.length, random.bytes(8));
  const refusal = unfit(topic, records, places);
  if (refusal !== null) return refusal;
  const bases = await appendRecords(broker, topic, records, places, null);
  if ("error" in bases) return failed(topic, bases);
  tally.appended(records);
  return json(200, offsetsOf(places, bases));
}

async function appendByKey(
  topic: Topic,
  records: readonly NewRecord[],
  key: string,
  { parts, visitor, body }: Call<Gateway>,
): Promise<Response> {
  const { idempotency } = parts;
  const scope = `${visitor.user ?? ""}\n${topic.id}\n${key}`;
  const sent = body instanceof Uint8Array ? body : utf8(JSON.stringify(body));
  const refusal = unfit(topic, records, placesOf(records, topic.partitions.length, utf8(key)), true);
  if (refusal !== null) return refusal;
  const claim = await idempotency.claim(digest(utf8(scope)), digest(sent), topic.partitions.length);
  if (claim === "other") {
    const message = "the key came with another body before";
    return problem(422, {
      message,
      thing: "idempotency-key",
      value: key,
      remedy: "take another key for other records",
    });
  }
  if (claim === "full") return notTaken(topic.name, "too many requests with keys are under way");
  try {
    return await appendClaimed(topic, records, key, claim, parts);
  } finally {
    idempotency.release(claim.slot);
  }
}

async function appendClaimed(
  topic: Topic,
  records: readonly NewRecord[],
  key: string,
  claim: Claim,
  { broker, idempotency, tally }: Gateway,
): Promise<Response> {
  const places = placesOf(records, claim.partitions, utf8(key));
  if (claim.done !== null) return json(200, offsetsOf(places, claim.done));
  const bases = await appendRecords(broker, topic, records, places, claim);
  if ("error" in bases) return failed(topic, bases);
  tally.appended(records);
  // The log knows them again until this is durable, too: nobody has to wait for it.
  void idempotency.finish(claim, bases).catch(() => {});
  return json(200, offsetsOf(places, bases));
}

/** Why these records can't be taken at all, or null. */
function unfit(
  topic: Topic,
  records: readonly NewRecord[],
  places: readonly number[],
  isKeyed = false,
): Response | null {
  if (places.includes(-1)) return bad("partition", null, `there are 0 to ${topic.partitions.length - 1}`);
  if (isKeyed && new Set(places).size > MAX_KEYED_PARTITIONS) {
    return bad(
      "records",
      null,
      `with an idempotency-key write to ${MAX_KEYED_PARTITIONS} partitions at most`,
    );
  }
  const { partition, sizeBytes } = largestBatch(records, places);
  const maxBytes = topic.partitions[partition]?.log.config.maxMessageBytes ?? 0;
  if (sizeBytes <= maxBytes) return null;
  const message = `a batch of ${sizeBytes} bytes is more than the topic takes`;
  const remedy = "send fewer records at a time, or raise max.message.bytes of the topic";
  return problem(413, { message, thing: "max.message.bytes", value: String(maxBytes), remedy });
}

function failed(
  topic: Topic,
  { error, message, partition }: { error: number; message: string; partition: number },
): Response {
  const isBad = error === ERROR.INVALID_RECORD || error === ERROR.INVALID_TIMESTAMP;
  if (isBad) return bad(`partition ${partition}`, null, message.slice(0, 300));
  return notTaken(topic.name, `partition ${partition}: ${message}`.slice(0, 300));
}

function notTaken(topic: string, why: string): Response {
  const remedy = "see /readyz, and send it again; with an idempotency-key nothing is appended twice";
  return problem(503, { message: `records were not taken: ${why}`, thing: "topic", value: topic, remedy });
}

function bad(thing: string, value: string | null, remedy: string): Response {
  return problem(400, { message: `${thing} is not as it must be`, thing, value, remedy });
}

function digest(bytes: Uint8Array): string {
  return Bun.SHA256.hash(bytes, "base64");
}

function utf8(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function textBytes(value: string | null | undefined): Uint8Array | null {
  return value === null || value === undefined ? null : utf8(value);
}

function bytesOf(base64: string): Uint8Array | "bad" {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return "bad";
  }
}
