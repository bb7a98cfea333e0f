/**
 * Durations and sizes as people write them. A plain number is in the setting's own unit (milliseconds, bytes),
 * so that values from Kafka's configuration files are right as they stand.
 */
const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
]);

const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ["b", 1],
  ["kb", 1000],
  ["mb", 1000 ** 2],
  ["gb", 1000 ** 3],
  ["tb", 1000 ** 4],
  ["k", 1024],
  ["m", 1024 ** 2],
  ["g", 1024 ** 3],
  ["t", 1024 ** 4],
  ["kib", 1024],
  ["mib", 1024 ** 2],
  ["gib", 1024 ** 3],
  ["tib", 1024 ** 4],
]);

/** Milliseconds of "7d", "1h30m", "250 ms", "-1" or "1500", or null where it is none of these. */
export function parseDurationMs(text: string): number | null {
  const trimmed = text.trim().toLowerCase();
  if (/^[+-]?\d[\d_]*$/.test(trimmed)) return wholeNumber(trimmed);
  if (!/^(\d+(\.\d+)?\s*[a-z]+\s*)+$/.test(trimmed)) return null;
  let total = 0;
  for (const [, count, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    const factor = DURATION_UNITS.get(unit ?? "");
    if (factor === undefined) return null;
    total += Number(count) * factor;
  }
  return exact(total);
}

/** Bytes of "16MiB", "1.5 GB", "64k", "-1" or "1048588", or null where it is none of these. */
export function parseSizeBytes(text: string): number | null {
  const trimmed = text.trim().toLowerCase();
  if (/^[+-]?\d[\d_]*$/.test(trimmed)) return wholeNumber(trimmed);
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(trimmed);
  const factor = SIZE_UNITS.get(match?.[2] ?? "");
  return match === null || factor === undefined ? null : exact(Number(match[1]) * factor);
}

/** "7d", "1h30m", "250ms": exact, and read back by `parseDurationMs`. */
export function formatDurationMs(durationMs: number): string {
  if (durationMs <= 0) return String(durationMs);
  let rest = durationMs;
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const factor = DURATION_UNITS.get(unit) ?? 1;
    const count = Math.floor(rest / factor);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * factor;
  }
  return text;
}

/** "16MiB", "1048588": exact, and read back by `parseSizeBytes`. */
export function formatSizeBytes(sizeBytes: number): string {
  if (sizeBytes <= 0) return String(sizeBytes);
  for (const unit of ["TiB", "GiB", "MiB", "KiB"]) {
    const factor = SIZE_UNITS.get(unit.toLowerCase()) ?? 1;
    if (sizeBytes % factor === 0) return `${sizeBytes / factor}${unit}`;
  }
  return String(sizeBytes);
}

function wholeNumber(text: string): number | null {
  return exact(Number(text.replaceAll("_", "")));
}

function exact(value: number): number | null {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) && Math.abs(rounded - value) < 1e-6 ? rounded : null;
}
