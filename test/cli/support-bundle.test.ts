import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { parseArguments } from "../../src/cli/arguments.ts";
import { shownMessage } from "../../src/cli/support-bundle/journal.ts";
import { SECRET_FILE } from "../../src/cli/support-bundle/known-secrets.ts";
import { Mask } from "../../src/cli/support-bundle/mask.ts";
import { type BundleBug, supportBundle, supportBundleCommand } from "../../src/cli/support-bundle.ts";
import { verifiersOf } from "../../src/cli/users-file.ts";
import type { World } from "../../src/cli/world.ts";
import { settingDocs } from "../../src/config/reference.ts";
import { readTar } from "../../src/io/tar.ts";
import { issue, newAuthority } from "../support/certificates.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { run } from "./support.ts";

// Against a gateway in a process of its own, with a canary wherever a secret can be.

const root = mkdtempSync(join(tmpdir(), "headwater-bundle-"));
const path = (name: string) => join(root, name);
const DEVICE = "pump-kestrel-7";
const SECRETS: Record<string, string> = {
  "a setting": "canary-Setting-1",
  "a setting that the environment hides": "canary-Hidden-2",
  "the environment": "canary-Environment-3",
  "a password file": "canary-PasswordFile-4",
  "a bridge's password file": "canary-Bridge-5",
  "a password with quotes": 'canary-"Quoted\\-6',
};
const VALUE = "canary-value-21.5";
let gateway: Headwater;
let env: Record<string, string> = {};

beforeAll(async () => {
  const { key, certificate } = issue(newAuthority());
  const verifiers = await verifiersOf(Buffer.from("canary-User-7"), ["SCRAM-SHA-256"]);
  writeFileSync(path("users"), `ann:${verifiers}\n`);
  writeFileSync(path("key.pem"), key);
  writeFileSync(path("certificate.pem"), certificate);
  writeFileSync(path("password"), `${SECRETS["a password file"]}\n`);
  writeFileSync(path("bridge-password"), `${SECRETS["a bridge's password file"]}\n`);
  for (const [index, line] of key
    .split("\n")
    .filter((one) => /^[^-]/.test(one))
    .entries())
    SECRETS[`line ${index} of a key`] = line;
  for (const [index, text] of verifiers.split(" ").entries()) SECRETS[`verifier ${index}`] = text;
  mkdirSync(path("bin"));
  writeFileSync(path("bin/journalctl"), `#!/bin/sh\nexec cat ${path("journal")}\n`);
  chmodSync(path("bin/journalctl"), 0o755);
  writeFileSync(path("journal"), journal());
  gateway = await startHeadwater({ settings: { "gateway.id": "gw7" } });
  env = {
    PATH: path("bin"),
    HEADWATER_UPLINK_CENTRAL_SASL_PASSWORD: SECRETS["the environment"] ?? "",
  };
  await produce(gateway.kafka);
  writeFileSync(path("gateway.toml"), configuration(gateway));
}, 40_000);

afterAll(async () => {
  await gateway?.dispose();
  rmSync(root, { recursive: true });
}, 30_000);

async function produce(kafka: string): Promise<void> {
  const { code } = await run(["produce", "telemetry", "-K", "=", "-b", kafka], {
    stdin: [`${DEVICE}=${VALUE}\n`],
  });
  expect(code).toBe(0);
  const deadline = Date.now() + 10_000;
  while (!(await (await fetch(`http://${gateway.http}/metrics`)).text()).includes(DEVICE)) {
    if (Date.now() > deadline) throw new Error("the device did not become known");
    await Bun.sleep(20);
  }
}

function configuration({ dataFolder, http }: Headwater): string {
  const uplink = (name: string, ...lines: readonly string[]) =>
    [
      `[uplink.${name}]`,
      'bootstrap = ["127.0.0.1:1"]',
      'security.protocol = "SASL_SSL"',
      'sasl.username = "gw7"',
      'topics = ["telemetry"]',
      ...lines,
    ].join("\n");
  return [
    'gateway.id = "gw7"',
    `data = "${dataFolder}"`,
    `http.listen = "${http}"`,
    'mqtt.tls.listen = "127.0.0.1:0"',
    `tls.certificate.file = "${path("certificate.pem")}"`,
    `tls.key.file = "${path("key.pem")}"`,
    `security.users.file = "${path("users")}"`,
    uplink("central", `sasl.password = "${SECRETS["a setting that the environment hides"]}"`),
    uplink("second", `sasl.password = "${SECRETS["a setting"]}"`),
    uplink("third", `sasl.password = ${JSON.stringify(SECRETS["a password with quotes"])}`),
    uplink("fourth", `sasl.password.file = "${path("password")}"`),
    "[bridge.other]",
    'url = "mqtt://127.0.0.1:1"',
    'user.name = "gw7"',
    `password.file = "${path("bridge-password")}"`,
    'out = [{ filter = "a/#" }]',
    "",
  ].join("\n");
}

