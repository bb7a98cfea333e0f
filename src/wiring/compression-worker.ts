import { compress } from "../records/compression/codecs.ts";

/**
 * Compresses beside the event loop of the gateway: takes `{ id, code, level, records }`, answers `{ id, bytes }`, in
 * order; null for what does not shrink.
 */
declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<CompressionJob>) => {
  const { id, code, level, records } = data;
  const bytes = compress(code, records, level);
  const result: CompressionResult = { id, bytes: bytes.length < records.length ? bytes : null };
  self.postMessage(result);
};

export interface CompressionJob {
  readonly id: number;
  readonly code: number;
  readonly level: number;
  readonly records: Uint8Array;
}

export interface CompressionResult {
  readonly id: number;
  readonly bytes: Uint8Array | null;
}
