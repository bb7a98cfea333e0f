import type { KafkaCluster } from "../kafka/client/cluster.ts";
import { PartitionConsumer } from "../kafka/client/consumer.ts";
import type { Isolation } from "../kafka/client/offsets.ts";
import { decodeRecord, type RecordCursor } from "../records/reader.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { consumeInGroup } from "./group-consume.ts";
import { KAFKA_FLAGS, parseWholeNumber, requireTopic, wholeNumber, withCluster } from "./kafka-session.ts";
import { Progress } from "./progress.ts";
import { type RecordFormat, recordFormat, TEMPLATE_DOC } from "./record-format.ts";
import { parseStart, rangesOf, START_DOC, type Start } from "./start.ts";
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
      doc: `${START_DOC} latest where left out; in a group, only for partitions that it has not read yet.`,
    },
    {
      name: "group",
      short: "G",
      value: "GROUP",
      doc: "Read as a member of this group: the partitions are shared with its other members, and how far it has read is kept.",
    },
    { name: "tail", short: "t", value: "N", doc: "Start N offsets before the end of each partition." },
    { name: "count", short: "n", value: "N", doc: "End after N records." },
    { name: "exit", short: "e", doc: "End at the end that the log had when the command started." },
    { name: "key", short: "k", value: "KEY", doc: "Only records with this key." },
    {
      name: "format",
      short: "f",
      value: "FORMAT",
      doc: "plain (the value and a line end), json, csv, hex, or a template.",
    },
    { name: "uncommitted", doc: "Records of open and aborted transactions too." },
  ],
  notes: [
    "In a group, a record counts as read once it was written out: after a crash some may come again.",
    TEMPLATE_DOC,
    "With -o json, one object a line.",
  ],
  examples: [
    ["headwater consume telemetry", "what comes in from now on"],
    ["headwater consume telemetry --from 15m -e -o json", "the last quarter of an hour"],
    ["headwater consume telemetry -G alarms", "go on where the group stopped"],
    ["headwater consume telemetry --from earliest -k device-1 -f '%T %s\\n'", "one device's history, and on"],
  ],
  run: (input, world) => withCluster(input, (cluster) => consume(cluster, input, world)),
};

async function consume(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const name = input.positionals[0] ?? "";
  const output = new RecordOutput(name, input, world);
  const isolation: Isolation = input.on("uncommitted") ? "read_uncommitted" : "read_committed";
  const start = startOf(input, cluster.seams.clock.nowMs());
  const group = input.value("group");
  if (group !== null && input.values("partition").length > 0) {
    throw new UsageError("--group and --partition exclude each other: the group shares partitions out");
  }
  const topic = await requireTopic(cluster, name, world);
  if (topic === null) return EXIT.failed;
  const partitions = partitionsOf(input, name, topic.partitions.length);
  const ranges = await rangesOf(cluster, name, partitions, start, isolation, world);
  if (typeof ranges === "number") return ranges;
  const ends = new Map(ranges.map(({ partition, end }) => [partition, end]));
  if (input.on("exit")) output.ends = ends;
  if (group !== null) {
    return consumeInGroup(cluster, { group, topic: name, start, isolation }, output, world);
  }

  const consumer = new PartitionConsumer(cluster, { isolation });
  for (const { partition, start: offset } of ranges) {
    if (!input.on("exit") || offset < (ends.get(partition) ?? 0)) consumer.assign(name, partition, offset);
  }
  const done = () => output.full || (input.on("exit") && output.hasPassed(consumer.positions()));
  const progress = new Progress(world, cluster.seams.clock, !world.outIsTerminal);
  const total = input.on("exit")
    ? ranges.reduce((sum, range) => sum + Math.max(0, range.end - range.start), 0)
    : null;
  const interrupted = world.interrupted().then(() => "interrupted" as const);
  while (!done()) {
    const outcome = await Promise.race([
      consumer.poll((_, partition, cursor) => output.take(partition, cursor)),
      interrupted,
    ]);
    output.flush();
    progress.update(output.passed, total);
    if (outcome === "interrupted") break;
  }
  progress.end();
  return EXIT.ok;
}

/** Chooses records, gives them their form, and writes them. */
export class RecordOutput {
  /** Where to end, by partition; null reads on. */
  ends: ReadonlyMap<number, number> | null = null;
  /** By partition: behind the last record that was looked at and not left for later. */
  readonly next = new Map<number, number>();
  readonly #topic: string;
  readonly #world: World;
  readonly #format: RecordFormat;
  readonly #limit: number;
  readonly #key: Uint8Array | null;
  /** Records that were looked at. */
  passed = 0;
  #count = 0;
  #chunks: Uint8Array[] = [];

  constructor(topic: string, input: Input, world: World) {
    this.#topic = topic;
    this.#world = world;
    this.#format = recordFormat(input.json ? "json" : (input.value("format") ?? "plain"));
    this.#limit = wholeNumber(input, "count") ?? Number.POSITIVE_INFINITY;
    const key = input.value("key");
    this.#key = key === null ? null : Buffer.from(key);
  }

  /** Whether as many records were taken as were asked for. */
  get full(): boolean {
    return this.#count >= this.#limit;
  }

  /** Whether these positions are at the end, or beyond it. */
  hasPassed(positions: readonly { readonly partition: number; readonly offset: number }[]): boolean {
    return positions.every(({ partition, offset }) => offset >= (this.ends?.get(partition) ?? 0));
  }

  take(partition: number, cursor: RecordCursor): void {
    if (this.full || (this.ends !== null && cursor.offset >= (this.ends.get(partition) ?? 0))) return;
    this.next.set(partition, cursor.offset + 1);
    this.passed += 1;
    const key = cursor.key();
    if (this.#key !== null && (key === null || Buffer.compare(this.#key, key) !== 0)) return;
    this.#count += 1;
    this.#chunks.push(this.#format({ topic: this.#topic, partition, ...decodeRecord(cursor) }));
  }

  flush(): void {
    if (this.#chunks.length > 0) this.#world.out(Buffer.concat(this.#chunks));
    this.#chunks = [];
  }
}

/** Reads --from and --tail. */
export function startOf(input: Pick<Input, "value">, nowMs: number): Start {
  const tail = input.value("tail");
  const from = input.value("from");
  if (tail !== null) {
    if (from !== null) throw new UsageError("--from and --tail exclude each other");
    return { beforeEnd: parseWholeNumber(tail, "--tail") };
  }
  return parseStart("--from", from ?? "latest", nowMs);
}

function partitionsOf(input: Input, topic: string, count: number): readonly number[] {
  const wanted = input.values("partition").map((text) => parseWholeNumber(text, "--partition"));
  const missing = wanted.find((partition) => partition >= count);
  if (missing !== undefined) throw new UsageError(`--partition ${missing}: ${topic} has 0 to ${count - 1}`);
  return wanted.length > 0 ? [...new Set(wanted)] : Array.from({ length: count }, (_, index) => index);
}
