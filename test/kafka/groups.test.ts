import { describe, expect, test } from "bun:test";
import { uuidFromBytes, ZERO_UUID } from "../../src/base/ids.ts";
import { DELETE_GROUPS_REQUEST } from "../../src/kafka/wire/generated/delete-groups-request.ts";
import { DELETE_GROUPS_RESPONSE } from "../../src/kafka/wire/generated/delete-groups-response.ts";
import { DELETE_TOPICS_REQUEST } from "../../src/kafka/wire/generated/delete-topics-request.ts";
import { DELETE_TOPICS_RESPONSE } from "../../src/kafka/wire/generated/delete-topics-response.ts";
import { DESCRIBE_GROUPS_REQUEST } from "../../src/kafka/wire/generated/describe-groups-request.ts";
import { DESCRIBE_GROUPS_RESPONSE } from "../../src/kafka/wire/generated/describe-groups-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { FIND_COORDINATOR_REQUEST } from "../../src/kafka/wire/generated/find-coordinator-request.ts";
import { FIND_COORDINATOR_RESPONSE } from "../../src/kafka/wire/generated/find-coordinator-response.ts";
import { HEARTBEAT_REQUEST } from "../../src/kafka/wire/generated/heartbeat-request.ts";
import { HEARTBEAT_RESPONSE } from "../../src/kafka/wire/generated/heartbeat-response.ts";
import { INIT_PRODUCER_ID_REQUEST } from "../../src/kafka/wire/generated/init-producer-id-request.ts";
import { INIT_PRODUCER_ID_RESPONSE } from "../../src/kafka/wire/generated/init-producer-id-response.ts";
import {
  DEFAULT_JOIN_GROUP_REQUEST,
  JOIN_GROUP_REQUEST,
} from "../../src/kafka/wire/generated/join-group-request.ts";
import {
  JOIN_GROUP_RESPONSE,
  type JoinGroupResponse,
} from "../../src/kafka/wire/generated/join-group-response.ts";
import { LEAVE_GROUP_REQUEST } from "../../src/kafka/wire/generated/leave-group-request.ts";
import { LEAVE_GROUP_RESPONSE } from "../../src/kafka/wire/generated/leave-group-response.ts";
import { LIST_GROUPS_REQUEST } from "../../src/kafka/wire/generated/list-groups-request.ts";
import { LIST_GROUPS_RESPONSE } from "../../src/kafka/wire/generated/list-groups-response.ts";
import {
  DEFAULT_OFFSET_COMMIT_REQUEST,
  OFFSET_COMMIT_REQUEST,
} from "../../src/kafka/wire/generated/offset-commit-request.ts";
import { OFFSET_COMMIT_RESPONSE } from "../../src/kafka/wire/generated/offset-commit-response.ts";
import { OFFSET_DELETE_REQUEST } from "../../src/kafka/wire/generated/offset-delete-request.ts";
import { OFFSET_DELETE_RESPONSE } from "../../src/kafka/wire/generated/offset-delete-response.ts";
import {
  DEFAULT_OFFSET_FETCH_REQUEST,
  OFFSET_FETCH_REQUEST,
} from "../../src/kafka/wire/generated/offset-fetch-request.ts";
import { OFFSET_FETCH_RESPONSE } from "../../src/kafka/wire/generated/offset-fetch-response.ts";
import { SYNC_GROUP_REQUEST } from "../../src/kafka/wire/generated/sync-group-request.ts";
import { SYNC_GROUP_RESPONSE } from "../../src/kafka/wire/generated/sync-group-response.ts";
import { TXN_OFFSET_COMMIT_REQUEST } from "../../src/kafka/wire/generated/txn-offset-commit-request.ts";
import { TXN_OFFSET_COMMIT_RESPONSE } from "../../src/kafka/wire/generated/txn-offset-commit-response.ts";
import { Gateway, type TestClient } from "./support/door.ts";

const GROUP = "workers";
const SUBSCRIPTION = Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 1, 0x74, 0xff, 0xff, 0xff, 0xff);

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (of: string): Uint8Array => new TextEncoder().encode(of);

