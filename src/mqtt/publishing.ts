import type { PendingBatch } from "../broker/ingest.ts";
import type { Clock } from "../io/clock.ts";
import type { Access, Identity } from "./access.ts";
import { AppendOrder } from "./append-order.ts";
import { type ExactlyOnce, LaterBatch, markOf } from "./exactly-once.ts";
import type { PublishIngest } from "./ingest.ts";
import { BatchJoiner, IN_THE_LOG } from "./joined-batch.ts";
import type { LiveDelivery } from "./live.ts";
import type { Qos } from "./packets/codes.ts";
import { forwardedProperties } from "./packets/properties.ts";
import type { PublishView } from "./packets/publish.ts";
import { copyOf } from "./packets/reader.ts";
import { deathAt } from "./payloads/sparkplug/messages.ts";
import type { HeaderBlock } from "./record-headers.ts";
import type { Destination } from "./routes.ts";
import { DurableSession } from "./sessions/durable/durable-session.ts";
import type { UnderWay } from "./sessions/durable/received.ts";
import type { LiveMessage, MessageOrigin } from "./sessions/outbound.ts";
import type { Target } from "./sessions/targets.ts";
import { ForbiddenTopic } from "./settled-batches.ts";
import type { Shares } from "./shared/shared-delivery.ts";
import type { MqttStats } from "./stats.ts";
import type { TopicEntry } from "./topic-table.ts";

/** What a message costs here beside its bytes, for the bounds. */
export const MESSAGE_OVERHEAD_BYTES = 128;

/** A message from inside: a will, a message from a downlink or a bridge. Its bytes are its own, and stay as they are. */
export interface InsideMessage {
  readonly entry: TopicEntry;
  readonly payload: Uint8Array;
  /** MQTT 5 properties as they go on to subscribers: no alias, no expiry; null for none. */
  readonly properties: Uint8Array | null;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Seconds from now on, or -1 for no end. */
  readonly expirySec: number;
  /** False for what is in a log already, or belongs in none: it is delivered only, whatever the routes say. */
  readonly append: boolean;
  /** What has to be durable before a message that is not appended is delivered; left out where nothing has. */
  readonly after?: PendingBatch;
  /** Who hears what becomes of it; left out for nobody. */
  readonly origin?: MessageOrigin;
}

/** Where the last retained message of every topic is kept. */
export interface RetainedMessages {
  /**
   * Keeps a message that has the retain flag, or with an empty payload forgets what was kept (MQTT-3.3.1-5, -6), once
   * `after` is durable: where that is refused, what was kept stays. With a `mark` there is a record that has it, come what
   * may.
   */
  keep(
    entry: TopicEntry,
    message: LiveMessage,
    from: Identity,
    nowMs: number,
    after: PendingBatch,
    mark?: HeaderBlock,
  ): PendingBatch;
}

interface Inside {
  readonly batch: PendingBatch;
  readonly sizeBytes: number;
  readonly settled: ((batch: PendingBatch) => void) | null;
}

export interface PublishingParts {
  readonly clock: Clock;
  readonly ingest: PublishIngest;
  readonly live: LiveDelivery;
  readonly stats: MqttStats;
  /** Another client publishes to a topic than the one before. */
  newSender(destination: Destination, clientId: string): void;
  /** Goes on in a later turn, when the batch has settled. */
  afterwards(batch: PendingBatch, goOn: (batch: PendingBatch) => void): void;
}

/** Where messages are kept for sessions that outlive their connections. */
export interface KeptMessages {
  /** Keeps a message for these, to be delivered when `after` and its record are durable; the batch is the record's. */
  stage(message: LiveMessage, targets: readonly Target[], after: PendingBatch): PendingBatch;
}

/**
 * The one place where a message becomes appended, kept for its subscribers, and retained, whoever it is from. What
 * comes back settles when all of that has.
 */
