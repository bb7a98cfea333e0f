import { expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemPasswords } from "../../../src/io/bun/passwords.ts";
import { issue, newAuthority } from "../../support/certificates.ts";
import { type Headwater, startHeadwater } from "../../support/headwater.ts";
import { RawClient } from "../support/raw-client.ts";

/** Their names are their passwords. */
const USERS = ["mallory", "anna", "bystander"] as const;
export const RULES = `
[[rule]]
who = "user:mallory"
allow = ["publish", "subscribe"]
topics = ["m/#", "+/+/+/+/+/+/+/+/#"]
[[rule]]
who = "user:anna"
allow = "all"
topics = "#"
[[rule]]
who = "user:bystander"
allow = "all"
topics = ["by/#", "deep/#"]
[[rule]]
who = "anonymous"
allow = ["publish", "subscribe"]
topics = "open/#"
`;
/** Mallory as the rows for revoked rights leave him. */
export const REVOKED = RULES.replace('topics = ["m/#", ', 'topics = ["m/own/#", ');

export class Broker {
  readonly headwater: Headwater;
  readonly mqtt: string;
  readonly tls: string;
  readonly webSocket: string;
  readonly ca: string;
  readonly folder: string;
  /** The attackers' connections of the row. */
  readonly clients: RawClient[] = [];

  constructor(headwater: Headwater, folder: string, ca: string) {
    this.headwater = headwater;
    this.folder = folder;
    this.ca = ca;
    this.mqtt = headwater.mqtt;
    const place = (name: string) => new RegExp(`\\b${name}=(\\S+)`).exec(headwater.log())?.[1] ?? "";
    this.tls = place("mqttTls");
    this.webSocket = place("mqttWebSocket");
  }

  /** A connection that has said nothing. */
  async raw(version: 4 | 5 = 5, address = this.mqtt, tls: Bun.TLSOptions | null = null): Promise<RawClient> {
    const client = await RawClient.open(address, version, tls);
    this.clients.push(client);
    return client;
  }

  async user(
    name: (typeof USERS)[number],
    version: 4 | 5 = 5,
    clientId = `${name}-1`,
    more = {},
  ): Promise<RawClient> {
    const client = await this.raw(version);
    client.connect(clientId, { username: name, password: Buffer.from(name), ...more });
    expect(await client.code("connack")).toBe(0);
    return client;
  }

  get rssMiB(): number {
    const status = readFileSync(`/proc/${this.headwater.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  }

  async status(): Promise<{ readonly connections: number; readonly subscriptions: number }> {
    const response = await fetch(`http://${this.headwater.http}/api/status`);
    return ((await response.json()) as { mqtt: { connections: number; subscriptions: number } }).mqtt;
  }

  async dispose(): Promise<void> {
    await this.headwater.dispose();
    rmSync(this.folder, { recursive: true });
  }

  /** Changes the rules of the running broker, and waits until they count. */
  async changeRules(text: string): Promise<void> {
    const before = this.headwater.log().split("have changed").length;
    writeFileSync(join(this.folder, "acl.toml"), text);
    process.kill(this.headwater.pid, "SIGHUP");
    while (this.headwater.log().split("have changed").length === before) await Bun.sleep(5);
  }
}

/** Publishes to itself, one message at a time. */
export class Bystander {
  readonly #client: RawClient;
  #count = 0;

  constructor(client: RawClient) {
    this.#client = client;
  }

  /** Resolves when the message is both acknowledged and there. */
  async beat(): Promise<void> {
    const payload = `beat ${++this.#count}`;
    this.#client.publish("by/beat", payload, 1, (this.#count % 60_000) + 1);
    const seen = new Set<string>();
    while (!seen.has("puback") || !seen.has("publish")) {
      const packet = await this.#client.any();
      seen.add(packet.cmd);
      if (packet.cmd === "publish") expect(packet.payload.toString()).toBe(payload);
    }
  }
}

export async function startBroker(): Promise<Broker> {
  const folder = mkdtempSync(join(tmpdir(), "headwater-attacks-"));
  const passwords = new SystemPasswords();
  const lines = await Promise.all(
    USERS.map(async (name) => `${name}:${await passwords.hash(Buffer.from(name))}\n`),
  );
  const authority = newAuthority();
  const server = issue(authority, { commonName: "localhost", dns: ["localhost"], ip: [127, 0, 0, 1] });
  const files = {
    users: lines.join(""),
    "acl.toml": RULES,
    "ca.pem": authority.certificate,
    "server.pem": server.certificate,
    "server.key": server.key,
  };
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  const headwater = await startHeadwater({
    settings: {
      "mqtt.websocket.listen": "127.0.0.1:0",
      "mqtt.tls.listen": "127.0.0.1:0",
      "mqtt.tls.client.auth": "optional",
      "tls.certificate.file": join(folder, "server.pem"),
      "tls.key.file": join(folder, "server.key"),
      "tls.ca.file": join(folder, "ca.pem"),
      "security.users.file": join(folder, "users"),
      "security.acl.file": join(folder, "acl.toml"),
      "mqtt.connect.timeout.ms": "3s",
      "mqtt.session.max.sessions": "50",
      "mqtt.route":
        '[{filter = "m/cbor/#", topic = "cbor", payload = "cbor"}, {filter = "#", topic = "mqtt", key = "{topic}"}]',
    },
  });
  return new Broker(headwater, folder, authority.certificate);
}
