import { HeadwaterError } from "../base/errors.ts";
import { didYouMean } from "../config/problem.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { EXIT, exitCodeOf, UsageError } from "./exit-codes.ts";
import { helpText } from "./help.ts";
import { serveCommand } from "./serve.ts";
import type { World } from "./world.ts";

const PROGRAM = "headwater";

/** Runs a command line (without the program's own name) and gives the exit code. Never throws. */
export async function runCli(args: readonly string[], world: World): Promise<number> {
  let path: readonly string[] = [PROGRAM];
  world.onBug((error) => world.err(errorText(error, path.join(" "))));
  try {
    const found = await findCommand(args);
    path = found.path;
    const { command, rest, help } = found;
    if (command.run === undefined) {
      (help ? world.out : world.err)(helpText(command, path.join(" ")));
      return help ? EXIT.ok : EXIT.usage;
    }
    const input = parseArguments(command, rest);
    if (input === null) {
      world.out(helpText(command, path.join(" ")));
      return EXIT.ok;
    }
    return await command.run(input, world);
  } catch (error) {
    world.err(errorText(error, path.join(" ")));
    return exitCodeOf(error);
  }
}

interface Found {
  readonly command: Command;
  readonly path: readonly string[];
  readonly rest: readonly string[];
  /** Help on a group was asked for. */
  readonly help: boolean;
}

/** Follows the words of a command line down to a command, or to a group that is named without one. */
async function findCommand(args: readonly string[]): Promise<Found> {
  // A gateway runs for months and would keep all the other commands in memory, of which it needs none.
  if (args[0] === serveCommand.name) {
    return { command: serveCommand, path: [PROGRAM, serveCommand.name], rest: args.slice(1), help: false };
  }
  let command = (await import("./commands.ts")).allCommands(PROGRAM);
  const path = [PROGRAM];
  let rest = args[0] === "help" ? [...args.slice(1), "--help"] : [...args];
  if (rest[0] === "--version" || rest[0] === "-V") rest = ["version", ...rest.slice(1)];
  while (command.commands !== undefined) {
    const [word, ...others] = rest;
    if (word === undefined) return { command, path, rest, help: false };
    if (word === "--help" || word === "-h") return { command, path, rest, help: true };
    const next = command.commands.find(({ name }) => name === word);
    if (next === undefined) throw unknownCommand(command, path, word);
    command = next;
    path.push(next.name);
    rest = others;
  }
  return { command, path, rest, help: false };
}

function unknownCommand(group: Command, path: readonly string[], word: string): UsageError {
  const names = (group.commands ?? []).map(({ name }) => name);
  const near = didYouMean(word, names);
  const remedy =
    near === null ? `there are ${names.join(", ")}` : `did you mean ${[...path, near].join(" ")}?`;
  return new UsageError(`there is no command ${JSON.stringify(word)}; ${remedy}`);
}

function errorText(error: unknown, command: string): string {
  if (error instanceof UsageError) return `${command}: ${error.message}\n${command} --help says more.\n`;
  if (error instanceof HeadwaterError) return `${error.message}\n`;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${command}: this is a bug in headwater, please report it\n${text}\n`;
}
