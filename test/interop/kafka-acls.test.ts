import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";
import { kafkaTool, realKafkaMissing } from "../support/kafka/real-kafka.ts";
import { run, runWell } from "./clients/run.ts";
import { Results } from "./results.ts";
import { programsMissing, required } from "./tools.ts";

/** Rights given and taken with Kafka's own kafka-acls, to clients that log in. */
const START_MS = 60_000;
const PASSWORD = "not-a-secret";
const results = new Results("kafka-acls");
let gateway: Headwater;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "headwater-acls-"));
  for (const user of ["root", "alice"])
    await runWell([...headwaterCommand(), "user", "add", user, "--data", folder], `${PASSWORD}\n`);
  const module = "org.apache.kafka.common.security.plain.PlainLoginModule";
  const lines = [
    "security.protocol=SASL_PLAINTEXT",
    "sasl.mechanism=PLAIN",
    `sasl.jaas.config=${module} required username="root" password="${PASSWORD}";`,
  ];
  writeFileSync(join(folder, "root.properties"), lines.join("\n"));
  gateway = await startHeadwater({
    dataFolder: folder,
    settings: {
      "kafka.sasl.mechanisms": '["PLAIN"]',
      "kafka.authorizer": "acl",
      "security.super.users": '["root"]',
      "auto.create.topics.enable": "false",
    },
  });
}, START_MS);
afterAll(async () => {
  await gateway?.dispose();
  rmSync(folder, { recursive: true, force: true });
}, START_MS);

const acls = (...args: readonly string[]): Promise<string> =>
  runWell([
    ...kafkaTool("org.apache.kafka.tools.AclCommand"),
    "--bootstrap-server",
    gateway.kafka,
    "--command-config",
    join(folder, "root.properties"),
    ...args,
  ]);

function kcat(user: string, ...args: readonly string[]): readonly string[] {
  const login = ["security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN"];
  const who = [`sasl.username=${user}`, `sasl.password=${PASSWORD}`];
  const settings = [...login, ...who].flatMap((setting) => ["-X", setting]);
  return ["kcat", "-b", gateway.kafka, ...settings, ...args];
}

/** What alice reads of a topic; what she is told where she may not. */
async function read(topic: string): Promise<string> {
  const { output, errors } = await run(kcat("alice", "-C", "-t", topic, "-o", "beginning", "-e", "-q"));
  return `${output}${errors}`;
}

async function write(topic: string, text: string): Promise<string> {
  const settings = ["-X", "message.timeout.ms=5000", "-X", "allow.auto.create.topics=false"];
  const { errors } = await run(kcat("alice", "-P", "-t", topic, "-K", ":", ...settings), `${text}\n`);
  return errors;
}

describe("kafka-acls", () => {
  const reason = required(realKafkaMissing() ?? programsMissing("kcat"));

  results.test("java", "ACLs: producer, consumer, prefixes, lists, removal", reason, async () => {
    const session = [
      "-b",
      gateway.kafka,
      "--security-protocol",
      "SASL_PLAINTEXT",
      "--sasl-mechanism",
      "PLAIN",
    ];
    writeFileSync(join(folder, "password"), PASSWORD);
    const login = [...session, "--sasl-username", "root", "--sasl-password-file", join(folder, "password")];
    const headwater = (...args: readonly string[]) => runWell([...headwaterCommand(), ...args, ...login]);
    for (const topic of ["orders", "line-1", "secrets"]) await headwater("topic", "create", topic);

    expect(await write("orders", "k:one")).toContain("Topic authorization failed");
    const alice = ["--allow-principal", "User:alice"];
    expect(await acls("--add", ...alice, "--producer", "--topic", "orders")).toContain(
      "(principal=User:alice, host=*, operation=WRITE, permissionType=ALLOW)",
    );
    expect(await write("orders", "pump-1:one")).toBe("");
    expect(await read("orders")).toContain("Topic authorization failed");

    await acls(
      "--add",
      ...alice,
      "--consumer",
      "--topic",
      "line-",
      "--group",
      "g",
      "--resource-pattern-type",
      "prefixed",
    );
    expect(await read("line-1")).toBe("");
    expect(await read("secrets")).toContain("Topic authorization failed");
    // One device of the topic, and nothing else of it.
    await acls("--add", ...alice, "--operation", "Read", "--topic", "orders/pump-1");
    expect(await read("orders--pump-1")).toBe("one\n");
    expect(await read("orders--pump-2")).toContain("Topic authorization failed");

    const listed = await acls("--list");
    expect(listed).toContain("resourceType=TOPIC, name=line-, patternType=PREFIXED");
    expect(listed).toContain("resourceType=GROUP, name=g, patternType=PREFIXED");
    expect(await headwater("acl", "ls", "alice")).toContain("line-*");
    await acls("--remove", "--force", ...alice, "--producer", "--topic", "orders");
    expect(await write("orders", "pump-1:two")).toContain("Topic authorization failed");
    await headwater("acl", "remove", "alice", "--all");
    expect(await acls("--list")).not.toContain("User:alice");
    expect(await read("line-1")).toContain("Topic authorization failed");
  });
});
