import type { KafkaCluster } from "../kafka/client/cluster.ts";
import { PartitionConsumer } from "../kafka/client/consumer.ts";
import { GroupMember } from "../kafka/client/group-member.ts";
import { commitGroupOffsets } from "../kafka/client/groups.ts";
import type { Isolation } from "../kafka/client/offsets.ts";
import { committedOffsets } from "../kafka/client/transactions.ts";
import { errorName } from "../kafka/wire/generated/errors.ts";
import type { RecordOutput } from "./consume.ts";
import { EXIT } from "./exit-codes.ts";
import { exitCodeOfProtocol } from "./kafka-session.ts";
import { rangesOf, type Start } from "./start.ts";
import type { World } from "./world.ts";

const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_MS = 1_000;

interface GroupReading {
  readonly group: string;
  readonly topic: string;
  /** For partitions that the group has no offset of. */
  readonly start: Start;
  readonly isolation: Isolation;
}

/** Reads a topic as a member of a group, until interrupted or as many records were read as are wanted. */
export async function consumeInGroup(
  cluster: KafkaCluster,
  reading: GroupReading,
  output: RecordOutput,
  world: World,
): Promise<number> {
  const { group, topic } = reading;
  const member = new GroupMember(cluster, {
    group,
    topics: [topic],
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    rebalanceTimeoutMs: SESSION_TIMEOUT_MS,
  });
  const run: Run = { interrupted: false };
  const interrupted = world.interrupted().then(() => {
    run.interrupted = true;
  });
  try {
    while (!run.interrupted && !output.full) {
      const joined = await Promise.race([member.join(), interrupted]);
      // The coordinator answers nothing else until the join is over: the session is left to time out.
      if (joined === undefined) return EXIT.ok;
      const assigned = joined.find((entry) => entry.topic === topic)?.partitions ?? [];
      const consumer = await assign(cluster, reading, assigned, world);
      if (typeof consumer === "number") return consumer;
      output.next.clear();
      const outcome = await readUntilItChanges(cluster, reading, member, consumer, output, run, interrupted);
      if (outcome !== "changed") break;
    }
    return EXIT.ok;
  } finally {
    await member.leave();
  }
}

interface Run {
  interrupted: boolean;
}

async function readUntilItChanges(
  cluster: KafkaCluster,
  reading: GroupReading,
  member: GroupMember,
  consumer: PartitionConsumer,
  output: RecordOutput,
  run: Run,
  interrupted: Promise<void>,
): Promise<"changed" | "done"> {
  const { clock } = cluster.seams;
  let beatMs = clock.monotonicMs();
  const commit = async (): Promise<void> => {
    const offsets = Array.from(output.next, ([partition, offset]) => ({
      topic: reading.topic,
      partition,
      offset,
      metadata: "",
    }));
    if (offsets.length === 0) return;
    const outcome = await commitGroupOffsets(cluster, reading.group, offsets, member.identity);
    if (outcome.kind === "done") output.next.clear();
  };
  for (;;) {
    const poll =
      consumer.positions().length === 0
        ? new Promise<void>((resolve) => void clock.after(HEARTBEAT_MS, resolve))
        : consumer.poll((_, partition, cursor) => output.take(partition, cursor));
    await Promise.race([poll, interrupted]);
    output.flush();
    const done =
      run.interrupted || output.full || (output.ends !== null && output.hasPassed(consumer.positions()));
    if (done || clock.monotonicMs() - beatMs >= HEARTBEAT_MS) {
      beatMs = clock.monotonicMs();
      await commit();
      if (done) return "done";
      if (!(await member.isSettled())) return "changed";
    }
  }
}

/** A consumer that stands where the group stopped, or an exit code, with a message written. */
async function assign(
  cluster: KafkaCluster,
  { group, topic, start, isolation }: GroupReading,
  partitions: readonly number[],
  world: World,
): Promise<PartitionConsumer | number> {
  const consumer = new PartitionConsumer(cluster, { isolation });
  if (partitions.length === 0) return consumer;
  const committed = await committedOffsets(cluster, group, [
    { topic, partitions: Math.max(...partitions) + 1 },
  ]);
  if (committed.kind !== "done") {
    const why = committed.kind === "lost" ? committed.reason : errorName(committed.error);
    world.err(`offsets of group ${group}: ${why}\n`);
    return committed.kind === "lost" ? EXIT.unreachable : exitCodeOfProtocol(committed.error);
  }
  const known = new Map(committed.value.map(({ partition, offset }) => [partition, offset]));
  const unknown = partitions.filter((partition) => !known.has(partition));
  const ranges = unknown.length === 0 ? [] : await rangesOf(cluster, topic, unknown, start, isolation, world);
  if (typeof ranges === "number") return ranges;
  for (const range of ranges) known.set(range.partition, range.start);
  for (const partition of partitions) consumer.assign(topic, partition, known.get(partition) ?? 0);
  return consumer;
}
