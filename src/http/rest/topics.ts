import type { Refusal } from "../../broker/broker.ts";
import { effectiveTopicConfig } from "../../broker/topic-config.ts";
import type { Topic } from "../../broker/topics.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import { json, problem } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import { partOf, partParameters } from "./parts.ts";
import type { Route } from "./route.ts";
import { textIn } from "./route-notes.ts";
import { flag, list, mapOf, number, object, orNull, text, whole } from "./schema.ts";
import { skewOf } from "./skew.ts";

const DEFAULT_TOPICS = 1_000;
const MAX_TOPICS = 10_000;
const MAX_PARTITIONS = 10_000;
const MAX_BODY_BYTES = 64 * 1024;
const MAX_NAME = 249;

const TOPIC = {
  name: text(),
  partitions: whole(),
  records: whole({ description: "Offsets from its start to its end: what was compacted away is counted." }),
  bytes: whole(),
  keys: orNull(
    whole({ description: "Devices that the registry knows in it; null where it looks for none there." }),
  ),
  internal: flag(),
  cleanupPolicy: text(),
  retentionMs: { type: "integer", description: "-1: for ever" } as const,
  retentionBytes: { type: "integer", description: "-1: no bound" } as const,
  recordsPerSecond: orNull(number()),
};

/** Topics: lists, one with its partitions and skew, creation and deletion. */
export const TOPIC_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/topics",
    id: "listTopics",
    summary: "The topics, by name",
    needs: "viewer",
    query: { ...partParameters(DEFAULT_TOPICS, MAX_TOPICS), internal: flag() },
    answer: {
      status: 200,
      type: "application/json",
      schema: object({ topics: list(object(TOPIC)), next: orNull(text()) }),
    },
    handle: ({ url, query, parts }) => {
      const { limit = DEFAULT_TOPICS, after = null, internal = true } = query;
      const all = [...parts.broker.topics.all()].filter((topic) => internal === true || !topic.internal);
      const sorted = all.sort((a, b) => (a.name < b.name ? -1 : 1));
      const part = partOf(
        url,
        sorted,
        ({ name }) => name,
        Number(limit),
        after === null ? null : String(after),
      );
      const keys = keyCounts(parts);
      const topics = part.items.map((topic) => summary(topic, parts, keys));
      return json(200, { topics, next: part.next });
    },
  },
  {
    method: "GET",
    path: "/api/topics/{topic}",
    id: "getTopic",
    summary: "A topic with its settings, partitions, and how evenly records are spread over them",
    needs: "viewer",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        ...TOPIC,
        id: text(),
        configs: mapOf(text({ description: "Settings of its own; others are the gateway's." })),
        partitions: list(
          object({
            partition: whole(),
            start: whole(),
            end: whole({ description: "What is durable ends here." }),
            bytes: whole(),
            recordsPerSecond: orNull(number()),
            fault: orNull(text()),
          }),
        ),
        skew: object({
          largestShare: orNull(number({ description: "Of the records, what the largest partition has." })),
          hotKeys: list(object({ key: text({ description: "Percent-encoded." }), share: number() })),
          basis: orNull(text({ description: "registry: rates of devices. sample: the newest records." })),
          advice: orNull(text()),
        }),
      }),
    },
    handle: async ({ path, parts }) => {
      const topic = parts.broker.topics.get(path.topic ?? "");
      if (topic === null) return noTopic(path.topic ?? "");
      const skew = await skewOf(topic, parts);
      return json(200, {
        ...summary(topic, parts, keyCounts(parts)),
        id: topic.id,
        configs: Object.fromEntries(topic.configs),
        partitions: topic.partitions.map((partition) => ({
          partition: partition.index,
          start: partition.log.logStartOffset,
          end: partition.log.highWatermark,
          bytes: partition.log.sizeBytes,
          recordsPerSecond: parts.rates.recordsPerSecond(partition),
          fault: partition.log.fault,
        })),
        skew,
      });
    },
  },
  {
    method: "POST",
    path: "/api/topics",
    id: "createTopic",
    summary: "Create a topic",
    needs: "operator",
    audit: { action: "topic.create", on: ({ body }) => `topic ${textIn(body, "name")}` },
    body: {
      maxBytes: MAX_BODY_BYTES,
      schema: object(
        {
          name: text({ minLength: 1, maxLength: MAX_NAME }),
          partitions: whole({ minimum: 1, maximum: MAX_PARTITIONS }),
          configs: mapOf(text({ maxLength: 4096 })),
        },
        ["partitions", "configs"],
      ),
    },
    answer: {
      status: 201,
      type: "application/json",
      schema: object({ name: text(), id: text(), partitions: whole() }),
    },
    handle: ({ body, parts }) => {
      const { name, partitions = -1, configs = {} } = body as NewTopic;
      return create(parts, { name, partitionCount: partitions, configs: new Map(Object.entries(configs)) });
    },
  },
  {
    method: "DELETE",
    path: "/api/topics/{topic}",
    id: "deleteTopic",
    summary: "Delete a topic and its records",
    needs: "admin",
    audit: { action: "topic.delete", on: ({ path }) => `topic ${path.topic}` },
    answer: { status: 204, type: "none" },
    handle: ({ path, parts }) => remove(parts, path.topic ?? ""),
  },
];

