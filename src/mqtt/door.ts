import type { Logger } from "../base/logger.ts";
import { type GapNotes, NO_GAP_NOTES } from "../broker/gap-ledger.ts";
import type { Ingest, PendingBatch } from "../broker/ingest.ts";
import type { Clock, Timer } from "../io/clock.ts";
import type { Random } from "../io/random.ts";
import { type AuditNotes, NO_AUDIT } from "../security/audit/audit-event.ts";
import { type Access, type Identity, INSIDE_NAME, OPEN_ACCESS } from "./access.ts";
import { Arrivals } from "./arrivals.ts";
import { MqttAudit } from "./audit.ts";
import { type Client, SMALL_CHUNK_BYTES } from "./client.ts";
import { Deliveries } from "./deliveries.ts";
import type { Downlinks } from "./downlink/downlinks.ts";
import { ExactlyOnce } from "./exactly-once.ts";
import { type Gate, OPEN_GATE } from "./gate.ts";
import type { Followers } from "./history/followers.ts";
import { Replays } from "./history/replays.ts";
import { PublishIngest } from "./ingest.ts";
import { IN_THE_LOG } from "./joined-batch.ts";
import type { MqttLimits } from "./limits.ts";
import { LiveDelivery } from "./live.ts";
import { Losses } from "./losses.ts";
import { AckView } from "./packets/acks.ts";
import { Reason } from "./packets/codes.ts";
import { Properties } from "./packets/properties.ts";
import { PublishView } from "./packets/publish.ts";
import { PacketReader } from "./packets/reader.ts";
import { PacketWriter } from "./packets/writer.ts";
import { type OwnMessage, PayloadState } from "./payloads/state.ts";
import { type InsideMessage, Publishing } from "./publishing.ts";
import { RetainedDelivery } from "./retained/delivery.ts";
import type { RetainedStorage } from "./retained/storage.ts";
import { RetainedStore } from "./retained/store.ts";
import { Returns } from "./returns.ts";
import type { Destination, RouteConfig, RouteTable } from "./routes.ts";
import { DurableSession } from "./sessions/durable/durable-session.ts";
import type { SessionBugs } from "./sessions/durable/message-store.ts";
import type { RecordSearch } from "./sessions/durable/record-search.ts";
import { SessionStore } from "./sessions/durable/session-store.ts";
import type { StateLog } from "./sessions/durable/state-log.ts";
import { Session } from "./sessions/session.ts";
import { SubscriptionTrie } from "./sessions/subscription-trie.ts";
import { newStats } from "./stats.ts";
import type { ProgramFigures } from "./sys/figures.ts";
import { SysTopics } from "./sys/sys-topics.ts";
import { TimerWheel } from "./timer-wheel.ts";
import { type TopicEntry, TopicTable } from "./topic-table.ts";
import { UserConnections } from "./user-connections.ts";
import { type WillFate, Wills } from "./wills.ts";

const WHEEL_TICK_MS = 500;
const WHEEL_SLOTS = 512;
const SECOND_MS = 1_000;
/** MQTT 5, 1.5.4. */
const MAX_TOPIC_BYTES = 65_535;
/** How late a certificate that has expired ends its connection at most. */
const CERTIFICATES_EVERY_MS = 60_000;
/** Who messages are from that the door itself makes. */
const OURSELVES: Identity = { clientId: "", userName: INSIDE_NAME };
/** Messages that are not retained since there are too many are told of no more often than this. */
const FULL_WARNING_INTERVAL_MS = 60_000;

