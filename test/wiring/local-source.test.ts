import { expect, test } from "bun:test";
import { Lineages } from "../../src/broker/lineages.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { buildTransactionMarker } from "../../src/records/transaction-marker.ts";
import { Forwarder } from "../../src/upstream/forwarder.ts";
import { uplinkSettings } from "../../src/upstream/settings.ts";
import { localSource } from "../../src/wiring/local-source.ts";
import { type OpenBroker, openBroker } from "../broker/support.ts";
import { batchOf } from "../log/support.ts";
import { ModelCentre } from "../upstream/model-centre.ts";
import { ModelRun } from "../upstream/model-run.ts";

const TOPIC = "readings";
/** What a gateway answers itself. */
const LOCAL_CALLS: ReadonlySet<string> = new Set([
  "load-position",
  "save-position",
  "load-link",
  "save-link",
]);
const NOTHING_STORED = { kind: "answered", answer: null } as const;

async function gateway(durability: "disk" | "memory", disk = new SimulatedDisk({ seed: 1 })) {
  const open = await openBroker(disk);
  if (open.broker.topics.get(TOPIC) === null) {
    const configs = new Map([["durability", durability]]);
    open.broker.createTopic({ name: TOPIC, partitionCount: 1, configs }, () => {});
    await open.clock.settleAll();
  }
  return open;
}

function put({ broker, clock }: OpenBroker, count: number): void {
  const values = Array.from({ length: count }, (_, index) => `reading ${index}`);
  const bytes = batchOf(values, { timestampMs: clock.nowMs(), key: "device" });
  broker.partition(TOPIC, 0)?.append(bytes, 0, bytes.length, clock.nowMs(), "broker");
}

test("what waits for no disk is forwarded once the disk has it, asked for by the first look", async () => {
  const open = await gateway("memory");
  const source = localSource(open.broker);
  const moved: string[] = [];
  source.onAppended((topic, partition) => void moved.push(`${topic}-${partition}`));
  put(open, 10);
  expect(open.broker.partition(TOPIC, 0)?.log.highWatermark).toBe(10 as never);
  expect(source.bounds(TOPIC, 0)?.highWatermark).toBe(0);
  expect(source.read(TOPIC, 0, 0, 1 << 20).bytes).toHaveLength(0);
  await open.clock.settleAll();
  expect(moved).toContain(`${TOPIC}-0`);
  expect(source.bounds(TOPIC, 0)?.highWatermark).toBe(10);
  expect(source.read(TOPIC, 0, 0, 1 << 20).bytes.length).toBeGreaterThan(0);
});

test("a read ends where the log's history is not written down yet, though it begins before", async () => {
  const open = await gateway("disk");
  const lineages = new Lineages(open.broker, new SeededRandom(1));
  const source = localSource(open.broker, lineages);
  put(open, 3);
  await open.clock.settleAll();
  put(open, 2);
  await open.clock.settleAll();
  expect(source.read(TOPIC, 0, 0, 1 << 20).nextOffset).toBe(5);
  // As on a full disk, in a run that began at 3.
  lineages.writtenEnd = () => 3;
  expect(source.bounds(TOPIC, 0)?.highWatermark).toBe(3);
  expect(source.read(TOPIC, 0, 0, 1 << 20).nextOffset).toBe(3);
});

for (const durability of ["disk", "memory"] as const) {
  test(`a power cut takes nothing that was shown to an uplink, durability=${durability}`, async () => {
    let lost = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const before = await gateway(durability, new SimulatedDisk({ seed }));
      const source = localSource(before.broker);
      put(before, 1 + (seed % 3));
      source.bounds(TOPIC, 0);
      await before.clock.settleAll();
      put(before, 5);
      const shown = source.bounds(TOPIC, 0)?.highWatermark ?? -1;
      const end = before.broker.partition(TOPIC, 0)?.log.logEndOffset ?? -1;
      const after = await gateway(durability, before.disk.crash("nothing"));
      const recovered = after.broker.partition(TOPIC, 0)?.log.logEndOffset ?? -1;
      expect(shown).toBe(1 + (seed % 3));
      expect(recovered).toBeGreaterThanOrEqual(shown);
      if (recovered < end) lost += 1;
    }
    // The cuts did take records that nobody had been shown.
    expect(lost).toBeGreaterThan(0);
  });
}

