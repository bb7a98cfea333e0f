import type { KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { PartitionConsumer } from "../../src/kafka/client/consumer.ts";
import { type BatchOutcome, produce } from "../../src/kafka/client/produce.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import type { Ack, LedgerData } from "./ledger.ts";
import type { RecoveredLog, RecoveredRecord } from "./oracle.ts";
import { encodeReading } from "./reading.ts";

/** Everything that a Kafka client can read from a broker. */
export async function readEverything(cluster: KafkaCluster): Promise<readonly RecoveredLog[]> {
  const logs: RecoveredLog[] = [];
  for (const { name, id, partitions } of await cluster.refresh(null)) {
    const consumer = new PartitionConsumer(cluster, { maxWaitMs: 10 });
    await consumer.assignTopic(name, "earliest");
    const starts = consumer.positions().map(({ offset }) => offset);
    const records = partitions.map((): RecoveredRecord[] => []);
    do {
      await consumer.poll((_, partition, record) => {
        const value = record.bytes.slice(Math.max(0, record.valueStart), Math.max(0, record.valueEnd));
        records[partition]?.push({ offset: record.offset, value });
      });
    } while (!consumer.atEnd);
    for (const { partition, offset } of consumer.positions()) {
      const startOffset = starts[partition] ?? -1;
      const read = records[partition] ?? [];
      logs.push({ topic: name, topicId: id, partition, startOffset, endOffset: offset, records: read });
    }
  }
  return logs;
}

/**
 * Sends the batch that each idempotent producer had acknowledged last by then once more, as a client does that the
 * cut kept from hearing of it. Returns what is wrong with the answers: a batch that is there already has to be
 * acknowledged at its offset.
 */
export async function resendLast(
  cluster: KafkaCluster,
  ledger: LedgerData,
  cutMs: number,
): Promise<{ readonly sent: number; readonly complaints: readonly string[] }> {
  await cluster.refresh(null);
  const last = new Map<number, Ack>();
  for (const ack of ledger.acks) {
    const life = ledger.lives[ledger.streams[ack.stream]?.life ?? -1];
    const there = life !== undefined && (life.deleteAskedMs === null || life.deleteAskedMs > cutMs);
    if (ack.atMs <= cutMs && ack.baseOffset >= 0 && there) last.set(ack.stream, ack);
  }
  const complaints: string[] = [];
  for (const [index, ack] of last) {
    const outcome = await resend(cluster, ledger, index, ack);
    const good = outcome?.kind === "answered" && outcome.error === 0 && outcome.baseOffset === ack.baseOffset;
    if (!good)
      complaints.push(`${ledger.streams[index]?.name}@${ack.baseOffset}: ${JSON.stringify(outcome)}`);
  }
  return { sent: last.size, complaints };
}

async function resend(
  cluster: KafkaCluster,
  ledger: LedgerData,
  index: number,
  ack: Ack,
): Promise<BatchOutcome | undefined> {
  const stream = ledger.streams[index];
  const topic = ledger.lives[stream?.life ?? -1]?.name ?? "";
  if (stream === undefined || stream.producer === null) throw new Error("nobody numbers this stream");
  const leader = cluster.leaderOf(topic, stream.partition);
  if (leader === null) throw new Error(`nobody leads ${topic}-${stream.partition}`);
  const builder = new BatchBuilder();
  for (let number = ack.first; number < ack.first + ack.count; number++) {
    builder.append(Date.now(), null, encodeReading({ stream: stream.name, number }, 64), null);
  }
  const batch = builder.build({ ...stream.producer, baseSequence: ack.first });
  const batches = [{ topic, partition: stream.partition, batch }];
  const options = { transactionalId: null, transactionProtocol: 2, timeoutMs: 30_000 } as const;
  return (await produce(cluster, leader, batches, options))[0];
}
