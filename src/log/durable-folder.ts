import type { Disk } from "../io/disk.ts";

/** Makes the folder and its parents; all of them are durable when this returns. */
export function makeDurableFolder(disk: Disk, folder: string): void {
  const parents: string[] = [];
  for (let path = folder; path !== "" && !disk.exists(path); path = parentOf(path))
    parents.push(parentOf(path));
  disk.makeFolder(folder);
  for (const parent of parents.reverse()) disk.syncFolderNow(parent === "" ? "." : parent);
}

/** "" stands for the working folder. */
function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === 0 && path !== "/" ? "/" : path.slice(0, Math.max(0, slash));
}
