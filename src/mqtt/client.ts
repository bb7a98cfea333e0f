import { hasCode } from "../base/errors.ts";
import type { LogFields } from "../base/logger.ts";
import type { PendingBatch } from "../broker/ingest.ts";
import type { Connection, ConnectionHandler } from "../io/network.ts";
import { releaseChunk } from "../io/release-chunk.ts";
import type { Proof } from "../security/security.ts";
import type { Arrival } from "./arrivals.ts";
import { clientFields } from "./client-fields.ts";
import type { Door } from "./door.ts";
import { NO_PROOF } from "./gate.ts";
import { handleAck } from "./handlers/acks.ts";
import { handleConnect } from "./handlers/connect.ts";
import { handleDisconnect } from "./handlers/disconnect.ts";
import { handlePublish } from "./handlers/publish.ts";
import { handleSubscribe, handleUnsubscribe } from "./handlers/subscribe.ts";
import type { OutgoingAliases } from "./outgoing-aliases.ts";
import { PacketType, type Qos, Reason, type Refusal, Version } from "./packets/codes.ts";
import { Framer, type PacketSink } from "./packets/framer.ts";
import { type PacketWriter, publishSizeBytes } from "./packets/writer.ts";
import type { LiveMessage, SendOutcome, SubscriberLink } from "./sessions/outbound.ts";
import { type AckReceiver, PendingAcks } from "./sessions/pending-acks.ts";
import type { Session } from "./sessions/session.ts";
import { refusalFields, refusalReason } from "./settled-batches.ts";
import { WheelLinks, type WheelMember } from "./timer-wheel.ts";
import type { TopicEntry } from "./topic-table.ts";
import type { WillFate } from "./wills.ts";

/** "connecting" until a CONNECT was accepted; "closed" is the end, whoever closed. */
export type ClientState = "connecting" | "open" | "closed";

/** The fixed flags of each packet type, by MQTT 5, 2.1.3; PUBLISH has its own. */
const FIXED_FLAGS: readonly number[] = [0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0];

/**
 * An array up to this size has no buffer of its own until a view of it is made, which then costs more than to
 * copy the bytes to where views are cheap.
 */
export const SMALL_CHUNK_BYTES = 1000;

