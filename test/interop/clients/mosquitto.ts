import { programsMissing } from "../tools.ts";
import { CLIENT_TIMEOUT_MS } from "./client.ts";
import { subscribeByProcess } from "./lines-of.ts";
import {
  hostAndPort,
  type MessageProperties,
  type MqttClient,
  type PublishRequest,
  type ReceivedMessage,
  type SubscribeRequest,
  type Subscription,
} from "./mqtt-client.ts";
import { runWell } from "./run.ts";

const MARK = "message";

/** mosquitto_pub and mosquitto_sub (libmosquitto). */
export class Mosquitto implements MqttClient {
  readonly name: string;
  readonly version: "3.1.1" | "5";
  readonly showsProperties = false;

  constructor(version: "3.1.1" | "5") {
    this.version = version;
    this.name = `mosquitto ${version}`;
  }

  missing(): string | null {
    return programsMissing("mosquitto_pub", "mosquitto_sub");
  }

  async publish(request: PublishRequest): Promise<void> {
    // One run writes to one topic: messages go in runs of the same topic, so their order per topic stays.
    for (const [topic, messages] of Map.groupBy(request.messages, (message) => message.topic)) {
      const command = ["mosquitto_pub", ...this.connection(request.address), "-q", String(request.qos)];
      command.push("-t", topic, "-l", ...propertyArguments(request.properties));
      await runWell(command, messages.map((message) => `${message.payload}\n`).join(""));
    }
  }

  async subscribe(request: SubscribeRequest): Promise<Subscription> {
    const command = [
      "mosquitto_sub",
      ...this.connection(request.address),
      "-q",
      "2",
      "-d",
      "-t",
      request.filter,
    ];
    command.push("-C", String(request.count), "-F", `${MARK}\t%q\t%t\t%p`);
    const isReady = (line: string): boolean => line.startsWith("Subscribed (mid");
    // -d and the messages share one output, so libc has to write line by line.
    return await subscribeByProcess(
      ["stdbuf", "-oL", ...command],
      request.count,
      isReady,
      parseMessage,
      CLIENT_TIMEOUT_MS,
    );
  }

  private connection(address: string): readonly string[] {
    const { host, port } = hostAndPort(address);
    return ["-h", host, "-p", String(port), "-V", this.version === "5" ? "mqttv5" : "mqttv311"];
  }
}

function propertyArguments(properties: MessageProperties | undefined): readonly string[] {
  if (properties === undefined) return [];
  const given = ["-D", "publish", "content-type", properties.contentType];
  given.push("-D", "publish", "response-topic", properties.responseTopic);
  given.push("-D", "publish", "correlation-data", properties.correlationData);
  for (const [name, value] of properties.userProperties)
    given.push("-D", "publish", "user-property", name, value);
  return given;
}

function parseMessage(line: string): ReceivedMessage | null {
  const [mark, qos = "", topic = "", ...payload] = line.split("\t");
  return mark === MARK ? { qos: Number(qos), topic, payload: payload.join("\t") } : null;
}
