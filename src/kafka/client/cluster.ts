import { HeadwaterError } from "../../base/errors.ts";
import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import { type Address, formatAddress } from "../../config/address.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { DEFAULT_FIND_COORDINATOR_REQUEST } from "../wire/generated/find-coordinator-request.ts";
import { DEFAULT_METADATA_REQUEST } from "../wire/generated/metadata-request.ts";
import type { MetadataResponse, MetadataResponseTopic } from "../wire/generated/metadata-response.ts";
import { FIND_COORDINATOR, METADATA } from "./client-apis.ts";
import {
  type ClientApi,
  type ClientSeams,
  type ConnectionOptions,
  DEFAULT_CONNECTION_OPTIONS,
  KafkaConnection,
  type Reply,
} from "./connection.ts";
import type { SecuritySource } from "./security.ts";

export interface ClusterOptions {
  /** Brokers to ask first, tried in turn. */
  readonly bootstrap: readonly Address[];
  readonly requestTimeoutMs: number;
  readonly connection: ConnectionOptions;
}

export function clusterOptions(
  bootstrap: readonly Address[],
  given: {
    readonly requestTimeoutMs?: number;
    readonly connection?: Partial<ConnectionOptions>;
    /** Encryption and login of every connection; see `securitySource`. */
    readonly security?: SecuritySource | null;
  } = {},
): ClusterOptions {
  return {
    bootstrap,
    requestTimeoutMs: given.requestTimeoutMs ?? 30_000,
    connection: {
      ...DEFAULT_CONNECTION_OPTIONS,
      ...given.connection,
      ...(given.security === undefined ? {} : { security: given.security }),
    },
  };
}

export interface TopicMetadata {
  readonly name: string;
  /** Kafka's error code; what follows counts only where it is 0. */
  readonly error: number;
  /** Zero where the broker is too old to have ids. */
  readonly id: Uuid;
  readonly internal: boolean;
  /** By partition index. */
  readonly partitions: readonly PartitionMetadata[];
}

export interface PartitionMetadata {
  /** -1 while there is none. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
}

export type CoordinatorKind = "group" | "transaction";

/** A protocol error where one is possible, else the value. */
export type Result<Value> =
  | { readonly error: 0; readonly value: Value }
  | { readonly error: number; readonly value: null };

/**
 * A Kafka cluster as a client knows it: brokers with a connection each, made when first needed; leaders of the
 * topics that were asked for; coordinators. It repeats nothing by itself: whoever asks knows what may be repeated.
 */
export class KafkaCluster {
  readonly seams: ClientSeams;
  readonly options: ClusterOptions;
  /** Null until the first answer; empty where the broker is too old to have one. */
  clusterId: string | null = null;
  controllerId = -1;
  /** How far finalised features are, of the broker asked last. */
  transactionVersion = 0;
  /** By broker's address, until when (monotonic) it wants no more fetches of this client. */
  readonly throttledUntilMs = new Map<string, number>();
  readonly #brokers = new Map<number, Address>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #topicNames = new Map<Uuid, string>();
  readonly #connections = new Map<string, Promise<KafkaConnection>>();
  readonly #coordinators = new Map<string, Address>();
  #anyIndex = 0;
  #closed = false;

