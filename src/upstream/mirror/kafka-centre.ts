import { HeadwaterError } from "../../base/errors.ts";
import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import { formatAddress } from "../../config/address.ts";
import { KafkaAdmin, type TopicSettings } from "../../kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../kafka/client/cluster.ts";
import type { ClientSeams } from "../../kafka/client/connection.ts";
import { DEFAULT_FETCH_OPTIONS } from "../../kafka/client/consumer.ts";
import { type FetchedPartition, fetchFrom } from "../../kafka/client/fetch.ts";
import { LIST_OFFSET, listOffsets } from "../../kafka/client/offsets.ts";
import { ERROR, errorName } from "../../kafka/wire/generated/errors.ts";
import type { KafkaCentreOptions } from "../kafka-centre.ts";
import type { CentralTopicFacts, MirrorCentre } from "./centre.ts";
import { keepingOf } from "./keeping.ts";

const NO_SUCH_TOPIC: ReadonlySet<number> = new Set([
  ERROR.UNKNOWN_TOPIC_OR_PARTITION,
  ERROR.UNKNOWN_TOPIC_ID,
]);
/** Who may not ask for settings, or asks a centre that has none to tell. */
const TELLS_NOTHING: ReadonlySet<number> = new Set([
  ERROR.TOPIC_AUTHORIZATION_FAILED,
  ERROR.CLUSTER_AUTHORIZATION_FAILED,
  ERROR.INVALID_REQUEST,
  ERROR.UNSUPPORTED_VERSION,
]);
/** Beyond the time that the centre waits for records. */
const ANSWER_MS = 30_000;

/** A Kafka cluster that topics are mirrored from. It has connections of its own: a fetch that waits holds up nobody. */
export class KafkaMirrorCentre implements MirrorCentre {
  readonly #seams: ClientSeams;
  readonly #options: KafkaCentreOptions;
  #cluster: KafkaCluster | null = null;
  /** For a look beside the others. */
  #aside: KafkaCluster | null = null;
  /** What the centre last said of a topic of this id. */
  #told: { readonly id: Uuid; readonly settings: ReadonlyMap<string, string> } | null = null;

  constructor(seams: ClientSeams, options: KafkaCentreOptions) {
    this.#seams = seams;
    this.#options = options;
  }

  async look(topic: string): Promise<CentralTopicFacts | null> {
    const cluster = this.#open();
    const [found] = await cluster.refresh([topic]);
    if (found === undefined || NO_SUCH_TOPIC.has(found.error)) return null;
    if (found.error !== 0) throw trouble(found.error, topic);
    const id = found.id ?? ZERO_UUID;
    const settings = await this.#settingsOf(cluster, topic, id);
    const deleteRetentionMs = Number(settings.get("delete.retention.ms") ?? Number.NaN);
    return {
      clusterId: cluster.clusterId ?? "",
      id,
      partitions: found.partitions.length,
      cleanupPolicy: settings.get("cleanup.policy") ?? null,
      deleteRetentionMs: Number.isSafeInteger(deleteRetentionMs) ? deleteRetentionMs : null,
      keeping: keepingOf(settings),
    };
  }

