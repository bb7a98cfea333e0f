import { isOfOurPages } from "../caller.ts";
import { Feed, MAX_LIVE_PARTITIONS, readPlace } from "../live/feed.ts";
import { eventStream } from "../live/sse.ts";
import { problem } from "../problem.ts";
import { FORMS, type Form } from "../record-lines.ts";
import type { Gateway } from "./gateway.ts";
import { type Call, type Route, UPGRADED } from "./route.ts";
import { oneOf, text, whole } from "./schema.ts";
import { RECORD_LINE } from "./topic-records.ts";
import { noTopic } from "./topics.ts";

const MAX_LAST = 1_000;
const MAX_KEY = 4_096;
/** Streams at a time. */
const MAX_STREAMS = 64;

/** Following a topic. */
export const LIVE_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/topics/{topic}/live",
    id: "followTopic",
    summary:
      'Follow a topic\'s committed records: server-sent events, or a WebSocket whose messages are {"after", "record"}. Records that retention took first are an event `gap`',
    needs: "records",
    query: {
      key: text({ maxLength: MAX_KEY, description: "Records of this key alone." }),
      partition: whole({ description: "This one alone." }),
      last: whole({
        maximum: MAX_LAST,
        description: "Begin so many records before the end of each partition.",
      }),
      after: text({ description: "Go on behind this one: the id of an event, as Last-Event-ID." }),
      values: oneOf(...FORMS),
    },
    headers: { "last-event-id": "Go on behind this event." },
    answer: { status: 200, type: "text/event-stream", schema: RECORD_LINE },
    handle: (call) => follow(call),
  },
];

/** Of all doors of this process together. */
let streams = 0;

function follow(call: Call<Gateway>): Response {
  const { path, query, request, parts, arrival, visitor } = call;
  const topic = parts.broker.topics.get(path.topic ?? "");
  if (topic === null || topic.internal) return noTopic(path.topic ?? "");
  const { key, partition, last = 0, values = "auto" } = query;
  const given = query.after ?? request.headers.get("last-event-id");
  const after = given === null || given === "" ? new Map<number, number>() : readPlace(String(given));
  if (after === null) return bad("after", String(given), "take it from the id of an event");
  const count = topic.partitions.length;
  if (partition !== undefined && Number(partition) >= count) {
    return bad("partition", String(partition), `there are 0 to ${count - 1}`);
  }
  if (partition === undefined && count > MAX_LIVE_PARTITIONS) {
    return bad("partition", null, `the topic has more than ${MAX_LIVE_PARTITIONS}: say which to follow`);
  }
  const isSocket = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  // A browser asks nobody before it opens a socket to us for a page from elsewhere.
  if (isSocket && !isOfOurPages(request)) {
    const remedy = "no web page of somebody else's may";
    const value = request.headers.get("origin");
    return problem(403, {
      message: "it was sent by a web page from elsewhere",
      thing: "origin",
      value,
      remedy,
    });
  }
  if (streams >= MAX_STREAMS) {
    const error = { message: "too many streams are open", thing: "streams", value: String(MAX_STREAMS) };
    return problem(503, { ...error, remedy: "close others" }, { "retry-after": "5" });
  }
  streams += 1;
  const feed = new Feed({
    ...{ broker: parts.broker, turns: parts.turns, topic, after, last: Number(last) },
    partition: partition === undefined ? null : Number(partition),
    key: key === undefined ? null : new TextEncoder().encode(String(key)),
    form: String(values) as Form,
    decoders: parts.decoders,
    tally: parts.tally,
    holds: visitor.holds,
    onEnd: () => {
      streams -= 1;
    },
  });
  if (!isSocket) {
    request.signal.addEventListener("abort", () => feed.end());
    return eventStream(feed);
  }
  if (arrival.upgrade?.(feed) === true) return UPGRADED;
  feed.end();
  return bad(
    "upgrade",
    "websocket",
    "send the handshake of RFC 6455, or ask without it for server-sent events",
  );
}

function bad(thing: string, value: string | null, remedy: string): Response {
  return problem(400, {
    message: `${thing} can't be used`,
    thing,
    value: value?.slice(0, 200) ?? null,
    remedy,
  });
}
