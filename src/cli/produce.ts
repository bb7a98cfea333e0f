import { ZERO_UUID } from "../base/ids.ts";
import { parseIsoTimeMs } from "../base/iso-time.ts";
import { METADATA } from "../kafka/client/client-apis.ts";
import type { KafkaCluster } from "../kafka/client/cluster.ts";
import { DEFAULT_METADATA_REQUEST } from "../kafka/wire/generated/metadata-request.ts";
import { encodeHeaders, type RecordHeader } from "../records/builder.ts";
import { COMPRESSION_NAMES, compressionByName } from "../records/compression/codecs.ts";
import { partitionForKey } from "../records/murmur2.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { KAFKA_FLAGS, requireTopic, waitUntil, wholeNumber, withCluster } from "./kafka-session.ts";
import { lines } from "./lines.ts";
import { Progress } from "./progress.ts";
import { RecordSender } from "./record-sender.ts";
import type { World } from "./world.ts";

export const produceCommand: Command = {
  name: "produce",
  summary: "Write records to a topic",
  positionals: "TOPIC",
  minPositionals: 1,
  maxPositionals: 1,
  flags: [
    ...KAFKA_FLAGS,
    {
      name: "value",
      short: "v",
      value: "TEXT",
      multiple: true,
      doc: "A record's value; may be repeated. Without it each line of standard input is a record.",
    },
    { name: "key", short: "k", value: "KEY", doc: "Key of all records." },
    {
      name: "key-separator",
      short: "K",
      value: "TEXT",
      doc: "What divides key and value in a line; \\t is a tab.",
    },
    {
      name: "header",
      short: "H",
      value: "NAME=VALUE",
      multiple: true,
      doc: "A header of all records; may be repeated.",
    },
    {
      name: "timestamp",
      value: "TIME",
      doc: "Of all records: 2026-01-31T12:00Z or milliseconds since 1970; now where left out.",
    },
    {
      name: "partition",
      short: "p",
      value: "N",
      doc: "Partition of all records; by key, as Kafka's own producer chooses, where left out.",
    },
    {
      name: "compression",
      short: "z",
      value: "NAME",
      doc: `${COMPRESSION_NAMES.join(", ")}; none where left out.`,
    },
    {
      name: "tombstones",
      doc: "Empty values are written as null, which deletes a key in a compacted topic.",
    },
  ],
  notes: [
    "Lines are sent as they come, and written once each, also when the connection breaks on the way (idempotent producer, acks=all). The topic is made where the broker's auto.create.topics.enable allows it.",
  ],
  examples: [
    ["headwater produce telemetry -k device-1 -v '{\"t\":21.5}'", "one record"],
    ["headwater produce telemetry -K : < readings.txt", "a record of each line KEY:VALUE"],
  ],
  run: (input, world) => withCluster(input, (cluster) => produce(cluster, input, world)),
};

