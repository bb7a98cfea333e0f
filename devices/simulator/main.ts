import { HeadwaterError } from "../../src/base/errors.ts";
import { didYouMean } from "../../src/config/problem.ts";
import { type OptionSpec, optionsHelp, UsageError } from "./command-line.ts";
import { RUN_OPTIONS, runCommand } from "./run-command.ts";
import { EXIT, processTerminal, type Terminal } from "./terminal.ts";
import { VERIFY_OPTIONS, verifyCommand } from "./verify-command.ts";

interface Command {
  readonly summary: string;
  readonly options: readonly OptionSpec[];
  readonly examples: readonly string[];
  readonly run: (args: readonly string[], terminal: Terminal) => Promise<number>;
}

const CALL = "bun devices/simulator/main.ts";

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  [
    "run",
    {
      summary: "Let a fleet of devices publish numbered readings until Ctrl-C, --duration or --readings",
      options: RUN_OPTIONS,
      examples: [
        "run --devices 20 --rate 2 --ledger fleet.ledger",
        "run --devices 200 --rate 0 --readings 1000 --format cbor",
      ],
      run: runCommand,
    },
  ],
  [
    "verify",
    {
      summary:
        "Prove that every acknowledged reading of a run is in a topic exactly once, in order per device",
      options: VERIFY_OPTIONS,
      examples: [
        "verify --ledger fleet.ledger",
        "verify --kafka central-1.example.org:9092 --ledger fleet.ledger --wait 30s",
      ],
      run: verifyCommand,
    },
  ],
]);

/** Runs a command line and gives the exit code. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [word = "", ...rest] = args;
  if (["", "help", "--help", "-h"].includes(word)) {
    (word === "" ? terminal.err : terminal.out)(help());
    return word === "" ? EXIT.usage : EXIT.ok;
  }
  const command = COMMANDS.get(word);
  try {
    if (command === undefined) throw unknownCommand(word);
    if (rest.includes("--help") || rest.includes("-h")) {
      terminal.out(commandHelp(word, command));
      return EXIT.ok;
    }
    return await command.run(rest, terminal);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error instanceof UsageError) {
      terminal.err(`${error.message}\n${CALL}${command === undefined ? "" : ` ${word}`} --help says more.\n`);
      return EXIT.usage;
    }
    if (error instanceof HeadwaterError) {
      terminal.err(`${error.message}\n`);
      return EXIT.unreachable;
    }
    throw error;
  }
}

function unknownCommand(word: string): UsageError {
  const names = [...COMMANDS.keys()];
  const near = didYouMean(word, names);
  const remedy = near === null ? `there are ${names.join(" and ")}` : `did you mean ${near}?`;
  return new UsageError(`there is no command ${JSON.stringify(word)}; ${remedy}`);
}

function help(): string {
  const commands = Array.from(COMMANDS, ([name, { summary }]) => `  ${name.padEnd(8)}${summary}\n`).join("");
  return `Simulated devices, and the proof that nothing of theirs is lost.\n\nUsage: ${CALL} COMMAND [options]\n\n${commands}\n${CALL} COMMAND --help lists a command's options.\n`;
}

function commandHelp(name: string, { summary, options, examples }: Command): string {
  const lines = examples.map((example) => `  ${CALL} ${example}\n`).join("");
  return `${summary}.\n\nUsage: ${CALL} ${name} [options]\n\n${optionsHelp(options)}\n${lines}`;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2), processTerminal));
