import { HeadwaterError } from "../base/errors.ts";
import type { FileRights, OwnedFiles } from "../io/owned-files.ts";

/** A file that is to be there. */
export interface PlannedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly rights: FileRights;
  /** What it is, for whoever is told of it: a line without a full stop. */
  readonly what: string;
  /** Whether it may replace another's: it holds what was there, too. */
  readonly extends?: boolean;
}

/** Files that are there all together, or will be when the same is done again. */
export interface Placement {
  /** Made before the files, those above others first. */
  readonly folders: readonly { readonly path: string; readonly rights: FileRights }[];
  /** In the order in which they are written: the one by which the others take effect comes last. */
  readonly files: readonly PlannedFile[];
  /** Where it is written down meanwhile which files are being written. */
  readonly marker: string;
}

/** Of one file that is placed, or in the way. */
export const MAX_PLACED_BYTES = 4 * 1024 * 1024;
const MAX_MARKER_BYTES = 64 * 1024;
const MARKER_RIGHTS: FileRights = { mode: 0o600, owner: null };
/** Behind the name of what was replaced. */
export const REPLACED = ".old";

/**
 * The files that others have put there, and that would be replaced: neither what an earlier try, which did not come to its
 * end, has begun, nor what is there already as it should be. Throws as `OwnedFiles.read` does.
 */
export function inTheWay(files: OwnedFiles, { files: planned, marker }: Placement): readonly string[] {
  const begun = begunBefore(files, marker);
  return planned
    .filter((file) => file.extends !== true && !begun.has(file.path))
    .filter(({ path, bytes }) => {
      const found = files.read(path, MAX_PLACED_BYTES);
      return found !== null && !Buffer.from(found).equals(bytes);
    })
    .map(({ path }) => path);
}

/**
 * Writes what is missing or differs; what others had there stays beside it as `.old`. Whenever the power fails, doing the
 * same again ends it. Throws as `OwnedFiles.write` does.
 */
export function place(files: OwnedFiles, placement: Placement): void {
  const { folders, files: planned, marker } = placement;
  const begun = begunBefore(files, marker);
  for (const { path, rights } of folders) files.makeFolder(path, rights);
  // Before the marker: what it names is nobody's.
  for (const { path, bytes, rights } of planned.filter(({ path }) => !begun.has(path))) {
    const found = files.read(path, MAX_PLACED_BYTES);
    if (found !== null && !Buffer.from(found).equals(bytes)) files.write(`${path}${REPLACED}`, found, rights);
  }
  const names = new Set([...begun, ...planned.map(({ path }) => path)]);
  files.write(marker, Buffer.from(JSON.stringify([...names])), MARKER_RIGHTS);
  // What is there as it should be, too: its rights may be others.
  for (const { path, bytes, rights } of planned) files.write(path, bytes, rights);
  files.remove(marker);
}

function begunBefore(files: OwnedFiles, marker: string): ReadonlySet<string> {
  const bytes = files.read(marker, MAX_MARKER_BYTES);
  if (bytes === null) return new Set();
  try {
    const paths: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (Array.isArray(paths) && paths.every((path) => typeof path === "string")) return new Set(paths);
  } catch {
    // Falls through: nobody but this program writes it, and always whole.
  }
  throw new HeadwaterError("MALFORMED", `${marker} is not what Headwater has written there; remove it`, {
    path: marker,
  });
}
