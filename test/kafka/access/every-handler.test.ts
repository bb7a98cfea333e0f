import { describe, expect, test } from "bun:test";
import type { Offset, Uuid } from "../../../src/base/ids.ts";
import { SERVED_VERSIONS } from "../../../src/kafka/dispatch.ts";
import { findApi } from "../../../src/kafka/wire/api.ts";
import { filled, messageNamed } from "../../differential/session.ts";
import { openRuled, type RuledGateway } from "../support/acting.ts";
import { batchOf } from "../support/door.ts";
import { type Probe, probes } from "./probes.ts";

/** Whose answers are for everybody: without them nobody could log in. */
const OPEN_TO_ALL: ReadonlySet<string> = new Set(["ApiVersions", "SaslHandshake", "SaslAuthenticate"]);

/** Errors that refuse: topic, group, cluster, transactional id. */
const REFUSALS: ReadonlySet<number> = new Set([29, 30, 31, 53]);

/** What a stranger hears instead of an error: nothing of what there is. */
const SILENT: ReadonlyMap<string, (answer: Record<string, unknown>) => void> = new Map([
  ["ListGroups 5", ({ groups }) => expect(groups).toEqual([])],
  ["ListTransactions 1", ({ transactionStates }) => expect(transactionStates).toEqual([])],
  ["Metadata 12: of all", ({ topics }) => expect(topics).toEqual([])],
  ["DescribeTopicPartitions 0: of all", ({ topics }) => expect(topics).toEqual([])],
  ["Metadata 9: of the cluster", ({ clusterAuthorizedOperations: may }) => expect(may).toBe(0)],
  ["DescribeCluster 1", ({ clusterAuthorizedOperations: may }) => expect(may).toBe(0)],
  // Ids are no secret, in Kafka either.
  [
    "DeleteTopics 6: by an id",
    ({ responses }) => expect(responses).toMatchObject([{ errorCode: 100, name: null }]),
  ],
  ["DeleteTopics 6: by name and id", ({ responses }) => expect(responses).toMatchObject([{ errorCode: 42 }])],
  ["DeleteTopics 6: of none", ({ responses }) => expect(responses).toEqual([])],
]);

async function opened(forgottenApi?: number): Promise<{ world: RuledGateway; asked: readonly Probe[] }> {
  const bugs = forgottenApi === undefined ? {} : { forgottenApi };
  const world = await openRuled({ bugs });
  const { broker } = world;
  const topic = broker.createTopic({ name: "orders", partitionCount: 1, configs: new Map() }, () => {});
  if ("error" in topic) throw new Error(topic.message);
  await world.gateway.clock.settleAll();
  await prepare(world);
  return { world, asked: probes({ ordersId: topic.id as Uuid }) };
}

/** A group and a transaction, so that there is something to be seen. */
async function prepare(world: RuledGateway): Promise<void> {
  const batch = batchOf(["one", "two"]);
  world.broker.partition("orders", 0)?.append(batch, 0, batch.length, 0, "client");
  const commit = { groupId: "readers", generationIdOrMemberEpoch: -1 };
  const partitions = [{ partitionIndex: 0, committedOffset: 1 }];
  await ask(world, {
    api: "OffsetCommit",
    version: 9,
    about: "",
    said: { ...commit, topics: [{ name: "orders", partitions }] },
  });
  const begin = { transactionalId: "tx", transactionTimeoutMs: 10_000, producerId: -1, producerEpoch: -1 };
  await ask(world, { api: "InitProducerId", version: 5, about: "", said: begin });
}

async function ask(
  { client, gateway }: RuledGateway,
  { api, version, said }: Probe,
): Promise<Record<string, unknown>> {
  const requests = messageNamed(`${api}Request`);
  const message = filled(requests.schema, requests.schema.fields ?? [], said);
  const id = client.send(requests.codec, message, version);
  await gateway.clock.settleAll();
  return client.take(messageNamed(`${api}Response`).codec, version, id) as Record<string, unknown>;
}

/** All error codes of an answer, and whether anything in it is neither an error nor told to everybody. */
function codesIn(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(codesIn);
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([name, field]) =>
    /^(partition)?errorCode$/i.test(name) ? [Number(field)] : codesIn(field),
  );
}

function label({ api, version, about }: Probe): string {
  return about === "" ? `${api} ${version}` : `${api} ${version}: ${about}`;
}

describe("whom no rule names", () => {
  test("every handler refuses", async () => {
    const { world, asked } = await opened();
    world.authorizer.actor = "mallory";
    for (const one of asked) {
      const answer = await ask(world, one);
      const silent = SILENT.get(label(one));
      if (silent !== undefined) {
        silent(answer);
        continue;
      }
      const codes = codesIn(answer).filter((code) => code !== 0);
      // An id that nobody has is told to everybody.
      const refused = codes.filter((code) => code !== 100);
      expect({ of: label(one), codes: refused.filter((code) => !REFUSALS.has(code)) }).toEqual({
        of: label(one),
        codes: [],
      });
      expect({ of: label(one), isRefused: refused.length > 0 }).toEqual({ of: label(one), isRefused: true });
    }
  });

  test("nothing that a handler does is done", async () => {
    const { world, asked } = await opened();
    world.authorizer.actor = "mallory";
    const before = world.broker.partition("orders", 0)?.log.logEndOffset;
    for (const one of asked) await ask(world, one);
    expect(world.broker.partition("orders", 0)?.log.logEndOffset).toBe(before as Offset);
    expect(
      [...world.broker.topics.all()].map(({ name }) => name).filter((name) => !name.startsWith("__")),
    ).toEqual(["orders"]);
    expect(world.broker.acls.count).toBe(0);
  });
});

test("every API that is served has a request here", async () => {
  const { asked } = await opened();
  const names = new Set(asked.map(({ api }) => api));
  const served = SERVED_VERSIONS.map(({ apiKey }) => findApi(apiKey)?.name ?? "");
  expect(served.filter((name) => !names.has(name) && !OPEN_TO_ALL.has(name))).toEqual([]);
});

test("a handler that forgets to ask is noticed, whichever it is", async () => {
  const strict = await answers();
  expect(await answers(-1)).toEqual(strict);
  for (const { apiKey } of SERVED_VERSIONS) {
    const name = findApi(apiKey)?.name ?? "";
    if (OPEN_TO_ALL.has(name)) continue;
    const differing = new Set<string>();
    for (const [of, answer] of await answers(apiKey, name))
      if (answer !== strict.get(of)) differing.add(name);
    expect([...differing]).toEqual([name]);
  }
});

/** What a stranger hears, in worlds that are the same but for the handler that asks nobody. */
async function answers(forgottenApi?: number, only?: string): Promise<ReadonlyMap<string, string>> {
  const { world, asked } = await opened(forgottenApi);
  world.authorizer.actor = "mallory";
  const heard = new Map<string, string>();
  for (const one of asked) {
    if (only === undefined || one.api === only) heard.set(label(one), JSON.stringify(await ask(world, one)));
  }
  await world.gateway.close();
  return heard;
}
