import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../support/kafka/real-kafka.ts";

const START_MS = 10_000;

/**
 * mosquitto 2.0.11 loses count of what a client has under way, and after its own restart sends what is beyond its limit
 * as a new PUBLISH, also what it had sent a PUBREL for: that is QoS 2 twice, whoever receives it. So it gets a limit
 * that nothing is beyond.
 */
export const ALL_IN_FLIGHT = ["max_inflight_messages 1000"];

/** A real mosquitto that keeps its sessions and messages over restarts. */
export class MosquittoBroker {
  readonly folder: string;
  readonly port: number;
  readonly #config: string;
  #child: Bun.Subprocess | null = null;

  /** `more` are lines for its configuration; a line `listener` of one's own takes the place of the plain one. */
  static async start(
    more: (folder: string, port: number) => readonly string[] = () => [],
  ): Promise<MosquittoBroker> {
    const [port = 0] = await freePorts(1);
    const folder = mkdtempSync(join(tmpdir(), "headwater-mosquitto-"));
    const lines = more(folder, port);
    const listener = lines.some((line) => line.startsWith("listener")) ? [] : [`listener ${port} 127.0.0.1`];
    const broker = new MosquittoBroker(folder, port, [...listener, ...lines]);
    await broker.restart();
    return broker;
  }

  private constructor(folder: string, port: number, lines: readonly string[]) {
    this.folder = folder;
    this.port = port;
    this.#config = join(folder, "mosquitto.conf");
    const common = [
      "allow_anonymous true",
      "persistence true",
      `persistence_location ${folder}/`,
      "max_queued_messages 100000",
      "log_type error",
      ...(process.getuid?.() === 0 ? ["user root"] : []),
    ];
    writeFileSync(this.#config, `${[...lines, ...common].join("\n")}\n`);
  }

  /** SIGTERM: it writes its sessions and messages down. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    this.#child?.kill(signal);
    await this.#child?.exited;
    this.#child = null;
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#child = Bun.spawn(["mosquitto", "-c", this.#config], { stdio: ["ignore", "ignore", "ignore"] });
    await listening(this.port);
  }

  async dispose(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function listening(port: number): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (isOpen) return;
    if (Date.now() > deadline) throw new Error(`nobody listens on ${port}`);
    await Bun.sleep(20);
  }
}
