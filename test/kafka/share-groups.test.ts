import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { ACKNOWLEDGE } from "../../src/coordinators/shares/share-partition.ts";
import { ALTER_SHARE_GROUP_OFFSETS_REQUEST } from "../../src/kafka/wire/generated/alter-share-group-offsets-request.ts";
import { ALTER_SHARE_GROUP_OFFSETS_RESPONSE } from "../../src/kafka/wire/generated/alter-share-group-offsets-response.ts";
import { DELETE_GROUPS_REQUEST } from "../../src/kafka/wire/generated/delete-groups-request.ts";
import { DELETE_GROUPS_RESPONSE } from "../../src/kafka/wire/generated/delete-groups-response.ts";
import { DELETE_SHARE_GROUP_OFFSETS_REQUEST } from "../../src/kafka/wire/generated/delete-share-group-offsets-request.ts";
import { DELETE_SHARE_GROUP_OFFSETS_RESPONSE } from "../../src/kafka/wire/generated/delete-share-group-offsets-response.ts";
import { DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST } from "../../src/kafka/wire/generated/describe-share-group-offsets-request.ts";
import { DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE } from "../../src/kafka/wire/generated/describe-share-group-offsets-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { LIST_GROUPS_REQUEST } from "../../src/kafka/wire/generated/list-groups-request.ts";
import { LIST_GROUPS_RESPONSE } from "../../src/kafka/wire/generated/list-groups-response.ts";
import { SHARE_FETCH_REQUEST } from "../../src/kafka/wire/generated/share-fetch-request.ts";
import { SHARE_FETCH_RESPONSE } from "../../src/kafka/wire/generated/share-fetch-response.ts";
import { SHARE_GROUP_DESCRIBE_REQUEST } from "../../src/kafka/wire/generated/share-group-describe-request.ts";
import { SHARE_GROUP_DESCRIBE_RESPONSE } from "../../src/kafka/wire/generated/share-group-describe-response.ts";
import { SHARE_GROUP_HEARTBEAT_REQUEST } from "../../src/kafka/wire/generated/share-group-heartbeat-request.ts";
import { SHARE_GROUP_HEARTBEAT_RESPONSE } from "../../src/kafka/wire/generated/share-group-heartbeat-response.ts";
import { acquired, GROUP, ShareWorld, V } from "./support/share-world.ts";

const { ACCEPT } = ACKNOWLEDGE;

let world: ShareWorld;

beforeEach(async () => {
  world = await ShareWorld.open();
});
afterEach(() => world.gateway.close());

