import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { PartitionConsumer } from "../../src/kafka/client/consumer.ts";
import { produce } from "../../src/kafka/client/produce.ts";
import { BatchBuilder } from "../../src/records/builder.ts";
import { originOf } from "../../src/upstream/reconciliation.ts";
import { run } from "../cli/support.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { freePorts, type RealKafka, realKafkaMissing, startRealKafka } from "../support/kafka/real-kafka.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { SEAMS } from "./rig.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: gaps at a real centre (${missing})`);
const TEST_TIMEOUT_MS = 120_000;
const DEVICES = 7;
const text = new TextEncoder();

function clusterAt(bootstrap: string): KafkaCluster {
  const [host = "", port = ""] = bootstrap.split(":");
  return new KafkaCluster(SEAMS, clusterOptions([{ host, port: Number(port) }]));
}

/** Sends so many KiB of records of some devices, a MiB a batch, in batches that no codec can shrink. */
async function fill(gateway: Headwater, batches: number): Promise<void> {
  const cluster = clusterAt(gateway.kafka);
  const [host = "", port = ""] = gateway.kafka.split(":");
  await new KafkaAdmin(cluster).createTopic({ name: "readings", partitions: 1, replicationFactor: 1 });
  await cluster.refresh(["readings"]);
  for (let batch = 0; batch < batches; batch += 1) {
    const builder = new BatchBuilder();
    for (let n = 0; n < 450; n += 1) {
      const value = crypto.getRandomValues(new Uint8Array(2_000));
      builder.append(Date.now(), text.encode(`device-${n % DEVICES}`), value, null);
    }
    const [outcome] = await produce(
      cluster,
      { host, port: Number(port) },
      [{ topic: "readings", partition: 0, batch: builder.build() }],
      { transactionalId: null, transactionProtocol: 2, timeoutMs: 10_000 },
    );
    expect(outcome).toMatchObject({ kind: "answered", error: 0 });
  }
  cluster.close();
}

interface Arrived {
  readonly offset: number;
  readonly value: string;
}

async function readCentre(cluster: KafkaCluster, topic: string): Promise<Arrived[]> {
  const arrived: Arrived[] = [];
  const consumer = new PartitionConsumer(cluster, { isolation: "read_committed", maxWaitMs: 100 });
  await consumer.assignTopic(topic, "earliest");
  for (let quiet = 0; quiet < 3; ) {
    const before = arrived.length;
    await consumer.poll((_topic, _partition, record) => {
      const value = new TextDecoder().decode(record.value() ?? undefined);
      arrived.push({ offset: originOf(record)?.offset ?? -1, value });
    });
    quiet = arrived.length === before ? quiet + 1 : 0;
  }
  return arrived;
}

/** Waits for a status of the uplink. */
async function untilUplink(gateway: Headwater, isSo: (uplink: Record<string, unknown>) => boolean) {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const status = (await (await fetch(`http://${gateway.http}/api/status`)).json()) as {
      uplinks: Record<string, unknown>[];
    };
    const [uplink] = status.uplinks;
    if (uplink !== undefined && isSo(uplink)) return uplink;
    await Bun.sleep(100);
  }
  throw new Error(`the uplink does not come there:\n${gateway.log().slice(-2_000)}`);
}

describe.skipIf(missing !== null)("a disk that fills while the link is down", () => {
  let kafka: RealKafka;
  let link: TcpProxy;
  let gateway: Headwater;

  beforeAll(async () => {
    const linkPorts = await freePorts(1);
    kafka = await startRealKafka({ linkPorts, properties: { "num.partitions": "1" } });
    link = await TcpProxy.start({ port: linkPorts[0] ?? 0, targetPort: kafka.nodes[0]?.linkPort ?? 0 });
    gateway = await startHeadwater({
      settings: {
        "gateway.id": "gaps",
        "log.max.bytes": "16MiB",
        "log.segment.bytes": "1MiB",
        "uplink.centre.bootstrap": `127.0.0.1:${link.port}`,
        "uplink.centre.topics": "readings",
        "uplink.centre.retry.backoff.max.ms": "500ms",
      },
    });
  }, TEST_TIMEOUT_MS);

  afterAll(async () => {
    await gateway?.dispose();
    await link?.stop();
    await kafka?.stop();
  }, TEST_TIMEOUT_MS);

  test(
    "leaves a gap at the centre that its ledger tells of, by device and to the record",
    async () => {
      await fill(gateway, 2);
      await untilUplink(
        gateway,
        ({ state, forwardedRecords }) => state === "idle" && forwardedRecords === 900,
      );
      link.partitioned = true;
      await fill(gateway, 40);
      // Power goes while the centre is away: the ledger is on the disk.
      await gateway.kill();
      await gateway.restart();
      await fill(gateway, 2);
      link.heal();
      await untilUplink(gateway, ({ state }) => state === "idle");
      const centre = clusterAt(kafka.bootstrap);
      const offsets = (await readCentre(centre, "readings")).map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      expect(new Set(offsets).size).toBe(offsets.length);
      expect(offsets.at(-1)).toBe(44 * 450 - 1);
      const jumps = offsets.flatMap((offset, index) =>
        offset === (offsets[index - 1] ?? -1) + 1 ? [] : [[(offsets[index - 1] ?? -1) + 1, offset]],
      );
      expect(jumps).toHaveLength(1);
      const [from, to] = jumps[0] as [number, number];
      const entries = (await readCentre(centre, "headwater.gaps")).map(({ value }) => JSON.parse(value));
      centre.close();
      // What was on its way when the link went, and made room before it arrived, is told of by the uplink, as a whole.
      const lost = entries.filter(({ reason }) => reason === "disk-full" || reason === "deleted");
      expect(Math.min(...lost.map(({ firstOffset }) => firstOffset))).toBe(from);
      expect(Math.max(...lost.map(({ lastOffset }) => lastOffset))).toBe(to - 1);
      expect(lost.reduce((sum, { count }) => sum + count, 0)).toBe(to - from);
      const devices = lost.flatMap(({ device }) => (device === null ? [] : [device]));
      expect(new Set(devices).size).toBe(DEVICES);
      expect(entries).toHaveLength(lost.length);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "is known to who proves a history at the centre, and to who compares both sides",
    async () => {
      const replay = ["replay", "-b", kafka.bootstrap, "-t", "readings", "-d", "device-3"];
      const proof = await run([...replay, "--verify", "-f", "none", "-o", "json"]);
      const { verdict, logs } = JSON.parse(proof.out);
      expect({ code: proof.code, verdict }).toEqual({ code: 1, verdict: "gaps known" });
      expect(logs).toHaveLength(1);
      expect(logs[0]).toMatchObject({
        gateway: "gaps",
        lastOffset: 44 * 450 - 1,
        missingCount: 0,
        twiceCount: 0,
      });
      expect(logs[0].records + logs[0].knownCount).toBe(44 * 450);
      const merged = await run(["merge-check", "-g", gateway.kafka, "-b", kafka.bootstrap, "-o", "json"]);
      const report = JSON.parse(merged.out);
      expect({ code: merged.code, verdict: report.verdict }).toEqual({ code: 1, verdict: "gaps known" });
      const readings = report.topics.find(({ local }: { local: string }) => local === "readings");
      expect(readings.partitions[0]).toMatchObject({ knownCount: logs[0].knownCount, waiting: 0 });
      const ledger = report.topics.find(({ local }: { local: string }) => local === "headwater.gaps");
      expect(ledger.partitions[0].there).toBe(ledger.partitions[0].records);
    },
    TEST_TIMEOUT_MS,
  );
});
