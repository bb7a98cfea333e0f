import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { freePorts, type RealKafka, realKafkaMissing, startRealKafka } from "../support/kafka/real-kafka.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { type CentreUnderTest, type ChaosPlan, chaosSeed, runChaos } from "./support/chaos.ts";

/** CHAOS_SCALE=0.1 is a tenth of the readings and of the blows, for a quick look. */
const SCALE = Number(process.env.CHAOS_SCALE ?? 1);
const DEVICES = 200;
/** 1,000 readings a second take a tenth of a core for the fleet: both cores are left to gateway and centre. */
const RATE_HZ = 5;
const READINGS = Math.ceil(1000 * SCALE);
const BLOWS = Math.ceil(20 * SCALE);
const TIMEOUT_MS = 9 * 60_000;

const missing = realKafkaMissing();
let kafka: RealKafka;
let link: TcpProxy;
let centre: CentreUnderTest;

beforeAll(async () => {
  if (missing !== null) return;
  const linkPorts = await freePorts(1);
  kafka = await startRealKafka({ linkPorts, properties: { "num.partitions": "4" } });
  link = await TcpProxy.start({ port: linkPorts[0] ?? 0, targetPort: kafka.nodes[0]?.linkPort ?? 0 });
  centre = { kafka: kafka.bootstrap, kill: () => kafka.kill(), restart: () => kafka.restart() };
}, 120_000);

afterAll(async () => {
  await link?.stop();
  await kafka?.stop();
}, 60_000);

function startGateway(id: string, more: Parameters<typeof startHeadwater>[0] = {}): Promise<Headwater> {
  return startHeadwater({
    ...more,
    settings: {
      "gateway.id": id,
      // Not the centre's count: order has to be kept from one to the other.
      "num.partitions": "3",
      "uplink.centre.bootstrap": `127.0.0.1:${link.port}`,
      "uplink.centre.retry.backoff.max.ms": "2s",
    },
  });
}

/** Runs a plan against a gateway of its own, and shows the gateway's log where it does not go to its end. */
async function chaosWith(gateway: Headwater, plan: ChaosPlan) {
  let failed = true;
  try {
    const outcome = await runChaos({ gateway, centre, link }, plan);
    failed = false;
    return { ...outcome, log: gateway.log() };
  } finally {
    await gateway.dispose(failed);
  }
}

describe.skipIf(missing !== null)("a gateway and a real Kafka", () => {
  test(
    "a gateway that commits positions by themselves is found out",
    async () => {
      const faulty = resolve(import.meta.dirname, "support/faulty-gateway.ts");
      const gateway = await startGateway("chaos-faulty", {
        command: [process.execPath, faulty],
        environment: { FAULT: "commit-apart", FAULTY_CENTRE: kafka.bootstrap },
      });
      const { proof } = await chaosWith(gateway, {
        seed: chaosSeed(),
        devices: 20,
        rateHz: 20,
        readings: 300,
        prefix: "faulty",
        blows: 8,
        kinds: ["gateway"],
        arrivalMs: 60_000,
      });
      expect(proof.acked).toBeGreaterThan(1000);
      expect(proof.ok).toBe(false);
      expect(proof.missing).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  test(
    "every acknowledged reading is at the centre exactly once and in order, whoever is killed",
    async () => {
      const { fleet, proof, blows, log } = await chaosWith(await startGateway("chaos"), {
        seed: chaosSeed(),
        devices: DEVICES,
        rateHz: RATE_HZ,
        readings: READINGS,
        prefix: "device",
        blows: BLOWS,
        kinds: ["gateway", "centre", "cut", "gateway", "freeze", "centre", "gateway", "half-close"],
        arrivalMs: 120_000,
      });
      expect(fleet.sent).toBe(DEVICES * READINGS);
      expect(fleet.faults).toEqual([]);
      expect(Object.values(blows).reduce((sum, count) => sum + count, 0)).toBe(BLOWS);
      if (!proof.ok) console.log(uplinkLines(log));
      expect(proof).toMatchObject({ ok: true, missing: 0, repeated: 0, outOfOrder: 0, strange: 0 });
      // Only what was under way when the gateway was killed went without an acknowledgement.
      expect(proof.acked).toBeGreaterThan(0.9 * DEVICES * READINGS);
      expect(proof.partitions).toBe(4);
    },
    TIMEOUT_MS,
  );
});

/** What the uplink had to tell. */
function uplinkLines(log: string): string {
  const lines = log.split("\n").filter((line) => line.includes('"uplink"'));
  return lines.join("\n");
}
