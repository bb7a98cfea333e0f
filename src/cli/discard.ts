/** Whether the file system has told its disk which blocks it needs no longer. */
export type Discarded = { readonly done: true } | { readonly done: false; readonly why: string };

/** Longest line of the program that is passed on. */
const MAX_WHY_LENGTH = 200;

/** Runs a program to its end; null where there is none of the name. */
export type RunProgram = (
  command: readonly [string, ...string[]],
) => Promise<{ readonly exitCode: number; readonly text: string } | null>;

/**
 * Has the file system of a folder discard all blocks that are free (FITRIM, by util-linux' fstrim): the one way to have flash forget
 * what was there, which it may take its time for. Only root may.
 */
export async function discardUnused(
  folder: string,
  isRoot = process.getuid?.() === 0,
  run: RunProgram = runProgram,
): Promise<Discarded> {
  if (!isRoot) return { done: false, why: "only root may have it do that" };
  const outcome = await run(["fstrim", folder]);
  if (outcome === null) return { done: false, why: "there is no fstrim here" };
  if (outcome.exitCode === 0) return { done: true };
  const why = outcome.text.trim().split("\n").at(-1)?.slice(0, MAX_WHY_LENGTH);
  return { done: false, why: why || `fstrim ended with ${outcome.exitCode}` };
}

async function runProgram(command: readonly [string, ...string[]]) {
  const path = Bun.which(command[0]);
  if (path === null) return null;
  const child = Bun.spawn([path, ...command.slice(1)], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const text = await new Response(child.stderr).text();
  return { exitCode: await child.exited, text };
}
