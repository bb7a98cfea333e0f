/**
 * Where the keys of a TOML text stand: Bun's parser gives values without positions, and a message about a value
 * has to name its line. The text is one that the parser took, so this scanner only looks for keys and skips
 * values; a text it misreads costs a line number, never a value.
 */

/** Line (from 1) of each key by its dotted path; items of arrays of tables are `mqtt.route[0].filter`. */
export function tomlLines(text: string): ReadonlyMap<string, number> {
  return new Scanner(text).scan();
}

/**
 * Line (from 1) of the statement that makes a text unreadable: the one after the longest beginning that
 * `parses`.
 */
export function faultyLine(text: string, parses: (beginning: string) => boolean): number {
  const ends = [...text.matchAll(/\n/g)].map((match) => match.index + 1);
  for (let count = ends.length; count > 0; count--) {
    if (parses(text.slice(0, ends[count - 1]))) return count + 1;
  }
  return 1;
}

class Scanner {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  readonly #arrayCounts = new Map<string, number>();
  #position = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): ReadonlyMap<string, number> {
    let table = "";
    while (this.#skipBlank()) {
      if (this.#peek() === "[") table = this.#header();
      else this.#keyValue(table);
    }
    return this.#lines;
  }

  /** `[a.b]` or `[[a.b]]`: the path under which the following keys stand. */
  #header(): string {
    const isArray = this.#text.startsWith("[[", this.#position);
    this.#advance(isArray ? 2 : 1);
    const line = this.#line;
    let path = "";
    const parts = this.#keyParts("]");
    for (const [index, part] of parts.entries()) {
      path = join(path, part);
      const count = this.#arrayCounts.get(path);
      if (isArray && index === parts.length - 1) {
        this.#arrayCounts.set(path, (count ?? 0) + 1);
        path = `${path}[${count ?? 0}]`;
      } else if (count !== undefined) path = `${path}[${count - 1}]`;
    }
    this.#advance(isArray ? 2 : 1);
    this.#record(path, line);
    return path;
  }

  #keyValue(table: string): void {
    const line = this.#line;
    const before = this.#position;
    let path = table;
    for (const part of this.#keyParts("=")) {
      path = join(path, part);
      this.#record(path, line);
    }
    this.#advance(1);
    this.#value(path);
    if (this.#position === before) this.#advance(1);
  }

  #value(path: string): void {
    this.#skipSpaces();
    const next = this.#peek();
    if (next === '"' || next === "'") this.#string();
    else if (next === "[") this.#array(path);
    else if (next === "{") this.#inlineTable(path);
    else while (this.#position < this.#text.length && !/[\n,\]}#]/.test(this.#peek())) this.#advance(1);
  }

  #array(path: string): void {
    this.#advance(1);
    for (let index = 0; this.#skipBlank() && this.#peek() !== "]"; index++) {
      const before = this.#position;
      this.#record(`${path}[${index}]`, this.#line);
      this.#value(`${path}[${index}]`);
      if (this.#skipBlank() && this.#peek() === ",") this.#advance(1);
      if (this.#position === before) return;
    }
    this.#advance(1);
  }

  #inlineTable(path: string): void {
    this.#advance(1);
    while (this.#skipBlank() && this.#peek() !== "}") {
      const before = this.#position;
      this.#keyValue(path);
      if (this.#skipBlank() && this.#peek() === ",") this.#advance(1);
      if (this.#position === before) return;
    }
    this.#advance(1);
  }

  /** The parts of a dotted key, up to `end`, which is left to read. */
  #keyParts(end: string): readonly string[] {
    const parts: string[] = [];
    while (this.#position < this.#text.length) {
      this.#skipSpaces();
      const next = this.#peek();
      if (next === end || next === "\n" || next === "") break;
      if (next === ".") this.#advance(1);
      else if (next === '"' || next === "'") parts.push(this.#string());
      else parts.push(this.#bareKey());
    }
    return parts;
  }

  #bareKey(): string {
    const key = /^[^\s.=\]"']*/.exec(this.#text.slice(this.#position, this.#position + 256))?.[0] ?? "";
    this.#advance(Math.max(key.length, 1));
    return key;
  }

  /** Skips a string of any of the four kinds; its text is exact where nothing in it is escaped. */
  #string(): string {
    const quote = this.#peek();
    const triple = quote.repeat(3);
    const mark = this.#text.startsWith(triple, this.#position) ? triple : quote;
    this.#advance(mark.length);
    const start = this.#position;
    while (this.#position < this.#text.length && !this.#text.startsWith(mark, this.#position)) {
      this.#advance(quote === '"' && this.#peek() === "\\" ? 2 : 1);
    }
    const text = this.#text.slice(start, this.#position);
    this.#advance(mark.length);
    // A multi-line string may end in up to two quotes of its own.
    while (mark === triple && this.#peek() === quote) this.#advance(1);
    return text;
  }

  /** Skips spaces, line ends and comments; false at the end of the text. */
  #skipBlank(): boolean {
    while (this.#position < this.#text.length) {
      if (/\s|\ufeff/.test(this.#peek())) this.#advance(1);
      else if (this.#peek() === "#") this.#skipLine();
      else return true;
    }
    return false;
  }

  #skipLine(): void {
    const end = this.#text.indexOf("\n", this.#position);
    this.#position = end < 0 ? this.#text.length : end;
  }

  #skipSpaces(): void {
    while (this.#peek() === " " || this.#peek() === "\t") this.#advance(1);
  }

  #peek(): string {
    return this.#text.charAt(this.#position);
  }

  #advance(count: number): void {
    for (let step = 0; step < count; step++) {
      if (this.#text.charAt(this.#position) === "\n") this.#line += 1;
      this.#position += 1;
    }
  }

  #record(path: string, line: number): void {
    if (!this.#lines.has(path)) this.#lines.set(path, line);
  }
}

function join(path: string, part: string): string {
  return path === "" ? part : `${path}.${part}`;
}
