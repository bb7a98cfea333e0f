import { expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { localSource } from "../../src/wiring/local-source.ts";
import { type OpenBroker, openBroker } from "../broker/support.ts";
import { batchOf } from "../log/support.ts";

const TOPIC = "readings";

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
  expect(source.read(TOPIC, 0, 0, 1 << 20)).toHaveLength(0);
  await open.clock.settleAll();
  expect(moved).toContain(`${TOPIC}-0`);
  expect(source.bounds(TOPIC, 0)?.highWatermark).toBe(10);
  expect(source.read(TOPIC, 0, 0, 1 << 20).length).toBeGreaterThan(0);
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
