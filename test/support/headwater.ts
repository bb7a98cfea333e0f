import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * A Headwater in a process of its own, for tests: from source, or the compiled binary that the environment variable
 * HEADWATER_BIN names. It listens on loopback, on free ports that it keeps over restarts, so that clients that are
 * connected find it again.
 */
export interface Headwater {
  /** `host:port` of each door. */
  readonly kafka: string;
  readonly mqtt: string;
  readonly http: string;
  readonly dataFolder: string;
  readonly pid: number;
  readonly running: boolean;
  /** All that it printed since the first start. */
  log(): string;
  /** SIGTERM, and its exit code once it is gone. */
  stop(): Promise<number>;
  /** SIGKILL: what was not written to the system by then is lost. */
  kill(): Promise<void>;
  /** Starts again on the same data and ports. */
  restart(): Promise<void>;
  /** Stops it and removes the data, where this made the folder. Prints the log where `failed`. */
  dispose(failed?: boolean): Promise<void>;
}

export interface HeadwaterOptions {
  /** Kept by `dispose`; without it, a temporary folder is made and removed. */
  readonly dataFolder?: string;
  /** Settings as for `--set`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** More arguments of `headwater serve`. */
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Started in place of `headwaterCommand()`: Headwater with something planted in it. */
  readonly command?: readonly string[];
  /** In a process group of its own, so that a terminal's Ctrl-C reaches only whoever started it. */
  readonly detached?: boolean;
}

const TOP = resolve(import.meta.dirname, "../..");
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 20_000;
const READY = /\bready kafka=(\S+) mqtt=(\S+) http=(\S+)/;

/** The command that runs Headwater: HEADWATER_BIN, or this checkout's source. */
export function headwaterCommand(): readonly string[] {
  const binary = process.env.HEADWATER_BIN;
  return binary ? [resolve(TOP, binary)] : [process.execPath, join(TOP, "src/main.ts")];
}

/** Starts Headwater and returns once it says that it is ready. Rejects with its log where it ends or says nothing. */
export async function startHeadwater(options: HeadwaterOptions = {}): Promise<Headwater> {
  const made = options.dataFolder === undefined;
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), "headwater-test-"));
  const started = new HeadwaterProcess(options, dataFolder, made);
  try {
    await started.restart();
  } catch (error) {
    await started.dispose();
    throw error;
  }
  return started;
}

class HeadwaterProcess implements Headwater {
  kafka = "127.0.0.1:0";
  mqtt = "127.0.0.1:0";
  http = "127.0.0.1:0";
  readonly dataFolder: string;
  private readonly options: HeadwaterOptions;
  private readonly ownsData: boolean;
  private child: Bun.Subprocess<"ignore", "pipe", "pipe"> | null = null;
  private printed = "";

  constructor(options: HeadwaterOptions, dataFolder: string, ownsData: boolean) {
    this.options = options;
    this.dataFolder = dataFolder;
    this.ownsData = ownsData;
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  get running(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  log(): string {
    return this.printed;
  }

  async restart(): Promise<void> {
    const from = this.printed.length;
    this.child = Bun.spawn([...(this.options.command ?? headwaterCommand()), ...this.serveArguments()], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, ...this.options.environment },
      detached: this.options.detached ?? false,
    });
    void this.collect(this.child.stdout);
    void this.collect(this.child.stderr);
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (true) {
      const ready = READY.exec(this.printed.slice(from));
      if (ready !== null) {
        [, this.kafka = "", this.mqtt = "", this.http = ""] = ready;
        return;
      }
      if (!this.running || Date.now() > deadline) {
        const how = this.running ? `said nothing within ${START_TIMEOUT_MS} ms` : "ended";
        await this.kill();
        throw new Error(`Headwater ${how} before it was ready:\n${this.printed.slice(from)}`);
      }
      await Bun.sleep(5);
    }
  }

  async stop(): Promise<number> {
    const child = this.child;
    if (child === null) return 0;
    const forced = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    child.kill("SIGTERM");
    const status = await child.exited;
    clearTimeout(forced);
    if (child.signalCode === "SIGKILL" && status !== 0) {
      throw new Error(`Headwater did not stop within ${STOP_TIMEOUT_MS} ms:\n${this.printed.slice(-4000)}`);
    }
    return status;
  }

  async kill(): Promise<void> {
    this.child?.kill("SIGKILL");
    await this.child?.exited;
  }

  async dispose(failed = false): Promise<void> {
    if (this.running) await (failed ? this.kill() : this.stop());
    if (failed) console.error(`--- log of Headwater\n${this.printed.slice(-8000)}\n---`);
    if (this.ownsData) rmSync(this.dataFolder, { recursive: true, force: true });
  }

  private serveArguments(): readonly string[] {
    const { settings = {}, arguments: more = [] } = this.options;
    const set = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    const doors = ["--kafka", this.kafka, "--mqtt", this.mqtt, "--http", this.http];
    return ["serve", "--data", this.dataFolder, ...doors, ...set, ...more];
  }

  private async collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.printed += decoder.decode(chunk, { stream: true });
  }
}
