/** What the kernel and the engine tell of this process. */
export interface ProcessFigures {
  /** What is so now. Doesn't throw: what can't be read now is what it was last, and NaN where it never was known. */
  read(): ProcessReading;
  stop(): void;
}

export interface ProcessReading {
  readonly residentBytes: number;
  readonly virtualBytes: number;
  /** The JavaScript heap: objects that are alive, or not collected yet. */
  readonly heapUsedBytes: number;
  /** Outside of the heap, and held by its objects: buffers. */
  readonly externalBytes: number;
  readonly cpuUserSec: number;
  readonly cpuSystemSec: number;
  readonly openFiles: number;
  /** The most that it may open. */
  readonly maxFiles: number;
  /** Pages that had to be read from a disk before the process could go on. */
  readonly majorFaults: number;
  /** Bytes that the process has caused to be written to storage, whatever the page cache made one write of. */
  readonly writtenBytes: number;
  /** Collections of the heap that were noticed; there may have been more. */
  readonly collections: number;
}
