import { describe, expect, test } from "bun:test";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import {
  CONSUMER_GROUP_DESCRIBE_REQUEST,
  DEFAULT_CONSUMER_GROUP_DESCRIBE_REQUEST,
} from "../../src/kafka/wire/generated/consumer-group-describe-request.ts";
import { CONSUMER_GROUP_DESCRIBE_RESPONSE } from "../../src/kafka/wire/generated/consumer-group-describe-response.ts";
import {
  CONSUMER_GROUP_HEARTBEAT_REQUEST,
  type ConsumerGroupHeartbeatRequest,
  DEFAULT_CONSUMER_GROUP_HEARTBEAT_REQUEST,
} from "../../src/kafka/wire/generated/consumer-group-heartbeat-request.ts";
import {
  CONSUMER_GROUP_HEARTBEAT_RESPONSE,
  type ConsumerGroupHeartbeatResponse,
} from "../../src/kafka/wire/generated/consumer-group-heartbeat-response.ts";
import { DELETE_GROUPS_REQUEST } from "../../src/kafka/wire/generated/delete-groups-request.ts";
import { DELETE_GROUPS_RESPONSE } from "../../src/kafka/wire/generated/delete-groups-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { INCREMENTAL_ALTER_CONFIGS_REQUEST } from "../../src/kafka/wire/generated/incremental-alter-configs-request.ts";
import { INCREMENTAL_ALTER_CONFIGS_RESPONSE } from "../../src/kafka/wire/generated/incremental-alter-configs-response.ts";
import { LIST_GROUPS_REQUEST } from "../../src/kafka/wire/generated/list-groups-request.ts";
import { LIST_GROUPS_RESPONSE } from "../../src/kafka/wire/generated/list-groups-response.ts";
import {
  DEFAULT_OFFSET_COMMIT_REQUEST,
  OFFSET_COMMIT_REQUEST,
} from "../../src/kafka/wire/generated/offset-commit-request.ts";
import { OFFSET_COMMIT_RESPONSE } from "../../src/kafka/wire/generated/offset-commit-response.ts";
import {
  DEFAULT_OFFSET_FETCH_REQUEST,
  OFFSET_FETCH_REQUEST,
} from "../../src/kafka/wire/generated/offset-fetch-request.ts";
import { OFFSET_FETCH_RESPONSE } from "../../src/kafka/wire/generated/offset-fetch-response.ts";
import { Gateway, type TestClient } from "./support/door.ts";

const GROUP = "workers";
const JOIN: Partial<ConsumerGroupHeartbeatRequest> = {
  memberEpoch: 0,
  rebalanceTimeoutMs: 60_000,
  subscribedTopicNames: ["t"],
  topicPartitions: [],
};

async function open(disk?: SimulatedDisk) {
  const gateway = await Gateway.open(disk === undefined ? {} : { disk });
  const client = await gateway.connect();
  if (gateway.broker.topics.get("t") === null) {
    gateway.broker.createTopic({ name: "t", partitionCount: 3, configs: new Map() }, () => {});
    await gateway.clock.settleAll();
  }
  return { gateway, client };
}

async function beat(
  client: TestClient,
  said: Partial<ConsumerGroupHeartbeatRequest>,
  version = 1,
): Promise<ConsumerGroupHeartbeatResponse> {
  const request = { ...DEFAULT_CONSUMER_GROUP_HEARTBEAT_REQUEST, groupId: GROUP, memberId: "a", ...said };
  return await client.ask(
    CONSUMER_GROUP_HEARTBEAT_REQUEST,
    CONSUMER_GROUP_HEARTBEAT_RESPONSE,
    request,
    version,
  );
}

async function describeGroups(client: TestClient, groupIds: readonly string[], version = 1) {
  const request = { ...DEFAULT_CONSUMER_GROUP_DESCRIBE_REQUEST, groupIds, includeAuthorizedOperations: true };
  const answer = await client.ask(
    CONSUMER_GROUP_DESCRIBE_REQUEST,
    CONSUMER_GROUP_DESCRIBE_RESPONSE,
    request,
    version,
  );
  return answer.groups;
}

