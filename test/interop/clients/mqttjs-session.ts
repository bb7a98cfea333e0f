import { readFileSync } from "node:fs";
import mqtt, { type IClientOptions, type IClientPublishOptions } from "mqtt";
import type { MessageProperties } from "./mqtt-client.ts";
import type {
  ConnectOptions,
  HeardMessage,
  MqttSession,
  MqttSessionClient,
  SentMessage,
} from "./mqtt-session.ts";

const EXPIRY_SEC = 300;

/** MQTT.js, in the test's own process. */
export function mqttjs(version: "3.1.1" | "5"): MqttSessionClient {
  return {
    name: `MQTT.js ${version}`,
    version,
    missing: () => null,
    connect: async (asked) => {
      const scheme = asked.tls === undefined ? "mqtt" : "mqtts";
      const client = mqtt.connect(`${scheme}://${asked.address}`, optionsOf(version, asked));
      const heard: HeardMessage[] = [];
      client.on("message", (topic, payload, packet) => {
        const properties = propertiesOf(packet.properties);
        heard.push({
          topic,
          payload: payload.toString(),
          qos: packet.qos,
          retain: packet.retain,
          ...properties,
        });
      });
      const present = await new Promise<boolean>((resolve, reject) => {
        client.once("connect", (packet) => resolve(packet.sessionPresent));
        client.once("error", reject);
        client.once("close", () => reject(new Error("the broker closed the connection")));
      });
      client.on("error", () => {});
      return new MqttjsSession(client, heard, present);
    },
  };
}

class MqttjsSession implements MqttSession {
  readonly sessionPresent: boolean;
  readonly heard: readonly HeardMessage[];
  readonly #client: mqtt.MqttClient;

  constructor(client: mqtt.MqttClient, heard: readonly HeardMessage[], sessionPresent: boolean) {
    this.#client = client;
    this.heard = heard;
    this.sessionPresent = sessionPresent;
  }

  async subscribe(filter: string, qos: 0 | 1 | 2): Promise<void> {
    const granted = await this.#client.subscribeAsync(filter, { qos });
    if (granted.some((one) => one.qos > 2)) throw new Error(`refused: ${JSON.stringify(granted)}`);
  }

  async publish(message: SentMessage): Promise<void> {
    const { topic, payload, qos, retain = false, properties } = message;
    const options: IClientPublishOptions = { qos, retain };
    if (properties !== undefined) {
      const { contentType, responseTopic, correlationData, userProperties } = properties;
      options.properties = {
        ...(contentType === "" ? {} : { contentType }),
        ...(responseTopic === "" ? {} : { responseTopic }),
        correlationData: Buffer.from(correlationData),
        userProperties: Object.fromEntries(userProperties),
      };
    }
    await this.#client.publishAsync(topic, payload, options);
  }

  async disconnect(): Promise<void> {
    await this.#client.endAsync();
  }

  async die(): Promise<void> {
    this.#client.stream.destroy();
    await this.#client.endAsync(true);
  }
}

function optionsOf(version: "3.1.1" | "5", asked: ConnectOptions): IClientOptions {
  const { clientId, durable = false, will, tls, user, password } = asked;
  const is5 = version === "5";
  return {
    protocolVersion: is5 ? 5 : 4,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    clientId,
    clean: !durable,
    ...(is5 && durable ? { properties: { sessionExpiryInterval: EXPIRY_SEC } } : {}),
    ...(user === undefined ? {} : { username: user, password: password ?? "" }),
    ...(will === undefined
      ? {}
      : { will: { topic: will.topic, payload: will.payload, qos: will.qos, retain: will.retain ?? false } }),
    ...(tls === undefined
      ? {}
      : {
          ca: readFileSync(tls.ca),
          ...(tls.cert === undefined
            ? {}
            : { cert: readFileSync(tls.cert), key: readFileSync(tls.key ?? "") }),
        }),
  };
}

function propertiesOf(found: mqtt.IPublishPacket["properties"]): { readonly properties?: MessageProperties } {
  if (found?.userProperties === undefined && found?.responseTopic === undefined) return {};
  return {
    properties: {
      contentType: found.contentType ?? "",
      responseTopic: found.responseTopic ?? "",
      correlationData: found.correlationData?.toString() ?? "",
      userProperties: Object.entries(found.userProperties ?? {}).map(([name, value]) => [
        name,
        String(value),
      ]),
    },
  };
}
