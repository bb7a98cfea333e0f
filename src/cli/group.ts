import type { KafkaCluster } from "../kafka/client/cluster.ts";
import type { CallOutcome } from "../kafka/client/coordinator-call.ts";
import {
  commitGroupOffsets,
  type DescribedGroup,
  deleteGroup,
  deleteGroupOffsets,
  describeGroup,
  listGroups,
} from "../kafka/client/groups.ts";
import { LIST_OFFSET, listOffsets } from "../kafka/client/offsets.ts";
import { alterShareOffsets, shareOffsets } from "../kafka/client/share-offsets.ts";
import { committedOffsets } from "../kafka/client/transactions.ts";
import { ERROR, errorName } from "../kafka/wire/generated/errors.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import {
  exitCodeOfProtocol,
  KAFKA_FLAGS,
  parseWholeNumber,
  requireTopic,
  withCluster,
} from "./kafka-session.ts";
import { parseStart, rangesOf, START_DOC } from "./start.ts";
import type { World } from "./world.ts";

const ONE_GROUP = { positionals: "GROUP", minPositionals: 1, maxPositionals: 1 } as const;

export const groupCommand: Command = {
  name: "group",
  summary: "List, describe, reset and delete consumer and share groups",
  commands: [
    {
      name: "list",
      summary: "List groups with their kind and state",
      flags: KAFKA_FLAGS,
      examples: [["headwater group list -o json", "for scripts"]],
      run: (input, world) => withCluster(input, (cluster) => list(cluster, input, world)),
    },
    {
      name: "describe",
      summary: "Show a group's members, offsets and lag",
      ...ONE_GROUP,
      flags: KAFKA_FLAGS,
      run: (input, world) => withCluster(input, (cluster) => describe(cluster, input, world)),
    },
    {
      name: "reset-offsets",
      summary: "Set where a group goes on in a topic",
      positionals: "GROUP TOPIC",
      minPositionals: 2,
      maxPositionals: 2,
      flags: [
        ...KAFKA_FLAGS,
        { name: "to", value: "START", doc: START_DOC },
        {
          name: "partition",
          short: "p",
          value: "N",
          multiple: true,
          doc: "Only this partition; may be repeated.",
        },
        { name: "dry-run", doc: "Show what would change, and change nothing." },
      ],
      notes: ["The group must have no members: stop its consumers first."],
      examples: [
        [
          "headwater group reset-offsets alarms telemetry --to 2d --dry-run",
          "what reading two days again would mean",
        ],
        ["headwater group reset-offsets alarms telemetry --to earliest", "from the start"],
      ],
      run: (input, world) => withCluster(input, (cluster) => reset(cluster, input, world)),
    },
    {
      name: "delete",
      summary: "Delete a group that has no members, or its offsets in a topic",
      ...ONE_GROUP,
      flags: [
        ...KAFKA_FLAGS,
        { name: "topic", value: "TOPIC", doc: "Only the offsets of this topic." },
        { name: "if-exists", doc: "Succeed where there is no such group." },
      ],
      run: (input, world) => withCluster(input, (cluster) => remove(cluster, input, world)),
    },
  ],
};

async function list(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const outcome = await listGroups(cluster);
  if (outcome.kind !== "done") return refused("groups", outcome, world);
  const groups = outcome.value.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (input.json) world.out(`${JSON.stringify(groups)}\n`);
  else {
    const rows = groups.map(({ id, type, protocolType, state }) =>
      [id, type, protocolType, state].map((cell) => cell || "-"),
    );
    world.out(columns([["GROUP", "TYPE", "PROTOCOL", "STATE"], ...rows]));
  }
  return EXIT.ok;
}

interface PartitionRow {
  readonly topic: string;
  readonly partition: number;
  /** -1 where the group has none. */
  readonly committed: number;
  /** -1 where the leader does not say. */
  readonly end: number;
  readonly lag: number | null;
  readonly member: string | null;
}

