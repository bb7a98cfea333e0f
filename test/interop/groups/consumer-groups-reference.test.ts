import { afterAll, beforeAll, expect } from "bun:test";
import { connect, type Socket } from "node:net";
import type { Uuid } from "../../../src/base/ids.ts";
import { findApi, responseHeaderVersion } from "../../../src/kafka/wire/api.ts";
import {
  CONSUMER_GROUP_DESCRIBE_REQUEST,
  DEFAULT_CONSUMER_GROUP_DESCRIBE_REQUEST,
} from "../../../src/kafka/wire/generated/consumer-group-describe-request.ts";
import { CONSUMER_GROUP_DESCRIBE_RESPONSE } from "../../../src/kafka/wire/generated/consumer-group-describe-response.ts";
import {
  CONSUMER_GROUP_HEARTBEAT_REQUEST,
  type ConsumerGroupHeartbeatRequest,
  DEFAULT_CONSUMER_GROUP_HEARTBEAT_REQUEST,
} from "../../../src/kafka/wire/generated/consumer-group-heartbeat-request.ts";
import { CONSUMER_GROUP_HEARTBEAT_RESPONSE } from "../../../src/kafka/wire/generated/consumer-group-heartbeat-response.ts";
import { readConsumerProtocolAssignment } from "../../../src/kafka/wire/generated/consumer-protocol-assignment.ts";
import { writeConsumerProtocolSubscription } from "../../../src/kafka/wire/generated/consumer-protocol-subscription.ts";
import { CREATE_TOPICS_REQUEST } from "../../../src/kafka/wire/generated/create-topics-request.ts";
import { CREATE_TOPICS_RESPONSE } from "../../../src/kafka/wire/generated/create-topics-response.ts";
import { DESCRIBE_GROUPS_REQUEST } from "../../../src/kafka/wire/generated/describe-groups-request.ts";
import { DESCRIBE_GROUPS_RESPONSE } from "../../../src/kafka/wire/generated/describe-groups-response.ts";
import {
  DEFAULT_FIND_COORDINATOR_REQUEST,
  FIND_COORDINATOR_REQUEST,
} from "../../../src/kafka/wire/generated/find-coordinator-request.ts";
import { FIND_COORDINATOR_RESPONSE } from "../../../src/kafka/wire/generated/find-coordinator-response.ts";
import {
  HEARTBEAT_REQUEST,
  type HeartbeatRequest,
} from "../../../src/kafka/wire/generated/heartbeat-request.ts";
import { HEARTBEAT_RESPONSE } from "../../../src/kafka/wire/generated/heartbeat-response.ts";
import {
  DEFAULT_JOIN_GROUP_REQUEST,
  JOIN_GROUP_REQUEST,
  type JoinGroupRequest,
} from "../../../src/kafka/wire/generated/join-group-request.ts";
import { JOIN_GROUP_RESPONSE } from "../../../src/kafka/wire/generated/join-group-response.ts";
import { LEAVE_GROUP_REQUEST } from "../../../src/kafka/wire/generated/leave-group-request.ts";
import { LEAVE_GROUP_RESPONSE } from "../../../src/kafka/wire/generated/leave-group-response.ts";
import { LIST_GROUPS_REQUEST } from "../../../src/kafka/wire/generated/list-groups-request.ts";
import { LIST_GROUPS_RESPONSE } from "../../../src/kafka/wire/generated/list-groups-response.ts";
import {
  DEFAULT_OFFSET_COMMIT_REQUEST,
  OFFSET_COMMIT_REQUEST,
} from "../../../src/kafka/wire/generated/offset-commit-request.ts";
import { OFFSET_COMMIT_RESPONSE } from "../../../src/kafka/wire/generated/offset-commit-response.ts";
import {
  DEFAULT_OFFSET_FETCH_REQUEST,
  OFFSET_FETCH_REQUEST,
} from "../../../src/kafka/wire/generated/offset-fetch-request.ts";
import { OFFSET_FETCH_RESPONSE } from "../../../src/kafka/wire/generated/offset-fetch-response.ts";
import {
  DEFAULT_SYNC_GROUP_REQUEST,
  SYNC_GROUP_REQUEST,
  type SyncGroupRequest,
} from "../../../src/kafka/wire/generated/sync-group-request.ts";
import { SYNC_GROUP_RESPONSE } from "../../../src/kafka/wire/generated/sync-group-response.ts";
import type { MessageCodec } from "../../../src/kafka/wire/message.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { Writer } from "../../../src/kafka/wire/writer.ts";
import { encodeRequest } from "../../kafka/support/door.ts";
import { startHeadwater } from "../../support/headwater.ts";
import { realKafkaMissing, startRealKafka } from "../../support/kafka/real-kafka.ts";
import { Results } from "../results.ts";
import { required } from "../tools.ts";

