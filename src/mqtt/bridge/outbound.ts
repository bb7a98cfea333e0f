import type { Clock } from "../../io/clock.ts";
import type { Qos } from "../packets/codes.ts";
import { publishSizeBytes } from "../packets/writer.ts";
import { lowerQos } from "../sessions/outbound.ts";
import type { BridgeBug } from "./bugs.ts";
import type { Feed, FollowedPartition, OutMessage } from "./feed.ts";
import type { RemoteFacts, RemoteLink } from "./remote.ts";
import type { BridgeSettings } from "./settings.ts";
import type { BridgeState, PartitionPosition, SentMessage } from "./state.ts";

/** A message of QoS 1 or 2 that the remote has, or may have, and has not done with. */
interface Flight {
  readonly packetId: number;
  readonly partition: FollowedPartition;
  readonly offset: number;
  readonly qos: 1 | 2;
  /** Null where the process has begun anew since, and the log has not been read so far yet. */
  message: OutMessage | null;
  /** Of QoS 2: that it is sent under this identifier is durable. */
  noted: boolean;
  /** Of QoS 2: a PUBREC came, and whether that is durable. */
  received: boolean;
  receivedNoted: boolean;
  /** Whether it was ever sent. */
  wasSent: boolean;
  /** The connection that it, or its PUBREL, was sent on; null where it has to be. */
  sentOn: RemoteLink | null;
  sentMs: number;
}

export interface OutboundReports {
  /** Records that the remote will never get. */
  gap(partition: FollowedPartition, fromOffset: number, toOffset: number, reason: string): void;
  /** The remote takes nothing for now: the connection has to begin anew, later. */
  stuck(reason: string): void;
  /** The positions have changed: to be saved, and `then` called once that is durable. */
  save(then: () => void): void;
  /** The same, some time. */
  saveLater(): void;
}

/**
 * Messages under way to a 3.1.1 remote, which can't say how many it takes, nor that it has not taken one. mosquitto
 * takes 20 of a client unless told otherwise: it acknowledges what comes beyond, and forgets it.
 */
const OLD_WINDOW = 20;
const LAST_PACKET_ID = 65_535;
/** Reasons of a PUBACK or PUBREC for which it is worth to try again: MQTT 5, 3.4.2.1. */
const UNSPECIFIED_ERROR = 0x80;
const IMPLEMENTATION_SPECIFIC_ERROR = 0x83;
const PACKET_IDENTIFIER_IN_USE = 0x91;
const QUOTA_EXCEEDED = 0x97;

const encoder = new TextEncoder();

/**
 * What goes to the remote: messages in the order of their partitions, so many under way at a time. A message is done
 * with its PUBACK or PUBCOMP. Of QoS 2 the packet identifier is durable before the PUBLISH leaves, and the PUBREC
 * before the PUBREL does, so that a process that begins anew goes on with the same identifiers.
 */
export class Outbound {
  sentMessages = 0;
  forwarded = 0;
  forwardedBytes = 0;
  expired = 0;
  readonly #settings: BridgeSettings;
  readonly #feed: Feed;
  readonly #clock: Clock;
  readonly #reports: OutboundReports;
  readonly #bugs: ReadonlySet<BridgeBug>;
  /** By packet identifier, in the order in which they were first sent. */
  readonly #flights = new Map<number, Flight>();
  #lastPacketId = 0;
  #link: RemoteLink | null = null;
  #facts: RemoteFacts | null = null;
  /** Packet identifiers that the remote may know and whose messages are gone: it is told to forget them. */
  readonly #orphans = new Set<number>();
  /** Flights of this connection that are not acknowledged. */
  #onLink = 0;
  /** Flights that have to be sent again, or for the first time. */
  #unsent = 0;
  #draining = false;

  constructor(
    settings: BridgeSettings,
    feed: Feed,
    clock: Clock,
    reports: OutboundReports,
    bugs: ReadonlySet<BridgeBug>,
  ) {
    this.#settings = settings;
    this.#feed = feed;
    this.#clock = clock;
    this.#reports = reports;
    this.#bugs = bugs;
  }

  get inFlight(): number {
    return this.#flights.size;
  }

  /** Since when the oldest message waits for its acknowledgement on this connection; null where none does. */
  get oldestSentMs(): number | null {
    let oldest: number | null = null;
    for (const { sentOn, sentMs } of this.#flights.values()) {
      if (sentOn !== null && (oldest === null || sentMs < oldest)) oldest = sentMs;
    }
    return oldest;
  }