const CREATE_TIMEOUT_MS = 10_000;
/** Longest line of standard input. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

interface Line {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
}

async function produce(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const name = input.positionals[0] ?? "";
  const toLine = lineReader(input);
  const headers = input.values("header").map(headerOf);
  const fixedTimestampMs = timestampOf(input.value("timestamp"));
  const compression = compressionByName(input.value("compression") ?? "none");
  if (compression === null)
    throw new UsageError(`--compression: write one of ${COMPRESSION_NAMES.join(", ")}`);
  await createWhereAllowed(cluster, name);
  const topic = await requireTopic(cluster, name, world);
  if (topic === null) return EXIT.failed;
  const partitions = topic.partitions.length;
  const fixedPartition = wholeNumber(input, "partition");
  if (fixedPartition !== null && fixedPartition >= partitions) {
    throw new UsageError(`--partition ${fixedPartition}: ${name} has 0 to ${partitions - 1}`);
  }

  const sender = new RecordSender(
    cluster,
    name,
    compression,
    headers.length === 0 ? null : encodeHeaders(headers),
  );
  let spread = Math.floor(cluster.seams.random.fraction() * partitions);
  const partitionOf = (key: Uint8Array | null) =>
    fixedPartition ?? (key === null ? spread : partitionForKey(key, partitions));
  const add = async (text: Uint8Array) => {
    const { key, value } = toLine(text);
    await sender.add(partitionOf(key), fixedTimestampMs ?? cluster.seams.clock.nowMs(), key, value);
  };
  const values = input.values("value");
  for (const value of values) await add(Buffer.from(value));
  if (values.length === 0) {
    if (world.stdinIsTerminal) world.err("A line is a record; Ctrl-D ends.\n");
    const progress = new Progress(world, cluster.seams.clock, !world.stdinIsTerminal);
    let count = 0;
    for await (const group of lines(world.stdin(), MAX_LINE_BYTES)) {
      for (const line of group) await add(line);
      await sender.flush();
      count += group.length;
      progress.update(count, null);
      // Records without a key stay together per group and spread over partitions between groups.
      spread = (spread + 1) % partitions;
    }
    progress.end();
  }
  await sender.flush();
  report(sender, name, input, world);
  return EXIT.ok;
}

function report(sender: RecordSender, topic: string, input: Input, world: World): void {
  const written = [...sender.written].toSorted(([a], [b]) => a - b);
  const partitions = written.map(([partition, range]) => ({ partition, ...range }));
  const records = partitions.reduce((sum, range) => sum + range.records, 0);
  if (input.json) {
    world.out(`${JSON.stringify({ topic, records, partitions })}\n`);
    return;
  }
  const where = partitions.map((range) => `partition ${range.partition} to offset ${range.lastOffset}`);
  world.out(
    `${records} ${records === 1 ? "record" : "records"} to ${topic}${where.length === 0 ? "" : `: ${where.join(", ")}`}\n`,
  );
}

/** Asks for the topic in the way that lets a broker make it, and waits until it has leaders. */
async function createWhereAllowed(cluster: KafkaCluster, name: string): Promise<void> {
  const [known] = await cluster.refresh([name]);
  if (known?.error === 0) return;
  const body = {
    ...DEFAULT_METADATA_REQUEST,
    topics: [{ name, topicId: ZERO_UUID }],
    allowAutoTopicCreation: true,
  };
  const reply = await cluster.request("any", METADATA, () => body);
  if (reply.kind !== "answered") throw reply.error;
  // LEADER_NOT_AVAILABLE (5): it is being made. Anything else is final, and reported by whoever needs the topic.
  if (reply.response.topics[0]?.errorCode !== 5) return;
  await waitUntil(`topic ${name} is being made`, CREATE_TIMEOUT_MS, cluster, async () => {
    const [topic] = await cluster.refresh([name]);
    return topic?.error === 0 && topic.partitions.every(({ leader }) => leader >= 0);
  });
}

/** How a line, or a --value, becomes key and value. */
function lineReader(input: Input): (text: Uint8Array) => Line {
  const fixedKey = input.value("key");
  const separator = input.value("key-separator");
  if (fixedKey !== null && separator !== null)
    throw new UsageError("--key and --key-separator exclude each other");
  if (separator === "") throw new UsageError("--key-separator is empty");
  const mark = separator === null ? null : Buffer.from(separator.replaceAll("\\t", "\t"));
  const key = fixedKey === null ? null : Buffer.from(fixedKey);
  const emptyAsNull = (bytes: Uint8Array) => (bytes.length === 0 && input.on("tombstones") ? null : bytes);
  return (text) => {
    if (mark === null) return { key, value: emptyAsNull(text) };
    const line = Buffer.from(text.buffer, text.byteOffset, text.length);
    const at = line.indexOf(mark);
    // A line without the separator has no key, as with kcat.
    if (at < 0) return { key: null, value: emptyAsNull(text) };
    return { key: text.subarray(0, at), value: emptyAsNull(text.subarray(at + mark.length)) };
  };
}

function headerOf(pair: string): RecordHeader {
  const equals = pair.indexOf("=");
  if (equals < 1) throw new UsageError(`--header ${pair}: write NAME=VALUE`);
  return { key: pair.slice(0, equals), value: Buffer.from(pair.slice(equals + 1)) };
}

function timestampOf(text: string | null): number | null {
  if (text === null) return null;
  const timestampMs = /^\d{1,15}$/.test(text) ? Number(text) : parseIsoTimeMs(text);
  if (Number.isNaN(timestampMs))
    throw new UsageError(`--timestamp ${text}: write 2026-01-31T12:00Z or milliseconds`);
  return timestampMs;
}
