import type { Settings } from "../config/options.ts";
import { openDataDisk } from "../io/bun/data-disk.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import type { Disk } from "../io/disk.ts";

/**
 * The data folder's disk for a command, with its key where it is encrypted. Never mapped: a file that somebody else cuts
 * would end this process. Whoever is its owner may make an empty folder an encrypted one.
 */
export async function dataDisk(settings: Settings, isOwner = false): Promise<Disk> {
  // What is not there is said by who looks for it.
  if (!new PlainDisk().exists(settings.data)) return new PlainDisk();
  const { disk } = await openDataDisk({
    folder: settings.data,
    implementation: "plain",
    key: {
      file: settings["storage.encryption.key.file"],
      credential: settings["storage.encryption.key.credential"],
    },
    isOwner,
  });
  return disk;
}
