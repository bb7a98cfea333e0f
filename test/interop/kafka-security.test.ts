import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { issue, newAuthority } from "../support/certificates.ts";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";
import { kafkaTool, realKafkaMissing } from "../support/kafka/real-kafka.ts";
import { lines, run, runWell } from "./clients/run.ts";
import { Results } from "./results.ts";
import {
  FRANZ_GO_SECURE,
  goSecureMissing,
  PYTHON,
  PYTHON_FOLDER,
  programsMissing,
  pythonClientsMissing,
  required,
} from "./tools.ts";

/** Unmodified Kafka clients that log in by SASL, with TLS and without, and that show certificates. */
const START_MS = 60_000;
const TOOLS = "org.apache.kafka.tools";
const ANNA = { user: "anna", password: "brackish water" } as const;
const MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] as const;
const ISSUER = "https://plant.example";
const VALUES = ["one", "two", "three"];
const results = new Results("kafka-security");
const folder = mkdtempSync(join(tmpdir(), "headwater-kafka-security-"));
/** Where one logs in, and where one shows a certificate. */
let logins: Headwater;
let certificates: Headwater;
let token: string;

type Protocol = "SASL_PLAINTEXT" | "SASL_SSL" | "SSL";
interface Way {
  readonly protocol: Protocol;
  readonly mechanism?: (typeof MECHANISMS)[number];
  /** Another than Anna's. */
  readonly password?: string;
  /** Whose certificate is shown. */
  readonly shows?: "pump-1" | "stranger";
}

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const tlsAddress = (of: Headwater) => /kafkaTls=(\S+)/.exec(of.log())?.[1] ?? "";

beforeAll(async () => {
  const authority = newAuthority();
  const server = issue(authority, { commonName: "localhost", dns: ["localhost"], ip: [127, 0, 0, 1] });
  const pump = issue(authority, { commonName: "pump-1" });
  const stranger = issue(newAuthority("another authority"), { commonName: "pump-1" });
  for (const [name, issued] of Object.entries({ "pump-1": pump, stranger })) {
    file(`${name}.pem`, issued.certificate);
    file(`${name}.key`, issued.key);
    file(`${name}.both`, `${issued.key}${issued.certificate}`);
  }
  const settings = {
    "kafka.tls.listen": "127.0.0.1:0",
    "tls.certificate.file": file("server.pem", server.certificate),
    "tls.key.file": file("server.key", server.key),
    "tls.ca.file": file("ca.pem", authority.certificate),
    "mqtt.listen": "127.0.0.1:0",
  };
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  token = await new SignJWT({})
    .setProtectedHeader({ alg: "RS256", kid: "one" })
    .setIssuer(ISSUER)
    .setAudience("kafka")
    .setSubject("pump-3")
    .setExpirationTime("10m")
    .sign(privateKey);
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" }] };
  const saslSettings = {
    ...settings,
    "sasl.oauthbearer.jwks.endpoint.url": pathToFileURL(file("keys.json", JSON.stringify(keys))).href,
    "sasl.oauthbearer.expected.issuer": ISSUER,
    "sasl.oauthbearer.expected.audience": "kafka",
    "kafka.sasl.mechanisms": MECHANISMS.join(","),
    "connections.max.reauth.ms": "2s",
    "security.users.file": join(folder, "users"),
  };
  const set = Object.entries(saslSettings).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const add = [...headwaterCommand(), "user", "add", ANNA.user, "--data", folder, ...set];
  await runWell(add, `${ANNA.password}\n`);
  [logins, certificates] = await Promise.all([
    startHeadwater({ settings: saslSettings }),
    startHeadwater({ settings: { ...settings, "kafka.tls.client.auth": "required" } }),
  ]);
}, START_MS);
afterAll(async () => {
  for (const one of [logins, certificates]) await one?.dispose();
  rmSync(folder, { recursive: true, force: true });
}, START_MS);

const bootstrap = ({ protocol }: Way) =>
  protocol === "SSL" ? tlsAddress(certificates) : protocol === "SASL_SSL" ? tlsAddress(logins) : logins.kafka;

