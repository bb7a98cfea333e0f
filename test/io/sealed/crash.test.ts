import { expect, test } from "bun:test";
import type { DiskFile } from "../../../src/io/disk.ts";
import { SEALED_BUGS, type SealedBug } from "../../../src/io/sealed/content.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import type { CrashMode } from "../../../src/io/simulated/file-node.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { equal } from "../disk-contract.ts";
import { sealedDisk } from "./support.ts";

/** More seeds, or others: HEADWATER_SEEDS=10000 HEADWATER_FIRST_SEED=1000 bun test test/io/sealed/crash.test.ts */
const SEEDS = Number(process.env.HEADWATER_SEEDS ?? 300);
const FIRST_SEED = Number(process.env.HEADWATER_FIRST_SEED ?? 1);
const SEEDS_FOR_A_BUG = 2000;
const CRASHES = 6;
const STEPS = 40;
const SIZE_BYTES = 24 * 1024;
const PATH = "/data/f";
const MODES: readonly CrashMode[] = ["nothing", "everything", "pages", "sectors", "process"];

/**
 * Appends to one file with syncs under way, closes and opens it, cuts it, kills the process and cuts the power at any
 * operation: what a sync covered has to be there. Gives what is wrong, or null.
 */
async function faultOf(seed: number, bugs: ReadonlySet<SealedBug>): Promise<string | null> {
  const random = new SeededRandom(seed);
  const model = new Uint8Array(SIZE_BYTES);
  let [end, durable] = [0, 0];
  let operations = 0;
  let crashAt = -1;
  let crashed: { disk: SimulatedDisk; durable: number; isKill: boolean } | null = null;
  const onOperation = () => {
    if (++operations !== crashAt) return;
    const mode = random.pick(MODES);
    crashed = {
      disk: inner.crash(mode, seed + operations, onOperation),
      durable,
      isKill: mode === "process",
    };
  };
  let inner = new SimulatedDisk({ seed, syncs: "manual", onOperation });
  inner.makeFolder("/data");
  const blockBytesOf = () => (seed % 2 === 0 ? 512 : 4096);
  const open = () => sealedDisk(inner, { random: random.fork(), bugs, blockBytesOf });
  let disk = open();
  let file: DiskFile = disk.createFile(PATH, SIZE_BYTES);
  file.syncNow();
  inner.syncFolderNow("/data");
  inner.syncFolderNow("/");

  const sync = () => {
    const [covered, of] = [end, file];
    void of.sync().then(
      () => {
        if (of === file) durable = Math.max(durable, Math.min(covered, end));
      },
      () => {},
    );
  };
  const step = () => {
    const dice = random.below(20);
    if (dice < 9) {
      const length = Math.min(1 + random.below(random.pick([60, 600, 3000])), SIZE_BYTES - end);
      const bytes = random.bytes(length);
      file.write(end, bytes);
      model.set(bytes, end);
      end += length;
    } else if (dice < 13) sync();
    else if (dice < 16) inner.finishSync();
    else if (dice < 17) {
      file.syncNow();
      durable = end;
    } else if (dice < 19) {
      inner.finishSyncs();
      file.close();
      file = disk.openFile(PATH, "write");
    } else if (durable > 0) {
      // As recovery does: what is there is written again, and what is behind is cut.
      file.write(0, model.subarray(0, Math.min(100, end)));
    }
  };

  for (let crash = 0; crash < CRASHES; crash++) {
    crashed = null;
    crashAt = operations + 1 + random.below(STEPS * 4);
    for (let i = 0; i < STEPS && crashed === null; i++) {
      step();
      await Promise.resolve();
      await Promise.resolve();
    }
    const left = crashed as { disk: SimulatedDisk; durable: number; isKill: boolean } | null;
    if (left === null) continue;
    inner.halt();
    inner = left.disk;
    disk = open();
    file = disk.openFile(PATH, "write");
    durable = left.durable;
    if (!equal(file.view(0, durable), model.subarray(0, durable)))
      return `seed ${seed}: ${durable} bytes were synced, and something of them is gone`;
    end = durable;
    if (left.isKill && random.chance(0.5)) continue;
    if (random.chance(0.5)) {
      file.resize(end);
      file.resize(SIZE_BYTES);
    }
  }
  return null;
}

test(`${SEEDS} seeds: what a sync covered survives every crash`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++)
    expect(await faultOf(seed, new Set())).toBeNull();
}, 300_000);

test.each(SEALED_BUGS)(
  "%s is noticed",
  async (bug) => {
    for (let seed = 1; seed <= SEEDS_FOR_A_BUG; seed++)
      if ((await faultOf(seed, new Set([bug]))) !== null) return;
    throw new Error(`${bug} went unnoticed for ${SEEDS_FOR_A_BUG} seeds`);
  },
  60_000,
);
