import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { required } from "../interop/tools.ts";

const HERE = import.meta.dirname;
const VERSION = "4.3.1";
const JARS = resolve(HERE, `../../.cache/programs/${VERSION}`);
const CLASSES = resolve(HERE, "../../.cache/programs/classes");
const LOGGING = resolve(HERE, "../support/kafka/log4j2.yaml");

/** Why programs of Kafka's own libraries can't run here, or null. Copies their jars first, once. */
export function programsUnavailable(): string | null {
  return required(prepare());
}

function prepare(): string | null {
  if (Bun.which("javac") === null) return "javac is not installed";
  if (!existsSync(join(JARS, ".done"))) {
    if (Bun.which("mvn") === null) return "mvn is not installed and the jars are not in .cache";
    const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${JARS}`, "-DincludeScope=runtime"];
    const run = spawnSync("mvn", ["-q", "-B", "-f", join(HERE, "pom.xml"), ...goal], { encoding: "utf8" });
    if (run.status !== 0) return `mvn could not copy the jars: ${run.stdout}${run.stderr}`;
    writeFileSync(join(JARS, ".done"), "");
  }
  return compile("Counts.java");
}

/** Compiles a source of this folder, once for each state of it. */
function compile(name: string): string | null {
  const source = join(HERE, name);
  const stamp = join(CLASSES, `${name}.stamp`);
  const hash = String(Bun.hash(readFileSync(source)));
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return null;
  mkdirSync(CLASSES, { recursive: true });
  const run = spawnSync("javac", ["-cp", `${JARS}/*`, "-d", CLASSES, source], { encoding: "utf8" });
  if (run.status !== 0) return `javac: ${run.stdout}${run.stderr}`;
  writeFileSync(stamp, hash);
  return null;
}

/** A Java program in a process of its own. */
export class JavaProgram {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #output = "";

  constructor(mainClass: string, args: readonly string[], heapMiB = 192) {
    const options = [`-Xmx${heapMiB}m`, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    const command = ["java", ...options, `-Dlog4j2.configurationFile=${LOGGING}`];
    this.#process = Bun.spawn([...command, "-cp", `${CLASSES}:${JARS}/*`, mainClass, ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    void this.#collect(this.#process.stdout);
    void this.#collect(this.#process.stderr);
  }

  /** What it printed so far. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Ends it, and waits until it is gone. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.running) this.#process.kill(signal);
    await this.#process.exited;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#output += decoder.decode(chunk, { stream: true });
  }
}

/** Where Kafka Connect finds connectors. */
export const PLUGIN_PATH: string = JARS;
