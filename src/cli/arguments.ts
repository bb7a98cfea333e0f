import { parseArgs } from "node:util";
import { didYouMean } from "../config/problem.ts";
import { COMMON_FLAGS, type Command, type Flag, type Input } from "./command.ts";
import { UsageError } from "./exit-codes.ts";

/** Reads a command's arguments. Null where help is asked for. Throws UsageError. */
export function parseArguments(command: Command, args: readonly string[]): Input | null {
  const flags = [...(command.flags ?? []), ...COMMON_FLAGS];
  const { values, positionals } = parse(flags, args);
  if (values.get("help") !== undefined) return null;
  checkCount(command, positionals);
  const output = values.get("output")?.at(-1);
  if (output !== undefined && output !== "json" && output !== "text") {
    throw new UsageError(`--output ${output}: write text or json`);
  }
  return {
    positionals,
    value: (name) => values.get(name)?.at(-1) ?? null,
    values: (name) => values.get(name) ?? [],
    on: (name) => values.has(name),
    json: output === "json",
  };
}

function parse(
  flags: readonly Flag[],
  args: readonly string[],
): { readonly values: ReadonlyMap<string, readonly string[]>; readonly positionals: readonly string[] } {
  const options = Object.fromEntries(
    flags.map(({ name, short, value }) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short && { short }) },
    ]),
  );
  // Unstrict with tokens, since the errors of the strict mode do not say what was meant instead.
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const flag = flags.find(({ name }) => name === token.name);
    if (flag === undefined) throw unknownOption(flags, token.rawName);
    if (flag.value === undefined && token.value !== undefined)
      throw new UsageError(`${token.rawName} takes no value`);
    if (flag.value !== undefined && token.value === undefined) {
      throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
    }
    // Nothing that is meant so begins like an option, and an option that another one takes for its value is not heard.
    if (token.value?.startsWith("--") === true && !token.inlineValue) {
      const remedy = `write --${flag.name}=${token.value} if that is its value`;
      throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${flag.value}; ${remedy}`);
    }
    const before = values.get(flag.name) ?? [];
    if (before.length > 0 && flag.value !== undefined && flag.multiple !== true) {
      throw new UsageError(`${token.rawName} is there twice`);
    }
    values.set(flag.name, [...before, token.value ?? ""]);
  }
  return { values, positionals };
}

function checkCount(command: Command, positionals: readonly string[]): void {
  const { minPositionals: min = 0, maxPositionals: max = 0 } = command;
  const extra = positionals[max];
  if (extra !== undefined) throw new UsageError(`${JSON.stringify(extra)} is one argument too many`);
  if (positionals.length < min) throw new UsageError(`an argument is missing: ${command.positionals ?? ""}`);
}

function unknownOption(flags: readonly Flag[], rawName: string): UsageError {
  const near = didYouMean(
    rawName.replace(/^-+/, ""),
    flags.map(({ name }) => name),
  );
  const remedy = near === null ? "--help lists them" : `did you mean --${near}?`;
  return new UsageError(`there is no option ${rawName}; ${remedy}`);
}
