import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CLIENT_SECURITY_OPTIONS,
  type ClientSecuritySettings,
} from "../../../src/config/client-security-options.ts";
import { Secret } from "../../../src/config/secret.ts";
import { SystemClock } from "../../../src/io/bun/clock.ts";
import { SystemNetwork } from "../../../src/io/bun/network.ts";
import { PlainDisk } from "../../../src/io/bun/plain-disk.ts";
import { SystemRandom } from "../../../src/io/bun/random.ts";
import { clusterOptions, KafkaCluster } from "../../../src/kafka/client/cluster.ts";
import { securitySource } from "../../../src/kafka/client/security.ts";
import { type Issued, issue, newAuthority } from "../../support/certificates.ts";
import { headwaterCommand } from "../../support/headwater.ts";
import {
  freePorts,
  type RealKafka,
  realKafkaMissing,
  startRealKafka,
} from "../../support/kafka/real-kafka.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: logging in to a real Kafka (${missing})`);
const TEST_TIMEOUT_MS = 60_000;
const PASSWORD = "al-Ice#7 is secret";

type Given = { readonly [Name in keyof ClientSecuritySettings]?: ClientSecuritySettings[Name] };

describe.skipIf(missing !== null)("a real Kafka that is secured", () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-secured-"));
  const file = (name: string, text?: string): string => {
    const path = join(folder, name);
    if (text !== undefined) writeFileSync(path, text);
    return path;
  };
  const clock = new SystemClock();
  const seams = { clock, network: new SystemNetwork(clock), random: new SystemRandom() };
  const disk = new PlainDisk();
  const authority = newAuthority();
  const stranger = newAuthority("another authority");
  const broker = { commonName: "broker", dns: ["localhost"], ip: [127, 0, 0, 1] };
  const keystore = ({ certificate, key }: Issued) => key + certificate;
  let kafka: RealKafka;
  let ports: Readonly<Record<"sasl" | "mutual" | "expired" | "elsewhere" | "plain" | "changing", number>>;

  beforeAll(async () => {
    const [sasl = 0, mutual = 0, expired = 0, elsewhere = 0, plain = 0, changing = 0] = await freePorts(6);
    ports = { sasl, mutual, expired, elsewhere, plain, changing };
    file("ca.pem", authority.certificate);
    file("stranger.pem", stranger.certificate);
    const device = issue(authority, { commonName: "gateway-7" });
    file("device.pem", device.certificate);
    file("device.key", device.key);
    const rogue = issue(stranger, { commonName: "gateway-7" });
    file("rogue.pem", rogue.certificate);
    file("rogue.key", rogue.key);
    file("password", `${PASSWORD}\n`);
    file("wrong-password", "guess");
    const scram = (hash: string) => ["--add-scram", `SCRAM-SHA-${hash}=[name=alice,password="${PASSWORD}"]`];
    const login = "org.apache.kafka.common.security";
    kafka = await startRealKafka({
      listeners: [
        { name: "SASL", protocol: "SASL_SSL", port: sasl },
        { name: "MUTUAL", protocol: "SSL", port: mutual },
        { name: "EXPIRED", protocol: "SSL", port: expired },
        { name: "ELSEWHERE", protocol: "SSL", port: elsewhere },
        { name: "UNENCRYPTED", protocol: "SASL_PLAINTEXT", port: plain },
        { name: "CHANGING", protocol: "SSL", port: changing },
      ],
      formatArguments: [...scram("256"), ...scram("512")],
      properties: {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": file("broker.pem", keystore(issue(authority, broker))),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": file("ca.pem"),
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        ...Object.fromEntries(
          ["sasl", "unencrypted"].flatMap((name) => [
            [
              `listener.name.${name}.plain.sasl.jaas.config`,
              `${login}.plain.PlainLoginModule required user_alice="${PASSWORD}";`,
            ],
            [
              `listener.name.${name}.scram-sha-256.sasl.jaas.config`,
              `${login}.scram.ScramLoginModule required;`,
            ],
            [
              `listener.name.${name}.scram-sha-512.sasl.jaas.config`,
              `${login}.scram.ScramLoginModule required;`,
            ],
          ]),
        ),
        "listener.name.unencrypted.scram-sha-256.connections.max.reauth.ms": "1500",
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.expired.ssl.keystore.location": file(
          "expired.pem",
          keystore(issue(authority, { ...broker, days: -1 })),
        ),
        "listener.name.elsewhere.ssl.keystore.location": file(
          "elsewhere.pem",
          keystore(issue(authority, { commonName: "elsewhere", dns: ["elsewhere.example"] })),
        ),
        "listener.name.changing.ssl.keystore.location": file(
          "changing.pem",
          keystore(issue(authority, broker)),
        ),
      },
    });
  }, TEST_TIMEOUT_MS);
  afterAll(async () => {
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, TEST_TIMEOUT_MS);

  const clientOf = (port: number, given: Given, host = "127.0.0.1"): KafkaCluster => {
    const defaults = Object.fromEntries(
      Object.entries(CLIENT_SECURITY_OPTIONS).map(([name, option]) => [name, option.default]),
    );
    const settings = { ...(defaults as unknown as ClientSecuritySettings), ...given };
    return new KafkaCluster(
      seams,
      clusterOptions([{ host, port }], {
        security: securitySource(settings, (path, maxBytes) => disk.readFile(path, maxBytes)),
      }),
    );
  };
  /** The cluster's id, over a connection that is made for it, or the message of what went wrong. */
  const meet = async (port: number, given: Given, host?: string): Promise<string> => {
    const cluster = clientOf(port, given, host);
    try {
      await cluster.refresh([]);
      return cluster.clusterId ?? "";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      cluster.close();
    }
  };
  const CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw";
  const alice = (mechanism: ClientSecuritySettings["sasl.mechanism"]): Given => ({
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": mechanism,
    "sasl.username": "alice",
    "sasl.password": new Secret(PASSWORD),
    "ssl.ca": file("ca.pem"),
  });
  const tls: Given = { "security.protocol": "SSL", "ssl.ca": file("ca.pem") };
  const shown: Given = { ...tls, "ssl.certificate": file("device.pem"), "ssl.key": file("device.key") };

  test.each(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const)("logs in by %s", async (mechanism) => {
    const fromFile: Given = {
      ...alice(mechanism),
      "sasl.password": new Secret(""),
      "sasl.password.file": file("password"),
    };
    expect(await meet(ports.sasl, alice(mechanism))).toBe(CLUSTER_ID);
    expect(await meet(ports.sasl, fromFile)).toBe(CLUSTER_ID);
    expect(await meet(ports.sasl, fromFile, "localhost")).toBe(CLUSTER_ID);
    const unencrypted: Given = { ...fromFile, "security.protocol": "SASL_PLAINTEXT", "ssl.ca": "" };
    expect(await meet(ports.plain, unencrypted)).toBe(CLUSTER_ID);
    for (const wrong of [
      { ...fromFile, "sasl.password.file": file("wrong-password") },
      { ...fromFile, "sasl.username": "mallory" },
    ]) {
      const message = await meet(ports.sasl, wrong);
      expect(message).toMatch(/does not log "(alice|mallory)" by [-A-Z0-9]+ in: .*(credentials|username)/i);
      expect(message).not.toContain(PASSWORD);
      expect(message).not.toContain("guess");
    }
  });

  test("shows its certificate, and says what is missing where it has none that is taken", async () => {
    expect(await meet(ports.mutual, shown)).toBe(CLUSTER_ID);
    expect(await meet(ports.mutual, tls)).toContain("ssl.certificate");
    const rogue: Given = { ...tls, "ssl.certificate": file("rogue.pem"), "ssl.key": file("rogue.key") };
    expect(await meet(ports.mutual, rogue)).toContain("ssl.certificate");
    const mixed: Given = { ...shown, "ssl.key": file("rogue.key") };
    expect(await meet(ports.mutual, mixed)).toContain("it is not the key of ssl.certificate");
  });

  test("refuses brokers that are not who they should be", async () => {
    expect(await meet(ports.sasl, { ...alice("PLAIN"), "ssl.ca": file("stranger.pem") })).toContain(
      "an authority that is not trusted here",
    );
    expect(await meet(ports.sasl, { ...alice("PLAIN"), "ssl.ca": "" })).toContain("not trusted here");
    expect(await meet(ports.expired, tls)).toContain("its certificate has expired");
    expect(await meet(ports.elsewhere, tls)).toContain(
      "its certificate is not for 127.0.0.1 but for DNS:elsewhere.example",
    );
    expect(await meet(ports.elsewhere, { ...tls, "ssl.server.name": "elsewhere.example" })).toBe(CLUSTER_ID);
    const unchecked: Given = { ...tls, "ssl.endpoint.identification.algorithm": "none" };
    expect(await meet(ports.elsewhere, unchecked)).toBe(CLUSTER_ID);
    expect(await meet(ports.expired, unchecked)).toContain("has expired");
  });

  test("commands take the same by flags", async () => {
    const run = async (...flags: readonly string[]) => {
      const command = [...headwaterCommand(), "topic", "list", "-b", `127.0.0.1:${ports.sasl}`, ...flags];
      const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
      const [out, err] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      return { code: await child.exited, out, err };
    };
    const login = ["--security-protocol", "SASL_SSL", "--sasl-username", "alice", "--ssl-ca", file("ca.pem")];
    const good = await run(...login, "--sasl-password-file", file("password"));
    expect(good).toEqual({ code: 0, out: expect.any(String), err: "" });
    const wrong = await run(...login, "--sasl-password-file", file("wrong-password"));
    expect(wrong.code).toBe(1);
    expect(wrong.err).toContain('does not log "alice" by SCRAM-SHA-512 in');
    const none = await run(...login, "--sasl-password-file", file("nowhere"));
    expect(none.code).toBe(2);
    expect(none.err).toContain(`waiting for ${file("nowhere")} (sasl.password.file): it is not there`);
  });

  test("says what a listener wants instead", async () => {
    const plain = Number(kafka.bootstrap.split(":")[1]);
    expect(await meet(ports.sasl, {})).toContain("it may want TLS (security.protocol)");
    expect(await meet(plain, tls)).toContain("does not speak TLS");
    expect(await meet(ports.sasl, tls)).toContain("it may want a login (security.protocol)");
    const onPlain: Given = { ...alice("PLAIN"), "security.protocol": "SASL_PLAINTEXT", "ssl.ca": "" };
    expect(await meet(plain, onPlain)).toContain("its listener at this port has no logins");
  });

  test("logs in again before the login ends, without anything lost", async () => {
    const given: Given = {
      ...alice("SCRAM-SHA-256"),
      "security.protocol": "SASL_PLAINTEXT",
      "ssl.ca": "",
      "sasl.password": new Secret(""),
      "sasl.password.file": file("changing-password", PASSWORD),
    };
    const cluster = clientOf(ports.plain, given);
    const connection = await cluster.any();
    const endMs = Date.now() + 3_500;
    let asked = 0;
    for (; Date.now() < endMs; asked += 20) {
      await Promise.all(Array.from({ length: 20 }, () => cluster.refresh([])));
    }
    expect(asked).toBeGreaterThan(100);
    expect(connection.closed).toBe(false);
    // A password that has changed meanwhile ends the connection at the next login.
    file("changing-password", "guess");
    await new Promise<void>((closed) => connection.onClosed(closed));
    await expect(cluster.refresh([])).rejects.toMatchObject({ code: "AUTHENTICATION" });
    cluster.close();
  });

  test("waits for files that come later, and takes a broker's new certificate", async () => {
    const later: Given = { ...tls, "ssl.ca": file("later.pem") };
    expect(await meet(ports.changing, later)).toBe(
      `waiting for ${file("later.pem")} (ssl.ca): it is not there; put it there, or correct ssl.ca`,
    );
    file("later.pem", authority.certificate);
    expect(await meet(ports.changing, later)).toBe(CLUSTER_ID);
    file("changing.pem", keystore(issue(stranger, broker)));
    await kafka.tool(
      "kafka.admin.ConfigCommand",
      ...["--bootstrap-server", kafka.bootstrap, "--alter", "--entity-type", "brokers", "--entity-name", "1"],
      "--add-config",
      `listener.name.changing.ssl.keystore.location=${file("changing.pem")}`,
    );
    // The broker takes its time about it.
    const deadline = Date.now() + 20_000;
    let message = CLUSTER_ID;
    while (!message.includes("not trusted here") && Date.now() < deadline) {
      await Bun.sleep(50);
      message = await meet(ports.changing, later);
    }
    expect(message).toContain("not trusted here");
    file("later.pem", authority.certificate + stranger.certificate);
    expect(await meet(ports.changing, later)).toBe(CLUSTER_ID);
  });
});