function versions(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

async function openWithTopic(partitionCount = 3) {
  const gateway = await Gateway.open();
  const topic = gateway.broker.createTopic({ name: "t", partitionCount, configs: new Map() }, () => {});
  if ("error" in topic) throw new Error(topic.message);
  return { gateway, client: await gateway.connect(), topicId: topic.id };
}

async function join(
  gateway: Gateway,
  client: TestClient,
  version: number,
  memberId = "",
): Promise<JoinGroupResponse> {
  const request = {
    ...DEFAULT_JOIN_GROUP_REQUEST,
    groupId: GROUP,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: version >= 1 ? 30_000 : -1,
    memberId,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: SUBSCRIPTION }],
  };
  const correlationId = client.send(JOIN_GROUP_REQUEST, request, version);
  await gateway.clock.settleAll();
  for (let turn = 0; turn < 10 && client.frames.length === 0; turn += 1) {
    gateway.clock.advance(1000);
    await gateway.clock.settleAll();
  }
  const joined = client.take(JOIN_GROUP_RESPONSE, version, correlationId);
  return joined.errorCode === ERROR.MEMBER_ID_REQUIRED
    ? join(gateway, client, version, joined.memberId)
    : joined;
}

async function syncAll(client: TestClient, joined: JoinGroupResponse, version: number) {
  return client.ask(
    SYNC_GROUP_REQUEST,
    SYNC_GROUP_RESPONSE,
    {
      groupId: GROUP,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupInstanceId: null,
      protocolType: version >= 5 ? "consumer" : null,
      protocolName: version >= 5 ? "range" : null,
      assignments: [{ memberId: joined.memberId, assignment: bytes("mine") }],
    },
    version,
  );
}

