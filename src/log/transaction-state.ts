/** Ends a producer's transaction in a partition. */
export interface Marker {
  readonly producerId: number;
  /** With transaction version 2 the producer's next epoch, else the one that it wrote with. */
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly outcome: "commit" | "abort";
  /** From 2 on a marker has to raise the producer's epoch (KIP-890). Default 0: it may keep it. */
  readonly transactionVersion?: number;
}
