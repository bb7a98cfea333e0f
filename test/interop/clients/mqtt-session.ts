import type { MessageProperties } from "./mqtt-client.ts";

/** Files of a certificate authority and, where the client shows one, of its own certificate and key (PKCS #8). */
export interface TlsFiles {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  /** The one version that is spoken, for clients that can be told. */
  readonly version?: "1.2" | "1.3";
}

export interface SentMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  readonly retain?: boolean;
  /** MQTT 5 only. */
  readonly properties?: MessageProperties;
}

export interface HeardMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly properties?: MessageProperties;
}

export interface ConnectOptions {
  /** `host:port` of the broker. */
  readonly address: string;
  readonly clientId: string;
  /** Clean session 0, in MQTT 5 a session expiry of some minutes and no clean start. */
  readonly durable?: boolean;
  readonly will?: SentMessage;
  readonly tls?: TlsFiles;
  readonly user?: string;
  readonly password?: string;
}

/** One connection of an unmodified client, and what it heard. */
export interface MqttSession {
  /** Null for clients that don't show it. */
  readonly sessionPresent: boolean | null;
  /** Everything that came, in its order. */
  readonly heard: readonly HeardMessage[];
  /** Returns once the broker has confirmed it. */
  subscribe(filter: string, qos: 0 | 1 | 2): Promise<void>;
  /** Returns once it is acknowledged as its QoS asks. */
  publish(message: SentMessage): Promise<void>;
  /** Says goodbye. */
  disconnect(): Promise<void>;
  /** Dies without a word. */
  die(): Promise<void>;
}

/** A client whose connections tests can hold open. */
export interface MqttSessionClient {
  readonly name: string;
  readonly version: "3.1.1" | "5";
  missing(): string | null;
  connect(options: ConnectOptions): Promise<MqttSession>;
}

const HEARD_MS = 20_000;
const POLL_MS = 5;

/** Waits until a session has heard so many messages, of those that `counts` takes; returns these. */
export async function heard(
  session: MqttSession,
  count: number,
  counts: (message: HeardMessage) => boolean = () => true,
): Promise<readonly HeardMessage[]> {
  const deadline = Date.now() + HEARD_MS;
  for (;;) {
    const found = session.heard.filter(counts);
    if (found.length >= count) return found;
    if (Date.now() > deadline) throw new Error(`heard ${JSON.stringify(session.heard)}, wanted ${count}`);
    await Bun.sleep(POLL_MS);
  }
}
