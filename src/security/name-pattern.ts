/** Names with `*` for any run of characters, none included; every other character stands for itself. */
export class NamePattern {
  readonly text: string;
  readonly #parts: readonly string[];

  constructor(text: string) {
    this.text = text;
    this.#parts = text.split("*");
  }

  matches(name: string): boolean {
    const [first = "", ...rest] = this.#parts;
    const last = rest.pop();
    if (last === undefined) return name === first;
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last))
      return false;
    // The earliest place for each part leaves the most for those behind it.
    let position = first.length;
    const end = name.length - last.length;
    for (const part of rest) {
      const found = name.indexOf(part, position);
      if (found < 0 || found + part.length > end) return false;
      position = found + part.length;
    }
    return true;
  }
}

/** A set of names, some of them patterns. */
export class NameSet {
  readonly #names = new Set<string>();
  readonly #patterns: NamePattern[] = [];

  constructor(texts: Iterable<string>) {
    for (const text of texts) {
      if (text.includes("*")) this.#patterns.push(new NamePattern(text));
      else this.#names.add(text);
    }
  }

  has(name: string): boolean {
    return this.#names.has(name) || this.#patterns.some((pattern) => pattern.matches(name));
  }
}