export interface DoorParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly ingest: Ingest;
  /** Where retained messages are kept. */
  readonly retained: RetainedStorage;
  readonly routes: RouteTable;
  readonly limits: MqttLimits;
  readonly log: Logger;
  /** What figures under `$SYS` tell of the program; left out, there are none. */
  readonly program?: ProgramFigures;
  /** Where it is written down what subscribers did not get; nowhere where left out. */
  readonly gaps?: GapNotes;
  readonly audit?: AuditNotes;
  /** Where left out, everybody may do everything. */
  readonly access?: Access;
  /** Where left out, everybody gets in. */
  readonly gate?: Gate;
  /** The log of sessions; where left out, none outlives its connection. */
  readonly stateLog?: StateLog;
  /** Deliberate bugs, for tests of the tests. */
  readonly sessionBugs?: SessionBugs;
  /** Finds records of messages that were under way when the process ended. */
  readonly recordSearch?: RecordSearch;
  /** Told of the client that publishes records of a topic with a key, when it is another one than before. */
  readonly onSender?: SenderListener;
  /** What reads the logs; where left out, what was published before can't be had. */
  readonly history?: DoorHistory;
}

export type SenderListener = (
  topic: string,
  key: Uint8Array,
  clientId: string,
  remoteAddress: string | null,
) => void;

/** The logs, and the routes by which messages came to them. */
export interface DoorHistory {
  readonly followers: Followers;
  readonly routes: readonly RouteConfig[];
}

interface Afterwards {
  readonly batch: PendingBatch;
  readonly goOn: (batch: PendingBatch) => void;
}

/** What the connections of one door share. */
export class Door {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: MqttLimits;
  readonly log: Logger;
  readonly stats = newStats();
  readonly losses: Losses;
  readonly audit: MqttAudit;
  readonly wheel: TimerWheel;
  readonly arrivals: Arrivals;
  readonly deliveries: Deliveries;
  readonly topics: TopicTable;
  readonly subscriptions = new SubscriptionTrie();
  readonly live: LiveDelivery;
  readonly ingest: PublishIngest;
  readonly publishing: Publishing;
  readonly retainedStore: RetainedStore;
  readonly returns: Returns;
  readonly retained: RetainedDelivery;
  /** Null where there are no figures under `$SYS`. */
  readonly sys: SysTopics | null;
  readonly access: Access;
  /** Null where there is nothing to read from. */
  readonly replays: Replays | null;
  /** Null where no topic's records are published. */
  downlinks: Downlinks | null = null;
  readonly gate: Gate;
  /** Sessions that outlive their connections; null where none does. */
  readonly store: SessionStore | null;
  /** The session of a connection that has not said who it is. */
  readonly nobody: Session;
  /** The connection whose chunk is being read. */
  reading: Client | null = null;
  /** Every connection, from its first byte on. */
  readonly connections = new Set<Client>();
  /** Connections by client id: at most one each (MQTT-3.1.4-3). */
  readonly clients = new Map<string, Client>();
  readonly userConnections = new UserConnections();
  readonly wills: Wills;
  /** Wall time of the chunk at hand, or of the latest settlement. */
  nowMs: number;

  // Scratch that serves one packet at a time: handlers run to their end before the next packet is read.
  /** The chunk at hand, where that is a small one. */
  readonly smallChunk = new Uint8Array(SMALL_CHUNK_BYTES);
  readonly reader = new PacketReader();
  readonly publishView = new PublishView();
  readonly ack = new AckView();
  readonly properties = new Properties();
  /** Answers of the connection whose chunk is being read. */
  readonly replies = new PacketWriter();
  /** Whatever is sent at once, to whichever connection. */
  readonly direct = new PacketWriter();
  /** Acknowledgements of the connection that is being settled. */
  readonly settled = new PacketWriter();

  /** What goes on once something is durable, in its order. */
  #afterwards: Afterwards[] = [];
  /** Connections with something that the log has not settled. */
  #unsettled: Client[] = [];
  readonly #onSender: SenderListener | undefined;
  readonly #paused = new Set<Client>();
  #settleIsDue = false;
  #certificates: Timer | null = null;
  #toldFull = false;

