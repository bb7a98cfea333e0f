import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { type RealKafka, realKafkaMissing, startRealKafka } from "../support/kafka/real-kafka.ts";
import { comparable, differences } from "./compare.ts";
import { DEVIATIONS } from "./deviations.ts";
import { administration } from "./scripts/administration.ts";
import { configs } from "./scripts/configs.ts";
import { coordinators } from "./scripts/coordinators.ts";
import { groups } from "./scripts/groups.ts";
import { isolation } from "./scripts/isolation.ts";
import { offsets } from "./scripts/offsets.ts";
import { records } from "./scripts/records.ts";
import { shares } from "./scripts/shares.ts";
import { topics } from "./scripts/topics.ts";
import { transactions } from "./scripts/transactions.ts";
import { type Script, Session } from "./session.ts";

const SCRIPTS: Readonly<Record<string, Script>> = {
  coordinators,
  groups,
  offsets,
  topics,
  records,
  transactions,
  isolation,
  configs,
  administration,
  shares,
};
/** Under names that both know. */
const SETTINGS = { "num.partitions": "1", "group.initial.rebalance.delay.ms": "0" };
const START_MS = 120_000;
const SCRIPT_MS = 120_000;

const missing = realKafkaMissing();
if (missing !== null && process.env.CI) throw new Error(`CI needs a real Kafka: ${missing}`);

describe.skipIf(missing !== null)("the same requests to Kafka and to Headwater", () => {
  let kafka: RealKafka;
  let headwater: Headwater;
  const shown = new Set<string>();
  let compared = 0;

  beforeAll(async () => {
    const single = { "offsets.topic.num.partitions": "1", "transaction.state.log.num.partitions": "1" };
    // One after the other: Kafka takes the ports that were free for it a moment ago.
    kafka = await startRealKafka({ properties: { ...SETTINGS, ...single } });
    headwater = await startHeadwater({ settings: SETTINGS });
  }, START_MS);
  afterAll(async () => {
    await kafka?.stop();
    await headwater?.dispose();
  }, START_MS);

  for (const [name, script] of Object.entries(SCRIPTS)) {
    test(
      `get the same answers: ${name}`,
      async () => {
        const [ofKafka, ofHeadwater] = [new Session(kafka.bootstrap), new Session(headwater.kafka)];
        await Promise.all([script(ofKafka), script(ofHeadwater)]);
        ofKafka.close();
        ofHeadwater.close();
        compared += ofKafka.heard.length;
        const unexpected = differences(ofKafka.heard, ofHeadwater.heard).filter(({ label }) => {
          const deviation = DEVIATIONS.find((known) => label.startsWith(known.label));
          if (deviation !== undefined) shown.add(deviation.label);
          return deviation === undefined;
        });
        expect(unexpected).toEqual([]);
      },
      SCRIPT_MS,
    );
  }

  test("every deviation that is listed is there", () => {
    expect(DEVIATIONS.map(({ label }) => label).filter((label) => !shown.has(label))).toEqual([]);
    expect(compared).toBeGreaterThan(200);
  });
});

test("a difference is seen, in a code, a list, a text", () => {
  const heard = (answer: unknown) => [{ label: "x", answer }];
  const told = { errorCode: 0, topics: [{ name: "t", partitions: [1, 2] }], memberId: "me", host: "a" };
  expect(differences(heard(told), heard({ ...told, host: "b" }))).toEqual([]);
  const others = [
    { ...told, errorCode: 1 },
    { ...told, memberId: "you" },
    { ...told, topics: [{ name: "t", partitions: [1] }] },
    { ...told, more: 1 },
  ];
  for (const other of others) expect(differences(heard(told), heard(other))).toHaveLength(1);
});

test("what brokers make up themselves is no difference", () => {
  const uuid = "123e4567-e89b-42d3-a456-426614174000";
  expect(comparable(`client-${uuid}`)).toBe("client-<id>");
  expect(comparable("vZG6g4vs3a2QVdRZbqmgZA")).toBe("<topic id>");
  expect(comparable("AAAAAAAAAAAAAAAAAAAACQ")).toBe("AAAAAAAAAAAAAAAAAAAACQ");
  expect(comparable([{ b: 2, a: 1 }, 0])).toEqual(comparable([0, { a: 1, b: 2 }]));
});
