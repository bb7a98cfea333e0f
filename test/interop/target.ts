import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headwaterCommand, startHeadwater } from "../support/headwater.ts";
import { freePorts, startRealKafka } from "../support/kafka/real-kafka.ts";
import { runWell } from "./clients/run.ts";

/** What the clients talk to. */
export interface Target {
  /** `host:port` for Kafka clients. */
  readonly kafka: string;
  /** `host:port` for MQTT clients. */
  readonly mqtt: string;
  /** `host:port` for MQTT clients over WebSocket; empty where that was not asked for. */
  readonly mqttWebSocket: string;
  /** `host:port` for MQTT clients over TLS; empty where that was not asked for. */
  readonly mqttTls: string;
  /** `host:port` of the status pages; empty for the reference. */
  readonly http: string;
  /** Whether what MQTT clients publish arrives in topics for Kafka clients. */
  readonly joinsBoth: boolean;
  /** Ends it without a chance to tidy up, and starts it again on its data and ports. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export interface TargetOptions {
  readonly autoCreateTopics?: boolean;
  /** Further settings, under names that Kafka and Headwater share. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly doors?: readonly ("kafka" | "mqtt")[];
  /** MQTT over WebSocket too. */
  readonly webSocket?: boolean;
  /** MQTT over TLS too. */
  readonly tls?: TlsOptions;
  /** Who may connect to MQTT: names and passwords; everybody where left out. */
  readonly users?: Readonly<Record<string, string>>;
}

export interface TlsOptions {
  /** Files in PEM: the broker's certificate and key, and the authority of clients' certificates. */
  readonly certificate: string;
  readonly key: string;
  readonly authority: string;
  readonly clientsShowCertificates: boolean;
}

/**
 * Headwater, or with INTEROP_TARGET=reference a real Apache Kafka and a real mosquitto: the tests have to pass on
 * those first, or they say nothing about Headwater.
 */
export const REFERENCE: boolean = process.env.INTEROP_TARGET === "reference";

export async function startTarget(options: TargetOptions = {}): Promise<Target> {
  return REFERENCE ? await startReference(options) : await startGateway(options);
}

async function startGateway(options: TargetOptions): Promise<Target> {
  const [webPort = 0] = options.webSocket === true ? await freePorts(1) : [];
  const mqttWebSocket = webPort === 0 ? "" : `127.0.0.1:${webPort}`;
  const [tlsPort = 0] = options.tls === undefined ? [] : await freePorts(1);
  const mqttTls = tlsPort === 0 ? "" : `127.0.0.1:${tlsPort}`;
  const usersFolder = options.users === undefined ? null : mkdtempSync(join(tmpdir(), "headwater-users-"));
  const gateway = await startHeadwater({
    settings: {
      "auto.create.topics.enable": String(options.autoCreateTopics ?? true),
      "num.partitions": "1",
      ...(mqttWebSocket === "" ? {} : { "mqtt.websocket.listen": mqttWebSocket }),
      ...tlsSettings(options.tls, mqttTls),
      ...(usersFolder === null ? {} : await userSettings(usersFolder, options.users ?? {})),
      ...options.settings,
    },
  });
  return {
    kafka: gateway.kafka,
    mqtt: gateway.mqtt,
    mqttWebSocket,
    mqttTls,
    http: gateway.http,
    joinsBoth: true,
    crash: async () => {
      await gateway.kill();
      await gateway.restart();
    },
    stop: async () => {
      await gateway.dispose();
      if (usersFolder !== null) rmSync(usersFolder, { recursive: true, force: true });
    },
  };
}

function tlsSettings(tls: TlsOptions | undefined, listen: string): Readonly<Record<string, string>> {
  if (tls === undefined) return {};
  return {
    "mqtt.tls.listen": listen,
    "mqtt.tls.client.auth": tls.clientsShowCertificates ? "required" : "none",
    "tls.certificate.file": tls.certificate,
    "tls.key.file": tls.key,
    "tls.ca.file": tls.authority,
  };
}