async function describe(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const id = input.positionals[0] ?? "";
  const outcome = await describeGroup(cluster, id);
  if (outcome.kind !== "done") return refused(`group ${id}`, outcome, world);
  const group = outcome.value;
  const partitions = await partitionsOf(cluster, group);
  if (partitions.kind !== "done") return refused(`offsets of group ${id}`, partitions, world);
  if (group.state === "Dead" && partitions.value.length === 0) {
    world.err(`${noGroup(id)}\n`);
    return EXIT.failed;
  }
  if (input.json) {
    world.out(`${JSON.stringify({ ...group, partitions: partitions.value })}\n`);
    return EXIT.ok;
  }
  const epoch = group.epoch < 0 ? "" : `, epoch ${group.epoch}`;
  const protocol = group.protocol === "" ? "" : `, ${group.protocol}`;
  world.out(`group ${id}, ${group.type}, ${group.state}${protocol}${epoch}\n`);
  if (partitions.value.length > 0) {
    const rows = partitions.value.map(({ topic, partition, committed, end, lag, member }) => [
      topic,
      String(partition),
      committed < 0 ? "-" : String(committed),
      end < 0 ? "-" : String(end),
      lag === null ? "-" : String(lag),
      member ?? "-",
    ]);
    world.out(`\n${columns([["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"], ...rows])}`);
  }
  if (group.members.length > 0) {
    const rows = group.members.map(({ id: member, instanceId, clientId, host, assignment }) => [
      member,
      instanceId ?? "-",
      clientId,
      host,
      assignment.map(({ topic, partitions: numbers }) => `${topic}:${numbers.join(",")}`).join(" ") || "-",
    ]);
    world.out(`\n${columns([["MEMBER", "INSTANCE", "CLIENT", "HOST", "ASSIGNED"], ...rows])}`);
  }
  return EXIT.ok;
}

