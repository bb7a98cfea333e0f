import { expect, test } from "bun:test";
import { PartitionConsumer } from "../../src/kafka/client/consumer.ts";
import { CentreWriter } from "../cli/replay/centre-writer.ts";
import { run } from "../cli/support.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";

type Entry = Readonly<Record<string, unknown>>;

const records = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ key: `d${n % 3}`, value: `${n}`, timeMs: Date.now() }));

async function ledgerAt(centre: Headwater, count: number): Promise<readonly Entry[]> {
  const { cluster } = new CentreWriter(centre.kafka);
  const entries: Entry[] = [];
  try {
    for (const deadline = Date.now() + 30_000; entries.length < count && Date.now() < deadline; ) {
      const [topic] = await cluster.refresh(["headwater.gaps"]);
      if (topic?.error !== 0) {
        await Bun.sleep(50);
        continue;
      }
      entries.length = 0;
      const consumer = new PartitionConsumer(cluster, { isolation: "read_committed", maxWaitMs: 100 });
      await consumer.assignTopic("headwater.gaps", "earliest");
      await consumer.poll((_topic, _partition, record) => {
        entries.push(JSON.parse(new TextDecoder().decode(record.value() ?? undefined)));
      });
    }
  } finally {
    cluster.close();
  }
  return entries;
}

async function partitionsOf(gateway: Headwater, name: string): Promise<unknown> {
  const status = await (await fetch(`http://${gateway.http}/api/status`)).json();
  const { topics } = status as { topics: { name: string; partitions: object[] }[] };
  return topics.find((topic) => topic.name === name)?.partitions ?? null;
}

test("a topic that was deleted before it went up is a gap at the centre, and nobody else's word deletes any", async () => {
  const centre = await startHeadwater({ settings: { "num.partitions": "1" } });
  const gateway = await startHeadwater({
    settings: { "gateway.id": "g", "uplink.main.bootstrap": centre.kafka, "uplink.main.topics": "readings" },
  });
  const writer = new CentreWriter(gateway.kafka);
  const remove = (topic: string) => run(["topic", "delete", topic, "-b", gateway.kafka]);
  try {
    expect((await run(["uplink", "pause", "main", "--http", gateway.http])).code).toBe(0);
    for (const topic of ["readings", "kept"]) {
      await writer.createTopic(topic, 1);
      await writer.write(topic, records(30));
    }
    expect(await remove("readings")).toMatchObject({ code: 0 });
    expect(await partitionsOf(gateway, "readings")).toBeNull();
    const refused = await remove("headwater.gaps");
    expect([refused.code === 0, refused.err.includes("only retention takes its records")]).toEqual([
      false,
      true,
    ]);
    // Somebody has a gateway delete what nobody has lost.
    const topicId = writer.cluster.topic("kept")?.id;
    const forged = {
      reason: "retention",
      device: null,
      topic: "kept",
      topicId,
      partition: 0,
      count: 30,
      bytes: 1,
    };
    const offsets = { firstOffset: 0, lastOffset: 29, lossStart: 0, lossEnd: 30 };
    const value = JSON.stringify({ ...forged, ...offsets });
    await writer.createTopic("headwater.gaps", 1);
    await writer.write("headwater.gaps", [{ key: null, value, timeMs: Date.now() }]);
    await gateway.kill();
    await gateway.restart();
    expect(await partitionsOf(gateway, "kept")).toMatchObject([{ logStartOffset: 0, logEndOffset: 30 }]);
    expect((await run(["uplink", "resume", "main", "--http", gateway.http])).code).toBe(0);
    const entries = (await ledgerAt(centre, 4)).filter(({ topic }) => topic === "readings");
    expect(entries.map(({ reason, device, count }) => `${reason} ${device} ${count}`).toSorted()).toEqual([
      "deleted d0 10",
      "deleted d1 10",
      "deleted d2 10",
    ]);
    const metrics = await (await fetch(`http://${gateway.http}/metrics`)).text();
    expect(metrics).toContain('headwater_gap_records_total{reason="deleted"}');
  } finally {
    writer.close();
    await gateway.dispose();
    await centre.dispose();
  }
}, 120_000);