/** librdkafka's names. */
function librdkafka(way: Way): Readonly<Record<string, string>> {
  const { protocol, mechanism, shows, password = ANNA.password } = way;
  return {
    "bootstrap.servers": bootstrap(way),
    "security.protocol": protocol.toLowerCase(),
    ...(protocol === "SASL_PLAINTEXT" ? {} : { "ssl.ca.location": join(folder, "ca.pem") }),
    ...(shows === undefined
      ? {}
      : {
          "ssl.certificate.location": join(folder, `${shows}.pem`),
          "ssl.key.location": join(folder, `${shows}.key`),
        }),
    ...(mechanism === "OAUTHBEARER" ? { "sasl.mechanisms": mechanism } : {}),
    ...(mechanism === undefined || mechanism === "OAUTHBEARER"
      ? {}
      : { "sasl.mechanisms": mechanism, "sasl.username": ANNA.user, "sasl.password": password }),
  };
}

/** A file of settings for Kafka's own tools. */
function javaConfig(way: Way, user: { user: string; password: string } = ANNA): string {
  const { protocol, mechanism, shows } = way;
  const module = mechanism === "PLAIN" ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
  const text = [
    `security.protocol=${protocol}`,
    ...(protocol === "SASL_PLAINTEXT"
      ? []
      : ["ssl.truststore.type=PEM", `ssl.truststore.location=${join(folder, "ca.pem")}`]),
    ...(shows === undefined
      ? []
      : ["ssl.keystore.type=PEM", `ssl.keystore.location=${join(folder, `${shows}.both`)}`]),
    ...(mechanism === undefined
      ? []
      : [
          `sasl.mechanism=${mechanism}`,
          `sasl.jaas.config=org.apache.kafka.common.security.${module} required username="${user.user}" password="${user.password}";`,
        ]),
    "request.timeout.ms=10000",
    "default.api.timeout.ms=15000",
    "max.block.ms=15000",
  ].join("\n");
  return file(`${Bun.hash(text)}.properties`, text);
}

async function tool(mainClass: string, way: Way, args: readonly string[], input = ""): Promise<string> {
  const { output, errors } = await run(
    [
      ...kafkaTool(mainClass),
      "--bootstrap-server",
      bootstrap(way),
      "--command-config",
      javaConfig(way),
      ...args,
    ],
    input,
  );
  return `${output}${errors}`;
}

const SCRAM_256: Way = { protocol: "SASL_PLAINTEXT", mechanism: "SCRAM-SHA-256" };
const SCRAM_512: Way = { protocol: "SASL_SSL", mechanism: "SCRAM-SHA-512" };
const PLAIN: Way = { protocol: "SASL_SSL", mechanism: "PLAIN" };
const MUTUAL: Way = { protocol: "SSL", shows: "pump-1" };
const WAYS: readonly (readonly [string, Way])[] = [
  ["SASL_PLAINTEXT by SCRAM-SHA-256", SCRAM_256],
  ["SASL_SSL by SCRAM-SHA-512", SCRAM_512],
  ["SASL_SSL by PLAIN", PLAIN],
  ["SSL with a certificate of its own", MUTUAL],
];

let topics = 0;

describe("franz-go", () => {
  const reason = required(goSecureMissing());
  const request = (way: Way, more: object) => {
    const { protocol, mechanism = "", shows, password = ANNA.password } = way;
    const own =
      shows === undefined
        ? {}
        : { certificate: join(folder, `${shows}.pem`), key: join(folder, `${shows}.key`) };
    const authority = protocol === "SASL_PLAINTEXT" ? "" : join(folder, "ca.pem");
    const who = { mechanism, user: ANNA.user, password, authority, ...own };
    return JSON.stringify({ bootstrap: bootstrap(way), topic: `go-${topics++}`, ...who, ...more });
  };
  for (const [what, way] of WAYS) {
    results.test("franz-go", what, reason, async () => {
      const output = await runWell([FRANZ_GO_SECURE, request(way, { values: VALUES })]);
      expect(lines(output)).toEqual(VALUES);
    });
  }
  results.test("franz-go", "a wrong password, and a stranger's certificate", reason, async () => {
    for (const way of [
      { ...SCRAM_512, password: "wrong" },
      { ...PLAIN, password: "wrong" },
      { ...MUTUAL, shows: "stranger" } as const,
    ])
      expect((await run([FRANZ_GO_SECURE, request(way, { values: [] })])).status).toBe(1);
  });
  results.test("franz-go", "SASL_SSL by OAUTHBEARER", reason, async () => {
    const way: Way = { protocol: "SASL_SSL", mechanism: "OAUTHBEARER", password: token };
    const output = await runWell([FRANZ_GO_SECURE, request(way, { values: VALUES })]);
    expect(lines(output)).toEqual(VALUES);
    const wrong = { ...way, password: `${token.slice(0, -20)}${token.slice(0, 20)}` };
    expect((await run([FRANZ_GO_SECURE, request(wrong, { values: [] })])).status).toBe(1);
  });
  results.test("franz-go", "logins that are renewed", reason, async () => {
    const values = Array.from({ length: 8 }, (_, index) => String(index));
    const output = await runWell([FRANZ_GO_SECURE, request(SCRAM_512, { values, pauseMs: 400 })]);
    expect(lines(output)).toEqual(values);
    expect(logins.log()).not.toContain("has ended");
  });
});

