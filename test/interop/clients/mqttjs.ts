import mqtt, { type IClientPublishOptions, type IPublishPacket } from "mqtt";
import { CLIENT_TIMEOUT_MS } from "./client.ts";
import type {
  MessageProperties,
  MqttClient,
  MqttTransport,
  PublishRequest,
  ReceivedMessage,
  SubscribeRequest,
  Subscription,
} from "./mqtt-client.ts";

const WINDOW = 10;

/** MQTT.js, in the test's own process. */
export class Mqttjs implements MqttClient {
  readonly name: string;
  readonly version: "3.1.1" | "5";
  readonly showsProperties: boolean;
  private readonly transport: MqttTransport;

  constructor(version: "3.1.1" | "5", transport: MqttTransport = "tcp") {
    this.version = version;
    this.transport = transport;
    this.name = `MQTT.js ${version}${transport === "tcp" ? "" : " over WebSocket"}`;
    this.showsProperties = version === "5";
  }

  missing(): string | null {
    return null;
  }

  async publish(request: PublishRequest): Promise<void> {
    const client = await this.connect(request.address);
    const options: IClientPublishOptions = { qos: request.qos };
    if (request.properties !== undefined) options.properties = toPacket(request.properties);
    const lost = Promise.withResolvers<never>();
    client.once("close", () => lost.reject(new Error("the broker closed the connection of a publisher")));
    lost.promise.catch(() => {});
    // MQTT.js itself sets no bound to what is in flight, and mosquitto hangs up on more than 20 of QoS 2.
    for (let start = 0; start < request.messages.length; start += WINDOW) {
      const window = request.messages.slice(start, start + WINDOW);
      const sent = window.map(({ topic, payload }) => client.publishAsync(topic, payload, options));
      await Promise.race([Promise.all(sent), lost.promise]);
    }
    await client.endAsync();
  }

  async subscribe(request: SubscribeRequest): Promise<Subscription> {
    const client = await this.connect(request.address);
    const messages: ReceivedMessage[] = [];
    const done = Promise.withResolvers<void>();
    client.on("message", (topic, payload, packet) => {
      const properties = fromPacket(packet);
      messages.push({ topic, payload: payload.toString(), qos: packet.qos, ...properties });
      if (messages.length === request.count) done.resolve();
    });
    await client.subscribeAsync(request.filter, { qos: 2 });
    const timer = setTimeout(() => {
      done.reject(new Error(`MQTT.js received ${messages.length} of ${request.count} messages`));
    }, CLIENT_TIMEOUT_MS);
    const received = done.promise
      .then(() => messages)
      .finally(async () => {
        clearTimeout(timer);
        await client.endAsync();
      });
    return { received };
  }

  private async connect(address: string): Promise<mqtt.MqttClient> {
    const protocolVersion = this.version === "5" ? 5 : 4;
    const options = { protocolVersion, reconnectPeriod: 0, connectTimeout: 10_000 } as const;
    const url = this.transport === "tcp" ? `mqtt://${address}` : `ws://${address}/mqtt`;
    return await mqtt.connectAsync(url, options);
  }
}

function toPacket(properties: MessageProperties): NonNullable<IClientPublishOptions["properties"]> {
  return {
    contentType: properties.contentType,
    responseTopic: properties.responseTopic,
    correlationData: Buffer.from(properties.correlationData),
    userProperties: Object.fromEntries(properties.userProperties),
  };
}

function fromPacket(packet: IPublishPacket): { readonly properties?: MessageProperties } {
  const found = packet.properties;
  if (found?.userProperties === undefined) return {};
  return {
    properties: {
      contentType: found.contentType ?? "",
      responseTopic: found.responseTopic ?? "",
      correlationData: found.correlationData?.toString() ?? "",
      userProperties: Object.entries(found.userProperties).map(([name, value]) => [name, String(value)]),
    },
  };
}
