import { encodeDeviceKey } from "../../base/device-name.ts";
import { HeadwaterError } from "../../base/errors.ts";
import type { Topic } from "../../broker/topics.ts";
import type { HistoryPlace } from "../../broker/views/topic-walk.ts";
import type { FoundLetter, RedriveOutcome } from "../../coordinators/dead-letters/redriver.ts";
import { json, problem } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Call, Route } from "./route.ts";
import { isDryRun } from "./route-notes.ts";
import { flag, list, object, oneOf, orNull, text, whole } from "./schema.ts";
import { noTopic } from "./topics.ts";

const DEFAULT_LETTERS = 100;
const MAX_LETTERS = 1_000;
const DEFAULT_REDRIVEN = 1_000;
const MAX_REDRIVEN = 10_000;
/** A thousand places are a fraction of this. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_NAME = 249;
const LIST_PLACE = /^(\d{1,9}):(\d{1,16})$/;
/** Where a redrive goes on, and which letters it is about: those that were there when it began. */
const REDRIVE_PLACE = /^(\d{1,9}):(\d{1,16}):(\d{1,16})$/;

const PLACE = object({ topic: text(), partition: whole(), offset: whole() });
const GROUP = text({ maxLength: MAX_NAME, description: "Those of one share group alone." });

/** What share groups and MQTT gave up, and its way back. */
export const DEAD_LETTER_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/dead-letters",
    id: "listDeadLetterTopics",
    summary: "Topics that dead letters go to, by name: of share groups, and of routes and downlinks of MQTT",
    needs: "viewer",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        topics: list(
          object({
            topic: text(),
            exists: flag({ description: "It is made with the first letter." }),
            records: whole({ description: "That are in it now." }),
            redriven: whole({ description: "Of them." }),
            groups: list(text(), { description: "Share groups whose dead letters go there." }),
            mqtt: flag({ description: "Whether some of MQTT do." }),
          }),
        ),
      }),
    },
    handle: ({ parts }) => json(200, { topics: topicsOf(parts) }),
  },
  {
    method: "GET",
    path: "/api/topics/{topic}/dead-letters",
    id: "listDeadLetters",
    summary: "A topic's dead letters, oldest first by partition; `next` is the path of the next part",
    needs: "records",
    query: {
      group: GROUP,
      waiting: oneOf("true", "false"),
      limit: whole({ minimum: 1, maximum: MAX_LETTERS, description: `${DEFAULT_LETTERS} where left out.` }),
      at: text({ maxLength: 32, description: "From the path of the part before." }),
    },
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        letters: list(
          object({
            partition: whole(),
            offset: whole(),
            timestamp: { type: "integer" },
            key: orNull(text({ description: "Percent-encoded." })),
            valueBytes: orNull(whole()),
            kind: oneOf("queue", "downlink", "route"),
            reason: text(),
            source: orNull(PLACE),
            group: orNull(text()),
            deliveries: orNull(whole()),
            mqttTopic: orNull(text()),
            times: whole({ description: "How often its record had been redriven before." }),
            redriven: flag({ description: "Whether this letter was." }),
          }),
        ),
        next: orNull(text()),
      }),
    },
    handle: listLetters,
  },
  {
    method: "POST",
    path: "/api/topics/{topic}/dead-letters/redrive",
    id: "redriveDeadLetters",
    summary:
      "Append dead letters to the topics that they come from, each once; `next` goes back as `at` where there is more to do",
    needs: "operator",
    audit: {
      action: ({ body }) => (isDryRun(body) ? null : "dead-letters.redrive"),
      on: ({ path }) => `topic ${path.topic}`,
    },
    body: {
      maxBytes: MAX_BODY_BYTES,
      schema: object(
        {
          letters: list(object({ partition: whole(), offset: whole() }), {
            minItems: 1,
            maxItems: MAX_LETTERS,
          }),
          group: GROUP,
          limit: whole({ minimum: 1, maximum: MAX_REDRIVEN }),
          at: text({ maxLength: 64 }),
          dryRun: flag(),
        },
        ["letters", "group", "limit", "at", "dryRun"],
      ),
    },
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        dryRun: flag(),
        redriven: whole({ description: "Of a dry run: how many would be." }),
        targets: list(object({ topic: text(), partition: whole(), records: whole() })),
        already: whole({ description: "Of those that were named: how many had been redriven before." }),
        refused: list(object({ partition: whole(), offset: whole(), why: text() })),
        refusedCount: whole(),
        next: orNull(text()),
      }),
    },
    handle: redrive,
  },
];

