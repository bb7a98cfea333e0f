import { encodeDeviceKey } from "../../base/device-name.ts";
import type { Topic } from "../../broker/topics.ts";
import { deviceHistory, isOf } from "../../broker/views/device-history.ts";
import { RecordScan } from "../../broker/views/record-scan.ts";
import { type HistoryPlace, TopicWalk, type Walk } from "../../broker/views/topic-walk.ts";
import type { Turns } from "../../broker/views/turns.ts";
import type { Clock } from "../../io/clock.ts";
import type { RecordCursor } from "../../records/reader.ts";
import { COMMON_HEADERS, problem } from "../problem.ts";
import { FORMS, type Form, RecordLines } from "../record-lines.ts";
import { timeOf } from "../records.ts";
import type { Gateway } from "./gateway.ts";
import type { Call, Route } from "./route.ts";
import { objectWithMore, oneOf, text, whole } from "./schema.ts";
import { noTopic } from "./topics.ts";

const DEFAULT_RECORDS = 1_000;
const MAX_RECORDS = 10_000;
const MAX_KEY = 4_096;
/** An answer comes before clients, and what stands between, take the silence for an end. */
const MAX_MS = 5_000;
/** Answers that are being put together at a time. */
const MAX_ANSWERS = 8;
const PLACE = /^(\d{1,9}):(\d{1,16})$/;

export const RECORD_LINE = objectWithMore({
  partition: whole(),
  offset: whole(),
  timestamp: { type: "integer" },
});

/** Reading a topic by partition, offset, time or key. */
export const TOPIC_RECORD_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/topics/{topic}/records",
    id: "listRecords",
    summary:
      "A topic's committed records as lines of JSON, partition after partition, oldest first; `Link` has the next part",
    needs: "records",
    query: {
      partition: whole({ description: "This one alone." }),
      offset: {
        type: "integer",
        minimum: -MAX_RECORDS,
        maximum: Number.MAX_SAFE_INTEGER,
        description: "From this one on. Below 0: so many before the end.",
      },
      from: text({
        maxLength: 64,
        description: "Of this time or later: ISO 8601, or milliseconds since 1970.",
      }),
      to: text({ maxLength: 64, description: "Before this time." }),
      key: text({ maxLength: MAX_KEY, description: "Of this key alone, found by the index." }),
      limit: whole({ minimum: 1, maximum: MAX_RECORDS, description: `${DEFAULT_RECORDS} where left out.` }),
      values: oneOf(...FORMS),
      at: text({ maxLength: 32, description: "From the link of the part before." }),
    },
    answer: {
      status: 200,
      type: "application/x-ndjson",
      schema: RECORD_LINE,
      headers: { link: 'The next part, rel="next"; left out where there is none.' },
    },
    handle: (call) => answer(call),
  },
  {
    method: "GET",
    path: "/api/topics/{topic}/records/{partition}/{offset}",
    id: "getRecordValue",
    summary: "The value of one record, as its bytes",
    needs: "records",
    answer: {
      status: 200,
      type: "application/octet-stream",
      headers: {
        "x-record-timestamp": "Milliseconds since 1970.",
        "x-record-key": "Percent-encoded; left out where there is none.",
      },
    },
    handle: ({ path, parts }) => valueOfOne(path, parts),
  },
];

/** A record is where it stands: one look into the log finds it. */
function valueOfOne(path: Readonly<Record<string, string>>, { broker, tally }: Gateway): Response {
  const topic = broker.topics.get(path.topic ?? "");
  if (topic === null || topic.internal) return noTopic(path.topic ?? "");
  const [index, at] = [path.partition ?? "", path.offset ?? ""].map((text) =>
    /^\d{1,15}$/.test(text) ? Number(text) : -1,
  ) as [number, number];
  const partition = topic.partitions[index];
  if (partition === undefined) return bad("partition", path.partition, "GET /api/topics/TOPIC has them");
  const found: Response[] = [];
  const scan = new RecordScan(partition, at, (record) => {
    if (record.offset !== at) return false;
    found.push(bytesOf(record));
    tally.bytesOut += record.value()?.length ?? 0;
    return false;
  });
  if (at >= partition.log.logStartOffset) scan.step({ bytes: 1 });
  return found[0] ?? noRecord(`${index}:${path.offset ?? ""}`);
}

function bytesOf(record: RecordCursor): Response {
  const key = record.key();
  const value = record.value()?.slice() ?? null;
  return new Response(value, {
    headers: {
      ...COMMON_HEADERS,
      "content-type": "application/octet-stream",
      // Nobody's browser makes a page of what a device has sent.
      "content-disposition": "attachment",
      "x-record-timestamp": String(record.timestampMs),
      ...(key === null ? {} : { "x-record-key": encodeDeviceKey(key) }),
    },
  });
}

function noRecord(place: string): Response {
  const remedy = "GET /api/topics/TOPIC/records shows those there are";
  return problem(404, {
    message: "there is no such record",
    thing: "offset",
    value: place.slice(0, 40),
    remedy,
  });
}

interface Asked {
  readonly topic: Topic;
  readonly partition: number | null;
  readonly offset: number | null;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly key: Uint8Array | null;
  readonly place: HistoryPlace | null;
}

/** Of all doors of this process together: what is bounded is the machine's memory. */
let answering = 0;

