import { constants, lstatSync, openSync, rmSync, type Stats } from "node:fs";
import { HeadwaterError } from "../base/errors.ts";
import { UsageError } from "./exit-codes.ts";

const FILE_MODE = 0o600;
/** A new file, and none that somebody has put there in between, or has led elsewhere. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Opens what is written before it takes the name of the file that somebody asked for: `path` with `.part` behind it, in
 * place of one that was left. Throws UsageError where something else than a file stands at either, which a rename would
 * put an end to: device nodes, pipes, sockets, folders, links. Throws DISK_IO.
 */
export function openDraft(path: string): { readonly draft: string; readonly fd: number } {
  const draft = `${path}.part`;
  try {
    const there = kindOf(path);
    if (there !== null) {
      const remedy = "name a file that is new or may be replaced, or - for standard output";
      throw new UsageError(`${path} is ${there}, and would be replaced: ${remedy}`);
    }
    const left = kindOf(draft);
    // A link goes itself, and not what it leads to.
    if (left !== null && left !== LINK)
      throw new UsageError(`${draft}, which is to be written first, is ${left}: name another file`);
    rmSync(draft, { force: true });
    return { draft, fd: openSync(draft, NEW_FILE, FILE_MODE) };
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeadwaterError("DISK_IO", `${path}: ${why}`, { cause, path });
  }
}

const LINK = "a symbolic link";
const KINDS: readonly (readonly [string, (stats: Stats) => boolean])[] = [
  [LINK, (stats) => stats.isSymbolicLink()],
  ["a folder", (stats) => stats.isDirectory()],
  ["a named pipe", (stats) => stats.isFIFO()],
  ["a socket", (stats) => stats.isSocket()],
  ["a device", (stats) => stats.isBlockDevice() || stats.isCharacterDevice()],
];

/** What stands there; null for a file, or nothing. */
function kindOf(path: string): string | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || stats.isFile()) return null;
  return KINDS.find(([, fits]) => fits(stats))?.[0] ?? "no regular file";
}
