import { describe, expect, test } from "bun:test";
import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  type AclEntry,
} from "../../../src/broker/acl-entry.ts";
import { MAX_ACLS } from "../../../src/broker/acls.ts";
import { CREATE_ACLS_REQUEST } from "../../../src/kafka/wire/generated/create-acls-request.ts";
import { CREATE_ACLS_RESPONSE } from "../../../src/kafka/wire/generated/create-acls-response.ts";
import {
  DELETE_ACLS_REQUEST,
  type DeleteAclsRequest,
} from "../../../src/kafka/wire/generated/delete-acls-request.ts";
import { DELETE_ACLS_RESPONSE } from "../../../src/kafka/wire/generated/delete-acls-response.ts";
import {
  DESCRIBE_ACLS_REQUEST,
  type DescribeAclsRequest,
} from "../../../src/kafka/wire/generated/describe-acls-request.ts";
import { DESCRIBE_ACLS_RESPONSE } from "../../../src/kafka/wire/generated/describe-acls-response.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import { rule } from "../../security/kafka-acls/support.ts";
import { openRuled } from "../support/acting.ts";
import { Gateway, type TestClient } from "../support/door.ts";

const VERSIONS = [1, 2, 3];

async function create(client: TestClient, entries: readonly AclEntry[], version = 3) {
  const creations = entries.map(({ patternType, ...entry }) => ({
    ...entry,
    resourcePatternType: patternType,
  }));
  return (await client.ask(CREATE_ACLS_REQUEST, CREATE_ACLS_RESPONSE, { creations }, version)).results;
}

const ANY: DescribeAclsRequest = {
  resourceTypeFilter: ACL_RESOURCE.any,
  resourceNameFilter: null,
  patternTypeFilter: ACL_PATTERN.any,
  principalFilter: null,
  hostFilter: null,
  operation: ACL_OPERATION.any,
  permissionType: ACL_PERMISSION.any,
};

/** The rules that a filter finds, in words as the test's `rule` takes them. */
async function found(client: TestClient, filter: Partial<DescribeAclsRequest> = {}, version = 3) {
  const request = { ...ANY, ...filter };
  const answer = await client.ask(DESCRIBE_ACLS_REQUEST, DESCRIBE_ACLS_RESPONSE, request, version);
  expect([answer.errorCode, answer.errorMessage]).toEqual([0, null]);
  return answer.resources.flatMap(({ acls, ...resource }) =>
    acls.map(
      ({ principal }) => `${principal} ${resource.resourceName}${resource.patternType === 4 ? "*" : ""}`,
    ),
  );
}

async function remove(client: TestClient, filters: readonly Partial<DescribeAclsRequest>[], version = 3) {
  const request: DeleteAclsRequest = { filters: filters.map((filter) => ({ ...ANY, ...filter })) };
  return (await client.ask(DELETE_ACLS_REQUEST, DELETE_ACLS_RESPONSE, request, version)).filterResults;
}

const RULES = [
  rule("allow User:anna read topic orders"),
  rule("allow User:ben write topic ord*"),
  rule("deny User:* all topic *"),
  rule("allow User:anna read group readers", "10.0.0.7"),
];

test("rules are made, found and removed in every version", async () => {
  for (const version of VERSIONS) {
    const { gateway, client } = await openRuled();
    const results = await create(client, RULES, version);
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 0]);
    expect(await found(client, {}, version)).toEqual([
      "User:anna orders",
      "User:ben ord*",
      "User:* *",
      "User:anna readers",
    ]);
    const [removed] = await remove(client, [{ principalFilter: "User:anna" }], version);
    expect(removed?.matchingAcls.map(({ resourceName, host }) => [resourceName, host])).toEqual([
      ["orders", "*"],
      ["readers", "10.0.0.7"],
    ]);
    expect(await found(client, {}, version)).toEqual(["User:ben ord*", "User:* *"]);
    await gateway.close();
  }
});

test("rules outlive the broker, and those that went do not", async () => {
  const { gateway, client } = await openRuled();
  await create(client, RULES);
  await remove(client, [{ principalFilter: "User:ben" }]);
  await gateway.close();
  const again = await openRuled({ disk: gateway.disk });
  expect(again.broker.acls.list()).toEqual(RULES.filter(({ principal }) => principal !== "User:ben"));
  expect(again.broker.acls.list()).toHaveLength(3);
});

