import type { Partition } from "../../broker/partition.ts";
import type { Topic } from "../../broker/topics.ts";
import { ERROR } from "../../kafka/wire/generated/errors.ts";
import { json, problem } from "../problem.ts";
import { timeOf } from "../records.ts";
import type { Gateway } from "./gateway.ts";
import { groupOf, noGroup } from "./groups.ts";
import type { Call, Route } from "./route.ts";
import { isDryRun, textIn } from "./route-notes.ts";
import { flag, list, object, orNull, text, whole } from "./schema.ts";
import { noTopic } from "./topics.ts";

const MAX_BODY_BYTES = 64 * 1024;
const MAX_PARTITIONS = 10_000;

interface Reset {
  readonly topic: string;
  readonly to: string | number;
  readonly partitions?: readonly number[];
  readonly dryRun?: boolean;
}

/** Having a group go on elsewhere. */
export const GROUP_RESET_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "POST",
    path: "/api/groups/{group}/reset",
    id: "resetGroup",
    summary: "Have a group without members go on elsewhere in a topic, or say what that would do",
    needs: "operator",
    audit: {
      action: ({ body }) => (isDryRun(body) ? null : "group.set-offsets"),
      on: ({ path }) => `group ${path.group}`,
      detail: ({ body }) => textIn(body, "topic"),
    },
    body: {
      maxBytes: MAX_BODY_BYTES,
      schema: object(
        {
          topic: text({ minLength: 1, maxLength: 249 }),
          to: {
            anyOf: [
              text({ maxLength: 64, description: "earliest, latest, or a time in ISO 8601" }),
              whole({ description: "an offset" }),
            ],
          },
          partitions: list(whole(), { minItems: 1, maxItems: MAX_PARTITIONS }),
          dryRun: flag(),
        },
        ["partitions", "dryRun"],
      ),
    },
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        changed: flag(),
        offsets: list(object({ partition: whole(), from: orNull(whole()), to: whole() })),
      }),
    },
    handle: (call) => reset(call),
  },
];

async function reset({ path, body, parts }: Call<Gateway>): Promise<Response> {
  const { topic: name, to, partitions, dryRun = false } = body as Reset;
  const id = path.group ?? "";
  if (groupOf(id, parts) === null) return noGroup(id);
  const topic = parts.broker.topics.get(name);
  if (topic === null || topic.internal) return noTopic(name);
  const wanted = partitions ?? topic.partitions.map(({ index }) => index);
  const missing = wanted.find((index) => topic.partitions[index] === undefined);
  if (missing !== undefined) {
    return bad("partitions", String(missing), `there are 0 to ${topic.partitions.length - 1}`);
  }
  const target = targetOf(to);
  if (target === null)
    return bad("to", String(to), "write earliest, latest, an offset, or a time in ISO 8601");
  const { offsets } = parts.coordinators.groups;
  const changes = [...new Set(wanted)].flatMap((index) => {
    const partition = topic.partitions[index];
    if (partition === undefined) return [];
    const before = offsets.get(id, name, index);
    return [
      { partition: index, from: before === null ? null : Number(before.offset), to: target(partition) },
    ];
  });
  if (!dryRun) {
    const refusal = await commit(id, topic, changes, parts);
    if (refusal !== null) return refusal;
  }
  return json(200, { changed: !dryRun, offsets: changes });
}

/** Where to go on in a partition; null for what can't be read. Beyond the log's ends nothing could be read. */
function targetOf(to: string | number): ((partition: Partition) => number) | null {
  if (to === "earliest") return ({ log }) => log.logStartOffset;
  if (to === "latest") return ({ log }) => log.highWatermark;
  if (typeof to === "number") {
    return ({ log }) => Math.min(Math.max(to, log.logStartOffset), log.highWatermark);
  }
  const timeMs = timeOf(to);
  if (timeMs === null || Number.isNaN(timeMs)) return null;
  return ({ log }) => log.offsetForTimestamp(timeMs)?.offset ?? log.highWatermark;
}

function commit(
  groupId: string,
  topic: Topic,
  changes: readonly { readonly partition: number; readonly to: number }[],
  { coordinators }: Gateway,
): Promise<Response | null> {
  const partitions = changes.map(({ partition, to }) => ({
    partition,
    offset: to,
    leaderEpoch: -1,
    metadata: "",
  }));
  const request = {
    groupId,
    caller: { memberId: "", groupInstanceId: null, generationOrEpoch: -1 },
    version: LATEST_COMMIT,
    retentionMs: -1,
    topics: [{ name: topic.name, id: topic.id, partitions }],
  };
  return new Promise((resolve) => {
    coordinators.groups.offsets.commit(request, (errors) => {
      const error = errors.flat().find((one) => one !== ERROR.NONE);
      resolve(error === undefined ? null : refused(groupId, error));
    });
  });
}

/** Of OffsetCommit: what a caller is told depends on it. */
const LATEST_COMMIT = 10;

function refused(group: string, error: number): Response {
  if (error === ERROR.UNKNOWN_MEMBER_ID || error === ERROR.NON_EMPTY_GROUP) {
    const message = "the group has members, which would go on where they are";
    return problem(409, { message, thing: "group", value: group, remedy: "stop its consumers first" });
  }
  const message = `the offsets were not written (Kafka error ${error})`;
  return problem(503, { message, thing: "group", value: group, remedy: "see /readyz, and send it again" });
}

function bad(thing: string, value: string, remedy: string): Response {
  return problem(400, { message: `${thing} can't be used`, thing, value: value.slice(0, 100), remedy });
}
