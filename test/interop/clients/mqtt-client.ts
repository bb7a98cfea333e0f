/** A message as the interop tests publish it. */
export interface MqttMessage {
  readonly topic: string;
  readonly payload: string;
}

export interface ReceivedMessage extends MqttMessage {
  readonly qos: number;
  /** MQTT 5 only. */
  readonly properties?: MessageProperties;
}

/** Properties that a broker hands on unchanged (MQTT 5, 3.3.2.3). */
export interface MessageProperties {
  readonly contentType: string;
  readonly responseTopic: string;
  readonly correlationData: string;
  readonly userProperties: readonly (readonly [string, string])[];
}

export interface PublishRequest {
  /** `host:port` of the broker. */
  readonly address: string;
  readonly qos: 0 | 1 | 2;
  readonly messages: readonly MqttMessage[];
  readonly properties?: MessageProperties;
}

export interface SubscribeRequest {
  readonly address: string;
  readonly filter: string;
  /** The subscription ends with so many messages, or fails after the timeout. */
  readonly count: number;
}

/** A subscription that the broker has confirmed. */
export interface Subscription {
  /** All messages, in the order they came. */
  readonly received: Promise<readonly ReceivedMessage[]>;
}

/** How a client reaches the broker; the address is that of the one or of the other. */
export type MqttTransport = "tcp" | "websockets";

/** One unmodified MQTT client at one version of the protocol. */
export interface MqttClient {
  readonly name: string;
  readonly version: "3.1.1" | "5";
  /** Whether it can send and show the properties above. */
  readonly showsProperties: boolean;
  missing(): string | null;
  /** Returns once everything is acknowledged as its QoS asks, and the client has said goodbye. */
  publish(request: PublishRequest): Promise<void>;
  /** Subscribes with QoS 2 and returns once the broker confirmed it. */
  subscribe(request: SubscribeRequest): Promise<Subscription>;
}

/** Host and port of `host:port`. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
