import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { headwaterCommand, startHeadwater } from "../support/headwater.ts";

const READINGS = 3_000;
const TIMEOUT_MS = 60_000;

test(
  "an uplink compresses in a Worker, and sends a fraction of what the readings take",
  async () => {
    const centre = await startHeadwater();
    const gateway = await startHeadwater({
      settings: {
        "uplink.central.bootstrap": centre.kafka,
        "uplink.central.topics": "readings",
        "uplink.central.compression.level": "19",
      },
    });
    try {
      const lines = Array.from({ length: READINGS }, (_, index) => JSON.stringify(reading(index)));
      const [program = "", ...first] = headwaterCommand();
      const produced = spawnSync(program, [...first, "produce", "readings", "--bootstrap", gateway.kafka], {
        input: lines.join("\n"),
        encoding: "utf8",
        timeout: TIMEOUT_MS,
      });
      expect(produced.stderr).toBe("");
      const uplink = await caughtUp(gateway.http);
      expect(uplink.forwardedRecords).toBe(READINGS);
      expect(uplink.link.sentBytes).toBeLessThan(0.3 * lines.join("").length);
      expect(gateway.log()).not.toContain("the Worker for it failed");
    } finally {
      await gateway.dispose();
      await centre.dispose();
    }
  },
  TIMEOUT_MS,
);

function reading(index: number): object {
  const temperature = Math.round(2_000 + 300 * Math.sin(index / 50)) / 100;
  return { device: `pump-${index % 20}`, sequence: index, temperature, pressure: 1_013, state: "running" };
}

interface UplinkAnswer {
  readonly lagRecords: number | null;
  readonly forwardedRecords: number;
  readonly link: { readonly sentBytes: number };
}

async function caughtUp(http: string): Promise<UplinkAnswer> {
  const deadline = Date.now() + TIMEOUT_MS / 2;
  for (;;) {
    const answer = (await (await fetch(`http://${http}/api/status`)).json()) as { uplinks: UplinkAnswer[] };
    const [uplink] = answer.uplinks;
    if (uplink !== undefined && uplink.lagRecords === 0 && uplink.forwardedRecords >= READINGS) return uplink;
    if (Date.now() > deadline) throw new Error(`not caught up: ${JSON.stringify(answer.uplinks)}`);
    await Bun.sleep(50);
  }
}
