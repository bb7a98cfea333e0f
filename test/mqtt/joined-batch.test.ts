import { expect, test } from "bun:test";
import { BatchJoiner, IN_THE_LOG } from "../../src/mqtt/joined-batch.ts";
import { FakeBatch } from "./support/fake-ingest.ts";

test("a joined batch is durable when both are, and refused when one is", () => {
  const joiner = new BatchJoiner();
  for (const one of ["waiting", "durable", "refused"] as const) {
    for (const other of ["waiting", "durable", "refused"] as const) {
      const [first, second] = [new FakeBatch(), new FakeBatch()];
      const joined = joiner.join(first, second);
      first.state = one;
      second.state = other;
      first.error = one === "refused" ? 7 : 0;
      second.error = other === "refused" ? 8 : 0;
      const refused = one === "refused" || other === "refused";
      const durable = one === "durable" && other === "durable";
      expect(joined.state).toBe(refused ? "refused" : durable ? "durable" : "waiting");
      expect(joined.error).toBe(one === "refused" ? 7 : other === "refused" ? 8 : 0);
    }
  }
});

test("messages of the same two batches share a joined one", () => {
  const joiner = new BatchJoiner();
  const [first, second, third] = [new FakeBatch(), new FakeBatch(), new FakeBatch()];
  first.sizeBytes = 3;
  second.sizeBytes = 4;
  const joined = joiner.join(first, second);
  expect(joiner.join(first, second)).toBe(joined);
  expect(joiner.join(first, third)).not.toBe(joined);
  expect(joined.sizeBytes).toBe(7);
});

test("what is in a log already adds nothing to wait for", () => {
  const joiner = new BatchJoiner();
  const batch = new FakeBatch();
  expect(joiner.join(batch, IN_THE_LOG)).toBe(batch);
  expect(joiner.join(IN_THE_LOG, batch)).toBe(batch);
  expect(joiner.join(batch, batch)).toBe(batch);
});
