import { expect, test } from "bun:test";
import { silentLogger } from "../../../src/base/logger.ts";
import { Broker } from "../../../src/broker/broker.ts";
import { defaultSettings } from "../../../src/config/options.ts";
import { GroupCoordinator } from "../../../src/coordinators/groups/group-coordinator.ts";
import { InternalTopicLog } from "../../../src/coordinators/runtime/internal-log.ts";
import { ManualClock } from "../../../src/io/simulated/clock.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { LogStore } from "../../../src/log/log-store.ts";

const TOPIC = {
  name: "__consumer_offsets",
  configs: new Map([
    ["cleanup.policy", "compact"],
    ["segment.bytes", "1048576"],
    ["min.cleanable.dirty.ratio", "0.01"],
  ]),
};
const GROUPS = 200;
const ROUNDS = 60;

async function open(disk: SimulatedDisk, clock: ManualClock) {
  const opening = LogStore.open({ disk, clock, folder: "/data", random: new SeededRandom(5) });
  await clock.settleAll();
  const store = await opening;
  const broker = new Broker({
    store,
    clock,
    random: new SeededRandom(11),
    logger: silentLogger,
    nodeId: 1,
    clusterId: "test",
    topicDefaults: new Map(),
    autoCreateTopics: true,
    defaultPartitions: 1,
    maxPartitions: 100,
  });
  const groups = new GroupCoordinator({
    openLog: (state) => new InternalTopicLog(broker, TOPIC, state),
    topics: broker.topics,
    clock,
    random: new SeededRandom(13),
    logger: silentLogger,
    settings: defaultSettings(),
  });
  groups.load();
  return { store, broker, groups };
}

test("what compaction leaves of the log is the same groups, offsets and open transactions", async () => {
  const disk = new SimulatedDisk({ seed: 7 });
  const clock = new ManualClock();
  const { store, broker, groups } = await open(disk, clock);
  const topic = broker.createTopic({ name: "t", partitionCount: 3, configs: new Map() }, () => {});
  if ("error" in topic) throw new Error(topic.message);
  const commit = (groupId: string, partition: number, offset: number, producerId = -1): void => {
    const request = {
      groupId,
      caller: { memberId: "", groupInstanceId: null, generationOrEpoch: -1 },
      version: 9,
      retentionMs: -1,
      topics: [
        {
          name: "t",
          id: topic.id,
          partitions: [{ partition, offset, leaderEpoch: 0, metadata: "m".repeat(100) }],
        },
      ],
    };
    if (producerId === -1) groups.offsets.commit(request, () => {});
    else groups.offsets.commitTransactional({ producerId, producerEpoch: 0 }, request, () => {});
  };
  const end = (producerId: number, outcome: "commit" | "abort"): void =>
    groups.appendMarker({ producerId, producerEpoch: 0, coordinatorEpoch: 0, outcome }, () => {});

  commit("committed", 0, 901, 1);
  commit("aborted", 0, 902, 2);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (let group = 0; group < GROUPS; group += 1) commit(`g${group}`, round % 2, round);
    if (round === 2) end(1, "commit");
    if (round === 3) end(2, "abort");
    if (round === 40) for (let group = 0; group < 50; group += 1) groups.delete(`g${group}`, () => {});
    if (round === 40) commit("reborn", 0, 1);
    if (round === 41) groups.delete("reborn", () => {});
    if (round === 42) commit("reborn", 1, 2);
    // From here on nothing below the transaction's first record is final.
    if (round === 50) commit("open", 0, 903, 3);
    await clock.settleAll();
  }
  const log = broker.partition(TOPIC.name, 0)?.log;
  const sizeBefore = log?.sizeBytes ?? 0;
  for (let turn = 0; turn < 30; turn += 1) {
    const maintaining = store.maintain(clock.nowMs());
    clock.advance(1000);
    await clock.settleAll();
    await maintaining;
  }
  await clock.settleAll();
  expect(log?.sizeBytes ?? 0).toBeLessThan(sizeBefore * 0.8);

  const after = await open(disk.crash("nothing"), new ManualClock());
  const { offsets, registry } = after.groups;
  const told = (groupId: string, partition: number) => {
    const { error, offset } = offsets.fetchOffset(groupId, "t", partition, true);
    return error === 0 ? Number(offset) : -1000 - error;
  };
  for (let group = 0; group < GROUPS; group += 1) {
    expect([told(`g${group}`, 0), told(`g${group}`, 1)]).toEqual([ROUNDS, ROUNDS - 1]);
  }
  expect(told("committed", 0)).toBe(901);
  expect(told("aborted", 0)).toBe(-1);
  expect([told("reborn", 0), told("reborn", 1)]).toEqual([-1, 2]);
  expect(told("open", 0)).toBe(-1000 - ERROR.UNSTABLE_OFFSET_COMMIT);
  // A group of which nothing but an aborted offset was ever written need not come back.
  const names = (all: Iterable<{ readonly id: string }>) =>
    Array.from(all, ({ id }) => id).filter((id) => id !== "aborted");
  expect(names(registry.all()).toSorted()).toEqual(names(groups.registry.all()).toSorted());
  after.groups.endTransaction(3, "commit");
  expect(told("open", 0)).toBe(903);
}, 30_000);
