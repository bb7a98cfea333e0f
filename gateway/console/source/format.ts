const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** What stands where nothing is known. */
export const NOTHING = "–";

/** 12,345 */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : whole.format(value);
}

/** 12.3K: for axes and small places. */
export function short(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : compact.format(value);
}

/** 3.4 MiB */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  let rest = Math.abs(value);
  let unit = 0;
  while (rest >= 1000 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
  return `${value < 0 ? "-" : ""}${rest.toFixed(digits)} ${UNITS[unit]}`;
}

/** 3.4 KiB/s */
export function byteRate(value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : `${bytes(value)}/s`;
}

/** 1,234/s, and 0.25/s below ten. */
export function rate(value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  if (value === 0) return "0/s";
  if (value >= 10) return `${whole.format(value)}/s`;
  return `${Number(value.toFixed(value < 1 ? 2 : 1))}/s`;
}

/** 37 %, 0.4 %. */
export function percent(part: number | null | undefined): string {
  if (part === null || part === undefined || !Number.isFinite(part)) return NOTHING;
  const value = part * 100;
  return `${value >= 10 || value === 0 ? Math.round(value) : Number(value.toFixed(1))} %`;
}

const SPANS: readonly (readonly [string, number])[] = [
  ["year", 365 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

/** 4 d 3 h, 12 min, 3.2 s, 40 ms: the two largest parts at most. */
export function duration(valueMs: number | null | undefined): string {
  if (valueMs === null || valueMs === undefined || !Number.isFinite(valueMs)) return NOTHING;
  const value = Math.abs(valueMs);
  const sign = valueMs < 0 ? "-" : "";
  if (value < 1000) return `${sign}${Math.round(value)} ms`;
  if (value < 10_000) return `${sign}${Number((value / 1000).toFixed(1))} s`;
  const at = SPANS.findIndex(([, size]) => value >= size);
  const [name = "s", size = 1000] = SPANS[at] ?? [];
  const first = Math.floor(value / size);
  const [nextName = "", nextSize = 0] = SPANS[at + 1] ?? [];
  const second = nextSize === 0 || first >= 10 ? 0 : Math.floor((value % size) / nextSize);
  const plural = (amount: number, unit: string) => (unit === "year" && amount > 1 ? "years" : unit);
  const head = `${sign}${first} ${plural(first, name)}`;
  return second === 0 ? head : `${head} ${second} ${nextName}`;
}

/** "3 min ago", from a length of time. */
export function ago(valueMs: number | null | undefined): string {
  if (valueMs === null || valueMs === undefined) return NOTHING;
  return valueMs < 1000 ? "now" : `${duration(Math.floor(valueMs / 1000) * 1000)} ago`;
}

/** 2026-03-05 14:03:27, in the time zone of who looks. */
export function time(atMs: number | null | undefined): string {
  if (atMs === null || atMs === undefined || !Number.isFinite(atMs) || Math.abs(atMs) > 8.64e15)
    return NOTHING;
  const at = new Date(atMs);
  return `${date(at)} ${clock(at)}`;
}

/** The same with milliseconds. */
export function preciseTime(atMs: number): string {
  const text = time(atMs);
  return text === NOTHING ? text : `${text}.${String(new Date(atMs).getMilliseconds()).padStart(3, "0")}`;
}

function date(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function clock(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** A setting's value as somebody would write it. */
export function written(value: unknown): string {
  if (value === null || value === undefined || value === "") return NOTHING;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The text of a percent-encoded key; as it is where that is no text. */
export function keyText(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