  leaders(topic: string, partitions: number): readonly (string | null)[] {
    return leadersOf(this.#cluster, topic, partitions);
  }

  async leadersNow(
    topic: string,
    { id, partitions }: CentralTopicFacts,
  ): Promise<readonly (string | null)[] | null> {
    const cluster = this.#connect();
    this.#aside?.close();
    this.#aside = cluster;
    try {
      const [found] = await cluster.refresh([topic]);
      if (found === undefined || NO_SUCH_TOPIC.has(found.error)) return null;
      if (found.error !== 0) throw trouble(found.error, topic);
      const isSame = (found.id ?? ZERO_UUID) === id && found.partitions.length === partitions;
      return isSame ? leadersOf(cluster, topic, partitions) : null;
    } finally {
      cluster.close();
    }
  }

  async offsets(
    topic: string,
    partitions: readonly number[],
    at: "earliest" | "latest",
  ): Promise<readonly (number | null)[]> {
    const timestampMs = LIST_OFFSET[at];
    const queries = partitions.map((partition) => ({ topic, partition, timestampMs }));
    const found = await listOffsets(this.#open(), queries, "read_committed");
    const final = found.find(({ error }) => isFinal(error));
    if (final !== undefined) throw trouble(final.error, topic);
    return found.map(({ error, offset }) => (error === 0 ? offset : null));
  }

  async take(
    topic: string,
    positions: readonly { readonly partition: number; readonly offset: number }[],
    limits: { readonly maxWaitMs: number; readonly fetchBytes: number },
  ): Promise<readonly FetchedPartition[]> {
    const cluster = this.#open();
    const leader = cluster.leaderOf(topic, positions[0]?.partition ?? 0);
    if (leader === null) throw trouble(ERROR.LEADER_NOT_AVAILABLE, topic);
    const { maxWaitMs, fetchBytes } = limits;
    const options = {
      ...DEFAULT_FETCH_OPTIONS,
      maxWaitMs,
      maxBytes: fetchBytes * Math.max(1, Math.min(4, positions.length)),
      partitionMaxBytes: fetchBytes,
    };
    const asked = positions.map(({ partition, offset }) => ({ topic, partition, offset }));
    return await fetchFrom(cluster, leader, asked, options);
  }

  close(): void {
    this.#cluster?.close();
    this.#cluster = null;
    this.#aside?.close();
    this.#aside = null;
  }

  /** Where the centre can't say now, as it last did. */
  async #settingsOf(cluster: KafkaCluster, topic: string, id: Uuid): Promise<ReadonlyMap<string, string>> {
    try {
      const settings = await configsOf(cluster, topic);
      this.#told = { id, settings };
      return settings;
    } catch (error) {
      if (!(error instanceof HeadwaterError) || this.#told?.id !== id) throw error;
      return this.#told.settings;
    }
  }

  #open(): KafkaCluster {
    this.#cluster ??= this.#connect();
    return this.#cluster;
  }

  #connect(): KafkaCluster {
    const { bootstrap, requestTimeoutMs, connection, security } = this.#options;
    const given = {
      requestTimeoutMs: Math.max(requestTimeoutMs, ANSWER_MS),
      connection: { ...connection },
      ...(security === undefined ? {} : { security }),
    };
    return new KafkaCluster(this.#seams, clusterOptions(bootstrap, given));
  }
}

function leadersOf(
  cluster: KafkaCluster | null,
  topic: string,
  partitions: number,
): readonly (string | null)[] {
  return Array.from({ length: partitions }, (_, partition) => {
    const leader = cluster?.leaderOf(topic, partition) ?? null;
    return leader === null ? null : formatAddress(leader);
  });
}

/** Nothing where the centre does not tell at all. Any other failure is waited out. */
async function configsOf(cluster: KafkaCluster, topic: string): Promise<ReadonlyMap<string, string>> {
  const names = ["cleanup.policy", "delete.retention.ms", "retention.ms", "retention.bytes"];
  let described: TopicSettings | undefined;
  try {
    [described] = await new KafkaAdmin(cluster).describeTopics([topic], names);
  } catch (error) {
    if (error instanceof HeadwaterError && error.code === "UNSUPPORTED") return new Map();
    throw error;
  }
  if (described === undefined) throw trouble(ERROR.UNKNOWN_SERVER_ERROR, topic);
  if (TELLS_NOTHING.has(described.error)) return new Map();
  if (described.error !== 0) throw trouble(described.error, topic);
  return new Map([...described.values].flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

function trouble(error: number, topic: string): HeadwaterError {
  const message = `topic ${topic} at the centre: ${errorName(error)}`;
  return new HeadwaterError(isFinal(error) ? "UNSUPPORTED" : "NETWORK", message, { topic });
}

function isFinal(error: number): boolean {
  return error === ERROR.TOPIC_AUTHORIZATION_FAILED || error === ERROR.INVALID_TOPIC_EXCEPTION;
}
