import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { SERVED_VERSIONS } from "../../src/kafka/dispatch.ts";
import { findApi } from "../../src/kafka/wire/api.ts";
import { API_VERSIONS_REQUEST } from "../../src/kafka/wire/generated/api-versions-request.ts";
import { API_VERSIONS_RESPONSE } from "../../src/kafka/wire/generated/api-versions-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../src/kafka/wire/generated/metadata-response.ts";
import { PRODUCE_REQUEST } from "../../src/kafka/wire/generated/produce-request.ts";
import { PRODUCE_RESPONSE } from "../../src/kafka/wire/generated/produce-response.ts";
import { batchOf, Gateway } from "./support/door.ts";
import {
  frameOf,
  type GoldenRequest,
  mutated,
  plausible,
  servedVersions,
  Target,
  truncated,
  type Vocabulary,
} from "./support/garbage.ts";
import { type KnownMessage, loadMessages } from "./wire/schemas.ts";
import { type Random32, randomFrom } from "./wire/seeded.ts";

/** Every handler that is registered gets what is here; a new one by being in the table of `dispatch.ts`. */
const MUTATIONS = Number(process.env.HEADWATER_MUTATIONS ?? 10_000);
const SLOW_MS = 300_000;
/** Partitions of the broker under attack: requests make them by the hundred. */
const MAX_PARTITIONS = 40;

interface Vector {
  readonly name: string;
  readonly version: number;
  readonly hex: string;
}

const VECTORS = readFileSync(join(import.meta.dir, "wire/fixtures/golden-messages.jsonl"), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Vector);
const MESSAGES = await loadMessages();

function requestOf(apiKey: number): KnownMessage {
  const message = MESSAGES.get(`${findApi(apiKey)?.name}Request`);
  if (message === undefined) throw new Error(`no request of api key ${apiKey}`);
  return message;
}

function goldenRequests(apiKey: number): GoldenRequest[] {
  const message = requestOf(apiKey);
  const versions = servedVersions(apiKey);
  return VECTORS.filter(({ name, version }) => name === message.codec.name && versions.includes(version)).map(
    ({ version, hex }) => ({ version, message, ...frameOf(message, version, Uint8Array.fromHex(hex)) }),
  );
}

async function openAttacked() {
  const gateway = await Gateway.open({ broker: { maxPartitions: MAX_PARTITIONS } });
  const topics = ["t", "u", "logs"].map((name, index) =>
    gateway.broker.createTopic({ name, partitionCount: index + 1, configs: new Map() }, () => {}),
  );
  await gateway.clock.settleAll();
  const words: Vocabulary = {
    strings: [
      "t",
      "u",
      "logs",
      "new",
      "",
      "g",
      "1",
      "user",
      "client-id",
      "retention.ms",
      "x".repeat(300),
      "range",
    ],
    ids: [ZERO_UUID, ...topics.flatMap((topic) => ("id" in topic ? [topic.id] : []))],
  };
  return { gateway, words, target: new Target(gateway.services, gateway.clock) };
}

/** Sends it, and says which bytes did it where the broker throws. */
async function sent(target: Target, frame: Uint8Array) {
  try {
    return await target.send(frame.slice());
  } catch (error) {
    throw new Error(`after ${frame.toHex()}: ${error}`, { cause: error });
  }
}

function attackFrame(goldens: readonly GoldenRequest[], words: Vocabulary, random: Random32): Uint8Array {
  const golden = goldens[random() % goldens.length];
  if (golden === undefined) throw new Error("no golden request");
  const sensible = random() % 2 === 0 ? plausible(golden, words, random) : null;
  if (sensible !== null && random() % 2 === 0) return sensible;
  return mutated(sensible === null ? golden : { ...golden, frame: sensible }, random);
}

