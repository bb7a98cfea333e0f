import type { PendingBatch } from "../../broker/ingest.ts";
import type { Client } from "../client.ts";
import { isReplay } from "../history/replay-request.ts";
import type { ReplayRefusal } from "../history/replays.ts";
import { PacketType, Reason, type Version, Version as Versions } from "../packets/codes.ts";
import { type FilterRequest, readSubscribe, readUnsubscribe } from "../packets/subscribe.ts";
import { DurableSession } from "../sessions/durable/durable-session.ts";
import type { Subscription } from "../sessions/targets.ts";
import { isShared, levelCount, splitShared, subscriptionFault } from "../topics.ts";

/** What SUBACK says of a refused filter before MQTT 5. */
const OLD_FAILURE = 0x80;

/**
 * SUBSCRIBE (MQTT 5, 3.8): answered at once, or, where the session outlives its connection, when that is durable;
 * messages that become durable from then on are delivered. Behind the answer go the retained messages that the filters take, as retain handling says (MQTT-3.3.1-9, -10, -11).
 *
 * Deviation: filters that begin with `$share/` are shared subscriptions in every version, though to 3.1.1 they are like
 * any other. No topic begins so, and clients of 3.1.1 use them with other brokers.
 */
export function handleSubscribe(client: Client): void {
  const { door, version } = client;
  const { reader, properties, limits, replies } = door;
  if (version === null) return;
  const packet = readSubscribe(reader, version, properties, {
    maxProperties: limits.maxProperties,
    maxFilters: limits.maxFiltersPerPacket,
  });
  if (packet === null) {
    if (reader.fault !== null) client.refuse(reader.fault);
    return;
  }
  for (const { filter, noLocal } of packet.requests) {
    const fault = subscriptionFault(filter);
    if (fault !== null) {
      client.refuse(fault);
      return;
    }
    if (noLocal && isShared(filter)) {
      // MQTT-3.8.3-4
      client.refuse({ reason: Reason.PROTOCOL_ERROR, what: "no local in a shared subscription" });
      return;
    }
  }
  const wantRetained: Subscription[] = [];
  const filters = packet.requests.map(({ filter }) => filter);
  const before = standing(client, filters);
  let fault = "";
  const codes = packet.requests.map((request) => {
    const answer = subscribe(client, request, packet.subscriptionIdentifier, wantRetained);
    if (typeof answer !== "number") fault ||= answer.what;
    return inWordsOf(version, typeof answer === "number" ? answer : answer.reason);
  });
  door.stats.subscriptions = door.subscriptions.count;
  replyIfItFits(client, codes.length);
  if (!client.listening) return;
  // MQTT-3.9.2-1: words that make the packet too large are left out.
  const fits =
    codes.length + fault.length * MAX_UTF8_BYTES + LARGEST_ACK_OVERHEAD_BYTES <= client.maximumPacketBytes;
  const text = client.problemInformation && fits ? fault : "";
  const written = writtenFor(
    client,
    filters.filter((_, index) => (codes[index] ?? OLD_FAILURE) < OLD_FAILURE),
  );
  if (written !== null) {
    // What was published before and is about to be retained is kept for those who had subscribed by then.
    const underWay = door.publishing.retainedBy(door.retainedStore.outstanding);
    door.afterwards(written, ({ state }) => {
      const answer = state === "durable" ? codes : notWritten(client, filters, codes, before);
      reply(client, PacketType.SUBACK, packet.packetId, answer, text);
      if (state !== "durable") return;
      if (underWay.state !== "waiting") startRetained(client, wantRetained);
      else door.afterwards(underWay, () => startRetained(client, wantRetained));
    });
    return;
  }
  replies.codes(PacketType.SUBACK, packet.packetId, codes, version, text);
  if (wantRetained.length === 0) return;
  client.flushReplies();
  startRetained(client, wantRetained);
}

