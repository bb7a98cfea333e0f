import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RULES } from "../dashboards/files.ts";

export const JOB = "headwater";
const START_MS = 30_000;
const STOP_MS = 5_000;
const POLL_MS = 100;

/** One series of an answer. */
export interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** Debian's Prometheus in a process of its own, which scrapes one gateway every second and goes by the alerts' rules. */
export class Prometheus {
  readonly #folder: string;
  readonly #address: string;
  readonly #child: Bun.Subprocess<"ignore", "ignore", "pipe">;
  #log = "";

  private constructor(folder: string, address: string) {
    this.#folder = folder;
    this.#address = address;
    this.#child = Bun.spawn(
      [
        "prometheus",
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=${address}`,
        // As an empty flag of /etc/default would: nothing of the system's own configuration counts.
        `--web.console.templates=${folder}`,
        `--web.console.libraries=${folder}`,
      ],
      { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
    );
    void this.#collect();
  }

  /** Resolves once it has scraped the gateway at `target`, host:port. */
  static async start(target: string): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), "headwater-prometheus-"));
    const config = {
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [RULES],
      scrape_configs: [{ job_name: JOB, static_configs: [{ targets: [target] }] }],
    };
    // YAML takes JSON.
    writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
    const started = new Prometheus(folder, `127.0.0.1:${freePort()}`);
    try {
      await started.until("a scrape", async () => {
        const { activeTargets } = (await started.ask("targets")) as {
          readonly activeTargets: readonly { readonly health: string }[];
        };
        return activeTargets.some(({ health }) => health === "up");
      });
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  /** Series that an expression has now. Throws with what Prometheus says is wrong with it. */
  async query(expression: string): Promise<readonly Found[]> {
    const { result } = (await this.ask("query", { query: expression })) as {
      readonly result: readonly Found[];
    };
    return result;
  }

  /** An answer of its HTTP API. */
  async ask(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const response = await fetch(`http://${this.#address}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; data?: unknown; error?: string };
    if (answer.status !== "success")
      throw new Error(`${path} ${JSON.stringify(parameters)}: ${answer.error}`);
    return answer.data;
  }

  /** Waits for what it has to come to. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + START_MS;
    for (;;) {
      if (await holds().catch(() => false)) return;
      if (performance.now() > deadline || this.#child.exitCode !== null)
        throw new Error(`Prometheus has not come to ${what}:\n${this.#log.slice(-4_000)}`);
      await Bun.sleep(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    const forced = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    this.#child.kill("SIGTERM");
    await this.#child.exited;
    clearTimeout(forced);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #collect(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) this.#log += decoder.decode(chunk, { stream: true });
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
