import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UplinkStatus } from "../../src/http/status.ts";
import { KafkaAdmin } from "../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../src/kafka/client/cluster.ts";
import { issue, newAuthority } from "../support/certificates.ts";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";
import { freePorts, type RealKafka, realKafkaMissing, startRealKafka } from "../support/kafka/real-kafka.ts";
import { SEAMS } from "./rig.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: several centres at once (${missing})`);
const TEST_TIMEOUT_MS = 120_000;
const PASSWORD = "nobody-sees-this";
const DEVICES = 20;
/** More than a gateway takes with a few centres, less than with one whose backlog it keeps in memory. */
const MAX_RSS_KIB = 400 * 1024;

describe.skipIf(missing !== null)("a gateway with several centres", () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-centres-"));
  const file = (name: string) => join(folder, name);
  const authority = newAuthority();
  let kafka: RealKafka;
  let second: Headwater;
  let gateway: Headwater;
  let fed = 0;

  beforeAll(async () => {
    const [secured = 0, nobody = 0] = await freePorts(2);
    const broker = issue(authority, { commonName: "broker", ip: [127, 0, 0, 1] });
    writeFileSync(file("broker.pem"), broker.key + broker.certificate);
    const login = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    [kafka, second] = await Promise.all([
      startRealKafka({
        listeners: [{ name: "SECURED", protocol: "SASL_SSL", port: secured }],
        formatArguments: ["--add-scram", `SCRAM-SHA-512=[name=gw,password=${PASSWORD}]`],
        properties: {
          "auto.create.topics.enable": "false",
          "ssl.keystore.type": "PEM",
          "ssl.keystore.location": file("broker.pem"),
          "sasl.enabled.mechanisms": "SCRAM-SHA-512",
          "listener.name.secured.scram-sha-512.sasl.jaas.config": login,
        },
      }),
      startHeadwater(),
    ]);
    writeFileSync(
      file("gateway.toml"),
      `gateway.id = "gw-1"
gateway.site = "plant-7"

[uplink.central]
bootstrap = ["nowhere.invalid:9092", "127.0.0.1:${secured}"]
security.protocol = "SASL_SSL"
sasl.username = "gw"
sasl.password.file = "${file("password")}"
ssl.ca = "${file("ca.pem")}"
retry.backoff.max.ms = "500ms"

[[uplink.central.route]]
topics = ["telemetry", "line-*"]
topic = "{site}.all"
create = { partitions = 2, configs = { "retention.ms" = "86400000" } }

[uplink.archive]
bootstrap = ["${kafka.bootstrap}"]
gaps.topic = "archive.gaps"
[[uplink.archive.route]]
topics = ["telemetry"]
topic = "archive.{gateway}.{topic}"
keys = ["device-1*"]
sample.every = 4

[uplink.second]
bootstrap = ["${second.kafka}"]
topics = ["telemetry"]

[uplink.dead]
bootstrap = ["127.0.0.1:${nobody}"]
retry.backoff.max.ms = "200ms"
`,
    );
    gateway = await startHeadwater({ arguments: ["--config", file("gateway.toml")] });
    const cluster = new KafkaCluster(SEAMS, clusterOptions([addressOf(gateway.kafka)]));
    for (const [name, partitions] of [["telemetry", 3] as const, ["line-1", 1] as const]) {
      const made = await new KafkaAdmin(cluster).createTopic({ name, partitions, replicationFactor: 1 });
      expect(made.error).toBe(0);
    }
    cluster.close();
  }, TEST_TIMEOUT_MS);

  afterAll(async () => {
    await gateway?.dispose();
    await second?.dispose();
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, TEST_TIMEOUT_MS);

  /** So many more readings, of all devices in turn; every fifth of the line. */
  async function feed(count: number): Promise<void> {
    const rows: Record<"telemetry" | "line-1", string[]> = { telemetry: [], "line-1": [] };
    for (let index = 0; index < count; index += 1, fed += 1)
      rows[topicOf(fed)].push(`device-${fed % DEVICES}:${fed}`);
    for (const [topic, lines] of Object.entries(rows)) {
      const command = [
        "kcat",
        "-P",
        "-q",
        "-b",
        gateway.kafka,
        "-t",
        topic,
        "-K:",
        "-X",
        "partitioner=murmur2_random",
      ];
      const child = Bun.spawn([...command, "-X", "acks=all"], {
        stdin: Buffer.from(`${lines.join("\n")}\n`),
      });
      expect(await child.exited).toBe(0);
    }
  }

  async function statuses(): Promise<ReadonlyMap<string, UplinkStatus>> {
    const answer = await fetch(`http://${gateway.http}/api/status`);
    const { uplinks } = (await answer.json()) as { uplinks: readonly UplinkStatus[] };
    return new Map(uplinks.map((uplink) => [uplink.name, uplink]));
  }

  async function until(
    what: string,
    holds: (all: ReadonlyMap<string, UplinkStatus>) => boolean,
  ): Promise<void> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const all = await statuses();
      if (holds(all)) return;
      if (Date.now() > deadline)
        throw new Error(`not ${what}: ${JSON.stringify([...all.values()], null, 1)}`);
      await Bun.sleep(50);
    }
  }

  const isDone = (status: UplinkStatus | undefined) => status?.state === "idle" && status.lagRecords === 0;

  /** Committed records as kcat reads them: `key:value`, by partition in order. */
  async function read(bootstrap: string, topic: string): Promise<readonly string[]> {
    const command = [
      "kcat",
      "-C",
      "-e",
      "-q",
      "-b",
      bootstrap,
      "-t",
      topic,
      "-o",
      "beginning",
      "-f",
      "%k:%s\n",
    ];
    const child = Bun.spawn([...command, "-X", "isolation.level=read_committed"], { stdout: "pipe" });
    const text = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    return text.split("\n").filter((line) => line !== "");
  }

  test(
    "carries to each what its routes say, exactly once, while one waits for its certificates and one is dead",
    async () => {
      await feed(2_000);
      await until("the others done", (all) => isDone(all.get("archive")) && isDone(all.get("second")));
      const waiting = await statuses();
      expect(waiting.get("central")).toMatchObject({
        state: "backing off",
        lastError: `waiting for ${file("ca.pem")} (ssl.ca): it is not there; put it there, or correct ssl.ca`,
        lagRecords: null,
      });
      expect(waiting.get("dead")?.state).toBe("backing off");
      expect(waiting.get("dead")?.lastError).toContain("nobody listens there");

      // A wrong authority first, and then the right one: without a restart.
      writeFileSync(file("password"), `${PASSWORD}\n`);
      writeFileSync(file("ca.pem"), newAuthority("somebody else").certificate);
      await until("refusing the broker", (all) => all.get("central")?.state === "failed");
      expect((await statuses()).get("central")?.lastError).toContain("an authority that is not trusted here");
      writeFileSync(file("ca.pem"), authority.certificate);
      await until("all done", (all) =>
        ["central", "archive", "second"].every((name) => isDone(all.get(name))),
      );
      for (let round = 0; round < 3; round += 1) {
        await feed(1_000);
        await gateway.kill();
        await gateway.restart();
      }
      await until("all done", (all) =>
        ["central", "archive", "second"].every((name) => isDone(all.get(name))),
      );

      const all = Array.from({ length: fed }, (_, index) => index);
      const row = (index: number) => `device-${index % DEVICES}:${index}`;
      const telemetry = all.filter((index) => topicOf(index) === "telemetry");
      expect(inOrder(await read(kafka.bootstrap, "plant-7.all"))).toEqual(inOrder(all.map(row)));
      expect(inOrder(await read(second.kafka, "telemetry"))).toEqual(inOrder(telemetry.map(row)));
      const chosen = telemetry.filter((index) => {
        const device = index % DEVICES;
        const before = telemetry.filter((other) => other < index && other % DEVICES === device).length;
        return String(device).startsWith("1") && before % 4 === 0;
      });
      expect(inOrder(await read(kafka.bootstrap, "archive.gw-1.telemetry"))).toEqual(
        inOrder(chosen.map(row)),
      );
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "has made the topics as the routes say, and Kafka's own consumer reads them",
    async () => {
      const cluster = new KafkaCluster(SEAMS, clusterOptions([addressOf(kafka.bootstrap)]));
      const [all, archive] = await cluster.refresh(["plant-7.all", "archive.gw-1.telemetry"]);
      cluster.close();
      expect([all?.partitions.length, archive?.partitions.length]).toEqual([2, 4]);
      const configs = await kafka.tool(
        "kafka.admin.ConfigCommand",
        ...["--bootstrap-server", kafka.bootstrap, "--describe", "--topic", "plant-7.all"],
      );
      expect(configs).toContain("retention.ms=86400000");
      const consumed = await kafka.tool(
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        ...["--bootstrap-server", kafka.bootstrap, "--topic", "plant-7.all", "--from-beginning"],
        ...["--isolation-level", "read_committed", "--max-messages", String(fed), "--timeout-ms", "20000"],
        ...[
          "--property",
          "print.key=true",
          "--property",
          "key.separator=:",
          "--property",
          "print.headers=true",
        ],
      );
      const lines = consumed.split("\n").filter((line) => line.includes("headwater.gateway:gw-1"));
      expect(lines).toHaveLength(fed);
    },
    TEST_TIMEOUT_MS,
  );

  test("is told by the doctor how its centres are", () => {
    const doctor = () => {
      const args = ["doctor", "-o", "json", "--data", folder, "--config", file("gateway.toml")];
      const run = Bun.spawnSync([...headwaterCommand(), ...args]);
      const { findings } = JSON.parse(run.stdout.toString()) as {
        findings: readonly { check: string; verdict: string; meaning: string; remedy: string | null }[];
      };
      return new Map(findings.map((finding) => [finding.check, finding]));
    };
    const well = doctor();
    expect(well.get("uplink central")).toMatchObject({ verdict: "warning" });
    expect(well.get("uplink central")?.meaning).toContain("not by all addresses");
    expect(well.get("uplink central")?.meaning).toContain("unknown host");
    expect(well.get("uplink archive")).toMatchObject({ verdict: "ok" });
    expect(well.get("uplink dead")).toMatchObject({ verdict: "warning" });
    expect(well.get("uplink dead")?.meaning).toContain("nobody listens there");
    writeFileSync(file("password"), "guess");
    const locked = doctor().get("uplink central");
    expect(locked).toMatchObject({ verdict: "problem" });
    expect(locked?.meaning).toContain('does not log "gw" by SCRAM-SHA-512 in');
    expect(locked?.remedy).toContain("the password");
  });

  test("keeps its positions apart, tells nobody the password, and keeps within its memory", async () => {
    const groups = await kafka.tool(
      "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
      ...["--bootstrap-server", kafka.bootstrap, "--list"],
    );
    expect(
      groups
        .split("\n")
        .filter((name) => name.startsWith("headwater."))
        .toSorted(),
    ).toEqual(["headwater.gw-1.archive", "headwater.gw-1.central"]);
    const print = Bun.spawnSync([...headwaterCommand(), "config", "print", "--config", file("gateway.toml")]);
    const status = await (await fetch(`http://${gateway.http}/api/status`)).text();
    for (const text of [gateway.log(), print.stdout.toString(), status]) {
      expect(text.length).toBeGreaterThan(100);
      expect(text).not.toContain(PASSWORD);
    }
    const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${gateway.pid}/status`, "utf8"))?.[1];
    expect(Number(rss)).toBeLessThan(MAX_RSS_KIB);
    for (const uplink of (await statuses()).values()) expect(uplink.gaps).toBe(0);
  });
});

function topicOf(index: number): "telemetry" | "line-1" {
  return index % 5 === 4 ? "line-1" : "telemetry";
}

/** Rows by device in the order they are in: what two readers of the same have in common. */
function inOrder(rows: readonly string[]): Readonly<Record<string, string>> {
  const byKey: Record<string, string[]> = {};
  for (const row of rows) {
    const [key = "", value = ""] = row.split(":");
    byKey[key] = [...(byKey[key] ?? []), value];
  }
  return Object.fromEntries(Object.entries(byKey).map(([key, values]) => [key, values.join()]));
}

function addressOf(text: string) {
  const [host = "", port = ""] = text.split(":");
  return { host, port: Number(port) };
}
