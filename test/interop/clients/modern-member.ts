import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { kafkaTool, realKafkaMissing } from "../../support/kafka/real-kafka.ts";
import { PYTHON, PYTHON_FOLDER, pythonClientsMissing } from "../tools.ts";

const HERE = import.meta.dirname;
const CACHE = resolve(HERE, "../../../.cache/interop");

/** What a member of a group of the consumer protocol (KIP-848) is told. */
export interface ModernRequest {
  readonly bootstrap: string;
  readonly group: string;
  /** Names, or one expression with ^ in front. */
  readonly topics: readonly string[];
  /** The client's own, by Kafka's names. */
  readonly settings: Readonly<Record<string, string>>;
}

/** How to run one kind of client as a member. Each prints the lines that GroupDriver.java describes. */
export interface ModernKind {
  readonly name: string;
  /** Whether a static member of it can come back to its place. */
  readonly canBeStatic: boolean;
  missing(): string | null;
  command(request: ModernRequest): readonly string[];
}

/** Kafka's own client; `protocol` "classic" makes a member of the other protocol of it. */
export function javaModern(protocol: "consumer" | "classic" = "consumer"): ModernKind {
  const folder = join(CACHE, "java-group");
  const source = resolve(HERE, "../java/GroupDriver.java");
  return {
    name: protocol === "consumer" ? "java" : "java (classic)",
    canBeStatic: true,
    missing: () =>
      realKafkaMissing() ??
      built("java-group", source, () => {
        mkdirSync(folder, { recursive: true });
        return ["javac", "-cp", classPath(), "-d", folder, source];
      }),
    command: ({ bootstrap, group, topics, settings }) => {
      const [first = ""] = topics;
      const subscription = first.startsWith("^") ? `pattern=${first}` : `topics=${topics.join(",")}`;
      const all = { "group.protocol": protocol, ...settings };
      const named = Object.entries(all).map(([name, value]) => `${name}=${value}`);
      const tool = kafkaTool("GroupDriver").map((part) =>
        part === classPath() ? `${part}:${folder}` : part,
      );
      return [...tool, bootstrap, group, subscription, ...named];
    },
  };
}

export function confluentModern(): ModernKind {
  return {
    name: "confluent-kafka",
    canBeStatic: true,
    missing: pythonClientsMissing,
    command: (request) => [PYTHON, join(PYTHON_FOLDER, "modern_member.py"), JSON.stringify(request)],
  };
}

export function franzGoModern(): ModernKind {
  const binary = join(CACHE, "franz-go-modern");
  const folder = resolve(HERE, "../go");
  return {
    name: "franz-go",
    // The heartbeat by which a static member goes away names no instance, which Kafka refuses, too.
    canBeStatic: false,
    missing: () =>
      Bun.which("go") === null
        ? "go is not installed"
        : built("franz-go-modern", join(folder, "modern/main.go"), () => [
            "go",
            "build",
            "-C",
            folder,
            "-o",
            binary,
            "./modern",
          ]),
    command: (request) => [binary, JSON.stringify(request)],
  };
}

function classPath(): string {
  const command = kafkaTool("");
  return command[command.indexOf("-cp") + 1] ?? "";
}

/** Builds a driver into .cache, once for each state of its source. Returns why it can't, or null. */
function built(name: string, source: string, command: () => readonly string[]): string | null {
  const stamp = join(CACHE, `${name}.stamp`);
  const hash = String(Bun.hash(readFileSync(source)));
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return null;
  mkdirSync(CACHE, { recursive: true });
  const [program = "", ...rest] = command();
  const run = spawnSync(program, rest, { encoding: "utf8" });
  if (run.status !== 0) return `${program} failed: ${run.stderr?.trim() ?? String(run.error)}`;
  writeFileSync(stamp, hash);
  return null;
}

/** A running member: what it was given last, what it has read, and all that it said. */
export class ModernMember {
  readonly kind: ModernKind;
  /** Each `topic-partition`, sorted. */
  assigned: readonly string[] = [];
  readonly values: string[] = [];
  readonly said: string[] = [];
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #reading: Promise<void>;
  #errors = "";
  #stopped = false;

  constructor(kind: ModernKind, request: ModernRequest) {
    this.kind = kind;
    this.#child = Bun.spawn([...kind.command(request)], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
    this.#reading = this.#read();
    void new Response(this.#child.stderr).text().then((text) => {
      this.#errors = text;
    });
  }

  /** Closes the client as a program does that ends. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#child.stdin.end();
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), 20_000);
    await this.#child.exited;
    clearTimeout(kill);
    await this.#reading;
  }

  /** Ends it without a word to the broker. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    await this.#reading;
  }

  /** Throws where it has ended by itself. */
  expectAlive(): void {
    if (this.#child.exitCode === null || this.#stopped) return;
    const words = `${this.said.slice(-20).join("\n")}\n${this.#errors.slice(-2000)}`;
    throw new Error(`${this.kind.name} ended with ${this.#child.exitCode}: ${words}`);
  }

  async #read(): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    }
  }

  #take(line: string): void {
    const [what = "", ...fields] = line.split("\t");
    if (what === "record") {
      this.values.push(fields[2] ?? "");
      return;
    }
    this.said.push(line);
    const listed = (fields[0] ?? "").split(",").filter((name) => name !== "");
    if (what === "assigned") this.assigned = listed;
    if (what === "revoked" || what === "lost") {
      this.assigned = this.assigned.filter((name) => !listed.includes(name));
    }
  }
}
