import { describe, expect, test } from "bun:test";
import { silentLogger } from "../../src/base/logger.ts";
import { GAP_TOPIC, GapLedger } from "../../src/broker/gap-ledger.ts";
import { Losses } from "../../src/broker/losses.ts";
import { batchOf } from "../log/support.ts";
import { openBroker, recordsOf } from "./support.ts";

describe("what a partition was offered", () => {
  test("is stored, refused or there already, and the log has as many offsets more", async () => {
    const open = await openBroker();
    const { broker, clock } = open;
    const configs = new Map([["headwater.full.policy", "refuse-new"]]);
    broker.createTopic({ name: "t", partitionCount: 1, configs }, () => {});
    const partition = broker.partition("t", 0);
    if (partition === null) throw new Error("no partition");
    const losses = new Losses(broker, new GapLedger(broker, silentLogger));
    const nowMs = clock.nowMs();
    const put = (batch: Uint8Array) => partition.append(batch, 0, batch.length, nowMs, "client").error;
    expect(put(batchOf(["a", "b"], { timestampMs: nowMs }))).toBe(0);
    const idempotent = { producerId: 7, producerEpoch: 0, baseSequence: 0, timestampMs: nowMs };
    expect(put(batchOf(["c"], idempotent))).toBe(0);
    expect(put(batchOf(["c"], idempotent))).toBe(0);
    open.disk.limitFreeBytes(0);
    const large = () => batchOf(["x".repeat(500_000)], { timestampMs: nowMs });
    expect(put(large())).toBe(56);
    expect(put(large())).toBe(56);
    await clock.settleAll();
    const { counters } = partition;
    expect(counters).toMatchObject({ offered: 6, stored: 3, refused: 2, duplicates: 1 });
    expect(counters.reconcile(partition.log.logEndOffset)).toBe(true);
    expect(counters.reconcile(partition.log.logEndOffset + 1)).toBe(false);
    open.disk.limitFreeBytes(1024 * 1024 * 1024);
    losses.close();
    await clock.settleAll();
    const entries = recordsOf(open, GAP_TOPIC).map(({ value }) =>
      JSON.parse(Buffer.from(value ?? []).toString()),
    );
    expect(entries).toMatchObject([{ reason: "refused", topic: "t", partition: 0, count: 2, device: null }]);
  });
});
