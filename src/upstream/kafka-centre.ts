import { HeadwaterError } from "../base/errors.ts";
import type { Address } from "../config/address.ts";
import { KafkaAdmin } from "../kafka/client/admin.ts";
import { END_TXN, FIND_COORDINATOR, OFFSET_FETCH, TXN_OFFSET_COMMIT } from "../kafka/client/client-apis.ts";
import { clusterOptions, KafkaCluster } from "../kafka/client/cluster.ts";
import type { ClientSeams, ConnectionOptions, KafkaConnection } from "../kafka/client/connection.ts";
import { DEFAULT_FETCH_OPTIONS } from "../kafka/client/consumer.ts";
import type { CallOutcome } from "../kafka/client/coordinator-call.ts";
import { fetchFrom } from "../kafka/client/fetch.ts";
import { LIST_OFFSET, listOffsets } from "../kafka/client/offsets.ts";
import { type BatchOutcome, produce } from "../kafka/client/produce.ts";
import type { SecuritySource } from "../kafka/client/security.ts";
import {
  addOffsetsToTransaction,
  addPartitionsToTransaction,
  commitOffsetsInTransaction,
  committedOffsets,
  endTransaction,
  initProducerId,
  type LastEnd,
  lastEnd,
  OFFSETS_TOPIC,
  openTransactions,
  type ProducerIdentity,
  partitionOfGroup,
  writeMarkers,
} from "../kafka/client/transactions.ts";
import { ERROR } from "../kafka/wire/generated/errors.ts";
import type {
  CallKind,
  CallOf,
  CentralTopicFacts,
  CentreCall,
  CentreCalls,
  CentreFacts,
  CentreOutcome,
  FindOpen,
  LastEndAnswer,
  Outcome,
  ProducerGrant,
  Refusal,
  ScanQuery,
  TopicQuery,
} from "./centre.ts";
import { TIME_SETTINGS } from "./times/central-settings.ts";

/** Where calls go: the centre, or a model of it in a test. */
export interface Centre {
  /**
   * Performs calls in order, `answered` once for each, later. Not the calls for the local store. Produce calls of
   * one turn may share requests.
   */
  perform(calls: readonly CentreCall[], answered: (id: number, outcome: CentreOutcome) => void): void;
  close(): void;
}

export interface KafkaCentreOptions {
  readonly bootstrap: readonly Address[];
  readonly requestTimeoutMs: number;
  readonly connection?: Partial<ConnectionOptions>;
  /** Encryption and login; null for neither. */
  readonly security?: SecuritySource | null;
}

/** The broker gives up on its replicas some time before the client gives up on the broker. */
const BROKER_TIMEOUT_SHARE = 2 / 3;
/** After these the leader is another one, or not known yet. */
const STALE_LEADER: ReadonlySet<number> = new Set([
  ERROR.NETWORK_EXCEPTION,
  ERROR.UNKNOWN_TOPIC_OR_PARTITION,
  ERROR.UNKNOWN_TOPIC_ID,
  ERROR.INCONSISTENT_TOPIC_ID,
  ERROR.LEADER_NOT_AVAILABLE,
  ERROR.NOT_LEADER_OR_FOLLOWER,
  ERROR.FENCED_LEADER_EPOCH,
  ERROR.UNKNOWN_LEADER_EPOCH,
  ERROR.KAFKA_STORAGE_ERROR,
]);

/** What waiting does not heal. A file that is not there yet is waited for. */
const LASTING: ReadonlySet<HeadwaterError["code"]> = new Set([
  "AUTHENTICATION",
  "CONFIG_INVALID",
  "TLS_HANDSHAKE",
]);

type Answer<Kind extends CallKind> = CentreCalls[Kind]["answer"];
type ProduceCall = CallOf<"produce">;

/** A Kafka cluster as the centre. Every `connect` begins with new connections. */
export class KafkaCentre implements Centre {
  readonly #seams: ClientSeams;
  readonly #options: KafkaCentreOptions;
  #cluster: KafkaCluster | null = null;
  #refreshing: Promise<unknown> | null = null;

