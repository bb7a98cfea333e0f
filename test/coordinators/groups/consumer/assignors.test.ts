import { describe, expect, test } from "bun:test";
import type { Uuid } from "../../../../src/base/ids.ts";
import { assignorNamed } from "../../../../src/coordinators/groups/consumer/assignors.ts";
import { RANGE_ASSIGNOR } from "../../../../src/coordinators/groups/consumer/range-assignor.ts";
import { UNIFORM_ASSIGNOR } from "../../../../src/coordinators/groups/consumer/uniform-assignor.ts";
import { type Assignment, partitionTotal } from "../../../../src/coordinators/groups/modern/assignment.ts";
import type {
  AssignmentMember,
  AssignmentSpec,
} from "../../../../src/coordinators/groups/modern/assignor.ts";
import { SeededRandom } from "../../../../src/io/simulated/random.ts";

const topic = (index: number): Uuid => `topic-${String(index).padStart(16, "0")}` as Uuid;

function member(id: string, topics: readonly Uuid[], assignment: Assignment = new Map()): AssignmentMember {
  return { memberId: id, instanceId: null, topicIds: new Set(topics), assignment };
}

function spec(members: readonly AssignmentMember[], counts: readonly number[]): AssignmentSpec {
  const subscribed = new Set(members.flatMap(({ topicIds }) => [...topicIds]));
  const partitionCounts = new Map(
    counts.map((count, index) => [topic(index), count] as const).filter(([id]) => subscribed.has(id)),
  );
  return { members, partitionCounts };
}

/** Each subscribed partition has exactly one owner, who subscribes to its topic. */
function checkCovered({ members, partitionCounts }: AssignmentSpec, result: ReadonlyMap<string, Assignment>) {
  expect([...result.keys()].sort()).toEqual(members.map(({ memberId }) => memberId).sort());
  const owners = new Map<string, string>();
  for (const { memberId, topicIds } of members) {
    for (const [topicId, partitions] of result.get(memberId) ?? []) {
      expect(topicIds.has(topicId)).toBe(true);
      expect(partitions.length).toBeGreaterThan(0);
      for (const partition of partitions) {
        expect(partition).toBeLessThan(partitionCounts.get(topicId) ?? 0);
        expect(owners.has(`${topicId}/${partition}`)).toBe(false);
        owners.set(`${topicId}/${partition}`, memberId);
      }
      expect([...partitions]).toEqual([...partitions].sort((a, b) => a - b));
    }
  }
  const total = [...partitionCounts.values()].reduce((sum, count) => sum + count, 0);
  expect(owners.size).toBe(total);
}

function sizes(result: ReadonlyMap<string, Assignment>): Map<string, number> {
  return new Map([...result].map(([id, assignment]) => [id, partitionTotal(assignment)]));
}

function kept(before: Assignment, after: Assignment): number {
  let count = 0;
  for (const [topicId, partitions] of before) {
    const now = new Set(after.get(topicId));
    count += partitions.filter((partition) => now.has(partition)).length;
  }
  return count;
}

/** No chain of moves, however long, leads to a member with at least two fewer than the one it begins at. */
function checkBalanced({ members }: AssignmentSpec, result: ReadonlyMap<string, Assignment>) {
  const size = sizes(result);
  for (const { memberId: start } of members) {
    const seen = new Set([start]);
    const queue = [start];
    for (const giver of queue) {
      for (const topicId of result.get(giver)?.keys() ?? []) {
        for (const taker of members) {
          if (!taker.topicIds.has(topicId) || seen.has(taker.memberId)) continue;
          seen.add(taker.memberId);
          queue.push(taker.memberId);
          const gap = (size.get(start) ?? 0) - (size.get(taker.memberId) ?? 0);
          expect(gap).toBeLessThan(2);
        }
      }
    }
  }
}

/** What the members have after `result`, for the next round. */
function next(members: readonly AssignmentMember[], result: ReadonlyMap<string, Assignment>) {
  return members.map((one) => ({ ...one, assignment: result.get(one.memberId) ?? new Map() }));
}

test("assignors are found by Kafka's names", () => {
  expect(assignorNamed("uniform")).toBe(UNIFORM_ASSIGNOR);
  expect(assignorNamed("range")).toBe(RANGE_ASSIGNOR);
  expect(assignorNamed("sticky")).toBeNull();
});

for (const assignor of [UNIFORM_ASSIGNOR, RANGE_ASSIGNOR]) {
  describe(assignor.name, () => {
    test("nobody, nothing, nowhere", () => {
      expect(assignor.assign(spec([], []))).toEqual(new Map());
      expect(assignor.assign(spec([member("a", [])], [3]))).toEqual(new Map([["a", new Map()]]));
    });

    test("every partition exactly once, only to subscribers, over 300 seeds of comings and goings", () => {
      for (let seed = 0; seed < 300; seed++) {
        const random = new SeededRandom(seed);
        const counts = Array.from({ length: 1 + random.below(6) }, () => 1 + random.below(12));
        const pick = () => counts.map((_, index) => topic(index)).filter(() => random.chance(0.6));
        const all = counts.map((_, index) => topic(index));
        const mixed = random.chance(0.5);
        let members = Array.from({ length: 1 + random.below(8) }, (_, index) =>
          member(`m${index}`, mixed ? pick() : all),
        );
        for (let round = 0; round < 6; round++) {
          const asked = spec(members, counts);
          const result = assignor.assign(asked);
          checkCovered(asked, result);
          members = next(members, result);
          if (random.chance(0.5)) members.push(member(`n${seed}-${round}`, mixed ? pick() : all));
          if (random.chance(0.4) && members.length > 1) members.splice(random.below(members.length), 1);
          if (random.chance(0.3)) counts[random.below(counts.length)] = 1 + random.below(14);
        }
      }
    });
  });
}

