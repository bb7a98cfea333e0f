import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { kafkaTool, realKafkaMissing } from "../support/kafka/real-kafka.ts";
import { run } from "./clients/run.ts";
import { REFERENCE } from "./target.ts";
import { programsMissing, required } from "./tools.ts";

/** The README, copied and pasted: its blocks of shell, word for word, on the default ports. */
const TOP = resolve(import.meta.dirname, "../..");
const DATA = join(TOP, "data");
const TLS = join(TOP, "tls");
const PORTS = [9092, 1883, 8080, 8883];
const START_MS = 120_000;
const blocks = [...readFileSync(join(TOP, "README.md"), "utf8").matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(
  (match) => match[1] ?? "",
);

const reason = REFERENCE ? "only Headwater has this README" : await missing();

describe.skipIf(reason !== null)(
  `the README's first five minutes${reason === null ? "" : ` (${reason})`}`,
  () => {
    let stop = (): void => {};
    beforeAll(async () => {
      stop = await gateway(blocks[0] ?? "");
    }, START_MS);
    afterAll(() => {
      stop();
      rmSync(DATA, { recursive: true, force: true });
    });

    test("has the blocks that are tried here", () => expect(blocks).toHaveLength(13));

    test("readings published by mosquitto_pub are read by headwater and by kcat", async () => {
      const output = await shell(blocks[1] ?? "");
      expect(output.match(/\{"bar": 4\.2\}/g)).toHaveLength(2);
      expect(output).toContain('pump-1  {"bar": 4.2}');
      expect(output).toContain('pump-2  {"bar": 3.9}');
    }, 60_000);

    test("one device's history, and topics that programs write", async () => {
      const [first = "", second = ""] = blocks;
      const prologue = second.split("\n")[0] ?? first;
      const output = await shell(`${prologue}\n${blocks[2] ?? ""}`);
      expect(output).toContain('"key":"pump-1"');
      expect(output).not.toContain('"key":"pump-2"');
      expect(output).toMatch(/production +1 +1/);
      expect(output).toContain("fdatasync");
    }, 60_000);

    test("one device's history out of a whole topic, into a file too", async () => {
      const prologue = (blocks[1] ?? "").split("\n")[0] ?? "";
      try {
        const output = await shell(`${prologue}\n${blocks[3] ?? ""}\ncat pumps.csv`);
        expect(output.match(/\{"bar": 4\.2\}/g)?.length).toBeGreaterThan(0);
        expect(output).toContain("pump-2");
      } finally {
        // What `--resume` notes lies beside it.
        for (const name of ["pumps.csv", "pumps.csv.replay"]) rmSync(join(TOP, name), { force: true });
      }
    }, 60_000);

    const noTools = required(realKafkaMissing());
    test.skipIf(noTools !== null)(
      "a queue with retries and dead letters",
      async () => {
        const output = await shell(`${kafkaTools()}\n${blocks[4] ?? ""}\n${blocks[5] ?? ""}`);
        expect(output.match(/^Delivery:3\tjob-/gm)).toHaveLength(3);
        expect(output).toMatch(/workers +jobs +0 +3 +0/);
        expect(output.match(/^job-\d {2}.*__dlq\.errors\.offset=\d.*delivery\.count=3/gm)).toHaveLength(3);
      },
      90_000,
    );

    test("the pattern of a retry topic", async () => {
      const prologue = (blocks[1] ?? "").split("\n")[0] ?? "";
      const read = "kcat -b 127.0.0.1:9092 -C -t dlq.tasks -o beginning -c 1 -q -f '%s %h\\n'";
      // The worker never ends: it has a process group of its own, which is ended.
      const script = `${prologue}\nset -m\n{\n${blocks[6] ?? ""}} &\nsleep 3\n${read}\nkill -- -$!`;
      expect(await shell(script)).toContain("bad from=tasks.retry,why=it failed");
    }, 60_000);

    test("what was published before, over MQTT", async () => {
      const output = await shell(blocks[7] ?? "");
      expect(output).toMatch(/^devices\/pump-1\/pressure \{"bar": 4\.2\} .*headwater\.offset:0/m);
    }, 60_000);
  },
);

describe.skipIf(reason !== null)(
  `the README's commands to devices${reason === null ? "" : ` (${reason})`}`,
  () => {
    let stop = (): void => {};
    beforeAll(async () => {
      const prologue = (blocks[1] ?? "").split("\n")[0] ?? "";
      stop = await gateway(`${prologue}\n${blocks[8] ?? ""}`);
    }, START_MS);
    afterAll(() => {
      stop();
      rmSync(DATA, { recursive: true, force: true });
    });

    test("reach a device that was away, and are reported", async () => {
      const output = await shell(blocks[9] ?? "");
      expect(output).toMatch(/^open the valve$/m);
      expect(output).toMatch(/^pump-1 {2}\{"topic":"commands".*"clientId":"pump-1","status":"delivered"/m);
    }, 60_000);
  },
);

describe.skipIf(reason !== null)(
  `the README's way to security${reason === null ? "" : ` (${reason})`}`,
  () => {
    let stop = (): void => {};
    beforeAll(async () => {
      const prologue = (blocks[1] ?? "").split("\n")[0] ?? "";
      await shell(`${prologue}\n${blocks[10] ?? ""}`);
      stop = await gateway(`${prologue}\n${blocks[11] ?? ""}`);
    }, START_MS);
    afterAll(() => {
      stop();
      for (const folder of [DATA, TLS]) rmSync(folder, { recursive: true, force: true });
    });

    test("lets a user publish to its topics, and nobody else", async () => {
      const refusals = await shell(blocks[12] ?? "");
      expect(refusals).toContain("Publish 1 failed: Not authorized");
      expect(refusals).toContain("Connection error: Not authorized");
      expect(await shell("kcat -b 127.0.0.1:9092 -C -t telemetry -o beginning -e -f '%k %s\\n'")).toBe(
        'pump-1 {"bar": 4.4}\n',
      );
    }, 60_000);
  },
);

/** Kafka's tools under the names that they have in its distribution. */
function kafkaTools(): string {
  const tools = {
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-console-share-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleShareConsumer",
    "kafka-share-groups.sh": "org.apache.kafka.tools.consumer.group.ShareGroupCommand",
  };
  return Object.entries(tools)
    .map(([name, main]) => {
      const command = kafkaTool(main).map((part) => `'${part}'`);
      return `${name}() { ${command.join(" ")} "$@" 2>&1; }`;
    })
    .join("\n");
}

async function missing(): Promise<string | null> {
  if (process.arch !== "x64") return "its commands build for x86-64";
  const programs = required(programsMissing("mosquitto_pub", "kcat"));
  if (programs !== null) return programs;
  if (existsSync(DATA)) return required("the folder data/ holds something already");
  for (const port of PORTS) if (!(await isFree(port))) return required(`port ${port} is taken`);
  return null;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}

/** Status 1 is what `headwater doctor` ends with on a machine that has a problem; what follows a failure is missing. */
async function shell(script: string): Promise<string> {
  const { status, output, errors } = await run(
    ["bash", "-c", `cd '${TOP}'\nset -e -o pipefail\n${script}`],
    "",
    80_000,
  );
  if (status > 1) throw new Error(`${script}\nended with ${status}: ${output}${errors}`);
  return output;
}

/** Runs the block that serves for ever; returns what ends it, once it is ready. */
async function gateway(script: string): Promise<() => void> {
  const child = spawn("bash", ["-c", `cd '${TOP}'\nset -e\n${script}`], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  const ready = Promise.withResolvers<void>();
  const collect = (chunk: Buffer): void => {
    printed += chunk;
    if (/^ready /m.test(printed)) ready.resolve();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  child.once("exit", () => ready.reject(new Error(printed)));
  await ready.promise;
  // The gateway is the shell's child.
  return () => {
    spawnSync("pkill", ["-KILL", "-P", String(child.pid)]);
  };
}
