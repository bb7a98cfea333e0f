import type { Logger } from "../base/logger.ts";
import type { Quotas } from "../broker/quotas.ts";
import type { ApiHandler } from "./call.ts";
import { type KafkaConnection, PendingCall } from "./connection.ts";
import { produce } from "./handlers/00-produce.ts";
import { fetch } from "./handlers/01-fetch.ts";
import { listOffsets } from "./handlers/02-list-offsets.ts";
import { metadata } from "./handlers/03-metadata.ts";
import { offsetCommit } from "./handlers/08-offset-commit.ts";
import { offsetFetch } from "./handlers/09-offset-fetch.ts";
import { findCoordinator } from "./handlers/10-find-coordinator.ts";
import { joinGroup } from "./handlers/11-join-group.ts";
import { heartbeat } from "./handlers/12-heartbeat.ts";
import { leaveGroup } from "./handlers/13-leave-group.ts";
import { syncGroup } from "./handlers/14-sync-group.ts";
import { describeGroups } from "./handlers/15-describe-groups.ts";
import { listGroups } from "./handlers/16-list-groups.ts";
import { saslHandshake } from "./handlers/17-sasl-handshake.ts";
import { apiVersions, type VersionRange } from "./handlers/18-api-versions.ts";
import { createTopics } from "./handlers/19-create-topics.ts";
import { deleteTopics } from "./handlers/20-delete-topics.ts";
import { deleteRecords } from "./handlers/21-delete-records.ts";
import { initProducerId } from "./handlers/22-init-producer-id.ts";
import { offsetForLeaderEpoch } from "./handlers/23-offset-for-leader-epoch.ts";
import { addPartitionsToTxn } from "./handlers/24-add-partitions-to-txn.ts";
import { addOffsetsToTxn } from "./handlers/25-add-offsets-to-txn.ts";
import { endTxn } from "./handlers/26-end-txn.ts";
import { writeTxnMarkers } from "./handlers/27-write-txn-markers.ts";
import { txnOffsetCommit } from "./handlers/28-txn-offset-commit.ts";
import { describeAcls } from "./handlers/29-describe-acls.ts";
import { createAcls } from "./handlers/30-create-acls.ts";
import { deleteAcls } from "./handlers/31-delete-acls.ts";
import { describeConfigs } from "./handlers/32-describe-configs.ts";
import { alterConfigs } from "./handlers/33-alter-configs.ts";
import { alterReplicaLogDirs } from "./handlers/34-alter-replica-log-dirs.ts";
import { describeLogDirs } from "./handlers/35-describe-log-dirs.ts";
import { saslAuthenticate } from "./handlers/36-sasl-authenticate.ts";
import { createPartitions } from "./handlers/37-create-partitions.ts";
import { deleteGroups } from "./handlers/42-delete-groups.ts";
import { electLeaders } from "./handlers/43-elect-leaders.ts";
import { incrementalAlterConfigs } from "./handlers/44-incremental-alter-configs.ts";
import { alterPartitionReassignments } from "./handlers/45-alter-partition-reassignments.ts";
import { listPartitionReassignments } from "./handlers/46-list-partition-reassignments.ts";
import { offsetDelete } from "./handlers/47-offset-delete.ts";
import { describeClientQuotas } from "./handlers/48-describe-client-quotas.ts";
import { alterClientQuotas } from "./handlers/49-alter-client-quotas.ts";
import { describeUserScramCredentials } from "./handlers/50-describe-user-scram-credentials.ts";
import { alterUserScramCredentials } from "./handlers/51-alter-user-scram-credentials.ts";
import { describeQuorum } from "./handlers/55-describe-quorum.ts";
import { updateFeatures } from "./handlers/57-update-features.ts";
import { describeCluster } from "./handlers/60-describe-cluster.ts";
import { describeProducers } from "./handlers/61-describe-producers.ts";
import { describeTransactions } from "./handlers/65-describe-transactions.ts";
import { listTransactions } from "./handlers/66-list-transactions.ts";
import { consumerGroupHeartbeat } from "./handlers/68-consumer-group-heartbeat.ts";
import { consumerGroupDescribe } from "./handlers/69-consumer-group-describe.ts";
import { listConfigResources } from "./handlers/74-list-config-resources.ts";
import { describeTopicPartitions } from "./handlers/75-describe-topic-partitions.ts";
import { shareGroupHeartbeat } from "./handlers/76-share-group-heartbeat.ts";
import { shareGroupDescribe } from "./handlers/77-share-group-describe.ts";
import { shareFetch } from "./handlers/78-share-fetch.ts";
import { shareAcknowledge } from "./handlers/79-share-acknowledge.ts";
import { describeShareGroupOffsets } from "./handlers/90-describe-share-group-offsets.ts";
import { alterShareGroupOffsets } from "./handlers/91-alter-share-group-offsets.ts";
import { deleteShareGroupOffsets } from "./handlers/92-delete-share-group-offsets.ts";
import type { KafkaServices } from "./services.ts";
import { findApi, requestHeaderVersion, responseHeaderVersion } from "./wire/api.ts";
import { Reader } from "./wire/reader.ts";