describe("filters", () => {
  test("are about patterns, or about the resources that patterns match", async () => {
    const { client } = await openRuled();
    await create(client, RULES);
    const topic = { resourceTypeFilter: ACL_RESOURCE.topic, resourceNameFilter: "orders" };
    const { any, match, literal, prefixed } = ACL_PATTERN;
    expect(await found(client, { ...topic, patternTypeFilter: any })).toEqual(["User:anna orders"]);
    expect(await found(client, { ...topic, patternTypeFilter: literal })).toEqual(["User:anna orders"]);
    expect(await found(client, { ...topic, patternTypeFilter: prefixed })).toEqual([]);
    expect(await found(client, { ...topic, patternTypeFilter: match })).toEqual([
      "User:anna orders",
      "User:ben ord*",
      "User:* *",
    ]);
    const others = { ...topic, resourceNameFilter: "other", patternTypeFilter: match };
    expect(await found(client, others)).toEqual(["User:* *"]);
  });

  test("are about who, where, what and how", async () => {
    const { client } = await openRuled();
    await create(client, RULES);
    expect(await found(client, { hostFilter: "10.0.0.7" })).toEqual(["User:anna readers"]);
    expect(await found(client, { operation: ACL_OPERATION.all })).toEqual(["User:* *"]);
    expect(await found(client, { permissionType: ACL_PERMISSION.deny })).toEqual(["User:* *"]);
    expect(await found(client, { principalFilter: "User:*" })).toEqual(["User:* *"]);
    expect(await found(client, { principalFilter: "User:carl" })).toEqual([]);
    expect(await found(client, { resourceTypeFilter: ACL_RESOURCE.group })).toEqual(["User:anna readers"]);
  });

  test("that mean the same rule both tell of it", async () => {
    const { client } = await openRuled();
    await create(client, RULES);
    const results = await remove(client, [
      { principalFilter: "User:ben" },
      { operation: ACL_OPERATION.write },
    ]);
    expect(results.map(({ matchingAcls }) => matchingAcls.length)).toEqual([1, 1]);
    expect(await remove(client, [{ principalFilter: "User:ben" }])).toEqual([
      { errorCode: 0, errorMessage: null, matchingAcls: [] },
    ]);
  });
});

