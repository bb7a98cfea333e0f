import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Peer, startOurs } from "./brokers.ts";
import { appendMillion } from "./loads.ts";
import { residentMb } from "./procfs.ts";
import { uplinkCatchUp } from "./uplink.ts";

/** A figure of one broker alone, with its bound where there is one. */
export interface Footprint {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly bound: number | null;
}

const IDLE_CONNECTIONS = 2000;
const MANY_CONNECTIONS = 10_000;
const SESSIONS = 1_000;
const QUEUED = 1_000;
const STORM_CLIENTS = 5_000;
const SETTLE_MS = 1500;

type Note = (name: string, value: number, unit: string, bound: number | null) => void;

/** Groups of figures; each has a broker of its own. */
const GROUPS: Readonly<Record<string, (note: Note) => Promise<void>>> = {
  "idle, records, start": idleAndStart,
  "10,000 MQTT connections": manyConnections,
  "durable MQTT sessions, messages of their own": (note) => durableSessions("own", note),
  "durable MQTT sessions, messages for all": (note) => durableSessions("shared", note),
  "MQTT connect storm": connectStorm,
  "uplink, a backlog to Kafka": uplinkCatchUp,
};

/** What is measured of Headwater alone: the groups whose names hold the word. */
export async function footprint(only: string): Promise<readonly Footprint[]> {
  const figures: Footprint[] = [];
  const note: Note = (name, value, unit, bound) =>
    figures.push({ name, value: rounded(value), unit, bound: bound === null ? null : rounded(bound) });
  for (const [name, measure] of Object.entries(GROUPS)) {
    if (!name.includes(only)) continue;
    console.error(`bench: measuring: ${name}`);
    await measure(note);
  }
  return figures;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Memory, and the time to start and to recover. */
async function idleAndStart(note: Note): Promise<void> {
  const ours = await startOurs("headwater");
  try {
    await Bun.sleep(SETTLE_MS);
    const idle = residentMb(ours.pid);
    note("resident, idle", idle, "MB", 55);
    note("resident per idle MQTT connection", await perConnection(ours, idle, IDLE_CONNECTIONS), "KB", null);
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
}

async function manyConnections(note: Note): Promise<void> {
  const ours = await startOurs("headwater", { "mqtt.max.connections": String(MANY_CONNECTIONS + 10) });
  try {
    await Bun.sleep(SETTLE_MS);
    const eachKb = await perConnection(ours, residentMb(ours.pid), MANY_CONNECTIONS);
    note("resident per MQTT connection, of 10,000", eachKb, "KB", 16);
  } finally {
    await ours.stop();
  }
}

/** Sessions that are away, with messages that wait for them. */
async function durableSessions(whose: "own" | "shared", note: Note): Promise<void> {
  const ours = await startOurs("headwater");
  try {
    const { seconds } = await mqttFanout("fill", ours, String(SESSIONS), String(QUEUED), whose);
    await Bun.sleep(SETTLE_MS);
    const of = `1,000 sessions with 1,000 messages each, ${whose === "own" ? "all different" : "the same for all"}`;
    note(`${of}: resident`, residentMb(ours.pid), "MB", 150);
    note(`${of}: published in`, seconds, "s", null);
    note(`${of}: start to serving, after a clean stop`, await restartMs(ours, "stop"), "ms", 1_000);
    await Bun.sleep(SETTLE_MS);
    note(`${of}: resident after the start`, residentMb(ours.pid), "MB", 150);
    note(`${of}: start to serving, after kill -9`, await restartMs(ours, "kill"), "ms", null);
  } finally {
    await ours.stop();
  }
}

async function connectStorm(note: Note): Promise<void> {
  const ours = await startOurs("headwater");
  try {
    const { seconds, p99Ms = 0 } = await mqttFanout("storm", ours, String(STORM_CLIENTS));
    note("5,000 clients reconnect at once: all served in", seconds, "s", 5);
    note("p99 of others' PUBACKs meanwhile", p99Ms, "ms", 100);
  } finally {
    await ours.stop();
  }
}

interface FanoutLine {
  readonly seconds: number;
  readonly p99Ms?: number;
}

async function mqttFanout(mode: string, ours: Peer, ...more: readonly string[]): Promise<FanoutLine> {
  const script = join(import.meta.dirname, "mqtt-fanout.ts");
  const child = Bun.spawn([process.execPath, script, mode, String(ours.mqttPort), ...more], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`mqtt-fanout ${mode} failed`);
  return JSON.parse(line) as FanoutLine;
}

async function perConnection(ours: Peer, idleMb: number, count: number): Promise<number> {
  const script = join(import.meta.dirname, "mqtt-load.ts");
  const args = [script, "idle", String(ours.mqttPort), String(count), "3"];
  const clients = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => clients.stdout.once("data", resolve));
  const kilobytes = ((residentMb(ours.pid) - idleMb) * 1024) / count;
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
