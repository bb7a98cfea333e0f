import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { LinkGovernor } from "../../../src/upstream/link/governor.ts";
import { DEFAULT_LINK_SETTINGS, type WallClock } from "../../../src/upstream/link/settings.ts";
import { decodeUseHint, encodeUseHint, type HintPlace } from "../../../src/upstream/link/use-hint.ts";
import { DEFAULT_UPLINK_LIMITS } from "../../../src/upstream/settings.ts";

const MIB = 1024 * 1024;
const BUDGET_BYTES = 20 * MIB;
const WALL: WallClock = { nowMs: () => Date.UTC(2026, 0, 5), offsetMs: () => 0 };

class Place implements HintPlace {
  text: string | null = null;
  writes = 0;

  read(): string | null {
    return this.text;
  }

  write(text: string): void {
    this.text = text;
    this.writes += 1;
  }
}

/** A process: what it stored is durable as it was given. */
class Process {
  readonly governor: LinkGovernor;
  saves = 0;
  stored: Uint8Array | null;

  constructor(place: HintPlace | null, stored: Uint8Array | null) {
    const settings = { ...DEFAULT_LINK_SETTINGS, monthBudgetBytes: BUDGET_BYTES };
    this.governor = new LinkGovernor(settings, DEFAULT_UPLINK_LIMITS, WALL, new SeededRandom(1), place);
    this.governor.restore(stored);
    this.stored = stored;
    this.governor.advance(0);
    this.save(0);
  }

  save(inFlightBytes: number): void {
    const bytes = this.governor.toStore(false, inFlightBytes);
    if (bytes === null) return;
    this.saves += 1;
    this.stored = bytes;
    this.governor.stored();
  }

  /** Batches that pass in pieces, while others wait behind them. */
  send(batches: number, batchBytes: number): number {
    for (let batch = 0; batch < batches; batch += 1) {
      this.save(batchBytes);
      for (let left = batchBytes; left > 0; left -= 1_400) this.governor.meter.sent(Math.min(1_400, left), 0);
      this.governor.meter.received(200, 0);
    }
    return batches * (batchBytes + 200);
  }

  get usedBytes(): number {
    return this.governor.budgetStatus()?.month?.usedBytes ?? -1;
  }
}

describe("what a budget loses when a process ends unasked", () => {
  test("is next to nothing after a kill, and with no more saves than without", () => {
    const place = new Place();
    let [stored, sentBytes, saves]: [Uint8Array | null, number, number] = [null, 0, 0];
    let [bareStored, bareSaves]: [Uint8Array | null, number] = [null, 0];
    for (let kill = 0; kill < 20; kill += 1) {
      const process = new Process(place, stored);
      sentBytes += process.send(3 + (kill % 4), 90_000);
      ({ stored } = process);
      saves += process.saves;
      const bare = new Process(null, bareStored);
      bare.send(3 + (kill % 4), 90_000);
      bareStored = bare.stored;
      bareSaves += bare.saves;
    }
    const used = new Process(place, stored).usedBytes;
    expect(used).toBeGreaterThanOrEqual(sentBytes);
    // A tenth of a percent of the budget at each of them would be 400 KiB.
    expect(used - sentBytes).toBeLessThan(20 * (BUDGET_BYTES / 1_000));
    expect(new Process(null, bareStored).usedBytes - sentBytes).toBeGreaterThan(20 * 40_000);
    expect(saves).toBeLessThanOrEqual(bareSaves);
    expect(place.writes).toBeGreaterThan(100);
  });

  test("is what the store has reserved after a power cut, which takes the hint", () => {
    const place = new Place();
    const before = new Process(place, null);
    const sentBytes = before.send(5, 90_000);
    place.text = null;
    const after = new Process(place, before.stored);
    expect(after.usedBytes).toBeGreaterThanOrEqual(sentBytes);
  });

  test("is never given back by a hint of another store, of another month or of one that was cut", () => {
    const place = new Place();
    const before = new Process(place, null);
    const sentBytes = before.send(5, 90_000);
    const { text } = place;
    before.send(5, 90_000);
    const { stored } = before;
    // The hint could not be written any more.
    place.text = text;
    expect(new Process(place, stored).usedBytes).toBeGreaterThanOrEqual(2 * sentBytes);
    for (const broken of ["", "0 {}", (text ?? "").slice(0, 40), `${text}x`]) {
      place.text = broken;
      expect(decodeUseHint(broken)).toBeNull();
      expect(new Process(place, stored).usedBytes).toBeGreaterThanOrEqual(2 * sentBytes);
    }
    const known = decodeUseHint(text);
    if (known === null) throw new Error("no hint");
    expect(decodeUseHint(encodeUseHint(known))).toEqual(known);
  });
});
