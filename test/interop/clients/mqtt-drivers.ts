import { join } from "node:path";
import {
  goMqttMissing,
  JAVA_MQTT_CLASSPATH,
  javaMqttMissing,
  PAHO_GO,
  PYTHON,
  PYTHON_FOLDER,
  pythonClientsMissing,
} from "../tools.ts";
import { linesOf } from "./lines-of.ts";
import { hostAndPort, type MessageProperties } from "./mqtt-client.ts";
import type {
  ConnectOptions,
  HeardMessage,
  MqttSession,
  MqttSessionClient,
  SentMessage,
} from "./mqtt-session.ts";

/** What a driver prints: its connection, messages, and what became of the requests. */
type Told =
  | { readonly kind: "connected"; readonly sessionPresent: boolean }
  | { readonly kind: "message"; readonly message: HeardMessage }
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number; readonly error: string };

interface Request {
  readonly id: number;
  readonly do: "subscribe" | "publish" | "disconnect";
  readonly filter?: string;
  readonly qos?: number;
  readonly message?: SentMessage;
}

/** How requests and answers are written on the standard streams of a driver. */
interface Dialect {
  write(request: Request): string;
  read(line: string): Told;
}

const CONNECT_MS = 25_000;

/** paho-mqtt for Python, behind python/paho_session.py. */
export function pahoPython(version: "3.1.1" | "5"): MqttSessionClient {
  const command = (options: string): readonly string[] => [
    PYTHON,
    join(PYTHON_FOLDER, "paho_session.py"),
    options,
  ];
  return jsonDriver(`paho ${version}`, version, pythonClientsMissing, command);
}

/** paho.mqtt.golang and paho.golang, behind go/mqtt. */
export function pahoGo(version: "3.1.1" | "5"): MqttSessionClient {
  const name = version === "5" ? "paho.golang" : "paho.mqtt.golang";
  return jsonDriver(name, version, goMqttMissing, (options) => [PAHO_GO, options]);
}

/** The HiveMQ MQTT client, behind java/mqtt. */
export function hiveMq(version: "3.1.1" | "5"): MqttSessionClient {
  return {
    name: `HiveMQ client ${version}`,
    version,
    missing: javaMqttMissing,
    connect: (options) =>
      DrivenSession.start(
        ["java", "-cp", JAVA_MQTT_CLASSPATH, "MqttDriver", ...pairs(version, options)],
        TABS,
      ),
  };
}

function jsonDriver(
  name: string,
  version: "3.1.1" | "5",
  missing: () => string | null,
  command: (options: string) => readonly string[],
): MqttSessionClient {
  return {
    name,
    version,
    missing,
    connect: (options) => {
      const { address, durable = false, user = "", password = "", clientId } = options;
      const will = options.will === undefined ? null : { retain: false, ...options.will };
      const tls = options.tls ?? null;
      const asked = { ...hostAndPort(address), version, clientId, durable, will, tls, user, password };
      return DrivenSession.start(command(JSON.stringify(asked)), JSON_LINES);
    },
  };
}

const JSON_LINES: Dialect = {
  write: ({ id, do: what, filter, qos, message }) =>
    JSON.stringify({ id, do: what, filter, retain: false, ...message, qos: message?.qos ?? qos }),
  read: (line) => {
    const told = JSON.parse(line);
    if (told.connected !== undefined) return { kind: "connected", ...told.connected };
    if (told.message !== undefined) return { kind: "message", message: told.message };
    if (told.done !== undefined) return { kind: "done", id: told.done };
    return { kind: "failed", id: told.failed, error: told.error };
  },
};

