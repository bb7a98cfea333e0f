import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Peer, startOurs } from "./brokers.ts";
import { appendMillion } from "./loads.ts";
import { residentMb } from "./procfs.ts";

/** A figure of one broker alone, with its bound where there is one. */
export interface Footprint {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly bound: number | null;
}

const IDLE_CONNECTIONS = 2000;
const SETTLE_MS = 1500;

/** Memory, and the time to start and to recover. */
export async function footprint(): Promise<readonly Footprint[]> {
  const ours = await startOurs("headwater");
  const figures: Footprint[] = [];
  const note = (name: string, value: number, unit: string, bound: number | null) =>
    figures.push({ name, value: Math.round(value * 10) / 10, unit, bound });
  try {
    await Bun.sleep(SETTLE_MS);
    const idle = residentMb(ours.pid);
    note("resident, idle", idle, "MB", 55);
    note("resident per idle MQTT connection", await perConnection(ours, idle), "KB", null);
    appendMillion(ours);
    await Bun.sleep(SETTLE_MS);
    note("resident after a million records of 100 B", residentMb(ours.pid), "MB", 90);
    note("start to serving, after a clean stop", await restartMs(ours, "stop"), "ms", 100);
    appendMillion(ours);
    note(
      "start to serving, after kill -9 behind a million records",
      await restartMs(ours, "kill"),
      "ms",
      null,
    );
  } finally {
    await ours.stop();
  }
  return figures;
}

async function perConnection(ours: Peer, idleMb: number): Promise<number> {
  const script = join(import.meta.dirname, "mqtt-load.ts");
  const args = [script, "idle", String(ours.mqttPort), String(IDLE_CONNECTIONS), "3"];
  const clients = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => clients.stdout.once("data", resolve));
  const kilobytes = ((residentMb(ours.pid) - idleMb) * 1024) / IDLE_CONNECTIONS;
  await new Promise((resolve) => clients.once("exit", resolve));
  return kilobytes;
}

async function restartMs(ours: Awaited<ReturnType<typeof startOurs>>, how: "stop" | "kill"): Promise<number> {
  if (how === "stop") await ours.headwater.stop();
  else await ours.headwater.kill();
  spawnSync("sync");
  const startedAt = performance.now();
  await ours.headwater.restart();
  return performance.now() - startedAt;
}
