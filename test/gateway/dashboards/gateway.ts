import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issue, newAuthority } from "../../support/certificates.ts";
import { type Headwater, startHeadwater } from "../../support/headwater.ts";

/** Beside doors with TLS: an uplink with a mirror whose centre is away, and a bridge whose remote is. */
const CONFIG = `
[uplink.main]
bootstrap = ["127.0.0.1:9"]

[[uplink.main.mirror]]
topic = "commands"

[bridge.plant]
url = "mqtt://127.0.0.1:9"
out = [{ filter = "plant/#" }]
`;

const WAIT_MS = 30_000;
const POLL_MS = 100;

/** A gateway that runs, until it is disposed of. */
export interface Scraped {
  readonly headwater: Headwater;
  /** What its /metrics has now. */
  scrape(): Promise<string>;
  dispose(): Promise<void>;
}

/** What a gateway's /metrics has once a device has sent a record and been silent since. */
export async function scrapeGateway(): Promise<string> {
  const gateway = await openGateway();
  try {
    return await gateway.scrape();
  } finally {
    await gateway.dispose();
  }
}

/** A gateway with all doors but WebSockets, to which a device has sent a record and been silent since. */
export async function openGateway(): Promise<Scraped> {
  const folder = mkdtempSync(join(tmpdir(), "headwater-dashboards-"));
  const config = join(folder, "headwater.toml");
  writeFileSync(config, CONFIG);
  const { certificate, key } = issue(newAuthority(), { commonName: "localhost" });
  writeFileSync(join(folder, "server.pem"), certificate);
  writeFileSync(join(folder, "server.key"), key);
  const settings = {
    "devices.topics": "*",
    "devices.silent.after.ms": "1s",
    "kafka.tls.listen": "127.0.0.1:0",
    "mqtt.tls.listen": "127.0.0.1:0",
    "http.tls.listen": "127.0.0.1:0",
    "tls.certificate.file": join(folder, "server.pem"),
    "tls.key.file": join(folder, "server.key"),
  };
  let headwater: Headwater | null = null;
  const dispose = async () => {
    await headwater?.dispose();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    headwater = await startHeadwater({ arguments: ["--config", config], settings });
    const { http } = headwater;
    const scrape = async () => (await fetch(`http://${http}/metrics`)).text();
    await produce(http, "pump-1");
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const text = await scrape();
      const complete = ["headwater_device_silent_seconds{", "headwater_device_records_per_second{"];
      if (complete.every((name) => text.includes(name))) return { headwater, scrape, dispose };
      if (performance.now() > deadline) throw new Error(`no device is silent:\n${text}`);
      await Bun.sleep(POLL_MS);
    }
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** A record of a device, by HTTP. */
export async function produce(http: string, device: string): Promise<void> {
  const produced = await fetch(`http://${http}/api/topics/telemetry/records`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ key: device, value: "1" }),
  });
  if (!produced.ok) throw new Error(`the record was refused: ${await produced.text()}`);
}