describe("the classic protocol", () => {
  test.each(versions(0, 9))("from join to leave, JoinGroup %d", async (version) => {
    const { gateway, client } = await openWithTopic();
    const joined = await join(gateway, client, version);
    expect(joined).toMatchObject({
      errorCode: 0,
      generationId: 1,
      leader: joined.memberId,
      protocolName: "range",
      members: [{ memberId: joined.memberId, metadata: SUBSCRIPTION }],
    });
    if (version >= 7) expect(joined.protocolType).toBe("consumer");
    const synced = await syncAll(client, joined, Math.min(version, 5));
    expect([synced.errorCode, text(synced.assignment)]).toEqual([0, "mine"]);
    const beat = { groupId: GROUP, generationId: 1, memberId: joined.memberId, groupInstanceId: null };
    const alive = await client.ask(HEARTBEAT_REQUEST, HEARTBEAT_RESPONSE, beat, Math.min(version, 4));
    expect(alive.errorCode).toBe(0);
    const leaving = Math.min(version, 5);
    const left = await client.ask(
      LEAVE_GROUP_REQUEST,
      LEAVE_GROUP_RESPONSE,
      {
        groupId: GROUP,
        memberId: leaving < 3 ? joined.memberId : "",
        members:
          leaving < 3
            ? []
            : [{ memberId: joined.memberId, groupInstanceId: null, reason: leaving < 5 ? null : "done" }],
      },
      leaving,
    );
    expect([left.errorCode, left.members.map(({ errorCode }) => errorCode)]).toEqual([
      0,
      leaving < 3 ? [] : [0],
    ]);
    const gone = await client.ask(HEARTBEAT_REQUEST, HEARTBEAT_RESPONSE, beat, Math.min(version, 4));
    expect(gone.errorCode).toBe(ERROR.UNKNOWN_MEMBER_ID);
    await gateway.close();
  });

  test("an error of JoinGroup reads in every version", async () => {
    const { gateway, client } = await openWithTopic();
    for (const version of versions(0, 9)) {
      const request = { ...DEFAULT_JOIN_GROUP_REQUEST, groupId: GROUP, sessionTimeoutMs: 1 };
      const refused = await client.ask(JOIN_GROUP_REQUEST, JOIN_GROUP_RESPONSE, request, version);
      expect(refused).toMatchObject({ errorCode: ERROR.INVALID_SESSION_TIMEOUT, generationId: -1 });
    }
    await gateway.close();
  });

  test("SyncGroup 5 has to say its protocol; LeaveGroup before 3 tells its member's error at the top", async () => {
    const { gateway, client } = await openWithTopic();
    const unsaid = await client.ask(
      SYNC_GROUP_REQUEST,
      SYNC_GROUP_RESPONSE,
      {
        groupId: GROUP,
        generationId: 1,
        memberId: "m",
        groupInstanceId: null,
        protocolType: null,
        protocolName: "range",
        assignments: [],
      },
      5,
    );
    expect(unsaid.errorCode).toBe(ERROR.INCONSISTENT_GROUP_PROTOCOL);
    for (const version of versions(0, 2)) {
      const request = { groupId: GROUP, memberId: "nobody", members: [] };
      const refused = await client.ask(LEAVE_GROUP_REQUEST, LEAVE_GROUP_RESPONSE, request, version);
      expect(refused.errorCode).toBe(ERROR.UNKNOWN_MEMBER_ID);
    }
    await gateway.close();
  });

  test("members of two connections share one rebalance; the follower waits for the leader", async () => {
    const { gateway, client } = await openWithTopic();
    const other = await gateway.connect();
    const [first, second] = await Promise.all([join(gateway, client, 9), join(gateway, other, 9)]);
    expect([first.generationId, second.generationId]).toEqual([1, 1]);
    const [leader, follower, leaderClient, followerClient] =
      first.leader === first.memberId ? [first, second, client, other] : [second, first, other, client];
    const request = {
      groupId: GROUP,
      generationId: 1,
      groupInstanceId: null,
      protocolType: "consumer",
      protocolName: "range",
    };
    const waiting = followerClient.send(
      SYNC_GROUP_REQUEST,
      { ...request, memberId: follower.memberId, assignments: [] },
      5,
    );
    await gateway.clock.settleAll();
    expect(followerClient.frames).toHaveLength(0);
    const assignments = [leader, follower].map(({ memberId }) => ({ memberId, assignment: bytes(memberId) }));
    const own = await leaderClient.ask(
      SYNC_GROUP_REQUEST,
      SYNC_GROUP_RESPONSE,
      { ...request, memberId: leader.memberId, assignments },
      5,
    );
    expect(text(own.assignment)).toBe(leader.memberId);
    expect(text(followerClient.take(SYNC_GROUP_RESPONSE, 5, waiting).assignment)).toBe(follower.memberId);
    await gateway.close();
  });
});

