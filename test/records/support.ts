import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Lines of a file in fixtures/, each one JSON value. */
export function readJsonLines<Line>(name: string): Line[] {
  return readFileSync(join(import.meta.dir, "fixtures", name), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

/** A batch as Kafka's Java implementation wrote it, with what it holds. 64-bit values are text. */
export interface GoldenBatch {
  readonly compression: "none" | "gzip" | "snappy" | "lz4" | "zstd";
  readonly baseOffset: string;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
  readonly partitionLeaderEpoch: number;
  readonly hex: string;
  readonly records: readonly GoldenRecord[];
}

export interface GoldenRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
}

/** A control batch that ends a transaction. */
export interface GoldenMarker {
  readonly control: "COMMIT" | "ABORT";
  readonly baseOffset: string;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly hex: string;
}

const goldenLines = readJsonLines<GoldenBatch | GoldenMarker>("golden-record-batches.jsonl");

export const goldenBatches: readonly GoldenBatch[] = goldenLines.filter((line) => "records" in line);
export const goldenMarkers: readonly GoldenMarker[] = goldenLines.filter((line) => "control" in line);

/** Seeded pseudo-random numbers (xorshift32), so that whatever fails, fails again. */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