async function answer({ path, query, url, request, parts }: Call<Gateway>): Promise<Response> {
  const topic = parts.broker.topics.get(path.topic ?? "");
  if (topic === null || topic.internal) return noTopic(path.topic ?? "");
  const asked = read(topic, query);
  if (asked instanceof Response) return asked;
  if (answering >= MAX_ANSWERS) {
    const error = { message: "too many answers are under way", thing: "answers", value: String(MAX_ANSWERS) };
    return problem(503, { ...error, remedy: "ask again" }, { "retry-after": "1" });
  }
  const { limit = DEFAULT_RECORDS, values = "auto" } = query;
  const lines = new RecordLines(String(values) as Form, Number(limit), parts.decoders, true);
  answering += 1;
  try {
    const { next, error } = await gather(asked, lines, parts, request.signal);
    if (error !== 0 && lines.count === 0) {
      const remedy = "see the gateway's log";
      return problem(500, { message: "the log can't be read", thing: "topic", value: topic.name, remedy });
    }
    parts.tally.bytesOut += lines.sizeBytes;
    const headers = { ...COMMON_HEADERS, "content-type": "application/x-ndjson" };
    return new Response(lines.text(), {
      headers: next === null ? headers : { ...headers, link: linkTo(url, next) },
    });
  } finally {
    answering -= 1;
  }
}

function read(topic: Topic, query: Call<Gateway>["query"]): Asked | Response {
  const { partition = null, offset = null, at, key } = query;
  const fromMs = timeOf(query.from === undefined ? null : String(query.from));
  const toMs = timeOf(query.to === undefined ? null : String(query.to));
  for (const [name, value] of [
    ["from", fromMs],
    ["to", toMs],
  ] as const) {
    if (Number.isNaN(value))
      return bad(name, query[name], "write an ISO 8601 time, or milliseconds since 1970");
  }
  if (partition !== null && topic.partitions[Number(partition)] === undefined) {
    return bad("partition", partition, `there are 0 to ${topic.partitions.length - 1}`);
  }
  if (Number(offset) > 0 && partition === null) return bad("offset", offset, "say of which partition");
  const place = at === undefined ? null : PLACE.exec(String(at));
  if (at !== undefined && place === null) return bad("at", at, "take it from the link of the part before");
  return {
    topic,
    partition: partition === null ? null : Number(partition),
    offset: offset === null ? null : Number(offset),
    ...{ fromMs, toMs },
    key: key === undefined ? null : new TextEncoder().encode(String(key)),
    place: place === null ? null : { partition: Number(place[1]), offset: Number(place[2]) },
  };
}

function gather(
  asked: Asked,
  lines: RecordLines,
  { broker, turns }: Gateway,
  signal: AbortSignal,
): Promise<{ readonly next: HistoryPlace | null; readonly error: number }> {
  const { promise, resolve } = Promise.withResolvers<{ next: HistoryPlace | null; error: number }>();
  const want = {
    take: (record: RecordCursor, partition: number) => lines.take(record, partition),
    maxMs: MAX_MS,
    done: (next: HistoryPlace | null, error: number) => resolve({ next, error }),
  };
  const { key, topic, fromMs, toMs, place } = asked;
  const byKey = key !== null && asked.partition === null && asked.offset === null;
  const work = byKey
    ? deviceHistory(turns, broker.clock, { topic, key, fromMs, toMs, place, ...want })
    : topicHistory(turns, broker.clock, { ...asked, ...want });
  // Who is gone is not read for.
  signal.addEventListener("abort", () => {
    work.stop();
    resolve({ next: null, error: 0 });
  });
  work.start();
  return promise;
}

interface TopicWant extends Asked, Pick<Walk, "maxMs" | "done"> {
  readonly take: (record: RecordCursor, partition: number) => boolean;
}

/** A walk through a topic's records. */
function topicHistory(turns: Turns, clock: Clock, want: TopicWant): TopicWalk {
  const { topic, partition: only, place, offset, fromMs, key, maxMs, done } = want;
  const begin = (index: number): RecordScan | null => {
    const partition = topic.partitions[index];
    if (partition === undefined || partition.deleted) return null;
    if (only !== null && only !== index) return null;
    const { log } = partition;
    let from: number = log.logStartOffset;
    if (offset !== null) from = offset < 0 ? log.highWatermark + offset : offset;
    if (fromMs !== null) from = Math.max(from, log.offsetForTimestamp(fromMs)?.offset ?? log.highWatermark);
    if (place?.partition === index) from = Math.max(from, place.offset);
    return new RecordScan(partition, from, (record) => {
      if (!isOf(record, want) || (key !== null && !isKey(record.key(), key))) return true;
      return want.take(record, index);
    });
  };
  return new TopicWalk(turns, clock, { firstPartition: place?.partition ?? only ?? 0, begin, maxMs, done });
}

function isKey(key: Uint8Array | null, wanted: Uint8Array): boolean {
  return key !== null && Buffer.compare(key, wanted) === 0;
}

function linkTo(url: URL, { partition, offset }: HistoryPlace): string {
  const next = new URL(url);
  next.searchParams.set("at", `${partition}:${offset}`);
  return `<${next.pathname}${next.search}>; rel="next"`;
}

function bad(thing: string, value: unknown, remedy: string): Response {
  return problem(400, { message: `${thing} can't be read`, thing, value: String(value), remedy });
}
