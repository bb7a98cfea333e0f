import { HeadwaterError } from "../base/errors.ts";
import type { Disk } from "../io/disk.ts";

/** Says that the folder is being erased: from its being there on nothing else may be done with it. */
export const ERASURE_MARKER = "erase.state";

/** Throws DATA_FORMAT_UNKNOWN where an erasure was begun in the folder: what is left must not be taken for whole. */
export function refuseErased(disk: Disk, folder: string): void {
  // One that is no plain file is still one: it may be of a name alone.
  if (!disk.list(folder).includes(ERASURE_MARKER)) return;
  throw new HeadwaterError(
    "DATA_FORMAT_UNKNOWN",
    `${folder} is being erased, and its keys and users are gone or going: run headwater erase again to end that`,
    { path: folder },
  );
}
