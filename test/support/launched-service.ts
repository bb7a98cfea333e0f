import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { headwaterCommand } from "./headwater.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../gateway/systemd/launch");
const READY = /^\{"ready":true.*$/m;
const RESTART_MS = 50;
const TIMEOUT_MS = 60_000;

/**
 * A gateway that is started by the launcher, and again whatever ends it, as systemd does: with a package of this Headwater,
 * slots, and a configuration file of its own.
 */
export class LaunchedService {
  readonly folder = mkdtempSync(join(tmpdir(), "headwater-launched-"));
  readonly library = join(this.folder, "lib");
  readonly data = join(this.folder, "data");
  readonly slots = join(this.data, "slots");
  readonly keys = join(this.folder, "keys.pem");
  readonly #config = join(this.folder, "headwater.toml");
  #child: Bun.Subprocess<"ignore", "pipe", "pipe"> | null = null;
  #stopped = false;
  #log = "";
  #running: Promise<void> | null = null;
  /** Starts so far. */
  starts = 0;

  constructor(order: string, settings: string) {
    mkdirSync(this.library);
    mkdirSync(this.slots, { recursive: true });
    copyFileSync(LAUNCHER, join(this.library, "launch"));
    this.program(join(this.library, "headwater"), `exec ${shellWords(headwaterCommand())} "$@"`);
    writeFileSync(join(this.library, "release"), `version 0.0.9\norder ${order}\nformats 1\n`);
    const doors = ["kafka", "mqtt", "http"].map((door) => `${door}.listen = "127.0.0.1:0"\n`).join("");
    writeFileSync(this.#config, `data = "${this.data}"\n${doors}update.keys = "${this.keys}"\n${settings}`);
  }

  /** A script in place of a program. */
  program(path: string, text: string): void {
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  }

  /** Ends the gateway, which is started again with more settings, as after a change of its configuration. */
  async restart(settings: string): Promise<void> {
    const { starts } = this;
    appendFileSync(this.#config, settings);
    this.#child?.kill("SIGTERM");
    await this.ready(starts);
  }

  start(): void {
    this.#running = this.#keepRunning();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#child?.kill("SIGTERM");
    await this.#running;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  log(): string {
    return this.#log;
  }

  /** Until a start after `starts` others is ready; its addresses. */
  async ready(starts = 0): Promise<Readonly<Record<string, string>>> {
    const deadline = Date.now() + TIMEOUT_MS;
    while (Date.now() < deadline) {
      const line = this.starts > starts ? READY.exec(this.#log.slice(this.#startedAt))?.[0] : undefined;
      if (line !== undefined) return JSON.parse(line);
      await Bun.sleep(20);
    }
    throw new Error(`the service was not ready in time:\n${this.#log.slice(-4000)}`);
  }

  /** Runs a command of the packaged program on the service's settings, to its end. */
  async command(...words: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
    const child = Bun.spawn([...headwaterCommand(), ...words, "--config", this.#config], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { code: await child.exited, output: out + err };
  }

  #startedAt = 0;

  async #keepRunning(): Promise<void> {
    while (!this.#stopped) {
      this.#startedAt = this.#log.length;
      this.starts += 1;
      const command = [
        join(this.library, "launch"),
        this.slots,
        "serve",
        "-o",
        "json",
        "--config",
        this.#config,
      ];
      const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      this.#child = child;
      void this.#collect(child.stdout);
      void this.#collect(child.stderr);
      await child.exited;
      if (!this.#stopped) await Bun.sleep(RESTART_MS);
    }
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#log += decoder.decode(chunk, { stream: true });
  }
}

export function shellWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}
