import { afterAll, beforeAll, expect, test } from "bun:test";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { JavaProgram, PLUGIN_PATH, programsUnavailable } from "./java.ts";
import { createTopics, eventually, readCommitted } from "./reading.ts";

// Kafka Connect, unmodified and distributed, with exactly-once sources: from a file, through the gateway, to a file.

const missing = programsUnavailable();
if (missing !== null) console.log(`skipped: Kafka Connect (${missing})`);

const START_MS = 120_000;
const SETTLE_MS = 120_000;
const STRING = "org.apache.kafka.connect.storage.StringConverter";

let gateway: Headwater;
let folder = "";
let rest = "";

beforeAll(async () => {
  if (missing !== null) return;
  folder = mkdtempSync(join(tmpdir(), "headwater-connect-"));
  gateway = await startHeadwater({ settings: { "group.initial.rebalance.delay.ms": "0" } });
  await createTopics(gateway.kafka, 1, "lines");
  const port = await freePort();
  rest = `http://127.0.0.1:${port}`;
  const properties = {
    "bootstrap.servers": gateway.kafka,
    "group.id": "connect",
    "config.storage.topic": "connect-configs",
    "offset.storage.topic": "connect-offsets",
    "status.storage.topic": "connect-status",
    "config.storage.replication.factor": "1",
    "offset.storage.replication.factor": "1",
    "offset.storage.partitions": "5",
    "status.storage.replication.factor": "1",
    "key.converter": STRING,
    "value.converter": STRING,
    "exactly.once.source.support": "enabled",
    "offset.flush.interval.ms": "500",
    "session.timeout.ms": "6000",
    "heartbeat.interval.ms": "1000",
    "scheduled.rebalance.max.delay.ms": "1000",
    listeners: rest,
    "plugin.path": PLUGIN_PATH,
    "plugin.discovery": "service_load",
  };
  const text = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(join(folder, "worker.properties"), text.join(""));
}, 60_000);

afterAll(async () => {
  await gateway?.dispose();
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
}, 60_000);

test.skipIf(missing !== null)(
  "lines of a file arrive once each, over restarts of the worker and kills of both",
  async () => {
    const source = join(folder, "source.txt");
    const sink = join(folder, "sink.txt");
    let wanted: string[] = [];
    const feed = (count: number): void => {
      const lines = Array.from({ length: count }, (_, index) => `line ${wanted.length + index}`);
      wanted = [...wanted, ...lines];
      appendFileSync(source, `${lines.join("\n")}\n`);
    };
    const sunk = (): readonly string[] => (existsSync(sink) ? linesOf(readFileSync(sink, "utf8")) : []);
    const inTopic = async () => (await readCommitted(gateway.kafka, "lines")).map(({ value }) => value);
    const arrived = (worker: JavaProgram, exact: boolean): Promise<void> =>
      eventually(
        () => `${sunk().length} of ${wanted.length} lines arrived\n${worker.output.slice(-4000)}`,
        SETTLE_MS,
        async () => (exact ? sunk().length : new Set(sunk()).size) >= wanted.length,
      );

    feed(500);
    let worker = await startWorker();
    try {
      await configure("in", { "connector.class": "FileStreamSource", file: source, topic: "lines" });
      await configure("out", { "connector.class": "FileStreamSink", file: sink, topics: "lines" });
      await arrived(worker, true);
      expect(sunk()).toEqual(wanted);

      // A worker that is stopped in order leaves no line behind and repeats none.
      await worker.end("SIGTERM");
      feed(500);
      worker = await startWorker();
      await arrived(worker, true);
      expect(sunk()).toEqual(wanted);
      expect(await inTopic()).toEqual(wanted);

      // Whoever is killed: sources are exactly once; sinks repeat what they had not committed, and lose nothing.
      feed(300);
      await worker.end("SIGKILL");
      feed(300);
      worker = await startWorker();
      await Bun.sleep(1_000);
      await gateway.kill();
      feed(300);
      await gateway.restart();
      await arrived(worker, false);
      expect(await inTopic()).toEqual(wanted);
      expect([...new Set(sunk())].toSorted()).toEqual(wanted.toSorted());
    } finally {
      await worker.end("SIGKILL");
    }
  },
  400_000,
);

async function startWorker(): Promise<JavaProgram> {
  const main = "org.apache.kafka.connect.cli.ConnectDistributed";
  const worker = new JavaProgram(main, [join(folder, "worker.properties")], 256);
  await eventually(
    () => worker.output.slice(-4000),
    START_MS,
    async () => {
      if (!worker.running) throw new Error(`the worker ended: ${worker.output.slice(-4000)}`);
      const answer = await fetch(`${rest}/connectors`).catch(() => null);
      return answer?.status === 200;
    },
  );
  return worker;
}

async function configure(name: string, config: Readonly<Record<string, string>>): Promise<void> {
  await eventually(
    () => `connector ${name} can't be made`,
    START_MS,
    async () => {
      const answer = await fetch(`${rest}/connectors/${name}/config`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...config, name, "tasks.max": "1" }),
      });
      // 409: the group is about to share out its work anew.
      if (answer.status !== 201 && answer.status !== 409) throw new Error(await answer.text());
      return answer.status === 201;
    },
  );
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
