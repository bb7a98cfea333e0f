import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import { kafkaTool, realKafkaMissing } from "../../support/kafka/real-kafka.ts";
import { PYTHON, PYTHON_FOLDER, pythonClientsMissing } from "../tools.ts";
import { runWell } from "./run.ts";

/** What a client does: reads `input` as a group's only member, and writes to `output` in transactions. */
export interface TransactRequest {
  readonly bootstrap: string;
  readonly input: string;
  readonly output: string;
  readonly group: string;
  /** Its transactional id. */
  readonly id: string;
  /** Records to read and write. */
  readonly count: number;
  readonly timeoutMs: number;
}

export interface Transacted {
  readonly commits: number;
  readonly aborts: number;
}

/** A client that consumes, transforms and produces exactly once. */
export interface TransactingClient {
  readonly name: string;
  missing(): string | null;
  transact(request: TransactRequest): Promise<Transacted>;
}

const GO_FOLDER = resolve(import.meta.dirname, "../go");
export const GO_TRANSACT: string = resolve(import.meta.dirname, "../../../.cache/interop/franz-go-transact");
const JAVA_SOURCE = resolve(import.meta.dirname, "../java/Transact.java");
const BATCH = 10;

export const TRANSACTING_CLIENTS: readonly TransactingClient[] = [
  { name: "java", missing: javaMissing, transact: (request) => java(request, "classic") },
  { name: "java, KIP-848 group", missing: javaMissing, transact: (request) => java(request, "consumer") },
  {
    name: "franz-go",
    missing: goTransactMissing,
    transact: async (request) => answered(await program([GO_TRANSACT], request)),
  },
  ...["confluent-kafka", "kafka-python", "aiokafka"].map((name) => ({
    name,
    missing: pythonClientsMissing,
    transact: async (request: TransactRequest) => answered(await python(name, request)),
  })),
  { name: "kafkajs", missing: () => null, transact: kafkajs },
];

/** Leaves a transaction open that nobody will end, with one record in `output`. */
export async function leaveOpen(request: TransactRequest): Promise<void> {
  await python("open", request);
}

function javaMissing(): string | null {
  return realKafkaMissing() ?? (Bun.which("javac") === null ? "javac is not installed" : null);
}

async function java(request: TransactRequest, protocol: string): Promise<Transacted> {
  const { bootstrap, input, output, group, id, count } = request;
  const command = [...kafkaTool(JAVA_SOURCE), bootstrap, input, output, group, id, String(count), protocol];
  return answered(await runWell(command, "", request.timeoutMs));
}

/** Built each time: Go's own cache makes that quick, and never runs what is old. */
export function goTransactMissing(): string | null {
  if (Bun.which("go") === null) return "go is not installed";
  const build = spawnSync("go", ["build", "-o", GO_TRANSACT, "./transact"], {
    cwd: GO_FOLDER,
    encoding: "utf8",
  });
  return build.status === 0 ? null : `go build failed: ${build.stderr}`;
}

async function python(client: string, request: TransactRequest): Promise<string> {
  return await program([PYTHON, join(PYTHON_FOLDER, "transact.py"), client], request);
}

async function program(command: readonly string[], request: TransactRequest): Promise<string> {
  return await runWell([...command, JSON.stringify(request)], "", request.timeoutMs);
}

function answered(output: string): Transacted {
  const line = output.split("\n").findLast((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`no answer in: ${output}`);
  return JSON.parse(line) as Transacted;
}

async function kafkajs(request: TransactRequest): Promise<Transacted> {
  const { bootstrap, input, output, group, id, count } = request;
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ transactionalId: id, idempotent: true, maxInFlightRequests: 1 });
  const consumer = kafka.consumer({ groupId: group });
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topic: input, fromBeginning: true });
  let [done, commits, aborts] = [0, 0, 0];
  try {
    await new Promise<void>((finished, failed) => {
      const late = setTimeout(() => failed(new Error("nothing more came")), request.timeoutMs);
      void consumer.run({
        autoCommit: false,
        // One at a time: a producer has one transaction.
        partitionsConsumedConcurrently: 1,
        eachBatch: async ({ batch, resolveOffset }) => {
          for (let first = 0; first < batch.messages.length; first += BATCH) {
            const some = batch.messages.slice(first, first + BATCH);
            const next = String(Number(some.at(-1)?.offset ?? 0) + 1);
            const messages = some.map(({ key, value }) => ({ key, value: `out:${value}` }));
            const write = async (commit: boolean): Promise<void> => {
              const transaction = await producer.transaction();
              await transaction.send({ topic: output, messages });
              const partitions = [{ partition: batch.partition, offset: next }];
              await transaction.sendOffsets({
                consumerGroupId: group,
                topics: [{ topic: input, partitions }],
              });
              await (commit ? transaction.commit() : transaction.abort());
            };
            if ((commits + aborts) % 3 === 2) {
              await write(false);
              aborts += 1;
            }
            await write(true);
            commits += 1;
            done += some.length;
            resolveOffset(some.at(-1)?.offset ?? "0");
          }
          if (done >= count) {
            clearTimeout(late);
            finished();
          }
        },
      });
    });
  } finally {
    await consumer.disconnect();
    await producer.disconnect();
  }
  return { commits, aborts };
}
