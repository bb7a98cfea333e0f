import type { Qos } from "../packets/codes.ts";

/** How far one partition is. */
export interface PartitionPosition {
  readonly topic: string;
  /** Tells a topic that was made again from the one before. */
  readonly topicId: string;
  readonly partition: number;
  /** Everything below is at the remote, or nothing for it. */
  readonly position: number;
  /** Beyond the position: at the remote already. */
  readonly done: readonly number[];
  /** Of QoS 2, from the position on: the remote may have them under these packet identifiers. */
  readonly sent: readonly SentMessage[];
}

export interface SentMessage {
  readonly offset: number;
  readonly packetId: number;
  /** Whether the remote has said by PUBREC that it has the message. */
  readonly received: boolean;
}

/** All that a bridge knows over a restart. */
export interface BridgeState {
  /** Whose session at which remote the rest is about; empty where none has begun. */
  readonly session: string;
  /** What the remote's session is subscribed to. */
  readonly subscribed: readonly (readonly [string, Qos])[];
  /** Packets of QoS 2 that the remote has not released. */
  readonly received: readonly ReceivedPacket[];
  /** Filters whose topics the positions are of. */
  readonly followed: readonly string[];
  readonly positions: readonly PartitionPosition[];
  /** Packet identifiers of QoS 2 that the remote may know and that belong to no record any more. */
  readonly orphans: readonly number[];
}

/** A QoS 2 packet of the remote. */
export interface ReceivedPacket {
  readonly packetId: number;
  /** What its record is known by, where that may or may not be in the log; null where it is. */
  readonly token: string | null;
  /** Where its record would be, from which offset on. */
  readonly places: readonly RecordPlace[];
}

export interface RecordPlace {
  readonly topic: string;
  /** -1 for any: the topic was not there. */
  readonly partition: number;
  readonly offset: number;
}

const VERSION = 1;

/** As JSON text, so that any tool can read it. */
export function encodeState(state: BridgeState): Uint8Array {
  const { session, subscribed, followed, orphans } = state;
  const received = state.received.map(({ packetId, token, places }) => [
    packetId,
    token,
    places.map(({ topic, partition, offset }) => [topic, partition, offset]),
  ]);
  const positions = state.positions.map(({ topic, topicId, partition, position, done, sent }) => [
    topic,
    topicId,
    partition,
    position,
    done,
    sent.map((message) => [message.offset, message.packetId, message.received]),
  ]);
  const whole = { version: VERSION, session, subscribed, received, followed, positions, orphans };
  return new TextEncoder().encode(JSON.stringify(whole));
}

/** Null for bytes that are no state of this version. */
export function decodeState(bytes: Uint8Array): BridgeState | null {
  let whole: unknown;
  try {
    whole = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
  if (!isTable(whole) || whole.version !== VERSION) return null;
  const { session, subscribed, received, followed, positions, orphans } = whole;
  if (typeof session !== "string" || !isListOf(subscribed, isSubscription)) return null;
  if (!isListOf(received, isReceived) || !isListOf(followed, isText)) return null;
  if (!isListOf(orphans, isPacketId) || !Array.isArray(positions)) return null;
  const read = positions.map(decodePosition);
  if (read.some((position) => position === null)) return null;
  return {
    session,
    subscribed,
    received: received.map(([packetId, token, places]) => ({
      packetId,
      token,
      places: places.map(([topic, partition, offset]) => ({ topic, partition, offset })),
    })),
    followed,
    positions: read.filter((position) => position !== null),
    orphans,
  };
}

function decodePosition(raw: unknown): PartitionPosition | null {
  if (!Array.isArray(raw)) return null;
  const [topic, topicId, partition, position, done, sent] = raw as unknown[];
  if (!isText(topic) || !isText(topicId) || !isCount(partition) || !isCount(position)) return null;
  if (!isListOf(done, isCount) || !isListOf(sent, isSent)) return null;
  const messages = sent.map(([offset, packetId, received]) => ({ offset, packetId, received }));
  return { topic, topicId, partition, position, done, sent: messages };
}

function isTable(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return raw !== null && typeof raw === "object" && !Array.isArray(raw);
}

function isListOf<T>(raw: unknown, isItem: (item: unknown) => item is T): raw is readonly T[] {
  return Array.isArray(raw) && raw.every(isItem);
}

function isText(raw: unknown): raw is string {
  return typeof raw === "string";
}

function isCount(raw: unknown): raw is number {
  return typeof raw === "number" && Number.isSafeInteger(raw) && raw >= 0;
}

function isPacketId(raw: unknown): raw is number {
  return isCount(raw) && raw >= 1 && raw <= 0xffff;
}

function isSubscription(raw: unknown): raw is readonly [string, Qos] {
  return Array.isArray(raw) && isText(raw[0]) && (raw[1] === 0 || raw[1] === 1 || raw[1] === 2);
}

function isReceived(
  raw: unknown,
): raw is readonly [number, string | null, readonly (readonly [string, number, number])[]] {
  if (!Array.isArray(raw)) return false;
  const [packetId, token, places] = raw as unknown[];
  return isPacketId(packetId) && (token === null || isText(token)) && isListOf(places, isPlace);
}

function isPlace(raw: unknown): raw is readonly [string, number, number] {
  if (!Array.isArray(raw)) return false;
  const [topic, partition, offset] = raw as unknown[];
  return isText(topic) && (partition === -1 || isCount(partition)) && isCount(offset);
}

function isSent(raw: unknown): raw is readonly [number, number, boolean] {
  return Array.isArray(raw) && isCount(raw[0]) && isPacketId(raw[1]) && typeof raw[2] === "boolean";
}
