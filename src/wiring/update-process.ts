import { setPriority } from "node:os";
import { EXIT } from "../cli/exit-codes.ts";
import type { Settings } from "../config/options.ts";
import type { Decision } from "../update/desired.ts";
import type { Fetched } from "./update-fleet.ts";

const NICENESS = 10;
const MAX_WHY_LENGTH = 500;
/** On the thinnest link; what has come by then is kept. */
const LIMIT_MS = 12 * 3_600_000;
/** What may be otherwise when it is tried again. */
const PASSING: readonly number[] = [EXIT.unreachable, EXIT.disk, EXIT.data];
/** Settings that the command has to have as the gateway has them. */
const SHARED = [
  "data",
  "update.keys",
  "update.slots",
  "update.gate.ms",
  "update.settle.ms",
  "update.tries",
  "update.allow.http",
  "disk.reserve.bytes",
] as const;

/** `headwater update` in a process of its own, so that unpacking and summing take no time from the event loop. */
export async function fetchUpdate(
  settings: Settings,
  decision: Decision & { readonly kind: "update" },
  slots: string,
  onChild: (child: { kill(): void } | null) => void,
): Promise<Fetched> {
  const { url, manifestSha256 } = decision.bundle;
  const shared = SHARED.flatMap((name) => {
    const value = name === "update.slots" ? slots : String(settings[name]);
    return ["--set", `${name}=${value}`];
  });
  const flags = [
    "--expect",
    decision.version,
    "--manifest-sha256",
    manifestSha256,
    "--no-wait",
    "-o",
    "json",
  ];
  // The gateway's own settings may come from a file that has others by now.
  const child = Bun.spawn(
    [...ownCommand(), "update", url, ...flags, ...(decision.allowOlder ? ["--allow-older"] : []), ...shared],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe", env: environment(), timeout: LIMIT_MS },
  );
  onChild(child);
  try {
    setPriority(child.pid, NICENESS);
  } catch {
    // The service may not be allowed to; then it takes its share.
  }
  const said = await new Response(child.stderr).text();
  const exitCode = await child.exited;
  onChild(null);
  if (exitCode === EXIT.ok) return { done: true };
  const isPassing = child.signalCode !== null || PASSING.includes(exitCode);
  return { done: false, why: said.trim().slice(-MAX_WHY_LENGTH), isFinal: !isPassing };
}

/** This program: the compiled one by itself, a checkout's by the runtime. */
function ownCommand(): readonly string[] {
  return Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main];
}

/** Without what is between the gateway and who started it. */
function environment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !/^(?:NOTIFY_SOCKET$|WATCHDOG_|HEADWATER_)/.test(entry[0]),
  );
  return Object.fromEntries(kept);
}
