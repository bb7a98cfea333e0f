import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { API_KEY } from "../../src/kafka/wire/generated/apis.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { type Centre, KafkaCentre } from "../../src/upstream/kafka-centre.ts";
import { FrameHolder, type HoldPoint } from "../support/kafka/frame-holder.ts";
import { freePorts, type RealKafka, realKafkaMissing, startRealKafka } from "../support/kafka/real-kafka.ts";
import { commitOutsideTransaction } from "./planted-bugs.ts";
import { type CentreLink, GatewayRig, readTopic, runSeed, SEAMS } from "./rig.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: a late end of a transaction (${missing})`);
const TEST_TIMEOUT_MS = 90_000;
const ROUNDS = Number(process.env.LATE_ROUNDS ?? 3);

/** What happens to the gateway while its EndTxn, or the answer to it, is still on its way. */
const BLOWS = ["killed", "link lost"] as const;

/** When the held one lands: at once, or in the middle of the gateway's next transaction. */
const LANDINGS = ["before it is back", "amid its next transaction"] as const;

interface Plan {
  readonly point: HoldPoint;
  readonly blow: (typeof BLOWS)[number];
  readonly landing: (typeof LANDINGS)[number];
}

const PLANS: readonly Plan[] = (["request", "answer"] as const).flatMap((point) =>
  BLOWS.flatMap((blow) => LANDINGS.map((landing) => ({ point, blow, landing }))),
);

/** A real Kafka behind a link that can hold a request. */
class HoldingRig implements CentreLink {
  readonly kafka: RealKafka;
  readonly holder: FrameHolder;
  readonly #linkPort: number;
  readonly reader: KafkaCluster;

  private constructor(kafka: RealKafka, holder: FrameHolder, linkPort: number) {
    this.kafka = kafka;
    this.holder = holder;
    this.#linkPort = linkPort;
    const port = kafka.nodes[0]?.port ?? 0;
    this.reader = new KafkaCluster(SEAMS, clusterOptions([{ host: "127.0.0.1", port }]));
  }

  static async start(protocol: number): Promise<HoldingRig> {
    const linkPorts = await freePorts(1);
    const features = { "transaction.version": protocol };
    const kafka = await startRealKafka({ linkPorts, features, heapMiB: 256 });
    const [linkPort = 0] = linkPorts;
    return new HoldingRig(kafka, await FrameHolder.start(linkPort, kafka.nodes[0]?.linkPort ?? 0), linkPort);
  }

  centre(network = SEAMS.network): KafkaCentre {
    const bootstrap = [{ host: "127.0.0.1", port: this.#linkPort }];
    const connection = { connectTimeoutMs: 2_000 };
    return new KafkaCentre({ ...SEAMS, network }, { bootstrap, requestTimeoutMs: 5_000, connection });
  }

  readAll(topic: string, isolation: "read_committed" | "read_uncommitted") {
    return readTopic(this.reader, topic, isolation);
  }

  async stop(): Promise<void> {
    this.reader.close();
    await this.holder.stop();
    await this.kafka.stop();
  }
}

/**
 * What the broker says to the one that was held: its transaction ends, unless the gateway has begun anew before that; then
 * it comes from a producer of the past.
 */
function saidTo({ point, landing }: Plan): number {
  return point === "request" && landing === "amid its next transaction" ? ERROR.PRODUCER_FENCED : 0;
}

/** Holds the next EndTxn or its answer, strikes, and delivers it. Returns what the broker said to it. */
async function strike(rig: HoldingRig, gateway: GatewayRig, plan: Plan): Promise<number | null> {
  const held = rig.holder.holdNext(API_KEY.END_TXN, plan.point);
  gateway.feed(200);
  await held;
  let landed: Promise<number | null> | null = null;
  const land = (): void => {
    rig.holder.onRequest = null;
    landed ??= rig.holder.letGo();
  };
  if (plan.landing === "amid its next transaction") {
    // Its records are on their way by then, and its positions and its own end are not.
    rig.holder.onRequest = (apiKey) => {
      if (apiKey === API_KEY.TXN_OFFSET_COMMIT || apiKey === API_KEY.END_TXN) land();
    };
  }
  if (plan.blow === "killed") gateway.crash();
  else rig.holder.cutClients();
  if (plan.landing === "before it is back") {
    land();
    await landed;
  }
  if (plan.blow === "killed") gateway.uplink.start();
  for (let fed = 0; fed < 10; fed += 1) {
    gateway.feed(50);
    await Bun.sleep(20);
  }
  await gateway.caughtUp();
  land();
  return await (landed as Promise<number | null> | null);
}

for (const protocol of [1, 2] as const) {
  describe.skipIf(missing !== null)(`an EndTxn that lands late, transaction.version ${protocol}`, () => {
    let rig: HoldingRig;
    beforeAll(async () => {
      rig = await HoldingRig.start(protocol);
    }, TEST_TIMEOUT_MS);
    afterAll(() => rig?.stop(), TEST_TIMEOUT_MS);

    for (const plan of PLANS) {
      const name = `${plan.point} held, ${plan.blow}, lands ${plan.landing}`;
      test(
        name,
        async () => {
          const random = runSeed();
          const topic = name.replaceAll(/\W+/g, "-");
          const gateway = new GatewayRig(rig, { id: topic, topic });
          gateway.uplink.start();
          gateway.feed(300);
          await gateway.caughtUp();
          const answers: (number | null)[] = [];
          for (let round = 0; round < ROUNDS; round += 1) {
            gateway.feed(random.below(300));
            answers.push(await strike(rig, gateway, plan));
          }
          gateway.feed(300);
          await gateway.caughtUp();
          await gateway.uplink.stop(2_000);
          expect(await gateway.faults()).toEqual([]);
          expect(answers).toEqual(Array.from({ length: ROUNDS }, () => saidTo(plan)));
          expect(gateway.fed).toBeGreaterThan(ROUNDS * 700);
        },
        TEST_TIMEOUT_MS,
      );
    }

    test(
      "a gateway that commits positions by themselves is found out",
      async () => {
        const topic = "commit-apart";
        const wrap = (centre: Centre): Centre => commitOutsideTransaction(centre, rig.reader);
        const gateway = new GatewayRig(rig, { id: topic, topic, wrap });
        gateway.uplink.start();
        gateway.feed(300);
        await gateway.caughtUp();
        await strike(rig, gateway, {
          point: "request",
          blow: "killed",
          landing: "amid its next transaction",
        });
        await gateway.uplink.stop(2_000);
        expect((await gateway.faults()).join()).toContain("missing before");
      },
      TEST_TIMEOUT_MS,
    );
  });
}
