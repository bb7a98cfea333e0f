import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SeededRandom } from "../../src/io/simulated/random.ts";
import { API_KEY } from "../../src/kafka/wire/generated/apis.ts";
import { realKafkaMissing } from "../support/kafka/real-kafka.ts";
import { CentreRig, GatewayRig, runSeed } from "./rig.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: forwarding through faults (${missing})`);

const FAULTS = [
  "cut",
  "half-close",
  "partition",
  "slow",
  "cut EndTxn",
  "lose EndTxn's answer",
  "lose EndTxn's answer and crash",
  "lose Produce's answer",
  "lose TxnOffsetCommit's answer",
  "lose InitProducerId's answer",
  "crash",
  "kill the centre",
] as const;
type Fault = (typeof FAULTS)[number];

const TEST_TIMEOUT_MS = 120_000;
const FEED = 200;
const ROUNDS = 18;

for (const protocol of [1, 2] as const) {
  describe.skipIf(missing !== null)(`real Kafka, transaction.version ${protocol}`, () => {
    let rig: CentreRig;
    beforeAll(async () => {
      rig = await CentreRig.start({ features: { "transaction.version": protocol } });
    }, TEST_TIMEOUT_MS);
    afterAll(() => rig?.stop(), TEST_TIMEOUT_MS);

    test(
      "each reading arrives once and in order, whatever fails",
      async () => {
        const random = runSeed();
        const gateway = new GatewayRig(rig, { id: `faults-${protocol}`, topic: `faults-${protocol}` });
        gateway.uplink.start();
        gateway.feed(FEED);
        await gateway.caughtUp();
        // Each fault once, in any order, then more by chance.
        const faults = shuffled(FAULTS, random);
        while (faults.length < ROUNDS) faults.push(random.pick(FAULTS.slice(0, -1)));
        for (const fault of faults) {
          const fed = feedFor(gateway, random);
          await strike(rig, gateway, fault, random);
          await fed;
        }
        await gateway.caughtUp();
        await gateway.uplink.stop(2_000);
        expect(await gateway.faults()).toEqual([]);
        expect(gateway.fed).toBeGreaterThan(FEED * ROUNDS);
        expect(rig.cutters[0]?.seen.get(API_KEY.ADD_PARTITIONS_TO_TXN) ?? 0).toSatisfy((count) =>
          protocol === 1 ? count > 0 : count === 0,
        );
      },
      TEST_TIMEOUT_MS,
    );
  });
}

/** Feeds some readings over some hundred milliseconds. */
async function feedFor(gateway: GatewayRig, random: SeededRandom): Promise<void> {
  for (let piece = 0; piece < 10; piece += 1) {
    gateway.feed(FEED / 10 + random.below(FEED / 5));
    await Bun.sleep(random.below(30));
  }
}

async function strike(
  rig: CentreRig,
  gateway: GatewayRig,
  fault: Fault,
  random: SeededRandom,
): Promise<void> {
  const [proxy] = rig.proxies;
  const [cutter] = rig.cutters;
  if (proxy === undefined || cutter === undefined) throw new Error("no link");
  await Bun.sleep(random.below(60));
  switch (fault) {
    case "cut":
      proxy.cut();
      return;
    case "half-close":
      proxy.halfClose(random.chance(0.5) ? "to-client" : "to-target");
      return;
    case "partition":
      proxy.partitioned = true;
      await Bun.sleep(200 + random.below(4_000));
      proxy.heal();
      return;
    case "slow":
      proxy.delayMs = 1 + random.below(40);
      await Bun.sleep(500);
      proxy.delayMs = 0;
      return;
    case "cut EndTxn":
      return within(cutter.cutAt(API_KEY.END_TXN, "request"), () => cutter.disarm());
    case "lose EndTxn's answer":
      return within(cutter.cutAt(API_KEY.END_TXN, "answer"), () => cutter.disarm());
    case "lose EndTxn's answer and crash":
      await within(cutter.cutAt(API_KEY.END_TXN, "answer"), () => cutter.disarm());
      gateway.crash();
      gateway.uplink.start();
      return;
    case "lose Produce's answer":
      return within(cutter.cutAt(API_KEY.PRODUCE, "answer"), () => cutter.disarm());
    case "lose TxnOffsetCommit's answer":
      return within(cutter.cutAt(API_KEY.TXN_OFFSET_COMMIT, "answer"), () => cutter.disarm());
    case "lose InitProducerId's answer": {
      const lost = cutter.cutAt(API_KEY.INIT_PRODUCER_ID, "answer");
      gateway.crash();
      gateway.uplink.start();
      return within(lost, () => cutter.disarm());
    }
    case "crash":
      gateway.crash();
      await Bun.sleep(random.below(100));
      gateway.uplink.start();
      return;
    case "kill the centre":
      await rig.kafka.kill();
      await Bun.sleep(random.below(300));
      await rig.kafka.restart();
      return;
  }
}

/** The cut comes when the next such request does; readings that are fed meanwhile see to it. */
async function within(cut: Promise<void>, disarm: () => void): Promise<void> {
  await Promise.race([cut, Bun.sleep(5_000)]);
  disarm();
}

function shuffled<Item>(items: readonly Item[], random: SeededRandom): Item[] {
  return items
    .map((item) => ({ item, order: random.fraction() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
