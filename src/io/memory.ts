/** How much memory there is for this process, as whoever ends processes for want of it counts. */
export interface MemorySource {
  /** What is so now. Doesn't throw. */
  read(): MemoryReading;
}

export interface MemoryReading {
  /** Of the machine, and of each group of processes that this one is in; none where nobody tells. */
  readonly bounds: readonly MemoryBound[];
  /** How much of the last ten seconds somebody waited for memory, and everybody did: 0 to 1. Null where nobody tells. */
  readonly stalled: { readonly someShare: number; readonly fullShare: number } | null;
}

export interface MemoryBound {
  readonly of: "machine" | "group";
  readonly limitBytes: number;
  /** What may still be taken: free, or clean pages of files, which the kernel takes back by itself. */
  readonly availableBytes: number;
}
