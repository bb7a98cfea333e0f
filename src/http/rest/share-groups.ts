import type { ShareGroup } from "../../coordinators/shares/share-group.ts";
import { json, problem } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import { named } from "./groups.ts";
import { partOf, partParameters } from "./parts.ts";
import type { Route } from "./route.ts";
import { list, object, orNull, text, whole } from "./schema.ts";

const DEFAULT_GROUPS = 1_000;
const MAX_GROUPS = 10_000;
const MAX_MEMBERS = 10_000;

const GROUP = {
  id: text(),
  state: text(),
  topics: list(text()),
  lag: orNull(whole({ description: "Records that nobody has done with; null where none is known." })),
  deadLetterTopic: orNull(text({ description: "Where records go that were given up; null: nowhere." })),
};

/** Share groups: queues over topics (KIP-932). */
export const SHARE_GROUP_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/share-groups",
    id: "listShareGroups",
    summary: "Share groups by name, with what is left to do",
    needs: "viewer",
    query: partParameters(DEFAULT_GROUPS, MAX_GROUPS),
    answer: {
      status: 200,
      type: "application/json",
      schema: object({ groups: list(object({ ...GROUP, members: whole() })), next: orNull(text()) }),
    },
    handle: ({ url, query, parts }) => {
      const { limit = DEFAULT_GROUPS, after = null } = query;
      const all = [...parts.coordinators.groups.ofKind("share")].sort((a, b) => (a.id < b.id ? -1 : 1));
      const part = partOf(url, all, ({ id }) => id, Number(limit), after === null ? null : String(after));
      const groups = part.items.flatMap(({ id }) => {
        const group = parts.coordinators.shares.groups.get(id);
        return group === null ? [] : [{ ...summary(group, parts), members: group.memberCount }];
      });
      return durable(parts, () => json(200, { groups, next: part.next }));
    },
  },
  {
    method: "GET",
    path: "/api/share-groups/{group}",
    id: "getShareGroup",
    summary: "A share group with its members and partitions",
    needs: "viewer",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        ...GROUP,
        members: list(
          object({
            id: text(),
            clientId: text(),
            host: text(),
            topics: list(text()),
            partitions: list(object({ topic: text(), partitions: list(whole()) })),
          }),
        ),
        offsets: list(
          object({
            topic: text(),
            partition: whole(),
            start: orNull(
              whole({ description: "The first record that is not done with; null: none was read." }),
            ),
            end: whole(),
            lag: orNull(whole()),
          }),
        ),
      }),
    },
    handle: ({ path, parts }) => {
      const id = path.group ?? "";
      const group = parts.coordinators.shares.groups.get(id);
      if (group === null) return noShareGroup(id);
      const members = Array.from(group.members.values(), (member) => ({
        ...{ id: member.memberId, clientId: member.clientId, host: member.clientHost.replace(/^\//, "") },
        topics: [...member.topicNames],
        partitions: named(member.assigned, parts.broker.topics),
      }));
      const body = { ...summary(group, parts), members: members.slice(0, MAX_MEMBERS) };
      const offsets = offsetsOf(group, parts);
      return durable(parts, () => json(200, { ...body, offsets }));
    },
  },
];

interface ShareOffset {
  readonly topic: string;
  readonly partition: number;
  readonly start: number | null;
  readonly end: number;
  readonly lag: number | null;
}

export function noShareGroup(id: string): Response {
  const remedy = "GET /api/share-groups lists them";
  return problem(404, {
    message: "there is no such share group",
    thing: "group",
    value: id.slice(0, 249),
    remedy,
  });
}

function summary(group: ShareGroup, parts: Gateway): object {
  const offsets = offsetsOf(group, parts);
  const lags = offsets.flatMap(({ lag }) => (lag === null ? [] : [lag]));
  return {
    id: group.id,
    state: group.stateName,
    topics: [...new Set(offsets.map(({ topic }) => topic))],
    lag: lags.length === 0 ? null : lags.reduce((sum, lag) => sum + lag, 0),
    deadLetterTopic: parts.coordinators.shares.settings.deadLetterTopic(group.id),
  };
}

/** Where the group is in each partition that it keeps state of. */
function offsetsOf(group: ShareGroup, { broker, coordinators }: Gateway): readonly ShareOffset[] {
  const { state, partitions: live } = coordinators.shares;
  return Array.from(group.initialized).flatMap(([topicId, { partitions }]) => {
    const topic = broker.topics.byId(topicId);
    return partitions.flatMap((partition): readonly ShareOffset[] => {
      const source = topic?.partitions[partition];
      if (topic === null || source === undefined) return [];
      const { log } = source;
      const place = { topic: topic.name, partition, end: log.highWatermark };
      const id = { groupId: group.id, topicId, partition };
      const kept = state.get(id);
      if (kept === null || kept.startOffset < 0) return [{ ...place, start: null, lag: null }];
      const inUse = live.inUse(id)?.state;
      const start = Math.max(inUse?.startOffset ?? kept.startOffset, log.logStartOffset);
      const done = inUse?.completedRecords ?? (start === kept.startOffset ? kept.deliveryCompleteCount : 0);
      return [{ ...place, start, lag: Math.max(0, log.highWatermark - start - Math.max(0, done)) }];
    });
  });
}

/** Answers once what was looked at is durable. */
function durable({ coordinators }: Gateway, answer: () => Response): Promise<Response> {
  return new Promise((resolve) => {
    coordinators.groups.whenDurable(() => coordinators.shares.state.whenDurable(() => resolve(answer())));
  });
}
