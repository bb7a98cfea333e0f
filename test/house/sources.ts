import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, resolve } from "node:path";

/** A TypeScript file of this project: its path from the top, with slashes, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Something that a rule of the house forbids. */
export interface Violation {
  readonly path: string;
  readonly message: string;
}

export const TOP = resolve(import.meta.dirname, "../..");

/** Every TypeScript source below a folder, generated code left out: that is held by its generator. */
export function readSources(folder: string): readonly Source[] {
  return readdirSync(join(TOP, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.includes("generated/"))
    .sort()
    .map((name) => ({
      path: posix.join(folder, name),
      text: readFileSync(join(TOP, folder, name), "utf8"),
    }));
}

/**
 * What a file imports, as written: static and dynamic imports, re-exports, types, and the files that Workers
 * are made from. The formatter keeps imports at the start of a line, which is what makes this reliable without
 * a parser; Bun's own scanner leaves out imports of types, and those have a direction too.
 */
export function importsOf(text: string): readonly string[] {
  const patterns = [
    /^(?:import|export)(?:\s[^;"']*?\sfrom)?\s*"([^"]+)"/gm,
    /\bimport\(\s*"([^"]+)"\s*\)/g,
    /\bnew URL\(\s*"([^"]+)",\s*import\.meta\.url/g,
  ];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ""));
}

/** Path from the top of a file that `from` imports, or null for a package. */
export function resolveImport(from: string, specifier: string): string | null {
  return specifier.startsWith(".") ? posix.join(dirname(from), specifier) : null;
}

/** The code of a file with comments blanked out and lines kept, so that prose about a rule doesn't break it. */
export function withoutComments(text: string): string {
  const blank = (comment: string): string => comment.replace(/[^\n]/g, " ");
  return text.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(^|\s)\/\/.*$/gm, blank);
}

/** One line a violation, as a failed expectation prints it. */
export function report(violations: readonly Violation[]): readonly string[] {
  return violations.map((violation) => `${violation.path}: ${violation.message}`);
}