/** Lines that should never be written: the bundle has to stand them. */
function journal(): string {
  const entry = (SYSLOG_IDENTIFIER: string, MESSAGE: string) =>
    JSON.stringify({ __REALTIME_TIMESTAMP: "1780000000000000", SYSLOG_IDENTIFIER, MESSAGE });
  const withFields = (MESSAGE: string, fields: Readonly<Record<string, string>>) =>
    JSON.stringify({ __REALTIME_TIMESTAMP: "1780000000000000", PRIORITY: "4", MESSAGE, ...fields });
  const lines = Object.values(SECRETS).flatMap((secret) => [
    entry("systemd", `headwater serve --set x=${secret} failed`),
    entry("headwater", JSON.stringify({ level: "warn", message: "odd", error: `it is ${secret}` })),
    entry("headwater", `12:00:00.000 WARN  odd why=${JSON.stringify(`it is ${secret}`)}`),
    withFields(`odd: why=${secret} clientId=${DEVICE} payload=${VALUE}`, {
      ...{ HEADWATER_EVENT: "odd", HEADWATER_WHY: `it is "${secret}"`, HEADWATER_BYTES: "18" },
      ...{ HEADWATER_CLIENT_ID: DEVICE, HEADWATER_PAYLOAD: VALUE, HEADWATER_TOPIC: "telemetry" },
    }),
  ]);
  const said = JSON.stringify({
    level: "warn",
    message: "a message was refused",
    topic: "telemetry",
    clientId: DEVICE,
    payload: VALUE,
    error: `"${VALUE}" of ${DEVICE} is no JSON`,
    bytes: 17,
  });
  return [entry("headwater", said), ...lines].join("\n");
}

interface Files {
  readonly [name: string]: string;
}