export class Publishing {
  /** Null where retained messages are not kept. */
  retained: RetainedMessages | null = null;
  /** Null where no session outlives its connection. */
  kept: KeptMessages | null = null;
  /** Null where no session outlives its connection. */
  exactlyOnce: ExactlyOnce | null = null;
  readonly #clock: Clock;
  readonly #ingest: PublishIngest;
  readonly #live: LiveDelivery;
  readonly #stats: MqttStats;
  readonly #newSender: PublishingParts["newSender"];
  readonly #afterwards: PublishingParts["afterwards"];
  readonly #joiner = new BatchJoiner();
  /** Of sessions with a message of QoS 2 that is not appended yet. */
  readonly #orders = new Map<DurableSession, AppendOrder>();
  /** The latest message that comes to be retained a step later; they settle in their order. */
  #retainedLater: PendingBatch = IN_THE_LOG;
  /** Messages from inside that have not settled. */
  #inside: Inside[] = [];

  constructor(parts: PublishingParts) {
    this.#clock = parts.clock;
    this.#ingest = parts.ingest;
    this.#live = parts.live;
    this.#stats = parts.stats;
    this.#newSender = (destination, clientId) => parts.newSender(destination, clientId);
    this.#afterwards = (batch, goOn) => parts.afterwards(batch, goOn);
  }

  /**
   * Settles when every message that has come by now is retained, or refused; `outstanding` says so of those that are in
   * the store already.
   */
  retainedBy(outstanding: PendingBatch): PendingBatch {
    return this.#joiner.join(outstanding, this.#retainedLater);
  }

  /** Whether messages from inside wait for the log. */
  get isSettled(): boolean {
    return this.#inside.length === 0;
  }

  /** Takes a PUBLISH of a client that may publish to the topic. `nowMs` is the wall time of its arrival. */
  receive(
    entry: TopicEntry,
    publish: PublishView,
    from: Identity,
    access: Access,
    nowMs: number,
  ): PendingBatch {
    const { destination } = entry;
    if (destination === null) return entry.refused;
    if (!access.mayPublish(from, entry)) return new ForbiddenTopic(entry.text);
    if (entry.sender !== from.clientId) {
      entry.sender = from.clientId;
      this.#newSender(destination, from.clientId);
    }
    if (from instanceof DurableSession) {
      const { exactlyOnce } = this;
      if (publish.qos === 2 && exactlyOnce !== null) {
        return this.#receiveOnce(exactlyOnce, entry, destination, publish, from, nowMs);
      }
      const order = this.#orders.get(from);
      if (order !== undefined) return this.#receiveBehind(order, entry, destination, publish, from, nowMs);
    }
    const retains = publish.retain && this.retained !== null;
    if (!retains && !this.#live.isWanted(entry)) {
      return this.#ingest.append(destination, publish, from.clientId, nowMs);
    }
    // A payload that is copied anyway needs no view beside it.
    const message = this.#copy(entry, publish);
    const batch = this.#ingest.append(destination, publish, from.clientId, nowMs, message.payload);
    return batch.state === "refused" ? batch : this.#spread(entry, message, batch, from, nowMs);
  }

