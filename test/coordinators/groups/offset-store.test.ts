import { expect, test } from "bun:test";
import { ZERO_UUID } from "../../../src/base/ids.ts";
import { type CommittedOffset, OffsetStore } from "../../../src/coordinators/groups/offsets/offset-store.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";

function offset(metadata: string, recordOffset: number): CommittedOffset {
  const times = { commitTimestampMs: 0, expireTimestampMs: -1 };
  return { offset: 1, leaderEpoch: -1, metadata, ...times, topicId: ZERO_UUID, recordOffset };
}

/** What the store says of a topic, and of its own size, has to be what its offsets add up to. */
test("sums and indexes are those of the offsets, whatever was done", () => {
  const random = new SeededRandom(3);
  const pick = (count: number): number => random.below(count);
  const store = new OffsetStore();
  const committed = new Map<string, string>();
  const pending = new Map<number, Map<string, string>>();
  for (let step = 0; step < 3000; step += 1) {
    const [groupId, topic, partition] = [`g${pick(4)}`, `t${pick(4)}`, pick(3)] as const;
    const key = `${groupId} ${topic} ${partition}`;
    const metadata = "x".repeat(pick(5));
    const producerId = pick(5);
    switch (pick(6)) {
      case 0:
      case 1:
        store.committed.set(groupId, topic, partition, offset(metadata, step));
        committed.set(key, `${step} ${metadata}`);
        break;
      case 2:
      case 3: {
        store.setPending(producerId, groupId, topic, partition, offset(metadata, step));
        const waiting = pending.get(producerId) ?? new Map<string, string>();
        pending.set(producerId, waiting.set(key, `${step} ${metadata}`));
        break;
      }
      case 4:
        store.delete(groupId, topic, partition);
        committed.delete(key);
        for (const waiting of pending.values()) waiting.delete(key);
        break;
      default: {
        const commits = pick(2) === 0;
        store.endTransaction(producerId, commits ? "commit" : "abort");
        for (const [at, said] of (commits ? pending.get(producerId) : undefined) ?? []) {
          const standing = committed.get(at);
          if (standing === undefined || stepOf(standing) < stepOf(said)) committed.set(at, said);
        }
        pending.delete(producerId);
      }
    }
    const all = [committed, ...pending.values()].flatMap((table) => [...table]);
    expect(store.size).toBe(all.length);
    expect(store.metadataLength).toBe(
      all.reduce((sum, [, said]) => sum + said.length - `${stepOf(said)} `.length, 0),
    );
    const names = new Set(all.map(([at]) => at));
    const ofTopic = [...store.positionsOfTopic(topic)].map(([group, index]) => `${group} ${topic} ${index}`);
    expect(ofTopic.sort()).toEqual([...names].filter((at) => at.includes(` ${topic} `)).sort());
    const waits = [...pending.values()].some((table) =>
      [...table.keys()].some((at) => at.startsWith(`${groupId} `)),
    );
    expect(store.hasPending(groupId)).toBe(waits);
  }
});

function stepOf(said: string): number {
  return Number(said.split(" ")[0]);
}