async function unpacked(bytes: Uint8Array): Promise<Files> {
  const files: Record<string, string> = {};
  const source = async function* () {
    yield zstdDecompressSync(bytes);
  };
  for await (const entry of readTar(source())) {
    const parts: Uint8Array[] = [];
    for await (const part of entry.bytes()) parts.push(part);
    files[entry.name.replace(/^[^/]+\//, "")] = Buffer.concat(parts).toString();
  }
  return files;
}

async function bundle(args: readonly string[], bug: BundleBug = {}): Promise<Files> {
  const all = ["--config", path("gateway.toml"), ...args];
  const input = parseArguments(supportBundleCommand, all);
  if (input === null) throw new Error("help was asked for");
  const world = { env, hostName: "host", version: "1.2.3" } as unknown as World;
  return await unpacked((await supportBundle(input, world, bug)).bytes);
}

/** Where what stands, in any spelling that a file may have. */
function holders(files: Files, what: string): readonly string[] {
  const spellings = [what, JSON.stringify(what).slice(1, -1), encodeURIComponent(what)];
  return Object.entries(files).flatMap(([name, text]) =>
    spellings.some((spelling) => text.includes(spelling)) ? [name] : [],
  );
}

/** Names of secrets that are in there. */
const shownSecrets = (files: Files) =>
  Object.entries(SECRETS).flatMap(([name, secret]) => (holders(files, secret).length > 0 ? [name] : []));

test("all of a running gateway, and no secret, record or device", async () => {
  const files = await bundle([]);
  expect(Object.keys(files).toSorted()).toEqual([
    "README.txt",
    "config.toml",
    "data-folder/files.txt",
    "data-folder/topics.json",
    "doctor.json",
    "gateway/clock.json",
    "gateway/healthz.txt",
    "gateway/metrics.txt",
    "gateway/overview.json",
    "gateway/readyz.txt",
    "gateway/status.json",
    "gateway/storage.json",
    "gateway/topics.json",
    "gateway/uplinks.json",
    "host/facts.json",
    "host/process-of-the-gateway.txt",
    "host/system.txt",
    "journal.txt",
  ]);
  expect(shownSecrets(files)).toEqual([]);
  expect(holders(files, "canary-User-7")).toEqual([]);
  expect(holders(files, VALUE)).toEqual([]);
  expect(holders(files, DEVICE)).toEqual([]);
  expect(files["gateway/metrics.txt"]).toContain('{device="device#1",topic="telemetry"}');
  expect(files["gateway/readyz.txt"]).toBe("HTTP 200\nready\n");
  expect(files["config.toml"]).toContain(`# sasl.password = "***"  # ${path("gateway.toml")}:`);
  expect(files["config.toml"]).toContain("# environment HEADWATER_UPLINK_CENTRAL_SASL_PASSWORD");
  expect(files["config.toml"]).toContain(path("key.pem"));
  expect(files["journal.txt"]).toContain('"error":"\\"***\\" of device#1 is no JSON","bytes":17}');
  expect(files["journal.txt"]).toContain(
    '{"level":"warn","message":"odd","why":"it is \\"***\\"","bytes":18,"clientId":"***","payload":"***","topic":"telemetry"}',
  );
  expect(files["doctor.json"]).not.toContain('"fdatasync"');
  const topics = JSON.parse(files["data-folder/topics.json"] ?? "");
  expect(topics).toContainEqual(expect.objectContaining({ topic: "telemetry", partitions: 1 }));
  expect(files["README.txt"]).toContain("Nothing is missing.");
}, 30_000);

test("each of its cares is missed where it is left out", async () => {
  const secrets = await bundle([], { showsSecrets: true });
  expect(shownSecrets(secrets).length).toBeGreaterThan(6);
  const names = await bundle([], { showsNames: true });
  expect(holders(names, DEVICE)).toContain("gateway/metrics.txt");
  const values = await bundle(["--with-devices"], { showsValues: true });
  expect(holders(values, VALUE)).toEqual(["gateway/devices.json"]);
}, 30_000);

test("names of devices where they are asked for, still without what they sent", async () => {
  const files = await bundle(["--with-devices"]);
  expect(holders(files, DEVICE)).toEqual(["gateway/metrics.txt", "gateway/devices.json", "journal.txt"]);
  expect(JSON.parse(files["gateway/devices.json"] ?? "")[0]).toMatchObject({
    key: DEVICE,
    topic: "telemetry",
  });
  expect(holders(files, VALUE)).toEqual([]);
  expect(shownSecrets(files)).toEqual([]);
}, 30_000);

test("a configuration that is wrong is told without its values", async () => {
  const wrong = path("wrong.toml");
  const text = `data = "${gateway.dataFolder}"\nhttp.listen = "${gateway.http}"\n`;
  writeFileSync(wrong, `${text}mqtt.listen = "canary-wrong-8"\napi.key = "canary-wrong-9"\n`);
  const files = await bundle(["--set", `data=${gateway.dataFolder}`]);
  expect(files["config-problems.txt"]).toBeUndefined();
  const { code, out, err } = await run(["support-bundle", "-c", wrong, "-f", path("wrong.tar.zst")], { env });
  expect([code, out.startsWith(`${path("wrong.tar.zst")}: `)]).toEqual([0, true]);
  expect(err).toContain("not in it: settings: the configuration is wrong");
  const found = await unpacked(readFileSync(path("wrong.tar.zst")));
  expect(found["config-problems.txt"]).toContain(`${wrong}:3: mqtt.listen: `);
  expect(holders(found, "canary-wrong")).toEqual([]);
  expect(found["gateway/status.json"]).toContain('"ready": true');
  expect(found["data-folder/files.txt"]).toContain("telemetry-0/00000000000000000000.log");
}, 30_000);

test("of a gateway that is down, what its folder and its configuration say", async () => {
  const file = path("down.tar.zst");
  const args = ["-c", path("gateway.toml"), "--file", file, "-o", "json"];
  await gateway.stop();
  const outcome = await run(["support-bundle", ...args], { env: { ...env, PATH: root } });
  await gateway.restart();
  await produce(gateway.kafka);
  expect(outcome.code).toBe(0);
  const told = JSON.parse(outcome.out);
  expect(told.missing.map(({ what }: { what: string }) => what)).toEqual([
    "the running gateway",
    "journal of headwater",
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const files = await unpacked(readFileSync(file));
  expect(Object.keys(files)).toEqual(told.files);
  expect(files["README.txt"]).toContain("the running gateway: http://");
  expect(files["data-folder/topics.json"]).toContain('"telemetry"');
  expect(files["host/process-of-this-command.txt"]).toContain("== /proc/self/status");
  expect([shownSecrets(files), holders(files, VALUE), holders(files, DEVICE)]).toEqual([[], [], []]);
}, 30_000);

test("a folder, a configuration and a file that are not there", async () => {
  const none = path("none");
  expect((await run(["support-bundle", "--data", none])).code).toBe(2);
  expect(
    (await run(["support-bundle", "--data", none, "--http", "127.0.0.1:1", "-f", `${none}/a`])).code,
  ).toBe(5);
  const args = [
    "--data",
    none,
    "--http",
    "127.0.0.1:1",
    "-c",
    `${none}/c.toml`,
    "-f",
    path("little.tar.zst"),
  ];
  const { code, err } = await run(["support-bundle", ...args], { env });
  expect(code).toBe(0);
  for (const what of ["the configuration file", "the running gateway", `list of ${none}`])
    expect(err).toContain(`not in it: ${what}: `);
}, 30_000);

test("lines of the journal keep what is the gateway's own", () => {
  const shown = (line: string) => shownMessage(line, false);
  expect(shown("12:00:00.000 INFO  ready kafka=127.0.0.1:9092 lagMs=7 clientId=pump-1")).toBe(
    '12:00:00.000 INFO  ready kafka="127.0.0.1:9092" lagMs=7 clientId="***"',
  );
  expect(shown('12:00:00.000 WARN  odd list=["a b"] topic=t')).toBe("12:00:00.000 WARN  odd ***");
  expect(shown("\u001b[2m12:00:00.000\u001b[0m INFO  stopped")).toBe("12:00:00.000 INFO  stopped");
  expect(shown('{"message":"odd","nested":{"topic":"t","payload":["secret-1",5]}}')).toBe(
    '{"message":"odd","nested":{"topic":"t","payload":["***",5]}}',
  );
  expect(shown("Started headwater.service, password=abc sasl.password = 'a b' $argon2id$v=19$abc")).toBe(
    "Started headwater.service, password=*** sasl.password = *** ***",
  );
  expect(shownMessage('{"message":"odd","clientId":"pump-1","payload":"x"}', true)).toBe(
    '{"message":"odd","clientId":"pump-1","payload":"***"}',
  );
});

test("an MQTT topic, and a device's view, are no topics that are shown", () => {
  for (const [topic, shown] of [
    ["telemetry", "telemetry"],
    ["devices/pump-1/state", "***"],
    ["telemetry--pump-1", "***"],
  ] as const) {
    expect(shownMessage(JSON.stringify({ message: "odd", topic }), false)).toBe(
      `{"message":"odd","topic":"${shown}"}`,
    );
    expect(shownMessage(JSON.stringify({ message: "odd", topics: [topic] }), true)).toContain(topic);
  }
});

test("logins in addresses are hidden, other colons are not", () => {
  const mask = new Mask([], null);
  expect(mask.secrets('see https://ann:s3cret@host:80/x and "mqtt://host:1883" a@b')).toBe(
    'see https://***@host:80/x and "mqtt://host:1883" a@b',
  );
});

test("every setting that is named like a secret is one, or known to be none", () => {
  const none = [
    ...["mqtt.route.key", "mqtt.deadband.max.keys"],
    ...["uplink.NAME.route.keys", "uplink.NAME.mirror.keys", "update.keys"],
    "storage.encryption.key.credential",
  ];
  const doubtful = settingDocs().filter(
    ({ key, type }) =>
      /pass|secret|token|keys?(?:$|\.)/.test(key) && type !== "secret" && !SECRET_FILE.test(key),
  );
  expect(doubtful.map(({ key }) => key).filter((key) => !none.includes(key))).toEqual([]);
  expect(settingDocs().filter(({ key }) => SECRET_FILE.test(key)).length).toBeGreaterThan(3);
});

test("names are masked as whole words, in each of their spellings, by one number", () => {
  const mask = new Mask([], ["pump-1", "hall%2F%C3%A4", "a b", "x"]);
  expect(mask.names("pump-1, pump-12, devices/pump-1/state: pump-1.")).toBe(
    "device#1, pump-12, devices/device#1/state: device#1.",
  );
  expect(mask.names("of hall/ä and hall%2F%C3%A4 and a b, x")).toBe(
    "of device#2 and device#2 and device#3, x",
  );
  expect(mask.json({ key: "x", name: "pump-1", list: [{ device: "other" }] })).toEqual({
    key: "device#4",
    name: "device#1",
    list: [{ device: "device#5" }],
  });
  expect(mask.metrics('m{device="new\\"est",topic="pump-1"} 1')).toBe(
    'm{device="device#6",topic="device#1"} 1',
  );
});
