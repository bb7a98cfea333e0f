import type { Uuid } from "../../../src/base/ids.ts";
import { batchOf } from "../support/door.ts";

/** One request, by Kafka's names; what is left out has its default. */
export interface Probe {
  /** What the request is about, beside its API. */
  readonly about: string;
  readonly api: string;
  readonly version: number;
  readonly said: { readonly [name: string]: unknown };
}

/** What there is before anybody asks. Nobody made `missing`, nor what begins with `new-`. */
export interface World {
  /** Of the topic `orders`. */
  readonly ordersId: Uuid;
}

const STRANGE_ID = "Q2hvcHBlZHdvb2RzdG9ycw" as Uuid;
const NAMES = ["orders", "missing"];
/** A filter of ACLs that means all. */
export const ALL_RULES = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
};
const RULE = {
  resourceType: 2,
  resourceName: "orders",
  resourcePatternType: 3,
  principal: "User:mallory",
  host: "*",
  operation: 3,
  permissionType: 3,
};

/** Requests of every API, about what there is and what is missing, as a stranger might try them all. */
export function probes(world: World): readonly Probe[] {
  return [
    ...dataProbes(world),
    ...groupProbes(),
    ...transactionProbes(),
    ...topicProbes(world),
    ...configProbes(),
    ...clusterProbes(),
    ...shareProbes(world),
  ];
}

function probe(api: string, version: number, said: Probe["said"], about = ""): Probe {
  return { api, version, said, about };
}

function dataProbes({ ordersId }: World): readonly Probe[] {
  const records = batchOf(["one"]);
  const wanted = { partition: 0, fetchOffset: 0, partitionMaxBytes: 100_000 };
  const ids = [ordersId, STRANGE_ID];
  const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, sessionEpoch: -1 };
  return [
    probe("Produce", 12, {
      acks: -1,
      timeoutMs: 1000,
      topicData: NAMES.map((name) => ({ name, partitionData: [{ index: 0, records }] })),
    }),
    probe(
      "Produce",
      13,
      {
        acks: -1,
        timeoutMs: 1000,
        topicData: ids.map((topicId) => ({ topicId, partitionData: [{ index: 0, records }] })),
      },
      "by id",
    ),
    probe("Fetch", 12, { ...limits, topics: NAMES.map((topic) => ({ topic, partitions: [wanted] })) }),
    probe(
      "Fetch",
      17,
      { ...limits, topics: ids.map((topicId) => ({ topicId, partitions: [wanted] })) },
      "by id",
    ),
    probe(
      "Fetch",
      12,
      { ...limits, replicaId: 7, topics: NAMES.map((topic) => ({ topic, partitions: [wanted] })) },
      "as a follower",
    ),
    probe("ListOffsets", 8, {
      replicaId: -1,
      topics: NAMES.map((name) => ({ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] })),
    }),
    probe("Metadata", 12, {
      topics: NAMES.map((name) => ({ name })),
      allowAutoTopicCreation: false,
      includeTopicAuthorizedOperations: true,
    }),
    probe("Metadata", 9, { topics: [], includeClusterAuthorizedOperations: true }, "of the cluster"),
    probe("Metadata", 12, { topics: null, includeTopicAuthorizedOperations: true }, "of all"),
    probe("Metadata", 12, { topics: ids.map((topicId) => ({ topicId, name: null })) }, "by id"),
    probe("Metadata", 12, { topics: [{ name: "new-1" }], allowAutoTopicCreation: true }, "to create"),
    probe("OffsetForLeaderEpoch", 4, {
      replicaId: -1,
      topics: NAMES.map((topic) => ({ topic, partitions: [{ partition: 0, leaderEpoch: 0 }] })),
    }),
    probe("DescribeTopicPartitions", 0, {
      topics: NAMES.map((name) => ({ name })),
      responsePartitionLimit: 100,
    }),
    probe("DescribeTopicPartitions", 0, { topics: [], responsePartitionLimit: 100 }, "of all"),
    probe("DescribeProducers", 0, { topics: NAMES.map((name) => ({ name, partitionIndexes: [0] })) }),
  ];
}