test("what a local transaction holds goes up once it is committed, and never where it is aborted", async () => {
  const open = await gateway("disk");
  const { broker, clock } = open;
  const centre = new ModelCentre(2, 1);
  const forwarder = new Forwarder(
    uplinkSettings({
      name: "u",
      gatewayId: "g",
      topics: [TOPIC],
      delivery: "transactional",
      compression: "none",
    }),
    localSource(broker),
    new SeededRandom(1),
    "i1",
    { onGap: () => {}, onRecreated: () => {}, onState: () => {}, onTrouble: () => {} },
  );
  const forward = async (): Promise<readonly string[]> => {
    await clock.settleAll();
    forwarder.appended(TOPIC, 0);
    for (let step = 0; step < 600; step += 1) {
      const nowMs = clock.monotonicMs();
      for (const call of forwarder.turn(nowMs).calls) {
        const local = LOCAL_CALLS.has(call.kind);
        forwarder.answered(call.id, local ? NOTHING_STORED : centre.perform(call, nowMs), nowMs);
      }
      clock.advance(10);
    }
    const [records] = centre.visible(TOPIC);
    return (records ?? []).map(({ value }) => new TextDecoder().decode(value ?? undefined));
  };
  const write = (producerId: number, value: string): void => {
    const options = { producerId, producerEpoch: 0, baseSequence: 0, transactional: true };
    const bytes = batchOf([value], { timestampMs: clock.nowMs(), key: "device", ...options });
    broker.partition(TOPIC, 0)?.append(bytes, 0, bytes.length, clock.nowMs(), "broker");
  };
  const end = (producerId: number, outcome: "commit" | "abort"): void => {
    const marker = { outcome, coordinatorEpoch: 0, timestampMs: clock.nowMs(), producerId, producerEpoch: 0 };
    const bytes = buildTransactionMarker(marker);
    broker.partition(TOPIC, 0)?.append(bytes, 0, bytes.length, clock.nowMs(), "broker");
  };
  write(1, "kept");
  write(2, "taken back");
  expect(await forward()).toEqual([]);
  end(2, "abort");
  expect(await forward()).toEqual([]);
  end(1, "commit");
  put(open, 1);
  expect(await forward()).toEqual(["kept", "reading 0"]);
  write(3, "taken back, at the end");
  end(3, "abort");
  expect(await forward()).toEqual(["kept", "reading 0"]);
  // Positions alone are in no hurry to go up.
  for (let tries = 0; tries < 20 && forwarder.status(clock.monotonicMs()).lagRecords > 0; tries += 1) {
    await forward();
  }
  expect(forwarder.status(clock.monotonicMs()).lagRecords).toBe(0);
});

test("what damage took is told by who forwards, also after a restart, and the rest goes up", async () => {
  const before = await gateway("disk");
  for (let batch = 0; batch < 4; batch += 1) {
    put(before, 2);
    await before.clock.settleAll();
  }
  const log = before.broker.partition(TOPIC, 0)?.log;
  const path = log?.segments[0]?.path ?? "";
  const batchBytes = (log?.segments[0]?.sizeBytes ?? 0) / 4;
  await before.store.close();
  for (const batch of [1, 3]) before.disk.flipBit(path, (batchBytes * batch + 70) * 8);
  const mended = await gateway("disk", before.disk);
  mended.store.verifyAll();
  await mended.clock.settleAll();
  await mended.store.close();
  const after = await gateway("disk", mended.disk);
  const run = new ModelRun({ source: localSource(after.broker) });
  run.run(1_000);
  expect(run.values(TOPIC)).toEqual(["reading 0", "reading 1", "reading 0", "reading 1"]);
  expect(run.gaps().map((line) => line.split(":")[0])).toEqual([
    `gap ${TOPIC}-0 2..4 damaged`,
    `gap ${TOPIC}-0 6..8 damaged`,
  ]);
  expect(run.status().lagRecords).toBe(0);
});
