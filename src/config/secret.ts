import { bad, good, kindOf, type Option, option } from "./option.ts";

/** Stands where a secret would. */
export const HIDDEN = "***";

/** A value that nobody sees by accident: as text, as JSON and in an inspection it is `***`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  get empty(): boolean {
    return this.#value === "";
  }

  /** The value itself, for whom it is meant. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return this.empty ? "" : HIDDEN;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** A text that no message, no status and no `config print` shows. */
export function secret(facts: { readonly doc: string }): Option<Secret> {
  return option("secret", "a text", { ...facts, default: new Secret("") }, String, (raw) => {
    if (raw instanceof Secret) return good(raw);
    if (typeof raw !== "string") return bad(`it is ${kindOf(raw)}`, "write a quoted text");
    return raw.includes("\0") ? bad("it holds a zero character", "write a text") : good(new Secret(raw));
  });
}