function groupProbes(): readonly Probe[] {
  const topics = NAMES.map((name) => ({ name, partitions: [{ partitionIndex: 0, committedOffset: 1 }] }));
  const protocols = [{ name: "range", metadata: "" }];
  const fetched = NAMES.map((name) => ({ name, partitionIndexes: [0] }));
  return [
    probe("OffsetCommit", 9, { groupId: "readers", generationIdOrMemberEpoch: -1, topics }),
    probe("OffsetFetch", 7, { groupId: "readers", topics: fetched }),
    probe("OffsetFetch", 9, { groups: [{ groupId: "readers", topics: fetched }] }, "of a group"),
    probe("OffsetFetch", 9, { groups: [{ groupId: "readers", topics: null }] }, "of all"),
    probe("FindCoordinator", 6, { keyType: 0, coordinatorKeys: ["readers"] }, "of a group"),
    probe("FindCoordinator", 3, { keyType: 0, key: "readers" }, "of one group"),
    probe("FindCoordinator", 6, { keyType: 1, coordinatorKeys: ["tx"] }, "of a transaction"),
    probe("FindCoordinator", 6, { keyType: 2, coordinatorKeys: [`sharers:${STRANGE_ID}:0`] }, "of a queue"),
    probe("JoinGroup", 9, {
      groupId: "joiners",
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: "",
      protocolType: "consumer",
      protocols,
    }),
    probe("Heartbeat", 4, { groupId: "readers", generationId: 1, memberId: "nobody" }),
    probe("LeaveGroup", 5, { groupId: "readers", members: [{ memberId: "nobody" }] }),
    probe("SyncGroup", 5, {
      groupId: "readers",
      generationId: 1,
      memberId: "nobody",
      protocolType: "consumer",
      protocolName: "range",
    }),
    probe("DescribeGroups", 6, { groups: ["readers", "nobodies"], includeAuthorizedOperations: true }),
    probe("DescribeGroups", 5, { groups: ["nobodies"], includeAuthorizedOperations: true }, "before 6"),
    probe("ListGroups", 5, {}),
    probe("DeleteGroups", 2, { groupsNames: ["nobodies"] }),
    probe("OffsetDelete", 0, {
      groupId: "nobodies",
      topics: [{ name: "orders", partitions: [{ partitionIndex: 0 }] }],
    }),
    probe("ConsumerGroupHeartbeat", 1, {
      groupId: "members",
      memberId: "m1",
      memberEpoch: 0,
      rebalanceTimeoutMs: 10_000,
      subscribedTopicNames: ["orders"],
      topicPartitions: [],
    }),
    probe("ConsumerGroupDescribe", 1, { groupIds: ["nobodies"], includeAuthorizedOperations: true }),
    probe(
      "ConsumerGroupDescribe",
      1,
      { groupIds: ["members"], includeAuthorizedOperations: true },
      "of members",
    ),
  ];
}