  constructor(seams: ClientSeams, options: KafkaCentreOptions) {
    this.#seams = seams;
    this.#options = options;
  }

  perform(calls: readonly CentreCall[], answered: (id: number, outcome: CentreOutcome) => void): void {
    const batches: ProduceCall[] = [];
    for (const call of calls) {
      if (call.kind === "produce") batches.push(call);
      else void this.#one(call).then((outcome) => answered(call.id, outcome));
    }
    if (batches.length > 0) this.#produce(batches, answered);
  }

  close(): void {
    this.#cluster?.close();
    this.#cluster = null;
  }

  async #one(call: Exclude<CentreCall, ProduceCall>): Promise<CentreOutcome> {
    try {
      if (call.kind === "connect") return done<"connect">(await this.#connect());
      if (call.kind === "disconnect") {
        this.close();
        return done<"disconnect">(null);
      }
      const cluster = this.#cluster;
      if (cluster === null) return { kind: "lost", reason: "not connected" };
      return await this.#ask(cluster, call);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return { kind: "lost", reason: error.message, lasting: LASTING.has(error.code) };
    }
  }

  async #connect(): Promise<CentreFacts> {
    this.#cluster?.close();
    const { bootstrap, requestTimeoutMs, connection, security = null } = this.#options;
    const options = clusterOptions(bootstrap, { requestTimeoutMs, connection: { ...connection }, security });
    const cluster = new KafkaCluster(this.#seams, options);
    this.#cluster = cluster;
    this.#refreshing = null;
    await cluster.refresh([]);
    const any = await cluster.any();
    return { clusterId: cluster.clusterId ?? "", transactions: protocolOf(any, cluster.transactionVersion) };
  }

  async #ask(cluster: KafkaCluster, call: Exclude<CentreCall, ProduceCall>): Promise<CentreOutcome> {
    switch (call.kind) {
      case "topics":
        return done<"topics">(await lookUp(cluster, call.ask));
      case "topic-settings":
        return done<"topic-settings">(await new KafkaAdmin(cluster).describeTopics(call.ask, TIME_SETTINGS));
      case "create-topic":
        return done<"create-topic">(await new KafkaAdmin(cluster).createTopic(call.ask));
      case "last-end":
        return ended(await lastEnd(cluster, call.ask));
      case "init-producer": {
        const { transactionalId, transactionTimeoutMs, producerId, producerEpoch } = call.ask;
        const known = { producerId, producerEpoch };
        return grant(await initProducerId(cluster, transactionalId, transactionTimeoutMs, known));
      }
      case "find-open":
        return done<"find-open">(await findOpen(cluster, call.ask));
      case "write-markers": {
        const { producerId, partitions, commit } = call.ask;
        return plain(await writeMarkers(cluster, producerId, partitions, commit));
      }
      case "positions": {
        const outcome = await committedOffsets(cluster, call.ask.group, null);
        if (outcome.kind === "lost") return outcome;
        const slots = outcome.kind === "done" ? outcome.value : [];
        return done<"positions">({ error: outcome.kind === "done" ? 0 : outcome.error, slots });
      }
      case "ends":
        return done<"ends">(await ends(cluster, call.ask));
      case "scan":
        return done<"scan">(await this.#scan(cluster, call.ask));
      case "add-partitions":
        return plain(await addPartitionsToTransaction(cluster, call.ask, call.ask.partitions));
      case "add-offsets":
        return plain(await addOffsetsToTransaction(cluster, call.ask, call.ask.group));
      case "commit-offsets":
        return plain(await commitOffsetsInTransaction(cluster, call.ask, call.ask.group, call.ask.slots));
      case "end":
        return grant(await endTransaction(cluster, call.ask, call.ask.commit));
      default:
        return { kind: "lost", reason: `${call.kind} is not for the centre` };
    }
  }

