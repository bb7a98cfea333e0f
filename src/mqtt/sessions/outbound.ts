import { assert } from "../../base/assert.ts";
import type { MqttLimits } from "../limits.ts";
import type { Qos } from "../packets/codes.ts";
import type { OutgoingPublish } from "../packets/writer.ts";
import type { MqttStats } from "../stats.ts";
import { Fifo } from "./fifo.ts";
import type { Target } from "./targets.ts";

/** A message on its way to subscribers; one object for all of them. Its bytes are its own. */
export interface LiveMessage extends OutgoingPublish {
  readonly qos: Qos;
  readonly retain: boolean;
  /** When it is no longer worth delivering, on the monotonic clock; Infinity for never. */
  readonly expiresAtMs: number;
  /** For the bounds: bytes held, the objects' own included. */
  readonly sizeBytes: number;
}

/** The connection that a session sends through. */
export interface SubscriberLink {
  /** What the client takes unacknowledged. */
  readonly receiveMaximum: number;
  /** Whether the socket can take another message without a backlog. */
  readonly writable: boolean;
  /** Sends a PUBLISH; says "too-large" where the client's maximum packet size forbids it (MQTT-3.1.2-24). */
  sendPublish(
    message: LiveMessage,
    qos: Qos,
    retain: boolean,
    packetId: number,
    expirySec: number,
    identifiers: readonly number[],
  ): "sent" | "too-large";
}

/** What a packet identifier of ours waits for. */
type InFlight = "puback" | "pubrec" | "pubcomp";

interface Waiting {
  readonly message: LiveMessage;
  readonly target: Target;
}

const LAST_PACKET_ID = 65_535;

/**
 * A session's way out: packets under way within the client's receive maximum, and behind them a bounded queue.
 * When the queue is full the oldest or the newest message is dropped, by setting, and counted; nobody waits.
 */
export class Outbound {
  readonly #limits: MqttLimits;
  readonly #stats: MqttStats;
  readonly #inFlight = new Map<number, InFlight>();
  readonly #queue = new Fifo<Waiting>();
  #queuedBytes = 0;
  #lastPacketId = 0;
  #link: SubscriberLink | null = null;
  #dropped = 0;

  constructor(limits: MqttLimits, stats: MqttStats) {
    this.#limits = limits;
    this.#stats = stats;
  }

  get queuedMessages(): number {
    return this.#queue.length;
  }

  /** Messages that the full queue dropped. */
  get droppedMessages(): number {
    return this.#dropped;
  }

  attach(link: SubscriberLink): void {
    this.#link = link;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#link = null;
    this.#stats.queuedBytes -= this.#queuedBytes;
    this.#queuedBytes = 0;
    this.#queue.clear();
    this.#inFlight.clear();
  }

  /**
   * Sends a message, queues it, or drops one. `nowMs` is monotonic. A session whose connection is gone takes
   * nothing: it has ended with it.
   */
  deliver(message: LiveMessage, target: Target, nowMs: number): void {
    if (this.#link === null) return;
    const qos = lowerQos(message.qos, target.qos);
    if (this.#queue.length === 0 && this.#canSend(this.#link, qos)) {
      this.#send(this.#link, message, target, qos, nowMs);
    } else {
      this.#enqueue(message, target);
    }
  }

  /** Sends what the window and the socket take. */
  pump(nowMs: number): void {
    const link = this.#link;
    if (link === null) return;
    for (let head = this.#queue.peek(); head !== undefined; head = this.#queue.peek()) {
      const qos = lowerQos(head.message.qos, head.target.qos);
      if (!this.#canSend(link, qos)) return;
      this.#dequeue();
      this.#send(link, head.message, head.target, qos, nowMs);
    }
  }

  /** PUBACK. Unknown identifiers are ignored, as MQTT 5 says in 4.3.2 note. */
  acknowledged(packetId: number): void {
    if (this.#inFlight.get(packetId) === "puback") this.#inFlight.delete(packetId);
  }

  /** PUBREC. False where no such packet is under way: it gets a PUBREL that says so. */
  received(packetId: number): boolean {
    const state = this.#inFlight.get(packetId);
    if (state !== "pubrec" && state !== "pubcomp") return false;
    this.#inFlight.set(packetId, "pubcomp");
    return true;
  }

  /** PUBREC that refuses: the packet is over (MQTT 5, 4.3.3). */
  refused(packetId: number): void {
    if (this.#inFlight.get(packetId) === "pubrec") this.#inFlight.delete(packetId);
  }

  /** PUBCOMP. */
  completed(packetId: number): void {
    if (this.#inFlight.get(packetId) === "pubcomp") this.#inFlight.delete(packetId);
  }

  #canSend(link: SubscriberLink, qos: Qos): boolean {
    if (!link.writable) return false;
    return qos === 0 || this.#inFlight.size < Math.min(link.receiveMaximum, this.#limits.maxInFlight);
  }

  #send(link: SubscriberLink, message: LiveMessage, target: Target, qos: Qos, nowMs: number): void {
    let expirySec = -1;
    if (message.expiresAtMs !== Number.POSITIVE_INFINITY) {
      // MQTT-3.3.2-5, MQTT-3.3.2-6: the expiry goes on less the time that the message waited here.
      expirySec = Math.ceil((message.expiresAtMs - nowMs) / 1_000);
      if (expirySec <= 0) {
        this.#stats.messagesExpired++;
        return;
      }
    }
    const retain = target.retainAsPublished && message.retain;
    const packetId = qos === 0 ? 0 : this.#nextPacketId();
    if (link.sendPublish(message, qos, retain, packetId, expirySec, target.identifiers) === "too-large") {
      // MQTT-3.1.2-25: as if it had been delivered.
      this.#stats.messagesTooLarge++;
      return;
    }
    this.#stats.messagesSent++;
    if (qos === 0) return;
    this.#lastPacketId = packetId;
    this.#inFlight.set(packetId, qos === 1 ? "puback" : "pubrec");
  }

  /** The next identifier that nothing under way has, from 1. */
  #nextPacketId(): number {
    assert(this.#inFlight.size < LAST_PACKET_ID, "every packet identifier is in use");
    let packetId = this.#lastPacketId;
    do {
      packetId = packetId === LAST_PACKET_ID ? 1 : packetId + 1;
    } while (this.#inFlight.has(packetId));
    return packetId;
  }

  #enqueue(message: LiveMessage, target: Target): void {
    const limits = this.#limits;
    const size = message.sizeBytes;
    // What others hold is no reason to drop what this session has.
    if (this.#stats.queuedBytes + size > limits.maxTotalQueuedBytes) {
      this.#drop();
      return;
    }
    while (
      this.#queue.length >= limits.maxQueuedMessages ||
      this.#queuedBytes + size > limits.maxQueuedBytes
    ) {
      this.#drop();
      if (limits.queuePolicy === "drop-newest" || this.#queue.length === 0) return;
      this.#dequeue();
    }
    this.#queue.push({ message, target });
    this.#queuedBytes += size;
    this.#stats.queuedBytes += size;
  }

  #drop(): void {
    this.#dropped++;
    this.#stats.messagesDropped++;
  }

  #dequeue(): void {
    const size = this.#queue.shift()?.message.sizeBytes ?? 0;
    this.#queuedBytes -= size;
    this.#stats.queuedBytes -= size;
  }
}

function lowerQos(one: Qos, other: Qos): Qos {
  return one < other ? one : other;
}