describe("uniform", () => {
  test("same subscriptions: sizes differ by one at most, and no partition moves that need not", () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = new SeededRandom(seed);
      const counts = Array.from({ length: 1 + random.below(5) }, () => 1 + random.below(20));
      const all = counts.map((_, index) => topic(index));
      let members = Array.from({ length: 1 + random.below(9) }, (_, index) => member(`m${index}`, all));
      for (let round = 0; round < 6; round++) {
        const asked = spec(members, counts);
        const result = UNIFORM_ASSIGNOR.assign(asked);
        const after = [...sizes(result).values()];
        expect(Math.max(...after) - Math.min(...after)).toBeLessThan(2);
        const total = after.reduce((sum, size) => sum + size, 0);
        checkMovement(members, result, total);
        members = next(members, result);
        if (random.chance(0.5)) members.push(member(`n${round}`, all));
        if (random.chance(0.5) && members.length > 1) members.splice(random.below(members.length), 1);
      }
    }
  });

  /** What has to go at least: whatever a member has above the largest quotas that could be its own. */
  function checkMovement(
    members: readonly AssignmentMember[],
    result: ReadonlyMap<string, Assignment>,
    total: number,
  ) {
    const share = Math.floor(total / members.length);
    const held = members.map(({ assignment }) => partitionTotal(assignment)).sort((a, b) => b - a);
    let extra = total % members.length;
    const mayStay = held.reduce((sum, size) => {
      const quota = extra > 0 ? share + 1 : share;
      if (extra > 0) extra -= 1;
      return sum + Math.min(size, quota);
    }, 0);
    const stayed = members.reduce(
      (sum, { memberId, assignment }) => sum + kept(assignment, result.get(memberId) ?? new Map()),
      0,
    );
    expect(stayed).toBe(mayStay);
  }

  test("mixed subscriptions: no chain of moves evens out further, and what is balanced stays", () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = new SeededRandom(seed);
      const counts = Array.from({ length: 2 + random.below(5) }, () => 1 + random.below(15));
      const members = Array.from({ length: 2 + random.below(8) }, (_, index) =>
        member(
          `m${index}`,
          counts.map((_, at) => topic(at)).filter(() => random.chance(0.5)),
        ),
      );
      const asked = spec(members, counts);
      const result = UNIFORM_ASSIGNOR.assign(asked);
      checkCovered(asked, result);
      checkBalanced(asked, result);
      const again = spec(next(members, result), counts);
      expect(UNIFORM_ASSIGNOR.assign(again)).toEqual(result);
    }
  });

  test("partitions of one topic are spread before a member gets a second of it", () => {
    const members = ["a", "b", "c"].map((id) => member(id, [topic(0), topic(1)]));
    const result = UNIFORM_ASSIGNOR.assign(spec(members, [3, 3]));
    for (const assignment of result.values()) {
      expect([...assignment.values()].map(({ length }) => length)).toEqual([1, 1]);
    }
  });

  test("a partition that two members claim stays with one", () => {
    const held: Assignment = new Map([[topic(0), [0, 1]]]);
    const members = [member("a", [topic(0)], held), member("b", [topic(0)], held)];
    const asked = spec(members, [2]);
    checkCovered(asked, UNIFORM_ASSIGNOR.assign(asked));
  });

  test("a thousand members over five thousand partitions take no longer than a blink", () => {
    const members = Array.from({ length: 1000 }, (_, index) =>
      member(
        `m${index}`,
        Array.from({ length: 10 }, (_, at) => topic((index + at) % 50)),
      ),
    );
    const asked = spec(members, new Array<number>(50).fill(100));
    const result = UNIFORM_ASSIGNOR.assign(asked);
    checkCovered(asked, result);
    const after = [...sizes(result).values()];
    expect(Math.max(...after) - Math.min(...after)).toBeLessThan(2);
  });
});

describe("range", () => {
  test("topics that are alike are cut alike, static members first", () => {
    const topics = [topic(0), topic(1)];
    const members = [
      { ...member("a", topics), instanceId: "z" },
      member("b", topics),
      { ...member("c", topics), instanceId: "y" },
    ];
    const result = RANGE_ASSIGNOR.assign(spec(members, [7, 7]));
    const of = (id: string) => [...(result.get(id)?.values() ?? [])];
    expect(of("c")).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(of("a")).toEqual([
      [3, 4],
      [3, 4],
    ]);
    expect(of("b")).toEqual([
      [5, 6],
      [5, 6],
    ]);
  });

  test("who comes last gets nothing of a topic with fewer partitions than subscribers", () => {
    const members = ["a", "b", "c"].map((id) => member(id, [topic(0)]));
    const result = RANGE_ASSIGNOR.assign(spec(members, [2]));
    expect(result.get("c")).toEqual(new Map());
  });
});
