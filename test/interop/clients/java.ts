import { kafkaTool, realKafkaMissing } from "../../support/kafka/real-kafka.ts";
import {
  CLIENT_TIMEOUT_MS,
  type Codec,
  type ConsumeRequest,
  type KafkaClient,
  type OffsetRequest,
  type Outcome,
  type ProduceRequest,
  type ReadRecord,
  type TopicRequest,
  type TopicShape,
} from "./client.ts";
import { lines, run, runWell } from "./run.ts";

const TOOLS = "org.apache.kafka.tools";
/** Stands for null in the console tools' lines; no test record holds it. */
const NULL_MARK = "∅";
const SEPARATOR = "\t";

/** Kafka's own console tools, which are the Java client: newest versions of all requests, idempotent producer. */
export class JavaConsole implements KafkaClient {
  readonly name = "java";
  readonly choosesPartitions = false;
  readonly setsTimestamps = false;
  readonly setsHeaders = true;
  readonly writesTombstones = true;
  readonly codecs: readonly Codec[] = ["none", "gzip", "snappy", "lz4", "zstd"];

  missing(): string | null {
    return realKafkaMissing();
  }

  async produce(request: ProduceRequest): Promise<readonly Outcome[]> {
    const command = [...java(`${TOOLS}.ConsoleProducer`), ...broker(request), "--topic", request.topic];
    command.push("--compression-codec", request.codec ?? "none");
    for (const property of ["parse.key=true", "parse.headers=true", `null.marker=${NULL_MARK}`]) {
      command.push("--reader-property", property);
    }
    command.push("--command-property", `linger.ms=${request.lingerMs ?? 5}`);
    command.push("--command-property", "max.block.ms=8000");
    if (request.maxBytes !== undefined) {
      command.push("--command-property", `max.request.size=${request.maxBytes}`);
    }
    const input = request.records.map(
      (record) =>
        `${[headersOf(record), record.key, record.value]
          .map((field) => field ?? NULL_MARK)
          .join(SEPARATOR)}\n`,
    );
    const output = await tool(command, input.join(""));
    const error = nameOf(output);
    return request.records.map((_, index) => (error === null ? { index } : { index, error }));
  }

  async consume(request: ConsumeRequest): Promise<readonly ReadRecord[]> {
    const command = [...java(`${TOOLS}.consumer.ConsoleConsumer`), ...broker(request)];
    command.push("--topic", request.topic, "--partition", String(request.partition));
    command.push("--offset", String(request.offset), "--max-messages", String(request.count));
    command.push("--timeout-ms", String((request.timeoutMs ?? CLIENT_TIMEOUT_MS) - 5_000));
    const shown = ["timestamp", "partition", "offset", "headers", "key", "value"];
    for (const what of shown) command.push("--formatter-property", `print.${what}=true`);
    command.push("--formatter-property", `null.literal=${NULL_MARK}`);
    const output = await tool(command);
    return lines(output)
      .filter((line) => line.startsWith("CreateTime:") || line.startsWith("LogAppendTime:"))
      .map(fromLine);
  }

  async offset(request: OffsetRequest): Promise<number> {
    const place = `${request.topic}:${request.partition}`;
    const command = [...java(`${TOOLS}.GetOffsetShell`), ...broker(request)];
    const output = await tool([
      ...command,
      "--topic-partitions",
      place,
      "--time",
      String(request.timestampMs),
    ]);
    const line = lines(output).find((candidate) => candidate.startsWith(`${place}:`));
    // The tool leaves a partition out that has no record so young.
    const found = line?.slice(place.length + 1) ?? "";
    return found === "" ? -1 : Number(found);
  }

  async metadata(request: TopicRequest): Promise<TopicShape> {
    const command = [
      ...java(`${TOOLS}.TopicCommand`),
      ...broker(request),
      "--describe",
      "--topic",
      request.topic,
    ];
    const output = await tool(command);
    const count = /PartitionCount: (\d+)/.exec(output)?.[1];
    if (count === undefined) throw new Error(nameOf(output) ?? output);
    const brokers = new Set([...output.matchAll(/Leader: (\d+)/g)].map((match) => match[1]));
    return { brokers: brokers.size, partitions: Number(count) };
  }

  async createTopic(
    request: TopicRequest & {
      readonly partitions: number;
      readonly configs: Readonly<Record<string, string>>;
    },
  ): Promise<void> {
    const command = [
      ...java(`${TOOLS}.TopicCommand`),
      ...broker(request),
      "--create",
      "--topic",
      request.topic,
    ];
    command.push("--partitions", String(request.partitions), "--replication-factor", "1");
    for (const [key, value] of Object.entries(request.configs)) command.push("--config", `${key}=${value}`);
    await runWell(command);
  }

  async deleteTopic(request: TopicRequest): Promise<void> {
    await runWell([
      ...java(`${TOOLS}.TopicCommand`),
      ...broker(request),
      "--delete",
      "--topic",
      request.topic,
    ]);
  }

  async topicConfig(request: TopicRequest & { readonly name: string }): Promise<string> {
    const command = [...java("kafka.admin.ConfigCommand"), ...broker(request), "--describe", "--all"];
    const output = await runWell([...command, "--topic", request.topic]);
    const found = new RegExp(`^\\s*${request.name.replaceAll(".", "\\.")}=(\\S*)`, "m").exec(output);
    if (found === null) throw new Error(`kafka-configs printed no ${request.name}: ${output}`);
    return found[1] ?? "";
  }
}

function java(mainClass: string): readonly string[] {
  const [program = "java", ...rest] = kafkaTool(mainClass);
  return [program, "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", ...rest];
}

function broker(request: { readonly bootstrap: string }): readonly string[] {
  return ["--bootstrap-server", request.bootstrap];
}

/** Output and errors together: the tools print failures on either, and some end with success all the same. */
async function tool(command: readonly string[], input = ""): Promise<string> {
  const { output, errors } = await run(command, input, CLIENT_TIMEOUT_MS);
  return output + errors;
}

function headersOf(record: { readonly headers: readonly (readonly [string, string])[] }): string | null {
  if (record.headers.length === 0) return null;
  return record.headers.map(([name, value]) => `${name}:${value}`).join(",");
}

function fromLine(line: string): ReadRecord {
  const [time = "", partition = "", offset = "", headers = "", key = "", value = ""] = line.split(SEPARATOR);
  return {
    partition: Number(partition.replace("Partition:", "")),
    offset: Number(offset.replace("Offset:", "")),
    key: key === NULL_MARK ? null : key,
    value: value === NULL_MARK ? null : value,
    headers: headers === "NO_HEADERS" ? [] : headers.split(",").map(headerOf),
    timestampMs: Number(time.slice(time.indexOf(":") + 1)),
  };
}

function headerOf(text: string): [string, string] {
  const colon = text.indexOf(":");
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function nameOf(output: string): string | null {
  if (/RecordTooLargeException|message_too_large/i.test(output)) return "MESSAGE_TOO_LARGE";
  if (/UnknownTopicOrPartition|not present in metadata|does not exist/.test(output)) {
    return "UNKNOWN_TOPIC_OR_PARTITION";
  }
  return /Exception|ERROR/.test(output) ? output : null;
}