/** The same requests, one by one, to Apache Kafka and to Headwater: both have to answer the same. */
const START_MS = 120_000;
const SETTINGS = {
  "group.consumer.assignment.interval.ms": "0",
  "group.initial.rebalance.delay.ms": "0",
};
const GROUP = "g";
/** The group that members of both protocols are in. */
const MIXED = "m";
const PARTITIONS = 6;

const results = new Results("consumer-groups-reference");
const reason = required(realKafkaMissing());
const stops: (() => Promise<unknown>)[] = [];
let sides: readonly Side[] = [];

interface ClassicPlace {
  readonly memberId: string;
  readonly generationId: number;
  readonly owned: readonly number[];
}

/** One broker, and what its members have. */
class Side {
  readonly #socket: Socket;
  readonly owned = new Map<string, { readonly topicId: Uuid; readonly partitions: readonly number[] }[]>();
  readonly classic = new Map<string, ClassicPlace>();
  #received = new Uint8Array(0);
  #waiting: ((frame: Uint8Array) => void) | null = null;
  #correlationId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => {
      this.#received = Uint8Array.from([...this.#received, ...chunk]);
      if (this.#received.length < 4) return;
      const length = new DataView(this.#received.buffer).getInt32(0);
      if (this.#received.length < length + 4) return;
      const frame = this.#received.slice(4, length + 4);
      this.#received = this.#received.slice(length + 4);
      this.#waiting?.(frame);
    });
  }

  static async open(address: string): Promise<Side> {
    const [host = "", port = ""] = address.split(":");
    const socket = connect(Number(port), host);
    await new Promise<void>((done, failed) => socket.once("connect", done).once("error", failed));
    return new Side(socket);
  }

  close(): void {
    this.#socket.destroy();
  }

  async ask<Request, Response>(
    requests: MessageCodec<Request>,
    responses: MessageCodec<Response>,
    request: Request,
    version: number,
  ): Promise<Response> {
    this.#correlationId += 1;
    const answered = new Promise<Uint8Array>((done) => {
      this.#waiting = done;
    });
    this.#socket.write(encodeRequest(requests, request, version, this.#correlationId));
    const reader = new Reader(await answered);
    reader.int32();
    const api = findApi(requests.apiKey ?? -1);
    if (api !== undefined && responseHeaderVersion(api, version) === 1) reader.taggedFields();
    return responses.read(reader, version);
  }

  /** A heartbeat; what it brings is the member's own from then on. */
  async beat(said: Partial<ConsumerGroupHeartbeatRequest>, version: number): Promise<unknown> {
    const request = { ...DEFAULT_CONSUMER_GROUP_HEARTBEAT_REQUEST, groupId: GROUP, ...said };
    const answer = await this.ask(
      CONSUMER_GROUP_HEARTBEAT_REQUEST,
      CONSUMER_GROUP_HEARTBEAT_RESPONSE,
      request,
      version,
    );
    const { assignment } = answer;
    if (assignment !== null) this.owned.set(request.memberId, [...assignment.topicPartitions]);
    return {
      error: answer.errorCode,
      message: answer.errorCode === 128 ? "" : answer.errorMessage,
      memberId: version === 0 && request.memberId === "" ? answer.memberId?.length : answer.memberId,
      epoch: answer.memberEpoch,
      intervalMs: answer.heartbeatIntervalMs,
      partitions: assignment === null ? null : count(assignment.topicPartitions),
    };
  }

