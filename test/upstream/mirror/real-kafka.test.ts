import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import mqtt from "mqtt";
import { checkUplink } from "../../../src/cli/doctor/uplink-checks.ts";
import { defaultSettings } from "../../../src/config/options.ts";
import { UPLINK_OPTIONS, type UplinkSettings } from "../../../src/config/uplink-options.ts";
import { KafkaAdmin } from "../../../src/kafka/client/admin.ts";
import { clusterOptions, KafkaCluster } from "../../../src/kafka/client/cluster.ts";
import { PartitionConsumer } from "../../../src/kafka/client/consumer.ts";
import { subscribeByProcess } from "../../interop/clients/lines-of.ts";
import { programsMissing, required } from "../../interop/tools.ts";
import { type Headwater, startHeadwater } from "../../support/headwater.ts";
import {
  freePorts,
  kafkaTool,
  type RealKafka,
  realKafkaMissing,
  startRealKafka,
} from "../../support/kafka/real-kafka.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { SEAMS } from "../rig.ts";

const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: topics mirrored from a real centre (${missing})`);
const noMosquitto = required(programsMissing("mosquitto_sub"));
if (noMosquitto !== null) console.log(`skipped: a command for mosquitto_sub (${noMosquitto})`);
const TEST_TIMEOUT_MS = 120_000;
const ROUNDS = 5;
const COMMANDS = 60;
const PARTITIONS = 3;
const OURS = "gw-7/valve";

function clusterAt(bootstrap: string): KafkaCluster {
  const [host = "", port = ""] = bootstrap.split(":");
  return new KafkaCluster(SEAMS, clusterOptions([{ host, port: Number(port) }]));
}

/** By Apache Kafka's own producer. */
async function produce(bootstrap: string, topic: string, lines: readonly string[]): Promise<void> {
  const tool = kafkaTool("org.apache.kafka.tools.ConsoleProducer");
  const properties = ["--property", "parse.key=true", "--property", "key.separator=|"];
  const command = [...tool, "--bootstrap-server", bootstrap, "--topic", topic, ...properties];
  const child = Bun.spawn(command, {
    stdin: new Blob([`${lines.join("\n")}\n`]),
    stdout: "ignore",
    stderr: "pipe",
  });
  const errors = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(errors);
}

/** Keys and values of a topic here. */
async function read(
  gateway: Headwater,
  topic: string,
): Promise<readonly (readonly [string, string | null])[]> {
  const cluster = clusterAt(gateway.kafka);
  const consumer = new PartitionConsumer(cluster, { maxWaitMs: 100 });
  const records: (readonly [string, string | null])[] = [];
  const decoder = new TextDecoder();
  await consumer.assignTopic(topic, "earliest");
  while (!consumer.atEnd) {
    await consumer.poll((_topic, _partition, record) => {
      const value = record.value();
      records.push([
        decoder.decode(record.key() ?? undefined),
        value === null ? null : decoder.decode(value),
      ]);
    });
  }
  cluster.close();
  return records;
}

async function until(
  what: string,
  gateway: Headwater,
  isSo: () => Promise<boolean> | boolean,
): Promise<void> {
  for (const deadline = Date.now() + 45_000; Date.now() < deadline; ) {
    if (await isSo()) return;
    await Bun.sleep(100);
  }
  throw new Error(`${what} does not come:\n${gateway.log().slice(-3_000)}`);
}

describe.skipIf(missing !== null)("topics of a real centre", () => {
  let kafka: RealKafka;
  let link: TcpProxy;
  let gateway: Headwater;

  beforeAll(async () => {
    const linkPorts = await freePorts(1);
    kafka = await startRealKafka({ linkPorts });
    link = await TcpProxy.start({ port: linkPorts[0] ?? 0, targetPort: kafka.nodes[0]?.linkPort ?? 0 });
    const cluster = clusterAt(kafka.bootstrap);
    const admin = new KafkaAdmin(cluster);
    await admin.createTopic({ name: "commands", partitions: PARTITIONS, replicationFactor: 1 });
    await admin.createTopic({ name: "config", partitions: 1, replicationFactor: 1 });
    await admin.alterTopicConfigs("config", new Map([["cleanup.policy", "compact"]]));
    cluster.close();
    gateway = await startHeadwater({
      settings: {
        "gateway.id": "gw-7",
        "uplink.centre.bootstrap": `127.0.0.1:${link.port}`,
        "uplink.centre.retry.backoff.max.ms": "500ms",
        "uplink.centre.mirror":
          '[{topic = "commands", keys = ["{gateway}/*"], partitions = 2}, {topic = "config"}]',
        "mqtt.downlink": '[{topic = "commands", target = "devices/{key:2}/commands", qos = 2}]',
      },
    });
  }, TEST_TIMEOUT_MS);

  afterAll(async () => {
    await gateway?.dispose();
    await link?.stop();
    await kafka?.stop();
  }, TEST_TIMEOUT_MS);

  test(
    "commands of this gateway come to its device once and in order, whatever dies, and go up no more",
    async () => {
      const device = await mqtt.connectAsync(`mqtt://${gateway.mqtt}`, {
        ...{ protocolVersion: 5, clientId: "valve", clean: false, reconnectPeriod: 50, resubscribe: false },
        properties: { sessionExpiryInterval: 600 },
      });
      device.on("error", () => {});
      const received: string[] = [];
      device.on("message", (_, payload) => received.push(payload.toString()));
      await device.subscribeAsync(`devices/${OURS.split("/")[1]}/commands`, { qos: 2 });
      const wanted: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const mine = Array.from({ length: COMMANDS }, (_, n) => `do ${round}.${n}`);
        wanted.push(...mine);
        const lines = mine.flatMap((value) => [`${OURS}|${value}`, `gw-8/valve|not for us ${value}`]);
        const producing = produce(kafka.bootstrap, "commands", lines);
        if (round % 2 === 0) link.partitioned = true;
        await Bun.sleep(200 * round);
        await gateway.kill();
        await gateway.restart();
        link.heal();
        await producing;
      }
      await until("the last command", gateway, () => received.length >= wanted.length);
      expect(received).toEqual(wanted);
      const local = await read(gateway, "commands");
      expect(local).toEqual(wanted.map((value) => [OURS, value] as const));
      await device.endAsync(true);
      // A copy that went up again would come down once more.
      const centre = clusterAt(kafka.bootstrap);
      const consumer = new PartitionConsumer(centre, { maxWaitMs: 100 });
      await consumer.assignTopic("commands", "earliest");
      let there = 0;
      while (!consumer.atEnd) there += await consumer.poll(() => {});
      centre.close();
      expect(there).toBe(2 * ROUNDS * COMMANDS);
    },
    TEST_TIMEOUT_MS,
  );

  test.skipIf(noMosquitto !== null)(
    "a record that somebody produces at the centre under a device's id comes to the device, with QoS 1",
    async () => {
      const [host = "", port = ""] = gateway.mqtt.split(":");
      const place = ["-h", host, "-p", port, "-V", "5", "-d"];
      const filter = ["-q", "1", "-t", "devices/pump/commands", "-C", "3", "-F", "command %q %t %p"];
      const device = await subscribeByProcess(
        ["stdbuf", "-oL", "mosquitto_sub", ...place, ...filter],
        3,
        (line) => line.startsWith("Subscribed (mid"),
        (line) => (line.startsWith("command ") ? line : null),
        TEST_TIMEOUT_MS / 2,
      );
      const values = ["start", "faster", "stop"];
      await produce(
        kafka.bootstrap,
        "commands",
        values.flatMap((value) => [`gw-7/pump|${value}`, `gw-8/pump|not for us`]),
      );
      expect(await device.received).toEqual(
        values.map((value) => `command 1 devices/pump/commands ${value}`),
      );
    },
    TEST_TIMEOUT_MS,
  );

  test("the doctor names topics to mirror that the centre lacks", async () => {
    const [host = "", port = ""] = kafka.bootstrap.split(":");
    const values = Object.entries(UPLINK_OPTIONS).map(([name, option]) => [name, option.default]);
    const mirror = ["commands", "orders-{gateway}"].map((topic) => ({
      ...{ topic, to: "", keys: [], headers: {}, from: "earliest", partitions: -1 },
    }));
    const uplink = { ...Object.fromEntries(values), name: "centre", mirror } as UplinkSettings;
    const bootstrap = [{ host, port: Number(port) }];
    const settings = defaultSettings({ "gateway.id": "gw-7" });
    const finding = await checkUplink({ ...uplink, bootstrap }, settings);
    expect(finding.verdict).toBe("warning");
    expect(finding.meaning).toBe("it lacks topics to mirror: orders-gw-7 (UNKNOWN_TOPIC_OR_PARTITION)");
    const well = await checkUplink({ ...uplink, bootstrap, mirror: uplink.mirror.slice(0, 1) }, settings);
    expect(well.verdict).toBe("ok");
  });

  test(
    "a compacted topic comes with its state, deletions too, under its own policy",
    async () => {
      await produce(kafka.bootstrap, "config", ["rate|1", "mode|auto", "rate|2"]);
      const state = async () => new Map(await read(gateway, "config").catch(() => []));
      await until("the state", gateway, async () => (await state()).get("rate") === "2");
      expect(Object.fromEntries(await state())).toEqual({ rate: "2", mode: "auto" });
      const cluster = clusterAt(gateway.kafka);
      const { configs } = await new KafkaAdmin(cluster).describeConfigs("topic", "config", [
        "cleanup.policy",
      ]);
      cluster.close();
      expect(configs).toMatchObject([{ name: "cleanup.policy", value: "compact" }]);
      const status = (await (await fetch(`http://${gateway.http}/api/status`)).json()) as {
        uplinks: { mirrors: { topic: string; state: string; lagRecords: number }[] }[];
      };
      expect(status.uplinks[0]?.mirrors).toMatchObject([
        { topic: "commands", state: "mirroring", lagRecords: 0 },
        { topic: "config", state: "mirroring", lagRecords: 0 },
      ]);
      const metrics = await (await fetch(`http://${gateway.http}/metrics`)).text();
      expect(metrics).toContain('headwater_mirror_lag_records{topic="config"} 0');
      expect(metrics).toContain('headwater_mirror_state{topic="commands",state="mirroring"} 1');
    },
    TEST_TIMEOUT_MS,
  );
});
