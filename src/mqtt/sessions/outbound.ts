import type { Qos } from "../packets/codes.ts";
import type { OutgoingPublish } from "../packets/writer.ts";
import type { Target } from "./targets.ts";

/** A message on its way to subscribers; one object for all of them. Its bytes are its own. */
export interface LiveMessage extends OutgoingPublish {
  readonly qos: Qos;
  readonly retain: boolean;
  /** When it is no longer worth delivering, on the monotonic clock; Infinity for never. */
  readonly expiresAtMs: number;
  /** For the bounds: bytes held, the objects' own included. */
  readonly sizeBytes: number;
  /** Left out where nobody asks what becomes of it. */
  readonly origin?: MessageOrigin;
}

/**
 * What became of a session's copy of a message: "delivered" where PUBACK or PUBREC came, which takes it over, or for QoS 0 where it was
 * sent; "dropped" for one that the session had no room for, that its client refused or can't take, or that it ended with.
 */
export type DeliveryEnd = "delivered" | "expired" | "dropped";

/** Who asks what becomes of a message. A session that has taken a copy of it tells once, after a crash maybe twice. */
export interface MessageOrigin {
  /** The same as bytes, for sessions that outlive the process. */
  readonly bytes: Uint8Array;
  ended(clientId: string, end: DeliveryEnd): void;
}

/**
 * Whether a session could be sent a message: "ready" at once, "busy" where it would wait behind others, "away" while
 * there is no connection, "ended" where there will be none.
 */
export type Readiness = "ready" | "busy" | "away" | "ended";

export type SendOutcome = "sent" | "too-large" | "forbidden";

/** The connection that a session sends through. */
export interface SubscriberLink {
  /** What the client takes unacknowledged. */
  readonly receiveMaximum: number;
  /** Whether the socket can take another message without a backlog. */
  readonly writable: boolean;
  /**
   * Sends a PUBLISH; says "too-large" where the client's maximum packet size forbids it (MQTT-3.1.2-24), "forbidden"
   * where it waited until the client had no right to it any more. Both end it as if it had been delivered.
   */
  sendPublish(
    message: LiveMessage,
    qos: Qos,
    retain: boolean,
    packetId: number,
    expirySec: number,
    identifiers: readonly number[],
    duplicate?: boolean,
  ): SendOutcome;
  /** Sends a PUBREL of success. */
  sendRelease(packetId: number): void;
}

/**
 * What a PUBREC from the client is answered with: a PUBREL at once, a PUBREL that says that there is no such
 * packet, or nothing yet, since what it says is not durable.
 */
export type Received = "release" | "unknown" | "later";

/**
 * A session's way out: packets under way within the client's receive maximum, and behind them a bounded queue.
 * When the queue is full the oldest or the newest message is dropped, by setting, and counted; nobody waits.
 * Times are of the monotonic clock.
 */
export interface Outbound {
  /** Messages that wait behind what is under way. */
  readonly queuedMessages: number;
  /** Messages sent and not acknowledged. */
  readonly flightMessages: number;
  /** Whether a message of this QoS could be sent now: for those who have a choice of sessions. */
  readiness(qos: Qos): Readiness;
  /** The session has a connection from here on; `pump` sends. */
  attach(link: SubscriberLink): void;
  /** Its connection is gone. What that means for messages under way and queued is the session's kind. */
  detach(): void;
  /**
   * The session has ended: lets go of everything. `leave` is asked of what was kept for it, if it was not sent, or sent
   * at QoS 1 and not acknowledged: true where others get it.
   */
  end(leave?: (message: LiveMessage) => boolean): void;
  /** Sends a message that is durable, queues it, or drops one. */
  deliver(message: LiveMessage, target: Target, nowMs: number): void;
  /**
   * Sends a message at once that belongs to the connection alone and is kept nowhere, if window and socket have room
   * for it and nothing waits before it. Else false, and the message is as it was.
   */
  offer(message: LiveMessage, target: Target, nowMs: number): boolean;
  /** Sends what the window and the socket take. */
  pump(nowMs: number): void;
  /** PUBACK. Unknown identifiers are ignored, as MQTT 5 says in 4.3.2 note. */
  acknowledged(packetId: number): void;
  /** PUBREC. */
  received(packetId: number): Received;
  /** PUBREC that refuses: the packet is over (MQTT 5, 4.3.3). */
  refused(packetId: number): void;
  /** PUBCOMP. */
  completed(packetId: number): void;
}

export function lowerQos(one: Qos, other: Qos): Qos {
  return one < other ? one : other;
}
