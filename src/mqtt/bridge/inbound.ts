import type { Random } from "../../io/random.ts";
import type { Qos } from "../packets/codes.ts";
import type { BridgeBug } from "./bugs.ts";
import { hasLooped, hopOf, pathOf, withHop } from "./path.ts";
import type { RemoteLink, RemoteMessage } from "./remote.ts";
import type { BridgeSettings } from "./settings.ts";
import type { ReceivedPacket, RecordPlace } from "./state.ts";
import { TopicRules } from "./topic-rules.ts";

/** A message for the door, as a device would have published it. */
export interface LocalMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly properties: Uint8Array | null;
  readonly expirySec: number;
  readonly qos: Qos;
  readonly retain: boolean;
}

/** What became of a message: in the log; not now; or never, whatever is tried. */
export type Settlement =
  | { readonly kind: "durable" }
  | { readonly kind: "not-now"; readonly reason: string }
  | { readonly kind: "never"; readonly reason: string };

/** The door's way in, without a socket. */
export interface LocalDoor {
  /** Takes a message the way a PUBLISH is taken. `settled` is called once, in a later turn. */
  publish(message: LocalMessage, settled: (settlement: Settlement) => void): void;
  /** Where the record of a message of this topic would be, if it were appended from now on. */
  placesOf(topic: string): readonly RecordPlace[];
}

/** What is done about what happens inside. */
export interface InboundReports {
  /** A message will never be in the log. */
  dropped(topic: string, bytes: number, reason: string): void;
  /** The log takes nothing: the remote keeps its messages, and the connection has to begin anew. */
  stuck(reason: string): void;
  /** `received` has changed: to be saved, and `then` called once that is durable. */
  save(then: () => void): void;
}

interface Pending {
  readonly packetId: number;
  readonly qos: Qos;
  readonly sizeBytes: number;
  /** The connection that the acknowledgement belongs to. */
  readonly link: RemoteLink;
  /** Whether it was handed to the log: a message of QoS 2 waits until its packet identifier is saved. */
  appended: boolean;
  settled: boolean;
}

const RUN_BYTES = 6;
/** What a message costs here beside its bytes. */
const MESSAGE_OVERHEAD_BYTES = 128;

/**
 * What comes from the remote. A PUBACK or PUBREC leaves when the message is on our disk, in the order of the
 * PUBLISHes. Of QoS 2 the packet identifier is on the disk before the message is appended, with a token that the
 * record carries, and off it before the PUBCOMP leaves: so a message that comes again after a crash is known, in
 * whichever moment that was, and a new one under an old identifier is new.
 */
export class Inbound {
  /** QoS 2 packets that are not released, by identifier. Saved with the bridge's state. */
  readonly received = new Map<number, ReceivedPacket>();
  messages = 0;
  bytes = 0;
  duplicates = 0;
  /** Messages that had been here before, or went round too often. */
  looped = 0;
  dropped = 0;
  readonly #settings: BridgeSettings;
  readonly #rules: TopicRules;
  readonly #door: LocalDoor;
  readonly #reports: InboundReports;
  readonly #bugs: ReadonlySet<BridgeBug>;
  /** Begins the tokens of this run of the process. */
  readonly #run: string;
  #count = 0;
  /** In the order of the PUBLISHes: QoS 1, and QoS 2. */
  #unacknowledged: Pending[] = [];
  #unreceived: Pending[] = [];
  /** Of QoS 2, by packet identifier: those that the log has not settled. */
  readonly #underWay = new Map<number, Pending>();
  /** Packet identifiers that were released; that they are gone is not saved yet. */
  readonly #releasing = new Set<number>();
  #unsettledBytes = 0;
  #paused = false;
  #draining = false;
  #link: RemoteLink | null = null;

  constructor(
    settings: BridgeSettings,
    door: LocalDoor,
    random: Random,
    reports: InboundReports,
    bugs: ReadonlySet<BridgeBug>,
  ) {
    this.#bugs = bugs;
    this.#settings = settings;
    this.#rules = new TopicRules(settings.in, "in");
    this.#door = door;
    this.#reports = reports;
    this.#run = random.bytes(RUN_BYTES).toHex();
  }

  /** Messages that wait for the disk. */
  get inFlight(): number {
    return this.#unacknowledged.length + this.#unreceived.length;
  }

  /** A connection is there. */
  attach(link: RemoteLink): void {
    this.#link = link;
    this.#paused = false;
    this.#pauseIfBehind();
  }

