import type { ManualClock } from "../../../src/io/simulated/clock.ts";
import type { SeededRandom } from "../../../src/io/simulated/random.ts";
import type {
  Remote,
  RemoteEvents,
  RemoteLink,
  RemoteMessage,
  RemoteSubscription,
} from "../../../src/mqtt/bridge/remote.ts";

type Qos = 0 | 1 | 2;

interface OnTheWay {
  readonly topic: string;
  readonly text: string;
  readonly qos: Qos;
  readonly packetId: number;
  state: "unsent" | "sent" | "received";
}

/** What a model remote was told to be. */
export interface RemoteWishes {
  /** Messages that it leaves unacknowledged at a time, to and from it. */
  readonly window?: number;
  /** Milliseconds that a packet takes at most. */
  readonly latencyMs?: number;
  /** Takes no notice of a clean start. */
  readonly neverForgets?: boolean;
  readonly maximumPacketBytes?: number;
  readonly maximumQos?: Qos;
  readonly retainAvailable?: boolean;
  readonly refusedFilter?: string;
  /** Answers a PUBLISH with this reason, for as long as it says so. */
  readonly refuse?: (message: RemoteMessage) => number;
}

/**
 * A broker as the specification wants it, that knows one client: the bridge. It keeps the session while the
 * connection comes and goes, and forgets it where it is told to.
 */
export class ModelRemote implements Remote {
  clock: ManualClock;
  readonly #random: SeededRandom;
  wishes: RemoteWishes;
  /** Payloads that came from the bridge and were taken, in their order, by topic. */
  readonly taken = new Map<string, string[]>();
  readonly messages: RemoteMessage[] = [];
  readonly subscriptions = new Map<string, Qos>();
  subscribes = 0;
  /** Filters in the order in which they were asked for, each time. */
  readonly asked: string[] = [];
  /** Neither accepts connections nor answers, or answers nothing on those that there are. */
  away = false;
  hangs = false;
  refusal: string | null = null;
  connections = 0;
  /** Of each connection, whether it began with a clean start. */
  readonly cleanStarts: boolean[] = [];
  #endsWithConnection = false;
  #hasSession = false;
  /** QoS 2 packets of the bridge that are taken and not released. */
  #received = new Set<number>();
  #outgoing: OnTheWay[] = [];
  #lastId = 0;
  #link: ModelLink | null = null;

  constructor(clock: ManualClock, random: SeededRandom, wishes: RemoteWishes = {}) {
    this.clock = clock;
    this.#random = random;
    this.wishes = wishes;
  }

  /** Messages for the bridge that it has not done with. */
  get backlog(): number {
    return this.#outgoing.length;
  }

  get link(): ModelLink | null {
    return this.#link;
  }

  open(events: RemoteEvents, clean: boolean): RemoteLink {
    this.connections += 1;
    this.cleanStarts.push(clean);
    this.#link?.sever();
    const link = new ModelLink(this, events);
    this.#link = link;
    link.later(() => {
      if (this.away) {
        if (!this.hangs) link.end("connection refused", false);
      } else if (this.refusal !== null) link.end(this.refusal, true);
      else this.#accept(link, clean);
    });
    return link;
  }

  /** Somebody publishes at the remote: it is kept for the bridge where that has subscribed. */
  publish(topic: string, text: string, qos: Qos): void {
    this.#lastId = (this.#lastId % 65_535) + 1;
    this.#outgoing.push({ topic, text, qos, packetId: this.#lastId, state: "unsent" });
    this.#pump();
  }

  /** The connection breaks, whatever was on its way. */
  cut(): void {
    this.#link?.end("connection reset", false);
  }

  /** Its session has a QoS 2 message of the bridge by this identifier that nobody has released. */
  hold(packetId: number): void {
    this.#received.add(packetId);
  }

  /** It dies and comes back, with or without what it knew of the session. */
  crash(keepsSession: boolean): void {
    this.cut();
    if (keepsSession) return;
    this.#forget();
  }

