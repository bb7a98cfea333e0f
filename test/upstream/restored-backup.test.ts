import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { PartitionConsumer } from "../../src/kafka/client/consumer.ts";
import { produce } from "../../src/kafka/client/produce.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { originOf } from "../../src/upstream/reconciliation.ts";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";
import { SEAMS } from "./rig.ts";

const TOPIC = "readings";
const text = new TextEncoder();

function clusterAt(address: string): KafkaCluster {
  const [host = "", port = ""] = address.split(":");
  return new KafkaCluster(SEAMS, clusterOptions([{ host, port: Number(port) }]));
}

async function append(gateway: Headwater, word: string, count: number): Promise<void> {
  const cluster = clusterAt(gateway.kafka);
  const [host = "", port = ""] = gateway.kafka.split(":");
  await new KafkaAdmin(cluster).createTopic({ name: TOPIC, partitions: 1, replicationFactor: 1 });
  await cluster.refresh([TOPIC]);
  const builder = new BatchBuilder();
  for (let n = 0; n < count; n += 1)
    builder.append(Date.now(), text.encode("d"), text.encode(word + n), null);
  const batch = { topic: TOPIC, partition: 0, batch: builder.build() };
  const options = { transactionalId: null, transactionProtocol: 2, timeoutMs: 10_000 } as const;
  const [outcome] = await produce(cluster, { host, port: Number(port) }, [batch], options);
  expect(outcome).toMatchObject({ kind: "answered", error: 0 });
  cluster.close();
}

/** What arrived: value, offset at the gateway, epoch. */
async function arrived(centre: Headwater): Promise<string[]> {
  const cluster = clusterAt(centre.kafka);
  const lines: string[] = [];
  const consumer = new PartitionConsumer(cluster, { isolation: "read_committed", maxWaitMs: 100 });
  await consumer.assignTopic(TOPIC, "earliest");
  for (let quiet = 0; quiet < 3; quiet += 1) {
    await consumer.poll((_topic, _partition, record) => {
      const origin = originOf(record);
      const value = new TextDecoder().decode(record.value() ?? undefined);
      lines.push(`${value} ${origin?.offset} ${origin?.epoch}`);
      quiet = 0;
    });
  }
  cluster.close();
  return lines;
}

async function untilIdle(gateway: Headwater): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
    const status = (await (await fetch(`http://${gateway.http}/api/status`)).json()) as {
      uplinks: { state: string; counters: { reconciled: boolean } }[];
    };
    if (status.uplinks[0]?.state === "idle") {
      expect(status.uplinks[0].counters.reconciled).toBe(true);
      return;
    }
    await Bun.sleep(50);
  }
  throw new Error(`the uplink does not come to rest:\n${gateway.log().slice(-2_000)}`);
}

async function headwater(...words: readonly string[]): Promise<void> {
  const child = Bun.spawn([...headwaterCommand(), ...words], { stdout: "ignore", stderr: "pipe" });
  const errors = await new Response(child.stderr).text();
  expect([await child.exited, errors]).toEqual([0, ""]);
}

test("an older copy of a gateway's data goes on at offsets that the centre has seen, and comes back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-restored-"));
  const centre = await startHeadwater({ settings: { "num.partitions": "1" } });
  const startGateway = (card: string): Promise<Headwater> =>
    startHeadwater({
      dataFolder: join(folder, card),
      settings: { "gateway.id": "g", "uplink.centre.bootstrap": centre.kafka, "num.partitions": "1" },
    });
  try {
    let gateway = await startGateway("first");
    await append(gateway, "a", 10);
    await untilIdle(gateway);
    // While it runs, and forwards.
    await headwater("backup", "--http", gateway.http, "--to", join(folder, "file"));
    await headwater("restore", "--from", join(folder, "file"), "--data", join(folder, "backup"));
    await append(gateway, "b", 10);
    await untilIdle(gateway);
    await gateway.kill();

    gateway = await startGateway("backup");
    await append(gateway, "c", 15);
    await untilIdle(gateway);
    await gateway.stop();

    gateway = await startGateway("first");
    await append(gateway, "d", 3);
    await untilIdle(gateway);
    await gateway.stop();
    const words = (word: string, count: number, from: number, epoch: number): string[] =>
      Array.from({ length: count }, (_, n) => `${word}${n} ${from + n} ${epoch}`);
    expect(await arrived(centre)).toEqual([
      ...[...words("a", 10, 0, 0), ...words("b", 10, 10, 0)],
      ...[...words("c", 15, 10, 1), ...words("d", 3, 20, 0)],
    ]);
  } finally {
    await centre.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);

test("an operator looks at positions, sees what a rewind would do, and has records sent again", async () => {
  const centre = await startHeadwater({ settings: { "num.partitions": "1" } });
  const settings = { "gateway.id": "g", "uplink.main.bootstrap": centre.kafka, "num.partitions": "1" };
  const gateway = await startHeadwater({ settings });
  const cli = async (...args: readonly string[]) => {
    const command = [...headwaterCommand(), "uplink", ...args, "--http", gateway.http, "-o", "json"];
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
    const [out, errors, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, errors, answer: out === "" ? null : JSON.parse(out) };
  };
  try {
    await append(gateway, "a", 10);
    await untilIdle(gateway);
    const inspected = await cli("inspect", "main");
    expect(inspected).toMatchObject({ code: 0 });
    expect(inspected.answer.positions).toMatchObject([
      { topic: TOPIC, partition: 0, position: 10, epoch: 0, lineage: [{ startOffset: 0 }] },
    ]);
    const rewind = ["rewind", "main", "--topic", TOPIC, "--to", "7"] as const;
    const moves = [{ position: 10, newPosition: 7, effect: "sent again", records: 3 }];
    expect(await cli(...rewind, "--dry-run")).toMatchObject({ code: 0, answer: { done: false, moves } });
    expect(await arrived(centre)).toHaveLength(10);
    expect(await cli(...rewind)).toMatchObject({ code: 0, answer: { done: true, moves } });
    await untilIdle(gateway);
    expect((await arrived(centre)).slice(10)).toEqual(["a7 7 0", "a8 8 0", "a9 9 0"]);
    const refused = await cli("rewind", "main", "--topic", "none", "--to", "latest");
    expect(refused.code).not.toBe(0);
    expect(refused.errors).toContain("the uplink carries no such topic");
  } finally {
    await gateway.dispose();
    await centre.dispose();
  }
}, 120_000);
