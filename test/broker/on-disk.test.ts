import { expect, test } from "bun:test";
import { writeMarker } from "../../src/broker/transactions.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { openBroker } from "./support.ts";

test.each(["memory", "disk"])(
  "a marker is told of once no power cut can take it (durability %s)",
  async (durability) => {
    const pending: (() => void)[] = [];
    let hold = false;
    const syncs = (finish: () => void) => {
      if (hold) pending.push(finish);
      else queueMicrotask(finish);
    };
    const disk = new SimulatedDisk({ seed: 1, syncs });
    const { broker, clock, store } = await openBroker(disk);
    broker.createTopic(
      { name: "t", partitionCount: 1, configs: new Map([["durability", durability]]) },
      () => {},
    );
    await clock.settleAll();
    const log = broker.partition("t", 0)?.log;
    if (log === undefined) throw new Error("no partition");
    hold = true;
    const marker = { producerId: 7, producerEpoch: 0, coordinatorEpoch: 0, outcome: "abort" } as const;
    const told: number[] = [];
    for (let i = 0; i < 3; i++) writeMarker(broker, "t", 0, marker, (error) => told.push(error));
    await clock.settleAll();
    expect(log.logEndOffset as number).toBe(3);
    // Readers of the one see it already; who ended the transaction waits for the disk with both.
    expect(log.highWatermark as number).toBe(durability === "memory" ? 3 : 0);
    expect([told, log.durableEndOffset as number]).toEqual([[], 0]);
    for (let i = 0; i < 20 && told.length === 0; i++) {
      for (const finish of pending.splice(0)) finish();
      await clock.settleAll();
    }
    expect(told).toEqual([0, 0, 0]);
    hold = false;
    const after = await openBroker(disk.crash("nothing"));
    expect(after.broker.partition("t", 0)?.log.logEndOffset as number).toBe(3);
    expect(store.status().faultyLogs).toBe(0);
  },
);
