import { runCli } from "../../src/cli/cli.ts";
import type { RunBroker, Terminal, World } from "../../src/cli/world.ts";
import { DATA_WORK } from "../../src/wiring/data-work.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface FakeProcess {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: readonly string[];
  readonly runBroker?: RunBroker;
  readonly interrupted?: Promise<string>;
  readonly errIsTerminal?: boolean;
  /** What is typed at prompts that show nothing; standard input is a terminal then. */
  readonly secrets?: string[];
  /** What is typed at prompts that show it. */
  readonly answers?: string[];
  /** Gets what is called on SIGHUP. */
  readonly hangups?: (() => void)[];
  /** Standard output is this one. */
  readonly terminal?: Terminal;
  /** Gets what is written to standard output while the command runs. */
  readonly onOut?: (text: string) => void;
  /** Gets where each piece of output went, in their order. */
  readonly writes?: ("out" | "err")[];
}

/** Runs a command line in this process. */
export async function run(args: readonly string[], given: FakeProcess = {}): Promise<Outcome> {
  const out: Uint8Array[] = [];
  let err = "";
  const world: World = {
    out: (text) => {
      given.writes?.push("out");
      out.push(Buffer.from(text as string));
      given.onOut?.(String(text));
    },
    err: (text) => {
      given.writes?.push("err");
      err += text;
    },
    stdin: async function* () {
      for (const chunk of given.stdin ?? []) yield Buffer.from(chunk);
    },
    env: given.env ?? {},
    hostName: "host",
    outIsTerminal: false,
    errIsTerminal: given.errIsTerminal ?? false,
    stdinIsTerminal: given.secrets !== undefined,
    version: "1.2.3",
    runBroker: given.runBroker ?? (() => Promise.reject(new Error("not expected to run"))),
    dataWork: async () => DATA_WORK,
    onBug: () => {},
    interrupted: () => given.interrupted ?? new Promise(() => {}),
    onHangup: (callback) => given.hangups?.push(callback),
    ask: async () => given.answers?.shift() ?? "",
    askSecret: async () => given.secrets?.shift() ?? "",
    openTerminal: () => given.terminal ?? null,
  };
  const code = await runCli(args, world);
  return { code, out: Buffer.concat(out).toString(), err };
}
