/** JSON has functions for exact numbers that the compiler's library does not know yet. */
const rawJson = (JSON as unknown as { rawJSON(text: string): object }).rawJSON;

/** Digits that every double has; a number with more of them may differ from its neighbour and have the same double. */
const DOUBLE_DIGITS = 15;

/**
 * A number whose digits a double does not give back: 1.10, 1e3, 0.12345678901234567890. It has no members of its own, so
 * that no path leads into it.
 */
export class ExactNumber {
  readonly #text: string;
  readonly #value: number;

  /** Digits as JSON has them, and the double next to them, which is finite. */
  constructor(text: string, value: number) {
    this.#text = text;
    this.#value = value;
  }

  get text(): string {
    return this.#text;
  }

  get value(): number {
    return this.#value;
  }

  toJSON(): object {
    return rawJson(this.#text);
  }
}

/** A bigint as JSON writes it. */
export function rawInteger(value: bigint): object {
  return rawJson(value.toString());
}

/** Whatever form a number has, as a double; what is no number stays as it is. */
export function asDouble(value: unknown): unknown {
  if (value instanceof ExactNumber) return value.value;
  return typeof value === "bigint" ? Number(value) : value;
}

/**
 * A text that two numbers share where they are the same: 1, 1.0 and 1e0. Of more digits than a double has, only
 * those written alike are.
 */
export function numberIdentity(value: number | bigint | ExactNumber): string {
  if (!(value instanceof ExactNumber)) return String(value);
  return value.text.length <= DOUBLE_DIGITS ? String(value.value) : value.text;
}