  constructor(seams: ClientSeams, options: ClusterOptions) {
    this.seams = seams;
    this.options = options;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get brokers(): ReadonlyMap<number, Address> {
    return this.#brokers;
  }

  /** What the last `refresh` said of a topic, or null where it was not asked for. */
  topic(name: string): TopicMetadata | null {
    return this.#topics.get(name) ?? null;
  }

  /** The name of a topic id, or null. */
  topicName(id: Uuid): string | null {
    return this.#topicNames.get(id) ?? null;
  }

  /** The leader's address, or null while none is known. */
  leaderOf(topic: string, partition: number): Address | null {
    const leader = this.#topics.get(topic)?.partitions[partition]?.leader ?? -1;
    return this.#brokers.get(leader) ?? null;
  }

  /**
   * Asks for brokers and these topics (null: all there are; none: brokers only). Never creates a topic. Throws
   * HeadwaterError where no broker answers.
   */
  async refresh(topics: readonly string[] | null): Promise<readonly TopicMetadata[]> {
    const connection = await this.any();
    const version = connection.versionOf(METADATA);
    const named = topics?.map((name) => ({ name, topicId: ZERO_UUID })) ?? null;
    const body = {
      ...DEFAULT_METADATA_REQUEST,
      // In version 0 an empty list is all topics, and there is no null.
      topics: version === 0 ? (named ?? []) : named,
      // Versions up to 3 leave the choice to the broker; newer ones are told.
      allowAutoTopicCreation: version < 4,
    };
    const reply = await connection.request(METADATA, body, this.options.requestTimeoutMs);
    if (reply.kind !== "answered") throw reply.error;
    this.transactionVersion = connection.featureLevel("transaction.version");
    return this.#learn(reply.response);
  }

  /**
   * The open connection to a broker, or a new one. Rejects with HeadwaterError. Calls while it is being opened get
   * the same promise, so that requests leave in the order of the calls.
   */
  connectionTo(address: Address): Promise<KafkaConnection> {
    if (this.#closed) return Promise.reject(new HeadwaterError("NETWORK", "the client is closed"));
    const name = formatAddress(address);
    return this.#connections.get(name) ?? this.#connect(name, address);
  }

  /** A connection to whichever broker answers: an open one, else known brokers and the bootstrap list in turn. */
  async any(): Promise<KafkaConnection> {
    const addresses = new Map<string, Address>();
    for (const address of [...this.#brokers.values(), ...this.options.bootstrap]) {
      addresses.set(formatAddress(address), address);
    }
    for (const opening of this.#connections.values()) {
      const connection = await opening.catch(() => null);
      if (connection !== null && !connection.closed) return connection;
    }
    const list = [...addresses.values()];
    const failures: HeadwaterError[] = [];
    for (let tries = 0; tries < list.length; tries += 1) {
      const address = list[(this.#anyIndex + tries) % list.length] as Address;
      try {
        const connection = await this.connectionTo(address);
        this.#anyIndex += tries;
        return connection;
      } catch (error) {
        failures.push(operational(error));
      }
    }
    this.#anyIndex += 1;
    throw noBroker([...addresses.keys()], failures);
  }

  /**
   * Sends a request to a broker, connecting first where needed. `body` is made for the version that is spoken:
   * the highest in common unless `versionOf` chooses another. Rejects only for
   * bugs.
   */
  async request<Request, Response>(
    to: Address | "any",
    api: ClientApi<Request, Response>,
    body: (version: number) => Request,
    versionOf: (connection: KafkaConnection) => number = (connection) => connection.versionOf(api),
  ): Promise<Reply<Response>> {
    let connection: KafkaConnection;
    try {
      connection = to === "any" ? await this.any() : await this.connectionTo(to);
    } catch (error) {
      return { kind: "unsent", error: operational(error) };
    }
    const version = versionOf(connection);
    return connection.request(api, body(version), this.options.requestTimeoutMs, version);
  }

  /** The coordinator of a group or transactional id. Throws HeadwaterError where no broker answers. */
  async coordinator(kind: CoordinatorKind, key: string): Promise<Result<Address>> {
    const cached = this.#coordinators.get(`${kind} ${key}`);
    if (cached !== undefined) return { error: 0, value: cached };
    const keyType = kind === "group" ? 0 : 1;
    const reply = await this.request("any", FIND_COORDINATOR, (version) =>
      version >= FIRST_COORDINATORS_BY_LIST
        ? { ...DEFAULT_FIND_COORDINATOR_REQUEST, keyType, coordinatorKeys: [key] }
        : { ...DEFAULT_FIND_COORDINATOR_REQUEST, keyType, key },
    );
    if (reply.kind !== "answered") throw reply.error;
    const found =
      reply.version >= FIRST_COORDINATORS_BY_LIST ? reply.response.coordinators[0] : reply.response;
    if (found === undefined) return { error: ERROR.COORDINATOR_NOT_AVAILABLE, value: null };
    if (found.errorCode !== 0) return { error: found.errorCode, value: null };
    const address = { host: found.host, port: found.port };
    this.#coordinators.set(`${kind} ${key}`, address);
    return { error: 0, value: address };
  }

  /** Looks the coordinator up again next time: it moved, or its broker does not answer. */
  forgetCoordinator(kind: CoordinatorKind, key: string): void {
    this.#coordinators.delete(`${kind} ${key}`);
  }

  /** Closes every connection. Requests that wait are lost, later ones unsent. */
  close(): void {
    this.#closed = true;
    for (const opening of this.#connections.values()) {
      opening.then(
        (connection) => connection.close(),
        () => {},
      );
    }
    this.#connections.clear();
  }

  #connect(name: string, address: Address): Promise<KafkaConnection> {
    const opening = KafkaConnection.open(this.seams, address.host, address.port, this.options.connection);
    this.#connections.set(name, opening);
    const forget = (): void => {
      if (this.#connections.get(name) === opening) this.#connections.delete(name);
    };
    opening.then((connection) => {
      connection.onClosed(forget);
      if (this.#closed) connection.close();
    }, forget);
    return opening;
  }

  #learn(response: MetadataResponse): readonly TopicMetadata[] {
    this.clusterId = response.clusterId ?? "";
    this.controllerId = response.controllerId;
    this.#brokers.clear();
    for (const { nodeId, host, port } of response.brokers) this.#brokers.set(nodeId, { host, port });
    const topics = response.topics.map(topicMetadata);
    for (const topic of topics) {
      this.#topics.set(topic.name, topic);
      if (topic.id !== ZERO_UUID) this.#topicNames.set(topic.id, topic.name);
    }
    return topics;
  }
}

/** FindCoordinator from this version on takes several keys. */
const FIRST_COORDINATORS_BY_LIST = 4;

function topicMetadata(topic: MetadataResponseTopic): TopicMetadata {
  const partitions: PartitionMetadata[] = [];
  for (const { partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes } of topic.partitions) {
    partitions[partitionIndex] = { leader: leaderId, leaderEpoch, replicas: replicaNodes, inSync: isrNodes };
  }
  return {
    name: topic.name ?? "",
    error: topic.errorCode,
    id: topic.topicId,
    internal: topic.isInternal,
    partitions: Array.from(partitions, (partition) => partition ?? NO_PARTITION),
  };
}

const NO_PARTITION: PartitionMetadata = { leader: -1, leaderEpoch: -1, replicas: [], inSync: [] };

/** Failures that somebody has to do something about, the most telling first. */
const TELLING: readonly HeadwaterError["code"][] = [
  "FILE_MISSING",
  "CONFIG_INVALID",
  "AUTHENTICATION",
  "TLS_HANDSHAKE",
];

/** Why no broker could be had: by the failure that tells most, with its code. */
function noBroker(names: readonly string[], failures: readonly HeadwaterError[]): HeadwaterError {
  const telling = TELLING.map((code) => failures.find((failure) => failure.code === code)).find(
    (failure) => failure !== undefined,
  );
  const cause = telling ?? failures[0];
  const others = new Set(failures.map(({ message }) => message)).size - 1;
  const more = others > 0 ? ` (and ${others} other failure${others > 1 ? "s" : ""})` : "";
  return new HeadwaterError(
    telling?.code ?? "NETWORK",
    telling?.code === "FILE_MISSING"
      ? telling.message
      : `no broker answers (${names.join(", ")}): ${cause?.message}${more}`,
    { cause },
  );
}

/** The failure of a connection; anything else is a bug and goes on its way. */
function operational(error: unknown): HeadwaterError {
  if (error instanceof HeadwaterError) return error;
  throw error;
}