  /** Takes up what was under way before the process began anew. */
  recover({ positions, orphans }: BridgeState): void {
    for (const packetId of orphans) this.#orphans.add(packetId);
    const partitions = new Map<string, FollowedPartition>();
    for (const partition of this.#feed.partitions)
      partitions.set(partition.topicId + partition.index, partition);
    for (const { topicId, partition: index, sent } of positions) {
      const partition = partitions.get(topicId + index);
      if (partition === undefined) {
        for (const { packetId } of sent) this.#orphans.add(packetId);
        continue;
      }
      for (const message of sent.toSorted((a, b) => a.offset - b.offset)) {
        if (this.#flights.has(message.packetId)) continue;
        partition.undone.add(message.offset);
        this.#unsent += 1;
        this.#flights.set(message.packetId, recovered(partition, message));
        this.#lastPacketId = message.packetId;
      }
    }
  }

  /** Whether a flight of before lacks the message of this record. */
  awaited(partition: FollowedPartition, offset: number): ((message: OutMessage | null) => void) | null {
    const flight = this.#flightOf(partition, offset);
    if (flight === null) return null;
    return (message) => {
      if (message !== null) flight.message = message;
      // The rules have changed, and it can't be sent any more.
      else if (!flight.received) this.#abandon(flight);
      this.pump();
    };
  }

  /** Records are gone: so are flights that lack their message. */
  lost(partition: FollowedPartition, fromOffset: number, toOffset: number): void {
    for (const flight of [...this.#flights.values()]) {
      const within = flight.offset >= fromOffset && flight.offset < toOffset;
      if (flight.partition === partition && within && flight.message === null && !flight.received) {
        this.#abandon(flight);
      }
    }
  }

  /** A connection is there. Without the session of before, all that is not done begins anew. */
  attach(link: RemoteLink, facts: RemoteFacts): void {
    this.#link = link;
    this.#facts = facts;
    if (facts.sessionPresent) {
      for (const packetId of this.#orphans) link.acknowledge("pubrel", packetId);
    } else {
      this.#orphans.clear();
      if (this.#flights.size > 0) {
        this.#flights.clear();
        this.#unsent = 0;
        this.#feed.rewind();
      }
    }
    this.#onLink = 0;
    this.pump();
  }

  detach(): void {
    this.#link = null;
    this.#onLink = 0;
    this.#unsent = 0;
    for (const flight of this.#flights.values()) {
      flight.sentOn = null;
      this.#unsent += 1;
    }
  }

  /** Begins nothing more. */
  drain(): void {
    this.#draining = true;
  }

  /** Sends what the window and the socket take: first what was sent before, then what is new. */
  pump(): void {
    const link = this.#link;
    const facts = this.#facts;
    if (link === null || facts === null) return;
    const remoteTakes = this.#settings.version === 4 ? OLD_WINDOW : facts.receiveMaximum;
    const window = Math.min(this.#settings.limits.maxInFlight, remoteTakes);
    const hasRoom = () =>
      this.#link === link && this.#onLink < window && link.queuedBytes < this.#settings.limits.maxSocketBytes;
    if (this.#unsent > 0) {
      for (const flight of this.#flights.values()) {
        if (!hasRoom()) return;
        // What comes after it waits: messages of a topic keep their order.
        if (flight.sentOn === null && !this.#resend(flight, link)) return;
      }
    }
    if (this.#draining) return;
    const noted: Flight[] = [];
    for (let next = this.#feed.peek(); next !== undefined && hasRoom(); next = this.#feed.peek()) {
      this.#feed.shift();
      const flight = this.#begin(next, link, facts);
      if (flight?.qos === 2) noted.push(flight);
    }
    if (noted.length === 0) return;
    this.#reports.save(() => {
      for (const flight of noted) flight.noted = true;
      if (this.#link !== link) return;
      for (const flight of noted) if (this.#isUnderWay(flight)) this.#send(flight, link);
    });
  }

  puback(packetId: number, reason: number): void {
    const flight = this.#flights.get(packetId);
    if (flight?.qos !== 1 || flight.sentOn === null) return;
    if (reason < UNSPECIFIED_ERROR) this.#complete(flight);
    else this.#refused(flight, reason);
  }

  pubrec(packetId: number, reason: number): void {
    const link = this.#link;
    if (link === null) return;
    const flight = this.#flights.get(packetId);
    if (flight?.qos !== 2) {
      // Of a life before: the remote gets rid of it (MQTT 5, 4.3.3).
      if (reason < UNSPECIFIED_ERROR) link.acknowledge("pubrel", packetId);
      return;
    }
    if (reason >= UNSPECIFIED_ERROR) {
      if (reason !== PACKET_IDENTIFIER_IN_USE) {
        this.#refused(flight, reason);
        return;
      }
      // The remote has it under this identifier, and waits for the PUBREL.
    }
    flight.received = true;
    this.#release(flight, link);
  }

  /** 0x92, no such identifier, says the same as success: the remote is done with it. */
  pubcomp(packetId: number): void {
    if (this.#orphans.delete(packetId)) {
      this.#reports.saveLater();
      return;
    }
    const flight = this.#flights.get(packetId);
    if (flight?.qos === 2 && flight.received) this.#complete(flight);
  }

  /** What is to be saved of packet identifiers that belong to no partition any more. */
  orphans(): number[] {
    const partitions = new Set(this.#feed.partitions);
    const lost = [...this.#flights.values()].filter(
      ({ qos, partition }) => qos === 2 && !partitions.has(partition),
    );
    return [...this.#orphans, ...lost.map(({ packetId }) => packetId)];
  }

  /** What is to be saved of each partition. */
  positions(): PartitionPosition[] {
    const sent = new Map<FollowedPartition, SentMessage[]>();
    for (const { partition, offset, packetId, qos, received } of this.#flights.values()) {
      if (qos !== 2) continue;
      const list = sent.get(partition) ?? [];
      list.push({ offset, packetId, received });
      sent.set(partition, list);
    }
    return Array.from(this.#feed.partitions, (partition) => {
      const { topic, topicId, index, position, done } = partition;
      const beyond = [...done].filter((offset) => offset > position);
      return { topic, topicId, partition: index, position, done: beyond, sent: sent.get(partition) ?? [] };
    });
  }

  /** Puts a new message under way. Null where it is not: sent at QoS 0, or never to be. */
  #begin(message: OutMessage, link: RemoteLink, facts: RemoteFacts): Flight | null {
    const { partition, offset } = message;
    if (message.expiresAtMs <= this.#clock.nowMs()) {
      this.expired += 1;
      this.#drop(partition, offset, "its expiry was over before the remote was there");
      return null;
    }
    const sizeBytes = this.#sizeOf(message);
    const maxBytes = Math.min(this.#settings.limits.maxPacketBytes, facts.maximumPacketBytes);
    if (sizeBytes > maxBytes) {
      this.#drop(
        partition,
        offset,
        `a packet of ${sizeBytes} bytes, more than the ${maxBytes} that may be sent`,
      );
      return null;
    }
    const qos = lowerQos(message.qos, facts.maximumQos);
    if (qos === 0) {
      this.#publish(message, 0, 0, false, link);
      this.#count(message);
      this.#feed.done(partition, offset);
      this.#reports.saveLater();
      return null;
    }
    const flight: Flight = {
      packetId: this.#nextPacketId(),
      partition,
      offset,
      qos,
      message,
      noted: false,
      received: false,
      receivedNoted: false,
      wasSent: false,
      sentOn: null,
      sentMs: 0,
    };
    this.#flights.set(flight.packetId, flight);
    this.#onLink += 1;
    // It is under way from here on; only when it leaves may have to wait.
    flight.sentOn = link;
    flight.sentMs = this.#clock.monotonicMs();
    if (qos === 1) this.#send(flight, link);
    return flight;
  }

  /** Sends again what a connection before had under way. False where it can't yet. */
  #resend(flight: Flight, link: RemoteLink): boolean {
    if (flight.message === null && !flight.received) return false;
    this.#unsent -= 1;
    this.#onLink += 1;
    flight.sentOn = link;
    flight.sentMs = this.#clock.monotonicMs();
    if (flight.received) this.#release(flight, link);
    else if (flight.qos === 1 || flight.noted) this.#send(flight, link);
    else {
      this.#reports.save(() => {
        flight.noted = true;
        if (this.#link === link && this.#isUnderWay(flight)) this.#send(flight, link);
      });
    }
    return true;
  }

  #send(flight: Flight, link: RemoteLink): void {
    const { message, packetId, qos } = flight;
    if (message === null) return;
    this.#publish(message, packetId, qos, flight.wasSent, link);
    flight.wasSent = true;
    flight.sentMs = this.#clock.monotonicMs();
    if (this.#bugs.has("bridge-done-when-sent")) this.#feed.done(flight.partition, flight.offset);
  }

  /** Sends the PUBREL once the PUBREC is durable: else the message could go out anew after a crash. */
  #release(flight: Flight, link: RemoteLink): void {
    if (flight.receivedNoted || this.#bugs.has("bridge-release-at-once")) {
      link.acknowledge("pubrel", flight.packetId);
      return;
    }
    this.#reports.save(() => {
      flight.receivedNoted = true;
      if (this.#link === link && this.#isUnderWay(flight)) link.acknowledge("pubrel", flight.packetId);
    });
  }

  #complete(flight: Flight): void {
    if (flight.message !== null) this.#count(flight.message);
    else this.forwarded += 1;
    this.#over(flight);
  }

  #count(message: OutMessage): void {
    this.forwarded += 1;
    this.forwardedBytes += message.payload.length;
  }

  /** The remote won't take it, now or ever. */
  #refused(flight: Flight, reason: number): void {
    const { partition, offset } = flight;
    const text = `the remote refuses it with reason 0x${reason.toString(16)}`;
    const mayPass =
      reason === UNSPECIFIED_ERROR || reason === IMPLEMENTATION_SPECIFIC_ERROR || reason === QUOTA_EXCEEDED;
    const times = (partition.refusals.get(offset) ?? 0) + 1;
    if (mayPass && (reason === QUOTA_EXCEEDED || times <= this.#settings.limits.maxRefusals)) {
      partition.refusals.set(offset, times);
      this.#reports.stuck(`${partition.topic}-${partition.index} at ${offset}: ${text}`);
      return;
    }
    this.#over(flight);
    this.#reports.gap(partition, offset, offset + 1, text);
  }

  #drop(partition: FollowedPartition, offset: number, reason: string): void {
    this.#feed.done(partition, offset);
    this.#reports.gap(partition, offset, offset + 1, reason);
    this.#reports.saveLater();
  }

