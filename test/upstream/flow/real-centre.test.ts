import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GatewayStatus, UplinkStatus } from "../../../src/http/status.ts";
import { KafkaAdmin } from "../../../src/kafka/client/admin.ts";
import { PartitionConsumer } from "../../../src/kafka/client/consumer.ts";
import { decodeHeaders } from "../../../src/records/reader.ts";
import { type Headwater, headwaterCommand, startHeadwater } from "../../support/headwater.ts";
import { realKafkaMissing } from "../../support/kafka/real-kafka.ts";
import { CentreRig } from "../rig.ts";

const TEST_TIMEOUT_MS = 90_000;
const HOUR_MS = 3_600_000;
const LATE = ["late-send", "late-plain", "late-hold", "late-arrival"];
const missing = realKafkaMissing();

/** One gateway, with an uplink for each thing that is looked at, and one Kafka that can be cut off and denies things. */
describe.skipIf(missing !== null)("flow to a real Kafka", () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-flow-"));
  const oldMs = Date.now() - 2 * HOUR_MS;
  let rig: CentreRig;
  let gateway: Headwater;

  beforeAll(async () => {
    rig = await CentreRig.start({
      nodes: 1,
      properties: {
        "num.partitions": "1",
        "log.retention.check.interval.ms": "1000",
        "log.initial.task.delay.ms": "500",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
      },
    });
    const admin = new KafkaAdmin(rig.reader);
    for (const name of LATE) {
      const configs = { "retention.ms": String(HOUR_MS) };
      const made = await admin.createTopic({ name, partitions: 1, replicationFactor: 1, configs });
      expect(made.error).toBe(0);
    }
    const uplink = (name: string, topics: string, more: string) => `[uplink.${name}]
bootstrap = ["127.0.0.1:${rig.proxies[0]?.port}"]
topics = [${topics}]
${more}
`;
    writeFileSync(
      join(folder, "gateway.toml"),
      `gateway.id = "flow"
clock.trust = "always"
auto.create.topics.enable = true
${uplink("send", '"late-send"', 'canary.interval.ms = "0s"')}
${uplink("plain", '"late-plain"', 'delivery = "idempotent"\ncanary.interval.ms = "0s"')}
${uplink("hold", '"late-hold"', 'late.records = "hold"\ncanary.interval.ms = "0s"')}
${uplink("arrival", '"late-arrival"', 'late.records = "arrival-time"\ncanary.interval.ms = "0s"')}
${uplink("flow", '"free", "denied"', 'canary.interval.ms = "500ms"\nflow.alarm.ms = "3s"')}
`,
    );
    gateway = await startHeadwater({ arguments: ["--config", join(folder, "gateway.toml")] });
  }, TEST_TIMEOUT_MS);

  afterAll(async () => {
    await gateway?.dispose();
    await rig?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, TEST_TIMEOUT_MS);

  async function command(words: readonly string[], input = "") {
    const child = Bun.spawn([...headwaterCommand(), ...words], {
      stdin: new TextEncoder().encode(input),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
    return { out, code };
  }

  async function produce(topic: string, values: readonly string[], timestampMs: number): Promise<void> {
    const time = ["--timestamp", String(timestampMs)];
    const { code } = await command(
      ["produce", topic, ...time, "-b", gateway.kafka],
      `${values.join("\n")}\n`,
    );
    expect(code).toBe(0);
  }

  async function uplinkOf(name: string): Promise<UplinkStatus> {
    const answer = await fetch(`http://${gateway.http}/api/status`);
    const { uplinks } = (await answer.json()) as GatewayStatus;
    const found = uplinks.find((uplink) => uplink.name === name);
    if (found === undefined) throw new Error(`no uplink ${name}`);
    return found;
  }

  async function until(name: string, holds: (uplink: UplinkStatus) => boolean): Promise<UplinkStatus> {
    const deadline = Date.now() + 40_000;
    let uplink = await uplinkOf(name);
    while (!holds(uplink)) {
      if (Date.now() > deadline) throw new Error(`it never came: ${JSON.stringify(uplink, null, 1)}`);
      await Bun.sleep(200);
      uplink = await uplinkOf(name);
    }
    return uplink;
  }

  /** What the central topic holds, and where it begins and ends. */
  async function central(topic: string) {
    const records: { value: string; timestampMs: number; time: string | null }[] = [];
    const consumer = new PartitionConsumer(rig.reader, { isolation: "read_committed", maxWaitMs: 300 });
    await consumer.assignTopic(topic, "earliest");
    const [{ offset: start } = { offset: -1 }] = consumer.positions();
    for (let polls = 0; polls < 2; polls += 1) {
      await consumer.poll((_topic, _partition, record) => {
        const time = decodeHeaders(record).find(({ key }) => key === "headwater.time")?.value ?? null;
        records.push({
          value: new TextDecoder().decode(record.value() ?? undefined),
          timestampMs: record.timestampMs,
          time: time === null ? null : new TextDecoder().decode(time),
        });
      });
    }
    return { start, records };
  }

  test(
    "what is older than the centre keeps is deleted there, held, or sent with the time of sending",
    async () => {
      for (const topic of LATE) await produce(topic, ["a", "b"], oldMs);
      const sent = await until(
        "send",
        ({ forwardedRecords, lagRecords }) => forwardedRecords > 0 && lagRecords === 0,
      );
      const told = sent.times.late.topics.filter(({ topic }) => topic === "late-send");
      expect(told).toMatchObject([
        {
          topic: "late-send",
          retentionMs: HOUR_MS,
          lateRecords: 2,
          warning: expect.stringContaining("all the same"),
        },
      ]);
      await until("arrival", ({ forwardedRecords, lagRecords }) => forwardedRecords > 0 && lagRecords === 0);
      const held = await until("hold", ({ times }) =>
        times.late.topics.some(({ warning }) => warning !== null),
      );
      const waits = held.flow.topics.filter(({ topic }) => topic === "late-hold");
      expect(waits).toMatchObject([{ lagRecords: 2 }]);
      // The centre says that it has them, and then it deletes them.
      const deadline = Date.now() + 40_000;
      while ((await central("late-plain")).start < 2 && Date.now() < deadline) await Bun.sleep(300);
      expect(await central("late-plain")).toEqual({ start: 2, records: [] });
      // With transactions it looks at the time of their markers, too, and keeps for an hour what comes with them: unless
      // it happens to look between a record and its marker.
      const kept = ["a", "b"].map((value) => ({ value, timestampMs: oldMs, time: null }));
      const late = await central("late-send");
      expect(late.records).toEqual(late.start === 0 ? kept : []);
      expect((await central("late-hold")).records).toEqual([]);
      const arrived = await central("late-arrival");
      expect(arrived.start).toBe(0);
      expect(arrived.records).toEqual(
        ["a", "b"].map((value) => ({ value, timestampMs: expect.any(Number), time: String(oldMs) })),
      );
      for (const { timestampMs } of arrived.records) expect(Date.now() - timestampMs).toBeLessThan(HOUR_MS);
      const doctor = await command([
        "doctor",
        "--config",
        join(folder, "gateway.toml"),
        "--set",
        `http.listen=${gateway.http}`,
      ]);
      expect(doctor.out.replaceAll(/\s+/g, " ")).toContain("they go up all the same");
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a canary comes back; behind a link that takes all and brings nothing it does not, and that is an alarm",
    async () => {
      const well = await until("flow", ({ flow }) => flow.canary.roundTripMs !== null);
      expect(well.flow).toMatchObject({ alarms: [], paused: null });
      expect(well.flow.canary.roundTripMs).toBeLessThan(20_000);
      expect(await command(["uplink", "status", "flow", "--http", gateway.http])).toMatchObject({
        code: 0,
        out: expect.stringContaining("there and back"),
      });
      for (const proxy of rig.proxies) proxy.partitioned = true;
      try {
        const stuck = await until("flow", ({ flow }) => flow.alarms.length > 0);
        expect(stuck.flow.alarms[0]?.reason).toMatch(
          /canary|nothing goes up|no answer|backing off|connecting/,
        );
        expect(await command(["uplink", "status", "flow", "--http", gateway.http])).toMatchObject({
          code: 1,
          out: expect.stringContaining("ALARM for"),
        });
        expect(gateway.log()).toContain("nothing flows");
        const metrics = await (await fetch(`http://${gateway.http}/metrics`)).text();
        expect(metrics).toMatch(/headwater_uplink_flow_alarms\{uplink="flow"\} [1-9]/);
      } finally {
        for (const proxy of rig.proxies) proxy.heal();
      }
      await until("flow", ({ flow }) => flow.alarms.length === 0);
      expect(gateway.log()).toContain("it flows again");
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "a topic that the centre denies from now on is an alarm of its own, while others flow",
    async () => {
      await produce("free", ["1"], Date.now());
      await produce("denied", ["1"], Date.now());
      await until("flow", ({ lagRecords }) => lagRecords === 0);
      const deny = [
        "--add",
        "--deny-principal",
        "User:ANONYMOUS",
        "--operation",
        "Write",
        "--topic",
        "denied",
      ];
      await rig.kafka.tool(
        "org.apache.kafka.tools.AclCommand",
        ...["--bootstrap-server", rig.kafka.bootstrap, ...deny],
      );
      await produce("denied", ["2"], Date.now());
      const alarmed = await until("flow", ({ flow }) => flow.alarms.some(({ topic }) => topic === "denied"));
      expect(alarmed.flow.alarms).toMatchObject([
        { topic: "denied", reason: expect.stringContaining("AUTHORIZATION_FAILED") },
      ]);
      await produce("free", ["2"], Date.now());
      await until("flow", ({ flow }) => flow.topics.find(({ topic }) => topic === "free")?.lagRecords === 0);
      const waits = (await uplinkOf("flow")).flow;
      expect(waits.topics.find(({ topic }) => topic === "denied")).toMatchObject({ lagRecords: 1 });
      expect(waits.topics.find(({ topic }) => topic === "denied")?.lagBytes).toBeGreaterThan(0);
    },
    TEST_TIMEOUT_MS,
  );
});