/** One connection: its stream of packets, its timers, and what it has under way. */
export class Client
  implements ConnectionHandler, PacketSink, WheelMember, SubscriberLink, AckReceiver, Arrival
{
  readonly door: Door;
  readonly connection: Connection;
  readonly wheelLinks = new WheelLinks();
  state: ClientState = "connecting";
  /** What the client speaks; null until its CONNECT has said so. */
  version: Version | null = null;
  session: Session;
  /** What it was let in for. */
  proof: Proof = NO_PROOF;
  /** Whether what waits for it has to be looked at again before it is sent: rights have changed since. */
  checksRights = false;
  problemInformation = true;
  sessionExpirySec = 0;
  receiveMaximum = 0;
  maximumPacketBytes = Number.POSITIVE_INFINITY;
  /** One and a half times the keep alive; 0 for none. */
  silenceMs = 0;
  /** Topics by alias, from 1. Grows with what the client sets, up to the maximum that it was told. */
  readonly aliases: (TopicEntry | undefined)[] = [];
  /** Makes undone what its CONNECT has changed, until CONNACK says that it is accepted. */
  takeBack: (() => void) | null = null;
  /** Null where the client takes no aliases. */
  outgoingAliases: OutgoingAliases | null = null;
  /** The topic of the last PUBLISH: most devices have few. */
  lastTopic: TopicEntry | null = null;
  /** PUBLISHes of QoS 1 without PUBACK and of QoS 2 without PUBCOMP. */
  unacknowledged = 0;
  /** Whether the door has it on its list of those that wait for the log. */
  awaiting = false;
  paused = false;
  /** Whether something that was under way to the client has ended: clients acknowledge many in a row. */
  hasRoom = false;
  readonly #framer = new Framer();
  readonly #pending = new PendingAcks();
  #heardMs = 0;
  /** Of the settlement at hand: PUBLISHes that are refused, and the first one's batch. */
  #refusedCount = 0;
  #refusedFirst: PendingBatch | null = null;
  /** Takes back the question who this is; null while nobody is asked, and it does not wait for its turn. */
  #withdraw: (() => void) | null = null;
  /** What came behind the CONNECT while somebody is asked, in its order. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** Bytes of the packet that is split over chunks. */
  #splitBytes = 0;
  /** Bytes of the CONNECT that waits while somebody is asked. */
  #askedBytes = 0;

  constructor(door: Door, connection: Connection) {
    this.door = door;
    this.connection = connection;
    this.session = door.nobody;
    door.wheel.schedule(this, door.limits.connectTimeoutMs);
  }

  get listening(): boolean {
    return this.state !== "closed" && this.#withdraw === null;
  }

  /** Whether it has to wait until it is known who it is. */
  get isAsking(): boolean {
    return this.#withdraw !== null;
  }

  get writable(): boolean {
    const { connection } = this;
    const { deliveries, limits } = this.door;
    const limitBytes = limits.maxSocketBacklogBytes;
    if (connection.queuedBytes + deliveries.waitingFor(this) < limitBytes) return true;
    deliveries.flushTo(this);
    // What was sent this turn may count although the socket has room for it.
    connection.flush();
    return connection.queuedBytes < limitBytes;
  }

  get unsettledBytes(): number {
    return this.#pending.sizeBytes;
  }

  // The socket.

  data(chunk: Uint8Array): void {
    const { door } = this;
    if (this.state === "closed") return;
    const isNew = this.state === "connecting" && this.#splitBytes === 0;
    if (isNew && this.#withdraw === null && !door.arrivals.admits(this)) this.#withdraw = () => {};
    if (this.#withdraw !== null) {
      this.#hold(chunk);
      return;
    }
    door.nowMs = door.clock.nowMs();
    door.stats.bytesReceived += chunk.length;
    door.reading = this;
    this.heard();
    const bytes = chunk.length > SMALL_CHUNK_BYTES ? chunk : door.smallChunk;
    if (bytes !== chunk) bytes.set(chunk);
    const refusal = this.#framer.push(bytes, this, chunk.length);
    if (refusal !== null) this.refuse(refusal);
    else if (this.#framer.heldBytes !== this.#splitBytes) this.#noteSplit(this.#framer.heldBytes);
    if (this.hasRoom) door.sendOn(this);
    this.flushReplies();
    door.deliveries.flush();
    door.reading = null;
    if (this.#withdraw !== null && this.#framer.position < chunk.length) {
      // Comes again, and counts then.
      door.stats.bytesReceived -= chunk.length - this.#framer.position;
      this.#hold(chunk.subarray(this.#framer.position));
    }
    // Packets are valid while they are handled; what outlives that was copied.
    releaseChunk(chunk);
    if (this.listening) door.pauseIfBehind(this);
  }

  /**
   * Reads nothing more until `answered`; MQTT allows to send on before CONNACK. `withdraw` takes the question back.
   * What the packet holds meanwhile counts as what is held of packets without an end: anybody can send it.
   */
  ask(withdraw: () => void, heldBytes = 0): void {
    this.#withdraw = withdraw;
    this.connection.pause();
    this.#askedBytes = heldBytes;
    this.door.stats.splitBytes += heldBytes;
    this.#refuseIfTooMuch(heldBytes);
  }

  #forgetAsked(): void {
    this.door.stats.splitBytes -= this.#askedBytes;
    this.#askedBytes = 0;
  }

  /** Others came in first; now it is this one's turn. */
  goOn(): void {
    this.answered(() => {});
  }

  /** Goes on with what was asked for, and then with what has come behind it. */
  answered(goOn: () => void): void {
    if (this.#withdraw === null) return;
    this.#withdraw = null;
    this.#forgetAsked();
    const { door } = this;
    door.nowMs = door.clock.nowMs();
    door.reading = this;
    goOn();
    this.flushReplies();
    door.reading = null;
    const held = this.#held;
    this.#letGo();
    for (const chunk of held) this.data(chunk);
    if (this.listening && !this.paused) this.connection.resume();
  }

  /** Counts what is held of a packet, and closes where all hold too much together and this one has a part in it. */
  #noteSplit(heldBytes: number): void {
    if (this.state === "closed") return;
    this.door.stats.splitBytes += heldBytes - this.#splitBytes;
    this.#splitBytes = heldBytes;
    this.#refuseIfTooMuch(heldBytes);
  }

  #refuseIfTooMuch(heldBytes: number): void {
    const { limits, stats } = this.door;
    const maxTotalBytes = Math.max(limits.maxTotalSplitBytes, 2 * limits.maxPacketBytes);
    if (heldBytes > FAIR_SPLIT_BYTES && stats.splitBytes > maxTotalBytes) {
      this.refuse({ reason: Reason.QUOTA_EXCEEDED, what: "too much is held of packets without an end" });
    }
  }

  /** Keeps what came while somebody is asked, within what may be unsettled anyway. */
  #hold(chunk: Uint8Array): void {
    const { limits, stats } = this.door;
    // The chunk may be given back, or be a view of one that is.
    this.#held.push(chunk.slice());
    this.#heldBytes += chunk.length;
    stats.unsettledBytes += chunk.length;
    if (
      this.#heldBytes > limits.maxUnsettledBytes ||
      stats.unsettledBytes > 2 * limits.maxTotalUnsettledBytes
    ) {
      this.refuse({ reason: Reason.QUOTA_EXCEEDED, what: "too much before it is known who it is" });
    }
  }

  #letGo(): void {
    this.door.stats.unsettledBytes -= this.#heldBytes;
    this.#heldBytes = 0;
    this.#held = [];
  }

  drained(): void {
    this.door.sendOn(this);
    this.door.deliveries.flush();
  }

  closed(error: Error | null): void {
    if (this.state === "closed") return;
    if (hasCode(error, "TLS_HANDSHAKE")) {
      this.door.stats.protocolErrors++;
      this.door.audit.handshakeFailed(this);
      this.door.log.warn("refused a TLS connection for MQTT", { ...this.#who(), reason: error.message });
    } else if (error !== null) {
      this.door.log.debug("an MQTT connection broke", { ...this.#who(), reason: error.message });
    }
    this.#end("publish");
  }

  /** Restarts the clock of the keep alive. Bytes count, so that a large packet on a thin link is no silence. */
  heard(): void {
    if (this.silenceMs > 0) this.#heardMs = this.door.wheel.nowMs();
  }

  // The timer: the time to connect in, then the keep alive.

  expired(): void {
    const { door } = this;
    if (this.state === "connecting") {
      const what = this.isAsking ? "no answer in time to who it is" : "no CONNECT in time";
      this.refuse({ reason: Reason.KEEP_ALIVE_TIMEOUT, what });
      return;
    }
    const silentMs = door.wheel.nowMs() - this.#heardMs;
    // While it is the door that does not read, silence says nothing.
    if (this.paused) {
      door.wheel.schedule(this, this.silenceMs);
      return;
    }
    if (silentMs < this.silenceMs) {
      door.wheel.schedule(this, this.silenceMs - silentMs);
      return;
    }
    door.stats.keepAliveTimeouts++;
    // MQTT-3.1.2-22
    door.log.info("an MQTT client fell silent", { ...this.#who(), keepAliveMs: this.silenceMs / 1.5 });
    this.leave(Reason.KEEP_ALIVE_TIMEOUT, "", "publish");
  }

  /** Watches the keep alive from now on, or nothing where the client has none. */
  watchKeepAlive(): void {
    this.door.wheel.cancel(this);
    this.heard();
    if (this.silenceMs > 0) this.door.wheel.schedule(this, this.silenceMs);
  }

  // Packets.

  announced(firstByte: number, sizeBytes: number): Refusal | null {
    const type = firstByte >> 4;
    // MQTT-3.1.0-1
    if (this.state === "connecting" && firstByte === TLS_HANDSHAKE) {
      return { reason: Reason.PROTOCOL_ERROR, what: "it speaks TLS, which this port does not" };
    }
    if (this.state === "connecting" && type !== PacketType.CONNECT) {
      return { reason: Reason.PROTOCOL_ERROR, what: "the first packet is not a CONNECT" };
    }
    const { maxPacketBytes } = this.door.limits;
    if (sizeBytes > maxPacketBytes) {
      return {
        reason: Reason.PACKET_TOO_LARGE,
        what: `a packet of ${sizeBytes} bytes, over ${maxPacketBytes}`,
      };
    }
    if (type === PacketType.PUBLISH) return null;
    // A DUP flag on other packets was allowed before 3.1.1.
    const flags = this.version === Version.V31 ? firstByte & 0x07 : firstByte & 0x0f;
    // MQTT-2.1.3-1
    return flags === FIXED_FLAGS[type]
      ? null
      : { reason: Reason.MALFORMED_PACKET, what: "reserved flags are set" };
  }

  packet(firstByte: number, bytes: Uint8Array, start: number, end: number): void {
    const { reader } = this.door;
    this.door.stats.packetsReceived++;
    reader.reset(bytes, start, end);
    const type = firstByte >> 4;
    if (this.hasRoom && type !== PacketType.PUBACK) this.door.sendOn(this);
    switch (type) {
      case PacketType.PUBLISH:
        handlePublish(this, firstByte & 0x0f);
        return;
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBREL:
      case PacketType.PUBCOMP:
        handleAck(this, type);
        return;
      case PacketType.PINGREQ:
        if (end === start) this.door.replies.pingResponse();
        else this.refuse({ reason: Reason.MALFORMED_PACKET, what: "a PINGREQ with a body" });
        return;
      case PacketType.SUBSCRIBE:
        handleSubscribe(this);
        return;
      case PacketType.UNSUBSCRIBE:
        handleUnsubscribe(this);
        return;
      case PacketType.DISCONNECT:
        handleDisconnect(this);
        return;
      case PacketType.CONNECT:
        if (this.state === "connecting") {
          handleConnect(this);
          return;
        }
        // MQTT-3.1.0-2
        this.refuse({ reason: Reason.PROTOCOL_ERROR, what: "a second CONNECT" });
        return;
      case PacketType.AUTH:
        this.refuse({
          reason: Reason.PROTOCOL_ERROR,
          what: "an AUTH without an authentication method",
        });
        return;
      default:
        this.refuse({ reason: Reason.PROTOCOL_ERROR, what: "a packet that only a server sends" });
        return;
    }
  }

  // What waits for the log.

  /** Notes a PUBLISH that waits for its batch; of QoS 0 only the bytes. */
  await(batch: PendingBatch, packetId: number, qos: Qos, sizeBytes: number): void {
    if (qos === 0) this.#pending.pushUnacknowledged(batch, sizeBytes);
    else this.#pending.push(batch, packetId, qos, sizeBytes);
    this.door.stats.unsettledBytes += sizeBytes;
    if (!this.awaiting || batch.state !== "waiting") this.door.await(this, batch);
  }

  /** Acknowledges what has settled, all in one send. True where nothing waits any more. */
  settle(): boolean {
    const { settled, stats } = this.door;
    settled.clear();
    // In this order: a refusal may end the connection, and its will waits for the log, too.
    const settledBytes = this.#pending.settle(this);
    stats.unsettledBytes -= settledBytes;
    if (this.#refusedFirst !== null) this.#tellRefused(this.#refusedFirst);
    if (settled.length > 0 && this.state === "open") this.send(settled);
    settled.clear();
    return this.#pending.isEmpty;
  }

  due(packetId: number, qos: Qos, batch: PendingBatch): void {
    const { door, session } = this;
    if (this.state !== "open" || this.version === null) {
      // The session may go on, with another connection.
      if (qos === 2) door.answerReceived(session, packetId, batch);
      return;
    }
    const reason = batch.state === "refused" ? refusalReason(batch.error) : Reason.SUCCESS;
    if (reason !== Reason.SUCCESS && this.version !== Version.V5) {
      if (qos === 2) this.#forget(packetId);
      this.#refuseOldPublish();
      return;
    }
    if (qos === 1) {
      this.unacknowledged--;
      door.settled.ack(PacketType.PUBACK, packetId, reason, this.version);
      return;
    }
    const cameAgain = session.unanswered.get(packetId) === true;
    session.unanswered.delete(packetId);
    door.settled.ack(PacketType.PUBREC, packetId, reason, this.version);
    // MQTT-4.3.3-9: what comes with this identifier from now on is a new message.
    if (reason !== Reason.SUCCESS) this.release(packetId);
    // MQTT-4.3.3-10
    else if (cameAgain) door.settled.ack(PacketType.PUBREC, packetId, reason, this.version);
  }

  /** What comes with the identifier from now on is a new message, of the session's next connection too. */
  #forget(packetId: number): void {
    this.session.unanswered.delete(packetId);
    this.release(packetId);
  }

  /** Answers a QoS 2 PUBLISH that came again, and that an earlier connection of the session had brought. */
  answerReceived(packetId: number, batch: PendingBatch): void {
    if (this.state !== "open" || this.version === null) return;
    const reason = batch.state === "refused" ? refusalReason(batch.error) : Reason.SUCCESS;
    if (reason !== Reason.SUCCESS) this.unacknowledged--;
    if (reason !== Reason.SUCCESS && this.version !== Version.V5) this.finish("publish");
    else this.sendAck(PacketType.PUBREC, packetId, reason);
  }

  refused(count: number, batch: PendingBatch): void {
    this.#refusedCount += count;
    this.#refusedFirst ??= batch;
  }

  /** One line for all of a settlement, so that a client can't fill the log. */
  #tellRefused(batch: PendingBatch): void {
    this.door.stats.publishesRefused += this.#refusedCount;
    this.door.log.warn("refused publishes of an MQTT client", {
      ...this.#who(),
      count: this.#refusedCount,
      kafkaError: batch.error,
      ...refusalFields(batch),
    });
    this.#refusedCount = 0;
    this.#refusedFirst = null;
  }

  /** Ends a QoS 2 packet of the client. False where there is none of this identifier. */
  release(packetId: number): boolean {
    if (!this.session.received.delete(packetId)) return false;
    this.unacknowledged--;
    return true;
  }

  // The way out.

  /** Sends the answers to the chunk at hand. */
  flushReplies(): void {
    const { replies } = this.door;
    // Another connection's chunk may be the one at hand, when this one is taken over by it.
    if (replies.length === 0 || this.door.reading !== this) return;
    this.send(replies);
    replies.clear();
  }

  sendPublish(
    message: LiveMessage,
    qos: Qos,
    retain: boolean,
    packetId: number,
    expirySec: number,
    identifiers: readonly number[],
    duplicate = false,
  ): SendOutcome {
    if (this.checksRights && !this.#mayStillGet(message)) return "forbidden";
    const version = this.version ?? Version.V311;
    const alias = this.outgoingAliases === null ? 0 : this.outgoingAliases.find(message.topic);
    if (this.maximumPacketBytes !== Number.POSITIVE_INFINITY) {
      const size = publishSizeBytes(message, version, qos, expirySec, identifiers, alias);
      if (size > this.maximumPacketBytes) return "too-large";
    }
    const writer = this.door.deliveries.writerFor(this);
    writer.publish(message, version, qos, retain, packetId, expirySec, identifiers, duplicate, alias);
    if (alias < 0) this.outgoingAliases?.told(-alias, message.topic);
    this.door.stats.publishBytesSent += message.payload.length;
    return "sent";
  }

  sendRelease(packetId: number): void {
    this.sendAck(PacketType.PUBREL, packetId, Reason.SUCCESS);
  }

  /** Sends an acknowledgement on its own. */
  sendAck(type: number, packetId: number, reason: number): void {
    const { direct } = this.door;
    direct.clear();
    direct.ack(type, packetId, reason, this.version ?? Version.V311);
    this.send(direct);
    direct.clear();
  }

  /** Looks at the rights again for what has waited, until nothing waits any more. */
  #mayStillGet({ topic }: LiveMessage): boolean {
    const { access, topics } = this.door;
    if (this.session.outbound.queuedMessages === 0) this.checksRights = false;
    const entry = topics.find(topic, 0, topic.length);
    return !("reason" in entry) && access.mayReceive(this.session, entry);
  }

  /** Sends whole packets; their bytes are copied. */
  send(packets: PacketWriter): void {
    this.door.deliveries.flushTo(this);
    this.door.stats.bytesSent += packets.length;
    this.connection.send(packets.bytes());
  }

  // The end.

  /** Closes for what the client sent: one line in the log, the reason to a client that can hear it. */
  refuse(refusal: Refusal, fields: LogFields = {}): void {
    if (this.state === "closed") return;
    this.door.stats.protocolErrors++;
    this.door.log.warn("refused an MQTT client", {
      ...this.#who(),
      ...fields,
      reason: refusal.what,
      reasonCode: refusal.reason,
    });
    this.leave(refusal.reason, refusal.what, "publish");
  }

  /** Says goodbye with a reason, where MQTT 5 allows to, and closes. */
  leave(reason: number, text: string, fate: WillFate): void {
    if (this.state === "closed") return;
    this.flushReplies();
    // Who is taken over before CONNACK is told nothing: there is no word for it there.
    const isHeard = this.state === "open" || reason !== Reason.SESSION_TAKEN_OVER;
    if (this.version === Version.V5 && isHeard) {
      const said = this.problemInformation ? text : "";
      // A text that makes the packet too large for the client is left out (MQTT-3.14.2-3, MQTT-3.2.2-19).
      if (!this.#sayGoodbye(reason, said)) this.#sayGoodbye(reason, "");
    }
    this.#end(fate);
    this.connection.close();
  }

  /** False where the client takes no packet of that size. */
  #sayGoodbye(reason: number, text: string): boolean {
    const { direct } = this.door;
    direct.clear();
    if (this.state === "connecting") direct.refusedConnack(reason, text);
    else direct.disconnect(reason, text);
    const fits = direct.length <= this.maximumPacketBytes;
    if (fits) this.send(direct);
    direct.clear();
    return fits;
  }

  /** Closes after the client said goodbye, or after an answer that ends the handshake. */
  finish(fate: WillFate): void {
    if (this.state === "closed") return;
    this.flushReplies();
    this.#end(fate);
    this.connection.close();
  }

  #end(fate: WillFate): void {
    const { door, session } = this;
    door.deliveries.flushTo(this);
    // A client that never heard that it is connected has left no will, and has not come back either.
    const willFate = this.state === "open" ? fate : "pending";
    this.state = "closed";
    this.takeBack?.();
    this.takeBack = null;
    this.#withdraw?.();
    this.#withdraw = null;
    this.#letGo();
    door.stats.splitBytes -= this.#splitBytes;
    this.#splitBytes = 0;
    this.#forgetAsked();
    door.wheel.cancel(this);
    door.forget(this);
    door.detach(this, session, willFate);
  }

  /** Before MQTT 5 a PUBLISH can't be refused: without an acknowledgement the client will send it again. */
  #refuseOldPublish(): void {
    const { settled } = this.door;
    if (settled.length > 0) this.send(settled);
    settled.clear();
    this.finish("publish");
  }

  #who() {
    return clientFields(this);
  }
}

/** What everybody may hold of a packet, however much others do. */
const FAIR_SPLIT_BYTES = 4_096;
/** The first byte of a TLS connection: the content type of a handshake record (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;