  async describe(groupIds: readonly string[], named = true): Promise<unknown> {
    const request = {
      ...DEFAULT_CONSUMER_GROUP_DESCRIBE_REQUEST,
      groupIds,
      includeAuthorizedOperations: true,
    };
    const codecs = [CONSUMER_GROUP_DESCRIBE_REQUEST, CONSUMER_GROUP_DESCRIBE_RESPONSE] as const;
    const { groups } = await this.ask(...codecs, request, 1);
    return groups.map((group) => ({
      ...group,
      members: group.members
        .map((member) => ({
          ...member,
          ...(named ? {} : { memberId: "" }),
          assignment: count(member.assignment.topicPartitions),
          targetAssignment: count(member.targetAssignment.topicPartitions),
        }))
        .sort((a, b) => (a.memberId + a.memberType < b.memberId + b.memberType ? -1 : 1)),
    }));
  }

  async commit(memberId: string, generationIdOrMemberEpoch: number, version: number): Promise<unknown> {
    const [place] = this.owned.get(memberId) ?? [];
    const partitionIndex = place?.partitions[0] ?? 0;
    const partition = { partitionIndex, committedOffset: 3, committedLeaderEpoch: -1, committedMetadata: "" };
    const topics = [{ name: "t", topicId: "AAAAAAAAAAAAAAAAAAAAAA" as Uuid, partitions: [partition] }];
    const request = {
      ...DEFAULT_OFFSET_COMMIT_REQUEST,
      groupId: GROUP,
      memberId,
      generationIdOrMemberEpoch,
      topics,
    };
    const answer = await this.ask(OFFSET_COMMIT_REQUEST, OFFSET_COMMIT_RESPONSE, request, version);
    return answer.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
  }

  /** A classic member joins, under the id it was given before. */
  async join(name: string, said: Partial<JoinGroupRequest> = {}): Promise<unknown> {
    const known = this.classic.get(name);
    const request = {
      ...DEFAULT_JOIN_GROUP_REQUEST,
      groupId: MIXED,
      memberId: known?.memberId ?? "",
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      protocolType: "consumer",
      protocols: [{ name: "cooperative-sticky", metadata: subscription(known?.owned ?? []) }],
      ...said,
    };
    const answer = await this.ask(JOIN_GROUP_REQUEST, JOIN_GROUP_RESPONSE, request, 9);
    const { errorCode, memberId, generationId, protocolType, protocolName, leader, members } = answer;
    if (errorCode === 0 || errorCode === 79) {
      this.classic.set(name, { memberId, generationId, owned: known?.owned ?? [] });
    }
    const led = leader === "" ? "nobody" : leader === memberId ? "itself" : "another";
    return { errorCode, generationId, protocolType, protocolName, led, members: members.length };
  }

  async sync(name: string, said: Partial<SyncGroupRequest> = {}): Promise<unknown> {
    const known = this.classic.get(name);
    const { memberId = "", generationId = -1 } = known ?? {};
    const place = { groupId: MIXED, memberId, generationId };
    const names = { protocolType: "consumer", protocolName: "cooperative-sticky" };
    const request = { ...DEFAULT_SYNC_GROUP_REQUEST, ...place, ...names, ...said };
    const answer = await this.ask(SYNC_GROUP_REQUEST, SYNC_GROUP_RESPONSE, request, 5);
    const { errorCode, protocolType, protocolName, assignment } = answer;
    const owned = assignment.length === 0 ? null : partitionsOf(assignment);
    if (owned !== null) this.classic.set(name, { memberId, generationId, owned });
    return { errorCode, protocolType, protocolName, partitions: owned?.length ?? null };
  }

  async classicBeat(name: string, said: Partial<HeartbeatRequest> = {}): Promise<unknown> {
    const { memberId = "", generationId = -1 } = this.classic.get(name) ?? {};
    const request = { groupId: MIXED, memberId, generationId, groupInstanceId: null, ...said };
    return (await this.ask(HEARTBEAT_REQUEST, HEARTBEAT_RESPONSE, request, 4)).errorCode;
  }

  async leave(name: string): Promise<unknown> {
    const { memberId = "" } = this.classic.get(name) ?? {};
    const members = [memberId, "nobody"].map((id) => ({
      memberId: id,
      groupInstanceId: null,
      reason: null,
    }));
    const request = { groupId: MIXED, memberId: "", members };
    const answer = await this.ask(LEAVE_GROUP_REQUEST, LEAVE_GROUP_RESPONSE, request, 5);
    return [answer.errorCode, ...answer.members.map(({ errorCode }) => errorCode)];
  }

