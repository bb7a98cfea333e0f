import { setPriority } from "node:os";
import { HeadwaterError } from "../../base/errors.ts";
import type { Disk } from "../../io/disk.ts";

/** On the slowest machine, beside a gateway at work. */
const LIMIT_MS = 120_000;
const NICENESS = 10;
const MAX_SHOWN = 400;

/**
 * Has a program that nobody has run on this machine yet say whether it can: `headwater self-test`, in a process of its own,
 * with a folder that is gone afterwards. Throws UNSUPPORTED where it can't, or is another version than it was signed as.
 */
export async function runSelfTest(disk: Disk, path: string, slots: string, version: string): Promise<void> {
  const folder = `${slots}/self-test`;
  disk.remove(folder);
  disk.makeFolder(folder);
  try {
    const { exitCode, signal, out, err } = await runProgram([
      path,
      "self-test",
      "--folder",
      folder,
      "-o",
      "json",
    ]);
    const refused = (why: string) =>
      new HeadwaterError(
        "UNSUPPORTED",
        `the new version does not pass its self-test on this machine: ${why}`,
      );
    if (signal === "SIGILL") throw refused("this processor lacks instructions that it needs");
    if (signal !== null)
      throw refused(
        signal === "SIGKILL" ? `it was not done after ${LIMIT_MS / 1000} s` : `it was ended by ${signal}`,
      );
    const said = answerOf(out);
    if (exitCode !== 0 || said === null) {
      const words = `${said?.fault ?? err}`.trim().slice(-MAX_SHOWN);
      throw refused(`it ended with ${exitCode}${words === "" ? "" : `: ${words}`}`);
    }
    if (said.version !== version)
      throw refused(`it says that it is ${said.version}, and was signed as ${version}`);
  } finally {
    disk.remove(folder);
  }
}

async function runProgram(command: readonly string[]) {
  // Nothing that concerns the gateway may reach it: neither its supervisor, nor its slots or settings.
  const { PATH, TMPDIR } = process.env;
  let child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  try {
    child = Bun.spawn([...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      cwd: "/",
      env: { ...(PATH === undefined ? {} : { PATH }), ...(TMPDIR === undefined ? {} : { TMPDIR }) },
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeadwaterError("UNSUPPORTED", `the new version can't be started on this machine: ${why}`, {
      cause,
    });
  }
  try {
    setPriority(child.pid, NICENESS);
  } catch {
    // It has ended already, or nobody may: then it takes what it takes.
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const exitCode = await child.exited;
  clearTimeout(timer);
  return { exitCode, signal: child.signalCode, out, err };
}

function answerOf(out: string): { readonly version: unknown; readonly fault: unknown } | null {
  try {
    const answer: unknown = JSON.parse(out);
    if (typeof answer !== "object" || answer === null) return null;
    const { version, fault } = answer as Partial<Record<string, unknown>>;
    return { version, fault };
  } catch {
    return null;
  }
}