function startRetained(client: Client, wantRetained: readonly Subscription[]): void {
  const { door, session } = client;
  if (client.state !== "open") return;
  for (const subscription of wantRetained) {
    if (door.sys?.isFor(subscription.filter)) door.sys.start(session, subscription);
    else door.retained.start(session, subscription);
  }
}

/**
 * The batch that has the changes of these filters, where the session outlives its connection: the answer leaves when it
 * is durable, so that no subscription is lost that was acknowledged.
 */
function writtenFor({ door, session }: Client, filters: readonly string[]): PendingBatch | null {
  if (!(session instanceof DurableSession) || door.store === null) return null;
  // A replay belongs to the connection.
  const kept = filters.filter((filter) => !isReplay(filter));
  let written: PendingBatch | null = null;
  for (const filter of kept) written = door.store.changeSubscription(session, filter);
  return written;
}

const NONE: ReadonlyMap<string, Subscription> = new Map();

/** What a session that outlives its connection has under these filters by now. */
function standing({ session }: Client, filters: readonly string[]): ReadonlyMap<string, Subscription> {
  if (!(session instanceof DurableSession)) return NONE;
  const found = new Map<string, Subscription>();
  for (const filter of filters) {
    const subscription = session.subscriptions.get(filter);
    if (subscription !== undefined) found.set(filter, subscription);
  }
  return found;
}

/** Takes back the subscriptions that the log refused: what there was before stays (MQTT-3.8.4-3). */
function notWritten(
  { door, session, version }: Client,
  filters: readonly string[],
  codes: readonly number[],
  before: ReadonlyMap<string, Subscription>,
): number[] {
  return codes.map((code, index) => {
    const filter = filters[index] ?? "";
    if (code >= OLD_FAILURE || isReplay(filter)) return code;
    const replaced = before.get(filter);
    if (replaced === undefined) {
      session.subscriptions.delete(filter);
      door.subscriptions.remove(session, filter);
    } else {
      session.subscriptions.set(filter, replaced);
      door.subscriptions.add(session, replaced);
    }
    door.stats.subscriptions = door.subscriptions.count;
    return inWordsOf(version ?? Versions.V311, Reason.IMPLEMENTATION_SPECIFIC_ERROR);
  });
}

/** Sends an answer on its own, in a later turn than its question. */
function reply(client: Client, type: number, packetId: number, codes: readonly number[], text = ""): void {
  const { door, version } = client;
  if (client.state !== "open" || version === null) return;
  const { direct } = door;
  direct.clear();
  direct.codes(type, packetId, codes, version, text);
  client.send(direct);
  direct.clear();
}

/**
 * Subscribes, or says why not: the granted QoS or a reason code, with words where it alone says too little.
 * Subscriptions that get retained messages are put into `wantRetained`.
 */
function subscribe(
  client: Client,
  request: FilterRequest,
  identifier: number,
  wantRetained: Subscription[],
): number | ReplayRefusal {
  const { door, session } = client;
  const { limits, subscriptions } = door;
  const { filter, qos, noLocal, retainAsPublished, retainHandling } = request;
  if (isReplay(filter)) {
    return door.replays?.start(client, request, identifier) ?? Reason.TOPIC_FILTER_INVALID;
  }
  if (isShared(filter) && isReplay(splitShared(filter)?.filter ?? "")) {
    return { reason: Reason.TOPIC_FILTER_INVALID, what: "a replay is no shared subscription" };
  }
  if (!door.access.maySubscribe(session, filter)) {
    door.audit.denied(client, "subscribe", filter);
    return Reason.NOT_AUTHORIZED;
  }
  if (levelCount(filter) > limits.maxTopicLevels) return Reason.TOPIC_FILTER_INVALID;
  const isNew = !session.subscriptions.has(filter);
  if (
    isNew &&
    (session.subscriptions.size >= limits.maxSubscriptions ||
      subscriptions.count >= limits.maxTotalSubscriptions)
  ) {
    return Reason.QUOTA_EXCEEDED;
  }
  const subscription = { filter, qos, noLocal, retainAsPublished, identifier };
  session.subscriptions.set(filter, subscription);
  subscriptions.add(session, subscription);
  // A shared subscription gets none (MQTT 5, 4.8.2).
  if (isShared(filter)) return qos;
  const wanted = retainHandling === 0 || (retainHandling === 1 && isNew);
  if (wanted && (door.retained.hasMessages || door.sys?.isFor(filter))) wantRetained.push(subscription);
  return qos;
}

