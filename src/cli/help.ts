import { COMMON_FLAGS, type Command, type Flag } from "./command.ts";
import { EXIT_DOCS } from "./exit-codes.ts";

const WIDTH = 100;

/** Help of a command, `path` being the words that call it: "headwater topic create". */
export function helpText(command: Command, path: string): string {
  const flags = command.commands === undefined ? [...(command.flags ?? []), ...COMMON_FLAGS] : [];
  const usage = [
    path,
    command.commands === undefined ? "" : "COMMAND",
    command.positionals ?? "",
    "[options]",
  ];
  const sections = [
    `${command.summary}.`,
    `Usage: ${usage.filter((word) => word !== "").join(" ")}`,
    command.commands && `Commands:\n${rows(command.commands.map(({ name, summary }) => [name, summary]))}`,
    flags.length > 0 && `Options:\n${rows(flags.map((flag) => [flagText(flag), flag.doc]))}`,
    ...(command.notes ?? []).map((note) => wrap(note, 0)),
    command.examples && `Examples:\n${examples(command.examples)}`,
    path.includes(" ") ? null : `Exit codes:\n${rows(EXIT_DOCS.map(([code, doc]) => [String(code), doc]))}`,
    command.commands && `${path} COMMAND --help says more about each.`,
  ];
  return `${sections.filter((section) => typeof section === "string").join("\n\n")}\n`;
}

/** Rows of a table without borders, columns as wide as they need to be. */
export function columns(table: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of table) {
    for (const [index, cell] of row.entries())
      widths[index] = Math.max(widths[index] ?? 0, Bun.stringWidth(cell));
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => cell + " ".repeat((widths[index] ?? 0) - Bun.stringWidth(cell)))
      .join("  ")
      .trimEnd();
  return table.map((row) => `${line(row)}\n`).join("");
}

/** Breaks a text at spaces, all lines but the first indented. */
export function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length + 1 > WIDTH - indent) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

function rows(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([left]) => left.length));
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${wrap(right, width + 4)}`).join("\n");
}

function examples(list: readonly (readonly [string, string])[]): string {
  return list.map(([line, doc]) => `  # ${doc}\n  ${line}`).join("\n");
}

function flagText({ name, short, value }: Flag): string {
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}
