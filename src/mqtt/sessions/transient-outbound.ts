import { assert } from "../../base/assert.ts";
import type { MqttLimits } from "../limits.ts";
import { type Losses, type LossReason, NO_LOSSES } from "../losses.ts";
import type { Qos } from "../packets/codes.ts";
import type { MqttStats } from "../stats.ts";
import { Fifo } from "./fifo.ts";
import { AWAITED, FlightTable } from "./flight-table.ts";
import {
  type DeliveryEnd,
  type LiveMessage,
  lowerQos,
  type Outbound,
  type Readiness,
  type Received,
  type SubscriberLink,
} from "./outbound.ts";
import type { Target } from "./targets.ts";

interface Waiting {
  readonly message: LiveMessage;
  readonly target: Target;
}

const LAST_PACKET_ID = 65_535;

/** The way out of a session that ends with its connection: all of it is in memory. */
export class TransientOutbound implements Outbound {
  readonly #limits: MqttLimits;
  readonly #stats: MqttStats;
  readonly #losses: Losses;
  readonly #inFlight = new FlightTable();
  readonly #queue = new Fifo<Waiting>();
  /** Of those under way, the ones that somebody asks for. */
  readonly #watched = new Map<number, Waiting>();
  #queuedBytes = 0;
  #lastPacketId = 0;
  #link: SubscriberLink | null = null;
  #dropped = 0;

  constructor(limits: MqttLimits, stats: MqttStats, losses: Losses = NO_LOSSES) {
    this.#limits = limits;
    this.#stats = stats;
    this.#losses = losses;
  }

  get flightMessages(): number {
    return this.#inFlight.size;
  }

  get queuedMessages(): number {
    return this.#queue.length;
  }

  /** Messages that the full queue dropped. */
  get droppedMessages(): number {
    return this.#dropped;
  }

