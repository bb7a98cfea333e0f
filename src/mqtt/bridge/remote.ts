import type { Qos } from "../packets/codes.ts";

/** A PUBLISH to or from the remote. Its bytes are its own. */
export interface RemoteMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** MQTT 5 properties but alias and expiry, as they stand in a packet; null for none. */
  readonly properties: Uint8Array | null;
  /** Seconds, or -1 for no end. */
  readonly expirySec: number;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly duplicate: boolean;
  /** 0 at QoS 0. */
  readonly packetId: number;
}

/** What a remote that takes the connection says of itself. */
export interface RemoteFacts {
  readonly sessionPresent: boolean;
  /** Unacknowledged messages that it takes. */
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  readonly maximumQos: Qos;
  readonly retainAvailable: boolean;
}

export type AckKind = "puback" | "pubrec" | "pubcomp";

/** Why a connection is over. */
export interface RemoteEnd {
  readonly reason: string;
  /** Whether the remote said that it wants no such client: somebody has to change something. */
  readonly refused: boolean;
}

export interface RemoteSubscription {
  readonly filter: string;
  readonly qos: Qos;
}

/** What happens on a connection to the remote; all of it in later turns than the call that caused it. */
export interface RemoteEvents {
  opened(facts: RemoteFacts): void;
  message(message: RemoteMessage): void;
  /** `reason` is an MQTT 5 reason code, 0 before. */
  acknowledged(kind: AckKind, packetId: number, reason: number): void;
  /** A PUBREL. */
  released(packetId: number): void;
  /** One code per filter, in their order: a QoS, or from 0x80 on a refusal. */
  subscribed(codes: readonly number[]): void;
  /** The socket has room again. */
  drained(): void;
  /** The last event, once. */
  closed(end: RemoteEnd): void;
}

/** One connection. Calls before `opened` and after `closed` do nothing. */
export interface RemoteLink {
  /** Bytes that the kernel has not taken. */
  readonly queuedBytes: number;
  publish(message: RemoteMessage): void;
  acknowledge(kind: "puback" | "pubrec" | "pubrel" | "pubcomp", packetId: number): void;
  /** Asks with no-local, retain as published and retained messages of new subscriptions only, where MQTT 5 has that. */
  subscribe(subscriptions: readonly RemoteSubscription[]): void;
  unsubscribe(filters: readonly string[]): void;
  /** Reads no more until `resume`. */
  pause(): void;
  resume(): void;
  /** Says goodbye where that is possible, and closes; `closed` is not called any more. */
  close(): void;
}

/** The other broker: connects, from the look-up of its name on. */
export interface Remote {
  /** With `clean` the remote forgets a session that it has for the bridge, and keeps none that begins. */
  open(events: RemoteEvents, clean: boolean): RemoteLink;
}
