/**
 * What a bridge is doing.
 * - "connecting": for the first time: looking up the name, connecting, waiting for the CONNACK
 * - "connected"
 * - "backing off": it failed, and is tried again by itself
 * - "refused": the remote does not want this client; it is tried again, but somebody has to change something
 * - "failed": the local state can't be read or written; it is tried again
 */
export type BridgeStateKind = "connecting" | "connected" | "backing off" | "refused" | "failed" | "stopped";

/** For HTTP, the command line and metrics: plain data, made when asked for. Counts are since the start. */
export interface BridgeStatus {
  readonly name: string;
  readonly state: BridgeStateKind;
  /** For how long the connection has been there; null where it is not. */
  readonly connectedForMs: number | null;
  readonly retryInMs: number | null;
  readonly lastError: string | null;
  /** Connections that failed or ended. */
  readonly failures: number;
  readonly in: InboundStatus;
  readonly out: OutboundStatus;
}

export interface InboundStatus {
  readonly messages: number;
  readonly bytes: number;
  /** Messages that wait for the disk. */
  readonly inFlight: number;
  readonly duplicates: number;
  /** Messages that had been here before. */
  readonly looped: number;
  readonly dropped: number;
  /** Filters that the remote does not let the bridge have. */
  readonly refusedFilters: readonly string[];
}

export interface OutboundStatus {
  readonly messages: number;
  readonly bytes: number;
  readonly inFlight: number;
  /** Records to look through; null before the state is read. At least as many as there are messages to carry. */
  readonly lagRecords: number | null;
  /** Messages that the bridge itself brought in, and that do not go back. */
  readonly echoes: number;
  /** Records that will never be carried. */
  readonly gaps: number;
}
