import type { Logger } from "../base/logger.ts";
import { openIdentity } from "../broker/identity.ts";
import type { DataWork } from "../cli/world.ts";
import type { Settings } from "../config/options.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { SystemRandom } from "../io/bun/random.ts";
import { LogStore } from "../log/log-store.ts";
import { Backups } from "./backup.ts";
import { openGatewayDisk } from "./gateway-disk.ts";
import { logLimits } from "./log-limits.ts";
import { repairStore } from "./repair-data.ts";

/** Work on data folders with the real clock, disk and randomness. */
export const DATA_WORK: DataWork = {
  backup: backupOf,
  repair: async (settings, { damages, condition }, logger) =>
    repairStore({
      disk: (await openGatewayDisk(settings, logger)).disk,
      clock: new SystemClock(),
      random: new SystemRandom(),
      ...{ settings, damages, logger },
      isClean: condition === "clean",
    }),
};

/** Opens the logs, which recovers what a power cut has left, for as long as they are copied. */
async function* backupOf(settings: Settings, version: string, logger: Logger): AsyncGenerator<Uint8Array> {
  const { disk } = await openGatewayDisk(settings, logger);
  const [clock, random] = [new SystemClock(), new SystemRandom()];
  const store = await LogStore.open({
    ...{ disk, clock, random, folder: settings.data, limits: logLimits(settings) },
    report: {
      quarantined: (_log, path, fromOffset, toOffset, why) =>
        logger.error(why, { path, fromOffset, toOffset }),
      warning: (message, cause) => logger.warn(message, { cause }),
    },
  });
  try {
    openIdentity(disk, settings.data, random);
    yield* new Backups({ disk, store, clock, version, gatewayId: settings["gateway.id"] }).tar();
  } finally {
    await store.close();
  }
}
