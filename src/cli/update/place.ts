import { lstatSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { HeadwaterError } from "../../base/errors.ts";
import type { Settings } from "../../config/options.ts";
import { PlainDisk } from "../../io/bun/plain-disk.ts";
import type { Disk } from "../../io/disk.ts";
import { formatVersion, MAX_FORMAT_BYTES } from "../../log/store-format.ts";
import type { Present } from "../../update/admission.ts";
import { type Release, readRelease } from "../../update/release-file.ts";
import { type NextStart, nextStart, readChosen, readJson } from "../../update/slots.ts";
import { MAX_KEYS_BYTES, parseTrustedKeys, type TrustedKey } from "../../update/trusted-keys.ts";

/** Where a gateway's versions are, and which one its next start runs. */
export interface Place {
  readonly disk: Disk;
  readonly slots: string;
  readonly data: string;
  readonly packaged: Release | null;
  readonly packagedOrder: string;
  readonly next: NextStart;
  /** What an update would replace. */
  readonly present: Present;
  /** What ran when the launcher last started a gateway. */
  readonly launched: Launched;
}

export interface Launched {
  readonly version: string;
  readonly slot: string;
  /** Folder of the packaged program. */
  readonly library: string;
}

/**
 * Finds a gateway's slots. Throws UNSUPPORTED where no launcher has started a gateway there: nothing would start what an
 * update leaves in them.
 */
export function findPlace(settings: Settings): Place {
  const disk = new PlainDisk();
  const data = resolve(settings.data);
  const slots = resolve(settings["update.slots"] || join(data, "slots"));
  const launched = readJson(disk, `${slots}/launched`) as Partial<Launched> | null;
  const { version, slot, library } = launched ?? {};
  if (version === undefined || slot === undefined || library === undefined) {
    throw new HeadwaterError(
      "UNSUPPORTED",
      `${slots}: no gateway was started from here by the service's launcher, which chooses between versions; update the package, or the container's image, instead`,
    );
  }
  const packaged = readRelease(disk, library);
  const packagedOrder = packaged?.order ?? "0";
  const next = nextStart(disk, slots, packagedOrder);
  const chosen = readChosen(disk, slots);
  const filled = [chosen, chosen?.other].find((candidate) => candidate?.slot === next.runs);
  return {
    disk,
    slots,
    data,
    packaged,
    packagedOrder,
    next,
    launched: { version, slot, library },
    present: {
      architecture: process.arch,
      version: filled?.version ?? packaged?.version ?? version,
      order: filled?.order ?? packagedOrder,
      logFormat: logFormatOf(disk, data),
    },
  };
}

/** The keys whose bundles are taken. Throws CONFIG_INVALID where there are none. */
export async function trustedKeys(settings: Settings): Promise<readonly TrustedKey[]> {
  const path = settings["update.keys"];
  const disk = new PlainDisk();
  if (!disk.isFile(path)) {
    throw new HeadwaterError(
      "CONFIG_INVALID",
      `${path}: there is no such file, so that no key is trusted and no update taken; put the public keys there that may sign (update.keys)`,
    );
  }
  return parseTrustedKeys(new TextDecoder().decode(disk.readFile(path, MAX_KEYS_BYTES) ?? undefined), path);
}

/** What root would write, the gateway's user could not replace. Throws UNSUPPORTED. */
export function refuseOtherUser(slots: string): void {
  const owner = statSync(slots).uid;
  const user = process.getuid?.() ?? owner;
  if (user === owner) return;
  throw new HeadwaterError(
    "UNSUPPORTED",
    `${slots} belongs to the user ${owner}, and this is ${user}: run it as the gateway's user (sudo -u headwater headwater update ...)`,
  );
}

/** Null where no gateway has begun a log. */
export function logFormatOf(disk: Disk, data: string): number | null {
  const path = `${data}/format`;
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return null;
  const bytes = disk.readFile(path, MAX_FORMAT_BYTES);
  return bytes === null ? null : formatVersion(bytes);
}