  readiness(qos: Qos): Readiness {
    if (this.#link === null) return "ended";
    return this.#queue.length === 0 && this.#canSend(this.#link, qos) ? "ready" : "busy";
  }

  attach(link: SubscriberLink): void {
    this.#link = link;
  }

  detach(): void {
    this.end();
  }

  end(): void {
    this.#link = null;
    this.#stats.queuedBytes -= this.#queuedBytes;
    this.#stats.queuedMessages -= this.#queue.length;
    this.#queuedBytes = 0;
    for (const [packetId, waiting] of this.#watched) this.#giveUp(packetId, waiting);
    for (let waiting = this.#queue.shift(); waiting !== undefined; waiting = this.#queue.shift()) {
      const { group, session } = waiting.target;
      if (group === null) this.#lose(waiting, "session-ended");
      else group.leave(waiting.message, session);
    }
    this.#watched.clear();
    this.#inFlight.clear();
  }

  /** A session whose connection is gone takes nothing: it has ended with it. */
  deliver(message: LiveMessage, target: Target, nowMs: number): void {
    if (this.#link === null) {
      tell({ message, target }, "dropped");
      return;
    }
    const qos = lowerQos(message.qos, target.qos);
    if (this.#queue.length === 0 && this.#canSend(this.#link, qos)) {
      this.#send(this.#link, message, target, qos, nowMs);
    } else {
      this.#enqueue(message, target);
    }
  }

  offer(message: LiveMessage, target: Target, nowMs: number): boolean {
    const link = this.#link;
    const qos = lowerQos(message.qos, target.qos);
    if (link === null || this.#queue.length > 0 || !this.#canSend(link, qos)) return false;
    this.#send(link, message, target, qos, nowMs);
    return true;
  }

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

  acknowledged(packetId: number): void {
    if (this.#inFlight.get(packetId) === AWAITED.puback) this.#over(packetId, "delivered");
  }

  received(packetId: number): Received {
    const state = this.#inFlight.get(packetId);
    if (state !== AWAITED.pubrec && state !== AWAITED.pubcomp) return "unknown";
    this.#inFlight.set(packetId, AWAITED.pubcomp);
    this.#tellOf(packetId, "delivered");
    return "release";
  }

  refused(packetId: number): void {
    if (this.#inFlight.get(packetId) === AWAITED.pubrec) this.#over(packetId, "dropped");
  }

  completed(packetId: number): void {
    if (this.#inFlight.get(packetId) === AWAITED.pubcomp) this.#over(packetId, "delivered");
  }

  /**
   * A message under way at the end: at QoS 1 another of those who share the subscription gets it; at QoS 2 nobody may
   * (MQTT-4.8.2-5), since its client may have it.
   */
  #giveUp(packetId: number, waiting: Waiting): void {
    const { group, session } = waiting.target;
    if (group === null || this.#inFlight.get(packetId) !== AWAITED.puback) tell(waiting, "dropped");
    else group.leave(waiting.message, session);
  }

  #over(packetId: number, end: DeliveryEnd): void {
    this.#inFlight.set(packetId, AWAITED.nothing);
    this.#tellOf(packetId, end);
  }

  #tellOf(packetId: number, end: DeliveryEnd): void {
    if (this.#watched.size === 0) return;
    const watched = this.#watched.get(packetId);
    if (watched === undefined) return;
    this.#watched.delete(packetId);
    tell(watched, end);
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
        this.#lose({ message, target }, "expired");
        return;
      }
    }
    const retain = target.retainAsPublished && message.retain;
    const packetId = qos === 0 ? 0 : this.#nextPacketId();
    const outcome = link.sendPublish(message, qos, retain, packetId, expirySec, target.identifiers);
    if (outcome !== "sent") {
      // MQTT-3.1.2-25: as if it had been delivered.
      if (outcome === "too-large") this.#stats.messagesTooLarge++;
      else this.#stats.messagesForbidden++;
      this.#lose({ message, target }, outcome);
      return;
    }
    this.#stats.messagesSent++;
    if (qos === 0) {
      if (message.origin !== undefined) tell({ message, target }, "delivered");
      return;
    }
    this.#lastPacketId = packetId;
    this.#inFlight.set(packetId, qos === 1 ? AWAITED.puback : AWAITED.pubrec);
    if (message.origin !== undefined || target.group !== null) {
      this.#watched.set(packetId, { message, target });
    }
  }

  /** The next identifier that nothing under way has, from 1. */
  #nextPacketId(): number {
    assert(this.#inFlight.size < LAST_PACKET_ID, "every packet identifier is in use");
    let packetId = this.#lastPacketId;
    do {
      packetId = packetId === LAST_PACKET_ID ? 1 : packetId + 1;
    } while (this.#inFlight.get(packetId) !== AWAITED.nothing);
    return packetId;
  }

  #enqueue(message: LiveMessage, target: Target): void {
    const limits = this.#limits;
    const size = message.sizeBytes;
    // What others hold is no reason to drop what this session has.
    if (this.#stats.queuedBytes + size > limits.maxTotalQueuedBytes) {
      this.#drop({ message, target });
      return;
    }
    while (
      this.#queue.length >= limits.maxQueuedMessages ||
      this.#queuedBytes + size > limits.maxQueuedBytes
    ) {
      const oldest = this.#queue.peek();
      if (limits.queuePolicy === "drop-newest" || oldest === undefined) {
        this.#drop({ message, target });
        return;
      }
      this.#dequeue();
      this.#drop(oldest);
    }
    this.#queue.push({ message, target });
    this.#queuedBytes += size;
    this.#stats.queuedBytes += size;
    this.#stats.queuedMessages++;
  }

  #drop(waiting: Waiting): void {
    this.#dropped++;
    this.#stats.messagesDropped++;
    this.#lose(waiting, "queue-full");
  }

  #lose(waiting: Waiting, reason: LossReason): void {
    this.#losses.lost(reason, waiting.target.session.clientId, waiting.message);
    tell(waiting, reason === "expired" ? "expired" : "dropped");
  }

  #dequeue(): void {
    const size = this.#queue.shift()?.message.sizeBytes ?? 0;
    this.#queuedBytes -= size;
    this.#stats.queuedBytes -= size;
    this.#stats.queuedMessages--;
  }
}

function tell({ message, target }: Waiting, end: DeliveryEnd): void {
  message.origin?.ended(target.session.clientId, end);
}
