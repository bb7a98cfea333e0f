import { HeadwaterError } from "../../base/errors.ts";
import {
  DEFAULT_CONSUMER_PROTOCOL_ASSIGNMENT,
  writeConsumerProtocolAssignment,
} from "../wire/generated/consumer-protocol-assignment.ts";
import {
  DEFAULT_CONSUMER_PROTOCOL_SUBSCRIPTION,
  readConsumerProtocolSubscription,
  writeConsumerProtocolSubscription,
} from "../wire/generated/consumer-protocol-subscription.ts";
import { ERROR, errorName } from "../wire/generated/errors.ts";
import { DEFAULT_HEARTBEAT_REQUEST } from "../wire/generated/heartbeat-request.ts";
import { DEFAULT_JOIN_GROUP_REQUEST } from "../wire/generated/join-group-request.ts";
import type { JoinGroupResponse } from "../wire/generated/join-group-response.ts";
import { DEFAULT_SYNC_GROUP_REQUEST } from "../wire/generated/sync-group-request.ts";
import { Reader } from "../wire/reader.ts";
import { Writer } from "../wire/writer.ts";
import { backoffMs, DEFAULT_BACKOFF, sleep } from "./backoff.ts";
import { HEARTBEAT, JOIN_GROUP, LEAVE_GROUP, SYNC_GROUP } from "./client-apis.ts";
import type { KafkaCluster } from "./cluster.ts";
import { askCoordinator, type CallOutcome, errorCodeOf } from "./coordinator-call.ts";
import { type AssignedTopic, assignedTopics, type Committer } from "./groups.ts";

export interface GroupMemberOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
}

/** Version of the members' protocol that every client reads. */
const PROTOCOL_VERSION = 0;
const ASSIGNOR = "range";
const MAX_FAILURES = 20;

/**
 * A member of a classic consumer group (KIP-62), with the range assignor, as any client's default can read. The
 * caller beats its heart, and joins again when told.
 */
export class GroupMember {
  readonly #cluster: KafkaCluster;
  readonly #options: GroupMemberOptions;
  #memberId = "";
  #generationId = -1;

