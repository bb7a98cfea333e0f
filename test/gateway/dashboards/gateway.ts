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

/** What a gateway's /metrics has once a device has sent a record and been silent since. */
export async function scrapeGateway(): Promise<string> {
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
  try {
    headwater = await startHeadwater({ arguments: ["--config", config], settings });
    const produced = await fetch(`http://${headwater.http}/api/topics/telemetry/records`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key: "pump-1", value: "1" }),
    });
    if (!produced.ok) throw new Error(`the record was refused: ${await produced.text()}`);
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const text = await (await fetch(`http://${headwater.http}/metrics`)).text();
      const complete = ["headwater_device_silent_seconds{", "headwater_device_records_per_second{"];
      if (complete.every((name) => text.includes(name))) return text;
      if (performance.now() > deadline) throw new Error(`no device is silent:\n${text}`);
      await Bun.sleep(POLL_MS);
    }
  } finally {
    await headwater?.dispose();
    rmSync(folder, { recursive: true });
  }
}
