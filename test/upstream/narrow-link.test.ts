import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { KafkaCentre } from "../../src/upstream/kafka-centre.ts";
import { BURST_SECONDS } from "../../src/upstream/link/token-bucket.ts";
import { freePorts, type RealKafka, realKafkaMissing, startRealKafka } from "../support/kafka/real-kafka.ts";
import { SlowProxy } from "../support/slow-proxy.ts";
import { type CentreLink, GatewayRig, readTopic, SEAMS } from "./rig.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: a narrow link to a real Kafka (${missing})`);

/** How long the cap is watched for; ten minutes where somebody wants to know. */
const WATCHED_SECONDS = Number(process.env.HEADWATER_NARROW_LINK_SECONDS ?? 12);
const TEN_MINUTES_SECONDS = 600;
const START_MS = 60_000;
const TEST_TIMEOUT_MS = (4 * WATCHED_SECONDS + 120) * 1000;
const LINK = { bytesPerSecond: 8_000, roundTripMs: 200, stalls: 0.02 };
const CAP = 6_000;
const TOLERANCE = 1.02;
/** What the cap lets pass at once, and a packet in each direction that the proxy has seen and the meter has not. */
const AT_ONCE_BYTES = CAP * BURST_SECONDS + 2 * 1_400;
const CRASH_BYTES = 16_000;

describe.skipIf(missing !== null)("64 kbit/s, 200 ms and 2% stalls to a real Kafka", () => {
  let kafka: RealKafka;
  let proxy: SlowProxy;
  let link: CentreLink;
  let reader: KafkaCluster;

  beforeAll(async () => {
    const linkPorts = await freePorts(1);
    kafka = await startRealKafka({ linkPorts });
    const [node] = kafka.nodes;
    if (node === undefined) throw new Error("Kafka has no node");
    proxy = await SlowProxy.start({ ...LINK, port: linkPorts[0] ?? 0, targetPort: node.linkPort, seed: 1 });
    reader = new KafkaCluster(SEAMS, clusterOptions([{ host: "127.0.0.1", port: node.port }]));
    const bootstrap = [{ host: "127.0.0.1", port: proxy.port }];
    link = {
      centre: (network = SEAMS.network) =>
        new KafkaCentre({ ...SEAMS, network }, { bootstrap, requestTimeoutMs: 30_000 }),
      readAll: (topic, isolation) => readTopic(reader, topic, isolation),
    };
  }, START_MS);

  afterAll(async () => {
    reader?.close();
    await proxy?.stop();
    await kafka?.stop();
  }, START_MS);

  test(
    "cap and budget are kept, over a crash as well, and each record arrives once",
    async () => {
      const budget = Math.round(CAP * (WATCHED_SECONDS * 1.1 + 14));
      const gateway = new GatewayRig(link, {
        id: "narrow",
        topic: "narrow",
        limits: { transactionTimeoutMs: 60_000, maxRoundRecords: 20_000, lingerMs: 25, refreshMs: 600_000 },
        link: { rateBytesPerSecond: CAP, dayBudgetBytes: budget },
      });
      gateway.feed(Math.ceil((budget * 2) / BYTES_A_RECORD));
      const before = proxy.passedBytes;
      const passed = () => proxy.passedBytes - before;
      gateway.uplink.start();
      await until(() => gateway.uplink.status().transactions >= 4, START_MS);
      const [startBytes, startMs] = [passed(), performance.now()];
      await Bun.sleep(WATCHED_SECONDS * 1000);
      const watchedSeconds = (performance.now() - startMs) / 1000;
      const watchedBytes = passed() - startBytes;
      const share = watchedBytes / (CAP * watchedSeconds);
      const { link: status, transactions, restarts } = gateway.uplink.status();
      console.log(`of the cap: ${share.toFixed(4)}`, JSON.stringify({ transactions, restarts, ...status }));
      expect(watchedBytes - CAP * watchedSeconds).toBeLessThan(AT_ONCE_BYTES);
      expect(AT_ONCE_BYTES / (CAP * TEN_MINUTES_SECONDS)).toBeLessThan(TOLERANCE - 1);
      expect(share).toBeGreaterThan(0.8);
      gateway.crash();
      gateway.uplink.start();
      await until(() => gateway.uplink.status().state.kind === "held", START_MS + WATCHED_SECONDS * 500);
      await Bun.sleep(2_000);
      expect(proxy.connections).toBe(0);
      const used = passed() / budget;
      console.log(`of the budget: ${used.toFixed(4)}`, JSON.stringify(gateway.uplink.status().budget));
      expect(used).toBeLessThan(TOLERANCE);
      // What was on its way at the crash counts as used, and what a connection costs is kept back.
      expect(used).toBeGreaterThan(2 - TOLERANCE - 0.02 - CRASH_BYTES / budget);
      // The rest over a link that is not what is looked at.
      [proxy.bytesPerSecond, proxy.roundTripMs, proxy.stalls] = [Number.POSITIVE_INFINITY, 0, 0];
      gateway.link = {};
      gateway.crash();
      gateway.uplink.start();
      await gateway.caughtUp();
      await gateway.uplink.stop(1_000);
      expect(await gateway.faults()).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );
});

/** What the smallest reading takes on the wire, about. */
const BYTES_A_RECORD = 6;

async function until(condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("waited in vain");
    await Bun.sleep(20);
  }
}
