import { releaseMemory } from "../../io/release-chunk.ts";
import { BATCH_HEADER_BYTES, COMPRESSION_LZ4, COMPRESSION_ZSTD } from "../../records/batch.ts";
import { compress } from "../../records/compression/codecs.ts";
import type { Calls } from "../calls.ts";
import { type Compress, type SealedBatch, withHeaderRoom } from "../lane.ts";
import type { LinkCompression, UplinkSettings } from "../settings.ts";

/** A batch that takes the event loop longer than this is compressed beside it, where that is possible. */
const LONGEST_INLINE_US = 1_000;
/** Batches that may be beside the loop; more are compressed where they are sealed. */
const MAX_LATER = 16;
/** Microseconds a KiB of JSON, measured on one core of a server; a gateway's takes five times that. */
const LZ4_US = 6;
/** By level, from 1 on; what is between takes the one above. */
const ZSTD_US: readonly (readonly [number, number])[] = [
  [3, 1.7],
  [6, 8],
  [9, 18],
  [12, 40],
  [19, 560],
];
/** How much slower than that it may be. */
const SLOWNESS = 2;

/** How batches are compressed: as the settings say, here or beside the event loop. */
export class Compression {
  /** Returns null for what does not shrink: that is sent as it is. */
  readonly now: Compress;
  readonly #code: number;
  readonly #level: number;
  readonly #usPerKib: number;
  readonly #calls: Calls | null;
  #laterCount = 0;

  /** Without `calls` nothing is done beside the loop. */
  constructor(
    { compression, compressionLevel }: Pick<UplinkSettings, "compression" | "compressionLevel">,
    calls: Calls | null,
  ) {
    const code = compression === "lz4" ? COMPRESSION_LZ4 : COMPRESSION_ZSTD;
    this.#code = code;
    this.#level = compressionLevel;
    this.#usPerKib = costOf(compression, compressionLevel);
    this.#calls = calls;
    this.now = (records) => {
      if (compression === "none") return null;
      const bytes = compress(code, records, compressionLevel);
      return bytes.length < records.length ? { code, bytes } : null;
    };
  }

  /** Whether a batch of that size is better compressed beside the loop. */
  takesLater(sizeBytes: number): boolean {
    const us = (this.#usPerKib * SLOWNESS * sizeBytes) / 1024;
    return this.#calls !== null && us > LONGEST_INLINE_US && this.#laterCount < MAX_LATER;
  }

  /** Compresses a batch that is not ready, which is ready then. `then` hears how many bytes that saved. */
  later(batch: SealedBatch, then: (savedBytes: number) => void): void {
    const records = batch.bytes.subarray(BATCH_HEADER_BYTES);
    this.#laterCount += 1;
    this.#calls?.ask("compress", { code: this.#code, level: this.#level, records }, (outcome) => {
      this.#laterCount -= 1;
      const bytes = outcome.kind === "answered" ? outcome.answer : (this.now(records)?.bytes ?? null);
      const before = batch.bytes.length;
      if (bytes !== null) {
        releaseMemory(batch.bytes);
        batch.bytes = withHeaderRoom(bytes);
        releaseMemory(bytes);
        batch.compression = this.#code;
      }
      batch.ready = true;
      then(before - batch.bytes.length);
    });
  }

  /** What was beside the loop is forgotten. */
  restart(): void {
    this.#laterCount = 0;
  }
}

function costOf(type: LinkCompression, level: number): number {
  if (type === "none") return 0;
  if (type === "lz4") return LZ4_US;
  return ZSTD_US.find(([upTo]) => level <= upTo)?.[1] ?? 0;
}
