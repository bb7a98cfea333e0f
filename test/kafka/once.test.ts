import { expect, test } from "bun:test";
import { once, unique } from "../../src/kafka/once.ts";
import { DESCRIBE_CONFIGS_REQUEST } from "../../src/kafka/wire/generated/describe-configs-request.ts";
import { DESCRIBE_CONFIGS_RESPONSE } from "../../src/kafka/wire/generated/describe-configs-response.ts";
import { DESCRIBE_GROUPS_REQUEST } from "../../src/kafka/wire/generated/describe-groups-request.ts";
import { DESCRIBE_GROUPS_RESPONSE } from "../../src/kafka/wire/generated/describe-groups-response.ts";
import {
  DEFAULT_OFFSET_FETCH_REQUEST,
  OFFSET_FETCH_REQUEST,
} from "../../src/kafka/wire/generated/offset-fetch-request.ts";
import { OFFSET_FETCH_RESPONSE } from "../../src/kafka/wire/generated/offset-fetch-response.ts";
import { Gateway } from "./support/door.ts";

const REPEATS = 10_000;

test("each key comes once, where it came first", () => {
  expect(once(["a1", "b1", "a2", "c1", "b2"], (item) => item.charAt(0))).toEqual(["a1", "b1", "c1"]);
  expect(unique([3, 1, 3, 2, 1])).toEqual([3, 1, 2]);
});

test("what is asked for ten thousand times is told once", async () => {
  const gateway = await Gateway.open();
  const client = await gateway.connect();
  const repeated = <Item>(item: Item): Item[] => Array.from({ length: REPEATS }, () => item);
  const group = { groupId: "g", memberId: null, memberEpoch: -1, topics: null };
  const offsets = await client.ask(
    OFFSET_FETCH_REQUEST,
    OFFSET_FETCH_RESPONSE,
    { ...DEFAULT_OFFSET_FETCH_REQUEST, groups: repeated(group) },
    8,
  );
  expect(offsets.groups).toHaveLength(1);
  const groups = await client.ask(
    DESCRIBE_GROUPS_REQUEST,
    DESCRIBE_GROUPS_RESPONSE,
    { groups: repeated("g"), includeAuthorizedOperations: false },
    5,
  );
  expect(groups.groups).toHaveLength(1);
  const resource = { resourceType: 4, resourceName: "1", configurationKeys: null };
  const request = { resources: repeated(resource), includeSynonyms: false, includeDocumentation: false };
  const configs = await client.ask(DESCRIBE_CONFIGS_REQUEST, DESCRIBE_CONFIGS_RESPONSE, request, 4);
  expect(configs.results).toHaveLength(1);
  // Many of a kind that answers for every name: the first are told, the others why not.
  const resources = Array.from({ length: 3_000 }, (_, index) => ({
    resourceType: 32,
    resourceName: `g${index}`,
    configurationKeys: null,
  }));
  const many = await client.ask(
    DESCRIBE_CONFIGS_REQUEST,
    DESCRIBE_CONFIGS_RESPONSE,
    { ...request, resources },
    4,
  );
  expect(many.results).toHaveLength(3_000);
  expect(many.results.filter(({ errorCode }) => errorCode !== 0)).toHaveLength(1_000);
});