/** The broker does its work for a client that comes now. */
async function expectService(gateway: Gateway): Promise<void> {
  const client = await gateway.connect();
  const hello = { clientSoftwareName: "test", clientSoftwareVersion: "1", clusterId: null, nodeId: -1 };
  const versions = await client.ask(API_VERSIONS_REQUEST, API_VERSIONS_RESPONSE, hello, 3);
  expect(versions.errorCode).toBe(ERROR.NONE);
  const all = { ...DEFAULT_METADATA_REQUEST, topics: null };
  const metadata = await client.ask(METADATA_REQUEST, METADATA_RESPONSE, all, 9);
  const writable = metadata.topics.find(({ isInternal }) => !isInternal);
  if (writable === undefined) return;
  const partitionData = [{ index: 0, records: batchOf(["served"], gateway.clock.nowMs()) }];
  const produced = await client.ask(
    PRODUCE_REQUEST,
    PRODUCE_RESPONSE,
    {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: writable.name ?? "", topicId: ZERO_UUID, partitionData }],
    },
    9,
  );
  // What the attack may have set on the topic, such as a size limit, can refuse the record; the broker answers.
  expect(produced.responses).toHaveLength(1);
}

describe("every handler", () => {
  for (const { apiKey } of SERVED_VERSIONS) {
    const name = findApi(apiKey)?.name ?? String(apiKey);
    const goldens = goldenRequests(apiKey);

    test(`${name} has golden requests in every version`, () => {
      const served = servedVersions(apiKey).filter(
        (version) => version >= requestOf(apiKey).codec.minVersion,
      );
      expect([...new Set(goldens.map(({ version }) => version))].sort((a, b) => a - b)).toEqual([...served]);
    });

    test(
      `${name} refuses every truncation of its golden requests`,
      async () => {
        const { gateway, target } = await openAttacked();
        for (const { frame, bodyAt } of goldens) {
          for (let length = bodyAt; length < frame.length; length += 1) {
            expect(await sent(target, truncated(frame, length))).toBe("closed");
          }
        }
        await expectService(gateway);
        target.close();
        await gateway.close();
      },
      SLOW_MS,
    );

    test(
      `${name} lives through mutations of its golden requests`,
      async () => {
        const { gateway, words, target } = await openAttacked();
        const random = randomFrom(apiKey + 1);
        const outcomes = { answered: 0, closed: 0, waits: 0 };
        for (const { frame } of goldens) outcomes[await sent(target, frame)] += 1;
        for (let count = 0; count < MUTATIONS; count += 1) {
          outcomes[await sent(target, attackFrame(goldens, words, random))] += 1;
          // Sessions end, delayed answers leave, logs are kept in order.
          if (count % 1000 === 999) {
            gateway.clock.advance(60_000);
            await gateway.clock.settleAll();
          }
        }
        await expectService(gateway);
        target.close();
        await gateway.close();
        expect(outcomes.answered).toBeGreaterThan(0);
      },
      SLOW_MS,
    );
  }

  test(
    "all together live through each other's requests, and what they left is read at the next start",
    async () => {
      const { gateway, words, target } = await openAttacked();
      const random = randomFrom(7);
      const goldens = SERVED_VERSIONS.map(({ apiKey }) => goldenRequests(apiKey));
      for (let count = 0; count < MUTATIONS; count += 1) {
        const [some = []] = [goldens[random() % goldens.length]];
        await sent(target, attackFrame(some, words, random));
        if (count % 500 === 499) {
          gateway.clock.advance(10_000);
          await gateway.clock.settleAll();
        }
      }
      await expectService(gateway);
      target.close();
      await gateway.close();
      const shape = (of: Gateway) =>
        Array.from(of.broker.topics.all(), ({ name, id, partitions }) => [
          name,
          id,
          partitions.length,
        ]).sort();
      const again = await Gateway.open({ disk: gateway.disk, broker: { maxPartitions: MAX_PARTITIONS } });
      expect(shape(again)).toEqual(shape(gateway));
      await expectService(again);
      await again.close();
    },
    SLOW_MS,
  );

  test("a handler that throws is noticed", async () => {
    const { gateway, words } = await openAttacked();
    const broken = new Proxy(gateway.broker, {
      get: (broker, key) => {
        if (key === "nodeId") throw new RangeError("planted");
        const value: unknown = Reflect.get(broker, key);
        return typeof value === "function" ? value.bind(broker) : value;
      },
    });
    const target = new Target({ ...gateway.services, broker: broken }, gateway.clock);
    const metadata = goldenRequests(METADATA_REQUEST.apiKey ?? -1);
    const attack = async (): Promise<void> => {
      const random = randomFrom(1);
      for (let count = 0; count < 100; count += 1) await sent(target, attackFrame(metadata, words, random));
    };
    await expect(attack()).rejects.toThrow("planted");
    await gateway.close();
  });
});
