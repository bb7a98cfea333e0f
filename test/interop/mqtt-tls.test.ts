import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issue, newAuthority } from "../support/certificates.ts";
import { mosquitto } from "./clients/mosquitto-session.ts";
import { type ConnectOptions, heard, type MqttSessionClient, type TlsFiles } from "./clients/mqtt-session.ts";
import { MQTT_SESSION_CLIENTS } from "./clients/mqtt-session-clients.ts";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";
import { required } from "./tools.ts";

/** Clients over TLS, with certificates of their own, and with users and passwords. */
const START_MS = 60_000;
const USER = { user: "pump-1", password: "brackish water" } as const;
const LOOPBACK = [127, 0, 0, 1];
const results = new Results("mqtt-tls");
const folder = mkdtempSync(join(tmpdir(), "headwater-tls-"));
let open: Target;
let closed: Target;
let guarded: Target;
let own: TlsFiles;
let strangers: TlsFiles;

beforeAll(async () => {
  const authority = newAuthority();
  const server = issue(authority, { commonName: "localhost", dns: ["localhost"], ip: LOOPBACK });
  const device = issue(authority, { commonName: "pump-1" });
  const stranger = issue(newAuthority("another authority"), { commonName: "pump-1" });
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const ca = file("ca.pem", authority.certificate);
  own = { ca, cert: file("own.pem", device.certificate), key: file("own.key", device.key) };
  strangers = { ca, cert: file("other.pem", stranger.certificate), key: file("other.key", stranger.key) };
  const files = {
    certificate: file("server.pem", server.certificate),
    key: file("server.key", server.key),
    authority: ca,
  };
  open = await startTarget({ doors: ["mqtt"], tls: { ...files, clientsShowCertificates: false } });
  closed = await startTarget({ doors: ["mqtt"], tls: { ...files, clientsShowCertificates: true } });
  guarded = await startTarget({ doors: ["mqtt"], users: { [USER.user]: USER.password } });
}, START_MS);
afterAll(async () => {
  for (const target of [open, closed, guarded]) await target?.stop();
  rmSync(folder, { recursive: true, force: true });
}, START_MS);

for (const client of MQTT_SESSION_CLIENTS) {
  const reason = required(client.missing());
  const name = client.name.replaceAll(/[ .]/g, "-");

  describe(client.name, () => {
    results.test(client.name, "TLS", reason, () =>
      echo(client, { address: open.mqttTls, clientId: name, tls: { ca: own.ca } }),
    );

    results.test(client.name, "TLS with a certificate of its own", reason, async () => {
      await echo(client, { address: closed.mqttTls, clientId: name, tls: own });
      for (const tls of [{ ca: own.ca }, strangers]) {
        await expect(echo(client, { address: closed.mqttTls, clientId: name, tls })).rejects.toThrow();
      }
    });

    results.test(client.name, "user and password", reason, async () => {
      await echo(client, { address: guarded.mqtt, clientId: name, ...USER });
      const wrong = { address: guarded.mqtt, clientId: name, ...USER, password: "fresh water" };
      await expect(echo(client, wrong)).rejects.toThrow();
    });
  });
}

for (const version of ["1.2", "1.3"] as const) {
  const client = mosquitto("5");
  results.test(client.name, `TLS ${version}`, required(client.missing()), () =>
    echo(client, { address: open.mqttTls, clientId: `tls-${version}`, tls: { ca: own.ca, version } }),
  );
}

/** Connects, publishes to itself, and says goodbye. */
async function echo(client: MqttSessionClient, options: ConnectOptions): Promise<void> {
  const session = await client.connect(options);
  try {
    const topic = `tls/${options.clientId}`;
    await session.subscribe(topic, 1);
    await session.publish({ topic, payload: "x".repeat(40_000), qos: 1 });
    const [message] = await heard(session, 1);
    expect(message?.payload).toHaveLength(40_000);
  } finally {
    await session.disconnect().catch(() => session.die());
  }
}
