import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { API_KEY } from "../../src/kafka/wire/generated/apis.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { type Centre, KafkaCentre } from "../../src/upstream/kafka-centre.ts";
import { FrameHolder } from "../support/kafka/frame-holder.ts";
import { freePorts, type RealKafka, realKafkaMissing, startRealKafka } from "../support/kafka/real-kafka.ts";
import { GatewayRig, InterceptedCentre, readTopic, SEAMS } from "./rig.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: a transaction that a dying broker tears (${missing})`);
const TEST_TIMEOUT_MS = 120_000;

/** Gateways whose first transactions end at about the same time: some end is torn in most runs. */
const GATEWAYS = 8;
const KILLS = Number(process.env.TORN_KILLS ?? 1);
/** Who is no administrator of the centre ends what is left by a transaction of his own. */
const ROLES = ["administrator", "user"] as const;

describe.skipIf(missing !== null)("a lone Kafka that is killed while it ends a transaction", () => {
  let kafka: RealKafka;
  let holder: FrameHolder;
  let linkPort = 0;

  beforeAll(async () => {
    const linkPorts = await freePorts(1);
    linkPort = linkPorts[0] ?? 0;
    // Fewer partitions are there sooner after a restart.
    const properties = { "offsets.topic.num.partitions": "1", "transaction.state.log.num.partitions": "1" };
    kafka = await startRealKafka({ linkPorts, heapMiB: 256, properties });
    holder = await FrameHolder.start(linkPort, kafka.nodes[0]?.linkPort ?? 0);
  }, TEST_TIMEOUT_MS);

  afterAll(async () => {
    await holder?.stop();
    await kafka?.stop();
  }, TEST_TIMEOUT_MS);

  /** Past the link, and anew: its connections don't outlive the broker. */
  async function readAll(topic: string, isolation: "read_committed" | "read_uncommitted") {
    const address = { host: "127.0.0.1", port: kafka.nodes[0]?.port ?? 0 };
    const reader = new KafkaCluster(SEAMS, clusterOptions([address]));
    const records = await readTopic(reader, topic, isolation);
    reader.close();
    return records;
  }

  function centre(network = SEAMS.network): KafkaCentre {
    const bootstrap = [{ host: "127.0.0.1", port: linkPort }];
    const connection = { connectTimeoutMs: 2_000 };
    return new KafkaCentre({ ...SEAMS, network }, { bootstrap, requestTimeoutMs: 5_000, connection });
  }

  /** Kills the broker as it says of the first transaction that it is committed, and waits until all is forwarded. */
  async function tear(gateways: readonly GatewayRig[]): Promise<void> {
    const committed = new Promise<void>((done) => {
      holder.onHeldAnswer = done;
    });
    void holder.holdNext(API_KEY.END_TXN, "answer");
    for (const gateway of gateways) gateway.uplink.start();
    await committed;
    await kafka.kill();
    await kafka.restart();
    for (const gateway of gateways) gateway.feed(50);
    for (const gateway of gateways) await gateway.caughtUp();
    for (const gateway of gateways) await gateway.uplink.stop(2_000);
  }

  test.each(ROLES)(
    "has each record once where the uplink ends what it lost, as %s",
    async (role) => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const gateways = Array.from({ length: GATEWAYS }, (_, index) => {
          const topic = `${role}-${kill}-${index}`;
          const wrap = (whole: Centre) => (role === "user" ? new Unprivileged(whole) : whole);
          const gateway = new GatewayRig({ centre, readAll }, { id: topic, topic, wrap });
          gateway.feed(100);
          return gateway;
        });
        await tear(gateways);
        const lost = gateways.flatMap(({ reports }) =>
          reports.filter((line) => line.includes("lost the end")),
        );
        console.log(`${role}, ends lost: ${JSON.stringify(lost)}`);
        // Each was committed: nothing that the broker had decided may be aborted.
        expect(lost.filter((line) => line.includes("abort"))).toEqual([]);
        for (const gateway of gateways) expect(await gateway.faults()).toEqual([]);
      }
    },
    TEST_TIMEOUT_MS,
  );
});

class Unprivileged extends InterceptedCentre {
  constructor(centre: Centre) {
    const refusal = { error: ERROR.CLUSTER_AUTHORIZATION_FAILED, message: null };
    super(centre, ({ kind }) =>
      kind === "write-markers" ? Promise.resolve({ kind: "answered", answer: refusal }) : null,
    );
  }
}
