/** A quantile (0 to 1) of ascending values, or null without any. */
export function quantile(ascending: readonly number[], fraction: number): number | null {
  return ascending[Math.floor(fraction * (ascending.length - 1))] ?? null;
}

/** "1.2 ms", with as many digits as say something. */
export function formatMs(ms: number | null): string {
  if (ms === null) return "-";
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** "p50 1.2 ms, p99 3.4 ms" of ascending values. */
export function summaryMs(ascending: readonly number[]): string {
  return `p50 ${formatMs(quantile(ascending, 0.5))}, p99 ${formatMs(quantile(ascending, 0.99))}`;
}
