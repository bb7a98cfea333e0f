/** Rules, and what alice then asks: labels of probes. `root` makes the rules. */
export interface Case {
  readonly rules: readonly string[];
  readonly asks: readonly string[];
}

const PRODUCE = ["Produce 12", "Produce 13: by id"];
const FETCH = ["Fetch 12", "Fetch 17: by id", "Fetch 12: as a follower"];
const SEE = [
  "Metadata 12",
  "Metadata 12: by id",
  "Metadata 12: of all",
  "ListOffsets 8",
  "OffsetForLeaderEpoch 4",
];
const PARTITIONS = ["DescribeTopicPartitions 0", "DescribeTopicPartitions 0: of all", "DescribeProducers 0"];
const TOPIC = [...PRODUCE, ...FETCH, ...SEE, ...PARTITIONS];
const CONFIGS = ["DescribeConfigs 4", "AlterConfigs 2", "IncrementalAlterConfigs 1"];
const CREATE = ["CreateTopics 7", "Metadata 12: to create"];
const CHANGE = ["CreatePartitions 3", "DeleteRecords 2", "DeleteTopics 6", "DeleteTopics 6: by an id"];
const OFFSETS = ["OffsetCommit 9", "OffsetFetch 7", "OffsetFetch 9: of a group", "OffsetFetch 9: of all"];
const MEMBER = ["JoinGroup 9", "Heartbeat 4", "LeaveGroup 5", "SyncGroup 5"];
const GROUP = [
  "DescribeGroups 6",
  "DescribeGroups 5: before 6",
  "ListGroups 5",
  "DeleteGroups 2",
  "OffsetDelete 0",
];
const FIND = [
  "FindCoordinator 6: of a group",
  "FindCoordinator 3: of one group",
  "FindCoordinator 6: of a transaction",
];
const IDEMPOTENT = ["InitProducerId 5"];
const TRANSACTION = [
  "AddPartitionsToTxn 3",
  "AddOffsetsToTxn 4",
  "EndTxn 4",
  "TxnOffsetCommit 4",
  "DescribeTransactions 0",
  "ListTransactions 1",
];
const CLUSTER = [
  "DescribeLogDirs 4",
  "DescribeQuorum 1",
  "ListPartitionReassignments 0",
  "DescribeCluster 1",
  "Metadata 9: of the cluster",
  "ListGroups 5",
  "DescribeAcls 3",
  "DescribeUserScramCredentials 0",
];
const CLUSTER_CHANGES = [
  "ElectLeaders 2",
  "AlterReplicaLogDirs 2",
  "UpdateFeatures 2",
  "AlterPartitionReassignments 0",
  "DeleteAcls 3",
  "WriteTxnMarkers 1",
];
const CLUSTER_CONFIGS = [
  "DescribeClientQuotas 1",
  "AlterClientQuotas 1",
  "ListConfigResources 1",
  "DescribeConfigs 4",
];
const BROKERS = [
  "AddPartitionsToTxn 5: as a broker",
  "WriteTxnMarkers 1",
  "Fetch 12: as a follower",
  "FindCoordinator 6: of a queue",
];
const SHARES = [
  "ShareGroupHeartbeat 1",
  "ShareGroupDescribe 1",
  "ShareAcknowledge 2",
  "DescribeShareGroupOffsets 1",
  "AlterShareGroupOffsets 0",
  "DeleteShareGroupOffsets 0",
];
const NEW_GROUPS = ["ConsumerGroupHeartbeat 1", "ConsumerGroupDescribe 1"];

