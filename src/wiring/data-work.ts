import type { DataWork } from "../cli/world.ts";
import { chooseDisk } from "../io/bun/choose-disk.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { SystemRandom } from "../io/bun/random.ts";
import { repairStore } from "./repair-data.ts";

/** Work on data folders with the real clock, disk and randomness. */
export const DATA_WORK: DataWork = {
  repair: (settings, { damages, condition }, logger) =>
    repairStore({
      disk: chooseDisk(settings.data, settings["disk.implementation"]).disk,
      clock: new SystemClock(),
      random: new SystemRandom(),
      ...{ settings, damages, logger },
      isClean: condition === "clean",
    }),
};