describe("ConsumerGroupHeartbeat", () => {
  test.each([0, 1])("joins, goes on and leaves in version %d", async (version) => {
    const { gateway, client } = await open();
    const id = gateway.broker.topics.get("t")?.id as never;
    const joined = await beat(client, { ...JOIN, memberId: version === 0 ? "" : "a" }, version);
    expect(joined).toMatchObject({
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      memberEpoch: 2,
      heartbeatIntervalMs: 5000,
      assignment: { topicPartitions: [{ topicId: id, partitions: [0, 1, 2] }] },
    });
    const memberId = joined.memberId ?? "";
    expect(await beat(client, { memberId, memberEpoch: 2 }, version)).toMatchObject({
      errorCode: 0,
      memberEpoch: 2,
      assignment: null,
    });
    expect(await beat(client, { memberId, memberEpoch: -1 }, version)).toMatchObject({
      errorCode: 0,
      memberId,
      memberEpoch: -1,
    });
    expect((await beat(client, { memberId, memberEpoch: 1 }, version)).errorCode).toBe(
      ERROR.UNKNOWN_MEMBER_ID,
    );
    await gateway.close();
  });

  test("says in words what is wrong", async () => {
    const { gateway, client } = await open();
    expect(await beat(client, { ...JOIN, serverAssignor: "x" })).toMatchObject({
      errorCode: ERROR.UNSUPPORTED_ASSIGNOR,
      errorMessage: "ServerAssignor x is not supported. Supported assignors: uniform, range.",
      memberId: null,
    });
    const wrong = { ...JOIN, subscribedTopicNames: [], subscribedTopicRegex: "(" };
    expect(await beat(client, wrong)).toMatchObject({
      errorCode: ERROR.INVALID_REGULAR_EXPRESSION,
      errorMessage: "SubscribedTopicRegex `(` is not a valid regular expression: missing closing ): `(`.",
    });
    await gateway.close();
  });

  test("obeys what is set for its group alone", async () => {
    const { gateway, client } = await open();
    const configs = [{ name: "consumer.heartbeat.interval.ms", configOperation: 0, value: "7000" }];
    const request = {
      resources: [{ resourceType: 32, resourceName: GROUP, configs }],
      validateOnly: false,
    };
    const codecs = [INCREMENTAL_ALTER_CONFIGS_REQUEST, INCREMENTAL_ALTER_CONFIGS_RESPONSE] as const;
    const altered = await client.ask(...codecs, request, 1);
    expect(altered.responses[0]?.errorCode).toBe(0);
    expect((await beat(client, JOIN)).heartbeatIntervalMs).toBe(7000);
    await gateway.close();
  });

  test("is refused where an operator has switched the protocol off", async () => {
    const { gateway, client } = await open();
    Object.assign(gateway.broker, { featureLevel: () => 0 });
    expect((await beat(client, JOIN)).errorCode).toBe(ERROR.UNSUPPORTED_VERSION);
    expect((await describeGroups(client, [GROUP]))[0]?.errorCode).toBe(ERROR.UNSUPPORTED_VERSION);
    await gateway.close();
  });

  test("goes on after a restart where it was, as if nothing had been", async () => {
    const disk = new SimulatedDisk({ seed: 3 });
    const first = await open(disk);
    expect((await beat(first.client, JOIN)).memberEpoch).toBe(2);
    // Within the interval between assignments it shares the first one, of which nothing is its own.
    const late = await beat(first.client, { ...JOIN, memberId: "b" });
    expect(late).toMatchObject({ memberEpoch: 2, assignment: { topicPartitions: [] } });
    await first.gateway.close();
    const second = await open(disk);
    const [described] = await describeGroups(second.client, [GROUP]);
    expect(described).toMatchObject({ groupState: "Assigning", groupEpoch: 3, assignmentEpoch: 2 });
    second.gateway.clock.advance(2000);
    const topicId = second.gateway.broker.topics.get("t")?.id ?? ZERO_UUID;
    const has = (partitions: readonly number[]) => [{ topicId, partitions }];
    const told = await beat(second.client, { memberEpoch: 2, topicPartitions: has([0, 1, 2]) });
    expect(told).toMatchObject({ errorCode: 0, memberEpoch: 2 });
    const kept = told.assignment?.topicPartitions ?? [];
    expect(kept[0]?.partitions).toHaveLength(2);
    expect((await beat(second.client, { memberEpoch: 2, topicPartitions: kept })).memberEpoch).toBe(3);
    const other = await beat(second.client, { memberId: "b", memberEpoch: 2, topicPartitions: [] });
    expect(other.assignment?.topicPartitions[0]?.partitions).toHaveLength(1);
    await second.gateway.close();
  });
});

