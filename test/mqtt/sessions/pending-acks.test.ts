import { expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { PendingAcks } from "../../../src/mqtt/sessions/pending-acks.ts";
import { FakeBatch } from "../support/fake-ingest.ts";

test("acknowledgements come out in order, when all before them have settled, with their bytes", () => {
  const random = new SeededRandom(3);
  const acks = new PendingAcks();
  const expected: { id: number; qos: 0 | 1 | 2; batch: FakeBatch; bytes: number }[] = [];
  const batches: FakeBatch[] = [new FakeBatch()];
  const out: string[] = [];
  let refusedMessages = 0;
  const receiver = {
    due: (id: number, qos: number, batch: { error: number }) => {
      out.push(`${id} ${qos} ${batch.error}`);
    },
    refused: (count: number) => {
      refusedMessages += count;
    },
  };
  let waitingBytes = 0;
  let refusedExpected = 0;
  for (let step = 0; step < 20_000; step++) {
    const batch = random.chance(0.1) ? new FakeBatch() : random.pick(batches);
    if (!batches.includes(batch)) batches.push(batch);
    const id = 1 + random.below(65_535);
    const qos = random.pick([0, 1, 2] as const);
    const bytes = random.below(1_000);
    if (qos === 0) acks.pushUnacknowledged(batch, bytes);
    else acks.push(batch, id, qos, bytes);
    expected.push({ id, qos, batch, bytes });
    waitingBytes += bytes;
    if (batches.length > 12) {
      // Any of them may settle first.
      const settled = random.pick(batches);
      settled.state = random.chance(0.2) ? "refused" : "durable";
      settled.error = settled.state === "refused" ? 5 : 0;
      batches.splice(batches.indexOf(settled), 1);
      const before = out.length;
      const freed = acks.settle(receiver);
      const due: string[] = [];
      let dueBytes = 0;
      for (let head = expected[0]; head !== undefined && head.batch.state !== "waiting"; head = expected[0]) {
        expected.shift();
        dueBytes += head.bytes;
        if (head.batch.state === "refused") refusedExpected++;
        if (head.qos > 0) due.push(`${head.id} ${head.qos} ${head.batch.error}`);
      }
      waitingBytes -= dueBytes;
      expect(out.slice(before)).toEqual(due);
      expect([freed, acks.sizeBytes]).toEqual([dueBytes, waitingBytes]);
      expect(acks.isEmpty).toBe(expected.length === 0);
    }
  }
  expect(out.length).toBeGreaterThan(5_000);
  expect(refusedMessages).toBe(refusedExpected);
});
