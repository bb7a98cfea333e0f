import { type Uuid, ZERO_UUID } from "../../base/ids.ts";
import { ACL_RESOURCE } from "../../broker/acl-entry.ts";
import type { Broker } from "../../broker/broker.ts";
import { topicNameFault } from "../../broker/topic-name.ts";
import type { Topic } from "../../broker/topics.ts";
import { type DeviceView, readableNameFault } from "../../broker/views/device-views.ts";
import { type Access, accessOf, CAN } from "../access.ts";
import { noteChanges } from "../audit.ts";
import type { ApiHandler, Call } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { shownPartitions } from "../views/shown-partitions.ts";
import { ERROR } from "../wire/generated/errors.ts";
import { type MetadataRequest, readMetadataRequest } from "../wire/generated/metadata-request.ts";
import { type MetadataResponseTopic, writeMetadataResponse } from "../wire/generated/metadata-response.ts";
import type { Mutable } from "../wire/message.ts";
import {
  clusterOperations,
  NO_OPERATIONS,
  TOPIC_OPERATIONS,
  VIEW_OPERATIONS,
} from "./authorized-operations.ts";

/**
 * Metadata, 0 to 13 (KIP-430, KIP-516). One broker leads every partition. A request with ids is answered by ids
 * alone, as in Kafka. Views of single devices are told to who asks for them, and not in the list of all topics. A missing topic is created where settings and the client allow, and announced once it is on
 * the disk: Kafka answers LEADER_NOT_AVAILABLE first and lets the client ask again.
 */
export const metadata: ApiHandler<KafkaServices> = {
  apiKey: 3,
  minVersion: 0,
  maxVersion: 13,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readMetadataRequest(call.reader, call.version);
    const wanted = wantedTopics(request, call.version, broker);
    if (
      call.version < FIRST_BY_ID &&
      wanted.some(({ name, topicId }) => name === null || topicId !== ZERO_UUID)
    ) {
      refuseIds(call, wanted);
      return;
    }
    const access = accessOf(call, services);
    const made: MetadataResponseTopic[] = [];
    const asked = { request, broker, access, made, gather: new Gather() };
    const isAll = asksForAll(request, call.version);
    const topics = wanted.flatMap((topic) => {
      const { name } =
        topic.topicId === ZERO_UUID ? topic : (broker.topics.readable.byId(topic.topicId) ?? NOBODY);
      // What may not be seen is answered before anybody looks whether it is there.
      if (isAll && name !== null && !access.seesTopic(CAN.describe, name)) return [];
      if (name !== null && !access.topic(CAN.describe, name)) return denied(topic);
      const described = lookUp(topic, asked);
      if (request.includeTopicAuthorizedOperations && described.name !== null && !isRefused(described)) {
        const isView = broker.topics.readable.view(described.name) !== null;
        const all = isView ? VIEW_OPERATIONS : TOPIC_OPERATIONS;
        described.topicAuthorizedOperations = access.operations(ACL_RESOURCE.topic, described.name, all);
      }
      return described;
    });
    const operations = request.includeClusterAuthorizedOperations ? clusterOperations(access) : NO_OPERATIONS;
    asked.gather.whenAll(() => {
      const changes = made.map(({ name, errorCode: error }) => ({
        ...{ resource: `topic ${name}`, error, detail: "by asking for it" },
      }));
      noteChanges(call, services.audit, "topic.create", changes);
      answer(call, broker, topics, operations);
    });
  },
};

const NOBODY = { name: null };

/** A request and those who have a say in its answer. */
interface Asked {
  readonly request: MetadataRequest;
  readonly broker: Broker;
  readonly access: Access;
  /** Topics that are made because they are asked for. */
  readonly made: MetadataResponseTopic[];
  readonly gather: Gather;
}

function denied({ name, topicId }: Wanted): Mutable<MetadataResponseTopic> {
  const byName = topicId === ZERO_UUID;
  return { ...unknown(ERROR.TOPIC_AUTHORIZATION_FAILED, byName ? name : null), topicId };
}

function isRefused({ errorCode }: MetadataResponseTopic): boolean {
  return errorCode === ERROR.TOPIC_AUTHORIZATION_FAILED;
}

/** Versions 10 and 11 have a place for ids in the request, and don't take them. */
const FIRST_BY_ID = 12;

interface Wanted {
  readonly name: string | null;
  readonly topicId: Uuid;
}

/** Each topic once. Version 0 asks for all topics by an empty list, later ones by null. */
function asksForAll({ topics }: MetadataRequest, version: number): boolean {
  return topics === null || (version === 0 && topics.length === 0);
}

