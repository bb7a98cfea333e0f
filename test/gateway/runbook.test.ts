import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArguments } from "../../src/cli/arguments.ts";
import type { Command } from "../../src/cli/command.ts";
import { allCommands } from "../../src/cli/commands.ts";

const text = readFileSync(join(import.meta.dirname, "../../gateway/runbook.md"), "utf8");

/** Lines of all blocks of shell, and what stands in code elsewhere and begins with the program's name. */
function commandLines(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = ""]) =>
    block.trim().split("\n"),
  );
  const inline = [...markdown.matchAll(/`(headwater [a-z][^`]*)`/g)].map(([, line = ""]) => line);
  return [...blocks, ...inline].filter((line) => line.startsWith("headwater "));
}

/** Throws where the program would refuse the line; needs no more words than a mention has. */
function check(line: string): void {
  let command: Command = allCommands("headwater");
  const words = line.split(/\s+/).slice(1);
  while (command.commands !== undefined && words.length > 0 && !words[0]?.startsWith("-")) {
    const next = command.commands.find(({ name }) => name === words[0]);
    if (next === undefined) throw new Error(`${line}: there is no command ${words[0]}`);
    command = next;
    words.shift();
  }
  // A mention in a sentence names a command alone.
  if (words.length === 0 || words[0] === "COMMAND") return;
  parseArguments(command, words);
}

test("every command of the runbook is one that the program takes", () => {
  const lines = commandLines(text);
  expect(lines.length).toBeGreaterThan(30);
  for (const line of lines) if (!line.startsWith("headwater COMMAND")) check(line);
});

test("a command that is none, or has an option that is none, would be noticed", () => {
  expect(() => check("headwater mend --data /var")).toThrow("there is no command mend");
  expect(() => check("headwater repair --data /var --force")).toThrow("--force");
  expect(() => check("headwater uplink resume")).not.toThrow();
  expect(() => check("headwater uplink resume --now")).toThrow();
});

test("every exit code of the runbook is one of the program's", () => {
  const codes = [...text.matchAll(/exit (\d+)/g)].map(([, code]) => Number(code));
  expect(codes.length).toBeGreaterThan(4);
  for (const code of codes) expect([2, 4, 5, 6, 70]).toContain(code);
});
