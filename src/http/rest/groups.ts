import { partitionsOf } from "../../coordinators/groups/consumer/member.ts";
import type { Group } from "../../coordinators/groups/group.ts";
import type { Assignment } from "../../coordinators/groups/modern/assignment.ts";
import { json, problem } from "../problem.ts";
import { readAssignment } from "./assignment.ts";
import type { Gateway } from "./gateway.ts";
import { partOf, partParameters } from "./parts.ts";
import type { Route } from "./route.ts";
import { list, object, oneOf, orNull, text, whole } from "./schema.ts";

const DEFAULT_GROUPS = 1_000;
const MAX_GROUPS = 10_000;
/** Members and offsets that one answer tells of. */
const MAX_MEMBERS = 10_000;
const MAX_OFFSETS = 100_000;

const OWNED = list(object({ topic: text(), partitions: list(whole()) }));
const MEMBER = object({
  id: text(),
  instanceId: orNull(text()),
  clientId: text(),
  host: text(),
  partitions: OWNED,
});

/** Groups of consumers: classic ones and those of the consumer protocol. */
export const GROUP_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/groups",
    id: "listGroups",
    summary: "Groups of consumers by name, with their lag",
    needs: "viewer",
    query: partParameters(DEFAULT_GROUPS, MAX_GROUPS),
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        groups: list(
          object({
            id: text(),
            kind: oneOf("classic", "consumer"),
            state: text(),
            members: whole(),
            topics: list(text()),
            lag: orNull(
              whole({ description: "Records to read of all partitions; null where none is known." }),
            ),
          }),
        ),
        next: orNull(text()),
      }),
    },
    handle: async ({ url, query, parts }) => {
      const { limit = DEFAULT_GROUPS, after = null } = query;
      const { groups } = parts.coordinators;
      const all = [...groups.registry.all()].filter(({ kind }) => kind !== "share").sort(byId);
      const part = partOf(url, all, ({ id }) => id, Number(limit), after === null ? null : String(after));
      const shown = part.items.map((group) => listed(group, parts));
      return durable(parts, () => json(200, { groups: shown, next: part.next }));
    },
  },
  {
    method: "GET",
    path: "/api/groups/{group}",
    id: "getGroup",
    summary: "A group with its members and offsets",
    needs: "viewer",
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        id: text(),
        kind: oneOf("classic", "consumer"),
        state: text(),
        members: list(MEMBER),
        offsets: list(
          object({
            topic: text(),
            partition: whole(),
            committed: whole(),
            end: orNull(whole({ description: "Null where the topic is gone, or is the view of a device." })),
            lag: orNull(whole()),
          }),
        ),
      }),
    },
    handle: ({ path, parts }) => {
      const group = groupOf(path.group ?? "", parts);
      if (group === null) return noGroup(path.group ?? "");
      const { id, kind, stateName: state } = group;
      const members = membersOf(group, parts).slice(0, MAX_MEMBERS);
      const offsets = offsetsOf(id, parts).slice(0, MAX_OFFSETS);
      return durable(parts, () => json(200, { id, kind, state, members, offsets }));
    },
  },
];

export interface GroupOffset {
  readonly topic: string;
  readonly partition: number;
  readonly committed: number;
  readonly end: number | null;
  readonly lag: number | null;
}

/** A group of consumers, or null: share groups have pages of their own. */
export function groupOf(id: string, { coordinators }: Gateway): Group | null {
  const group = coordinators.groups.registry.get(id);
  return group === null || group.kind === "share" ? null : group;
}

export function noGroup(id: string): Response {
  return problem(404, {
    message: "there is no such group",
    thing: "group",
    value: id.slice(0, 249),
    remedy: "GET /api/groups lists them",
  });
}

/** Answers once what was looked at is durable: nobody is told of what a power cut could take back. */
export function durable({ coordinators }: Gateway, answer: () => Response): Promise<Response> {
  return new Promise((resolve) => coordinators.groups.whenDurable(() => resolve(answer())));
}

/** What a group has committed, by topic and partition. */
export function offsetsOf(groupId: string, { coordinators, broker }: Gateway): readonly GroupOffset[] {
  const offsets: GroupOffset[] = [];
  for (const { topic, partitions } of coordinators.groups.offsets.fetchAll(groupId, false)) {
    for (const { partition, offset } of partitions) {
      const end = broker.partition(topic, partition)?.log.highWatermark ?? null;
      const committed = Number(offset);
      const lag = end === null ? null : Math.max(0, end - committed);
      offsets.push({ topic, partition, committed, end, lag });
    }
  }
  return offsets.sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  );
}

function listed(group: Group, parts: Gateway): object {
  const offsets = offsetsOf(group.id, parts);
  const lags = offsets.flatMap(({ lag }) => (lag === null ? [] : [lag]));
  return {
    ...{ id: group.id, kind: group.kind, state: group.stateName, members: group.memberCount },
    topics: [...new Set(offsets.map(({ topic }) => topic))],
    lag: lags.length === 0 ? null : lags.reduce((sum, lag) => sum + lag, 0),
  };
}

function membersOf(group: Group, { coordinators, broker }: Gateway): readonly object[] {
  const consumers = coordinators.groups.consumers.get(group.id);
  if (consumers !== null) {
    return Array.from(consumers.members.values(), (member) => ({
      ...{ id: member.memberId, instanceId: member.instanceId, clientId: member.clientId },
      host: member.clientHost.replace(/^\//, ""),
      partitions: named(partitionsOf(member.assigned, member.revoking), broker.topics),
    }));
  }
  const classic = coordinators.groups.classic.get(group.id);
  return Array.from(classic?.members.values() ?? [], (member) => ({
    ...{ id: member.memberId, instanceId: member.groupInstanceId, clientId: member.clientId },
    host: member.clientHost.replace(/^\//, ""),
    partitions: classic?.state === "Stable" ? readAssignment(member.assignment) : [],
  }));
}

/** A topic that is gone has no name: it is left out. */
export function named(
  assignment: Assignment,
  topics: Gateway["broker"]["topics"],
): readonly { readonly topic: string; readonly partitions: readonly number[] }[] {
  return Array.from(assignment).flatMap(([topicId, partitions]) => {
    const topic = topics.readable.byId(topicId)?.name;
    return topic === undefined ? [] : [{ topic, partitions: [...partitions] }];
  });
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
