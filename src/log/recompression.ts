import {
  BATCH_HEADER_BYTES,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestampMs,
  batchCompression,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMaxTimestampMs,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeBytes,
  COMPRESSION_MASK,
  writeBatchHeader,
} from "../records/batch.ts";
import { compress, decompress } from "../records/compression/codecs.ts";
import { DEFAULT_MAX_UNCOMPRESSED_BYTES } from "../records/reader.ts";
import type { LogConfig } from "./log-config.ts";

/**
 * A checked batch as `compression.type` wants it stored, or null where it is so already. Records, offsets, times
 * and the producer's sequence stay; what the records take is compressed anew. Throws MALFORMED.
 */
export function recompress(bytes: Uint8Array, at: number, config: LogConfig): Uint8Array | null {
  const { compression, compressionLevel } = config;
  const from = batchCompression(bytes, at);
  if (compression === null || compression === from) return null;
  const body = bytes.subarray(at + BATCH_HEADER_BYTES, at + batchSizeBytes(bytes, at));
  const plain = decompress(from, body, DEFAULT_MAX_UNCOMPRESSED_BYTES);
  const packed = compress(compression, plain, compressionLevel ?? undefined);
  const batch = new Uint8Array(BATCH_HEADER_BYTES + packed.length);
  batch.set(packed, BATCH_HEADER_BYTES);
  writeBatchHeader(batch, 0, {
    baseOffset: batchBaseOffset(bytes, at),
    sizeBytes: batch.length,
    leaderEpoch: batchLeaderEpoch(bytes, at),
    attributes: (batchAttributes(bytes, at) & ~COMPRESSION_MASK) | compression,
    lastOffsetDelta: batchLastOffsetDelta(bytes, at),
    baseTimestampMs: batchBaseTimestampMs(bytes, at),
    maxTimestampMs: batchMaxTimestampMs(bytes, at),
    producerId: batchProducerId(bytes, at),
    producerEpoch: batchProducerEpoch(bytes, at),
    baseSequence: batchBaseSequence(bytes, at),
    recordCount: batchRecordCount(bytes, at),
  });
  return batch;
}
