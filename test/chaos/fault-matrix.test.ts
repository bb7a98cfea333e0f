import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { whyNoPowerCuts } from "../powercut/programs.ts";
import { realKafkaMissing } from "../support/kafka/real-kafka.ts";
import { CentralCluster } from "./matrix/central-cluster.ts";
import { CENTRAL_FAULTS, control, TOPIC } from "./matrix/central-faults.ts";
import { GATEWAY_BLOWS, type GatewayBlow, killOften } from "./matrix/gateway-blows.ts";
import { type Cell, runRow } from "./matrix/matrix-row.ts";
import { chaosSeed } from "./support/chaos.ts";

/**
 * MATRIX=all runs every fault of the centre under every blow to a gateway, in about six minutes; MATRIX=a,b the faults of
 * these names. Without it, the one that hits hardest.
 */
const CHOSEN = process.env.MATRIX ?? "leader-killed";
const FAULTS = CENTRAL_FAULTS.filter(({ name }) => CHOSEN === "all" || CHOSEN.split(",").includes(name));
const TIMEOUT_MS = 180_000;
const READINGS = 6 * 120;

const missing = realKafkaMissing() ?? whyNoPowerCuts();

describe.skipIf(missing !== null)("three brokers with a fault, and gateways with another", () => {
  let cluster: CentralCluster;
  beforeAll(async () => {
    cluster = await CentralCluster.start();
    const made = await cluster.admin.createTopic({ name: TOPIC, partitions: 4, replicationFactor: 3 });
    expect(made.error).toBe(0);
  }, TIMEOUT_MS);
  afterAll(() => cluster?.stop(), TIMEOUT_MS);

  for (const fault of FAULTS) {
    test(
      `${fault.name}: each acknowledged reading is at the centre once and in order`,
      async () => {
        const cells = await runRow(cluster, fault, GATEWAY_BLOWS, chaosSeed());
        for (const cell of cells) console.log(lineOf(cell));
        for (const { name, fleet, verdict, mergeCheck, mergeText } of cells) {
          expect(fleet.faults, name).toEqual([]);
          expect(fleet.sent, name).toBe(READINGS);
          expect(verdict, name).toMatchObject({ missing: 0, repeated: 0, outOfOrder: 0, strange: 0 });
          expect(verdict.acked, name).toBeGreaterThan(READINGS / 2);
          // What somebody deleted at the centre, merge-check can't find there.
          if (fault.name !== "topic-deleted") expect(mergeCheck, `${name}\n${mergeText}`).toBe(0);
        }
        if (fault.told !== null) expect(cells.map(({ log }) => log).join("\n")).toMatch(fault.told);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "gateways that commit positions by themselves, or acknowledge too early, are found out",
    async () => {
      const none = { name: "no-fault", lastsMs: 0, told: null, strike: async () => {}, heal: async () => {} };
      const apart: GatewayBlow = {
        name: "commits-apart",
        command: [process.execPath, resolve(import.meta.dirname, "support/faulty-gateway.ts")],
        environment: {
          FAULT: "commit-apart",
          FAULTY_GAP_MS: "250",
          FAULTY_CENTRE: cluster.kafka.bootstrap.split(",")[0] ?? "",
        },
        strike: (gateway, random) => killOften(gateway, random, 6, 700),
      };
      const early: GatewayBlow = {
        name: "acknowledges-early",
        environment: { HEADWATER_TEST_BUG: "ack-before-sync" },
        onCutDisk: true,
        strike: async (gateway, random, disk) => {
          // What has left is safe at the centre, whatever the disk forgets.
          await control(gateway, "pause");
          await Bun.sleep(2_000);
          await disk?.cut(gateway, random, ["drop"]);
          await gateway.restart();
          await control(gateway, "resume");
        },
      };
      const [one, other] = await runRow(cluster, none, [apart, early], chaosSeed());
      expect(one?.verdict.missing).toBeGreaterThan(0);
      expect(one?.mergeCheck).toBe(7);
      expect(other?.verdict.missing).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});

function lineOf({ name, fleet, verdict, mergeCheck }: Cell): string {
  const { acked, found, missing: lost, repeated, outOfOrder } = verdict;
  return [
    `${name}: ${fleet.sent} sent, ${acked} acknowledged, ${found} at the centre, ${lost} missing,`,
    `${repeated} twice, ${outOfOrder} out of order; merge-check ${mergeCheck}`,
  ].join(" ");
}