function transactionProbes(): readonly Probe[] {
  const producer = { transactionalId: "tx", producerId: 77, producerEpoch: 0 };
  const topics = [{ name: "orders", partitions: [0] }];
  return [
    probe("InitProducerId", 5, { transactionTimeoutMs: 10_000, producerId: -1, producerEpoch: -1 }),
    probe(
      "InitProducerId",
      5,
      { transactionalId: "tx", transactionTimeoutMs: 10_000, producerId: -1, producerEpoch: -1 },
      "of a transaction",
    ),
    probe("AddPartitionsToTxn", 3, {
      v3AndBelowTransactionalId: "tx",
      v3AndBelowProducerId: 77,
      v3AndBelowProducerEpoch: 0,
      v3AndBelowTopics: topics,
    }),
    probe(
      "AddPartitionsToTxn",
      5,
      { transactions: [{ ...producer, verifyOnly: false, topics }] },
      "as a broker",
    ),
    probe("AddOffsetsToTxn", 4, { ...producer, groupId: "readers" }),
    probe("EndTxn", 4, { ...producer, committed: true }),
    probe("WriteTxnMarkers", 1, {
      markers: [
        {
          producerId: 77,
          producerEpoch: 0,
          transactionResult: false,
          coordinatorEpoch: 0,
          topics: [{ name: "missing", partitionIndexes: [0] }],
        },
      ],
    }),
    probe("TxnOffsetCommit", 4, {
      ...producer,
      groupId: "readers",
      generationIdOrMemberEpoch: -1,
      topics: [{ name: "orders", partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
    }),
    probe("DescribeTransactions", 0, { transactionalIds: ["tx", "tx-none"] }),
    probe("ListTransactions", 1, {}),
  ];
}

function topicProbes({ ordersId }: World): readonly Probe[] {
  const topics = NAMES.map((name) => ({ name, topicId: "AAAAAAAAAAAAAAAAAAAAAA" }));
  const fresh = { name: "new-2", numPartitions: 1, replicationFactor: 1 };
  return [
    probe("CreateTopics", 7, { topics: [fresh], timeoutMs: 1000, validateOnly: true }),
    probe("DeleteTopics", 6, { topics: [{ name: "missing" }], timeoutMs: 1000 }),
    probe("DeleteTopics", 6, { topics: topics.slice(0, 0), timeoutMs: 1000 }, "of none"),
    probe("DeleteTopics", 6, { topics: [{ name: null, topicId: STRANGE_ID }], timeoutMs: 1000 }, "by an id"),
    probe("DeleteRecords", 2, {
      topics: NAMES.map((name) => ({ name, partitions: [{ partitionIndex: 0, offset: 0 }] })),
      timeoutMs: 1000,
    }),
    probe("CreatePartitions", 3, {
      topics: NAMES.map((name) => ({ name, count: 3, assignments: null })),
      timeoutMs: 1000,
      validateOnly: true,
    }),
    probe(
      "DeleteTopics",
      6,
      { topics: [{ name: "orders", topicId: ordersId }], timeoutMs: 1000 },
      "by name and id",
    ),
  ];
}

function configProbes(): readonly Probe[] {
  const resources = [
    { resourceType: 2, resourceName: "orders" },
    { resourceType: 2, resourceName: "missing" },
    { resourceType: 4, resourceName: "1" },
    { resourceType: 16, resourceName: "metrics-of-1" },
    { resourceType: 32, resourceName: "readers" },
  ];
  const configs = [{ name: "retention.ms", value: "1000" }];
  return [
    probe("DescribeConfigs", 4, {
      resources: resources.map((resource) => ({ ...resource, configurationKeys: ["retention.ms"] })),
    }),
    probe("AlterConfigs", 2, {
      resources: resources.slice(0, 2).map((resource) => ({ ...resource, configs })),
      validateOnly: true,
    }),
    probe("IncrementalAlterConfigs", 1, {
      resources: resources.slice(0, 2).map((resource) => ({
        ...resource,
        configs: configs.map((config) => ({ ...config, configOperation: 0 })),
      })),
      validateOnly: true,
    }),
    probe("ListConfigResources", 1, {}),
    probe("DescribeClientQuotas", 1, { components: [], strict: false }),
    probe("AlterClientQuotas", 1, {
      entries: [
        {
          entity: [{ entityType: "user", entityName: "mallory" }],
          ops: [{ key: "producer_byte_rate", value: 1000, remove: false }],
        },
      ],
      validateOnly: true,
    }),
    probe("DescribeUserScramCredentials", 0, { users: [{ name: "mallory" }] }),
    probe("AlterUserScramCredentials", 0, {
      deletions: [{ name: "anna", mechanism: 1 }],
      upsertions: [],
    }),
  ];
}

function clusterProbes(): readonly Probe[] {
  return [
    probe("DescribeAcls", 3, ALL_RULES),
    probe("CreateAcls", 3, { creations: [RULE] }),
    probe("DeleteAcls", 3, { filters: [{ ...ALL_RULES, principalFilter: "User:mallory" }] }),
    probe("AlterReplicaLogDirs", 2, {
      dirs: [{ path: "/nowhere", topics: [{ name: "orders", partitions: [0] }] }],
    }),
    probe("DescribeLogDirs", 4, { topics: [{ topic: "missing", partitions: [0] }] }),
    probe("ElectLeaders", 2, {
      electionType: 0,
      topicPartitions: [{ topic: "orders", partitions: [0] }],
      timeoutMs: 1000,
    }),
    probe("AlterPartitionReassignments", 0, {
      timeoutMs: 1000,
      topics: [{ name: "missing", partitions: [{ partitionIndex: 0, replicas: [1] }] }],
    }),
    probe("ListPartitionReassignments", 0, { timeoutMs: 1000, topics: null }),
    probe("DescribeQuorum", 1, { topics: [{ topicName: "missing", partitions: [{ partitionIndex: 0 }] }] }),
    probe("UpdateFeatures", 2, {
      timeoutMs: 1000,
      featureUpdates: [{ feature: "nonsense", maxVersionLevel: 1, upgradeType: 1 }],
      validateOnly: true,
    }),
    probe("DescribeCluster", 1, { includeClusterAuthorizedOperations: true, endpointType: 1 }),
  ];
}

function shareProbes({ ordersId }: World): readonly Probe[] {
  const member = { groupId: "sharers", memberId: "AAAAAAAAAAAAAAAAAAAAAw" };
  const partitions = [{ partitionIndex: 0 }];
  return [
    probe("ShareGroupHeartbeat", 1, { ...member, memberEpoch: 0, subscribedTopicNames: ["orders"] }),
    probe("ShareGroupDescribe", 1, { groupIds: ["nobodies"], includeAuthorizedOperations: true }),
    probe("ShareFetch", 2, {
      ...member,
      shareSessionEpoch: 0,
      maxWaitMs: 0,
      maxBytes: 1000,
      maxRecords: 10,
      batchSize: 10,
      topics: [{ topicId: ordersId, partitions }],
    }),
    probe("ShareAcknowledge", 2, {
      ...member,
      shareSessionEpoch: 1,
      topics: [{ topicId: ordersId, partitions: [] }],
    }),
    probe("DescribeShareGroupOffsets", 1, {
      groups: [{ groupId: "nobodies", topics: NAMES.map((topicName) => ({ topicName, partitions: [0] })) }],
    }),
    probe("AlterShareGroupOffsets", 0, {
      groupId: "new-sharers",
      topics: [{ topicName: "missing", partitions: [{ partitionIndex: 0, startOffset: 0 }] }],
    }),
    probe("DeleteShareGroupOffsets", 0, { groupId: "nobodies", topics: [{ topicName: "missing" }] }),
  ];
}