  async #scan(cluster: KafkaCluster, query: ScanQuery): Promise<Answer<"scan">> {
    const { topic, partition, fromOffset: offset, maxBytes, isolation } = query;
    const nothing = {
      logStartOffset: -1,
      highWatermark: -1,
      lastStableOffset: -1,
      batches: new Uint8Array(0),
    };
    const leader = cluster.leaderOf(topic, partition);
    if (leader === null) {
      await this.#refresh(cluster, [topic]);
      return { topic, partition, offset, error: ERROR.LEADER_NOT_AVAILABLE, aborted: [], ...nothing };
    }
    const options = {
      ...DEFAULT_FETCH_OPTIONS,
      isolation,
      maxWaitMs: 0,
      maxBytes,
      partitionMaxBytes: maxBytes,
    };
    const [fetched] = await fetchFrom(cluster, leader, [{ topic, partition, offset }], options);
    if (fetched === undefined) throw new HeadwaterError("MALFORMED", `no answer for ${topic}-${partition}`);
    if (STALE_LEADER.has(fetched.error)) await this.#refresh(cluster, [topic]);
    return fetched;
  }

  /** Sends batches to their leaders. Those of one partition leave in their order, each in a request of its own. */
  #produce(calls: readonly ProduceCall[], answered: (id: number, outcome: CentreOutcome) => void): void {
    const cluster = this.#cluster;
    if (cluster === null) {
      for (const { id } of calls) answered(id, { kind: "lost", reason: "not connected" });
      return;
    }
    const byLeader = Map.groupBy(calls, ({ ask }) => cluster.leaderOf(ask.topic, ask.partition));
    for (const [leader, group] of byLeader) {
      for (const request of requestsOf(group)) {
        void this.#send(cluster, leader, request).then((outcomes) => {
          for (const [index, outcome] of outcomes.entries()) {
            answered((request[index] as ProduceCall).id, outcome);
          }
        });
      }
    }
  }

  async #send(
    cluster: KafkaCluster,
    leader: Address | null,
    calls: readonly ProduceCall[],
  ): Promise<readonly CentreOutcome[]> {
    const first = calls[0] as ProduceCall;
    const outcomes =
      leader === null
        ? calls.map(() => WITHOUT_LEADER)
        : await produce(
            cluster,
            leader,
            calls.map(({ ask }) => ask),
            {
              transactionalId: first.ask.transactionalId,
              transactionProtocol: first.ask.protocol,
              timeoutMs: Math.floor(this.#options.requestTimeoutMs * BROKER_TIMEOUT_SHARE),
            },
          );
    if (outcomes.some((outcome) => outcome.kind === "answered" && STALE_LEADER.has(outcome.error))) {
      await this.#refresh(cluster, [...new Set(calls.map(({ ask }) => ask.topic))]);
    }
    return outcomes.map((outcome) =>
      outcome.kind === "lost" ? outcome : { kind: "answered", answer: outcome },
    );
  }

  /** Brings leaders up to date before a repetition; one look at a time is enough for all. */
  async #refresh(cluster: KafkaCluster, topics: readonly string[]): Promise<void> {
    this.#refreshing ??= cluster.refresh(topics).catch((error: unknown) => {
      if (!(error instanceof HeadwaterError)) throw error;
    });
    try {
      await this.#refreshing;
    } finally {
      this.#refreshing = null;
    }
  }
}

const WITHOUT_LEADER: BatchOutcome = {
  kind: "answered",
  error: ERROR.LEADER_NOT_AVAILABLE,
  message: null,
  baseOffset: -1,
};

/** Splits calls so that no request has two batches of one partition, earlier ones in earlier requests. */
function requestsOf(calls: readonly ProduceCall[]): readonly ProduceCall[][] {
  const requests: ProduceCall[][] = [];
  const counts = new Map<string, number>();
  for (const call of calls) {
    const key = `${call.ask.partition} ${call.ask.topic}`;
    const index = counts.get(key) ?? 0;
    counts.set(key, index + 1);
    const request = requests[index];
    if (request === undefined) requests.push([call]);
    else request.push(call);
  }
  return requests;
}

