import { CompressionTypes, Kafka, KafkaJSError, logLevel } from "kafkajs";
import type {
  Codec,
  KafkaClient,
  OffsetRequest,
  Outcome,
  ProduceRequest,
  TopicRequest,
  TopicShape,
} from "./client.ts";

const CONFIG_RESOURCE_TOPIC = 2;

/** kafkajs 2.2: producer and admin client. Its consumer needs a group. */
export class Kafkajs implements KafkaClient {
  readonly name = "kafkajs";
  readonly choosesPartitions = true;
  readonly setsTimestamps = true;
  readonly setsHeaders = true;
  readonly writesTombstones = true;
  readonly codecs: readonly Codec[] = ["none", "gzip"];

  missing(): string | null {
    return null;
  }

  async produce(request: ProduceRequest): Promise<readonly Outcome[]> {
    const producer = client(request.bootstrap).producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    try {
      const messages = request.records.map((record) => ({
        partition: record.partition,
        key: record.key,
        value: record.value,
        headers: Object.fromEntries(record.headers),
        ...(record.timestampMs === null ? {} : { timestamp: String(record.timestampMs) }),
      }));
      const compression = request.codec === "gzip" ? CompressionTypes.GZIP : CompressionTypes.None;
      await producer.send({ topic: request.topic, messages, compression, acks: -1 });
      return messages.map((_, index) => ({ index }));
    } catch (error) {
      return request.records.map((_, index) => ({ index, error: nameOf(error) }));
    } finally {
      await producer.disconnect();
    }
  }

  async offset(request: OffsetRequest): Promise<number> {
    const { topic, partition, timestampMs } = request;
    return await this.administer(request, async (admin) => {
      if (timestampMs >= 0) {
        const found = await admin.fetchTopicOffsetsByTimestamp(topic, timestampMs);
        return Number(found.find((place) => place.partition === partition)?.offset);
      }
      const place = (await admin.fetchTopicOffsets(topic)).find((found) => found.partition === partition);
      return Number(timestampMs === -2 ? place?.low : place?.high);
    });
  }

  async metadata(request: TopicRequest): Promise<TopicShape> {
    return await this.administer(request, async (admin) => {
      const found = await admin.fetchTopicMetadata({ topics: [request.topic] });
      const { brokers } = await admin.describeCluster();
      return { brokers: brokers.length, partitions: found.topics[0]?.partitions.length ?? 0 };
    });
  }

  async createTopic(
    request: TopicRequest & {
      readonly partitions: number;
      readonly configs: Readonly<Record<string, string>>;
    },
  ): Promise<void> {
    const configEntries = Object.entries(request.configs).map(([name, value]) => ({ name, value }));
    const topic = {
      topic: request.topic,
      numPartitions: request.partitions,
      replicationFactor: 1,
      configEntries,
    };
    await this.administer(request, (admin) => admin.createTopics({ topics: [topic], waitForLeaders: true }));
  }

  async deleteTopic(request: TopicRequest): Promise<void> {
    await this.administer(request, (admin) => admin.deleteTopics({ topics: [request.topic] }));
  }

  async topicConfig(request: TopicRequest & { readonly name: string }): Promise<string> {
    return await this.administer(request, async (admin) => {
      const resources = [{ type: CONFIG_RESOURCE_TOPIC, name: request.topic, configNames: [request.name] }];
      const found = await admin.describeConfigs({ resources, includeSynonyms: false });
      return found.resources[0]?.configEntries[0]?.configValue ?? "";
    });
  }

  private async administer<Result>(
    request: TopicRequest,
    work: (admin: ReturnType<Kafka["admin"]>) => Promise<Result>,
  ): Promise<Result> {
    const admin = client(request.bootstrap).admin();
    await admin.connect();
    try {
      return await work(admin);
    } catch (error) {
      throw new Error(nameOf(error), { cause: error });
    } finally {
      await admin.disconnect();
    }
  }
}

function client(bootstrap: string): Kafka {
  const retry = { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 };
  return new Kafka({ clientId: "interop", brokers: bootstrap.split(","), logLevel: logLevel.NOTHING, retry });
}

function nameOf(error: unknown): string {
  let at: unknown = error;
  while (at instanceof KafkaJSError) {
    if ("type" in at && typeof at.type === "string") return at.type;
    at = at.cause;
  }
  return String(error);
}
