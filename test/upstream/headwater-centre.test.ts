import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import type { CentreFacts } from "../../src/upstream/centre.ts";
import { type Centre, KafkaCentre } from "../../src/upstream/kafka-centre.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { type CentreLink, GatewayRig, InterceptedCentre, readTopic, SEAMS } from "./rig.ts";

const TEST_TIMEOUT_MS = 60_000;

describe("another gateway as the centre", () => {
  let headwater: Headwater;
  let link: CentreLink;
  let reader: KafkaCluster;

  beforeAll(async () => {
    headwater = await startHeadwater();
    const [host = "", port = ""] = headwater.kafka.split(":");
    const bootstrap = [{ host, port: Number(port) }];
    reader = new KafkaCluster(SEAMS, clusterOptions(bootstrap));
    link = {
      centre: () => new KafkaCentre(SEAMS, { bootstrap, requestTimeoutMs: 3_000 }),
      readAll: (topic, isolation) => readTopic(reader, topic, isolation),
    };
  }, TEST_TIMEOUT_MS);

  afterAll(async () => {
    reader?.close();
    await headwater?.dispose();
  }, TEST_TIMEOUT_MS);

  for (const delivery of ["transactional", "idempotent"] as const) {
    test(
      `takes every reading once while it and the gateway are killed, ${delivery}`,
      async () => {
        const gateway = new GatewayRig(link, { id: `edge-${delivery}`, topic: `edge-${delivery}`, delivery });
        gateway.uplink.start();
        for (let round = 0; round < 6; round += 1) {
          gateway.feed(400);
          await Bun.sleep(30);
          if (round % 3 === 1) {
            await headwater.kill();
            await headwater.restart();
          } else if (round % 3 === 2) {
            gateway.crash();
            await Bun.sleep(300);
            gateway.uplink.start();
          }
        }
        await gateway.caughtUp();
        await gateway.uplink.stop(1_000);
        expect(await gateway.faults()).toEqual([]);
      },
      TEST_TIMEOUT_MS,
    );
  }

  test(
    "has its topic deleted, which the gateway tells of and gets over",
    async () => {
      const topic = "deleted";
      const limits = { refreshMs: 30_000, backoffMs: 50, maxBackoffMs: 200 };
      const gateway = new GatewayRig(link, { id: "deleted", topic, limits });
      gateway.uplink.start();
      gateway.feed(100);
      await gateway.caughtUp();
      expect((await new KafkaAdmin(reader).deleteTopic(topic)).error).toBe(0);
      const deletedMs = Date.now();
      gateway.feed(100);
      await gateway.caughtUp();
      // Far sooner than topics are looked up by themselves.
      expect(Date.now() - deletedMs).toBeLessThan(10_000);
      await gateway.uplink.stop(1_000);
      expect(gateway.reports).toContain(`trouble writing to ${topic}: UNKNOWN_TOPIC_ID`);
      expect(gateway.reports).toContain(`warn backing off: the centre has no topic ${topic} any more`);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "says what to change where it has no transactions, as before",
    async () => {
      const gateway = new GatewayRig(link, { id: "strict", topic: "strict", wrap: withoutTransactions });
      gateway.uplink.start();
      const deadline = Date.now() + 10_000;
      while (gateway.uplink.status().state.kind !== "failed" && Date.now() < deadline) await Bun.sleep(20);
      expect(gateway.uplink.status()).toMatchObject({
        state: { kind: "failed", reason: 'the centre has no transactions: set delivery = "idempotent"' },
      });
      gateway.uplink.abandon();
    },
    TEST_TIMEOUT_MS,
  );
});

/** The centre as it would be if its version served no transactions. */
function withoutTransactions(centre: Centre): Centre {
  return new InterceptedCentre(
    centre,
    () => null,
    (call, outcome) =>
      call.kind === "connect" && outcome.kind === "answered"
        ? { kind: "answered", answer: { ...(outcome.answer as CentreFacts), transactions: 0 } }
        : outcome,
  );
}
