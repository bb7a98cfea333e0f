import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";
import { run, runWell } from "./clients/run.ts";
import { programsMissing, required } from "./tools.ts";

/** What `headwater init` has made is used as it tells people to: the real program, mosquitto and kcat. */
const START_MS = 60_000;
const top = mkdtempSync(join(tmpdir(), "headwater-secured-"));
const folder = join(top, "gw");
const missing = required(programsMissing("mosquitto_pub", "kcat"));
const tls = (name: string) => join(folder, "tls", name);
let password = "";
let gateway: Headwater;

async function headwater(...args: readonly string[]): Promise<string> {
  return runWell([...headwaterCommand(), ...args]);
}

beforeAll(async () => {
  const args = ["--folder", folder, "--device", "pump-1", "--device", "pump-2", "--name", "localhost"];
  const made = JSON.parse(await headwater("init", ...args, "-o", "json"));
  password = made.password;
  const settings = {
    "mqtt.tls.listen": "127.0.0.1:0",
    "kafka.tls.listen": "127.0.0.1:0",
    "kafka.tls.advertised": "auto",
    "http.tls.listen": "off",
    "security.reload.interval.ms": "100",
  };
  gateway = await startHeadwater({
    dataFolder: join(folder, "data"),
    settings,
    arguments: ["--config", join(folder, "headwater.toml")],
  });
}, START_MS);
afterAll(async () => {
  await gateway?.dispose();
  rmSync(top, { recursive: true, force: true });
}, START_MS);

const portOf = (door: string) => new RegExp(`${door}=\\S+?:(\\d+)`).exec(gateway.log())?.[1] ?? "";

function publish(device: string, topic: string) {
  const who = ["--cert", tls(`devices/${device}.pem`), "--key", tls(`devices/${device}.key`)];
  const to = ["-h", "localhost", "-p", portOf("mqttTls"), "--cafile", tls("authority.pem")];
  return run(["mosquitto_pub", ...to, ...who, "-V", "5", "-q", "1", "-t", topic, "-m", `of ${device}`]);
}

function kcat(user: string, secret: string, ...args: readonly string[]) {
  const options = {
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": user,
    "sasl.password": secret,
    "ssl.ca.location": tls("authority.pem"),
  };
  const flags = Object.entries(options).flatMap(([key, value]) => ["-X", `${key}=${value}`]);
  return run(["kcat", "-b", `localhost:${portOf("kafkaTls")}`, ...flags, "-m", "5", ...args]);
}

describe("a gateway that headwater init has secured", () => {
  test.skipIf(missing !== null)("takes devices by their certificates, each for its own topics", async () => {
    expect(await publish("pump-1", "devices/pump-1/state")).toMatchObject({ status: 0 });
    const other = await publish("pump-1", "devices/pump-2/state");
    expect(other.errors + other.output).toContain("Not authorized");
  });

  test.skipIf(missing !== null)(
    "lets the administrator read by Kafka over TLS, and nobody with another password",
    async () => {
      const all = ["-C", "-t", "telemetry", "-o", "beginning", "-e", "-f", "%k %s\n"];
      const { status, output } = await kcat("admin", password, ...all);
      expect([status, output]).toEqual([0, "pump-1 of pump-1\n"]);
      const refused = await kcat("admin", "wrong", "-L");
      expect(refused.status).not.toBe(0);
      expect(refused.errors).toContain("Authentication failed");
    },
    START_MS,
  );

  test.skipIf(missing !== null)(
    "puts out whose certificate is taken back, within a moment, and nobody else",
    async () => {
      await headwater("certificate", "revoke", "pump-2", "--folder", folder);
      const until = Date.now() + 10_000;
      while ((await publish("pump-2", "devices/pump-2/state")).status === 0) {
        expect(Date.now()).toBeLessThan(until);
        await Bun.sleep(50);
      }
      expect((await publish("pump-1", "devices/pump-1/state")).status).toBe(0);
    },
    START_MS,
  );
});
