import type { Logger } from "../base/logger.ts";
import type { Settings } from "../config/options.ts";
import type { DiskChoice } from "../io/bun/choose-disk.ts";
import { openDataDisk } from "../io/bun/data-disk.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";

/** The disk of a gateway that serves, or of who works on its folder in its place. Makes the folder. */
export async function openGatewayDisk(settings: Settings, logger: Logger): Promise<DiskChoice> {
  new PlainDisk().makeFolder(settings.data);
  return openDataDisk({
    folder: settings.data,
    implementation: settings["disk.implementation"],
    key: {
      file: settings["storage.encryption.key.file"],
      credential: settings["storage.encryption.key.credential"],
    },
    isOwner: true,
    damaged: (path, block) =>
      logger.error(
        block < 0
          ? "a file of the encrypted folder can't be opened with its keys"
          : "a block of an encrypted file was changed, or is damaged",
        { path, ...(block < 0 ? {} : { block }) },
      ),
  });
}
