import { programsMissing } from "../tools.ts";
import { linesOf } from "./lines-of.ts";
import { hostAndPort, type MessageProperties } from "./mqtt-client.ts";
import type {
  ConnectOptions,
  HeardMessage,
  MqttSession,
  MqttSessionClient,
  SentMessage,
  TlsFiles,
} from "./mqtt-session.ts";
import { runWell } from "./run.ts";

const MARK = "message";
const SUBSCRIBED = "Subscribed (mid";
const SUBSCRIBE_MS = 25_000;
const GOODBYE_MS = 10_000;

/** mosquitto_sub for what is heard, one process for each filter, and mosquitto_pub for what is said. */
export function mosquitto(version: "3.1.1" | "5"): MqttSessionClient {
  return {
    name: `mosquitto ${version}`,
    version,
    missing: () => programsMissing("mosquitto_pub", "mosquitto_sub"),
    connect: async (options) => {
      const session = new MosquittoSession(version, options);
      // A will is a connection's, and these tools connect only to subscribe.
      if (options.will !== undefined) await session.subscribe(`nothing/${options.clientId}`, 0);
      return session;
    },
  };
}

class MosquittoSession implements MqttSession {
  readonly sessionPresent = null;
  readonly heard: HeardMessage[] = [];
  readonly #version: "3.1.1" | "5";
  readonly #options: ConnectOptions;
  readonly #children: Bun.Subprocess<"ignore", "pipe", "pipe">[] = [];

  constructor(version: "3.1.1" | "5", options: ConnectOptions) {
    this.#version = version;
    this.#options = options;
  }

  async subscribe(filter: string, qos: 0 | 1 | 2): Promise<void> {
    const { durable, will, clientId } = this.#options;
    const command = ["stdbuf", "-oL", "mosquitto_sub", ...this.#connection(), "-i", clientId];
    command.push("-q", String(qos), "-t", filter, "-d", "-F", `${MARK}\t%q\t%r\t%t\t%p`);
    if (durable === true) command.push("-c");
    if (durable === true && this.#version === "5") command.push("-x", "300");
    if (will !== undefined) {
      command.push(
        "--will-topic",
        will.topic,
        "--will-payload",
        will.payload,
        "--will-qos",
        String(will.qos),
      );
      if (will.retain === true) command.push("--will-retain");
    }
    const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    this.#children.push(child);
    const ready = Promise.withResolvers<void>();
    const late = setTimeout(() => child.kill("SIGKILL"), SUBSCRIBE_MS);
    void (async () => {
      const errors = new Response(child.stderr).text();
      for await (const line of linesOf(child.stdout)) {
        if (line.startsWith(SUBSCRIBED)) ready.resolve();
        const message = messageOf(line);
        if (message !== null) this.heard.push(message);
      }
      ready.reject(new Error(`mosquitto_sub has ended: ${await errors}`));
    })();
    ready.promise.catch(() => {});
    await ready.promise.finally(() => clearTimeout(late));
  }

  async publish(message: SentMessage): Promise<void> {
    const command = ["mosquitto_pub", ...this.#connection(), "-q", String(message.qos), "-t", message.topic];
    if (message.retain === true) command.push("-r");
    if (message.payload === "") command.push("-n");
    else command.push("-s");
    command.push(...propertyArguments(message.properties));
    await runWell(command, message.payload);
  }

  async disconnect(): Promise<void> {
    for (const child of this.#children) child.kill("SIGTERM");
    // It says goodbye in its signal handler, and hangs where that needs a lock that a message under way has.
    const late = setTimeout(() => this.#children.map((child) => child.kill("SIGKILL")), GOODBYE_MS);
    await Promise.all(this.#children.map(({ exited }) => exited));
    clearTimeout(late);
  }

  async die(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(this.#children.map(({ exited }) => exited));
  }

  #connection(): readonly string[] {
    const { address, tls, user, password } = this.#options;
    const { host, port } = hostAndPort(address);
    const version = this.#version === "5" ? "mqttv5" : "mqttv311";
    const command = ["-h", host, "-p", String(port), "-V", version, ...tlsArguments(tls)];
    if (user !== undefined) command.push("-u", user, "-P", password ?? "");
    return command;
  }
}

function tlsArguments(tls: TlsFiles | undefined): readonly string[] {
  if (tls === undefined) return [];
  const own = tls.cert === undefined ? [] : ["--cert", tls.cert, "--key", tls.key ?? ""];
  const version = tls.version === undefined ? [] : ["--tls-version", `tlsv${tls.version}`];
  return ["--cafile", tls.ca, ...version, ...own];
}

function propertyArguments(properties: MessageProperties | undefined): readonly string[] {
  if (properties === undefined) return [];
  const { contentType, responseTopic, correlationData, userProperties } = properties;
  const given: string[] = [];
  const add = (name: string, ...values: readonly string[]): void => {
    if (values[0] !== "") given.push("-D", "publish", name, ...values);
  };
  add("content-type", contentType);
  add("response-topic", responseTopic);
  add("correlation-data", correlationData);
  for (const [name, value] of userProperties) add("user-property", name, value);
  return given;
}

function messageOf(line: string): HeardMessage | null {
  const [mark, qos = "", retain = "", topic = "", ...payload] = line.split("\t");
  if (mark !== MARK) return null;
  return { qos: Number(qos), retain: retain === "1", topic, payload: payload.join("\t") };
}
