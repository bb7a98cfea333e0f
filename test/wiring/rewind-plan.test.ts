import { expect, test } from "bun:test";
import { InvalidField } from "../../src/http/controls.ts";
import { planRewind, rewindRequest } from "../../src/wiring/rewind-plan.ts";
import { openBroker } from "../broker/support.ts";
import { batchOf } from "../log/support.ts";

const TOPIC = "readings";
const WHOLE = { topic: TOPIC, to: "7" };

test("a request says what it means", () => {
  const plain = { topic: TOPIC, partition: null, dryRun: false };
  expect(rewindRequest(WHOLE)).toEqual({ ...plain, to: { kind: "offset", offset: 7 } });
  expect(rewindRequest({ ...WHOLE, to: 0, partition: 3, dryRun: true })).toEqual({
    ...{ topic: TOPIC, partition: 3, dryRun: true },
    to: { kind: "offset", offset: 0 },
  });
  expect(rewindRequest({ ...WHOLE, to: "earliest" }).to).toEqual({ kind: "earliest" });
  const timeMs = Date.UTC(2026, 0, 31, 12);
  for (const to of ["2026-01-31T12:00Z", "2026-01-31T14:00:00.000+02:00"]) {
    expect(rewindRequest({ ...WHOLE, to }).to).toEqual({ kind: "time", timeMs });
  }
});

test.each([
  [{ ...WHOLE, to: "-1" }, "to"],
  [{ ...WHOLE, to: -1 }, "to"],
  [{ ...WHOLE, to: "1.5" }, "to"],
  [{ ...WHOLE, to: 1.5 }, "to"],
  [{ ...WHOLE, to: "" }, "to"],
  [{ ...WHOLE, to: "007" }, "to"],
  [{ ...WHOLE, to: "1e3" }, "to"],
  [{ ...WHOLE, to: "9999999999999999" }, "to"],
  [{ ...WHOLE, to: "Latest" }, "to"],
  [{ ...WHOLE, to: "yesterday 7" }, "to"],
  [{ ...WHOLE, to: "2026-02-31T00:00Z" }, "to"],
  [{ ...WHOLE, to: "2026-01-31T12:00" }, "to"],
  [{ ...WHOLE, to: null }, "to"],
  [{ topic: TOPIC }, "to"],
  [{ ...WHOLE, topic: "" }, "topic"],
  [{ ...WHOLE, topic: 7 }, "topic"],
  [{ ...WHOLE, partition: null }, "partition"],
  [{ ...WHOLE, partition: "0" }, "partition"],
  [{ ...WHOLE, partition: -1 }, "partition"],
  [{ ...WHOLE, partition: 0.5 }, "partition"],
  [{ ...WHOLE, dryRun: "true" }, "dryRun"],
  [{ ...WHOLE, dryRun: null }, "dryRun"],
  [{ ...WHOLE, dryrun: true }, "dryrun"],
  [{ ...WHOLE, "dry-run": true }, "dry-run"],
  [{ ...WHOLE, offset: 3 }, "offset"],
])("%j is refused for its %s", (body, thing) => {
  try {
    rewindRequest(body);
    expect.unreachable("it was taken");
  } catch (error) {
    if (!(error instanceof InvalidField)) throw error;
    expect(error.thing).toBe(thing);
    expect(error.remedy).not.toBe("");
  }
});

test("a place that the log does not have is refused, not taken for the nearest", async () => {
  const { broker, clock } = await openBroker();
  broker.createTopic({ name: TOPIC, partitionCount: 2, configs: new Map() }, () => {});
  for (const partition of [0, 1]) {
    const bytes = batchOf(["a", "b", "c", "d", "e"].slice(partition), { timestampMs: 1_000 });
    broker.partition(TOPIC, partition)?.append(bytes, 0, bytes.length, clock.nowMs(), "broker");
  }
  await clock.settleAll();
  const position = {
    ...{ topic: TOPIC, position: 2, storedPosition: 2, nextOffset: 2, highWatermark: 5 },
    ...{ epoch: 0, lineage: [], others: [] },
  };
  const positions = [
    { ...position, partition: 0 },
    { ...position, partition: 1 },
  ];
  const plan = (body: object) => planRewind(broker, positions, rewindRequest({ ...WHOLE, ...body }));
  expect(plan({ to: 4 })).toMatchObject([
    { partition: 0, position: 2, newPosition: 4, effect: "skipped", records: 2 },
    { partition: 1, position: 2, newPosition: 4, effect: "skipped", records: 2 },
  ]);
  expect(plan({ to: 5, partition: 0 })).toMatchObject([{ newPosition: 5 }]);
  expect(() => plan({ to: 5 })).toThrow("to 5: readings-1 ends at 4");
  expect(() => plan({ to: 6, partition: 0 })).toThrow("readings-0 ends at 5");
  expect(() => plan({ partition: 2 })).toThrow("partition 2: the topic has 2");
  expect(() => plan({ topic: "none" })).toThrow("the uplink carries no such topic");
});