describe("committed offsets", () => {
  test.each(versions(2, 10))(
    "are taken by OffsetCommit %d and told by every OffsetFetch",
    async (version) => {
      const { gateway, client, topicId } = await openWithTopic();
      const named = version >= 10 ? { name: "", topicId } : { name: "t", topicId: ZERO_UUID };
      const of = (partitionIndex: number, committedOffset: number) => ({
        partitionIndex,
        committedOffset,
        committedLeaderEpoch: version >= 6 ? 0 : -1,
        committedMetadata: "m",
      });
      const answer = await client.ask(
        OFFSET_COMMIT_REQUEST,
        OFFSET_COMMIT_RESPONSE,
        {
          ...DEFAULT_OFFSET_COMMIT_REQUEST,
          groupId: GROUP,
          topics: [{ ...named, partitions: [of(9, 1), of(1, 77)] }],
        },
        version,
      );
      expect(answer.topics[0]?.partitions).toEqual([
        { partitionIndex: 9, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION },
        { partitionIndex: 1, errorCode: 0 },
      ]);
      for (const fetchVersion of versions(1, 10)) {
        const told = await fetchOffsets(client, fetchVersion, topicId, [1, 2]);
        const leaderEpoch = fetchVersion >= 5 && version >= 6 ? 0 : -1;
        const none = {
          partitionIndex: 2,
          committedOffset: -1,
          committedLeaderEpoch: -1,
          metadata: "",
          errorCode: 0,
        };
        expect(told.partitions).toEqual([
          {
            partitionIndex: 1,
            committedOffset: 77,
            committedLeaderEpoch: leaderEpoch,
            metadata: "m",
            errorCode: 0,
          },
          none,
        ]);
        if (fetchVersion < 2) continue;
        const all = await fetchOffsets(client, fetchVersion, topicId, null);
        expect(all.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([1]);
      }
      await gateway.close();
    },
  );

  async function fetchOffsets(
    client: TestClient,
    version: number,
    topicId: typeof ZERO_UUID,
    partitionIndexes: readonly number[] | null,
    requireStable = false,
  ) {
    const topic = { name: version >= 10 ? "" : "t", topicId: version >= 10 ? topicId : ZERO_UUID };
    const asked = partitionIndexes === null ? null : [{ ...topic, partitionIndexes }];
    const plain = partitionIndexes === null ? null : [{ name: "t", partitionIndexes }];
    const request =
      version >= 8
        ? {
            ...DEFAULT_OFFSET_FETCH_REQUEST,
            requireStable,
            groups: [
              { groupId: "another", memberId: null, memberEpoch: -1, topics: null },
              { groupId: GROUP, memberId: null, memberEpoch: -1, topics: asked },
            ],
          }
        : {
            ...DEFAULT_OFFSET_FETCH_REQUEST,
            groupId: GROUP,
            topics: plain,
            requireStable: version >= 7 && requireStable,
          };
    const answer = await client.ask(OFFSET_FETCH_REQUEST, OFFSET_FETCH_RESPONSE, request, version);
    if (version < 8) return { errorCode: answer.errorCode, partitions: answer.topics[0]?.partitions ?? [] };
    expect(answer.groups[0]).toMatchObject({ groupId: "another", errorCode: 0, topics: [] });
    const { errorCode, topics } = answer.groups[1] ?? { errorCode: -1, topics: [] };
    if (version >= 10) for (const told of topics) expect(told.topicId).toBe(topicId);
    return { errorCode, partitions: topics[0]?.partitions ?? [] };
  }

  test("are taken where clients' topics leave no room for more, or have a name too like", async () => {
    const gateway = await Gateway.open({ broker: { maxPartitions: 2 } });
    for (const name of ["t", "__consumer.offsets"]) {
      expect(
        gateway.broker.createTopic({ name, partitionCount: 1, configs: new Map() }, () => {}),
      ).toHaveProperty("id");
    }
    const client = await gateway.connect();
    const partitions = [
      { partitionIndex: 0, committedOffset: 3, committedLeaderEpoch: -1, committedMetadata: null },
    ];
    const answer = await client.ask(
      OFFSET_COMMIT_REQUEST,
      OFFSET_COMMIT_RESPONSE,
      {
        ...DEFAULT_OFFSET_COMMIT_REQUEST,
        groupId: GROUP,
        topics: [{ name: "t", topicId: ZERO_UUID, partitions }],
      },
      9,
    );
    expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(0);
    await gateway.close();
  });

  test("of topics that are not there are refused, by name and by id", async () => {
    const { gateway, client } = await openWithTopic();
    const unknownId = uuidFromBytes(new Uint8Array(16).fill(9));
    const partition = {
      partitionIndex: 0,
      committedOffset: 1,
      committedLeaderEpoch: -1,
      committedMetadata: null,
    };
    for (const [version, error] of [
      [9, ERROR.UNKNOWN_TOPIC_OR_PARTITION],
      [10, ERROR.UNKNOWN_TOPIC_ID],
    ] as const) {
      const named = version >= 10 ? { name: "", topicId: unknownId } : { name: "none", topicId: ZERO_UUID };
      const answer = await client.ask(
        OFFSET_COMMIT_REQUEST,
        OFFSET_COMMIT_RESPONSE,
        { ...DEFAULT_OFFSET_COMMIT_REQUEST, groupId: GROUP, topics: [{ ...named, partitions: [partition] }] },
        version,
      );
      expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(error);
    }
    const told = await fetchOffsets(client, 10, unknownId, [0]);
    expect(told.partitions[0]).toMatchObject({ errorCode: ERROR.UNKNOWN_TOPIC_ID, committedOffset: -1 });
    await gateway.close();
  });

  test("go with their topic, and are deleted by themselves or with their group", async () => {
    const { gateway, client, topicId } = await openWithTopic();
    const commit = (groupId: string) =>
      client.ask(
        OFFSET_COMMIT_REQUEST,
        OFFSET_COMMIT_RESPONSE,
        {
          ...DEFAULT_OFFSET_COMMIT_REQUEST,
          groupId,
          topics: [
            {
              name: "t",
              topicId: ZERO_UUID,
              partitions: versions(0, 2).map((partitionIndex) => ({
                partitionIndex,
                committedOffset: 5,
                committedLeaderEpoch: -1,
                committedMetadata: null,
              })),
            },
          ],
        },
        9,
      );
    await commit(GROUP);
    const deleted = await client.ask(
      OFFSET_DELETE_REQUEST,
      OFFSET_DELETE_RESPONSE,
      {
        groupId: GROUP,
        topics: [
          { name: "none", partitions: [{ partitionIndex: 0 }] },
          { name: "t", partitions: [{ partitionIndex: 9 }, { partitionIndex: 1 }] },
        ],
      },
      0,
    );
    const unknown = ERROR.UNKNOWN_TOPIC_OR_PARTITION;
    expect(deleted.topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode))).toEqual([
      [unknown],
      [unknown, 0],
    ]);
    const left = await fetchOffsets(client, 9, topicId, [0, 1]);
    expect(left.partitions.map(({ committedOffset }) => committedOffset)).toEqual([5, -1]);
    for (const version of versions(0, 2)) {
      await commit("short-lived");
      const request = { groupsNames: ["short-lived", "none", "short-lived"] };
      const { results } = await client.ask(DELETE_GROUPS_REQUEST, DELETE_GROUPS_RESPONSE, request, version);
      expect(results.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
        ["short-lived", 0],
        ["none", ERROR.GROUP_ID_NOT_FOUND],
      ]);
    }
    const removal = { topics: [{ name: "t", topicId: ZERO_UUID }], topicNames: [], timeoutMs: 1000 };
    await client.ask(DELETE_TOPICS_REQUEST, DELETE_TOPICS_RESPONSE, removal, 6);
    expect((await fetchOffsets(client, 9, topicId, null)).partitions).toEqual([]);
    await gateway.close();
  });

  test("of a transaction are unstable until it ends, TxnOffsetCommit 0 to 5", async () => {
    for (const version of versions(0, 5)) {
      const { gateway, client, topicId } = await openWithTopic();
      const producer = await client.ask(
        INIT_PRODUCER_ID_REQUEST,
        INIT_PRODUCER_ID_RESPONSE,
        {
          transactionalId: "tx",
          transactionTimeoutMs: 60_000,
          producerId: -1,
          producerEpoch: -1,
          enable2Pc: false,
          keepPreparedTxn: false,
        },
        5,
      );
      expect(producer.errorCode).toBe(0);
      const commit = {
        transactionalId: "tx",
        groupId: GROUP,
        producerId: producer.producerId,
        producerEpoch: producer.producerEpoch,
        generationIdOrMemberEpoch: -1,
        memberId: "",
        groupInstanceId: null,
        topics: [
          {
            name: "t",
            topicId: ZERO_UUID,
            partitions: [0, 9].map((partitionIndex) => ({
              partitionIndex,
              committedOffset: 8,
              committedLeaderEpoch: -1,
              committedMetadata: null,
            })),
          },
        ],
      };
      const answer = await client.ask(TXN_OFFSET_COMMIT_REQUEST, TXN_OFFSET_COMMIT_RESPONSE, commit, version);
      // Before version 5 the group has to be added to the transaction first.
      const told = answer.topics[0]?.partitions.map(({ errorCode }) => errorCode);
      if (version >= 5) expect(told).toEqual([ERROR.NONE, ERROR.UNKNOWN_TOPIC_OR_PARTITION]);
      else expect(told?.[0]).not.toBe(0);
      if (version >= 5) {
        const unstable = await fetchOffsets(client, 9, topicId, [0], true);
        expect(unstable.partitions[0]?.errorCode).toBe(ERROR.UNSTABLE_OFFSET_COMMIT);
        gateway.clock.advance(120_000);
        await gateway.clock.settleAll();
        const later = await gateway.connect();
        const aborted = await fetchOffsets(later, 9, topicId, [0], true);
        expect(aborted.partitions[0]).toMatchObject({ errorCode: 0, committedOffset: -1 });
      }
      await gateway.close();
    }
  });
});