function wantedTopics(request: MetadataRequest, version: number, broker: Broker): readonly Wanted[] {
  const topics = request.topics ?? [];
  if (asksForAll(request, version))
    return Array.from(broker.topics.all(), ({ name }) => ({ name, topicId: ZERO_UUID }));
  const byId = topics.filter(({ topicId }) => topicId !== ZERO_UUID);
  if (byId.length > 0) {
    const ids = new Set(byId.map(({ topicId }) => topicId));
    return Array.from(ids, (topicId) => ({ name: version < FIRST_BY_ID ? "" : null, topicId }));
  }
  return Array.from(new Set(topics.map(({ name }) => name)), (name) => ({ name, topicId: ZERO_UUID }));
}

function refuseIds(call: Call, wanted: readonly Wanted[]): void {
  const topics = wanted.map(({ topicId }) => ({
    ...unknown(ERROR.INVALID_REQUEST, ""),
    topicId: topicId,
  }));
  const response = {
    throttleTimeMs: 0,
    brokers: [],
    clusterId: null,
    controllerId: -1,
    topics,
    clusterAuthorizedOperations: NO_OPERATIONS,
    errorCode: ERROR.NONE,
  };
  call.reply((writer) => writeMetadataResponse(writer, response, call.version));
}

function lookUp(
  wanted: Wanted,
  { request, broker, access, made, gather }: Asked,
): Mutable<MetadataResponseTopic> {
  const { name, topicId } = wanted;
  if (name === null || topicId !== ZERO_UUID) {
    const topic = broker.topics.readable.byId(topicId);
    if (topic !== null) return describe(topic, broker);
    const errorCode = topicId === ZERO_UUID ? ERROR.INVALID_REQUEST : ERROR.UNKNOWN_TOPIC_ID;
    return { ...unknown(errorCode, null), topicId: topicId };
  }
  const existing = broker.topics.readable.get(name);
  if (existing !== null) return describe(existing, broker);
  const isOfView = topicNameFault(name) !== null && readableNameFault(name) === null;
  if (request.allowAutoTopicCreation && broker.autoCreateTopics && !isOfView && !mayCreateTopic(name, access))
    return unknown(ERROR.TOPIC_AUTHORIZATION_FAILED, name);
  if (readableNameFault(name) !== null) return unknown(ERROR.INVALID_TOPIC_EXCEPTION, name);
  // The topic of a view may come; a topic of that name never does.
  if (!request.allowAutoTopicCreation || isOfView) return unknown(ERROR.UNKNOWN_TOPIC_OR_PARTITION, name);
  let described: Mutable<MetadataResponseTopic> | null = null;
  const ended = gather.begin((error) => {
    if (described !== null && error !== 0) described.errorCode = error;
  });
  const isNew = broker.topics.get(name) === null;
  const created = broker.topicOrCreate(name, ended);
  if ("error" in created) {
    ended(0);
    return unknown(created.error, name);
  }
  described = describe(created, broker);
  if (isNew) made.push(described);
  return described;
}

function mayCreateTopic(name: string, access: Access): boolean {
  return access.seesCluster(CAN.create) || access.topic(CAN.create, name);
}

function unknown(errorCode: number, name: string | null): MetadataResponseTopic {
  return {
    errorCode,
    name,
    topicId: ZERO_UUID,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: NO_OPERATIONS,
  };
}

function describe(topic: Topic | DeviceView, broker: Broker): MetadataResponseTopic {
  const nodes = [broker.nodeId];
  return {
    errorCode: ERROR.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: shownPartitions(topic).map(({ index, leaderEpoch, isWell }) => ({
      errorCode: isWell ? ERROR.NONE : ERROR.KAFKA_STORAGE_ERROR,
      partitionIndex: index,
      leaderId: broker.nodeId,
      leaderEpoch,
      replicaNodes: nodes,
      isrNodes: nodes,
      offlineReplicas: isWell ? [] : nodes,
    })),
    topicAuthorizedOperations: NO_OPERATIONS,
  };
}

function answer(
  call: Call,
  broker: Broker,
  topics: MetadataResponseTopic[],
  clusterAuthorizedOperations: number,
): void {
  const response = {
    throttleTimeMs: 0,
    brokers: [{ nodeId: broker.nodeId, host: call.advertised.host, port: call.advertised.port, rack: null }],
    clusterId: broker.clusterId,
    controllerId: broker.nodeId,
    topics,
    clusterAuthorizedOperations,
    errorCode: ERROR.NONE,
  };
  call.reply((writer) => writeMetadataResponse(writer, response, call.version));
}
