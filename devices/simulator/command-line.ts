import { parseArgs } from "node:util";
import { type Address, parseAddress } from "../../src/config/address.ts";
import { didYouMean } from "../../src/config/problem.ts";
import { parseDurationMs } from "../../src/config/units.ts";

/** A command line that can't be understood; the message says what to write. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface OptionSpec {
  readonly name: string;
  /** What stands for the value in help; an option without it is a switch. */
  readonly value?: string;
  readonly doc: string;
}

/** What a command line says, by the names of the options. */
export class Options {
  readonly #values: ReadonlyMap<string, string>;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Reads the arguments of a command. Throws UsageError on what the command does not have. */
  static parse(specs: readonly OptionSpec[], args: readonly string[]): Options {
    const { tokens } = parseArgs({
      args: [...args],
      options: Object.fromEntries(
        specs.map(({ name, value }) => [name, { type: value === undefined ? "boolean" : "string" } as const]),
      ),
      // Unstrict with tokens, since the errors of the strict mode do not say what was meant instead.
      strict: false,
      tokens: true,
      allowPositionals: true,
    });
    const values = new Map<string, string>();
    for (const token of tokens) {
      if (token.kind === "positional") throw new UsageError(`${JSON.stringify(token.value)} is too much`);
      if (token.kind !== "option") continue;
      const spec = specs.find(({ name }) => name === token.name);
      if (spec === undefined) throw unknownOption(specs, token.rawName);
      if (spec.value !== undefined && token.value === undefined) {
        throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${spec.value}`);
      }
      if (spec.value === undefined && token.value !== undefined) {
        throw new UsageError(`${token.rawName} takes no value`);
      }
      values.set(token.name, token.value ?? "");
    }
    return new Options(values);
  }

  on(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
    const text = this.text(name);
    if (text === null) return fallback;
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw new UsageError(`--${name} ${text}: choose ${choices.join(", ")}`);
    return found;
  }

  /** A number from `least` to `most`; a whole one where `whole`. */
  number(name: string, fallback: number, least: number, most: number, whole: boolean): number {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = Number(text);
    const fits = text.trim() !== "" && value >= least && value <= most && (!whole || Number.isInteger(value));
    if (fits) return value;
    throw new UsageError(
      `--${name} ${text}: write a ${whole ? "whole " : ""}number from ${least} to ${most}`,
    );
  }

  /** Milliseconds of "10s" or "1h30m", or null where the option is left out. */
  durationMs(name: string): number | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = /^\d+$/.test(text) ? null : parseDurationMs(text);
    if (value === null)
      throw new UsageError(`--${name} ${text}: write a time with its unit, as 10s or 1h30m`);
    return value;
  }

  address(name: string, fallback: string): Address {
    const text = this.text(name) ?? fallback;
    const address = parseAddress(text, "127.0.0.1");
    if (typeof address === "string") throw new UsageError(`--${name} ${text}: ${address}; write host:port`);
    return address;
  }
}

/** The options of a command, a line each. */
export function optionsHelp(specs: readonly OptionSpec[]): string {
  const names = specs.map(({ name, value }) => `--${name}${value === undefined ? "" : ` ${value}`}`);
  const width = Math.max(...names.map((name) => name.length));
  return specs.map(({ doc }, index) => `  ${(names[index] ?? "").padEnd(width)}  ${doc}\n`).join("");
}

function unknownOption(specs: readonly OptionSpec[], rawName: string): UsageError {
  const names = specs.map(({ name }) => name);
  const near = didYouMean(rawName.replace(/^-+/, ""), names);
  const remedy =
    near === null ? `there are ${names.map((name) => `--${name}`).join(", ")}` : `did you mean --${near}?`;
  return new UsageError(`there is no option ${rawName}; ${remedy}`);
}
