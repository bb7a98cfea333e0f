import { COMPRESSION_LZ4, COMPRESSION_ZSTD } from "../../records/batch.ts";
import { compress } from "../../records/compression/codecs.ts";
import type { Compress } from "../lane.ts";
import type { LinkCompression } from "../settings.ts";

/** Compresses as the settings say; what does not shrink is sent as it is. */
export function compressor(type: LinkCompression, level: number): Compress {
  if (type === "none") return () => null;
  const code = type === "lz4" ? COMPRESSION_LZ4 : COMPRESSION_ZSTD;
  return (records) => {
    const bytes = compress(code, records, level);
    return bytes.length < records.length ? { code, bytes } : null;
  };
}