  /** The same of the API for classic groups. */
  async describeClassic(): Promise<unknown> {
    const request = { groups: [GROUP, "nobody"], includeAuthorizedOperations: true };
    return (await this.ask(DESCRIBE_GROUPS_REQUEST, DESCRIBE_GROUPS_RESPONSE, request, 6)).groups;
  }

  async list(): Promise<unknown> {
    const request = { statesFilter: [], typesFilter: [] };
    const { groups } = await this.ask(LIST_GROUPS_REQUEST, LIST_GROUPS_RESPONSE, request, 5);
    return groups.toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1));
  }

  async fetch(memberId: string | null, memberEpoch: number): Promise<unknown> {
    const groups = [{ groupId: GROUP, memberId, memberEpoch, topics: null }];
    const request = { ...DEFAULT_OFFSET_FETCH_REQUEST, groups };
    const answer = await this.ask(OFFSET_FETCH_REQUEST, OFFSET_FETCH_RESPONSE, request, 9);
    return answer.groups.map(({ errorCode }) => errorCode);
  }
}

function count(topicPartitions: readonly { readonly partitions: readonly number[] }[]): number {
  return topicPartitions.reduce((sum, { partitions }) => sum + partitions.length, 0);
}

function subscription(owned: readonly number[]): Uint8Array {
  const writer = new Writer();
  writer.int16(3);
  const ownedPartitions = owned.length === 0 ? [] : [{ topic: "t", partitions: owned }];
  const message = { topics: ["t"], userData: null, ownedPartitions, generationId: -1, rackId: null };
  writeConsumerProtocolSubscription(writer, message, 3);
  return writer.toBytes();
}

function partitionsOf(assignment: Uint8Array): readonly number[] {
  const reader = new Reader(assignment);
  const { assignedPartitions } = readConsumerProtocolAssignment(reader, reader.int16());
  return assignedPartitions.flatMap(({ partitions }) => [...partitions]);
}

type Step = readonly [what: string, ask: (side: Side) => Promise<unknown>];

const joining = {
  memberEpoch: 0,
  rebalanceTimeoutMs: 60_000,
  subscribedTopicNames: ["t"],
  topicPartitions: [],
} as const;

function beat(what: string, said: Partial<ConsumerGroupHeartbeatRequest>, version = 1): Step {
  return [what, (side) => side.beat(said, version)];
}

/** A heartbeat that says what the member has by now. */
function holding(
  memberId: string,
  memberEpoch: number,
  said: Partial<ConsumerGroupHeartbeatRequest> = {},
): Step {
  return [
    `${memberId} goes on at ${memberEpoch}`,
    (side) =>
      side.beat({ memberId, memberEpoch, topicPartitions: side.owned.get(memberId) ?? [], ...said }, 1),
  ];
}

const describing: Step = ["describe", (side) => side.describe([GROUP, "nobody"])];

const FAULTS: readonly Step[] = [
  beat("no group", { ...joining, groupId: "", memberId: "a" }),
  beat("no member", { ...joining, memberId: "" }),
  beat("blank member", { ...joining, memberId: "  " }),
  beat("blank instance", { ...joining, memberId: "a", instanceId: "" }),
  beat("blank rack", { ...joining, memberId: "a", rackId: "" }),
  beat("no rebalance timeout", { ...joining, memberId: "a", rebalanceTimeoutMs: -1 }),
  beat("no subscription", { ...joining, memberId: "a", subscribedTopicNames: null }),
  beat("no partitions said", { ...joining, memberId: "a", topicPartitions: null }),
  beat("away without an instance", { memberId: "a", memberEpoch: -2 }),
  beat("epoch below all", { memberId: "a", memberEpoch: -3 }),
  beat("unknown assignor", { ...joining, memberId: "a", serverAssignor: "sticky" }),
  beat("no such group", { memberId: "a", memberEpoch: 4 }),
  beat("leaves no such group", { memberId: "a", memberEpoch: -1 }),
  beat("no id in version 0 beyond a join", { memberId: "", memberEpoch: 1 }, 0),
  beat("bad expression", { ...joining, memberId: "a", subscribedTopicNames: [], subscribedTopicRegex: "(" }),
  beat("lookahead", { ...joining, memberId: "a", subscribedTopicNames: [], subscribedTopicRegex: "a(?=b)" }),
  describing,
];

