import { expect, test } from "bun:test";
import { CONSUMER_GROUP_DESCRIBE_REQUEST } from "../../../src/kafka/wire/generated/consumer-group-describe-request.ts";
import { CONSUMER_GROUP_DESCRIBE_RESPONSE } from "../../../src/kafka/wire/generated/consumer-group-describe-response.ts";
import {
  CONSUMER_GROUP_HEARTBEAT_REQUEST,
  DEFAULT_CONSUMER_GROUP_HEARTBEAT_REQUEST,
} from "../../../src/kafka/wire/generated/consumer-group-heartbeat-request.ts";
import { CONSUMER_GROUP_HEARTBEAT_RESPONSE } from "../../../src/kafka/wire/generated/consumer-group-heartbeat-response.ts";
import { rule } from "../../security/kafka-acls/support.ts";
import { openRuled, type RuledGateway } from "../support/acting.ts";

async function opened(rules: readonly string[]): Promise<RuledGateway> {
  const world = await openRuled();
  for (const name of ["line-1", "line-2"])
    world.broker.createTopic({ name, partitionCount: 1, configs: new Map() }, () => {});
  world.broker.acls.add(
    rules.map((words) => rule(words)),
    () => {},
  );
  await world.gateway.clock.settleAll();
  world.authorizer.actor = "anna";
  return world;
}

/** Joins by an expression, and gives the names of the topics that it was assigned. */
async function joined({ client, broker, gateway }: RuledGateway): Promise<readonly string[]> {
  const request = {
    ...DEFAULT_CONSUMER_GROUP_HEARTBEAT_REQUEST,
    groupId: "g",
    memberId: "m",
    rebalanceTimeoutMs: 10_000,
    subscribedTopicRegex: "line-.*",
    topicPartitions: [],
  };
  const answer = await client.ask(
    CONSUMER_GROUP_HEARTBEAT_REQUEST,
    CONSUMER_GROUP_HEARTBEAT_RESPONSE,
    request,
    1,
  );
  await gateway.clock.settleAll();
  expect(answer.errorCode).toBe(0);
  const topics = answer.assignment?.topicPartitions ?? [];
  return topics.map(({ topicId }) => broker.topics.byId(topicId)?.name ?? "").toSorted();
}

async function describedMembers({ client }: RuledGateway) {
  const request = { groupIds: ["g"], includeAuthorizedOperations: false };
  const answer = await client.ask(
    CONSUMER_GROUP_DESCRIBE_REQUEST,
    CONSUMER_GROUP_DESCRIBE_RESPONSE,
    request,
    1,
  );
  const [group] = answer.groups;
  return { error: group?.errorCode, members: group?.members.length };
}

test("an expression brings a member the topics that it may see", async () => {
  const group = "allow User:anna read group g";
  expect(await joined(await opened([group, "allow User:anna read topic *"]))).toEqual(["line-1", "line-2"]);
  expect(await joined(await opened([group, "allow User:anna read topic line-2"]))).toEqual(["line-2"]);
  expect(await joined(await opened([group]))).toEqual([]);
});

test("a group is described to who may see all of its topics", async () => {
  const world = await opened([
    "allow User:anna read group g",
    "allow User:anna describe topic *",
    "allow User:ben describe group g",
    "allow User:ben describe topic line-1",
  ]);
  await joined(world);
  expect(await describedMembers(world)).toEqual({ error: 0, members: 1 });
  world.authorizer.actor = "ben";
  expect(await describedMembers(world)).toEqual({ error: 29, members: 0 });
  world.broker.acls.add([rule("allow User:ben describe topic line-2")], () => {});
  expect(await describedMembers(world)).toEqual({ error: 0, members: 1 });
});
