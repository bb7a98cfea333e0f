import { describe, expect, test } from "bun:test";
import { COMPRESSION_ZSTD } from "../../../src/records/batch.ts";
import { compress } from "../../../src/records/compression/codecs.ts";
import type { CentreCall, CentreOutcome } from "../../../src/upstream/centre.ts";
import { ModelRun } from "../model-run.ts";

const COUNT = 2_000;

/** A run whose batches are large enough to be compressed beside the loop; `answer` does that. */
function started(answer: (call: CentreCall & { readonly kind: "compress" }) => CentreOutcome | "never") {
  const run = new ModelRun({
    compression: "zstd",
    compressionLevel: 19,
    hasCompressor: true,
    limits: { refreshMs: 2_000 },
  });
  const sent: number[] = [];
  run.instead = (call) => {
    if (call.kind === "produce") sent.push(call.ask.batch.length);
    return call.kind === "compress" ? answer(call) : null;
  };
  run.memory.createTopic("readings", 1);
  for (let index = 0; index < COUNT; index += 1) {
    run.memory.append("readings", 0, [
      { key: "k", value: `reading ${index} of a device that says much the same` },
    ]);
  }
  run.forwarder.appended("readings", 0);
  return { run, sent };
}

const expected = Array.from(
  { length: COUNT },
  (_, index) => `reading ${index} of a device that says much the same`,
);

describe("a batch that is compressed beside the loop", () => {
  test("waits for it, and goes up compressed, in order", () => {
    const held: (CentreCall & { readonly kind: "compress" })[] = [];
    const { run, sent } = started((call) => {
      held.push(call);
      return "never";
    });
    run.run(1_000);
    expect(sent).toEqual([]);
    const before = run.status().bufferedBytes;
    while (held.length > 0 || run.status().lagRecords !== 0) {
      // The last first: what is done early waits for those before it.
      const call = held.pop();
      if (call !== undefined) {
        const { code, records } = call.ask;
        run.forwarder.answered(call.id, { kind: "answered", answer: compress(code, records, 1) }, run.nowMs);
      }
      run.run(20);
      if (run.nowMs > 60_000) throw new Error("it does not get on");
    }
    expect(run.values("readings")).toEqual(expected);
    expect(Math.max(...sent)).toBeLessThan(before / 4);
    expect(run.status().bufferedBytes).toBe(0);
  });

  test("is compressed on the loop where that fails", () => {
    const { run, sent } = started(() => ({ kind: "lost", reason: "no Worker" }));
    run.run(5_000);
    expect(run.values("readings")).toEqual(expected);
    expect(Math.max(...sent)).toBeLessThan(20_000);
  });

  test("goes up as it is where it does not shrink", () => {
    const { run, sent } = started(() => ({ kind: "answered", answer: null }));
    run.run(5_000);
    expect(run.values("readings")).toEqual(expected);
    expect(Math.max(...sent)).toBeGreaterThan(50_000);
  });

  test("is forgotten with its attempt, and all is read again", () => {
    let away = true;
    const { run } = started((call) =>
      away ? "never" : { kind: "answered", answer: compress(COMPRESSION_ZSTD, call.ask.records, 1) },
    );
    run.run(1_000);
    expect(run.values("readings")).toEqual([]);
    const answer = run.instead;
    run.instead = (call) =>
      call.kind === "topics" ? { kind: "lost", reason: "the link broke" } : answer(call);
    run.run(3_000);
    expect(run.status().restarts).toBeGreaterThan(0);
    [away, run.instead] = [false, answer];
    run.run(5_000);
    expect(run.values("readings")).toEqual(expected);
  });
});
