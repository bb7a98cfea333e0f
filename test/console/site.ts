import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connectAsync } from "mqtt";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";

const TOP = resolve(import.meta.dirname, "../..");
/** Messages of one client that may wait for their acknowledgement. */
const WINDOW = 500;
export const PASSWORD = "correct horse 7";
export const MANY = 10_000;

/** A gateway with users, an uplink to a centre, a fleet that sends, and devices that have sent once. */
export interface Site {
  readonly gateway: Headwater;
  /** Where the console is. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts all of it. `many` devices have sent one reading each, beside the fleet's. */
export async function startSite(many: number): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "headwater-console-"));
  const data = join(folder, "data");
  const centre = await startHeadwater();
  const config = join(folder, "gateway.toml");
  writeFileSync(config, configOf(centre.kafka));
  for (const user of ["vera", "otto", "anna"])
    await run(["user", "add", user, "--data", data], `${PASSWORD}\n`);
  const gateway = await startHeadwater({ dataFolder: data, arguments: ["--config", config] });
  if (many > 0) await sendOnce(gateway.mqtt, many);
  const consume = [
    "consume",
    "telemetry",
    "--from",
    "earliest",
    "--count",
    "100",
    "--exit",
    "--group",
    "readers",
  ];
  await run([...consume, "--bootstrap", gateway.kafka]);
  const fleet = Bun.spawn(
    [
      ...[process.execPath, join(TOP, "devices/simulator/main.ts"), "run", "--mqtt", gateway.mqtt],
      ...["--devices", "12", "--rate", "2", "--prefix", "pump"],
    ],
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  return {
    gateway,
    url: `http://${gateway.http}`,
    stop: async () => {
      fleet.kill("SIGKILL");
      await fleet.exited;
      await gateway.dispose();
      await centre.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configOf(centre: string): string {
  return `
gateway.id = "plant-3"
http.control = "off"
http.records = "off"
security.roles = ["user:vera=viewer", "user:otto=operator", "user:anna=admin"]
devices.max = 20000

[uplink.central]
bootstrap = ["${centre}"]
topics = ["telemetry"]
budget.day = "2GiB"
`;
}

/** Runs a command of Headwater to its end. */
export async function run(args: readonly string[], input = ""): Promise<void> {
  const child = Bun.spawn([...headwaterCommand(), ...args], {
    stdin: new Blob([input]),
    stdout: "ignore",
    stderr: "pipe",
  });
  if ((await child.exited) !== 0)
    throw new Error(`${args.join(" ")}: ${await new Response(child.stderr).text()}`);
}

/** One client tells for many devices, as a concentrator does. */
async function sendOnce(mqtt: string, many: number): Promise<void> {
  const client = await connectAsync(`mqtt://${mqtt}`, { protocolVersion: 5 });
  for (let from = 0; from < many; from += WINDOW) {
    const names = Array.from({ length: Math.min(WINDOW, many - from) }, (_, index) => nameOf(from + index));
    await Promise.all(
      names.map((name) => client.publishAsync(`devices/${name}/level`, '{"level": 7}', { qos: 1 })),
    );
  }
  await client.endAsync();
}

/** The name of one of many. */
export function nameOf(index: number): string {
  return `meter-${String(index).padStart(5, "0")}`;
}
