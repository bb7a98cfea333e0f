import { expect, test } from "bun:test";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";
import type { DeletionWitness, LogBug, LogConfig } from "../../src/log/log-config.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { append, batchOf, createLog, type Opened, openStore, SMALL_CONFIG } from "./support.ts";

const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 20);
const STEPS = 900;
const KIB = 1024;
const SEGMENT_BYTES = 8 * KIB;
const GROWTH_BYTES = 8 * KIB;
const RESERVE_BYTES = 64 * KIB;
const ROOM_BYTES = 192 * KIB;
const CONFIG: LogConfig = { ...SMALL_CONFIG, segmentBytes: SEGMENT_BYTES, fullPolicy: "drop-oldest" };

/** A promise that was broken. */
class Broken extends Error {}

/** Writes losses down when chance says so, as a ledger on a slow disk. */
class SlowLedger implements DeletionWitness {
  readonly ready = true;
  readonly waiting: (() => void)[] = [];
  /** Logs whose records are to go, since the last look. */
  readonly heard = new Set<PartitionLog>();

  forwardedEnd(): number | null {
    return 0;
  }

  isMissed(): boolean {
    return false;
  }

  witness(log: PartitionLog, _from: number, _to: number, _reason: string, then: () => void): void {
    this.heard.add(log);
    this.waiting.push(then);
  }
}

/**
 * Two topics fill a disk whose syncs are slow, the less important one more. As long as that has a whole segment that is not going
 * already, nothing of the other goes; and of both together not more goes than there is need of.
 */
async function run(
  seed: number,
  limit: "disk" | "log.max.bytes",
  bugs: ReadonlySet<LogBug>,
): Promise<number> {
  const random = new SeededRandom(seed);
  const disk = new SimulatedDisk({ seed, syncs: "manual" });
  const limits = {
    ...{ reserveBytes: RESERVE_BYTES, segmentFirstBytes: KIB, segmentGrowthBytes: GROWTH_BYTES },
    ...(limit === "disk" ? {} : { maxLogBytes: ROOM_BYTES }),
  };
  const opened = await settled(disk, openStore({ disk, limits, bugs }));
  disk.limitFreeBytes(limit === "disk" ? ROOM_BYTES + RESERVE_BYTES : 64 * KIB * KIB);
  const ledger = new SlowLedger();
  opened.store.witness = ledger;
  const important = createLog(opened.store, "important", 0, { ...CONFIG, priority: 1 });
  const telemetry = createLog(opened.store, "telemetry", 0, { ...CONFIG, priority: 5 });
  const stays = (log: PartitionLog): number =>
    log.segments
      .filter(({ nextOffset }) => nextOffset > opened.store.startOf(log))
      .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  for (let step = 0; step < STEPS; step++) {
    const dice = random.below(100);
    // What is important comes first, and then now and then.
    const log = step < 60 || dice < 2 ? important : telemetry;
    if (dice < 60) append(log, batchOf([`${step}`.padEnd(KIB - 100, ".")]));
    else if (dice < 80) disk.finishSync();
    else if (dice < 86) disk.finishSyncs();
    else if (dice < 92) ledger.waiting.shift()?.();
    else if (dice < 94) void opened.store.maintain(step);
    await opened.clock.settleAll();
    if (ledger.heard.has(important) && stays(telemetry) > SEGMENT_BYTES) {
      throw new Broken(
        `step ${step}: important records go, and ${stays(telemetry)} bytes of the others stay`,
      );
    }
    const kept = stays(important) + stays(telemetry);
    // A segment more than is needed may go, and files are longer than what is in them, and have indexes beside them.
    if (ledger.heard.size > 0 && kept < ROOM_BYTES - 2 * GROWTH_BYTES - 6 * SEGMENT_BYTES) {
      throw new Broken(`step ${step}: too much goes, ${kept} bytes stay`);
    }
    ledger.heard.clear();
  }
  return telemetry.logStartOffset;
}

/** Lets syncs finish until the promise settles. */
async function settled(disk: SimulatedDisk, opening: Promise<Opened>): Promise<Opened> {
  let done = false;
  const watched = opening.finally(() => {
    done = true;
  });
  while (!done) {
    disk.finishSyncs();
    await Promise.resolve();
  }
  return watched;
}

test.each(["disk", "log.max.bytes"] as const)(
  "what is important stays while others' records can go, where the %s is the limit",
  async (limit) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const dropped = await run(seed, limit, new Set()).catch((error: unknown) => {
        throw new Error(`seed ${seed}: ${error}`, { cause: error });
      });
      expect(dropped).toBeGreaterThan(100);
    }
  },
  60_000,
);

test.each(["drop-important-meanwhile", "forget-retired-bytes"] as const)(
  "the simulation notices %s",
  async (bug) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        await run(seed, "disk", new Set([bug]));
      } catch (error) {
        expect(error).toBeInstanceOf(Broken);
        return;
      }
    }
    throw new Error(`${bug} went unnoticed for ${SEEDS} seeds`);
  },
  60_000,
);