  /** It is gone, with everything that was to be acknowledged on it. What is being appended stays appended. */
  detach(): void {
    this.#link = null;
    this.#unacknowledged = [];
    this.#unreceived = [];
    // What is not appended comes again, and is new then.
    for (const pending of [...this.#underWay.values()]) if (!pending.appended) this.#giveBack(pending);
  }

  /** Takes nothing more: the remote keeps it, and sends it again to the next connection. */
  drain(): void {
    this.#draining = true;
  }

  /** The remote has forgotten the session: its identifiers mean nothing any more. */
  forget(): void {
    this.received.clear();
    this.#underWay.clear();
  }

  message(message: RemoteMessage): void {
    const link = this.#link;
    if (link === null || this.#draining) return;
    if (message.qos === 2 && this.#isKnown(message.packetId, link)) return;
    const { maxUnreleased } = this.#settings.limits;
    if (message.qos === 2 && this.received.size >= maxUnreleased) {
      this.#reports.stuck(`the remote leaves ${maxUnreleased} QoS 2 messages unreleased`);
      return;
    }
    this.messages += 1;
    this.bytes += message.payload.length;
    const pending: Pending = {
      packetId: message.packetId,
      qos: message.qos,
      sizeBytes: message.payload.length + message.topic.length + MESSAGE_OVERHEAD_BYTES,
      link,
      appended: false,
      settled: false,
    };
    if (message.qos === 1) this.#unacknowledged.push(pending);
    else if (message.qos === 2) {
      this.#unreceived.push(pending);
      this.#underWay.set(message.packetId, pending);
    }
    this.#take(message, pending);
  }

  /** A PUBREL: the PUBCOMP leaves when a crash could not bring the identifier back. */
  released(packetId: number): void {
    const link = this.#link;
    if (link === null) return;
    if (!this.received.delete(packetId) && !this.#releasing.has(packetId)) {
      link.acknowledge("pubcomp", packetId);
      return;
    }
    this.#releasing.add(packetId);
    this.#reports.save(() => {
      this.#releasing.delete(packetId);
      link.acknowledge("pubcomp", packetId);
    });
  }

  /** Whether a QoS 2 packet came before; it is answered again, once its first answer has left. */
  #isKnown(packetId: number, link: RemoteLink): boolean {
    if (this.#underWay.has(packetId)) {
      this.duplicates += 1;
      // It came on a connection that is gone: the answer is for this one.
      if (!this.#unreceived.some((pending) => pending.packetId === packetId)) {
        this.#unreceived.push({ packetId, qos: 2, sizeBytes: 0, link, appended: true, settled: false });
      }
      return true;
    }
    if (!this.received.has(packetId)) return false;
    this.duplicates += 1;
    link.acknowledge("pubrec", packetId);
    return true;
  }

  #take(message: RemoteMessage, pending: Pending): void {
    const mapped = this.#rules.map(message.topic);
    if (mapped === null) {
      this.#drop(message, "no rule takes it: the remote has a subscription that is not of this bridge");
      this.#leaveOut(pending);
      return;
    }
    if (hasLooped(pathOf(message.properties), this.#settings.gatewayId)) {
      this.looped += 1;
      this.#leaveOut(pending);
      return;
    }
    this.#unsettledBytes += pending.sizeBytes;
    this.#pauseIfBehind();
    if (message.qos < 2) {
      this.#append(message, mapped.topic, null, pending);
      return;
    }
    const { packetId } = pending;
    const token = `${this.#run}-${(this.#count++).toString(36)}`;
    this.received.set(packetId, { packetId, token, places: this.#door.placesOf(mapped.topic) });
    this.#reports.save(() => {
      if (this.#underWay.get(packetId) === pending) this.#append(message, mapped.topic, token, pending);
    });
  }

  #append(message: RemoteMessage, topic: string, token: string | null, pending: Pending): void {
    pending.appended = true;
    const { payload, expirySec, qos, retain } = message;
    const { gatewayId, name } = this.#settings;
    const properties = withHop(message.properties, hopOf(gatewayId, name, token));
    if (this.#bugs.has("bridge-acknowledge-at-once")) this.#settled(pending);
    this.#door.publish({ topic, payload, properties, expirySec, qos, retain }, (settlement) => {
      this.#unsettledBytes -= pending.sizeBytes;
      this.#resumeIfQuiet();
      if (settlement.kind === "not-now") {
        this.#giveBack(pending);
        // On this connection or the one before: nothing of it may be acknowledged.
        if (this.#link !== null) this.#reports.stuck(settlement.reason);
        return;
      }
      if (settlement.kind === "never") this.#drop(message, settlement.reason);
      this.#settled(pending);
    });
  }

  /** A message that is not to be in the log is done with as if it were; one that comes again is left out again. */
  #leaveOut(pending: Pending): void {
    pending.appended = true;
    this.#settled(pending);
  }

  /** The remote sends it again, and it is new then. */
  #giveBack(pending: Pending): void {
    if (this.#underWay.get(pending.packetId) !== pending) return;
    this.#underWay.delete(pending.packetId);
    this.received.delete(pending.packetId);
    if (!pending.appended) this.#unsettledBytes -= pending.sizeBytes;
  }

  #drop({ topic, payload }: RemoteMessage, reason: string): void {
    this.dropped += 1;
    this.#reports.dropped(topic, payload.length, reason);
  }

  #settled(pending: Pending): void {
    const { packetId, qos } = pending;
    pending.settled = true;
    if (qos === 1) this.#acknowledge();
    // The remote may have forgotten the session since, and mean another message by the identifier.
    if (qos < 2 || this.#underWay.get(packetId) !== pending) return;
    this.#underWay.delete(packetId);
    this.received.set(packetId, { packetId, token: null, places: [] });
    this.#answer();
  }

  /** Sends the PUBACKs that are due, up to the first PUBLISH that is not settled (MQTT-4.6.0-2). */
  #acknowledge(): void {
    let count = 0;
    for (const { settled, link, packetId } of this.#unacknowledged) {
      if (!settled) break;
      link.acknowledge("puback", packetId);
      count += 1;
    }
    if (count > 0) this.#unacknowledged = this.#unacknowledged.slice(count);
  }

  /** Sends the PUBRECs that are due, in the order of the PUBLISHes (MQTT-4.6.0-3). */
  #answer(): void {
    let count = 0;
    for (const { packetId, link } of this.#unreceived) {
      if (this.#underWay.has(packetId)) break;
      link.acknowledge("pubrec", packetId);
      count += 1;
    }
    if (count > 0) this.#unreceived = this.#unreceived.slice(count);
  }

  #pauseIfBehind(): void {
    if (this.#paused || this.#unsettledBytes <= this.#settings.limits.maxUnsettledBytes) return;
    this.#paused = true;
    this.#link?.pause();
  }

  #resumeIfQuiet(): void {
    if (!this.#paused || this.#unsettledBytes * 2 > this.#settings.limits.maxUnsettledBytes) return;
    this.#paused = false;
    this.#link?.resume();
  }
}