/** UNSUBSCRIBE (MQTT 5, 3.10). What is queued already is still delivered (MQTT-3.10.4-3). */
export function handleUnsubscribe(client: Client): void {
  const { door, version, session } = client;
  const { reader, properties, limits, replies, subscriptions } = door;
  if (version === null) return;
  const packet = readUnsubscribe(reader, version, properties, {
    maxProperties: limits.maxProperties,
    maxFilters: limits.maxFiltersPerPacket,
  });
  if (packet === null) {
    if (reader.fault !== null) client.refuse(reader.fault);
    return;
  }
  for (const filter of packet.filters) {
    const fault = subscriptionFault(filter);
    if (fault !== null) {
      client.refuse(fault);
      return;
    }
  }
  const before = standing(client, packet.filters);
  const codes = packet.filters.map((filter) => {
    if (door.replays?.stop(client, filter) === true) return Reason.SUCCESS;
    if (!session.subscriptions.delete(filter)) return Reason.NO_SUBSCRIPTION_EXISTED;
    subscriptions.remove(session, filter);
    door.retained.stop(session, filter);
    return Reason.SUCCESS;
  });
  door.stats.subscriptions = subscriptions.count;
  replyIfItFits(client, codes.length);
  if (!client.listening) return;
  // UNSUBACK has no codes before MQTT 5.
  const said = version === Versions.V5 ? codes : [];
  const written = writtenFor(
    client,
    packet.filters.filter((_, index) => codes[index] === Reason.SUCCESS),
  );
  if (written === null) replies.codes(PacketType.UNSUBACK, packet.packetId, said, version);
  else {
    door.afterwards(written, ({ state }) => {
      if (state === "durable") reply(client, PacketType.UNSUBACK, packet.packetId, said);
      else notTakenBack(client, packet.packetId, packet.filters, codes, before);
    });
  }
}

/** What the log refuses to take back stays; before MQTT 5, where UNSUBACK has no word for it, the connection goes. */
function notTakenBack(
  client: Client,
  packetId: number,
  filters: readonly string[],
  codes: readonly number[],
  before: ReadonlyMap<string, Subscription>,
): void {
  const { door, session, version } = client;
  const said = codes.map((code, index) => {
    const stays = before.get(filters[index] ?? "");
    if (code !== Reason.SUCCESS || stays === undefined) return code;
    session.subscriptions.set(stays.filter, stays);
    door.subscriptions.add(session, stays);
    return Reason.IMPLEMENTATION_SPECIFIC_ERROR;
  });
  door.stats.subscriptions = door.subscriptions.count;
  if (version === Versions.V5) reply(client, PacketType.UNSUBACK, packetId, said);
  else client.finish("publish");
}

/** Leaves where the answer would be larger than what the client takes (MQTT-3.1.2-24). */
function replyIfItFits(client: Client, codes: number): void {
  const sizeBytes = codes + LARGEST_ACK_OVERHEAD_BYTES;
  if (sizeBytes <= client.maximumPacketBytes) return;
  client.refuse({
    reason: Reason.PACKET_TOO_LARGE,
    what: `an answer of ${codes} codes, which the client can't take`,
  });
}

/** Fixed header, packet identifier and lengths of a SUBACK at its largest. */
const LARGEST_ACK_OVERHEAD_BYTES = 16;
/** Of one UTF-16 unit. */
const MAX_UTF8_BYTES = 3;

function inWordsOf(version: Version, code: number): number {
  return version === Versions.V5 || code < OLD_FAILURE ? code : OLD_FAILURE;
}