describe("ConsumerGroupDescribe", () => {
  test("tells the group, its members, what they have and what they are to have", async () => {
    const { gateway, client } = await open();
    await beat(client, { ...JOIN, instanceId: "i", rackId: "r", serverAssignor: "range" });
    const id = gateway.broker.topics.get("t")?.id as never;
    const assignment = { topicPartitions: [{ topicId: id, topicName: "t", partitions: [0, 1, 2] }] };
    for (const version of [0, 1]) {
      const [found, missing] = await describeGroups(client, [GROUP, "other"], version);
      expect(found).toMatchObject({
        errorCode: 0,
        groupId: GROUP,
        groupState: "Stable",
        groupEpoch: 2,
        assignmentEpoch: 2,
        assignorName: "range",
        members: [
          {
            memberId: "a",
            instanceId: "i",
            rackId: "r",
            memberEpoch: 2,
            clientId: "test",
            clientHost: "/127.0.0.1",
            subscribedTopicNames: ["t"],
            subscribedTopicRegex: "",
            assignment,
            targetAssignment: assignment,
            memberType: version === 0 ? -1 : 1,
          },
        ],
      });
      expect(found?.authorizedOperations).toBeGreaterThan(0);
      expect(missing).toMatchObject({
        errorCode: ERROR.GROUP_ID_NOT_FOUND,
        errorMessage: "Group other not found.",
      });
    }
    gateway.coordinators.groups.classic.addSimple("simple");
    const [classic] = await describeGroups(client, ["simple"]);
    expect(classic?.errorMessage).toBe("Group simple is not a consumer group.");
    await gateway.close();
  });
});

test("other requests see a consumer group as one", async () => {
  const { gateway, client } = await open();
  await beat(client, JOIN);
  const listed = await client.ask(
    LIST_GROUPS_REQUEST,
    LIST_GROUPS_RESPONSE,
    { statesFilter: ["Stable"], typesFilter: ["consumer"] },
    5,
  );
  expect(listed.groups).toEqual([
    { groupId: GROUP, protocolType: "consumer", groupState: "Stable", groupType: "consumer" },
  ]);
  const commit = async (generationIdOrMemberEpoch: number): Promise<number> => {
    const partition = {
      partitionIndex: 0,
      committedOffset: 5,
      committedLeaderEpoch: -1,
      committedMetadata: null,
    };
    const topics = [{ name: "t", topicId: ZERO_UUID, partitions: [partition] }];
    const answer = await client.ask(
      OFFSET_COMMIT_REQUEST,
      OFFSET_COMMIT_RESPONSE,
      { ...DEFAULT_OFFSET_COMMIT_REQUEST, groupId: GROUP, memberId: "a", generationIdOrMemberEpoch, topics },
      9,
    );
    return answer.topics[0]?.partitions[0]?.errorCode ?? -1;
  };
  expect([await commit(2), await commit(7)]).toEqual([0, ERROR.STALE_MEMBER_EPOCH]);
  const fetch = async (memberEpoch: number) => {
    const groups = [{ groupId: GROUP, memberId: "a", memberEpoch, topics: null }];
    const answer = await client.ask(
      OFFSET_FETCH_REQUEST,
      OFFSET_FETCH_RESPONSE,
      { ...DEFAULT_OFFSET_FETCH_REQUEST, groups },
      9,
    );
    return answer.groups[0];
  };
  expect((await fetch(2))?.topics[0]?.partitions[0]?.committedOffset).toBe(5);
  expect((await fetch(3))?.errorCode).toBe(ERROR.STALE_MEMBER_EPOCH);
  const remove = { groupsNames: [GROUP] };
  const kept = await client.ask(DELETE_GROUPS_REQUEST, DELETE_GROUPS_RESPONSE, remove, 2);
  expect(kept.results[0]?.errorCode).toBe(ERROR.NON_EMPTY_GROUP);
  await beat(client, { memberEpoch: -1 });
  const removed = await client.ask(DELETE_GROUPS_REQUEST, DELETE_GROUPS_RESPONSE, remove, 2);
  expect(removed.results[0]?.errorCode).toBe(0);
  expect((await describeGroups(client, [GROUP]))[0]?.errorCode).toBe(ERROR.GROUP_ID_NOT_FOUND);
  await gateway.close();
});