function topicsOf({ broker, coordinators, mqttDeadLetterTopics }: Gateway): readonly object[] {
  const groupsOf = new Map<string, string[]>(mqttDeadLetterTopics.map((name) => [name, []]));
  for (const { id } of coordinators.groups.ofKind("share")) {
    const name = coordinators.shares.settings.deadLetterTopic(id);
    if (name !== null) groupsOf.set(name, [...(groupsOf.get(name) ?? []), id]);
  }
  return Array.from(groupsOf, ([name, groups]) => {
    const topic = broker.topics.get(name);
    const counts = topic === null ? { records: 0, redriven: 0 } : coordinators.deadLetters.count(topic);
    const mqtt = mqttDeadLetterTopics.includes(name);
    return { topic: name, exists: topic !== null, ...counts, groups: groups.sort(), mqtt };
  }).sort((a, b) => (a.topic < b.topic ? -1 : 1));
}

async function listLetters({ path, query, url, parts }: Call<Gateway>): Promise<Response> {
  const topic = topicOf(path, parts);
  if (topic instanceof Response) return topic;
  const { group = null, limit = DEFAULT_LETTERS, at } = query;
  const place = at === undefined ? null : LIST_PLACE.exec(String(at));
  if (at !== undefined && place === null) return bad("at", String(at));
  const part = await parts.coordinators.deadLetters.letters(topic, {
    group: group === null ? null : String(group),
    beforeMs: null,
    waiting: query.waiting === "true",
    place: placeOf(place),
    limit: Number(limit),
  });
  if ("error" in part) return unreadable(topic);
  const next = new URL(url);
  if (part.next !== null) next.searchParams.set("at", `${part.next.partition}:${part.next.offset}`);
  const path2 = part.next === null ? null : `${next.pathname}${next.search}`;
  return json(200, { letters: part.letters.map(letterRow), next: path2 });
}

function letterRow(found: FoundLetter): object {
  const { letter, partition, offset, timestampMs, key, value, isRedriven } = found;
  const { kind, reason, source, group, deliveries, mqttTopic } = letter;
  return {
    ...{ partition, offset, timestamp: timestampMs },
    key: key === null ? null : encodeDeviceKey(key),
    valueBytes: value?.length ?? null,
    ...{ kind, reason, source, group, deliveries, mqttTopic, times: letter.redriven, redriven: isRedriven },
  };
}

interface RedriveBody {
  readonly letters?: readonly HistoryPlace[];
  readonly group?: string;
  readonly limit?: number;
  readonly at?: string;
  readonly dryRun?: boolean;
}

async function redrive({ path, body, parts }: Call<Gateway>): Promise<Response> {
  const topic = topicOf(path, parts);
  if (topic instanceof Response) return topic;
  const { letters = null, group = null, limit = DEFAULT_REDRIVEN, at, dryRun = false } = body as RedriveBody;
  const place = at === undefined ? null : REDRIVE_PLACE.exec(at);
  if (at !== undefined && place === null) return bad("at", at);
  // What is redriven may come back at once, and would be redriven for ever.
  const beforeMs = place === null ? parts.broker.clock.nowMs() + 1 : Number(place[3]);
  const want = { group, beforeMs, waiting: true, place: placeOf(place), limit, only: letters, dryRun };
  let outcome: RedriveOutcome | { readonly error: number } | null;
  try {
    outcome = await parts.coordinators.deadLetters.redrive(topic, want);
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    const remedy = "see /readyz, and send it again: nothing is redriven twice";
    return problem(503, { message: error.message, thing: "redrive", value: topic.name, remedy });
  }
  if (outcome === null) {
    const error = { message: "another redrive is under way", thing: "redrive", value: topic.name };
    return problem(409, { ...error, remedy: "send it again when that is done" });
  }
  if ("error" in outcome) return unreadable(topic);
  const { next } = outcome;
  const goesOn = next === null ? null : `${next.partition}:${next.offset}:${beforeMs}`;
  return json(200, { dryRun, ...outcome, next: goesOn });
}

function topicOf(path: Readonly<Record<string, string>>, { broker }: Gateway): Topic | Response {
  const topic = broker.topics.get(path.topic ?? "");
  return topic === null || topic.internal ? noTopic(path.topic ?? "") : topic;
}

function placeOf(match: RegExpExecArray | null): HistoryPlace | null {
  return match === null ? null : { partition: Number(match[1]), offset: Number(match[2]) };
}

function unreadable({ name }: Topic): Response {
  const remedy = "see the gateway's log";
  return problem(500, { message: "the log can't be read", thing: "topic", value: name, remedy });
}

function bad(thing: string, value: string): Response {
  const remedy = "take it from the answer before";
  return problem(400, { message: `${thing} can't be read`, thing, value: value.slice(0, 64), remedy });
}
