const MAX_PART = 999;
const TIME_DIGITS = 10;
/** Nothing beyond it fits a signed number of 64 bits, which is what a shell compares with. */
const MAX_ORDER = 2n ** 63n - 1n;

/**
 * Where a program stands among others, as a whole number in decimal digits that a shell can compare too: by the three numbers
 * of its version, then by the time of its commit, so that two builds of one version have an order. Text behind the numbers
 * (`0.1.0+5df3f96`, `1.0~git...`) counts for nothing.
 */
export function orderOf(version: string, committedSeconds: number): string {
  const [major, minor, patch] = numbersOf(version);
  const part = (value: number) => BigInt(Math.min(value, MAX_PART));
  const triple = (part(major) * 1000n + part(minor)) * 1000n + part(patch);
  const seconds = BigInt(Math.max(0, Math.min(Math.floor(committedSeconds), 10 ** TIME_DIGITS - 1)));
  const order = triple * 10n ** BigInt(TIME_DIGITS) + seconds;
  return String(order > MAX_ORDER ? MAX_ORDER : order);
}

/** Whether the text is an order. */
export function isOrder(text: string): boolean {
  return /^(?:0|[1-9]\d{0,18})$/.test(text) && BigInt(text) <= MAX_ORDER;
}

/** Below 0 where `a` is the older, 0 where they are the same, above 0 where `b` is. */
export function compareOrders(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b);
  return difference < 0n ? -1 : Number(difference > 0n);
}

/** Whether the numbers of a version are those of another at least. */
export function isAtLeast(version: string, minimum: string): boolean {
  return compareOrders(orderOf(version, 0), orderOf(minimum, 0)) >= 0;
}

function numbersOf(version: string): readonly [number, number, number] {
  const [, major = "0", minor = "0", patch = "0"] =
    /^(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?/.exec(version) ?? [];
  return [Number(major), Number(minor), Number(patch)];
}
