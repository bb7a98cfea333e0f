import { COMPRESSION_ZSTD } from "../../records/batch.ts";
import { compress } from "../../records/compression/codecs.ts";
import type { Compress } from "../lane.ts";
import type { UplinkSettings } from "../settings.ts";

/** zstd's fastest standard level: on a link the next ones save little and cost twice the CPU. */
const ZSTD_LEVEL = 1;

export function compressor(settings: UplinkSettings): Compress {
  if (settings.compression === "none") return () => null;
  return (records) => {
    const bytes = compress(COMPRESSION_ZSTD, records, ZSTD_LEVEL);
    return bytes.length < records.length ? { code: COMPRESSION_ZSTD, bytes } : null;
  };
}