const HANDLERS: readonly ApiHandler<KafkaServices>[] = [
  consumerGroupHeartbeat,
  consumerGroupDescribe,
  produce,
  fetch,
  listOffsets,
  metadata,
  findCoordinator,
  apiVersions,
  createTopics,
  deleteTopics,
  initProducerId,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  offsetForLeaderEpoch,
  writeTxnMarkers,
  describeProducers,
  describeAcls,
  createAcls,
  deleteAcls,
  saslHandshake,
  saslAuthenticate,
  describeUserScramCredentials,
  alterUserScramCredentials,
  describeConfigs,
  alterConfigs,
  incrementalAlterConfigs,
  listConfigResources,
  deleteRecords,
  alterReplicaLogDirs,
  describeLogDirs,
  createPartitions,
  electLeaders,
  alterPartitionReassignments,
  listPartitionReassignments,
  describeClientQuotas,
  alterClientQuotas,
  describeQuorum,
  updateFeatures,
  describeCluster,
  describeTopicPartitions,
  describeTransactions,
  listTransactions,
  offsetCommit,
  offsetFetch,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  txnOffsetCommit,
  deleteGroups,
  offsetDelete,
  shareGroupHeartbeat,
  shareGroupDescribe,
  shareFetch,
  shareAcknowledge,
  describeShareGroupOffsets,
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
];

const API_VERSIONS = apiVersions.apiKey;
const PRODUCE = produce.apiKey;

/** What ApiVersions announces. Produce from 0, although 3 is the first served: librdkafka before 2.0 asks for it (KIP-896). */
export const SERVED_VERSIONS: readonly VersionRange[] = HANDLERS.map(
  ({ apiKey, minVersion, maxVersion }) => ({
    apiKey,
    minVersion: apiKey === PRODUCE ? 0 : minVersion,
    maxVersion,
  }),
).sort((a, b) => a.apiKey - b.apiKey);

/** Finds the handler of a request, by the header that every version begins with. */
export class Dispatch {
  readonly #services: KafkaServices;
  readonly #logger: Logger;
  readonly #handlers = new Map(HANDLERS.map((handler) => [handler.apiKey, handler]));

  constructor(services: KafkaServices, logger: Logger) {
    this.#services = services;
    this.#logger = logger;
  }

  /**
   * Reads the request header:
   *
   *     api key INT16, api version INT16, correlation id INT32, client id NULLABLE_STRING, and in flexible
   *     versions tagged fields
   *
   * Returns the call, or says in words why the connection can't go on.
   */
  open(connection: KafkaConnection, frame: Uint8Array): PendingCall | string {
    this.#services.counters.requests += 1;
    this.#services.counters.bytesIn += frame.length + 4;
    const reader = new Reader(frame);
    const apiKey = reader.int16();
    const version = reader.int16();
    const correlationId = reader.int32();
    const handler = this.#handlers.get(apiKey);
    const api = findApi(apiKey);
    if (api === undefined) return `unknown api key ${apiKey}`;
    const { name } = api;
    if (handler === undefined) return `${name} (api key ${apiKey}) is not served`;
    const supported = version >= handler.minVersion && version <= handler.maxVersion;
    let clientId: string | null = null;
    if (supported) {
      clientId = reader.nullableString();
      if (requestHeaderVersion(api, version) === 2) reader.taggedFields();
    } else if (apiKey !== API_VERSIONS) {
      return `${name} version ${version} is not served; ${handler.minVersion} to ${handler.maxVersion} are`;
    }
    return new PendingCall({
      apiKey,
      version,
      clientId,
      correlationId,
      flexibleResponseHeader: responseHeaderVersion(api, version) === 1,
      reader,
      sizeBytes: frame.length,
      pipelined: handler.pipelined,
      name,
      connection,
      handle: (call) => handler.handle(call, this.#services),
    });
  }

  get quotas(): Quotas {
    return this.#services.broker.quotas;
  }

  sent(bytes: number): void {
    this.#services.counters.bytesOut += bytes;
  }

  /** A connection that can't go on. One line, and nobody else notices. */
  refused(remoteAddress: string, reason: string): void {
    this.#services.counters.refusedConnections += 1;
    this.#logger.warn("Kafka connection refused", { remoteAddress, reason });
  }
}
