import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { clusterAt } from "../../src/cli/kafka-session.ts";
import { ALTER_USER_SCRAM_CREDENTIALS_REQUEST } from "../../src/kafka/wire/generated/alter-user-scram-credentials-request.ts";
import { ALTER_USER_SCRAM_CREDENTIALS_RESPONSE } from "../../src/kafka/wire/generated/alter-user-scram-credentials-response.ts";
import { run } from "../cli/support.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";

const TEST_TIMEOUT_MS = 60_000;
const root = mkdtempSync(join(tmpdir(), "headwater-encrypted-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const keyFile = join(root, "key");
writeFileSync(keyFile, `${crypto.getRandomValues(new Uint8Array(32)).toBase64()}\n`);
const WITH_KEY = { "storage.encryption.key.file": keyFile };
const keyFlag = (file: string) => ["--set", `storage.encryption.key.file=${file}`];

/** Contents of all files of the folder; names are not encrypted. */
function contentsOf(folder: string): readonly (readonly [path: string, content: Buffer])[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => [path, readFileSync(path)] as const);
}

function holdersOf(folder: string, word: string): readonly string[] {
  return contentsOf(folder)
    .filter(([, content]) => content.includes(word))
    .map(([path]) => path);
}

async function alterScram(kafka: string, name: string): Promise<void> {
  const cluster = clusterAt("bootstrap", kafka);
  const api = {
    request: ALTER_USER_SCRAM_CREDENTIALS_REQUEST,
    response: ALTER_USER_SCRAM_CREDENTIALS_RESPONSE,
  };
  const secret = {
    mechanism: 1,
    iterations: 4096,
    salt: new Uint8Array(16),
    saltedPassword: new Uint8Array(32),
  };
  const reply = await cluster.request("any", api, () => ({
    deletions: [],
    upsertions: [{ name, ...secret }],
  }));
  cluster.close();
  if (reply.kind !== "answered") throw reply.error;
  expect(reply.response.results.map(({ errorCode }) => errorCode)).toEqual([0]);
}

async function publish(address: string): Promise<void> {
  const options = { clientId: "client-canary", clean: false, reconnectPeriod: 0 };
  const client = await mqtt.connectAsync(`mqtt://${address}`, options);
  await client.subscribeAsync("canary-filter/#", { qos: 1 });
  await client.publishAsync("line/canary-topic", "retained-canary", { qos: 1, retain: true });
  await client.publishAsync("line/canary-topic", "published-canary", { qos: 1 });
  client.end(true);
}

/** Has it keep a word wherever one can be kept. */
async function fill(gateway: Headwater): Promise<void> {
  const at = ["-b", gateway.kafka];
  const lines = Array.from({ length: 2000 }, (_, i) => `key-canary-${i % 50}:value-canary-${i}\n`);
  const produced = await run(["produce", "telemetry", "-K", ":", "-H", "header=header-canary", ...at], {
    stdin: lines,
  });
  expect(produced.code).toBe(0);
  expect((await run(["acl", "add", "canary-user", "-t", "canary*", "--allow", "read", ...at])).code).toBe(0);
  await alterScram(gateway.kafka, "scram-canary");
  await publish(gateway.mqtt);
}

test(
  "no word of a killed gateway is on its disk, and all of it is there with the key",
  async () => {
    const settings = { "kafka.authorizer": "acl", "kafka.acl.allow.if.none": "true", ...WITH_KEY };
    const data = join(root, "data");
    const allowed = { ...settings, "security.super.users": "ANONYMOUS" };
    const gateway = await startHeadwater({ dataFolder: data, settings: allowed });
    try {
      await fill(gateway);
      await gateway.kill();
      expect(holdersOf(data, "canary")).toEqual([]);
      const verified = await run(["verify", "--data", data, ...keyFlag(keyFile)]);
      expect(verified).toMatchObject({ code: 0 });
      await gateway.restart();
      const at = ["-b", gateway.kafka];
      const read = await run(["consume", "telemetry", "--from", "earliest", "-e", "-o", "json", ...at]);
      expect(read.out.match(/value-canary-/g)?.length).toBe(2000);
      expect((await run(["acl", "ls", ...at])).out).toContain("canary-user");
      const backup = join(root, "running.backup");
      const taken = await run(["backup", "--http", gateway.http, "--to", backup]);
      expect(taken).toMatchObject({ code: 0 });
      expect(await gateway.stop()).toBe(0);
      expect(holdersOf(data, "canary")).toEqual([]);
      // A backup is in the clear; what is restored from it is as the folder is.
      const restored = join(root, "restored");
      expect((await run(["restore", "--data", restored, "--from", backup, ...keyFlag(keyFile)])).code).toBe(
        0,
      );
      expect(holdersOf(restored, "canary")).toEqual([]);
      const again = await run(["verify", "--data", restored, ...keyFlag(keyFile)]);
      expect(again).toMatchObject({ code: 0 });
      expect(again.out).toContain("shut down cleanly");
    } finally {
      await gateway.dispose();
    }
  },
  TEST_TIMEOUT_MS,
);

test(
  "a folder is encrypted, put under another key and decrypted; damage is found as in any other",
  async () => {
    const data = join(root, "converted");
    const gateway = await startHeadwater({ dataFolder: data });
    const lines = Array.from({ length: 500 }, (_, i) => `pump-${i % 5}:value-canary-${i}\n`);
    await run(["produce", "telemetry", "-K", ":", "-b", gateway.kafka], { stdin: lines });
    await gateway.stop();
    await gateway.dispose();
    expect(holdersOf(data, "canary").length).toBeGreaterThan(0);
    const before = (await run(["verify", "--data", data])).out;

    const on = await run(["encryption", "on", "--data", data, ...keyFlag(keyFile)]);
    expect(on).toMatchObject({ code: 0, err: "" });
    expect(holdersOf(data, "canary")).toEqual([]);
    expect((await run(["verify", "--data", data, ...keyFlag(keyFile)])).out).toBe(before);
    expect((await run(["encryption", "on", "--data", data, ...keyFlag(keyFile)])).out).toContain("0 files");

    const newKey = join(root, "new-key");
    writeFileSync(newKey, crypto.getRandomValues(new Uint8Array(32)));
    const rotated = await run([
      "encryption",
      "rotate",
      "--data",
      data,
      "--new-key",
      newKey,
      ...keyFlag(keyFile),
    ]);
    expect(rotated).toMatchObject({ code: 0, err: "" });
    const refused = await run(["verify", "--data", data, ...keyFlag(keyFile)]);
    expect([refused.code, refused.err.includes("of before a rotation")]).toEqual([2, true]);
    expect((await run(["verify", "--data", data, ...keyFlag(newKey)])).out).toBe(before);

    const copy = join(root, "damaged");
    cpSync(data, copy, { recursive: true });
    const segment = join(copy, "telemetry-0", "00000000000000000000.log");
    const bytes = readFileSync(segment);
    // In the first block: behind the header and three slots of 16 KiB.
    const at = 512 + 3 * (48 + 16_384) + 5000;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(segment, bytes);
    const damaged = await run(["verify", "--data", copy, ...keyFlag(newKey)]);
    expect(damaged.code).toBe(1);
    expect(damaged.out).toContain("telemetry-0");
    const repaired = await run(["repair", "--apply", "--data", copy, ...keyFlag(newKey)]);
    expect(repaired).toMatchObject({ code: 0 });
    expect(holdersOf(copy, "canary")).toEqual([]);

    const off = await run(["encryption", "off", "--data", data, ...keyFlag(newKey)]);
    expect(off).toMatchObject({ code: 0, err: "" });
    expect(readdirSync(data).filter((name) => /keyring|encryption/.test(name))).toEqual([]);
    expect((await run(["verify", "--data", data])).out).toBe(before);
    expect(holdersOf(data, "canary").length).toBeGreaterThan(0);
  },
  TEST_TIMEOUT_MS,
);