/** Everything that the group has an offset of, or a member for. */
async function partitionsOf(
  cluster: KafkaCluster,
  group: DescribedGroup,
): Promise<CallOutcome<readonly PartitionRow[]>> {
  const offsets =
    group.type === "share"
      ? await shareOffsets(cluster, group.id)
      : await committedOffsets(cluster, group.id, null);
  if (offsets.kind !== "done") return offsets;
  const rows = new Map<string, { topic: string; partition: number; committed: number; members: string[] }>();
  const rowOf = (topic: string, partition: number) => {
    const key = `${topic} ${partition}`;
    const row = rows.get(key) ?? { topic, partition, committed: -1, members: [] };
    rows.set(key, row);
    return row;
  };
  for (const { topic, partition, offset } of offsets.value) rowOf(topic, partition).committed = offset;
  for (const { clientId, assignment } of group.members) {
    for (const { topic, partitions } of assignment) {
      for (const partition of partitions) rowOf(topic, partition).members.push(clientId);
    }
  }
  const sorted = [...rows.values()].toSorted((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  );
  await cluster.refresh([...new Set(sorted.map(({ topic }) => topic))]);
  const ends = await listOffsets(
    cluster,
    sorted.map(({ topic, partition }) => ({ topic, partition, timestampMs: LIST_OFFSET.latest })),
    "read_committed",
  );
  const value = sorted.map(({ topic, partition, committed, members }, index) => {
    const end = ends[index]?.offset ?? -1;
    const lag = committed < 0 || end < 0 ? null : Math.max(0, end - committed);
    return { topic, partition, committed, end, lag, member: members.join(",") || null };
  });
  return { kind: "done", value };
}

async function reset(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const [id = "", topicName = ""] = input.positionals;
  const to = input.value("to");
  if (to === null) throw new UsageError("--to is missing: write earliest, latest, an offset, a time, or 15m");
  const start = parseStart("--to", to, cluster.seams.clock.nowMs());
  const topic = await requireTopic(cluster, topicName, world);
  if (topic === null) return EXIT.failed;
  const wanted = input.values("partition").map((text) => parseWholeNumber(text, "--partition"));
  const count = topic.partitions.length;
  const missing = wanted.find((partition) => partition >= count);
  if (missing !== undefined)
    throw new UsageError(`--partition ${missing}: ${topicName} has 0 to ${count - 1}`);
  const partitions =
    wanted.length > 0 ? [...new Set(wanted)] : Array.from({ length: count }, (_, index) => index);
  const ranges = await rangesOf(cluster, topicName, partitions, start, "read_uncommitted", world);
  if (typeof ranges === "number") return ranges;
  const described = await describeGroup(cluster, id);
  const isShare = described.kind === "done" && described.value.type === "share";
  const before = isShare ? await shareOffsets(cluster, id) : await committedOffsets(cluster, id, null);
  if (before.kind !== "done") return refused(`offsets of group ${id}`, before, world);
  const changes = ranges.map(({ partition, first, start: offset, end }) => ({
    topic: topicName,
    partition,
    from:
      before.value.find((known) => known.topic === topicName && known.partition === partition)?.offset ??
      null,
    // Beyond the log's ends nothing can be read.
    offset: Math.min(Math.max(offset, first), end),
    metadata: "",
  }));
  if (!input.on("dry-run")) {
    const outcome = await (isShare ? alterShareOffsets : commitGroupOffsets)(cluster, id, changes);
    if (outcome.kind !== "done") return refused(`group ${id}`, outcome, world);
  }
  const shown = changes.map(({ partition, from, offset }) => ({ partition, from, to: offset }));
  if (input.json) {
    world.out(
      `${JSON.stringify({ group: id, topic: topicName, changed: !input.on("dry-run"), offsets: shown })}\n`,
    );
    return EXIT.ok;
  }
  const rows = shown.map((row) => [
    String(row.partition),
    row.from === null ? "-" : String(row.from),
    String(row.to),
  ]);
  world.out(columns([["PARTITION", "FROM", "TO"], ...rows]));
  if (input.on("dry-run")) world.out("\nnothing was changed: --dry-run\n");
  return EXIT.ok;
}

async function remove(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const id = input.positionals[0] ?? "";
  const topicName = input.value("topic");
  const outcome = topicName === null ? await deleteGroup(cluster, id) : await forget(cluster, id, topicName);
  const missing =
    outcome.kind === "refused" && outcome.error === ERROR.GROUP_ID_NOT_FOUND && input.on("if-exists");
  if (outcome.kind !== "done" && !missing) return refused(`group ${id}`, outcome, world);
  if (input.json) world.out(`${JSON.stringify({ group: id, topic: topicName, deleted: !missing })}\n`);
  else if (missing) world.out(`there is no group ${id}\n`);
  else
    world.out(
      topicName === null ? `group ${id} deleted\n` : `offsets of group ${id} in ${topicName} deleted\n`,
    );
  return EXIT.ok;
}

async function forget(cluster: KafkaCluster, id: string, topic: string): Promise<CallOutcome<null>> {
  const committed = await committedOffsets(cluster, id, null);
  if (committed.kind !== "done") return committed;
  const partitions = committed.value.filter((offset) => offset.topic === topic);
  return deleteGroupOffsets(cluster, id, partitions);
}

function noGroup(id: string): string {
  return `there is no group ${id}; headwater group list shows those there are`;
}

/** Writes why it did not go, and gives the exit code. */
function refused(
  what: string,
  outcome: Exclude<CallOutcome<unknown>, { readonly kind: "done" }>,
  world: World,
): number {
  if (outcome.kind === "lost") {
    world.err(`${what}: ${outcome.reason}\n`);
    return EXIT.unreachable;
  }
  const { error, message } = outcome;
  const words = WORDS.get(error);
  if (words !== undefined) world.err(`${what}: ${words}\n`);
  else world.err(`${what}: ${errorName(error)}${message === null ? "" : `: ${message}`}\n`);
  return exitCodeOfProtocol(error);
}

const WORDS: ReadonlyMap<number, string> = new Map([
  [ERROR.GROUP_ID_NOT_FOUND, "there is no such group; headwater group list shows those there are"],
  [ERROR.NON_EMPTY_GROUP, "it has members; stop its consumers first"],
  [ERROR.UNKNOWN_MEMBER_ID, "it has members; stop its consumers first"],
  [ERROR.GROUP_SUBSCRIBED_TO_TOPIC, "its members read that topic; stop its consumers first"],
]);
