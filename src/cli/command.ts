import type { World } from "./world.ts";

/** An option of a command. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in help; an option without it is a switch. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly doc: string;
}

/** A command, or a group of commands where it has `commands`. */
export interface Command {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Positional arguments as help shows them, "NAME..." where the last may be repeated. */
  readonly positionals?: string;
  readonly minPositionals?: number;
  readonly maxPositionals?: number;
  readonly flags?: readonly Flag[];
  /** Paragraphs of help below the options. */
  readonly notes?: readonly string[];
  /** Whole command lines, each with what it does. */
  readonly examples?: readonly (readonly [string, string])[];
  readonly commands?: readonly Command[];
  /** Does the work and gives the exit code; errors are thrown. */
  readonly run?: (input: Input, world: World) => Promise<number>;
}

/** What the command line says, checked against the command's own flags. */
export interface Input {
  readonly positionals: readonly string[];
  /** The value of an option, or null. */
  value(name: string): string | null;
  /** All values of an option that may be repeated. */
  values(name: string): readonly string[];
  /** Whether a switch is on. */
  on(name: string): boolean;
  /** Whether `-o json` was asked for. */
  readonly json: boolean;
}

/** Options that every command takes. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: "output", short: "o", value: "text|json", doc: "Form of the answer; text is for people." },
  { name: "help", short: "h", doc: "This help." },
];