/** Each is asked of Apache Kafka and of Headwater. */
export const CASES: readonly Case[] = [
  // One operation at a time.
  { rules: ["allow User:alice read topic orders"], asks: TOPIC },
  { rules: ["allow User:alice write topic orders"], asks: TOPIC },
  { rules: ["allow User:alice describe topic orders"], asks: TOPIC },
  {
    rules: ["allow User:alice all topic orders"],
    asks: [...TOPIC, ...CONFIGS, "CreatePartitions 3", "DeleteRecords 2"],
  },
  { rules: ["allow User:alice delete topic orders"], asks: [...SEE, "DeleteRecords 2"] },
  { rules: ["allow User:alice alter topic orders"], asks: [...SEE, ...CONFIGS, "CreatePartitions 3"] },
  { rules: ["allow User:alice describeConfigs topic orders"], asks: [...SEE, ...CONFIGS] },
  { rules: ["allow User:alice alterConfigs topic orders"], asks: [...SEE, ...CONFIGS] },
  { rules: ["allow User:alice create topic orders"], asks: [...SEE, ...CREATE] },
  // What there is not is told only to who may see it.
  { rules: ["allow User:alice read topic missing"], asks: TOPIC },
  { rules: ["allow User:alice write topic missing"], asks: [...PRODUCE, ...SEE] },
  { rules: ["allow User:alice describe topic missing"], asks: [...SEE, ...PARTITIONS, ...CHANGE] },
  { rules: ["allow User:alice delete topic missing"], asks: CHANGE },
  {
    rules: ["allow User:alice alter topic missing", "allow User:alice alterConfigs topic missing"],
    asks: [...CONFIGS, ...CHANGE],
  },
  // Patterns.
  { rules: ["allow User:alice read topic ord*"], asks: TOPIC },
  { rules: ["allow User:alice read topic orders*"], asks: TOPIC },
  { rules: ["allow User:alice read topic orders2*"], asks: TOPIC },
  { rules: ["allow User:alice write topic *"], asks: [...TOPIC, ...IDEMPOTENT] },
  { rules: ["allow User:* read topic *"], asks: TOPIC },
  { rules: ["allow User:alice create topic new-*"], asks: CREATE },
  { rules: ["allow User:alice describe topic new-*"], asks: CREATE },
  {
    rules: [
      "allow User:alice describe topic new-*",
      "allow User:alice describeConfigs topic new-*",
      "allow User:alice create topic new-2",
    ],
    asks: CREATE,
  },
  { rules: ["allow User:alice create cluster kafka-cluster"], asks: CREATE },
  { rules: ["allow User:alice delete cluster kafka-cluster"], asks: CHANGE },
  // What denies wins.
  { rules: ["allow User:alice all topic orders", "deny User:alice read topic orders"], asks: TOPIC },
  { rules: ["allow User:alice all topic orders", "deny User:alice describe topic orders"], asks: TOPIC },
  { rules: ["allow User:alice all topic *", "deny User:* write topic ord*"], asks: TOPIC },
  { rules: ["deny User:* all topic *", "allow User:alice all topic orders"], asks: TOPIC },
  { rules: ["allow User:alice read topic orders", "deny User:bob read topic orders"], asks: TOPIC },
  { rules: ["allow User:* all topic *", "deny User:alice all topic orders"], asks: [...TOPIC, ...CHANGE] },
  // Hosts and others.
  { rules: ["allow User:alice read topic orders from 127.0.0.1"], asks: TOPIC },
  { rules: ["allow User:alice read topic orders from 10.0.0.1"], asks: TOPIC },
  {
    rules: ["allow User:alice read topic *", "deny User:alice read topic orders from 127.0.0.1"],
    asks: TOPIC,
  },
  {
    rules: ["allow User:alice read topic *", "deny User:alice read topic orders from 10.0.0.1"],
    asks: TOPIC,
  },
  {
    rules: [
      "allow User:bob all topic *",
      "allow User:bob all group *",
      "allow User:bob all cluster kafka-cluster",
    ],
    asks: [...TOPIC, ...OFFSETS, ...CLUSTER],
  },
  { rules: ["allow Group:alice read topic orders"], asks: TOPIC },
  // Groups.
  {
    rules: ["allow User:alice read group readers"],
    asks: [...OFFSETS, ...GROUP, ...FIND, "Heartbeat 4", "LeaveGroup 5", "SyncGroup 5"],
  },
  { rules: ["allow User:alice read group readers", "allow User:alice read topic orders"], asks: OFFSETS },
  {
    rules: ["allow User:alice describe group readers", "allow User:alice describe topic *"],
    asks: [...OFFSETS, ...GROUP, ...FIND],
  },
  { rules: ["allow User:alice delete group nobodies"], asks: GROUP },
  { rules: ["allow User:alice delete group nobodies", "allow User:alice read topic orders"], asks: GROUP },
  {
    rules: ["allow User:alice all group *", "deny User:alice read group readers"],
    asks: [...OFFSETS, ...GROUP, "Heartbeat 4", "LeaveGroup 5"],
  },
  { rules: ["allow User:alice read group joiners"], asks: MEMBER },
  { rules: ["allow User:alice read group members"], asks: NEW_GROUPS },
  {
    rules: ["allow User:alice describe group nobodies"],
    asks: [...NEW_GROUPS, ...SHARES, "DescribeGroups 5: before 6"],
  },
  { rules: ["allow User:alice read group sharers", "allow User:alice delete group nobodies"], asks: SHARES },
  { rules: ["allow User:alice read group new-sharers", "allow User:alice read topic missing"], asks: SHARES },
  // What a group's topics have to do with it.
  { rules: ["allow User:alice read group sharers"], asks: ["ShareFetch 2"] },
  {
    rules: ["allow User:alice read group members", "allow User:alice describe topic orders"],
    asks: ["ConsumerGroupHeartbeat 1", "ConsumerGroupDescribe 1: of members"],
  },
  {
    rules: ["allow User:alice describe group members", "allow User:bob describe topic orders"],
    asks: ["ConsumerGroupDescribe 1: of members"],
  },
  // Transactions.
  { rules: ["allow User:alice write transactionalId tx"], asks: [...TRANSACTION, ...FIND, ...IDEMPOTENT] },
  { rules: ["allow User:alice describe transactionalId *"], asks: [...TRANSACTION, ...FIND] },
  {
    rules: ["allow User:alice write transactionalId t*", "allow User:alice read group readers"],
    asks: TRANSACTION,
  },
  {
    rules: [
      "allow User:alice write transactionalId tx",
      "allow User:alice all topic orders",
      "allow User:alice read group readers",
    ],
    asks: TRANSACTION,
  },
  { rules: ["allow User:alice idempotentWrite cluster kafka-cluster"], asks: IDEMPOTENT },
  { rules: ["allow User:alice write topic nowhere"], asks: IDEMPOTENT },
  { rules: ["allow User:alice write topic now*", "deny User:alice write topic n*"], asks: IDEMPOTENT },
  // The cluster.
  { rules: ["allow User:alice describe cluster kafka-cluster"], asks: [...CLUSTER, ...CLUSTER_CHANGES] },
  { rules: ["allow User:alice alter cluster kafka-cluster"], asks: [...CLUSTER, ...CLUSTER_CHANGES] },
  { rules: ["allow User:alice describeConfigs cluster kafka-cluster"], asks: CLUSTER_CONFIGS },
  {
    rules: [
      "allow User:alice alterConfigs cluster kafka-cluster",
      "allow User:alice describeConfigs group readers",
    ],
    asks: CLUSTER_CONFIGS,
  },
  {
    rules: ["allow User:alice clusterAction cluster kafka-cluster"],
    asks: [...BROKERS, "OffsetForLeaderEpoch 4"],
  },
];

/** The same where everybody may do what no rule is about (allow.everyone.if.no.acl.found). */
export const OPEN_CASES: readonly Case[] = [
  { rules: [], asks: [...TOPIC, ...IDEMPOTENT, ...FIND, "DescribeConfigs 4", "DescribeCluster 1"] },
  { rules: ["allow User:bob read topic orders"], asks: [...TOPIC, ...GROUP.slice(0, 3)] },
  { rules: ["allow User:bob describe topic ord*"], asks: [...TOPIC, "DescribeConfigs 4"] },
  { rules: ["allow User:bob write topic *"], asks: [...TOPIC, ...IDEMPOTENT] },
  { rules: ["allow User:alice read topic orders"], asks: TOPIC },
  { rules: ["deny User:alice read topic order", "deny User:bob all group orders"], asks: TOPIC },
  { rules: ["deny User:bob read topic orders"], asks: TOPIC },
  { rules: ["allow User:bob read group readers"], asks: [...SEE, ...OFFSETS.slice(1), ...FIND] },
  { rules: ["allow User:bob describe cluster kafka-cluster"], asks: [...CLUSTER.slice(0, 6), ...SEE] },
];