  constructor(parts: DoorParts) {
    this.clock = parts.clock;
    this.audit = new MqttAudit(parts.audit ?? NO_AUDIT);
    this.random = parts.random;
    this.limits = parts.limits;
    this.access = parts.access ?? OPEN_ACCESS;
    this.gate = parts.gate ?? OPEN_GATE;
    this.log = parts.log;
    this.losses = new Losses(parts.gaps ?? NO_GAP_NOTES);
    this.arrivals = new Arrivals(parts.clock);
    this.deliveries = new Deliveries(parts.clock);
    this.wheel = new TimerWheel(parts.clock, WHEEL_TICK_MS, WHEEL_SLOTS);
    const seed = parts.random.bytes(4).reduce((seed, byte) => (seed << 8) | byte, 0);
    this.topics = new TopicTable(
      parts.routes,
      parts.limits.maxTopicLevels,
      parts.limits.topicCacheEntries,
      seed,
    );
    const { subscriptions, access, stats, topics, losses } = this;
    this.live = new LiveDelivery(subscriptions, access, parts.limits, stats, topics, losses);
    const payloads = new PayloadState(parts.clock, parts.limits, this.stats, (own) => this.#publishOwn(own));
    this.#onSender = parts.onSender;
    this.ingest = new PublishIngest(parts.ingest, this.stats, payloads);
    this.publishing = new Publishing(this);
    this.retainedStore = new RetainedStore({
      ...parts,
      storage: parts.retained,
      stats: this.stats,
      onFull: (topic, from, message) => {
        this.losses.notRetained(from.clientId, topic.text, message.payload.length);
        this.#retainedAreFull(topic, from);
      },
    });
    this.publishing.retained = this.retainedStore;
    this.returns = new Returns(parts.clock, (session) => {
      session.outbound.pump(this.clock.monotonicMs());
      this.retained.resume(session);
    });
    this.retained = new RetainedDelivery({
      ...parts,
      store: this.retainedStore,
      access: this.access,
      topics: this.topics,
    });
    const { history } = parts;
    this.replays = history === undefined ? null : new Replays(this, history.followers, history.routes);
    this.nobody = new Session("", parts.limits, this.stats, this.losses);
    this.nowMs = parts.clock.nowMs();
    this.sys = this.#makeSys(parts.program);
    if (!this.retainedStore.load()) this.log.error("the retained messages can't be read to their end");
    parts.ingest.onSettled(() => this.settle());
    this.store = parts.stateLog === undefined ? null : this.#openStore(parts.stateLog, parts);
    if (this.store !== null) {
      this.publishing.kept = this.store.messages;
      this.publishing.exactlyOnce = new ExactlyOnce(this.store, parts.recordSearch ?? null);
    }
    this.wills = new Wills(this);
    this.wills.restore();
    this.#finishInterrupted();
    // Their batches may settle in a commit round of their own.
    this.retainedStore.onSettled(() => this.settleSoon());
  }

  /**
   * Publishes a message from inside: appended by its route, delivered, kept where it is retained. `from` counts for
   * no-local and stands in dead letters; rights were asked before. The batch settles when all of that has;
   * `settled` is told so in a later turn.
   */
  publish(
    message: InsideMessage,
    from: Identity,
    settled: ((batch: PendingBatch) => void) | null = null,
  ): PendingBatch {
    const batch = this.publishing.publish(message, from, settled);
    if (batch.state !== "waiting") this.settleSoon();
    return batch;
  }

  /** A message that a payload gave rise to. Where no route takes its topic, it is delivered only. */
  #publishOwn({ mqttTopic, payload, retain, append }: OwnMessage): void {
    const bytes = new TextEncoder().encode(mqttTopic);
    const entry = bytes.length > MAX_TOPIC_BYTES ? null : this.topics.find(bytes, 0, bytes.length);
    if (entry === null || "reason" in entry) return;
    const isTaken = append && entry.destination !== null;
    this.publish(
      { entry, payload, properties: null, qos: 0, retain, expirySec: -1, append: isTaken },
      OURSELVES,
    );
  }

  /**
   * Users or rules have changed. Who was let in for what no longer holds is put out, its will unpublished. The
   * others stay with their subscriptions, and get and publish what they may from now on. What those have left behind
   * who are nobody any more goes with them.
   */
  rightsChanged(): void {
    this.subscriptions.invalidate();
    for (const client of this.connections) client.checksRights = true;
    this.#putOut();
    this.endAbandoned();
  }