interface NewTopic {
  readonly name: string;
  readonly partitions?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

/** The answer where a topic is not there. */
export function noTopic(name: string): Response {
  return problem(404, {
    message: "there is no such topic",
    thing: "topic",
    value: name.slice(0, MAX_NAME),
    remedy: "GET /api/topics lists them",
  });
}

function summary(topic: Topic, { broker, rates }: Gateway, keys: ReadonlyMap<string, number>): object {
  const { topicDefaults } = broker;
  const config = (name: string) => effectiveTopicConfig(name, topic.configs, topicDefaults);
  let records = 0;
  let bytes = 0;
  let perSecond: number | null = null;
  for (const partition of topic.partitions) {
    const { log } = partition;
    records += log.highWatermark - log.logStartOffset;
    bytes += log.sizeBytes;
    const rate = rates.recordsPerSecond(partition);
    if (rate !== null) perSecond = (perSecond ?? 0) + rate;
  }
  return {
    ...{ name: topic.name, partitions: topic.partitions.length, records, bytes },
    keys: keys.get(topic.name) ?? null,
    internal: topic.internal,
    cleanupPolicy: config("cleanup.policy"),
    retentionMs: Math.min(Number(config("retention.ms")), Number.MAX_SAFE_INTEGER),
    retentionBytes: Math.min(Number(config("retention.bytes")), Number.MAX_SAFE_INTEGER),
    recordsPerSecond: perSecond === null ? null : Math.round(perSecond * 100) / 100,
  };
}

/** Devices that are known, by topic. */
function keyCounts({ devices }: Gateway): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { facts } of devices?.sorted() ?? [])
    counts.set(facts.topic, (counts.get(facts.topic) ?? 0) + 1);
  return counts;
}

function create(
  { broker }: Gateway,
  spec: {
    readonly name: string;
    readonly partitionCount: number;
    readonly configs: ReadonlyMap<string, string>;
  },
): Promise<Response> {
  return new Promise((resolve) => {
    const { name } = spec;
    const created = broker.createTopic(spec, (error) => {
      if (error === 0) {
        const topic = broker.topics.get(name);
        resolve(json(201, { name, id: topic?.id ?? "", partitions: topic?.partitions.length ?? 0 }));
      } else resolve(notWritten(name));
    });
    if ("error" in created) resolve(refused(name, created));
  });
}

function remove({ broker }: Gateway, name: string): Promise<Response> | Response {
  const topic = broker.topics.get(name);
  if (topic === null) return noTopic(name);
  if (topic.internal) {
    const message = "the gateway needs its own topics";
    return problem(403, { message, thing: "topic", value: name, remedy: "leave it" });
  }
  return new Promise((resolve) => {
    const refusal = broker.deleteTopic(name, (error) => {
      resolve(error === 0 ? new Response(null, { status: 204 }) : notWritten(name));
    });
    if (refusal !== null) resolve(refused(name, refusal));
  });
}

function refused(name: string, { error, message }: Refusal): Response {
  const status = error === ERROR.TOPIC_ALREADY_EXISTS ? 409 : error === ERROR.KAFKA_STORAGE_ERROR ? 503 : 400;
  const shown = message.slice(0, 500);
  return problem(status, {
    message: shown,
    thing: "topic",
    value: name,
    remedy: "send it with other values",
  });
}

function notWritten(name: string): Response {
  const message = "the disk did not take it";
  return problem(503, { message, thing: "topic", value: name, remedy: "see /readyz, and send it again" });
}
