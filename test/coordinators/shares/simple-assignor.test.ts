import { expect, test } from "bun:test";
import type { Uuid } from "../../../src/base/ids.ts";
import { type Assignment, NO_PARTITIONS } from "../../../src/coordinators/groups/modern/assignment.ts";
import { SIMPLE_ASSIGNOR } from "../../../src/coordinators/shares/simple-assignor.ts";

const A = "AAAAAAAAAAAAAAAAAAAAAA" as Uuid;
const B = "BBBBBBBBBBBBBBBBBBBBBA" as Uuid;

function assign(
  topics: Readonly<Record<string, number>>,
  members: Readonly<Record<string, readonly Uuid[]>>,
  previous: ReadonlyMap<string, Assignment> = new Map(),
) {
  const partitionCounts = new Map(Object.entries(topics)) as Map<Uuid, number>;
  const specified = Object.entries(members).map(([memberId, topicIds]) => ({
    memberId,
    instanceId: null,
    topicIds: new Set(topicIds),
    assignment: previous.get(memberId) ?? NO_PARTITIONS,
  }));
  return SIMPLE_ASSIGNOR.assign({ members: specified, partitionCounts });
}

/** How many members each partition has, and how many partitions each member. */
function loads(assigned: ReadonlyMap<string, Assignment>) {
  const perPartition = new Map<string, number>();
  const perMember: number[] = [];
  for (const assignment of assigned.values()) {
    let held = 0;
    for (const [topicId, partitions] of assignment) {
      for (const partition of partitions) {
        perPartition.set(`${topicId}/${partition}`, (perPartition.get(`${topicId}/${partition}`) ?? 0) + 1);
        held += 1;
      }
    }
    perMember.push(held);
  }
  return { perPartition: [...perPartition.values()], perMember };
}

function spread(numbers: readonly number[]): number {
  return Math.max(...numbers) - Math.min(...numbers);
}

function memberIds(count: number): Record<string, readonly Uuid[]> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, [A, B]]));
}

test("every partition has a member, every member a partition, and all are even", () => {
  for (let members = 1; members <= 14; members++) {
    for (const [a, b] of [
      [1, 1],
      [3, 4],
      [7, 0],
    ] as const) {
      const { perPartition, perMember } = loads(assign({ [A]: a, [B]: b }, memberIds(members)));
      expect(perPartition).toHaveLength(a + b);
      expect(Math.min(...perMember)).toBeGreaterThanOrEqual(1);
      expect([spread(perPartition) <= 1, spread(perMember) <= 1]).toEqual([true, true]);
    }
  }
});

test("who comes or goes changes as little as evenness allows", () => {
  let previous: ReadonlyMap<string, Assignment> = new Map();
  for (const count of [1, 2, 3, 4, 5, 4, 3, 8, 2, 12, 6, 1]) {
    const assigned = assign({ [A]: 4, [B]: 2 }, memberIds(count), previous);
    const { perPartition, perMember } = loads(assigned);
    expect([perPartition.length, spread(perPartition) <= 1, spread(perMember) <= 1]).toEqual([6, true, true]);
    expect(assign({ [A]: 4, [B]: 2 }, memberIds(count), assigned)).toEqual(assigned);
    previous = assigned;
  }
});

test("members get partitions of the topics alone that they subscribe to", () => {
  const assigned = assign({ [A]: 2, [B]: 3 }, { a: [A], b: [B], both: [A, B] });
  expect([...(assigned.get("a")?.keys() ?? [])]).toEqual([A]);
  expect([...(assigned.get("b")?.keys() ?? [])]).toEqual([B]);
  expect(loads(assigned).perPartition).toHaveLength(5);
  expect(assign({}, { lone: [] }).get("lone")?.size).toBe(0);
  expect(assign({ [A]: 2 }, {}).size).toBe(0);
});