describe("librdkafka", () => {
  const kcat = required(programsMissing("kcat"));
  const python = required(pythonClientsMissing());
  for (const [what, way] of WAYS) {
    results.test("kcat", what, kcat, async () => {
      const options = Object.entries(librdkafka(way)).flatMap(([name, value]) => ["-X", `${name}=${value}`]);
      const topic = `kcat-${topics++}`;
      await runWell(["kcat", ...options, "-P", "-t", topic], `${VALUES.join("\n")}\n`);
      const output = await runWell(["kcat", ...options, "-C", "-t", topic, "-o", "beginning", "-e", "-q"]);
      expect(lines(output)).toEqual(VALUES);
    });
  }
  const bearer: Way = { protocol: "SASL_SSL", mechanism: "OAUTHBEARER" };
  for (const [what, way] of [WAYS[1], WAYS[3], ["SASL_SSL by OAUTHBEARER", bearer] as const].filter(
    (one) => one !== undefined,
  )) {
    results.test("confluent-kafka", what, python, async () => {
      const request = { settings: librdkafka(way), token, topic: `confluent-${topics++}`, values: VALUES };
      const command = [PYTHON, join(PYTHON_FOLDER, "confluent_secure.py"), JSON.stringify(request)];
      expect(lines(await runWell(command))).toEqual(VALUES);
    });
  }
});

describe("Kafka's own tools", () => {
  const reason = required(realKafkaMissing());
  const java = (feature: string, body: () => Promise<void>): void =>
    results.test("java", feature, reason, body);
  java("SASL_SSL by SCRAM-SHA-512", async () => {
    const topic = `java-${topics++}`;
    const said = await tool(
      `${TOOLS}.ConsoleProducer`,
      SCRAM_512,
      ["--topic", topic],
      `${VALUES.join("\n")}\n`,
    );
    expect(said).not.toContain("Exception");
    const args = ["--topic", topic, "--from-beginning", "--max-messages", "3", "--timeout-ms", "15000"];
    const read = await tool(`${TOOLS}.consumer.ConsoleConsumer`, SCRAM_512, args);
    expect(lines(read).filter((line) => VALUES.includes(line))).toEqual(VALUES);
  });

  java("SSL with a certificate of its own", async () => {
    const said = await tool(`${TOOLS}.TopicCommand`, MUTUAL, ["--create", "--topic", "java-ssl"]);
    expect(said).toContain("Created topic java-ssl");
  });

  java("users made, told of and deleted by kafka-configs", async () => {
    const configs = (...args: string[]) =>
      tool("kafka.admin.ConfigCommand", SCRAM_256, [
        "--entity-type",
        "users",
        "--entity-name",
        "dora",
        ...args,
      ]);
    expect(
      await configs("--alter", "--add-config", "SCRAM-SHA-512=[iterations=8192,password=doras]"),
    ).toContain("Completed updating config for user dora");
    const dora = { user: "dora", password: "doras" };
    const list = [
      ...kafkaTool(`${TOOLS}.TopicCommand`),
      "--list",
      "--bootstrap-server",
      bootstrap(SCRAM_512),
    ];
    await runWell([...list, "--command-config", javaConfig(SCRAM_512, dora)]);
    expect(await configs("--alter", "--delete-config", "SCRAM-SHA-512")).toContain("Completed");
    const refused = await run([...list, "--command-config", javaConfig(SCRAM_512, dora)]);
    expect(`${refused.output}${refused.errors}`).toContain(
      "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512",
    );
  });
});
