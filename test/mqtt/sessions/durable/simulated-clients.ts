import { generate, type IPublishPacket, type ISubackPacket, type Packet, parser } from "mqtt-packet";
import type { FakeConnection } from "../../support/fake-network.ts";

export type Qos = 0 | 1 | 2;

/** What a simulation asks of the world that its clients live in. */
export interface ClientWorld {
  below(limit: number): number;
  dial(): FakeConnection | null;
  /** Whether the broker may refuse what it can't write down. */
  readonly refusals: boolean;
  /** Says what must not be. */
  fail(what: string): never;
}

/** A client that keeps what the specification has it keep, over connections and over the broker's power cuts. */
abstract class SimulatedClient {
  readonly clientId: string;
  readonly clean: boolean;
  protected readonly world: ClientWorld;
  protected connection: FakeConnection | null = null;
  /** CONNACK has come. */
  protected isOpen = false;
  /** Whether the broker has said that it keeps the session. */
  #isKept = false;

  constructor(world: ClientWorld, clientId: string, clean: boolean) {
    this.world = world;
    this.clientId = clientId;
    this.clean = clean;
  }

  get connected(): boolean {
    return this.connection !== null && !this.connection.closed;
  }

  /** Connects, over a connection that it may have: that is a takeover. */
  connect(): void {
    this.connection = this.world.dial();
    this.isOpen = false;
    this.send({
      cmd: "connect",
      clientId: this.clientId,
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: this.clean,
      keepalive: 0,
    });
  }

  disconnect(politely: boolean): void {
    if (politely) this.send({ cmd: "disconnect" });
    else this.connection?.break();
    this.lost();
  }

  /** The broker is gone. */
  lost(): void {
    this.connection = null;
    this.isOpen = false;
  }

  protected send(packet: Packet): void {
    this.connection?.feed(generate(packet, { protocolVersion: 4 }));
  }

  /** Reads what has come. */
  read(): void {
    const { connection } = this;
    if (connection === null) return;
    const stream = connection.take();
    const reader = parser({ protocolVersion: 4 });
    const packets: Packet[] = [];
    reader.on("packet", (packet: Packet) => packets.push(packet));
    reader.parse(Buffer.from(stream));
    for (const packet of packets) {
      if (packet.cmd === "connack") this.#accepted(packet.sessionPresent, packet.returnCode ?? 0);
      else this.take(packet);
    }
    if (connection.closed && this.connection === connection) this.lost();
  }

  #accepted(present: boolean, code: number): void {
    if (code !== 0) {
      if (!this.world.refusals) this.world.fail(`${this.clientId} was refused with ${code}`);
      return;
    }
    if (this.clean && present) this.world.fail(`${this.clientId} has a session after a clean start`);
    if (!this.clean && this.#isKept && !present)
      this.world.fail(`the session of ${this.clientId} is forgotten`);
    this.#isKept = !this.clean;
    this.isOpen = true;
    this.opened(present);
  }

  protected abstract opened(present: boolean): void;
  protected abstract take(packet: Packet): void;
}

/** Subscribes once, takes what comes, and acknowledges it when it likes. */
export class SimulatedSubscriber extends SimulatedClient {
  readonly filter: string;
  readonly qos: Qos;
  /** Payloads in the order in which its application got them, by topic. */
  readonly got = new Map<string, string[]>();
  /** How often it got each without DUP. */
  readonly fresh = new Map<string, number>();
  readonly times = new Map<string, number>();
  subscribed = false;
  /** Identifiers of QoS 2 that it holds. */
  readonly #held = new Set<number>();
  #answers: Packet[] = [];
  redeliveries = 0;

  constructor(world: ClientWorld, clientId: string, filter: string, qos: Qos, clean: boolean) {
    super(world, clientId, clean);
    this.filter = filter;
    this.qos = qos;
  }

  override lost(): void {
    super.lost();
    this.#answers = [];
    if (this.clean) {
      this.#held.clear();
      this.subscribed = false;
    }
  }

  get waitingAnswers(): number {
    return this.#answers.length;
  }

  /** Sends some of the answers that it owes. */
  answer(count = this.#answers.length): void {
    for (const packet of this.#answers.splice(0, count)) this.send(packet);
  }

  protected override opened(present: boolean): void {
    if (!present) this.#held.clear();
    if (this.subscribed) return;
    const subscriptions = [{ topic: this.filter, qos: this.qos }];
    this.send({ cmd: "subscribe", messageId: 1, subscriptions });
  }

  protected override take(packet: Packet): void {
    if (packet.cmd === "suback") this.#subscribed(packet.granted);
    else if (packet.cmd === "publish") this.#publish(packet);
    else if (packet.cmd === "pubrel") {
      const { messageId = 0 } = packet;
      this.#held.delete(messageId);
      this.#answers.push({ cmd: "pubcomp", messageId });
    } else this.world.fail(`${this.clientId} got ${packet.cmd}`);
  }

  #subscribed(granted: ISubackPacket["granted"]): void {
    this.subscribed = granted[0] === this.qos;
    // It tries again with its next connection.
    if (!this.subscribed && !this.world.refusals) this.world.fail(`${this.clientId} may not subscribe`);
  }

