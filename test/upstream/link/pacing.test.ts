import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { Adaptation } from "../../../src/upstream/link/adaptation.ts";
import { SlowStart } from "../../../src/upstream/link/slow-start.ts";
import { TokenBucket } from "../../../src/upstream/link/token-bucket.ts";
import { topicPriority } from "../../../src/upstream/link/topic-priority.ts";
import { WireMeter } from "../../../src/upstream/link/wire-meter.ts";

describe("the bucket", () => {
  test("lets pass what its rate is, and one second more at the start", () => {
    const bucket = new TokenBucket(1_000);
    let passed = 0;
    for (let nowMs = 0; nowMs <= 60_000; nowMs += 7) {
      const bytes = Math.min(333, bucket.allowance(nowMs));
      bucket.take(bytes, nowMs);
      passed += bytes;
    }
    expect(passed).toBeGreaterThan(60_500);
    expect(passed).toBeLessThanOrEqual(61_000);
  });

  test("has what came in unasked paid first", () => {
    const bucket = new TokenBucket(1_000);
    bucket.take(5_000, 0);
    expect(bucket.waitMs(100, 0)).toBe(4_100);
    expect(bucket.allowance(3_999)).toBe(0);
    expect(bucket.allowance(4_500)).toBe(500);
  });

  test("never waits for more than it can hold", () => {
    const bucket = new TokenBucket(1_000);
    bucket.take(1_000, 0);
    expect(bucket.waitMs(50_000, 0)).toBe(1_000);
  });

  test("gives nothing in advance when a limit comes", () => {
    const bucket = new TokenBucket(Number.POSITIVE_INFINITY);
    bucket.take(1e9, 0);
    bucket.setRate(1_000, 5_000);
    expect(bucket.allowance(5_000)).toBe(0);
    expect(bucket.allowance(5_500)).toBe(500);
  });

  test("is not confused by a time that stands still", () => {
    const bucket = new TokenBucket(1_000);
    bucket.take(1_000, 10);
    expect([bucket.allowance(10), bucket.allowance(9)]).toEqual([0, 0]);
  });
});

test("a meter gets on at whatever rate", () => {
  for (const rate of [1, 10, 63, 1_000, 1e9]) {
    const meter = new WireMeter();
    meter.setRate(rate, 0);
    const waitMs = Math.ceil(meter.waitMs(1e6, 0));
    expect({ rate, piece: meter.piece(1e6, waitMs) > 0 }).toEqual({ rate, piece: true });
  }
});

test("a meter writes pieces that are worth a packet, and reads no faster than it may", () => {
  const meter = new WireMeter();
  expect(meter.piece(1e6, 0)).toBe(1e6);
  meter.setRate(8_000, 0);
  expect(meter.piece(1e6, 0)).toBe(0);
  expect(meter.piece(1e6, 50)).toBe(400);
  expect(meter.piece(10, 50)).toBe(10);
  meter.received(8_400, 50);
  expect(meter.debtMs(50)).toBe(1_000);
  expect(meter.totalBytes).toBe(8_400);
});

describe("slow start", () => {
  test("raises the rate after an outage, each gateway at a pace of its own", () => {
    const paces = [1, 2, 3, 4].map((seed) => {
      const start = new SlowStart(20_000, new SeededRandom(seed));
      start.lost(0);
      start.lost(15_000);
      start.reached(20_000);
      expect(start.bytesPerSecond(20_000)).toBe(32 * 1024);
      expect(start.bytesPerSecond(50_000)).toBe(Number.POSITIVE_INFINITY);
      return start.bytesPerSecond(25_000);
    });
    expect(new Set(paces).size).toBe(paces.length);
    for (const pace of paces) expect(pace).toBeGreaterThan(32 * 1024 * 2);
  });

  test("does not follow a short outage, nor a first connection, nor where it is off", () => {
    const [short, first, off] = [20_000, 20_000, 0].map((ms) => new SlowStart(ms, new SeededRandom(1)));
    short?.lost(0);
    short?.reached(9_000);
    first?.reached(1e6);
    off?.lost(0);
    off?.reached(1e6);
    for (const start of [short, first, off])
      expect(start?.bytesPerSecond(1e6)).toBe(Number.POSITIVE_INFINITY);
  });
});

