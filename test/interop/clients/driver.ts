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
import { lines, runWell } from "./run.ts";

type Answer = Readonly<Record<string, unknown>>;

/**
 * A client library behind a small program of its own language (go/, python/). The program takes one request as JSON
 * in its argument: `command` is the method's name, the rest are its fields. Records go in and out as JSON lines; an
 * error of the whole request is a line `{"error": NAME}`.
 */
export class Driver implements KafkaClient {
  readonly name: string;
  readonly choosesPartitions = true;
  readonly setsTimestamps = true;
  readonly setsHeaders = true;
  readonly writesTombstones = true;
  readonly codecs: readonly Codec[] = ["none", "gzip", "snappy", "lz4", "zstd"];
  readonly missing: () => string | null;
  readonly topicConfig?: (request: TopicRequest & { readonly name: string }) => Promise<string>;
  private readonly command: readonly string[];

  constructor(
    name: string,
    command: readonly string[],
    missing: () => string | null,
    abilities: { readonly describesConfigs: boolean } = { describesConfigs: true },
  ) {
    this.name = name;
    this.command = command;
    this.missing = missing;
    if (abilities.describesConfigs) {
      this.topicConfig = async (request) => String(await this.one("topicConfig", request, "value"));
    }
  }

  async produce(request: ProduceRequest): Promise<readonly Outcome[]> {
    const { records, ...rest } = request;
    const input = records.map((record) => `${JSON.stringify(record)}\n`).join("");
    const settings = { codec: "none", maxBytes: 0, lingerMs: 5, pauseMs: 0, ...rest };
    const answers = await this.ask("produce", settings, input).catch((error: Error) =>
      // Some clients refuse before they send, and then for all records at once.
      records.map((_, index) => ({ index, error: error.message })),
    );
    const outcomes = answers.map((answer) => answer as unknown as Outcome);
    return outcomes.toSorted((left, right) => left.index - right.index);
  }

  async consume(request: ConsumeRequest): Promise<readonly ReadRecord[]> {
    return (await this.ask("consume", request)).map((answer) => answer as unknown as ReadRecord);
  }

  async offset(request: OffsetRequest): Promise<number> {
    return Number(await this.one("offset", request, "offset"));
  }

  async metadata(request: TopicRequest): Promise<TopicShape> {
    const [answer] = await this.ask("metadata", request);
    return answer as unknown as TopicShape;
  }

  async createTopic(
    request: TopicRequest & {
      readonly partitions: number;
      readonly configs: Readonly<Record<string, string>>;
    },
  ): Promise<void> {
    await this.ask("createTopic", request);
  }

  async deleteTopic(request: TopicRequest): Promise<void> {
    await this.ask("deleteTopic", request);
  }

  private async one(command: string, request: object, field: string): Promise<unknown> {
    const [answer] = await this.ask(command, request);
    if (answer?.[field] === undefined) throw new Error(`${this.name} answered without ${field}`);
    return answer[field];
  }

  private async ask(command: string, request: object, input = ""): Promise<readonly Answer[]> {
    const timeoutMs =
      "timeoutMs" in request && typeof request.timeoutMs === "number" ? request.timeoutMs : CLIENT_TIMEOUT_MS;
    const argument = JSON.stringify({ command, ...request, timeoutMs });
    const output = await runWell([...this.command, argument], input, timeoutMs);
    const answers = lines(output).map((line): Answer => JSON.parse(line));
    const failed = answers.find((answer) => answer.error !== undefined && answer.index === undefined);
    if (failed !== undefined) throw new Error(String(failed.error));
    return answers;
  }
}
