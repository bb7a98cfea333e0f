import { readFileSync, readlinkSync } from "node:fs";
import { type Address, advise, MADV_DONTNEED } from "./libc.ts";

const KIB = 1024;
/** What the kernel counts pages under that are not as the file has them. */
const WRITTEN = ["Anonymous", "Private_Dirty", "Swap"] as const;

/**
 * Gives back the memory of those pages of the program's own file that nobody wrote to: its code, most of which is used at the
 * start and never again. What is used after that comes back from the page cache by itself, sixteen pages at a time. Returns the
 * bytes that were resident; 0 where it can't be told what is safe.
 */
export function releaseProgramPages(): number {
  try {
    const program = readlinkSync("/proc/self/exe");
    return releaseFrom(readFileSync("/proc/self/smaps", "latin1"), program, (address, length) =>
      advise(address as Address, length, MADV_DONTNEED),
    );
  } catch {
    return 0;
  }
}

/** What `releaseProgramPages` does with proc's text of the mappings; `drop` drops a range. */
export function releaseFrom(
  smaps: string,
  program: string,
  drop: (address: number, length: number) => boolean,
): number {
  let releasedBytes = 0;
  // Of a mapping a line with its range and file, then one for each figure of it.
  for (const mapping of smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ +(.*)$/m.exec(mapping);
    if (head === null || head[4] !== program || head[3]?.includes("w") !== false) continue;
    // Pages that were written to, as by the linker, are nowhere else; and those that were swapped out count as neither.
    if (WRITTEN.some((figure) => kibibytes(mapping, figure) !== 0)) continue;
    const start = Number.parseInt(head[1] ?? "", 16);
    const end = Number.parseInt(head[2] ?? "", 16);
    if (drop(start, end - start)) releasedBytes += (kibibytes(mapping, "Rss") ?? 0) * KIB;
  }
  return releasedBytes;
}

/** Null where the kernel does not say. */
function kibibytes(mapping: string, field: string): number | null {
  const value = new RegExp(`^${field}: +(\\d+) kB$`, "m").exec(mapping)?.[1];
  return value === undefined ? null : Number(value);
}