  #publish(packet: IPublishPacket): void {
    const { messageId = 0, qos, topic, dup } = packet;
    if (dup) this.redeliveries++;
    if (qos === 2) {
      this.#answers.push({ cmd: "pubrec", messageId });
      if (this.#held.has(messageId)) {
        // MQTT-4.3.3-1: no other message has the identifier until PUBCOMP.
        if (!dup) this.world.fail(`${this.clientId} got identifier ${messageId} again, and as something new`);
        return;
      }
      this.#held.add(messageId);
    } else if (qos === 1) this.#answers.push({ cmd: "puback", messageId });
    // What a subscription found retained is a message of its own, beside what comes live.
    if (packet.retain) return;
    const payload = packet.payload.toString();
    if (!dup) this.fresh.set(payload, (this.fresh.get(payload) ?? 0) + 1);
    this.times.set(payload, (this.times.get(payload) ?? 0) + 1);
    const got = this.got.get(topic);
    if (got === undefined) this.got.set(topic, [payload]);
    else got.push(payload);
  }
}

/** A message on its way from its publisher. */
export interface Publication {
  readonly topic: string;
  readonly payload: string;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Those that had their subscription acknowledged when it was first sent. */
  readonly forWhom: ReadonlySet<SimulatedSubscriber>;
  /** How often it was sent as a new message. */
  attempts: number;
  /** Whether it was sent again as the same message. */
  sentAgain: boolean;
  acknowledged: boolean;
}

interface UnderWay {
  readonly publication: Publication;
  state: "sent" | "received";
}

/** Publishes; what is not acknowledged it sends again where the protocol or its QoS has it so. */
export class SimulatedPublisher extends SimulatedClient {
  readonly #underWay = new Map<number, UnderWay>();
  #nextId = 1;

  get pending(): number {
    return this.#underWay.size;
  }

  get canPublish(): boolean {
    return this.isOpen && this.#underWay.size < 20;
  }

  publish(publication: Publication): void {
    const messageId = publication.qos === 0 ? 0 : this.#freeId();
    publication.attempts++;
    if (publication.qos > 0) this.#underWay.set(messageId, { publication, state: "sent" });
    this.#sendPublish(publication, messageId, false);
  }

  protected override opened(present: boolean): void {
    const underWay = [...this.#underWay];
    this.#underWay.clear();
    for (const [messageId, { publication, state }] of underWay) {
      if (this.clean) {
        // Nobody knows what became of QoS 2; QoS 1 is published anew.
        if (publication.qos === 1) this.publish(publication);
        continue;
      }
      this.#underWay.set(messageId, { publication, state });
      // At QoS 1 the broker may take it for another, and may say so to nobody.
      if (!present || publication.qos === 1) publication.attempts++;
      if (state === "received") this.send({ cmd: "pubrel", messageId });
      else this.#sendPublish(publication, messageId, true);
    }
  }

  protected override take(packet: Packet): void {
    const { messageId = 0 } = packet;
    const found = this.#underWay.get(messageId);
    switch (packet.cmd) {
      case "puback":
        if (found !== undefined) found.publication.acknowledged = true;
        this.#underWay.delete(messageId);
        return;
      case "pubrec":
        if (found === undefined) {
          this.world.fail(`${this.clientId} got a PUBREC for ${messageId}, which is not under way`);
        }
        found.publication.acknowledged = true;
        found.state = "received";
        this.send({ cmd: "pubrel", messageId });
        return;
      case "pubcomp":
        this.#underWay.delete(messageId);
        return;
      default:
        this.world.fail(`${this.clientId} got ${packet.cmd}`);
    }
  }

  #sendPublish(publication: Publication, messageId: number, dup: boolean): void {
    const { topic, payload, qos, retain } = publication;
    if (dup) publication.sentAgain = true;
    this.send({ cmd: "publish", topic, payload, qos, messageId, dup, retain });
  }

  /** Few identifiers, so that they are soon used again. */
  #freeId(): number {
    while (this.#underWay.has(this.#nextId)) this.#nextId = (this.#nextId % 25) + 1;
    const messageId = this.#nextId;
    this.#nextId = (this.#nextId % 25) + 1;
    return messageId;
  }
}