/** Fields in base64 between tabs. */
const TABS: Dialect = {
  write: ({ id, do: what, filter = "", qos, message }) => {
    const fields = [String(id), what, message?.topic ?? filter, String(message?.qos ?? qos ?? 0)];
    if (message !== undefined) {
      fields.push(message.payload, String(message.retain ?? false));
      const { properties } = message;
      if (properties !== undefined) {
        fields.push(properties.contentType, properties.responseTopic, properties.correlationData);
        fields.push(...properties.userProperties.flat());
      }
    }
    return fields.map((field) => Buffer.from(field).toString("base64")).join("\t");
  },
  read: (line) => {
    const [kind, first = "", ...rest] = line
      .split("\t")
      .map((field) => Buffer.from(field, "base64").toString());
    if (kind === "connected") return { kind, sessionPresent: first === "true" };
    if (kind === "done") return { kind, id: Number(first) };
    if (kind === "failed") return { kind, id: Number(first), error: rest[0] ?? "" };
    return { kind: "message", message: messageOf(first, rest) };
  },
};

function messageOf(topic: string, fields: readonly string[]): HeardMessage {
  const [payload = "", qos, retain, contentType, responseTopic = "", correlationData = "", ...user] = fields;
  const message = { topic, payload, qos: Number(qos), retain: retain === "true" };
  if (contentType === undefined) return message;
  const userProperties = user.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name, user[index + 1] ?? ""]] : [],
  );
  const properties: MessageProperties = { contentType, responseTopic, correlationData, userProperties };
  return { ...message, properties };
}

function pairs(version: string, options: ConnectOptions): readonly string[] {
  const { address, clientId, durable, will, tls, user, password } = options;
  const { host, port } = hostAndPort(address);
  const named: Record<string, string | undefined> = {
    version,
    host,
    port: String(port),
    clientId,
    durable: durable === true ? "yes" : undefined,
    "will.topic": will?.topic,
    "will.payload": will?.payload,
    "will.qos": will === undefined ? undefined : String(will.qos),
    "will.retain": String(will?.retain ?? false),
    "tls.ca": tls?.ca,
    "tls.cert": tls?.cert,
    "tls.key": tls?.key,
    user,
    password,
  };
  return Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

/** A session in a process of its own. */
class DrivenSession implements MqttSession {
  sessionPresent: boolean | null = null;
  readonly heard: HeardMessage[] = [];
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #dialect: Dialect;
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  readonly #connected = Promise.withResolvers<void>();
  #nextId = 1;

  private constructor(command: readonly string[], dialect: Dialect) {
    this.#dialect = dialect;
    this.#child = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
    void this.#listen();
  }

  static async start(command: readonly string[], dialect: Dialect): Promise<MqttSession> {
    const session = new DrivenSession(command, dialect);
    const late = setTimeout(() => session.#child.kill("SIGKILL"), CONNECT_MS);
    await session.#connected.promise.finally(() => clearTimeout(late));
    return session;
  }

  async subscribe(filter: string, qos: 0 | 1 | 2): Promise<void> {
    await this.#ask({ do: "subscribe", filter, qos });
  }

  async publish(message: SentMessage): Promise<void> {
    await this.#ask({ do: "publish", message });
  }

  async disconnect(): Promise<void> {
    await this.#ask({ do: "disconnect" });
    await this.#child.exited;
  }

  async die(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  async #ask(request: Omit<Request, "id">): Promise<void> {
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<void>();
    this.#waiting.set(id, waiting);
    this.#child.stdin.write(`${this.#dialect.write({ id, ...request })}\n`);
    this.#child.stdin.flush();
    await waiting.promise;
  }

  async #listen(): Promise<void> {
    const errors = new Response(this.#child.stderr).text();
    for await (const line of linesOf(this.#child.stdout)) this.#take(this.#dialect.read(line));
    const ended = new Error(`a client has ended: ${(await errors).slice(-1_000)}`);
    this.#connected.reject(ended);
    this.#connected.promise.catch(() => {});
    for (const { reject } of this.#waiting.values()) reject(ended);
  }

  #take(told: Told): void {
    switch (told.kind) {
      case "connected":
        this.sessionPresent = told.sessionPresent;
        this.#connected.resolve();
        return;
      case "message":
        this.heard.push(told.message);
        return;
      case "done":
        this.#waiting.get(told.id)?.resolve();
        this.#waiting.delete(told.id);
        return;
      case "failed":
        this.#waiting.get(told.id)?.reject(new Error(told.error));
        this.#waiting.delete(told.id);
    }
  }
}
