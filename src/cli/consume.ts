import { parseDurationMs } from "../config/units.ts";
import type { KafkaCluster } from "../kafka/client/cluster.ts";
import { PartitionConsumer } from "../kafka/client/consumer.ts";
import { type Isolation, LIST_OFFSET, listOffsets } from "../kafka/client/offsets.ts";
import { errorName } from "../kafka/wire/generated/errors.ts";
import { decodeRecord, type RecordCursor } from "../records/reader.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import {
  exitCodeOfProtocol,
  KAFKA_FLAGS,
  parseWholeNumber,
  requireTopic,
  wholeNumber,
  withCluster,
} from "./kafka-session.ts";
import { recordFormat, TEMPLATE_DOC } from "./record-format.ts";
import type { World } from "./world.ts";

export const consumeCommand: Command = {
  name: "consume",
  summary: "Read records of a topic",
  positionals: "TOPIC",
  minPositionals: 1,
  maxPositionals: 1,
  flags: [
    ...KAFKA_FLAGS,
    {
      name: "partition",
      short: "p",
      value: "N",
      multiple: true,
      doc: "Only this partition; may be repeated.",
    },
    {
      name: "from",
      value: "START",
      doc: "earliest, latest (the default), an offset, a time as 2026-01-31T12:00Z or @MILLISECONDS, or how long ago, as 15m or 2d.",
    },
    { name: "tail", short: "t", value: "N", doc: "Start N offsets before the end of each partition." },
    { name: "count", short: "n", value: "N", doc: "End after N records." },
    { name: "exit", short: "e", doc: "End at the end that the log had when the command started." },
    { name: "key", short: "k", value: "KEY", doc: "Only records with this key." },
    {
      name: "format",
      short: "f",
      value: "FORMAT",
      doc: "plain (the value and a line end), json, hex, or a template.",
    },
    { name: "uncommitted", doc: "Records of open and aborted transactions too." },
  ],
  notes: [TEMPLATE_DOC, "With -o json, one object a line."],
  examples: [
    ["headwater consume telemetry", "what comes in from now on"],
    ["headwater consume telemetry --from 15m -e -o json", "the last quarter of an hour"],
    ["headwater consume telemetry --from earliest -k device-1 -f '%T %s\\n'", "one device's history, and on"],
  ],
  run: (input, world) => withCluster(input, (cluster) => consume(cluster, input, world)),
};

/** Where to start, before the log has been asked. */
type Start = { readonly offset: number } | { readonly timestampMs: number } | { readonly beforeEnd: number };

