/** Why nothing is done, for a person: what it is about, what was found, and what to do. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(thing: string, value: string, remedy: string) {
    super(`${thing}: ${value}; ${remedy}`);
  }
}

/** The system's own programs may lie where an ordinary user's PATH does not look. */
export const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;

export interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program of this machine to its end. Refuses where it is not there, and says in which package it is. */
export function run(command: readonly string[], debianPackage: string): Outcome {
  const [name = "", ...args] = command;
  const path = Bun.which(name, { PATH });
  if (path === null) {
    throw new Refusal("this machine", `has no ${name}`, `apt-get install ${debianPackage}`);
  }
  const { exitCode, stdout, stderr } = Bun.spawnSync([path, ...args], {
    env: { ...process.env, PATH, LC_ALL: "C" },
  });
  return { status: exitCode, out: stdout.toString(), err: stderr.toString() };
}