  /**
   * Takes a message from inside. `from` counts for no-local subscriptions and stands in dead letters; rights were
   * asked before. `settled` is called in a later turn, once the batch that is returned is durable or refused.
   */
  publish(
    message: InsideMessage,
    from: Identity,
    settled: ((batch: PendingBatch) => void) | null,
  ): PendingBatch {
    const { entry, properties, qos, retain } = message;
    const nowMs = this.#clock.nowMs();
    const isTimedDeath = entry.destination?.decoding?.isTimedDeath === true;
    const payload = isTimedDeath ? deathAt(message.payload, nowMs) : message.payload;
    const sizeBytes =
      payload.length + (properties?.length ?? 0) + entry.bytes.length + MESSAGE_OVERHEAD_BYTES;
    let batch = message.after ?? IN_THE_LOG;
    if (message.append) {
      if (entry.destination === null) batch = entry.refused;
      else batch = this.#ingest.appendMessage(entry.destination, message, from.clientId, nowMs);
    }
    if (batch.state !== "refused" && (this.#live.isWanted(entry) || (retain && this.retained !== null))) {
      const expiresAtMs = this.#expiresAtMs(message.expirySec);
      const spread = { topic: entry.bytes, payload, properties, qos, retain, expiresAtMs, sizeBytes };
      const { origin } = message;
      const copy = origin === undefined ? spread : { ...spread, origin };
      // What is in a log already can't be refused, and its position may move on with `after`: it is retained at once.
      batch = this.#spread(entry, copy, batch, from, nowMs, message.append ? batch : IN_THE_LOG);
    }
    this.#inside.push({ batch, sizeBytes, settled });
    this.#stats.unsettledBytes += sizeBytes;
    return batch;
  }

  /** Forgets messages from inside that have settled, and tells those who asked. */
  settle(): void {
    if (this.#inside.length === 0) return;
    const all = this.#inside;
    this.#inside = [];
    for (const inside of all) {
      if (inside.batch.state === "waiting") {
        this.#inside.push(inside);
        continue;
      }
      this.#stats.unsettledBytes -= inside.sizeBytes;
      inside.settled?.(inside.batch);
    }
  }

  /**
   * Keeps a message for its subscribers until all that it waits for is durable, and where it is retained for others,
   * from when its record is.
   */
  #spread(
    entry: TopicEntry,
    message: LiveMessage,
    appended: PendingBatch,
    from: Identity,
    nowMs: number,
    record = appended,
  ): PendingBatch {
    let batch = appended;
    if (message.retain && this.retained !== null) {
      batch = this.#joiner.join(batch, this.retained.keep(entry, message, from, nowMs, record));
    }
    const shares = this.#live.shared.share(entry, message);
    this.#goLive(entry, message, batch, from, shares);
    return this.kept === null ? batch : this.#keep(this.kept, entry, message, batch, from, shares);
  }

  #goLive(
    entry: TopicEntry,
    message: LiveMessage,
    batch: PendingBatch,
    from: Identity,
    shares: Shares,
  ): void {
    // One who subscribes before a retained message is durable finds it neither among the retained nor among the live
    // ones, if it does not wait here.
    const mayBeWanted = message.retain || this.#live.isWantedLive(entry, message, shares);
    if (mayBeWanted && this.#live.hasRoom(entry, message, shares)) {
      this.#live.stage(entry, message, batch, from, shares);
    }
  }