interface Range {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

async function consume(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const name = input.positionals[0] ?? "";
  const format = recordFormat(input.json ? "json" : (input.value("format") ?? "plain"));
  const start = startOf(input, cluster.seams.clock.nowMs());
  const limit = wholeNumber(input, "count") ?? Number.POSITIVE_INFINITY;
  const isolation: Isolation = input.on("uncommitted") ? "read_uncommitted" : "read_committed";
  const key = input.value("key");
  const wantedKey = key === null ? null : Buffer.from(key);
  const topic = await requireTopic(cluster, name, world);
  if (topic === null) return EXIT.failed;
  const partitions = partitionsOf(input, name, topic.partitions.length);
  const ranges = await rangesOf(cluster, name, partitions, start, isolation, world);
  if (typeof ranges === "number") return ranges;

  const consumer = new PartitionConsumer(cluster, { isolation });
  const ends = new Map(ranges.map(({ partition, end }) => [partition, end]));
  for (const { partition, start: offset } of ranges) {
    if (!input.on("exit") || offset < (ends.get(partition) ?? 0)) consumer.assign(name, partition, offset);
  }
  let count = 0;
  const chunks: Uint8Array[] = [];
  const take = (_: string, partition: number, cursor: RecordCursor) => {
    if (count >= limit || (input.on("exit") && cursor.offset >= (ends.get(partition) ?? 0))) return;
    if (wantedKey !== null && !wantedKey.equals(cursor.key() ?? NO_KEY)) return;
    if (wantedKey !== null && cursor.key() === null) return;
    count += 1;
    chunks.push(format({ topic: name, partition, ...decodeRecord(cursor) }));
  };
  const done = () =>
    count >= limit ||
    (input.on("exit") &&
      consumer.positions().every(({ partition, offset }) => offset >= (ends.get(partition) ?? 0)));
  const interrupted = world.interrupted().then(() => "interrupted" as const);
  while (!done()) {
    const outcome = await Promise.race([consumer.poll(take), interrupted]);
    if (chunks.length > 0) world.out(Buffer.concat(chunks));
    chunks.length = 0;
    if (outcome === "interrupted") break;
  }
  return EXIT.ok;
}

const NO_KEY = new Uint8Array(0);

/** Reads --from and --tail. */
export function startOf(input: Pick<Input, "value">, nowMs: number): Start {
  const tail = input.value("tail");
  const from = input.value("from");
  if (tail !== null) {
    if (from !== null) throw new UsageError("--from and --tail exclude each other");
    return { beforeEnd: parseWholeNumber(tail, "--tail") };
  }
  if (from === null || from === "latest") return { beforeEnd: 0 };
  if (from === "earliest") return { timestampMs: LIST_OFFSET.earliest };
  if (/^\d{1,15}$/.test(from)) return { offset: Number(from) };
  if (/^@\d{1,15}$/.test(from)) return { timestampMs: Number(from.slice(1)) };
  const agoMs = parseDurationMs(from);
  if (agoMs !== null && agoMs >= 0) return { timestampMs: Math.max(0, nowMs - agoMs) };
  const timestampMs = /^\d{4}-\d\d-\d\d/.test(from) ? Date.parse(from) : Number.NaN;
  if (Number.isNaN(timestampMs)) {
    throw new UsageError(
      `--from ${from}: write earliest, latest, an offset, a time (2026-01-31T12:00Z), or 15m for 15 minutes ago`,
    );
  }
  return { timestampMs };
}

function partitionsOf(input: Input, topic: string, count: number): readonly number[] {
  const wanted = input.values("partition").map((text) => parseWholeNumber(text, "--partition"));
  const missing = wanted.find((partition) => partition >= count);
  if (missing !== undefined) throw new UsageError(`--partition ${missing}: ${topic} has 0 to ${count - 1}`);
  return wanted.length > 0 ? [...new Set(wanted)] : Array.from({ length: count }, (_, index) => index);
}

/** Where to start and where the log ends now, or an exit code, with a message written. */
async function rangesOf(
  cluster: KafkaCluster,
  topic: string,
  partitions: readonly number[],
  start: Start,
  isolation: Isolation,
  world: World,
): Promise<readonly Range[] | number> {
  const ask = (timestampMs: number) =>
    listOffsets(
      cluster,
      partitions.map((partition) => ({ topic, partition, timestampMs })),
      isolation,
    );
  const [firsts, ends, found] = await Promise.all([
    ask(LIST_OFFSET.earliest),
    ask(LIST_OFFSET.latest),
    "timestampMs" in start ? ask(start.timestampMs) : Promise.resolve([]),
  ]);
  const failed = [...firsts, ...ends, ...found].find(({ error }) => error !== 0);
  if (failed !== undefined) {
    world.err(`offsets of ${topic}-${failed.partition}: ${errorName(failed.error)}\n`);
    return exitCodeOfProtocol(failed.error);
  }
  return partitions.map((partition, index) => {
    const first = firsts[index]?.offset ?? 0;
    const end = ends[index]?.offset ?? 0;
    if ("offset" in start) return { partition, start: start.offset, end };
    if ("beforeEnd" in start) return { partition, start: Math.max(first, end - start.beforeEnd), end };
    // Nothing is as late as that: on with what comes next.
    const offset = found[index]?.offset ?? -1;
    return { partition, start: offset < 0 ? end : offset, end };
  });
}