  constructor(cluster: KafkaCluster, options: GroupMemberOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  /** Who commits as this member. */
  get identity(): Committer {
    return { memberId: this.#memberId, generationId: this.#generationId };
  }

  /**
   * Joins, or joins again, and returns what it was given. Tries again while the coordinator moves. Throws
   * HeadwaterError NETWORK where it gives up or is refused.
   */
  async join(): Promise<readonly AssignedTopic[]> {
    const { clock, random } = this.#cluster.seams;
    for (let failures = 0; ; ) {
      const outcome = await this.#joinOnce();
      if (outcome.kind === "done") return outcome.value;
      const error = outcome.kind === "refused" ? outcome.error : ERROR.NETWORK_EXCEPTION;
      const reason = outcome.kind === "lost" ? outcome.reason : errorName(error);
      if (error === ERROR.UNKNOWN_MEMBER_ID) this.#memberId = "";
      if (!AGAIN.has(error) || failures >= MAX_FAILURES) {
        throw new HeadwaterError("NETWORK", `joining group ${this.#options.group}: ${reason}`);
      }
      if (AT_ONCE.has(error)) continue;
      failures += 1;
      await sleep(clock, backoffMs(failures, DEFAULT_BACKOFF, random));
    }
  }

  /** Whether the member goes on as it is; else it has to join again. Who can't be reached is asked again next time. */
  async isSettled(): Promise<boolean> {
    const body = () => ({
      ...DEFAULT_HEARTBEAT_REQUEST,
      groupId: this.#options.group,
      generationId: this.#generationId,
      memberId: this.#memberId,
    });
    const call = {
      kind: "group",
      key: this.#options.group,
      api: HEARTBEAT,
      body,
      errorOf: errorCodeOf,
    } as const;
    const outcome = await askCoordinator(this.#cluster, call, () => null);
    if (outcome.kind !== "refused") return true;
    if (outcome.error === ERROR.UNKNOWN_MEMBER_ID) this.#memberId = "";
    return !REJOIN.has(outcome.error);
  }

  /** Tells the others at once, which would else wait for the session to time out. Best effort. */
  async leave(): Promise<void> {
    if (this.#memberId === "") return;
    const member = { memberId: this.#memberId, groupInstanceId: null, reason: null };
    const body = (version: number) => ({
      groupId: this.#options.group,
      ...(version >= FIRST_LEAVE_OF_SEVERAL
        ? { memberId: "", members: [member] }
        : { memberId: this.#memberId, members: [] }),
    });
    const call = {
      kind: "group",
      key: this.#options.group,
      api: LEAVE_GROUP,
      body,
      errorOf: errorCodeOf,
    } as const;
    await askCoordinator(this.#cluster, call, () => null);
    this.#memberId = "";
    this.#generationId = -1;
  }

  async #joinOnce(): Promise<CallOutcome<readonly AssignedTopic[]>> {
    const joined = await this.#askToJoin();
    if (joined.kind !== "done") return joined;
    this.#generationId = joined.value.generationId;
    this.#memberId = joined.value.memberId;
    const assignments =
      joined.value.leader === joined.value.memberId ? await this.#shareOut(joined.value) : [];
    return this.#sync(joined.value, assignments);
  }

  async #askToJoin(): Promise<CallOutcome<JoinGroupResponse>> {
    const { group, topics, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const writer = new Writer();
    writer.int16(PROTOCOL_VERSION);
    writeConsumerProtocolSubscription(
      writer,
      { ...DEFAULT_CONSUMER_PROTOCOL_SUBSCRIPTION, topics },
      PROTOCOL_VERSION,
    );
    const body = () => ({
      ...DEFAULT_JOIN_GROUP_REQUEST,
      groupId: group,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.#memberId,
      protocolType: "consumer",
      protocols: [{ name: ASSIGNOR, metadata: writer.toBytes() }],
    });
    let given = "";
    const errorOf = (response: JoinGroupResponse): number => {
      given = response.memberId;
      return response.errorCode;
    };
    const call = { kind: "group", key: group, api: JOIN_GROUP, body, errorOf } as const;
    const outcome = await askCoordinator(this.#cluster, call, (response) => response);
    // The id to come back with (KIP-394).
    if (outcome.kind === "refused" && outcome.error === ERROR.MEMBER_ID_REQUIRED) this.#memberId = given;
    return outcome;
  }

  async #sync(
    joined: JoinGroupResponse,
    assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[],
  ): Promise<CallOutcome<readonly AssignedTopic[]>> {
    const body = () => ({
      ...DEFAULT_SYNC_GROUP_REQUEST,
      groupId: this.#options.group,
      generationId: joined.generationId,
      memberId: joined.memberId,
      protocolType: "consumer",
      protocolName: joined.protocolName,
      assignments,
    });
    const call = {
      kind: "group",
      key: this.#options.group,
      api: SYNC_GROUP,
      body,
      errorOf: errorCodeOf,
    } as const;
    return askCoordinator(this.#cluster, call, ({ assignment }) => assignedTopics(assignment));
  }

  /** What the leader does: ranges of each topic's partitions for those that want it, by their ids. */
  async #shareOut(joined: JoinGroupResponse) {
    const wishes = joined.members.map(({ memberId, metadata }) => {
      const reader = new Reader(metadata);
      const version = Math.min(reader.int16(), NEWEST_SUBSCRIPTION);
      return { memberId, topics: readConsumerProtocolSubscription(reader, version).topics };
    });
    const names = [...new Set(wishes.flatMap(({ topics }) => topics))];
    const topics = names.length === 0 ? [] : await this.#cluster.refresh(names);
    const given = new Map(wishes.map(({ memberId }) => [memberId, [] as AssignedTopic[]]));
    for (const { name, error, partitions } of topics) {
      if (error !== 0) continue;
      const members = wishes.filter((wish) => wish.topics.includes(name)).map(({ memberId }) => memberId);
      for (const [memberId, range] of rangesOf(members.toSorted(), partitions.length)) {
        if (range.length > 0) given.get(memberId)?.push({ topic: name, partitions: range });
      }
    }
    return Array.from(given, ([memberId, assignedPartitions]) => {
      const writer = new Writer();
      writer.int16(PROTOCOL_VERSION);
      const assignment = { ...DEFAULT_CONSUMER_PROTOCOL_ASSIGNMENT, assignedPartitions };
      writeConsumerProtocolAssignment(writer, assignment, PROTOCOL_VERSION);
      return { memberId, assignment: writer.toBytes() };
    });
  }
}

const FIRST_LEAVE_OF_SEVERAL = 3;
const NEWEST_SUBSCRIPTION = 3;

/** Runs of partitions, the first members one longer where it does not divide. */
export function rangesOf(members: readonly string[], partitions: number): Map<string, readonly number[]> {
  const ranges = new Map<string, readonly number[]>();
  let start = 0;
  for (const [index, member] of members.entries()) {
    const size = Math.floor(partitions / members.length) + (index < partitions % members.length ? 1 : 0);
    const first = start;
    ranges.set(
      member,
      Array.from({ length: size }, (_, offset) => first + offset),
    );
    start += size;
  }
  return ranges;
}

/** The group changes: join again at once. */
const REJOIN: ReadonlySet<number> = new Set([
  ERROR.REBALANCE_IN_PROGRESS,
  ERROR.ILLEGAL_GENERATION,
  ERROR.UNKNOWN_MEMBER_ID,
  ERROR.FENCED_INSTANCE_ID,
]);
const AT_ONCE: ReadonlySet<number> = new Set([
  ERROR.MEMBER_ID_REQUIRED,
  ERROR.UNKNOWN_MEMBER_ID,
  ERROR.REBALANCE_IN_PROGRESS,
  ERROR.ILLEGAL_GENERATION,
]);
const AGAIN: ReadonlySet<number> = new Set([
  ...AT_ONCE,
  ERROR.COORDINATOR_LOAD_IN_PROGRESS,
  ERROR.COORDINATOR_NOT_AVAILABLE,
  ERROR.NOT_COORDINATOR,
  ERROR.NETWORK_EXCEPTION,
]);