describe("descriptions", () => {
  test("DescribeGroups and ListGroups tell a group in every version", async () => {
    const { gateway, client } = await openWithTopic();
    const joined = await join(gateway, client, 9);
    await syncAll(client, joined, 5);
    for (const version of versions(0, 6)) {
      const { groups } = await client.ask(
        DESCRIBE_GROUPS_REQUEST,
        DESCRIBE_GROUPS_RESPONSE,
        { groups: [GROUP, "none"], includeAuthorizedOperations: version >= 3 },
        version,
      );
      expect(groups[0]).toMatchObject({
        errorCode: 0,
        groupState: "Stable",
        protocolType: "consumer",
        protocolData: "range",
        members: [
          {
            memberId: joined.memberId,
            clientId: "test",
            clientHost: "/127.0.0.1",
            memberMetadata: SUBSCRIPTION,
            memberAssignment: bytes("mine"),
          },
        ],
      });
      expect(groups[1]).toMatchObject({
        errorCode: version >= 6 ? ERROR.GROUP_ID_NOT_FOUND : 0,
        groupState: "Dead",
        members: [],
      });
    }
    for (const version of versions(0, 5)) {
      const filters = {
        statesFilter: version >= 4 ? ["Stable"] : [],
        typesFilter: version >= 5 ? ["classic"] : [],
      };
      const { groups } = await client.ask(LIST_GROUPS_REQUEST, LIST_GROUPS_RESPONSE, filters, version);
      expect(groups).toMatchObject([{ groupId: GROUP, protocolType: "consumer" }]);
      if (version >= 4) expect(groups[0]?.groupState).toBe("Stable");
      if (version >= 5) expect(groups[0]?.groupType).toBe("classic");
    }
    await gateway.close();
  });

  test("this broker coordinates share groups' partitions, by keys that are some", async () => {
    const { gateway, client } = await openWithTopic();
    const keys: readonly (readonly [string, number])[] = [
      [`g:${ZERO_UUID}:0`, ERROR.NONE],
      [`a:b:${ZERO_UUID}:0`, ERROR.NONE],
      [`g:${ZERO_UUID}`, ERROR.INVALID_REQUEST],
      [`:${ZERO_UUID}:0`, ERROR.INVALID_REQUEST],
      ["g:t:0", ERROR.INVALID_REQUEST],
      [`g:${ZERO_UUID}:x`, ERROR.INVALID_REQUEST],
    ];
    const coordinatorKeys = keys.map(([key]) => key);
    for (const [version, keyType] of [
      [6, 2],
      [5, 2],
      [6, 3],
    ] as const) {
      const request = { key: "", keyType, coordinatorKeys };
      const answer = await client.ask(FIND_COORDINATOR_REQUEST, FIND_COORDINATOR_RESPONSE, request, version);
      const served = version === 6 && keyType === 2;
      expect(answer.coordinators.map(({ errorCode }) => errorCode)).toEqual(
        keys.map(([, error]) => (served ? error : ERROR.INVALID_REQUEST)),
      );
    }
    await gateway.close();
  });

  test("this broker coordinates every group", async () => {
    const { gateway, client } = await openWithTopic();
    for (const version of versions(0, 6)) {
      const request =
        version >= 4
          ? { key: "", keyType: 0, coordinatorKeys: ["a", "b"] }
          : { key: "a", keyType: 0, coordinatorKeys: [] };
      const answer = await client.ask(FIND_COORDINATOR_REQUEST, FIND_COORDINATOR_RESPONSE, request, version);
      const told = version >= 4 ? answer.coordinators : [answer];
      for (const { errorCode, nodeId, host, port } of told) {
        expect([errorCode, nodeId, host, port]).toEqual([0, 1, "127.0.0.1", 9092]);
      }
    }
    await gateway.close();
  });
});