/** Keeps the users as an administrator would. */
async function userSettings(
  folder: string,
  users: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const settings = { "security.users.file": join(folder, "users"), "security.anonymous": "deny" };
  const set = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  for (const [name, password] of Object.entries(users)) {
    await runWell([...headwaterCommand(), "user", "add", name, "--data", folder, ...set], `${password}\n`);
  }
  return settings;
}

async function startReference(options: TargetOptions): Promise<Target> {
  const doors = options.doors ?? ["kafka", "mqtt"];
  const properties = {
    "auto.create.topics.enable": String(options.autoCreateTopics ?? true),
    "num.partitions": "1",
    ...options.settings,
  };
  const kafka = doors.includes("kafka") ? await startRealKafka({ properties }) : null;
  const mosquitto = doors.includes("mqtt") ? await startMosquitto(options) : null;
  return {
    kafka: kafka?.bootstrap ?? "",
    mqtt: mosquitto?.address ?? "",
    mqttWebSocket: mosquitto?.webSocket ?? "",
    mqttTls: mosquitto?.tls ?? "",
    http: "",
    joinsBoth: false,
    crash: async () => {
      await kafka?.kill();
      await kafka?.restart();
    },
    stop: async () => {
      await kafka?.stop();
      await mosquitto?.stop();
    },
  };
}

export interface MosquittoBroker {
  readonly address: string;
  readonly webSocket: string;
  readonly tls: string;
  stop(): Promise<void>;
}

/** A real mosquitto on a free port; `settings` are lines of its configuration. */
export async function startMosquitto(
  { webSocket = false, tls, users }: TargetOptions,
  settings: readonly string[] = [],
): Promise<MosquittoBroker> {
  const [port = 0, webPort = 0, tlsPort = 0] = await freePorts(3);
  const folder = mkdtempSync(join(tmpdir(), "headwater-mosquitto-"));
  const config = join(folder, "mosquitto.conf");
  const lines = [
    `listener ${port} 127.0.0.1`,
    ...(webSocket ? [`listener ${webPort} 127.0.0.1`, "protocol websockets"] : []),
    ...(tls === undefined ? [] : [`listener ${tlsPort} 127.0.0.1`, ...tlsLines(tls)]),
    `allow_anonymous ${users === undefined}`,
    ...(users === undefined ? [] : [`password_file ${await passwordFile(folder, users)}`]),
    "max_queued_messages 0",
    "log_type error",
    // It would give its own files away to another user.
    "user root",
    ...settings,
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  const child = Bun.spawn(["mosquitto", "-c", config], { stdio: ["ignore", "ignore", "pipe"] });
  const deadline = Date.now() + 10_000;
  while (!(await accepts(port)) || (webSocket && !(await accepts(webPort)))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`mosquitto did not start: ${await new Response(child.stderr).text()}`);
    }
    await Bun.sleep(20);
  }
  return {
    address: `127.0.0.1:${port}`,
    webSocket: webSocket ? `127.0.0.1:${webPort}` : "",
    tls: tls === undefined ? "" : `127.0.0.1:${tlsPort}`,
    stop: async () => {
      child.kill("SIGTERM");
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function tlsLines(tls: TlsOptions): readonly string[] {
  const { certificate, key, authority, clientsShowCertificates } = tls;
  const files = [`certfile ${certificate}`, `keyfile ${key}`, `cafile ${authority}`];
  return [...files, `require_certificate ${clientsShowCertificates}`];
}

async function passwordFile(folder: string, users: Readonly<Record<string, string>>): Promise<string> {
  const file = join(folder, "passwords");
  writeFileSync(file, "");
  for (const [name, password] of Object.entries(users)) {
    await runWell(["mosquitto_passwd", "-b", file, name, password]);
  }
  return file;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}