const MEMBERS: readonly Step[] = [
  beat("a joins", { ...joining, memberId: "a" }),
  beat("a joins again", { ...joining, memberId: "a" }),
  holding("a", 2),
  holding("a", 7),
  holding("a", 1),
  describing,
  ["describe as a classic group", (side) => side.describeClassic()],
  ["commit", (side) => side.commit("a", 2, 9)],
  ["commit of an old version", (side) => side.commit("a", 2, 8)],
  ["commit of a later epoch", (side) => side.commit("a", 3, 9)],
  ["commit of nobody", (side) => side.commit("x", 2, 9)],
  ["commit of a tool", (side) => side.commit("", -1, 9)],
  ["fetch", (side) => side.fetch("a", 2)],
  ["fetch of an old epoch", (side) => side.fetch("a", 1)],
  ["fetch of nobody", (side) => side.fetch("x", 1)],
  ["fetch of a tool", (side) => side.fetch(null, -1)],
  beat("b joins", { ...joining, memberId: "b", serverAssignor: "range" }),
  describing,
  holding("b", 3),
  holding("a", 2),
  ["commit of what is kept", (side) => side.commit("a", 2, 9)],
  holding("b", 3),
  holding("a", 2),
  ["commit of the epoch before", (side) => side.commit("a", 2, 9)],
  ["commit of one before that", (side) => side.commit("a", 1, 9)],
  holding("b", 3),
  holding("a", 3),
  describing,
  beat("a lost an answer and says nothing", { memberId: "a", memberEpoch: 2 }),
  beat("b wants nothing", { memberId: "b", memberEpoch: 3, subscribedTopicNames: [], topicPartitions: [] }),
  holding("b", 4),
  holding("a", 3),
  holding("a", 4, { subscribedTopicNames: ["t", "nowhere"] }),
  holding("a", 5),
  describing,
  beat("b leaves", { memberId: "b", memberEpoch: -1 }),
  beat("b leaves again", { memberId: "b", memberEpoch: -1 }),
  holding("a", 5),
  holding("a", 6),
  beat("a has a new assignor", { memberId: "a", memberEpoch: 6, serverAssignor: "range" }),
  describing,
];

const STATIC: readonly Step[] = [
  beat("s joins", { ...joining, memberId: "s1", instanceId: "i" }),
  holding("a", 6),
  holding("a", 6),
  holding("s1", 7, { instanceId: "i" }),
  holding("a", 7),
  beat("another with its instance", { ...joining, memberId: "s2", instanceId: "i" }),
  beat("it again", { ...joining, memberId: "s1", instanceId: "i" }),
  holding("s2", 7, { instanceId: "i" }),
  holding("s1", 7, { instanceId: "j" }),
  beat("another's leave", { memberId: "s2", memberEpoch: -1, instanceId: "i" }),
  beat("goes away", { memberId: "s1", memberEpoch: -2, instanceId: "i" }),
  describing,
  beat("goes away twice", { memberId: "s1", memberEpoch: -2, instanceId: "i" }),
  beat("comes back", { ...joining, memberId: "s2", instanceId: "i" }),
  describing,
  holding("s2", 7, { instanceId: "i" }),
  holding("s1", 7, { instanceId: "i" }),
  ["commit of its old self", (side) => side.commit("s1", 7, 9)],
  beat("leaves for good", { memberId: "s2", memberEpoch: -1, instanceId: "i" }),
  holding("a", 7),
  beat("a leaves", { memberId: "a", memberEpoch: -1 }),
  describing,
  ["commit to an empty group", (side) => side.commit("", -1, 9)],
  beat("version 0 gives an id", { ...joining, memberId: "" }, 0),
];

/** The modern member of the mixed group goes on. */
function modern(memberEpoch: number): Step {
  return [
    `m goes on at ${memberEpoch}`,
    (side) => {
      const topicPartitions = side.owned.get("m") ?? [];
      return side.beat({ groupId: MIXED, memberId: "m", memberEpoch, topicPartitions }, 1);
    },
  ];
}

