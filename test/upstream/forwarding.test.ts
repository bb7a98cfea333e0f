import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { API_KEY } from "../../src/kafka/wire/generated/apis.ts";
import type { CentreCall, CentreOutcome } from "../../src/upstream/centre.ts";
import type { Centre } from "../../src/upstream/kafka-centre.ts";
import { realKafkaMissing } from "../support/kafka/real-kafka.ts";
import { commitOutsideTransaction } from "./planted-bugs.ts";
import { CentreRig, GatewayRig, InterceptedCentre, runSeed, SEAMS } from "./rig.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: forwarding to a real Kafka (${missing})`);
const TEST_TIMEOUT_MS = 60_000;

describe.skipIf(missing !== null)("a real Kafka as the centre", () => {
  let rig: CentreRig;
  beforeAll(async () => {
    rig = await CentreRig.start({
      properties: { "auto.create.topics.enable": "false", "message.max.bytes": "200000" },
    });
  }, TEST_TIMEOUT_MS);
  afterAll(() => rig?.stop(), TEST_TIMEOUT_MS);

  test(
    "a second copy fences the first, which says so and stays away",
    async () => {
      const gateway = new GatewayRig(rig, { id: "twins", topic: "twins" });
      const first = gateway.uplink;
      first.start();
      gateway.feed(500);
      await gateway.caughtUp();
      const second = gateway.copy();
      second.start();
      gateway.uplink = second;
      await until(() => second.status().state.kind === "forwarding");
      gateway.feed(500);
      await gateway.caughtUp();
      await until(() => first.status().state.kind === "fenced" && anotherGateway(first.status().lastError));
      const transactions = second.status().transactions;
      gateway.feed(500);
      await gateway.caughtUp();
      await Bun.sleep(1_500);
      expect(first.status().state.kind).toBe("fenced");
      expect(second.status().state.kind).toBe("forwarding");
      expect(second.status().restarts).toBe(0);
      expect(second.status().transactions).toBeGreaterThan(transactions);
      first.abandon();
      await second.stop(1_000);
      expect(await gateway.faults()).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "without transactions: cuts, crashes and a killed centre leave each reading there once",
    async () => {
      const random = runSeed();
      const gateway = new GatewayRig(rig, { id: "plain", topic: "plain", delivery: "idempotent" });
      gateway.uplink.start();
      gateway.feed(500);
      await gateway.caughtUp();
      for (let round = 0; round < 12; round += 1) {
        gateway.feed(300 + random.below(500));
        await Bun.sleep(random.below(25));
        if (round === 6) {
          await rig.kafka.kill();
          await rig.kafka.restart();
        } else if (round % 3 === 0) {
          const cut = rig.cutters[0]?.cutAt(API_KEY.PRODUCE, "answer");
          gateway.feed(200);
          await Promise.race([cut, Bun.sleep(2_000)]);
        } else if (round % 3 === 1) rig.proxies[0]?.cut();
        else {
          gateway.crash();
          // What the dead one had sent may still be on its way into the log: see the room's README.
          await Bun.sleep(300);
          gateway.uplink.start();
        }
      }
      await gateway.caughtUp();
      await gateway.uplink.stop(1_000);
      expect(await gateway.faults()).toEqual([]);
      expect(gateway.reports.some((line) => line.includes("duplicates are possible"))).toBe(false);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a topic that is missing there is waited for by name, and holds up no other",
    async () => {
      const gateway = new GatewayRig(rig, {
        id: "waits",
        topic: "waits",
        limits: { refreshMs: 200 },
        createTopics: false,
      });
      gateway.uplink.start();
      gateway.feed(10);
      await until(() => gateway.uplink.status().topics[0]?.state === "missing");
      expect(gateway.uplink.status().topics[0]?.reason).toBe("the centre has no such topic");
      const admin = new KafkaAdmin(rig.reader);
      const made = await admin.createTopic({ name: "waits", partitions: 2, replicationFactor: 1 });
      expect(made.error).toBe(0);
      await gateway.caughtUp();
      await gateway.uplink.stop(1_000);
      expect(await gateway.faults()).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a record that the centre will never take becomes a gap; those around it arrive",
    async () => {
      const gateway = new GatewayRig(rig, { id: "huge", topic: "huge", compression: "none" });
      gateway.feed(50);
      const value = Array.from({ length: 300_000 }, () =>
        String.fromCharCode(33 + SEAMS.random.fraction() * 90),
      );
      gateway.source.append("huge", 1, [{ key: "huge", value: value.join("") }]);
      gateway.feed(50);
      gateway.uplink.start();
      await gateway.caughtUp();
      await gateway.uplink.stop(1_000);
      const gaps = gateway.reports.filter((line) => line.startsWith("gap"));
      expect(gaps).toHaveLength(1);
      expect(gaps[0]).toMatch(/^gap huge-1 \d+\.\.\d+ refused by the centre: MESSAGE_TOO_LARGE$/);
      expect(await gateway.faults()).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "what retention took before the link came back is a gap",
    async () => {
      const gateway = new GatewayRig(rig, { id: "late", topic: "late", devices: 3 });
      gateway.uplink.start();
      gateway.feed(30);
      await gateway.caughtUp();
      gateway.uplink.abandon();
      gateway.feed(30);
      gateway.source.deleteBefore("late", 1, 15);
      gateway.crash();
      gateway.uplink.start();
      await gateway.caughtUp();
      await gateway.uplink.stop(1_000);
      expect(gateway.reports.filter((line) => line.startsWith("gap"))).toEqual([
        "gap late-1 10..15 deleted before it was forwarded",
      ]);
      expect(await gateway.faults()).toEqual(["device-1: 10 to 14 missing before 15"]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a log that was made again is forwarded from its start",
    async () => {
      const gateway = new GatewayRig(rig, { id: "again", topic: "again", devices: 3 });
      gateway.uplink.start();
      gateway.feed(30);
      await gateway.caughtUp();
      gateway.source.deleteTopic("again");
      gateway.source.createTopic("again", 3);
      gateway.feed(30);
      await until(() => gateway.reports.includes("recreated again"));
      await gateway.caughtUp();
      gateway.crash();
      gateway.uplink.start();
      gateway.feed(3);
      await gateway.caughtUp();
      await gateway.uplink.stop(1_000);
      expect(await gateway.faults()).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "offsets that the centre forgot are found again by the records themselves",
    async () => {
      const gateway = new GatewayRig(rig, {
        id: "expired",
        topic: "expired",
        limits: { savePositionMs: 20 },
      });
      gateway.uplink.start();
      gateway.feed(200);
      await gateway.caughtUp();
      await Bun.sleep(400);
      gateway.feed(1);
      await gateway.caughtUp();
      const saved = gateway.store.value;
      gateway.feed(300);
      await gateway.caughtUp();
      await gateway.uplink.stop(1_000);
      // The local position is older than what was forwarded, and the group is gone.
      gateway.store.value = saved;
      await rig.kafka.tool(
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        "--bootstrap-server",
        rig.kafka.bootstrap,
        "--delete",
        "--group",
        "headwater.expired.main",
      );
      gateway.crash();
      gateway.uplink.start();
      gateway.feed(100);
      await gateway.caughtUp();
      await gateway.uplink.stop(1_000);
      expect(gateway.reports.some((line) => line.includes("the centre has no position of expired"))).toBe(
        true,
      );
      expect(await gateway.faults()).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  describe("the check sees a planted bug", () => {
    test(
      "positions committed outside the transaction",
      async () => {
        const gateway = new GatewayRig(rig, {
          id: "outside",
          topic: "outside",
          wrap: (centre) => commitOutsideTransaction(centre, rig.reader),
        });
        gateway.uplink.start();
        await loseEnd(rig, gateway, "request", true);
        await gateway.uplink.stop(1_000);
        expect(await gateway.faults()).not.toEqual([]);
      },
      TEST_TIMEOUT_MS,
    );

    test(
      "records sent again after an unknown outcome, without a look at the committed position",
      async () => {
        const gateway = new GatewayRig(rig, { id: "blind", topic: "blind", wrap: neverLooksAgain });
        gateway.uplink.start();
        await loseEnd(rig, gateway, "answer", false);
        await gateway.uplink.stop(1_000);
        expect(await gateway.faults()).not.toEqual([]);
      },
      TEST_TIMEOUT_MS,
    );

    test(
      "and nothing without one",
      async () => {
        const gateway = new GatewayRig(rig, { id: "sound", topic: "sound" });
        gateway.uplink.start();
        await loseEnd(rig, gateway, "request", true);
        await loseEnd(rig, gateway, "answer", false);
        await gateway.uplink.stop(1_000);
        expect(await gateway.faults()).toEqual([]);
      },
      TEST_TIMEOUT_MS,
    );
  });
});

/** Loses an EndTxn, or its answer, of a transaction with records in it. */
async function loseEnd(
  rig: CentreRig,
  gateway: GatewayRig,
  point: "request" | "answer",
  crash: boolean,
): Promise<void> {
  gateway.feed(100);
  await gateway.caughtUp();
  const cut = rig.cutters[0]?.cutAt(API_KEY.END_TXN, point);
  gateway.feed(100);
  await cut;
  if (crash) {
    gateway.crash();
    gateway.uplink.start();
  }
  gateway.feed(100);
  await gateway.caughtUp();
}

/** Takes the positions it learned at first for good: what an uplink would do that trusts its memory. */
function neverLooksAgain(centre: Centre): Centre {
  let first: CentreOutcome | null = null;
  let before: CentreOutcome | null = null;
  let committed: CentreCall | null = null;
  return new InterceptedCentre(
    centre,
    (call) => {
      if (call.kind === "commit-offsets") committed = call;
      if (call.kind !== "positions" || first === null) return null;
      return Promise.resolve(before ?? first);
    },
    (call, outcome) => {
      if (call.kind === "positions" && outcome.kind === "answered") first = outcome;
      if (call.kind === "end" && outcome.kind === "answered" && committed?.kind === "commit-offsets") {
        before = { kind: "answered", answer: { error: 0, slots: committed.ask.slots } };
      }
      return outcome;
    },
  );
}

function anotherGateway(error: string | null): boolean {
  return error?.includes("another gateway with the id twins") ?? false;
}

async function until(condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error("it did not come about in time");
    await Bun.sleep(20);
  }
}
