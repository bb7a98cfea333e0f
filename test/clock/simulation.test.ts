import { describe, expect, test } from "bun:test";
import type { ClockFlaw } from "../../src/clock/time-keeper.ts";
import { SimulatedMachine } from "../../src/io/simulated/machine.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import { BUILD_MS, ClockRig, DAY_MS, HOUR_MS, MINUTE_MS, type StoredRecord, TODAY_MS } from "./rig.ts";

const STEPS = 80;
const TEST_TIMEOUT_MS = 120_000;
const PARTITIONS = 3;
/** Two clocks can be read apart, and a step below this goes unseen. */
const EXACT_MS = 101;

/**
 * A life of a gateway: boots with and without the time, steps in both directions, suspends, ends of the process and
 * power cuts that take writes without acknowledgement, records and ledger alike, from the end of the journal. In
 * the end the time is known, and every record that is there is looked at.
 */
class Life {
  readonly rig: ClockRig;
  readonly #random: SeededRandom;
  /** Of each boot: when somebody who knows the time set the clock last. */
  readonly #synchronised = new Map<string, number>();
  /** Boots whose clock was believed at some time, rightly or not. */
  readonly #believed = new Set<string>();
  /** As of `#synchronised`, while a power cut could take what was written of it. */
  #unsure: readonly [string, number] | null = null;

  constructor(seed: number, flaw?: ClockFlaw) {
    this.#random = new SeededRandom(seed);
    const hasBattery = this.#random.chance(0.5);
    const machine = new SimulatedMachine(TODAY_MS, hasBattery ? TODAY_MS : 0, hasBattery);
    this.rig = new ClockRig(machine, flaw === undefined ? {} : { flaw });
  }

  run(): readonly string[] {
    for (let step = 0; step < STEPS; step += 1) {
      this.#step();
      this.rig.time.look();
      if (this.rig.status.known) this.#believed.add(this.rig.machine.bootId);
    }
    this.#synchronise();
    this.#commit();
    return this.rig.disk.records.flatMap((record) => this.#faultsOf(record));
  }

  #step(): void {
    const { rig } = this;
    const random = this.#random;
    switch (random.below(12)) {
      case 0:
        rig.machine.pass(random.below(8 * HOUR_MS));
        break;
      case 1:
        this.#synchronise();
        break;
      case 2: {
        const byMs = random.pick([-2 * MINUTE_MS, 2 * MINUTE_MS, HOUR_MS, 400 * DAY_MS, -30 * DAY_MS]);
        rig.machine.set(Math.max(0, rig.machine.wallMs + byMs));
        break;
      }
      case 3:
        this.#commit();
        rig.restartProcess();
        break;
      case 4:
        this.#powerCut();
        break;
      case 5:
        this.#commit();
        rig.time.prune(() => 0);
        break;
      case 6:
        rig.pass(random.below(20 * MINUTE_MS));
        break;
      default:
        for (let count = random.below(5); count > 0; count -= 1) {
          const sent = random.chance(0.1) ? TODAY_MS - random.below(DAY_MS) : null;
          // Partitions have records of one kind each, but one.
          rig.append(sent === null ? random.below(PARTITIONS) : PARTITIONS, sent);
          rig.machine.pass(random.below(MINUTE_MS));
        }
        if (random.chance(0.7)) this.#commit();
    }
  }

  #synchronise(): void {
    this.rig.machine.synchronise();
    // Between the step and the next look nothing is stamped.
    this.rig.time.look();
    this.#unsure = [this.rig.machine.bootId, this.rig.machine.trueMs];
    if (this.#random.chance(0.7)) this.#commit();
  }

  #commit(): void {
    this.rig.disk.commit();
    if (this.#unsure !== null) this.#synchronised.set(...this.#unsure);
    this.#unsure = null;
  }

  #powerCut(): void {
    const { machine } = this.rig;
    const random = this.#random;
    const offMs = random.below(2 * DAY_MS);
    const wall = machine.hasBatteryClock ? null : random.chance(0.5) ? 0 : machine.wallMs;
    machine.restart(offMs, wall);
    this.rig.restartProcess(random.below(6));
    this.#unsure = null;
  }

  /** Whether a clock that nobody put right was believed, in this boot or before the next that somebody did. */
  #isMisled(boot: string): boolean {
    const last = Number(this.rig.machine.bootId.slice("boot-".length));
    for (let number = Number(boot.slice("boot-".length)); number <= last; number += 1) {
      if (this.#synchronised.has(`boot-${number}`)) return false;
      if (this.#believed.has(`boot-${number}`)) return true;
    }
    return false;
  }

  #faultsOf(record: StoredRecord): readonly string[] {
    const found = this.rig.byOffset(record);
    const said = this.rig.arrivalOf(record);
    const place = `${record.partition}/${record.offset} of ${record.boot}`;
    if (record.arrivedMs === null) {
      return found?.timeMs === record.stampedMs ? [] : [`${place} is its sender's`];
    }
    if (found !== null && found.timeMs < BUILD_MS) return [`${place} is from before the program`];
    const synchronisedMs = this.#synchronised.get(record.boot) ?? -1;
    // A boot that nobody told the time, and whose clock was believed: nobody can know.
    if (synchronisedMs <= record.arrivedMs && record.header === null) return [];
    if (found === null || said === null) return [`${place} has no time`];
    return [found, said].flatMap(({ timeMs, isEstimate }) => {
      const lateMs = timeMs - (record.arrivedMs ?? 0);
      if (synchronisedMs < 0 && this.#isMisled(record.boot)) return [];
      if (synchronisedMs < 0)
        return lateMs < -EXACT_MS - MINUTE_MS ? [`${place} is older by ${-lateMs}`] : [];
      const exact = synchronisedMs > (record.arrivedMs ?? 0);
      if (!exact) return [];
      if (isEstimate) return [`${place} is a guess`];
      return Math.abs(lateMs) > EXACT_MS ? [`${place} is off by ${lateMs}`] : [];
    });
  }
}

function faultsOf(seeds: number, flaw?: ClockFlaw): readonly string[] {
  const faults: string[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    for (const fault of new Life(seed, flaw).run()) faults.push(`seed ${seed}: ${fault}`);
  }
  return faults;
}

const SEEDS = Number(process.env.HEADWATER_CLOCK_SEEDS ?? "400");

describe("lives of a gateway", () => {
  test(
    "every arrival gets its true time, as soon as somebody knows it",
    () => {
      expect(faultsOf(SEEDS).slice(0, 10)).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  const flaws: readonly ClockFlaw[] = [
    "steps are overlooked",
    "only backwards",
    "a restart forgets",
    "any clock is right",
  ];
  for (const flaw of flaws) {
    test(`the check sees that ${flaw}`, () => expect(faultsOf(60, flaw).length).toBeGreaterThan(0));
  }
});