const classicBeating: Step = ["c goes on", (side) => side.classicBeat("c")];
const classicJoining: Step = ["c joins", (side) => side.join("c")];
const classicSyncing: Step = ["c syncs", (side) => side.sync("c")];
const describingMixed: Step = ["describe mixed", (side) => side.describe([MIXED], false)];
const listing: Step = ["list", (side) => side.list()];

const CLASSIC: readonly Step[] = [
  beat("m joins", { ...joining, groupId: MIXED, memberId: "m" }),
  classicJoining,
  classicJoining,
  ["c syncs of another generation", (side) => side.sync("c", { generationId: 9 })],
  ["c syncs of another type", (side) => side.sync("c", { protocolType: "connect" })],
  ["c syncs of another protocol", (side) => side.sync("c", { protocolName: "range" })],
  classicSyncing,
  classicBeating,
  ["c goes on at another generation", (side) => side.classicBeat("c", { generationId: 1 })],
  ["m goes on as a classic member", (side) => side.classicBeat("c", { memberId: "m", generationId: 3 })],
  ["nobody goes on", (side) => side.classicBeat("c", { memberId: "x" })],
  describingMixed,
  listing,
  modern(2),
  modern(2),
  modern(3),
  classicBeating,
  classicJoining,
  classicSyncing,
  classicBeating,
  modern(3),
  describingMixed,
  [
    "d has no protocol in common",
    (side) => side.join("d", { protocols: [{ name: "x", metadata: subscription([]) }] }),
  ],
  ["d is no consumer", (side) => side.join("d", { protocolType: "connect" })],
  ["d joins", (side) => side.join("d")],
  ["d joins with its id", (side) => side.join("d")],
  classicBeating,
  classicSyncing,
  ["c leaves", (side) => side.leave("c")],
  ["c leaves again", (side) => side.leave("c")],
  describingMixed,
  beat("m leaves", { groupId: MIXED, memberId: "m", memberEpoch: -1 }),
  listing,
  ["d goes on", (side) => side.classicBeat("d")],
  beat("m is no member of a classic group", { groupId: MIXED, memberId: "m", memberEpoch: 4 }),
  ["d joins anew", (side) => side.join("d")],
  listing,
  beat("m joins again", { ...joining, groupId: MIXED, memberId: "m" }),
  describingMixed,
  listing,
];

beforeAll(async () => {
  if (reason !== null) return;
  const kafka = await startRealKafka({ properties: SETTINGS });
  stops.push(() => kafka.stop());
  const headwater = await startHeadwater({ settings: SETTINGS });
  stops.push(() => headwater.dispose());
  sides = [await Side.open(kafka.bootstrap), await Side.open(headwater.kafka)];
  for (const side of sides) {
    const topic = {
      name: "t",
      numPartitions: PARTITIONS,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    };
    const request = { topics: [topic], timeoutMs: 30_000, validateOnly: false };
    const created = await side.ask(CREATE_TOPICS_REQUEST, CREATE_TOPICS_RESPONSE, request, 7);
    expect(created.topics[0]?.errorCode).toBe(0);
  }
}, START_MS);
afterAll(async () => {
  for (const side of sides) side.close();
  for (const stop of stops) await stop();
}, START_MS);

results.test("raw requests", "consumer groups as Kafka answers them", reason, async () => {
  const [kafka, headwater] = sides as [Side, Side];
  // A coordinator that has just started is not there at once.
  for (let turn = 0; turn < 100; turn += 1) {
    const looking = { ...DEFAULT_FIND_COORDINATOR_REQUEST, coordinatorKeys: [GROUP] };
    await kafka.ask(FIND_COORDINATOR_REQUEST, FIND_COORDINATOR_RESPONSE, looking, 4);
    const { error } = (await kafka.beat({ memberId: "x", memberEpoch: 1 }, 1)) as { readonly error: number };
    if (error === 69) break;
    await Bun.sleep(200);
  }
  const differences: unknown[] = [];
  for (const [what, ask] of [...FAULTS, ...MEMBERS, ...STATIC, ...CLASSIC]) {
    const [expected, got] = [await ask(kafka), await ask(headwater)];
    if (!Bun.deepEquals(expected, got)) differences.push({ what, expected, got });
  }
  expect(differences).toEqual([]);
});
