import { PYTHON, PYTHON_FOLDER, pythonClientsMissing } from "../tools.ts";
import { CLIENT_TIMEOUT_MS } from "./client.ts";
import { subscribeByProcess } from "./lines-of.ts";
import {
  hostAndPort,
  type MqttClient,
  type MqttTransport,
  type PublishRequest,
  type ReceivedMessage,
  type SubscribeRequest,
  type Subscription,
} from "./mqtt-client.ts";
import { runWell } from "./run.ts";

/** paho-mqtt for Python, behind python/paho_driver.py. */
export class Paho implements MqttClient {
  readonly name: string;
  readonly version: "3.1.1" | "5";
  readonly showsProperties: boolean;
  private readonly transport: MqttTransport;

  constructor(version: "3.1.1" | "5", transport: MqttTransport = "tcp") {
    this.version = version;
    this.transport = transport;
    this.name = `paho ${version}${transport === "tcp" ? "" : " over WebSocket"}`;
    this.showsProperties = version === "5";
  }

  missing(): string | null {
    return pythonClientsMissing();
  }

  async publish(request: PublishRequest): Promise<void> {
    const { messages, qos, properties = null } = request;
    const input = messages.map((message) => `${JSON.stringify(message)}\n`).join("");
    await runWell(this.command("publish", request.address, { qos, properties }), input);
  }

  async subscribe(request: SubscribeRequest): Promise<Subscription> {
    const { filter, count } = request;
    const command = this.command("subscribe", request.address, { filter, count });
    const isReady = (line: string): boolean => line === '"subscribed"';
    const parse = (line: string): ReceivedMessage | null => (isReady(line) ? null : JSON.parse(line));
    return await subscribeByProcess(command, count, isReady, parse, CLIENT_TIMEOUT_MS);
  }

  private command(command: string, address: string, more: object): readonly string[] {
    const request = {
      command,
      version: this.version,
      transport: this.transport,
      ...hostAndPort(address),
      ...more,
    };
    return [PYTHON, `${PYTHON_FOLDER}/paho_driver.py`, JSON.stringify(request)];
  }
}
