import type { MemoryReading, MemorySource } from "../memory.ts";

/** Memory of which a test says how much there is. */
export class SimulatedMemory implements MemorySource {
  reading: MemoryReading = { bounds: [], stalled: null };
  reads = 0;

  read(): MemoryReading {
    this.reads += 1;
    return this.reading;
  }

  /** What is available of a limit, and how much is waited for it. */
  set(availableBytes: number, limitBytes: number, someShare = 0, fullShare = 0): void {
    this.reading = {
      bounds: [{ of: "group", limitBytes, availableBytes }],
      stalled: { someShare, fullShare },
    };
  }
}