  /** Keeps a message for sessions that outlive their connections; they get it when `after` is durable, too. */
  #keep(
    kept: KeptMessages,
    entry: TopicEntry,
    message: LiveMessage,
    after: PendingBatch,
    from: Identity,
    shares: Shares,
  ): PendingBatch {
    let batch = after;
    const targets = this.#live.durableTargets(entry, message, from);
    if (targets.length > 0) batch = this.#joiner.join(batch, kept.stage(message, targets, batch));
    // A session may get it for itself and for a group: each is a message of its own.
    for (const member of shares.kept) {
      batch = this.#joiner.join(batch, kept.stage(message, [member], batch));
    }
    return batch;
  }

  /** A PUBLISH of QoS 2 in two steps: see ExactlyOnce. What has to be done with it has its place from now on. */
  #receiveOnce(
    exactlyOnce: ExactlyOnce,
    entry: TopicEntry,
    destination: Destination,
    publish: PublishView,
    from: DurableSession,
    nowMs: number,
  ): PendingBatch {
    const message = this.#copy(entry, publish);
    const { topic, payload, properties, retain } = message;
    const { packetId } = publish;
    const expirySec = publish.properties.messageExpirySec;
    const places = exactlyOnce.placesOf(destination, retain);
    const named = { arrivedMs: nowMs, topic, payload, properties, retain, expirySec, places };
    const underWay: UnderWay = { state: "under-way", ...named };
    const mark = markOf(from, packetId);
    const batch = this.#later(retain);
    const shares = this.#live.shared.share(entry, message);
    this.#goLive(entry, message, batch, from, shares);
    const written = exactlyOnce.write(from, packetId, underWay, () => {
      if (this.kept !== null) this.#keep(this.kept, entry, message, batch, from, shares);
    });
    const append = this.#begin(from);
    this.#afterwards(written, ({ state, error }) =>
      append(() => {
        if (state === "refused") {
          batch.refuse(error);
          return;
        }
        const record = this.#appendMarked(destination, underWay, from, mark);
        batch.follow(this.#retain(entry, message, record, from, nowMs, mark));
      }),
    );
    this.#watch(exactlyOnce, from, packetId, batch);
    return batch;
  }

  /** A PUBLISH behind one of QoS 2 that is not appended yet: a device's records keep its order. */
  #receiveBehind(
    order: AppendOrder,
    entry: TopicEntry,
    destination: Destination,
    publish: PublishView,
    from: DurableSession,
    nowMs: number,
  ): PendingBatch {
    const message = this.#copy(entry, publish);
    const batch = this.#later(message.retain);
    const whole = { ...message, expirySec: publish.properties.messageExpirySec };
    const shares = this.#live.shared.share(entry, message);
    this.#goLive(entry, message, batch, from, shares);
    order.behind(() => {
      const record = this.#ingest.appendMessage(destination, whole, from.clientId, nowMs);
      batch.follow(this.#retain(entry, message, record, from, nowMs));
    });
    return this.kept === null ? batch : this.#keep(this.kept, entry, message, batch, from, shares);
  }

  #later(retain: boolean): LaterBatch {
    const batch = new LaterBatch();
    if (retain) this.#retainedLater = batch;
    return batch;
  }

  /** The place of a message that is appended later; the function takes what appends it. */
  #begin(session: DurableSession): (append: () => void) => void {
    let order = this.#orders.get(session);
    if (order === undefined) {
      order = new AppendOrder();
      this.#orders.set(session, order);
    }
    const known = order;
    const goOn = order.begin();
    return (append) => {
      goOn(append);
      if (known.isEmpty) this.#orders.delete(session);
    };
  }

  /**
   * Finishes what a start has found under way: appends it where it is not in its topic, and retains it where it is to be.
   * Those who get it have it from the first step.
   */
  finishInterrupted(
    session: DurableSession,
    packetId: number,
    underWay: UnderWay,
    entry: TopicEntry,
    isAppended: boolean,
  ): PendingBatch {
    const { exactlyOnce } = this;
    const { destination } = entry;
    if (exactlyOnce === null || destination === null) return entry.refused;
    const { topic, payload, properties, retain, expirySec, arrivedMs } = underWay;
    const expiresAtMs = this.#expiresAtMs(expirySec);
    const message: LiveMessage = { topic, payload, properties, qos: 2, retain, expiresAtMs, sizeBytes: 0 };
    const mark = markOf(session, packetId);
    const record = isAppended ? IN_THE_LOG : this.#appendMarked(destination, underWay, session, mark);
    const batch = this.#retain(entry, message, record, session, arrivedMs, mark);
    this.#watch(exactlyOnce, session, packetId, batch);
    return batch;
  }

  #appendMarked(
    to: Destination,
    underWay: UnderWay,
    { clientId }: Identity,
    mark: HeaderBlock,
  ): PendingBatch {
    return this.#ingest.appendMessage(to, { ...underWay, qos: 2 }, clientId, underWay.arrivedMs, mark);
  }

  /** What comes back waits for the record, and for its being retained where the message has the flag. */
  #retain(
    entry: TopicEntry,
    message: LiveMessage,
    record: PendingBatch,
    from: Identity,
    nowMs: number,
    mark?: HeaderBlock,
  ): PendingBatch {
    if (!message.retain || this.retained === null || record.state === "refused") return record;
    return this.#joiner.join(record, this.retained.keep(entry, message, from, nowMs, record, mark));
  }

  #watch(exactlyOnce: ExactlyOnce, from: DurableSession, packetId: number, batch: PendingBatch): void {
    const settled = (outcome: PendingBatch): void => exactlyOnce.settled(from, packetId, outcome);
    this.#inside.push({ batch, sizeBytes: 0, settled });
  }

  #copy(entry: TopicEntry, publish: PublishView): LiveMessage {
    const { bytes, properties, payloadStart, payloadEnd, qos, retain } = publish;
    return {
      topic: entry.bytes,
      payload: copyOf(bytes, payloadStart, payloadEnd),
      properties: forwardedProperties(bytes, properties),
      qos,
      retain,
      expiresAtMs: this.#expiresAtMs(properties.messageExpirySec),
      sizeBytes:
        payloadEnd -
        payloadStart +
        properties.end -
        properties.start +
        entry.bytes.length +
        MESSAGE_OVERHEAD_BYTES,
    };
  }

  #expiresAtMs(expirySec: number): number {
    return expirySec < 0 ? Number.POSITIVE_INFINITY : this.#clock.monotonicMs() + expirySec * 1_000;
  }
}
