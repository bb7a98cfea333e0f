import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { type Cut, type CutMode, seededRandom } from "./crash-states.ts";
import { Ledger, type LedgerData } from "./ledger.ts";
import { FULL_LOAD, Load, type LoadOptions } from "./load.ts";
import { NotedVolume } from "./noted-volume.ts";
import type { Operation } from "./op-log.ts";
import { sharedNowMs } from "./shared-clock.ts";
import type { DiskKind } from "./verifier.ts";

export interface RunOptions {
  readonly disk: DiskKind;
  /** How long the load lasts after the broker was started for the second time. */
  readonly loadMs: number;
  readonly load?: LoadOptions;
  /** Planted in the broker, "" for none; see LogBug. */
  readonly bug?: string;
}

/** A broker's life up to a power cut, with all that its disk did and all that it promised. */
export interface Run {
  readonly disk: DiskKind;
  readonly ledger: LedgerData;
  /** The disk before the first operation. */
  readonly image: Uint8Array;
  readonly operations: readonly Operation[];
  /** Index of the first operation after the second start: cuts before it hit an empty or stopped broker. */
  readonly loadStart: number;
  readonly end: number;
  readonly ackedRecords: number;
}

const VOLUME = { sizeMiB: 256, flushMs: 3 };
const WARM_UP_MS = 500;
/** The folder of the broker on the volume. */
export const DATA = "data";

/** Settings under which everything that happens once in a while happens all the time. */
export const SMALL_SETTINGS: Readonly<Record<string, string>> = {
  "journal.bytes": "4MiB",
  "log.segment.bytes": "1MiB",
  "disk.reserve.bytes": "0",
  "num.partitions": "3",
};

/**
 * Lets the real broker run under load on a disk that notes everything, stops it once in between, and ends it in the
 * midst of it. `folder` is the caller's, see `makeFolder`.
 */
export async function runToThePowerCut(folder: string, options: RunOptions): Promise<Run> {
  const volume = await NotedVolume.mount(folder, VOLUME);
  const ledger = new Ledger();
  let headwater: Headwater | null = null;
  let [startMs, endMs] = [0, 0];
  try {
    const dataFolder = join(volume.mountPoint, DATA);
    mkdirSync(dataFolder);
    const settings = { ...SMALL_SETTINGS, "disk.implementation": options.disk };
    const environment = { HEADWATER_TEST_BUG: options.bug ?? "" };
    headwater = await startHeadwater({ dataFolder, settings, environment });
    const load = options.load ?? FULL_LOAD;
    const warmUp = await Load.start(headwater, ledger, load);
    await Bun.sleep(WARM_UP_MS);
    await warmUp.stop();
    const status = await headwater.stop();
    if (status !== 0) throw new Error(`the broker stopped with status ${status}`);
    startMs = sharedNowMs();
    await headwater.restart();
    const main = await Load.start(headwater, ledger, load);
    await Bun.sleep(options.loadMs);
    main.expectCut();
    await headwater.kill();
    endMs = sharedNowMs();
    await main.stop();
    const failures = [...warmUp.failures, ...main.failures];
    if (failures.length > 0) throw new Error(`clients failed: ${failures.slice(0, 5).join("; ")}`);
  } catch (error) {
    console.error(`--- log of the broker\n${headwater?.log().slice(-4000)}\n---`);
    throw error;
  } finally {
    await headwater?.kill();
    await volume.unmount();
  }
  const { image, operations } = volume.takeLog();
  const loadStart = indexAt(operations, startMs);
  const end = indexAt(operations, endMs);
  return { disk: options.disk, ledger, image, operations, loadStart, end, ackedRecords: ledger.ackedRecords };
}

/** Of the first operation at or after this time. */
function indexAt(operations: readonly Operation[], atMs: number): number {
  const index = operations.findIndex((operation) => operation.atMs >= atMs);
  return index < 0 ? operations.length : index;
}

/**
 * Moments at which power goes, in their order: half of them anywhere, half just before a flush is over, when most
 * is under way and acknowledged by a broker that does not wait. One in sixteen lies before the load.
 */
export function planCuts(run: Run, count: number, modes: readonly CutMode[], seed: number): readonly Cut[] {
  const random = seededRandom(seed);
  const flushes: number[] = [];
  for (let index = run.loadStart; index < run.end; index++) {
    if (run.operations[index]?.kind === "flush") flushes.push(index);
  }
  if (flushes.length === 0) throw new Error("the disk was never flushed under load");
  const cuts = Array.from({ length: count }, (_, number): Cut => {
    const early = number % 16 === 15;
    const anywhere = early
      ? Math.floor(random() * run.loadStart)
      : run.loadStart + Math.floor(random() * (run.end - run.loadStart));
    const index = number % 2 === 0 ? (flushes[Math.floor(random() * flushes.length)] as number) : anywhere;
    return {
      index,
      mode: modes[Math.floor(random() * modes.length)] as CutMode,
      seed: seed * 1_000_003 + number,
    };
  });
  return cuts.sort((a, b) => a.index - b.index);
}

/** Just before the first operation that was lost: what was acknowledged by then had been promised. */
export function cutMsOf(run: Run, cut: Cut): number {
  return run.operations[cut.index]?.atMs ?? Number.POSITIVE_INFINITY;
}
