/** What became of a partition's offsets that the position has passed, beside those that are at the centre: see `Tally`. */
export interface Account {
  /** Where it begins. */
  readonly firstOffset: number;
  readonly filtered: number;
  readonly gapped: number;
  readonly empty: number;
}

/** How many of the offsets below a position are at the centre by this account; negative where the two don't belong together. */
export function forwardedOf({ firstOffset, filtered, gapped, empty }: Account, position: number): number {
  return position - firstOffset - filtered - gapped - empty;
}

/** `FIRST.FILTERED.GAPPED.EMPTY` in base 36, without the zeros at its end: nothing where all from offset 0 on is at the centre. */
export function encodeAccount({ firstOffset, filtered, gapped, empty }: Account): string {
  const parts = [firstOffset, filtered, gapped, empty];
  while (parts.at(-1) === 0) parts.pop();
  return parts.map((part) => part.toString(36)).join(".");
}

/** Null for what is none. */
export function decodeAccount(text: string): Account | null {
  const parts = text === "" ? [] : text.split(".");
  if (parts.length > 4 || !parts.every((part) => /^[0-9a-z]{1,11}$/.test(part))) return null;
  const numbers = parts.map((part) => Number.parseInt(part, 36));
  if (!numbers.every((number) => Number.isSafeInteger(number))) return null;
  const [firstOffset = 0, filtered = 0, gapped = 0, empty = 0] = numbers;
  return { firstOffset, filtered, gapped, empty };
}
