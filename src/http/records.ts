import { parseIsoTimeMs } from "../base/iso-time.ts";
import type { Broker } from "../broker/broker.ts";
import type { Topic } from "../broker/topics.ts";
import { deviceHistory } from "../broker/views/device-history.ts";
import type { HistoryPlace } from "../broker/views/topic-walk.ts";
import { Turns } from "../broker/views/turns.ts";
import { type Decoders, FORMS, type Form, NO_DECODERS, RecordLines, textOf } from "./record-lines.ts";
import { HttpTally } from "./tally.ts";

/** What one answer has at most; a link says where it goes on. */
const MAX_RECORDS = 10_000;
const DEFAULT_RECORDS = 1000;
/** An answer comes before clients, and what stands between, take the silence for an end. */
const MAX_MS = 5_000;
/** Answers that are being put together at a time. */
const MAX_ANSWERS = 8;

const PATH = /^\/api\/topics\/([^/]+)\/devices\/([^/]+)\/records$/;
const PLACE = /^(\d{1,9}):(\d{1,16})$/;

const COMMON_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'",
} as const;

/** What is asked for. */
interface Asked {
  readonly topic: string;
  readonly key: Uint8Array;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly limit: number;
  readonly place: HistoryPlace | null;
  readonly form: Form;
}

interface Problem {
  readonly status: number;
  readonly message: string;
  readonly thing: string;
  readonly value: string | null;
  readonly remedy: string;
}

/**
 * Answers `GET /api/topics/TOPIC/devices/KEY/records`: one device's committed records, oldest first by partition, as lines
 * of JSON. `from` and `to` (not included) are ISO 8601 times or milliseconds since 1970; `limit` records at most; `values`
 * says how values are written. Where there is more, the header `Link` has the address of the next part.
 *
 * A line: {"partition", "offset", "timestamp", "value" (JSON or text) or "valueBase64", "headers": [{"key", "value" or
 * "valueBase64"}]}. Who has no value (a tombstone) has null.
 */
export class DeviceRecords {
  readonly #broker: Broker;
  readonly #decoders: Decoders;
  readonly #turns: Turns;
  readonly #tally: HttpTally;
  #answering = 0;

  constructor(broker: Broker, decoders: Decoders = NO_DECODERS, tally: HttpTally = new HttpTally()) {
    this.#tally = tally;
    this.#broker = broker;
    this.#decoders = decoders;
    this.#turns = new Turns(broker.clock);
  }

  /** Who may ask was seen to. */
  answer(request: Request, url: URL): Response | Promise<Response> {
    const asked = read(url);
    if ("status" in asked) return problem(asked);
    if (this.#answering >= MAX_ANSWERS) {
      const response = problem({
        status: 503,
        message: "too many answers are under way",
        thing: "answers",
        value: String(MAX_ANSWERS),
        remedy: "ask again",
      });
      response.headers.set("retry-after", "1");
      return response;
    }
    return this.#read(asked, url, request.signal);
  }

  async #read(asked: Asked, url: URL, signal: AbortSignal): Promise<Response> {
    const topic = this.#broker.topics.get(asked.topic);
    if (topic === null || topic.internal) {
      const remedy = "see the topics at /api/status";
      return problem({
        status: 404,
        message: "there is no such topic",
        thing: "topic",
        value: asked.topic,
        remedy,
      });
    }
    const lines = new RecordLines(asked.form, asked.limit, this.#decoders);
    const { next, error } = await this.#gather(asked, topic, lines, signal);
    if (error !== 0 && lines.count === 0) {
      const remedy = "see the gateway's log";
      return problem({
        status: 500,
        message: "the log can't be read",
        thing: "topic",
        value: asked.topic,
        remedy,
      });
    }
    this.#tally.bytesOut += lines.sizeBytes;
    const headers = { ...COMMON_HEADERS, "content-type": "application/x-ndjson" };
    return new Response(lines.text(), {
      headers: next === null ? headers : { ...headers, link: linkTo(url, next) },
    });
  }

  /** Counts as under way until it has ended, however it does. */
  async #gather(asked: Asked, topic: Topic, lines: RecordLines, signal: AbortSignal): Promise<Ended> {
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const history = deviceHistory(this.#turns, this.#broker.clock, {
      ...asked,
      topic,
      take: (record, partition) => lines.take(record, partition),
      maxMs: MAX_MS,
      done: (next, error) => resolve({ next, error }),
    });
    // Who is gone is not read for.
    signal.addEventListener("abort", () => {
      history.stop();
      resolve({ next: null, error: 0 });
    });
    this.#answering += 1;
    try {
      history.start();
      return await promise;
    } finally {
      this.#answering -= 1;
    }
  }
}

interface Ended {
  readonly next: HistoryPlace | null;
  readonly error: number;
}

function read(url: URL): Asked | Problem {
  const [, rawTopic = "", rawKey = ""] = PATH.exec(url.pathname) ?? [];
  const topic = textOf(percentDecoded(rawTopic) ?? new Uint8Array(0)) ?? "";
  const key = percentDecoded(rawKey);
  if (key === null) return bad("key", rawKey, "percent-encode the device's key");
  const known = new Set(["from", "to", "limit", "at", "values"]);
  for (const name of url.searchParams.keys()) {
    if (!known.has(name)) return bad("parameter", name, `there are ${[...known].join(", ")}`);
  }
  const parameter = (name: string) => url.searchParams.get(name);
  const times = ["from", "to"].map((name) => timeOf(parameter(name)));
  const [fromMs = null, toMs = null] = times;
  for (const [index, name] of ["from", "to"].entries()) {
    const value = times[index];
    if (value !== null && Number.isNaN(value)) {
      return bad(name, parameter(name), "write an ISO 8601 time, or milliseconds since 1970");
    }
  }
  const limitText = parameter("limit") ?? String(DEFAULT_RECORDS);
  const limit = /^\d{1,6}$/.test(limitText) ? Number(limitText) : 0;
  if (limit < 1 || limit > MAX_RECORDS) return bad("limit", limitText, `ask for 1 to ${MAX_RECORDS}`);
  const at = parameter("at");
  const place = at === null ? null : PLACE.exec(at);
  if (at !== null && place === null) return bad("at", at, "take it from the link of the part before");
  const form = FORMS.find((name) => name === (parameter("values") ?? "auto"));
  if (form === undefined) return bad("values", parameter("values"), `there are ${FORMS.join(", ")}`);
  return {
    topic,
    key,
    fromMs,
    toMs,
    limit,
    place: place === null ? null : { partition: Number(place[1]), offset: Number(place[2]) },
    form,
  };
}

/** Null where nothing was said, NaN for what is no time. */
export function timeOf(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return parseIsoTimeMs(text);
}

/** The bytes of a part of a path; null where it is not percent-encoded. */
export function percentDecoded(text: string): Uint8Array | null {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "%") {
      bytes.push(text.charCodeAt(at));
      continue;
    }
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return null;
    bytes.push(Number.parseInt(digits, 16));
    at += 2;
  }
  return Uint8Array.from(bytes);
}

function linkTo(url: URL, { partition, offset }: HistoryPlace): string {
  const next = new URL(url);
  next.searchParams.set("at", `${partition}:${offset}`);
  return `<${next.pathname}${next.search}>; rel="next"`;
}

function bad(thing: string, value: string | null, remedy: string): Problem {
  return { status: 400, message: `${thing} can't be read`, thing, value, remedy };
}

function problem({ status, ...error }: Problem): Response {
  return new Response(`${JSON.stringify({ error })}\n`, {
    status,
    headers: { ...COMMON_HEADERS, "content-type": "application/json" },
  });
}