describe("membership", () => {
  test("a member joins, gets its partitions, goes on and leaves", async () => {
    const joined = await world.beat("m1", 0, ["jobs"]);
    expect(joined).toMatchObject({ errorCode: 0, memberId: "m1", memberEpoch: 1, heartbeatIntervalMs: 5000 });
    expect(joined.assignment?.topicPartitions).toMatchObject([{ topicId: world.jobs, partitions: [0, 1] }]);
    expect(await world.beat("m1", 1)).toMatchObject({ errorCode: 0, memberEpoch: 1, assignment: null });
    expect(await world.beat("m1", -1)).toMatchObject({ errorCode: 0, memberEpoch: -1 });
    expect((await world.beat("m1", 1)).errorCode).toBe(ERROR.UNKNOWN_MEMBER_ID);
  });

  test("partitions are shared with the next member, once they may be assigned anew", async () => {
    await world.beat("m1", 0, ["jobs"]);
    world.gateway.clock.advance(1000);
    const second = await world.beat("m2", 0, ["jobs"]);
    expect(second).toMatchObject({ memberEpoch: 2 });
    expect(second.assignment?.topicPartitions).toMatchObject([{ topicId: world.jobs, partitions: [1] }]);
    expect((await world.beat("m1", 1)).assignment?.topicPartitions).toMatchObject([
      { topicId: world.jobs, partitions: [0] },
    ]);
    world.gateway.clock.advance(1000);
    const third = await world.beat("m3", 0, ["jobs"]);
    expect(third.assignment?.topicPartitions).toHaveLength(1);
  });

  test("a topic that comes later is assigned at the next heartbeat, one that goes is taken back", async () => {
    expect((await world.beat("m1", 0, ["jobs", "later"])).assignment?.topicPartitions).toHaveLength(1);
    world.gateway.clock.advance(1000);
    world.gateway.broker.createTopic({ name: "later", partitionCount: 1, configs: new Map() }, () => {});
    const grown = await world.beat("m1", 1);
    expect(grown.assignment?.topicPartitions).toHaveLength(2);
    world.gateway.clock.advance(1000);
    world.gateway.broker.deleteTopic("jobs", () => {});
    await world.gateway.clock.settleAll();
    expect((await world.beat("m1", grown.memberEpoch)).assignment?.topicPartitions).toHaveLength(1);
    expect(world.shares.state.ofTopic(world.jobs)).toEqual([]);
  });

  test("a silent member is gone after its session, and its records go to others", async () => {
    await world.produce(0, "a");
    await world.beat("m1", 0, ["jobs"]);
    expect(acquired(await world.fetch("m1", 0))).toEqual([[0, 0, 1]]);
    world.gateway.clock.advance(20_000);
    await world.beat("m2", 0, ["jobs"]);
    world.gateway.clock.advance(26_000);
    await world.gateway.clock.settleAll();
    expect((await world.beat("m1", 1)).errorCode).toBe(ERROR.UNKNOWN_MEMBER_ID);
    expect(acquired(await world.fetch("m2", 0))).toEqual([[0, 0, 2]]);
  });

  test.each([
    ["an empty member id", { memberId: "" }, ERROR.INVALID_REQUEST],
    ["an empty group id", { groupId: "" }, ERROR.INVALID_REQUEST],
    ["no topics at first", { subscribedTopicNames: [] }, ERROR.INVALID_REQUEST],
    ["an epoch that there is not", { memberEpoch: -2 }, ERROR.INVALID_REQUEST],
    ["a group that there is not", { memberEpoch: 3 }, ERROR.GROUP_ID_NOT_FOUND],
  ])("refuses %s", async (_, change, errorCode) => {
    const good = {
      groupId: GROUP,
      memberId: "m",
      memberEpoch: 0,
      rackId: null,
      subscribedTopicNames: ["jobs"],
    };
    const request = { ...good, ...change };
    const answer = await world.client.ask(
      SHARE_GROUP_HEARTBEAT_REQUEST,
      SHARE_GROUP_HEARTBEAT_RESPONSE,
      request,
      1,
    );
    expect(answer.errorCode).toBe(errorCode);
  });

  test("refuses an epoch that is not the member's, and more members than may be", async () => {
    await world.gateway.close();
    world = await ShareWorld.open({ settings: { "group.share.max.size": 1 } });
    await world.beat("m1", 0, ["jobs"]);
    expect((await world.beat("m1", 7)).errorCode).toBe(ERROR.FENCED_MEMBER_EPOCH);
    expect((await world.beat("m2", 0, ["jobs"])).errorCode).toBe(ERROR.GROUP_MAX_SIZE_REACHED);
  });

  test("describes, lists and deletes the group", async () => {
    await world.beat("m1", 0, ["jobs"]);
    const describing = { groupIds: [GROUP, "none", ""], includeAuthorizedOperations: false };
    const { groups } = await world.client.ask(
      SHARE_GROUP_DESCRIBE_REQUEST,
      SHARE_GROUP_DESCRIBE_RESPONSE,
      describing,
      1,
    );
    expect(groups[0]).toMatchObject({
      errorCode: 0,
      groupState: "Stable",
      groupEpoch: 1,
      assignmentEpoch: 1,
      assignorName: "simple",
      members: [{ memberId: "m1", memberEpoch: 1, clientId: "test", subscribedTopicNames: ["jobs"] }],
    });
    expect(groups.map(({ errorCode }) => errorCode)).toEqual([
      0,
      ERROR.GROUP_ID_NOT_FOUND,
      ERROR.INVALID_GROUP_ID,
    ]);
    const listing = { statesFilter: [], typesFilter: ["share"] };
    const listed = await world.client.ask(LIST_GROUPS_REQUEST, LIST_GROUPS_RESPONSE, listing, 5);
    expect(listed.groups).toMatchObject([
      { groupId: GROUP, protocolType: "share", groupState: "Stable", groupType: "share" },
    ]);
    const deleting = { groupsNames: [GROUP] };
    const refused = await world.client.ask(DELETE_GROUPS_REQUEST, DELETE_GROUPS_RESPONSE, deleting, 2);
    expect(refused.results[0]?.errorCode).toBe(ERROR.NON_EMPTY_GROUP);
    await world.beat("m1", -1);
    const deleted = await world.client.ask(DELETE_GROUPS_REQUEST, DELETE_GROUPS_RESPONSE, deleting, 2);
    expect(deleted.results[0]?.errorCode).toBe(0);
    expect(world.shares.groups.get(GROUP)).toBeNull();
    expect(world.shares.state.ofGroup(GROUP)).toEqual([]);
  });

  test("members, their epochs and what they were assigned outlive a restart", async () => {
    await world.beat("m1", 0, ["jobs"]);
    const after = await world.afterPowerCut();
    const group = after.coordinators.shares.groups.get(GROUP);
    expect(group?.members.get("m1")).toMatchObject({ epoch: 1, topicNames: new Set(["jobs"]) });
    expect([group?.epoch, group?.assignmentEpoch, group?.initialized.get(world.jobs)?.partitions]).toEqual([
      1,
      1,
      [0, 1],
    ]);
    await after.close();
  });
});

