import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { kafkaTool, realKafkaMissing } from "../../support/kafka/real-kafka.ts";
import { PYTHON, PYTHON_FOLDER, pythonClientsMissing } from "../tools.ts";
import { lines, run } from "./run.ts";

const SOURCE = resolve(import.meta.dirname, "../java/ShareDriver.java");
const CACHE = resolve(import.meta.dirname, "../../../.cache/interop");
const CLASSES = join(CACHE, "java");
const GO_FOLDER = resolve(import.meta.dirname, "../go");
const GO_BINARY = join(CACHE, "franz-go-share");
const TOOL = "org.apache.kafka.tools.consumer.group.ShareGroupCommand";
const CONSOLE = "org.apache.kafka.tools.consumer.ConsoleShareConsumer";

/** One record as a member of a share group got it. */
export interface Delivery {
  readonly place: string;
  readonly deliveryCount: number;
  readonly value: string;
}

export interface Consumed {
  readonly deliveries: readonly Delivery[];
  /** Acknowledgements that the broker refused, by the name of the exception. */
  readonly failures: readonly string[];
  /** Records that were accepted or rejected; -1 where the member did not come to its end. */
  readonly done: number;
}

/** A client that can be a member of a share group. */
export interface ShareClient {
  readonly name: string;
  /** Extends the time for a record. */
  readonly renews: boolean;
  /** Asks for no more than so many records. */
  readonly isStrict: boolean;
  missing(): string | null;
  /** A member to its end: see ShareDriver.java for what `settings` it takes. */
  consume(
    bootstrap: string,
    group: string,
    topic: string,
    settings?: Readonly<Record<string, string | number>>,
  ): Promise<Consumed>;
}

/** All that speak of share groups so far; librdkafka calls its own a preview. */
export const SHARE_CLIENTS: readonly ShareClient[] = [
  {
    name: "java",
    renews: true,
    isStrict: true,
    missing: shareDriverMissing,
    consume: (...of) => memberOf(javaDriver(), ...of),
  },
  {
    name: "franz-go",
    renews: false,
    isStrict: true,
    missing: goShareMissing,
    consume: (...of) => memberOf([GO_BINARY], ...of),
  },
  {
    name: "confluent-kafka",
    renews: false,
    isStrict: false,
    missing: pythonClientsMissing,
    consume: (...of) => memberOf([PYTHON, join(PYTHON_FOLDER, "confluent_share.py")], ...of),
  },
];

/** Why Kafka's share consumer can't be tried here, or null; compiles the small program that drives it. */
export function shareDriverMissing(): string | null {
  const missing = realKafkaMissing();
  if (missing !== null) return missing;
  if (Bun.which("javac") === null) return "javac is not installed";
  return built(SOURCE, CLASSES, () => spawnSync("javac", ["-cp", classPath(), "-d", CLASSES, SOURCE]));
}

/** The same for franz-go's. */
export function goShareMissing(): string | null {
  if (Bun.which("go") === null) return "go is not installed";
  return built(join(GO_FOLDER, "share/main.go"), `${GO_BINARY}.built`, () =>
    spawnSync("go", ["build", "-o", GO_BINARY, "./share"], { cwd: GO_FOLDER }),
  );
}

/** Builds once for each state of the source; says why that can't be done, or null. */
function built(source: string, folder: string, build: () => SpawnSyncReturns<Buffer>): string | null {
  const stamp = join(folder, "stamp");
  const hash = String(Bun.hash(readFileSync(source)));
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return null;
  mkdirSync(folder, { recursive: true });
  const { status, stderr } = build();
  if (status !== 0) return `${source} can't be built: ${stderr}`;
  writeFileSync(stamp, hash);
  return null;
}

async function memberOf(
  command: readonly string[],
  bootstrap: string,
  group: string,
  topic: string,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<Consumed> {
  const output = await good([...command, bootstrap, "consume", group, topic, ...pairs(settings)]);
  const parsed = lines(output).map((line) => line.split("\t"));
  return {
    deliveries: parsed.flatMap(([kind, partition, offset, count, value]) =>
      kind === "record"
        ? [{ place: `${partition}/${offset}`, deliveryCount: Number(count), value: value ?? "" }]
        : [],
    ),
    failures: parsed.flatMap(([kind, , name]) => (kind === "failed" ? [name ?? ""] : [])),
    done: Number(parsed.find(([kind]) => kind === "done")?.[1] ?? -1),
  };
}

/** Lets a group without members begin at this offset in every partition. */
export async function begin(bootstrap: string, group: string, topic: string, offset = 0): Promise<void> {
  await drive(bootstrap, "begin", group, topic, `offset=${offset}`);
}

/** Sets what the group has of its own. */
export async function configure(
  bootstrap: string,
  group: string,
  settings: Readonly<Record<string, string | number>>,
): Promise<void> {
  await drive(bootstrap, "configure", group, ...pairs(settings));
}

/** Writes transactions of which the second is aborted. */
export async function transact(bootstrap: string, topic: string): Promise<void> {
  await drive(bootstrap, "transact", topic);
}

/** kafka-share-groups.sh. */
export async function shareGroups(bootstrap: string, ...args: readonly string[]): Promise<string> {
  return await good([...kafkaTool(TOOL), "--bootstrap-server", bootstrap, ...args]);
}

/** kafka-console-share-consumer.sh, until it has this many records: delivery count and value of each. */
export async function consoleShareConsumer(
  bootstrap: string,
  group: string,
  topic: string,
  count: number,
): Promise<readonly string[]> {
  const command = [
    ...kafkaTool(CONSOLE),
    "--bootstrap-server",
    bootstrap,
    "--group",
    group,
    "--topic",
    topic,
  ];
  command.push("--max-messages", String(count), "--timeout-ms", "20000");
  command.push("--formatter-property", "print.delivery=true");
  return lines(await good(command)).filter((line) => line.startsWith("Delivery:"));
}

async function drive(...args: readonly string[]): Promise<string> {
  return await good([...javaDriver(), ...args]);
}

function javaDriver(): readonly string[] {
  return kafkaTool("ShareDriver").map((part) => (part === classPath() ? `${CLASSES}:${part}` : part));
}

function classPath(): string {
  const command = kafkaTool("");
  return command[command.indexOf("-cp") + 1] ?? "";
}

function pairs(settings: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(settings).map(([name, value]) => `${name}=${value}`);
}

async function good(command: readonly string[]): Promise<string> {
  const { status, output, errors } = await run(command);
  if (status !== 0) throw new Error(`${command.slice(-6).join(" ")} failed: ${output}${errors}`);
  return output;
}