describe("refused is", () => {
  test("a rule that Kafka would refuse, and only that one", async () => {
    const { client } = await openRuled();
    const good = rule("allow User:anna read topic orders");
    const results = await create(client, [
      good,
      { ...good, resourceType: ACL_RESOURCE.cluster },
      { ...good, resourceName: "" },
      { ...good, resourceType: ACL_RESOURCE.any },
      { ...good, patternType: ACL_PATTERN.match },
      { ...good, operation: ACL_OPERATION.any },
      { ...good, permissionType: ACL_PERMISSION.any },
      { ...good, principal: "anna" },
      { ...good, operation: 99 },
      good,
    ]);
    expect(
      results.map(({ errorCode, errorMessage }) => [errorCode, errorMessage?.slice(0, 60) ?? null]),
    ).toEqual([
      [0, null],
      [ERROR.INVALID_REQUEST, "The only valid name for the CLUSTER resource is kafka-cluste"],
      [ERROR.INVALID_REQUEST, "Invalid empty resource name"],
      [ERROR.INVALID_REQUEST, "Invalid resourceType ANY"],
      [ERROR.INVALID_REQUEST, "Invalid patternType MATCH"],
      [ERROR.INVALID_REQUEST, "Invalid operation ANY"],
      [ERROR.INVALID_REQUEST, "Invalid permissionType ANY"],
      [ERROR.INVALID_REQUEST, "Could not parse principal from `anna` (no colon is present s"],
      [ERROR.INVALID_REQUEST, "Invalid operation UNKNOWN"],
      [0, null],
    ]);
    expect(await found(client)).toEqual(["User:anna orders"]);
  });

  test("a filter by a code that nobody knows", async () => {
    const { client } = await openRuled();
    await create(client, RULES);
    const results = await remove(client, [
      { resourceTypeFilter: 99 },
      { operation: 99 },
      { principalFilter: "User:ben" },
    ]);
    expect(results.map(({ errorCode, errorMessage }) => [errorCode, errorMessage])).toEqual([
      [ERROR.INVALID_REQUEST, "Unknown patternFilter."],
      [ERROR.INVALID_REQUEST, "Unknown entryFilter."],
      [0, null],
    ]);
    expect(await found(client)).toHaveLength(3);
  });

  test("a request with unknown elements, with its connection", async () => {
    for (const ask of [
      (client: TestClient) => client.send(DESCRIBE_ACLS_REQUEST, { ...ANY, operation: 0 }, 3),
      (client: TestClient) =>
        client.send(DELETE_ACLS_REQUEST, { filters: [{ ...ANY, permissionType: 0 }] }, 3),
      (client: TestClient) =>
        client.send(
          CREATE_ACLS_REQUEST,
          { creations: [{ ...rule("allow User:a read topic t"), resourcePatternType: 0 }] },
          3,
        ),
    ]) {
      const { gateway, client } = await openRuled();
      ask(client);
      await gateway.clock.settleAll();
      expect(client.closedByPeer).toBe(true);
    }
  });

  test("what would be more rules than there may be", async () => {
    const { client, broker } = await openRuled();
    const many = Array.from({ length: MAX_ACLS }, (_, index) => rule(`allow User:anna read topic t${index}`));
    expect(new Set((await create(client, many)).map(({ errorCode }) => errorCode))).toEqual(new Set([0]));
    const [again, fresh] = [rule("allow User:anna read topic t7"), rule("allow User:anna read topic fresh")];
    expect((await create(client, [again]))[0]?.errorCode).toBe(0);
    expect((await create(client, [again, fresh])).map(({ errorCode }) => errorCode)).toEqual([44, 44]);
    expect(broker.acls.count).toBe(MAX_ACLS);
  });

  test("what somebody asks who may not", async () => {
    const { client, authorizer } = await openRuled();
    await create(client, RULES);
    authorizer.actor = "anna";
    const { CLUSTER_AUTHORIZATION_FAILED } = ERROR;
    expect((await create(client, RULES)).map(({ errorCode }) => errorCode)).toEqual([31, 31, 31, 31]);
    expect((await remove(client, [{}, {}])).map(({ errorCode }) => errorCode)).toEqual([31, 31]);
    const told = await client.ask(DESCRIBE_ACLS_REQUEST, DESCRIBE_ACLS_RESPONSE, ANY, 3);
    expect([told.errorCode, told.resources]).toEqual([CLUSTER_AUTHORIZATION_FAILED, []]);
    authorizer.actor = "root";
    await create(client, [rule("allow User:anna alter cluster kafka-cluster")]);
    authorizer.actor = "anna";
    expect(await found(client)).toHaveLength(5);
    expect((await remove(client, [{ principalFilter: "User:*" }]))[0]?.errorCode).toBe(0);
  });

  test("everything where there is no authorizer", async () => {
    const gateway = await Gateway.open();
    const client = await gateway.connect();
    const { SECURITY_DISABLED } = ERROR;
    expect((await create(client, RULES)).map(({ errorCode }) => errorCode)).toEqual(
      RULES.map(() => SECURITY_DISABLED),
    );
    expect((await remove(client, [{}]))[0]?.errorCode).toBe(SECURITY_DISABLED);
    const told = await client.ask(DESCRIBE_ACLS_REQUEST, DESCRIBE_ACLS_RESPONSE, ANY, 3);
    expect(told.errorCode).toBe(SECURITY_DISABLED);
  });
});

test("changes are told as they are made", async () => {
  const { client, broker } = await openRuled();
  const seen: string[] = [];
  broker.acls.onChange((added, removed) => seen.push(`+${added.length} -${removed.length}`));
  await create(client, RULES);
  await create(client, RULES);
  await remove(client, [{ principalFilter: "User:anna" }]);
  await remove(client, [{ principalFilter: "User:anna" }]);
  expect(seen).toEqual(["+4 -0", "+0 -2"]);
});
