import { HeadwaterError } from "../base/errors.ts";

/** The fields of a JSON object from outside, read one by one with a fault that names the field. */
export class Fields {
  readonly #what: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  /** Throws MALFORMED where the text is no JSON object. */
  constructor(what: string, text: string) {
    this.#what = what;
    let value: unknown = null;
    try {
      value = JSON.parse(text);
    } catch {
      // Refused below, as what is no object.
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new HeadwaterError(
        "MALFORMED",
        `${what} is no JSON object; it was cut off, or is something else`,
      );
    }
    this.#fields = value as Readonly<Record<string, unknown>>;
  }

  /** Throws MALFORMED where it is no text of at most `maxLength` characters. */
  text(name: string, maxLength: number): string {
    const value = this.#fields[name];
    if (typeof value === "string" && value.length <= maxLength) return value;
    throw this.fault(name, typeof value === "string" ? "is too long" : "is missing, or no text");
  }

  /** The same, or null where it is null or missing. */
  optional(name: string, maxLength: number): string | null {
    return this.#fields[name] == null ? null : this.text(name, maxLength);
  }

  /** A time in ISO 8601 as milliseconds since 1970. */
  timeMs(name: string): number {
    const ms = Date.parse(this.text(name, 40));
    if (Number.isNaN(ms)) throw this.fault(name, "is no time, as 2026-01-31T12:00:00Z");
    return ms;
  }

  /** A table of texts; empty where it is missing. */
  texts(name: string, maxCount: number, maxLength: number): Readonly<Record<string, string>> {
    const value = this.#fields[name] ?? {};
    if (typeof value !== "object" || Array.isArray(value)) throw this.fault(name, "is no table");
    const entries = Object.entries(value);
    if (entries.length > maxCount) throw this.fault(name, `has more than ${maxCount} entries`);
    const bad = entries.find(([, text]) => typeof text !== "string" || text.length > maxLength);
    if (bad !== undefined) throw this.fault(`${name}.${bad[0].slice(0, 40)}`, "is no text, or too long");
    return value as Readonly<Record<string, string>>;
  }

  /** The JSON text of an object within; null where it is missing. */
  object(name: string): string | null {
    const value = this.#fields[name];
    if (value == null) return null;
    if (typeof value !== "object") throw this.fault(name, "is no object");
    return JSON.stringify(value);
  }

  /** Throws where the format is of a later version, or of something else. */
  expectFormat(format: string): void {
    const found = this.text("format", 100);
    if (found === format) return;
    const isLater = found.split("/")[0] === format.split("/")[0];
    const remedy = isLater ? "update Headwater" : "is it another kind of file?";
    throw this.fault("format", `is ${JSON.stringify(found)}, not ${format}; ${remedy}`);
  }

  fault(name: string, what: string): HeadwaterError {
    return new HeadwaterError("MALFORMED", `${this.#what}: ${name} ${what}`);
  }
}
