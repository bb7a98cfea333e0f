import * as assert from "uvu/assert";
import type { ConsumerGroup } from "../../../../src/coordinators/groups/consumer/group.ts";
import type { HeartbeatAnswer } from "../../../../src/coordinators/groups/consumer/heartbeats.ts";
import type { Assignment } from "../../../../src/coordinators/groups/modern/assignment.ts";
import { topicPartitionsOf } from "../../../../src/coordinators/groups/modern/assignment.ts";
import {
  type ConsumerGroupHeartbeatRequest,
  DEFAULT_CONSUMER_GROUP_HEARTBEAT_REQUEST,
} from "../../../../src/kafka/wire/generated/consumer-group-heartbeat-request.ts";
import { Answered, type GroupWorld } from "../support.ts";

/** Sends one heartbeat. */
export function beat(
  world: GroupWorld,
  request: Partial<ConsumerGroupHeartbeatRequest>,
  version = 1,
): Answered<HeartbeatAnswer> {
  const answered = new Answered<HeartbeatAnswer>();
  world.groups.consumers.heartbeat(
    { ...DEFAULT_CONSUMER_GROUP_HEARTBEAT_REQUEST, groupId: "g", ...request },
    { clientId: "client", clientHost: "/127.0.0.1", version },
    answered.take,
  );
  return answered;
}

/** Joins with everything that a first heartbeat has to say, and takes the answer at once. */
export function joinGroup(
  world: GroupWorld,
  memberId: string,
  said: Partial<ConsumerGroupHeartbeatRequest> = {},
): HeartbeatAnswer {
  return beat(world, {
    memberId,
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopicNames: ["t"],
    topicPartitions: [],
    ...said,
  }).value;
}

/** A member that does as it is told, at once. */
export class Member {
  readonly world: GroupWorld;
  readonly memberId: string;
  readonly said: Partial<ConsumerGroupHeartbeatRequest>;
  epoch = 0;
  owned: Assignment = new Map();

  constructor(world: GroupWorld, memberId: string, said: Partial<ConsumerGroupHeartbeatRequest> = {}) {
    this.world = world;
    this.memberId = memberId;
    this.said = said;
  }

  /** Joins where it is in no group, else goes on. Returns the error. */
  beat(said: Partial<ConsumerGroupHeartbeatRequest> = {}): number {
    const identity = { memberId: this.memberId, instanceId: this.said.instanceId ?? null };
    const answer =
      this.epoch === 0
        ? joinGroup(this.world, this.memberId, { ...this.said, ...said })
        : beat(this.world, {
            ...identity,
            memberEpoch: this.epoch,
            topicPartitions: topicPartitionsOf(this.owned),
            ...said,
          }).value;
    if (answer.error !== 0) return answer.error;
    this.epoch = answer.memberEpoch;
    if (answer.assignment !== null) this.owned = answer.assignment;
    return 0;
  }

  leave(memberEpoch = -1): number {
    const { memberId } = this;
    const { instanceId = null } = this.said;
    return beat(this.world, { memberId, memberEpoch, instanceId }).value.error;
  }

  /** Partitions of all topics, each as `topic/partition`. */
  get partitions(): string[] {
    return listed(this.world, this.owned);
  }
}

export function listed(world: GroupWorld, assignment: Assignment): string[] {
  return [...assignment]
    .flatMap(([topicId, partitions]) =>
      partitions.map((partition) => `${world.topics.byId(topicId)?.name}/${partition}`),
    )
    .sort();
}

export function groupOf(world: GroupWorld, groupId = "g"): ConsumerGroup {
  const group = world.groups.consumers.get(groupId);
  assert.ok(group !== null, `${groupId} is no consumer group`);
  return group as ConsumerGroup;
}

/** Heartbeats of all, over and over, with time between, until nothing changes. */
export function settle(world: GroupWorld, members: readonly Member[], rounds = 8): void {
  for (let round = 0; round < rounds; round += 1) {
    world.clock.advance(1000);
    for (const member of members) member.beat();
  }
}

/** All that the records say of a group, for comparison. */
export function snapshot(group: ConsumerGroup): unknown {
  return {
    epoch: group.epoch,
    hash: group.metadataHash,
    targetEpoch: group.targetEpoch,
    targetTimestampMs: group.targetTimestampMs,
    state: group.stateName,
    members: new Map([...group.members].sort(([a], [b]) => (a < b ? -1 : 1))),
    targets: new Map([...group.targets].sort(([a], [b]) => (a < b ? -1 : 1))),
    regexes: group.regexes,
  };
}

/** Checks what has to hold of a group at any moment. */
export function checkGroup(group: ConsumerGroup): void {
  const owners = new Map<string, string>();
  for (const { memberId, assigned, revoking } of group.members.values()) {
    for (const part of [assigned, revoking]) {
      for (const [topicId, epochs] of part) {
        for (const partition of epochs.keys()) {
          const place = `${topicId}/${partition}`;
          assert.not(owners.has(place), `${place} belongs to ${owners.get(place)} and to ${memberId}`);
          owners.set(place, memberId);
        }
      }
    }
  }
  const targets = new Set<string>();
  for (const [memberId, target] of group.targets) {
    assert.ok(group.members.has(memberId), `${memberId} is no member and has a target`);
    for (const [topicId, partitions] of target) {
      for (const partition of partitions) {
        const place = `${topicId}/${partition}`;
        assert.not(targets.has(place), `${place} is the target of two members`);
        targets.add(place);
      }
    }
  }
  assert.ok(group.targetEpoch <= group.epoch, "a target of an epoch that has not begun");
}
