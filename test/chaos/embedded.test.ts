import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { type HeadwaterOptions, startHeadwater } from "../support/headwater.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { type ChaosOutcome, type ChaosPlan, chaosSeed, runChaos } from "./support/chaos.ts";

const DEVICES = 20;
const RATE_HZ = 20;
const TIMEOUT_MS = 120_000;

const CALM: Omit<ChaosPlan, "readings" | "blows" | "kinds"> = {
  seed: chaosSeed(),
  devices: DEVICES,
  rateHz: RATE_HZ,
  prefix: "device",
  arrivalMs: 40_000,
};

/** A second Headwater as the centre, behind a link, and a gateway that forwards to it. */
async function chaos(
  delivery: "transactional" | "idempotent",
  plan: ChaosPlan,
  options: HeadwaterOptions = {},
): Promise<ChaosOutcome> {
  await using stack = new AsyncDisposableStack();
  // The link's port is needed to start what stands behind it.
  const link = await TcpProxy.start({ targetPort: 0 });
  stack.defer(() => link.stop());
  const centre = await startHeadwater({
    settings: { "gateway.id": "centre", "kafka.advertised": `127.0.0.1:${link.port}`, "num.partitions": "4" },
  });
  let failed = true;
  stack.defer(() => centre.dispose(failed));
  link.targetPort = Number(centre.kafka.split(":")[1]);
  const gateway = await startHeadwater({
    ...options,
    settings: {
      "gateway.id": "gateway",
      "num.partitions": "3",
      "uplink.centre.bootstrap": `127.0.0.1:${link.port}`,
      "uplink.centre.delivery": delivery,
      "uplink.centre.retry.backoff.max.ms": "1s",
    },
  });
  stack.defer(() => gateway.dispose(failed));
  const outcome = await runChaos({ gateway, centre, link }, plan);
  failed = false;
  return outcome;
}

for (const delivery of ["transactional", "idempotent"] as const) {
  test(
    `${delivery}: every acknowledged reading arrives once and in order`,
    async () => {
      const readings = 300;
      const { fleet, proof, blows } = await chaos(delivery, {
        ...CALM,
        readings,
        blows: 10,
        kinds: ["gateway", "centre", "gateway", "cut", "centre", "half-close"],
      });
      expect(fleet.sent).toBe(DEVICES * readings);
      expect(fleet.faults).toEqual([]);
      expect(blows).toEqual({ gateway: 4, centre: 3, cut: 2, "half-close": 1 });
      // Without transactions, twice is possible only where more than 64 MiB at the centre would have to be looked through.
      expect(proof).toMatchObject({ ok: true, missing: 0, repeated: 0, outOfOrder: 0, strange: 0 });
      expect(proof.acked).toBeGreaterThan(0.9 * DEVICES * readings);
      expect(proof.partitions).toBe(4);
    },
    TIMEOUT_MS,
  );
}

test(
  "without transactions, a gateway that does not look at what the centre has is found out",
  async () => {
    const { proof } = await chaos(
      "idempotent",
      { ...CALM, readings: 100, blows: 4, kinds: ["gateway"] },
      {
        command: [process.execPath, resolve(import.meta.dirname, "support/faulty-gateway.ts")],
        environment: { FAULT: "blind" },
      },
    );
    expect(proof.ok).toBe(false);
    expect(proof.missing).toBe(0);
    expect(proof.repeated).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
