import { expect, test } from "bun:test";
import { GapEntries } from "../../../src/cli/replay/gap-entries.ts";
import { OriginReader } from "../../../src/cli/replay/origin.ts";
import { Proof } from "../../../src/cli/replay/proof.ts";

const EVER = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };

/** A proof that has seen these offsets of one log. */
function proofOf(
  offsets: readonly number[],
  span: { readonly fromMs: number; readonly toMs: number } = EVER,
) {
  const proof = new Proof({ ...span, devices: new Set(), gateway: null });
  const origin = new OriginReader();
  for (const offset of offsets) {
    Object.assign(origin, { gateway: "plant-a", log: "L/0", offset, timeMs: offset });
    proof.take(origin, "telemetry", 0, offset, false);
  }
  return proof;
}

test("what a broker may have deleted from the beginning of its topic is not missing", () => {
  const ledger = new GapEntries("telemetry");
  const proof = proofOf([5, 6, 7]);
  expect(proof.report("log", ledger)).toMatchObject([
    { firstOffset: 5, closedBegin: false, missingCount: 0 },
  ]);
  proof.expectStart();
  expect(proof.report("log", ledger)).toMatchObject([{ firstOffset: 0, closedBegin: true, missingCount: 5 }]);
  const span = proofOf([5, 6, 7], { ...EVER, fromMs: 5 });
  span.expectStart();
  expect(span.report("log", ledger)).toMatchObject([{ firstOffset: 5, closedBegin: false, missingCount: 0 }]);
});

test("views of two devices have an order each, though both are partition 0", () => {
  const proof = proofOf([]);
  const origin = new OriginReader();
  for (const [device, offsets] of [
    ["a", [0, 2, 4]],
    ["b", [1, 3, 5]],
  ] as const) {
    for (const offset of offsets) {
      Object.assign(origin, { gateway: "plant-a", log: "L/0", offset, timeMs: offset });
      proof.take(origin, `telemetry/${device}`, 0, offset, false);
    }
  }
  expect(proof.report("log", new GapEntries("telemetry"))).toMatchObject([
    { firstOffset: 0, lastOffset: 5, missingCount: 0, outOfOrderCount: 0 },
  ]);
});

test("an entry that tells of offsets beyond all reason is compared at once", () => {
  const ledger = new GapEntries("telemetry");
  const lastOffset = Number.MAX_SAFE_INTEGER - 1;
  ledger.entries.push({
    ...{ gateway: "plant-a", reason: "disk-full", uplink: null, device: null, topic: "telemetry" },
    ...{ topicId: "L", partition: 0, firstOffset: 8, lastOffset, lossStart: 8, lossEnd: lastOffset + 1 },
    ...{ count: 1, fromMs: 0, toMs: 0 },
  });
  const [report] = proofOf([5, 6, 7]).report("log", ledger);
  expect(report).toMatchObject({ firstOffset: 5, lastOffset, missingCount: 0, closedEnd: false });
});