  /** Certificates end by themselves: looks after them from now on, as long as somebody has shown one. */
  watchCertificates(): void {
    this.#certificates ??= this.clock.after(CERTIFICATES_EVERY_MS, () => {
      this.#certificates = null;
      if (this.#putOut()) this.watchCertificates();
    });
  }

  stopWatching(): void {
    this.#certificates?.cancel();
    this.#certificates = null;
  }

  /** Puts out whose proof holds no longer. True where any are left who have shown a certificate. */
  #putOut(): boolean {
    let hasCertificates = false;
    for (const client of [...this.connections]) {
      if (client.state !== "open") continue;
      if (this.gate.holds(client.proof)) {
        hasCertificates ||= client.proof.kind === "certificate";
        continue;
      }
      this.stats.loginsRevoked++;
      this.audit.revoked(client);
      client.leave(Reason.NOT_AUTHORIZED, "its user, password or certificate holds no longer", "discard");
    }
    return hasCertificates;
  }

  /**
   * Ends the sessions of those who are no users any more, or whose certificate was revoked, and takes back their wills:
   * else they would go on speaking, and whoever gets the name next would inherit what was meant for them.
   */
  endAbandoned(): void {
    this.wills.discardAbandoned(this.gate);
    let count = 0;
    for (const session of [...(this.store?.all() ?? [])]) if (this.endIfAbandoned(session)) count++;
    if (count > 0) this.log.info("ended MQTT sessions of users that are gone", { count });
  }

  /** The same for one session. One that has a connection is its connection's. */
  endIfAbandoned(session: Session): boolean {
    if (this.gate.stands(session) || this.clients.get(session.clientId)?.session === session) return false;
    this.wills.disconnected(session, "discard");
    this.endSession(session);
    return true;
  }

  /**
   * Puts a client out and ends its session, as an operator wishes; its will is published. Null where there is neither. The
   * batch settles when the end outlives a power cut.
   */
  endClient(clientId: string): PendingBatch | null {
    const client = this.clients.get(clientId);
    const before = this.store?.get(clientId) ?? null;
    if (client === undefined && before === null) return null;
    client?.leave(Reason.ADMINISTRATIVE_ACTION, "its session was ended by an operator", "publish");
    // One that was to end with its connection has ended by now.
    const kept = this.store?.get(clientId) ?? null;
    if (kept !== null) this.endSession(kept);
    this.log.info("ended the session of an MQTT client, as was asked for", { clientId });
    return before === null ? IN_THE_LOG : (this.store?.batch ?? IN_THE_LOG);
  }

  /** A connection has ended: its session ends with it, or waits for the next one. */
  detach(client: Client, session: Session, fate: WillFate): void {
    if (this.clients.get(session.clientId) === client) this.clients.delete(session.clientId);
    session.outbound.detach();
    this.wills.disconnected(session, fate);
    if (!(session instanceof DurableSession) || session.expirySec === 0) {
      this.endSession(session);
      return;
    }
    if (!session.ended) this.store?.disconnected(session);
  }

  /** Ends a session for good: its subscriptions, and all that waits for it. */
  endSession(session: Session): void {
    const heirs = this.live.shared.heirsOf(session);
    for (const filter of session.subscriptions.keys()) this.subscriptions.remove(session, filter);
    this.retained.stop(session);
    this.wills.ended(session);
    session.outbound.end(heirs);
    if (!(session instanceof DurableSession)) session.subscriptions.clear();
    else if (!session.ended) this.store?.end(session);
    if (this.subscriptions.hasLeft) this.settleSoon();
    this.stats.subscriptions = this.subscriptions.count;
  }

  /** Another client publishes to a topic than the one before. */
  newSender({ topic, key }: Destination, clientId: string): void {
    if (key !== null) this.#onSender?.(topic, key, clientId, this.addressOf(clientId));
  }

  /** Where a client is connected from; null where it is not. */
  addressOf(clientId: string): string | null {
    return this.clients.get(clientId)?.connection.remoteAddress ?? null;
  }

  /** Sends what waits for room at a connection. */
  sendOn(client: Client): void {
    client.hasRoom = false;
    client.session.outbound.pump(this.clock.monotonicMs());
    this.retained.resume(client.session);
    this.replays?.resume(client);
  }

  /** Goes on in a later turn, when the batch has settled; in the order of the calls where they settle together. */
  afterwards(batch: PendingBatch, goOn: (batch: PendingBatch) => void): void {
    this.#afterwards.push({ batch, goOn });
    if (batch.state !== "waiting") this.settleSoon();
  }

  /** Notes that a connection waits for this batch. One that has settled already is dealt with this turn. */
  await(client: Client, batch: PendingBatch): void {
    if (!client.awaiting) {
      client.awaiting = true;
      this.#unsettled.push(client);
    }
    if (batch.state !== "waiting") this.settleSoon();
  }

  /** Settles at the end of this turn, whether or not a commit round ends before. */
  settleSoon(): void {
    if (this.#settleIsDue) return;
    this.#settleIsDue = true;
    this.clock.soon(() => {
      this.#settleIsDue = false;
      this.settle();
    });
  }

  /** After a commit round: acknowledges, delivers, and reads on where too much had waited. */
  settle(): void {
    this.nowMs = this.clock.nowMs();
    this.retainedStore.release();
    // What goes on may settle something at once.
    this.#goOn();
    const clients = this.#unsettled;
    this.#unsettled = [];
    for (const client of clients) {
      if (client.settle()) client.awaiting = false;
      else this.#unsettled.push(client);
    }
    this.publishing.settle();
    const nowMs = this.clock.monotonicMs();
    // Before what is new.
    this.live.shared.passOn(nowMs);
    this.live.settle(nowMs);
    this.store?.messages.settle(nowMs);
    // What was on its way to the disk for a session that has ended meanwhile.
    if (this.subscriptions.hasLeft) this.settleSoon();
    this.downlinks?.settle();
    this.deliveries.flush();
    for (const client of this.#paused) if (this.#mayRead(client)) this.#resume(client);
  }

  /** Stops reading from a connection while too much of it, or of all of them, waits for the disk. */
  pauseIfBehind(client: Client): void {
    const { limits, stats } = this;
    if (client.paused) return;
    if (
      client.unsettledBytes <= limits.maxUnsettledBytes &&
      stats.unsettledBytes <= limits.maxTotalUnsettledBytes
    ) {
      return;
    }
    stats.pauses++;
    client.paused = true;
    this.#paused.add(client);
    client.connection.pause();
  }

  /** Stops reading from everybody for good: nothing resumes them, and nobody's silence counts any more. */
  stopReading(): void {
    this.#paused.clear();
    for (const client of this.connections) {
      client.paused = true;
      client.connection.pause();
    }
  }

  /** Whether anybody still waits for the log. */
  get isSettled(): boolean {
    if (this.#unsettled.length > 0 || this.#afterwards.length > 0) return false;
    return this.publishing.isSettled && this.retainedStore.isSettled && this.store?.isSettled !== false;
  }

  /** Forgets a connection that is closed. */
  forget(client: Client): void {
    this.connections.delete(client);
    this.audit.left(client);
    this.userConnections.leave(client);
    this.replays?.end(client);
    this.#paused.delete(client);
    this.stats.connections = this.connections.size;
  }

  #openStore(log: StateLog, { ingest, sessionBugs = {} }: DoorParts): SessionStore {
    const store = new SessionStore({
      clock: this.clock,
      log,
      limits: this.limits,
      stats: this.stats,
      losses: this.losses,
      subscriptions: this.subscriptions,
      appendMessages: () => ingest.flush(),
      settled: () => this.settleSoon(),
      expired: (session) => {
        this.stats.sessionsExpired++;
        this.endSession(session);
      },
      bugs: sessionBugs,
    });
    const { strange } = store.open();
    if (strange > 0) this.log.error("records of MQTT sessions are not understood", { count: strange });
    return store;
  }

  /** Finishes QoS 2 PUBLISHes that an earlier process has taken, and maybe not appended or retained. */
  #finishInterrupted(): void {
    const { store } = this;
    const { exactlyOnce } = this.publishing;
    if (store === null || exactlyOnce === null) return;
    for (const { session, packetId, underWay } of store.interrupted) {
      const entry = this.topics.find(underWay.topic, 0, underWay.topic.length);
      const { appendAllInterrupted, appendNoInterrupted, retainNoInterrupted } = store.bugs;
      const isAppended =
        appendNoInterrupted === true ||
        (exactlyOnce.isAppended(session, packetId, underWay) && appendAllInterrupted !== true);
      const isRetained =
        !underWay.retain ||
        retainNoInterrupted === true ||
        exactlyOnce.isRetained(session, packetId, underWay);
      const isDone = isAppended && isRetained;
      if (isDone) store.applied(session, packetId);
      else if (!("reason" in entry) && entry.destination !== null) {
        session.unanswered.set(packetId, false);
        const { publishing } = this;
        const batch = publishing.finishInterrupted(session, packetId, underWay, entry, isAppended);
        this.afterwards(batch, () => this.answerReceived(session, packetId, batch));
      } else this.log.warn("a message has no route any more", { clientId: session.clientId, packetId });
    }
  }

  /**
   * A QoS 2 PUBLISH has settled whose connection is gone: its session's next one is answered, where it has sent it
   * again meanwhile.
   */
  answerReceived(session: Session, packetId: number, batch: PendingBatch): void {
    const cameAgain = session.unanswered.get(packetId) === true;
    session.unanswered.delete(packetId);
    if (batch.state === "refused") session.received.delete(packetId);
    const client = this.clients.get(session.clientId);
    if (client?.session === session && cameAgain) client.answerReceived(packetId, batch);
  }

  #goOn(): void {
    if (this.#afterwards.length === 0) return;
    const all = this.#afterwards;
    this.#afterwards = [];
    for (const afterwards of all) {
      if (afterwards.batch.state === "waiting") this.#afterwards.push(afterwards);
      else afterwards.goOn(afterwards.batch);
    }
  }

  #retainedAreFull(topic: TopicEntry, from: Identity): void {
    if (this.#toldFull) return;
    this.#toldFull = true;
    this.clock.after(FULL_WARNING_INTERVAL_MS, () => {
      this.#toldFull = false;
    });
    this.log.warn("a message was not retained: the bounds of retained messages are reached", {
      topic: topic.text,
      clientId: from.clientId,
    });
  }

  #makeSys(program: ProgramFigures | undefined): SysTopics | null {
    const { sysIntervalMs: intervalMs } = this.limits;
    if (program === undefined || intervalMs === 0) return null;
    const openedMs = this.clock.monotonicMs();
    const { version, heapBytes } = program;
    return new SysTopics({
      ...{ clock: this.clock, live: this.live, subscriptions: this.subscriptions, access: this.access },
      ...{ intervalMs, version },
      figures: () => ({
        stats: this.stats,
        packetsSent: this.#packetsSent,
        connected: this.clients.size,
        sharedSubscriptions: this.subscriptions.sharedCount,
        uptimeSec: Math.floor((this.clock.monotonicMs() - openedMs) / SECOND_MS),
        heapBytes: heapBytes(),
      }),
      staged: () => this.settleSoon(),
    });
  }

  get #packetsSent(): number {
    return this.replies.packets + this.direct.packets + this.settled.packets + this.deliveries.packets;
  }

  #mayRead(client: Client): boolean {
    const { limits, stats } = this;
    return (
      client.unsettledBytes * 2 <= limits.maxUnsettledBytes &&
      stats.unsettledBytes * 2 <= limits.maxTotalUnsettledBytes
    );
  }

  #resume(client: Client): void {
    this.#paused.delete(client);
    client.paused = false;
    client.heard();
    client.connection.resume();
  }
}
