import type { Fields, Script, Session } from "../session.ts";

const TIMEOUT = { timeoutMs: 10_000 };

/** What administrators ask of a cluster, and what one broker says to it. */
export const administration: Script = async (session) => {
  const wanted = { name: "kept", numPartitions: 2, replicationFactor: 1 };
  await session.ask(null, "CreateTopics", 7, { topics: [wanted], ...TIMEOUT });
  await session.until(
    "Metadata",
    12,
    { topics: [{ name: "kept" }] },
    (answer) => answer.entry("topics").number("errorCode") === 0,
  );
  await quotas(session);
  await features(session);
  await folders(session);
  await leaders(session);
  await placements(session);
  for (const version of [0, 1, 2]) {
    await session.ask("all", "DescribeCluster", version);
    if (version >= 1) await session.ask("controllers", "DescribeCluster", version, { endpointType: 2 });
    if (version >= 1) await session.ask("who knows", "DescribeCluster", version, { endpointType: 9 });
  }
  const filter = { resourceTypeFilter: 1, patternTypeFilter: 1, operation: 1, permissionType: 1 };
  for (const version of [1, 2, 3]) await session.ask("all", "DescribeAcls", version, filter);
};

async function quotas(session: Session): Promise<void> {
  for (const version of [0, 1]) {
    const alter = (label: string, entity: readonly Fields[], ops: readonly Fields[], more: Fields = {}) =>
      session.ask(label, "AlterClientQuotas", version, {
        entries: [{ entity, ops }],
        validateOnly: false,
        ...more,
      });
    const client = [{ entityType: "client-id", entityName: "quota-test" }];
    const rate = { key: "producer_byte_rate", value: 1_000_000_000, remove: false };
    await alter("only looked at", client, [rate], { validateOnly: true });
    await alter("good", client, [rate]);
    await alter(
      "by default",
      [{ entityType: "user", entityName: null }],
      [{ ...rate, key: "consumer_byte_rate" }],
    );
    await alter("one that is none", client, [{ ...rate, key: "no_such" }]);
    await alter("an entity that is none", [{ entityType: "planet", entityName: "x" }], [rate]);
    await alter("no entity", [], [rate]);
    await alter("an entity twice", [...client, ...client], [rate]);
    await alter("less than nothing", client, [{ ...rate, value: -5 }]);
    await alter(
      "an address that is none",
      [{ entityType: "ip", entityName: "x y" }],
      [{ ...rate, key: "connection_creation_rate" }],
    );
    const describe = (label: string, components: readonly Fields[], strict = false) =>
      session.ask(label, "DescribeClientQuotas", version, { components, strict });
    await describe("exactly", [{ entityType: "client-id", matchType: 0, match: "quota-test" }]);
    await describe("the default", [{ entityType: "user", matchType: 1, match: null }]);
    await describe("any", [{ entityType: "client-id", matchType: 2, match: null }]);
    await describe("any, strictly", [{ entityType: "user", matchType: 2, match: null }], true);
    await describe("all", []);
    await describe("an entity that is none", [{ entityType: "planet", matchType: 0, match: "x" }]);
    await describe("a match that is none", [{ entityType: "user", matchType: 9, match: null }]);
    await alter("removed", client, [{ ...rate, remove: true }]);
    await alter("removed again", client, [{ ...rate, remove: true }]);
    // A broker of Kafka's may hear of it a moment after the answer.
    await session.until("DescribeClientQuotas", version, { components: [], strict: false }, ({ fields }) => {
      return Array.isArray(fields.entries) && fields.entries.length === 1;
    });
    await describe("what is left", []);
  }
}

async function features(session: Session): Promise<void> {
  for (const version of [0, 1, 2]) {
    const update = (label: string, feature: string, maxVersionLevel: number, more: Fields = {}) =>
      session.ask(label, "UpdateFeatures", version, {
        ...TIMEOUT,
        featureUpdates: [{ feature, maxVersionLevel, ...more }],
        ...(version >= 1 ? { validateOnly: true } : {}),
      });
    await update("one that is none", "no.such", 1);
    await update("far too new", "group.version", 99);
    await update("below nothing", "group.version", -1);
    if (version >= 1) {
      await update("as it is", "group.version", 1, { upgradeType: 1 });
      await update("back, without saying so", "transaction.version", 0, { upgradeType: 1 });
      await update("back", "transaction.version", 1, { upgradeType: 2 });
      await update("in a way that is none", "group.version", 1, { upgradeType: 9 });
    }
  }
}

async function folders(session: Session): Promise<void> {
  for (const version of [1, 2, 3, 4, 5]) {
    const describe = (label: string, topics: readonly Fields[] | null) =>
      session.ask(label, "DescribeLogDirs", version, { topics });
    await describe("one topic", [{ topic: "kept", partitions: [0, 1] }]);
    await describe("a partition that is none", [{ topic: "kept", partitions: [9] }]);
    await describe("a topic that is none", [{ topic: "nowhere", partitions: [0] }]);
    await describe("none", []);
  }
  for (const version of [1, 2]) {
    const move = (label: string, path: string, name: string) =>
      session.ask(label, "AlterReplicaLogDirs", version, {
        dirs: [{ path, topics: [{ name, partitions: [0] }] }],
      });
    await move("to a folder that is none", "/nowhere", "kept");
    await move("a topic that is none", "/nowhere", "nowhere");
  }
}

async function leaders(session: Session): Promise<void> {
  for (const version of [0, 1, 2]) {
    const elect = (label: string, topicPartitions: readonly Fields[] | null, more: Fields = {}) =>
      session.ask(label, "ElectLeaders", version, { topicPartitions, ...TIMEOUT, ...more });
    await elect("who leads already", [{ topic: "kept", partitions: [0, 1] }]);
    await elect("a partition that is none", [{ topic: "kept", partitions: [9] }]);
    await elect("a topic that is none", [{ topic: "nowhere", partitions: [0] }]);
    if (version >= 1)
      await elect("whoever is there", [{ topic: "kept", partitions: [0] }], { electionType: 1 });
    if (version >= 1)
      await elect("in a way that is none", [{ topic: "kept", partitions: [0] }], { electionType: 9 });
  }
  for (const version of [0, 1, 2]) {
    const describe = (label: string, topicName: string, partitionIndex: number) =>
      session.ask(label, "DescribeQuorum", version, {
        topics: [{ topicName, partitions: [{ partitionIndex }] }],
      });
    await describe("another topic", "kept", 0);
    await describe("another partition", "__cluster_metadata", 1);
  }
}

async function placements(session: Session): Promise<void> {
  for (const version of [0, 1]) {
    const move = (label: string, name: string, partitionIndex: number, replicas: readonly number[] | null) =>
      session.ask(label, "AlterPartitionReassignments", version, {
        ...TIMEOUT,
        topics: [{ name, partitions: [{ partitionIndex, replicas }] }],
      });
    await move("where it is", "kept", 0, [1]);
    await move("to a broker that is none", "kept", 0, [77]);
    await move("nowhere", "kept", 0, []);
    await move("twice to one", "kept", 0, [1, 1]);
    await move("what does not move, back", "kept", 0, null);
    await move("a partition that is none", "kept", 9, [1]);
    await move("a topic that is none", "nowhere", 0, [1]);
  }
  await session.ask("all", "ListPartitionReassignments", 0, { topics: null, ...TIMEOUT });
  const some = [
    { name: "kept", partitionIndexes: [0] },
    { name: "nowhere", partitionIndexes: [0] },
  ];
  await session.ask("some", "ListPartitionReassignments", 0, { topics: some, ...TIMEOUT });
}
