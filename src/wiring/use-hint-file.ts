import { HeadwaterError } from "../base/errors.ts";
import type { Disk, DiskFile } from "../io/disk.ts";
import type { HintPlace } from "../upstream/link/use-hint.ts";

const FILE_BYTES = 512;

/**
 * `uplink-NAME.use` in the data folder: the name of the machine's run, a space and the text, filled up with zero bytes. Without
 * the file, as on a full disk, nothing is kept, which costs a little of a budget at the next crash.
 */
export function hintFile(disk: Disk, folder: string, uplink: string, bootId: string): HintPlace {
  const path = `${folder}/uplink-${uplink}.use`;
  let file: DiskFile | null = null;
  const open = (): DiskFile => {
    if (!disk.isFile(path)) return disk.createFile(path, FILE_BYTES);
    const found = disk.openFile(path, "write");
    if (found.sizeBytes === FILE_BYTES) return found;
    found.close();
    disk.remove(path);
    return disk.createFile(path, FILE_BYTES);
  };
  return {
    read: () =>
      attempt(() => {
        const text = decoder.decode(disk.readFile(path, FILE_BYTES) ?? undefined);
        const mark = `${bootId} `;
        return text.startsWith(mark) ? (text.slice(mark.length).split("\0")[0] ?? null) : null;
      }),
    write(text) {
      const bytes = new Uint8Array(FILE_BYTES);
      const { read, written } = encoder.encodeInto(`${bootId} ${text}`, bytes);
      // What does not fit would be cut, and its sum be wrong: so would be what is there already.
      if (read < bootId.length + 1 + text.length || written >= FILE_BYTES) return;
      attempt(() => {
        file ??= open();
        file.write(0, bytes);
        return null;
      });
    },
  };
}

function attempt<Result>(work: () => Result): Result | null {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return null;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
