import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { SeededRandom } from "../../../src/io/simulated/random.ts";
import { CrashStates, type CutMode } from "../../powercut/crash-states.ts";
import { makeFolder, mountImage, removeFolder, writeSparse } from "../../powercut/mounts.ts";
import { NotedVolume } from "../../powercut/noted-volume.ts";
import type { Headwater } from "../../support/headwater.ts";

/** As slow as a tired card: there is always something under way that a cut can take. */
const VOLUME = { sizeMiB: 256, flushMs: 100 };
/** A signal takes a moment to reach all threads. */
const STOPPED_MS = 2;
const MODES: readonly CutMode[] = ["drop", "subset", "torn"];

/** A volume under a gateway from which power can be cut, once: what was not flushed by then is lost, or parts of it. */
export class CutDisk {
  readonly dataFolder: string;
  readonly #folder: string;
  readonly #volume: NotedVolume;

  private constructor(folder: string, volume: NotedVolume) {
    this.#folder = folder;
    this.#volume = volume;
    this.dataFolder = join(volume.mountPoint, "data");
    mkdirSync(this.dataFolder);
  }

  static async open(): Promise<CutDisk> {
    const folder = makeFolder();
    return new CutDisk(folder, await NotedVolume.mount(folder, VOLUME));
  }

  /** Ends the gateway by a cut of its power, and puts what that leaves in the volume's place. */
  async cut(gateway: Headwater, random: SeededRandom, modes: readonly CutMode[] = MODES): Promise<void> {
    // A process that is killed lives on until the disk has done what it waits for, and could not tell anybody of it.
    process.kill(gateway.pid, "SIGSTOP");
    await Bun.sleep(STOPPED_MS);
    const index = this.#volume.countOperations();
    await gateway.kill();
    await this.#volume.unmount();
    const { image, operations } = this.#volume.takeLog();
    const mode = modes[random.below(modes.length)] ?? "drop";
    const states = new CrashStates(image, operations);
    const path = join(this.#folder, "after.img");
    await states.at({ index, mode, seed: random.below(1_000_000) }, async (bytes) =>
      writeSparse(path, bytes),
    );
    await mountImage(path, this.#volume.mountPoint);
  }

  async remove(): Promise<void> {
    await this.#volume.unmount();
    await removeFolder(this.#folder);
  }
}