describe("offsets", () => {
  async function describeOffsets(topicName: string | null) {
    const named = topicName === null ? null : [{ topicName, partitions: [0, 1] }];
    const request = { groups: [{ groupId: GROUP, topics: named }] };
    const answer = await world.client.ask(
      DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST,
      DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE,
      request,
      1,
    );
    return answer.groups[0];
  }

  async function alter(partitionIndex: number, startOffset: number, topicName = "jobs") {
    const request = {
      groupId: GROUP,
      topics: [{ topicName, partitions: [{ partitionIndex, startOffset }] }],
    };
    return await world.client.ask(
      ALTER_SHARE_GROUP_OFFSETS_REQUEST,
      ALTER_SHARE_GROUP_OFFSETS_RESPONSE,
      request,
      0,
    );
  }

  async function remove(topicName: string) {
    const request = { groupId: GROUP, topics: [{ topicName }] };
    return await world.client.ask(
      DELETE_SHARE_GROUP_OFFSETS_REQUEST,
      DELETE_SHARE_GROUP_OFFSETS_RESPONSE,
      request,
      0,
    );
  }

  test("are described with what is left to do", async () => {
    await world.beat("m1", 0, ["jobs"]);
    await world.produce(0, "a", "b", "c", "d");
    await world.fetch("m1", 0);
    await world.acknowledge("m1", 1, [
      [0, 0, ACCEPT],
      [2, 2, ACCEPT],
    ]);
    const described = await describeOffsets(null);
    expect(described?.topics[0]?.partitions).toMatchObject([
      { partitionIndex: 0, startOffset: 1, lag: 2, errorCode: 0 },
      { partitionIndex: 1, startOffset: -1, lag: -1, errorCode: 0 },
    ]);
    expect((await describeOffsets("nowhere"))?.topics[0]).toMatchObject({ topicId: ZERO_UUID });
  });

  test("are altered and deleted while nobody is there", async () => {
    await world.beat("m1", 0, ["jobs"]);
    await world.produce(0, "a", "b", "c");
    expect((await alter(0, 2)).errorCode).toBe(ERROR.NON_EMPTY_GROUP);
    expect((await remove("jobs")).errorCode).toBe(ERROR.NON_EMPTY_GROUP);
    await world.beat("m1", -1);
    const altered = await alter(0, 2);
    expect(altered).toMatchObject({
      errorCode: 0,
      responses: [{ topicId: world.jobs, partitions: [{ errorCode: 0 }] }],
    });
    expect((await alter(7, 2)).responses[0]?.partitions[0]?.errorCode).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    await world.beat("m1", 0, ["jobs"]);
    expect(acquired(await world.fetch("m1", 0))).toEqual([[2, 2, 1]]);
    await world.beat("m1", -1);
    expect((await remove("jobs")).responses).toMatchObject([
      { topicName: "jobs", topicId: world.jobs, errorCode: 0 },
    ]);
    expect((await remove("jobs")).responses[0]?.errorCode).toBe(ERROR.UNKNOWN_TOPIC_OR_PARTITION);
    await world.beat("m1", 0, ["jobs"]);
    expect(acquired(await world.fetch("m1", 0))).toEqual([[0, 2, 1]]);
  });

  test("that are altered count for who is waiting already", async () => {
    await world.produce(0, "a");
    await alter(0, 1);
    const other = await world.gateway.connect();
    const id = other.send(SHARE_FETCH_REQUEST, world.fetchRequest("m1", 0, { maxWaitMs: 9000 }), V);
    await world.gateway.clock.settleAll();
    expect(other.frames).toHaveLength(0);
    expect((await alter(0, 0)).errorCode).toBe(0);
    expect(acquired(other.take(SHARE_FETCH_RESPONSE, V, id))).toEqual([[0, 0, 1]]);
    expect(world.startOffset).toBe(0);
  });

  test("make a group where there is none", async () => {
    expect((await alter(0, 5)).errorCode).toBe(0);
    expect((await describeOffsets("jobs"))?.topics[0]?.partitions[0]?.startOffset).toBe(5);
    expect(world.shares.groups.get(GROUP)?.stateName).toBe("Empty");
  });
});