/** EndTxn from this version on hands out the next epoch: protocol 2. */
const FIRST_END_WITH_EPOCH = 5;

function protocolOf(connection: KafkaConnection, transactionVersion: number): 0 | 1 | 2 {
  const needed = [FIND_COORDINATOR, TXN_OFFSET_COMMIT, OFFSET_FETCH, END_TXN] as const;
  if (needed.some(({ request }) => connection.serves(request.apiKey ?? -1) === false)) return 0;
  return transactionVersion >= 2 && connection.versionOf(END_TXN) >= FIRST_END_WITH_EPOCH ? 2 : 1;
}

async function lookUp(
  cluster: KafkaCluster,
  names: readonly string[],
): Promise<readonly CentralTopicFacts[]> {
  const topics = await cluster.refresh(names);
  return topics.map(({ name, error, id, partitions }) => ({
    name,
    error,
    id,
    partitions: partitions.length,
  }));
}

async function ends(cluster: KafkaCluster, { topic, partitions }: TopicQuery): Promise<Answer<"ends">> {
  const queries = Array.from({ length: partitions }, (_, partition) => ({
    topic,
    partition,
    timestampMs: LIST_OFFSET.latest,
  }));
  const found = await listOffsets(cluster, queries, "read_uncommitted");
  const error = found.find((entry) => entry.error !== 0)?.error ?? 0;
  if (STALE_LEADER.has(error)) await cluster.refresh([topic]);
  return { error, ends: found.map(({ offset }) => offset) };
}

/** Where the brokers say that a transaction of this producer is open; a broker that can't tell has none. */
async function findOpen(cluster: KafkaCluster, ask: FindOpen): Promise<Answer<"find-open">> {
  const topics = await cluster.refresh([...ask.topics, OFFSETS_TOPIC]);
  const groupPartition = partitionOfGroup(
    ask.group,
    topics.find(({ name }) => name === OFFSETS_TOPIC)?.partitions.length ?? 0,
  );
  const asked = topics.flatMap(({ name, partitions }) =>
    partitions
      .map((_, partition) => ({ topic: name, partition }))
      .filter(({ partition }) => name !== OFFSETS_TOPIC || partition === groupPartition),
  );
  const open = await openTransactions(cluster, asked, ask.producerId);
  return {
    partitions: open.filter(({ topic }) => topic !== OFFSETS_TOPIC),
    offsets: open.find(({ topic }) => topic === OFFSETS_TOPIC) ?? null,
  };
}

function done<Kind extends CallKind>(answer: Answer<Kind>): Outcome<Answer<Kind>> {
  return { kind: "answered", answer };
}

function plain(outcome: CallOutcome<null>): Outcome<Refusal> {
  if (outcome.kind === "lost") return outcome;
  const { error, message } = outcome.kind === "done" ? NO_REFUSAL : outcome;
  return { kind: "answered", answer: { error, message } };
}

function grant(outcome: CallOutcome<ProducerIdentity>): Outcome<ProducerGrant> {
  if (outcome.kind === "lost") return outcome;
  if (outcome.kind === "done") return { kind: "answered", answer: { ...NO_REFUSAL, ...outcome.value } };
  const { error, message } = outcome;
  return { kind: "answered", answer: { error, message, producerId: -1, producerEpoch: -1 } };
}

function ended(outcome: CallOutcome<LastEnd>): Outcome<LastEndAnswer> {
  if (outcome.kind === "lost") return outcome;
  if (outcome.kind === "done") return { kind: "answered", answer: { ...NO_REFUSAL, ...outcome.value } };
  const { error, message } = outcome;
  return { kind: "answered", answer: { error, message, producerId: -1, producerEpoch: -1, committed: null } };
}

const NO_REFUSAL: Refusal = { error: 0, message: null };
