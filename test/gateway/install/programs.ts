/** The system's own programs may lie where an ordinary user's PATH does not look. */
const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Where a program is, or null; in CI everything has to be there. */
export function program(name: string): string | null {
  const path = Bun.which(name, { PATH });
  if (path === null && process.env.CI) throw new Error(`${name} is missing in CI`);
  return path;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** For its standard input. */
  readonly input?: string;
  /** Exit status that is expected; 0 where left out. */
  readonly status?: number;
}

/** Runs a program to its end and gives what it wrote, both outputs together. Throws with that where it fails. */
export function run(command: readonly string[], options: RunOptions = {}): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, PATH, ...options.env },
    stdin: options.input === undefined ? "ignore" : new TextEncoder().encode(options.input),
  });
  const output = `${stdout}${stderr}`;
  if (exitCode !== (options.status ?? 0)) {
    throw new Error(`${command.join(" ")} ended with ${exitCode}:\n${output}`);
  }
  return output;
}
