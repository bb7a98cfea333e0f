import { CLIENT_TIMEOUT_MS } from "./client.ts";

export interface Finished {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a client's tool to its end, or to the end of its time. */
export async function run(
  command: readonly string[],
  input: string | Uint8Array = "",
  timeoutMs = CLIENT_TIMEOUT_MS,
): Promise<Finished> {
  const child = Bun.spawn([...command], {
    stdin: new Blob([typeof input === "string" ? input : input.slice()]),
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs + 5_000,
    killSignal: "SIGKILL",
  });
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const status = await child.exited;
  if (child.signalCode !== null) {
    throw new Error(`${command.join(" ")} was ended by ${child.signalCode} after ${timeoutMs} ms: ${errors}`);
  }
  return { status, output, errors };
}

/** The same for a tool that has to succeed. */
export async function runWell(
  command: readonly string[],
  input: string | Uint8Array = "",
  timeoutMs = CLIENT_TIMEOUT_MS,
): Promise<string> {
  const { status, output, errors } = await run(command, input, timeoutMs);
  if (status !== 0) throw new Error(`${command.join(" ")} failed with ${status}: ${output}${errors}`);
  return output;
}

/** Lines of an output, the last empty one left out. */
export function lines(output: string): readonly string[] {
  return output.split("\n").filter((line) => line !== "");
}
