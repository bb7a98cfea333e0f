import { Kafka, logLevel } from "kafkajs";
import type { MemberRequest } from "./member.ts";

/** A member of a group with kafkajs, which commits what it has read; SIGTERM ends it. */
const request = JSON.parse(process.argv[2] ?? "{}") as MemberRequest;
const kafka = new Kafka({
  clientId: request.name,
  brokers: [request.bootstrap],
  logLevel: logLevel.NOTHING,
});
const consumer = kafka.consumer({
  groupId: request.group,
  sessionTimeout: request.sessionTimeoutMs,
  heartbeatInterval: request.heartbeatMs,
  rebalanceTimeout: 10_000,
});

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  say({ assigned: (payload.memberAssignment[request.topic] ?? []).toSorted((a, b) => a - b) });
});
await consumer.connect();
await consumer.subscribe({ topic: request.topic, fromBeginning: true });
process.on("SIGTERM", () => {
  void consumer.disconnect().then(() => process.exit(0));
});
await consumer.run({
  autoCommit: false,
  eachMessage: async ({ topic, partition, message }) => {
    say({ partition, offset: Number(message.offset), value: String(message.value) });
    await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }]);
  },
});
