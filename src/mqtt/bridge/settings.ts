import type { Qos } from "../packets/codes.ts";

/**
 * Which topics are carried one way. On either side a topic is that side's prefix and what matches the pattern, as
 * in mosquitto's `topic PATTERN DIRECTION QOS LOCAL-PREFIX REMOTE-PREFIX`.
 */
export interface BridgeRule {
  /** A topic filter behind the prefixes; empty where the prefixes are whole topics. */
  readonly pattern: string;
  /** In: what is subscribed with. Out: the most that messages are sent with. */
  readonly qos: Qos;
  readonly localPrefix: string;
  readonly remotePrefix: string;
}

/** What one `[bridge.NAME]` says, and the limits it works within. */
export interface BridgeSettings {
  readonly name: string;
  /** `gateway.id`: names the gateway in the path that messages carry. */
  readonly gatewayId: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly version: 4 | 5;
  readonly clientId: string;
  readonly userName: string | null;
  readonly keepAliveSec: number;
  /** How long the remote keeps the session while it hears nothing, in MQTT 5. */
  readonly sessionExpirySec: number;
  /** In 3.1.1: ask to be taken for a bridge, as mosquitto does; a remote that refuses is asked without. */
  readonly tryPrivate: boolean;
  readonly in: readonly BridgeRule[];
  readonly out: readonly BridgeRule[];
  /** Where a topic is begun that no position is known of, when the bridge is new. */
  readonly from: "earliest" | "latest";
  readonly limits: BridgeLimits;
}

export interface BridgeLimits {
  /** QoS 1 and 2 messages under way to the remote, and in MQTT 5 from it. */
  readonly maxInFlight: number;
  /** Bytes of messages from the remote that wait for the disk; above it nothing more is read. */
  readonly maxUnsettledBytes: number;
  /** QoS 2 messages of the remote that it has not released: they are saved with every step. */
  readonly maxUnreleased: number;
  /** Messages read ahead for the remote, and their bytes. */
  readonly maxReadyMessages: number;
  readonly maxReadyBytes: number;
  /** Largest packet, either way. */
  readonly maxPacketBytes: number;
  /** Bytes that may wait in the socket before no more is sent. */
  readonly maxSocketBytes: number;
  /** Messages of one partition that may be done while an older one is not. */
  readonly maxAhead: number;
  /** From the name's look-up to the CONNACK, and from SUBSCRIBE to SUBACK. */
  readonly connectTimeoutMs: number;
  /** A remote that leaves a message unacknowledged for so long is taken for hung. */
  readonly ackTimeoutMs: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** A connection that lived so long was a good one: the next failure begins with the first wait. */
  readonly stableMs: number;
  /** How often the positions are saved while messages flow. */
  readonly savePositionMs: number;
  /** How often a message is sent again that the remote refuses for a reason that may pass. */
  readonly maxRefusals: number;
}

export const DEFAULT_BRIDGE_LIMITS: BridgeLimits = {
  maxInFlight: 100,
  maxUnsettledBytes: 4 * 1024 * 1024,
  maxUnreleased: 1_000,
  maxReadyMessages: 1_000,
  maxReadyBytes: 1024 * 1024,
  maxPacketBytes: 1024 * 1024,
  maxSocketBytes: 256 * 1024,
  maxAhead: 1_000,
  connectTimeoutMs: 10_000,
  ackTimeoutMs: 30_000,
  backoffMs: 500,
  maxBackoffMs: 60_000,
  stableMs: 10_000,
  savePositionMs: 1_000,
  maxRefusals: 10,
};