  #forget(): void {
    this.#hasSession = false;
    this.#received.clear();
    this.#outgoing = [];
    this.subscriptions.clear();
  }

  latencyMs(): number {
    return this.#random.below(this.wishes.latencyMs ?? 5);
  }

  #accept(link: ModelLink, clean: boolean): void {
    // A clean session ends with its connection.
    const { neverForgets } = this.wishes;
    if ((clean || this.#endsWithConnection) && neverForgets !== true) this.#forget();
    this.#endsWithConnection = clean;
    const { maximumPacketBytes = Number.POSITIVE_INFINITY, window = 20 } = this.wishes;
    const { maximumQos = 2, retainAvailable = true } = this.wishes;
    const sessionPresent = this.#hasSession;
    this.#hasSession = true;
    link.isOpen = true;
    link.events.opened({
      sessionPresent,
      receiveMaximum: window,
      maximumPacketBytes,
      maximumQos,
      retainAvailable,
    });
    for (const message of this.#outgoing) {
      if (message.state === "sent") this.#send(message, link, true);
      else if (message.state === "received") link.later(() => link.events.released(message.packetId));
    }
    this.#pump();
  }

  // What the bridge sends.

  got(message: RemoteMessage, link: ModelLink): void {
    const { qos, packetId } = message;
    const reason = this.wishes.refuse?.(message) ?? 0;
    if (reason >= 0x80) {
      link.later(() => link.events.acknowledged(qos === 1 ? "puback" : "pubrec", packetId, reason));
      return;
    }
    if (qos === 2 && this.#received.has(packetId)) {
      link.later(() => link.events.acknowledged("pubrec", packetId, 0));
      return;
    }
    this.#take(message);
    if (qos === 0) return;
    if (qos === 2) this.#received.add(packetId);
    link.later(() => link.events.acknowledged(qos === 1 ? "puback" : "pubrec", packetId, 0));
  }

  acknowledged(kind: "puback" | "pubrec" | "pubrel" | "pubcomp", packetId: number, link: ModelLink): void {
    if (kind === "pubrel") {
      const known = this.#received.delete(packetId);
      link.later(() => link.events.acknowledged("pubcomp", packetId, known ? 0 : 0x92));
      return;
    }
    const index = this.#outgoing.findIndex((message) => message.packetId === packetId);
    const message = this.#outgoing[index];
    if (message === undefined || message.state === "unsent") return;
    if (kind === "pubrec") {
      message.state = "received";
      link.later(() => link.events.released(packetId));
      return;
    }
    this.#outgoing.splice(index, 1);
    this.#pump();
  }

  subscribe(subscriptions: readonly RemoteSubscription[], link: ModelLink): void {
    this.subscribes += 1;
    this.asked.push(...subscriptions.map(({ filter }) => filter));
    const { refusedFilter } = this.wishes;
    for (const { filter, qos } of subscriptions) {
      if (filter !== refusedFilter) this.subscriptions.set(filter, qos);
    }
    const codes = subscriptions.map(({ filter, qos }) => (filter === refusedFilter ? 0x87 : qos));
    link.later(() => link.events.subscribed(codes));
  }

  #take(message: RemoteMessage): void {
    this.messages.push(message);
    const list = this.taken.get(message.topic) ?? [];
    list.push(Buffer.from(message.payload).toString());
    this.taken.set(message.topic, list);
  }

  #pump(): void {
    const link = this.#link;
    if (link?.isOpen !== true) return;
    const window = this.wishes.window ?? 20;
    let underWay = this.#outgoing.filter(({ state }) => state !== "unsent").length;
    for (const message of this.#outgoing) {
      if (underWay >= window) return;
      if (message.state !== "unsent") continue;
      message.state = "sent";
      underWay += 1;
      this.#send(message, link, false);
    }
  }

  #send({ topic, text, qos, packetId }: OnTheWay, link: ModelLink, duplicate: boolean): void {
    const payload = new Uint8Array(Buffer.from(text));
    const message = {
      topic,
      payload,
      qos,
      packetId,
      duplicate,
      properties: null,
      expirySec: -1,
      retain: false,
    };
    link.later(() => link.events.message(message));
  }
}

export class ModelLink implements RemoteLink {
  readonly events: RemoteEvents;
  readonly queuedBytes = 0;
  isOpen = false;
  paused = false;
  readonly #remote: ModelRemote;
  /** What came while nothing was read. */
  #held: (() => void)[] = [];
  #severed = false;
  #isStuck = false;
  /** Packets keep their order: none arrives before the one before it. */
  #arrivesMs = 0;
  #sentMs = 0;

  constructor(remote: ModelRemote, events: RemoteEvents) {
    this.#remote = remote;
    this.events = events;
  }

  publish(message: RemoteMessage): void {
    this.#toRemote(() => this.#remote.got(message, this));
  }

  acknowledge(kind: "puback" | "pubrec" | "pubrel" | "pubcomp", packetId: number): void {
    this.#toRemote(() => this.#remote.acknowledged(kind, packetId, this));
  }

  subscribe(subscriptions: readonly RemoteSubscription[]): void {
    this.#toRemote(() => this.#remote.subscribe(subscriptions, this));
  }

  unsubscribe(filters: readonly string[]): void {
    this.#toRemote(() => {
      for (const filter of filters) this.#remote.subscriptions.delete(filter);
    });
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    const held = this.#held;
    this.#held = [];
    for (const event of held) if (!this.#severed) event();
  }

  close(): void {
    this.sever();
  }

  /** Nothing goes either way any more. */
  sever(): void {
    this.#severed = true;
    this.isOpen = false;
  }

  end(reason: string, refused: boolean): void {
    if (this.#severed) return;
    this.sever();
    this.#remote.clock.soon(() => this.events.closed({ reason, refused }));
  }

  /** Something for the bridge, after its time on the way. */
  later(event: () => void): void {
    const { clock } = this.#remote;
    this.#arrivesMs = Math.max(this.#arrivesMs, clock.monotonicMs() + this.#remote.latencyMs());
    clock.after(this.#arrivesMs - clock.monotonicMs(), () => {
      if (this.paused) this.#held.push(event);
      else if (!this.#severed) event();
    });
  }

  #toRemote(event: () => void): void {
    const { clock } = this.#remote;
    this.#sentMs = Math.max(this.#sentMs, clock.monotonicMs() + this.#remote.latencyMs());
    clock.after(this.#sentMs - clock.monotonicMs(), () => {
      // What follows a packet that was swallowed can't get through.
      if (this.#remote.hangs) this.#isStuck = true;
      if (!this.#severed && !this.#isStuck) event();
    });
  }
}