  /** A flight that can't be sent again. The remote may have it under its identifier, and is told to go on. */
  #abandon(flight: Flight): void {
    this.#orphans.add(flight.packetId);
    if (flight.sentOn === null) this.#link?.acknowledge("pubrel", flight.packetId);
    this.#over(flight);
  }

  #over(flight: Flight): void {
    this.#flights.delete(flight.packetId);
    if (flight.sentOn === null) this.#unsent -= 1;
    else this.#onLink -= 1;
    this.#feed.done(flight.partition, flight.offset);
    this.#reports.saveLater();
    this.pump();
  }

  #publish(message: OutMessage, packetId: number, qos: Qos, duplicate: boolean, link: RemoteLink): void {
    this.sentMessages += 1;
    const { topic, payload, properties, retain, expiresAtMs } = message;
    const leftMs = expiresAtMs - this.#clock.nowMs();
    // MQTT-3.3.2-6. What is sent again may be past its time; the remote judges.
    const expirySec = Number.isFinite(leftMs) ? Math.max(1, Math.ceil(leftMs / 1_000)) : -1;
    // A remote that keeps no retained messages says so, and a flag would end the connection (MQTT-3.2.2-14).
    const mayRetain = retain && this.#facts?.retainAvailable !== false;
    link.publish({ topic, payload, properties, expirySec, qos, retain: mayRetain, duplicate, packetId });
  }

  #sizeOf({ topic, payload, properties, expiresAtMs }: OutMessage): number {
    const outgoing = { topic: encoder.encode(topic), payload, properties };
    return publishSizeBytes(outgoing, this.#settings.version, 1, Number.isFinite(expiresAtMs) ? 1 : -1, []);
  }

  #isUnderWay(flight: Flight): boolean {
    return this.#flights.get(flight.packetId) === flight;
  }

  #flightOf(partition: FollowedPartition, offset: number): Flight | null {
    if (!partition.undone.has(offset)) return null;
    for (const flight of this.#flights.values()) {
      if (flight.partition === partition && flight.offset === offset) return flight;
    }
    return null;
  }

  #nextPacketId(): number {
    let packetId = this.#lastPacketId;
    do packetId = packetId === LAST_PACKET_ID ? 1 : packetId + 1;
    while (this.#flights.has(packetId) || this.#orphans.has(packetId));
    this.#lastPacketId = packetId;
    return packetId;
  }
}

function recovered(partition: FollowedPartition, { offset, packetId, received }: SentMessage): Flight {
  return {
    packetId,
    partition,
    offset,
    qos: 2,
    message: null,
    noted: true,
    received,
    receivedNoted: received,
    wasSent: true,
    sentOn: null,
    sentMs: 0,
  };
}