test("gaps come first, then topics by the place of their pattern, then all others", () => {
  const priority = topicPriority(["alarms", "status-*"]);
  const topics = ["headwater.gaps", "alarms", "status-1", "telemetry"];
  expect(topics.map((topic) => priority.of(topic))).toEqual([0, 1, 2, 3]);
  expect(priority.last).toBe(3);
});

const LIMITS = { maxRoundBytes: 4 * 1024 * 1024, batchBytes: 256 * 1024, transactionTimeoutMs: 60_000 };

/** Rounds over a link of this speed, each as large as allowed. Returns the last round's length. */
function roundsOver(
  sizes: Adaptation,
  rounds: number,
  bytesPerSecond: number,
  roundTripMs: number,
  ratio = 0.25,
) {
  let durationMs = 0;
  for (let round = 0; round < rounds; round += 1) {
    const sizeBytes = sizes.roundBytes;
    sizes.answered(roundTripMs + (Math.min(sizeBytes, sizes.batchBytes) * ratio * 1000) / bytesPerSecond);
    durationMs = (sizeBytes * ratio * 1000) / bytesPerSecond + 3 * roundTripMs;
    sizes.roundEnded({ records: 1, sizeBytes, sentBytes: sizeBytes * ratio, durationMs });
  }
  return durationMs;
}

describe("sizes", () => {
  test("are the limits on a LAN after a few rounds", () => {
    const sizes = new Adaptation(LIMITS);
    roundsOver(sizes, 10, 50e6, 1);
    expect(sizes.roundBytes).toBe(LIMITS.maxRoundBytes);
    expect(sizes.batchBytes).toBe(LIMITS.batchBytes);
    expect(sizes.isQuick).toBe(true);
  });

  test("use a fast link that is far away", () => {
    const sizes = new Adaptation(LIMITS);
    roundsOver(sizes, 12, 5e6, 200);
    expect(sizes.roundBytes).toBe(LIMITS.maxRoundBytes);
  });

  test("make rounds of seconds and requests of half a second on 64 kbit/s", () => {
    const sizes = new Adaptation(LIMITS);
    const lastMs = roundsOver(sizes, 30, 8_000, 200);
    expect(lastMs).toBeGreaterThan(900);
    expect(lastMs).toBeLessThan(7_000);
    expect((sizes.batchBytes * sizes.ratio) / 8_000).toBeLessThan(1);
    expect(sizes.isQuick).toBe(false);
  });

  test("never make a round that would not end in time", () => {
    const sizes = new Adaptation({ ...LIMITS, transactionTimeoutMs: 6_000 });
    const lastMs = roundsOver(sizes, 30, 20_000, 50);
    expect(lastMs).toBeLessThan(3_000);
  });

  test("are not led astray by one stall, but by a link that became slow", () => {
    const sizes = new Adaptation(LIMITS);
    roundsOver(sizes, 10, 1e6, 50);
    const before = sizes.roundBytes;
    roundsOver(sizes, 1, 20_000, 50);
    expect(sizes.roundBytes).toBeGreaterThan(before / 2);
    roundsOver(sizes, 3, 20_000, 50);
    expect(sizes.roundBytes).toBeLessThan(before / 5);
  });

  test("are not made smaller by a trickle", () => {
    const sizes = new Adaptation(LIMITS);
    roundsOver(sizes, 10, 50e6, 1);
    for (let round = 0; round < 50; round += 1) {
      sizes.roundEnded({ records: 1, sizeBytes: 200, sentBytes: 150, durationMs: 20 });
    }
    expect(sizes.roundBytes).toBe(LIMITS.maxRoundBytes);
  });

  test("keep to the cap before anything is known", () => {
    const sizes = new Adaptation(LIMITS);
    sizes.capBytesPerSecond = 16_000;
    expect(sizes.roundBytes * sizes.ratio).toBeLessThanOrEqual(16_000);
    expect(sizes.batchBytes * sizes.ratio).toBeLessThanOrEqual(8_000);
  });

  test("shrink after a round that failed, and come back", () => {
    const sizes = new Adaptation(LIMITS);
    roundsOver(sizes, 10, 50e6, 1);
    sizes.roundFailed();
    expect(sizes.roundBytes).toBe(LIMITS.maxRoundBytes / 4);
    roundsOver(sizes, 3, 50e6, 1);
    expect(sizes.roundBytes).toBe(LIMITS.maxRoundBytes);
  });
});
