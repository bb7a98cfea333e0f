import type { Owner } from "../../../security/security.ts";
import { type Qos, type Version, Version as Versions } from "../../packets/codes.ts";
import { qosOf, type WillPacket } from "../../packets/connect.ts";
import type { LiveMessage } from "../outbound.ts";
import type { Subscription } from "../targets.ts";
import type { FieldReader, FieldWriter } from "./bytes.ts";

/**
 * Records of `__mqtt_sessions`. A key is a kind byte and what identifies the thing; a value begins with a version byte,
 * and null takes the thing back. Numbers are varints, texts UTF-8; what has no length is the last field.
 *
 *   SESSION       client id                    number, protocol, flags, expiry, time, [user name], [certificate], [will]
 *   SUBSCRIPTION  session number, filter       options, identifier
 *   MESSAGE       message number               flags, [expiry], topic, [properties], [origin], targets, payload
 *   PROGRESS      session number               boundaries, runs of unacknowledged sequences
 *   RECEIVED      session number, packet id    a PUBLISH of QoS 2, see `received.ts`
 *   CURSOR        name                         whatever its owner put there
 *   WILL          client id                    [user name], [certificate], will
 *   TIME                                       kept time, wall time, see `kept-time.ts`
 */
export const Kind = {
  SESSION: 1,
  SUBSCRIPTION: 2,
  MESSAGE: 3,
  PROGRESS: 4,
  RECEIVED: 5,
  CURSOR: 6,
  WILL: 7,
  TIME: 8,
} as const;

const VERSION = 1;

/** What stands of a session itself. */
export interface SessionRecord {
  readonly number: number;
  readonly protocol: Version;
  /** Seconds that it outlives its connection. */
  readonly expirySec: number;
  readonly connected: boolean;
  /** Kept time of the end of its connection; 0 while connected. */
  readonly disconnectedAtMs: number;
  readonly userName: string | null;
  /** The id of the certificate that the name is from, or null. */
  readonly certificate: string | null;
  readonly will: WillPacket | null;
}

const CONNECTED = 1;
const HAS_USER_NAME = 2;
const HAS_WILL = 4;
const HAS_CERTIFICATE = 8;

export function putSession(writer: FieldWriter, session: SessionRecord): void {
  const { userName, certificate, will } = session;
  writer.u8(VERSION).number(session.number).u8(session.protocol);
  writer.u8((session.connected ? CONNECTED : 0) | ownerFlags(session) | (will === null ? 0 : HAS_WILL));
  writer.number(session.expirySec).number(session.disconnectedAtMs);
  if (userName !== null) writer.text(userName);
  if (certificate !== null) writer.text(certificate);
  if (will !== null) putWillFields(writer, will);
}

function ownerFlags({ userName, certificate }: Owner): number {
  return (userName === null ? 0 : HAS_USER_NAME) | (certificate === null ? 0 : HAS_CERTIFICATE);
}

/** Null for a value of another version, or none at all. */
export function readSession(reader: FieldReader): SessionRecord | null {
  if (reader.u8() !== VERSION) return null;
  const number = reader.number();
  const protocol = versionOf(reader.u8());
  const flags = reader.u8();
  const expirySec = reader.number();
  const disconnectedAtMs = reader.number();
  const userName = (flags & HAS_USER_NAME) === 0 ? null : reader.text();
  const certificate = (flags & HAS_CERTIFICATE) === 0 ? null : reader.text();
  const will = (flags & HAS_WILL) === 0 ? null : readWillFields(reader);
  if (!reader.ok || protocol === null) return null;
  return {
    number,
    protocol,
    expirySec,
    connected: (flags & CONNECTED) !== 0,
    disconnectedAtMs,
    userName,
    certificate,
    will,
  };
}

const WILL_RETAIN = 4;
const WILL_PROPERTIES = 8;

/** A will with the name that its client was let in under. */
export interface OwnedWill extends Owner {
  readonly will: WillPacket;
}

export function putWill(writer: FieldWriter, owned: OwnedWill): void {
  const { will, userName, certificate } = owned;
  writer.u8(VERSION).u8(ownerFlags(owned));
  if (userName !== null) writer.text(userName);
  if (certificate !== null) writer.text(certificate);
  putWillFields(writer, will);
}

export function readWill(reader: FieldReader): OwnedWill | null {
  if (reader.u8() !== VERSION) return null;
  const flags = reader.u8();
  const userName = (flags & HAS_USER_NAME) === 0 ? null : reader.text();
  const certificate = (flags & HAS_CERTIFICATE) === 0 ? null : reader.text();
  const will = readWillFields(reader);
  return reader.ok ? { will, userName, certificate } : null;
}

function putWillFields(writer: FieldWriter, will: WillPacket): void {
  writer.u8(will.qos | (will.retain ? WILL_RETAIN : 0) | (will.properties === null ? 0 : WILL_PROPERTIES));
  writer.number(will.delaySec).number(will.expirySec + 1);
  writer.field(will.topic).field(will.payload);
  if (will.properties !== null) writer.field(will.properties);
}

function readWillFields(reader: FieldReader): WillPacket {
  const flags = reader.u8();
  const delaySec = reader.number();
  const expirySec = reader.number() - 1;
  return {
    qos: qosOf(flags & 3),
    retain: (flags & WILL_RETAIN) !== 0,
    delaySec,
    expirySec,
    topic: reader.field().slice(),
    payload: reader.field().slice(),
    properties: (flags & WILL_PROPERTIES) === 0 ? null : reader.field().slice(),
  };
}

const NO_LOCAL = 4;
const RETAIN_AS_PUBLISHED = 8;

export function putSubscription(writer: FieldWriter, subscription: Subscription): void {
  const { qos, noLocal, retainAsPublished, identifier } = subscription;
  writer.u8(VERSION);
  writer.u8(qos | (noLocal ? NO_LOCAL : 0) | (retainAsPublished ? RETAIN_AS_PUBLISHED : 0));
  writer.number(identifier);
}

export function readSubscription(reader: FieldReader, filter: string): Subscription | null {
  if (reader.u8() !== VERSION) return null;
  const options = reader.u8();
  const identifier = reader.number();
  if (!reader.ok) return null;
  return {
    filter,
    qos: qosOf(options & 3),
    noLocal: (options & NO_LOCAL) !== 0,
    retainAsPublished: (options & RETAIN_AS_PUBLISHED) !== 0,
    identifier,
  };
}

/** One session's copy of a message. */
export interface MessageTarget {
  readonly session: number;
  readonly sequence: number;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
}

/** Flags of an entry: its QoS, whether it carries RETAIN, and what is only in its record. */
export const ENTRY_RETAIN = 4;
export const ENTRY_IDENTIFIERS = 8;
export const ENTRY_ORIGIN = 16;

const MESSAGE_RETAIN = 4;
const MESSAGE_EXPIRES = 8;
const MESSAGE_PROPERTIES = 16;
const MESSAGE_ORIGIN = 32;

export function putMessage(
  writer: FieldWriter,
  message: LiveMessage,
  expiresAtKeptMs: number,
  targets: readonly MessageTarget[],
): void {
  const { qos, retain, properties, topic, payload, origin } = message;
  writer.u8(VERSION);
  writer.u8(
    qos |
      (retain ? MESSAGE_RETAIN : 0) |
      (expiresAtKeptMs === Number.POSITIVE_INFINITY ? 0 : MESSAGE_EXPIRES) |
      (properties === null ? 0 : MESSAGE_PROPERTIES) |
      (origin === undefined ? 0 : MESSAGE_ORIGIN),
  );
  if (expiresAtKeptMs !== Number.POSITIVE_INFINITY) writer.number(Math.max(0, Math.ceil(expiresAtKeptMs)));
  writer.field(topic);
  if (properties !== null) writer.field(properties);
  if (origin !== undefined) writer.field(origin.bytes);
  writer.number(targets.length);
  for (const { session, sequence, qos, retain, identifiers } of targets) {
    writer.number(session).number(sequence);
    writer.u8(qos | (retain ? ENTRY_RETAIN : 0) | (identifiers.length > 0 ? ENTRY_IDENTIFIERS : 0));
    if (identifiers.length === 0) continue;
    writer.number(identifiers.length);
    for (const identifier of identifiers) writer.number(identifier);
  }
  writer.rest(payload);
}

/** A message as its record has it: everything is a view. */
export interface StoredMessage {
  readonly qos: Qos;
  readonly retain: boolean;
  /** Kept time, Infinity for never. */
  readonly expiresAtMs: number;
  readonly topic: Uint8Array;
  readonly properties: Uint8Array | null;
  readonly origin: Uint8Array | null;
  readonly targets: readonly MessageTarget[];
  readonly payload: Uint8Array;
}

export function readMessage(reader: FieldReader): StoredMessage | null {
  if (reader.u8() !== VERSION) return null;
  const flags = reader.u8();
  const expiresAtMs = (flags & MESSAGE_EXPIRES) === 0 ? Number.POSITIVE_INFINITY : reader.number();
  const topic = reader.field();
  const properties = (flags & MESSAGE_PROPERTIES) === 0 ? null : reader.field();
  const origin = (flags & MESSAGE_ORIGIN) === 0 ? null : reader.field();
  const targets: MessageTarget[] = [];
  for (let left = reader.number(); left > 0 && reader.ok; left--) {
    const session = reader.number();
    const sequence = reader.number();
    const entry = reader.u8();
    const identifiers: number[] = [];
    if ((entry & ENTRY_IDENTIFIERS) !== 0) {
      for (let count = reader.number(); count > 0 && reader.ok; count--) identifiers.push(reader.number());
    }
    targets.push({
      session,
      sequence,
      qos: qosOf(entry & 3),
      retain: (entry & ENTRY_RETAIN) !== 0,
      identifiers,
    });
  }
  const payload = reader.rest();
  if (!reader.ok) return null;
  const retain = (flags & MESSAGE_RETAIN) !== 0;
  return { qos: qosOf(flags & 3), retain, expiresAtMs, topic, properties, origin, targets, payload };
}

/** Takes what a start needs to know of a message, without making anything of the rest. */
export interface MessageHeads {
  /**
   * Its size is known before its targets: bytes of topic, properties, origin and all that follows. It expires at this
   * kept time, or at infinity.
   */
  message(sizeBytes: number, expiresAtMs: number): void;
  target(session: number, sequence: number, flags: number): void;
}

/** False for a value of another version, or none at all. */
export function readMessageHead(reader: FieldReader, into: MessageHeads): boolean {
  if (reader.u8() !== VERSION) return false;
  const sizeBytes = reader.end - reader.position;
  const flags = reader.u8();
  const more = (flags & MESSAGE_ORIGIN) === 0 ? 0 : ENTRY_ORIGIN;
  into.message(sizeBytes, (flags & MESSAGE_EXPIRES) === 0 ? Number.POSITIVE_INFINITY : reader.number());
  reader.skipField();
  if ((flags & MESSAGE_PROPERTIES) !== 0) reader.skipField();
  if ((flags & MESSAGE_ORIGIN) !== 0) reader.skipField();
  for (let left = reader.number(); left > 0 && reader.ok; left--) {
    const session = reader.number();
    const sequence = reader.number();
    const entry = reader.u8();
    if ((entry & ENTRY_IDENTIFIERS) !== 0) {
      for (let count = reader.number(); count > 0 && reader.ok; count--) reader.number();
    }
    if (reader.ok) into.target(session, sequence, entry | more);
  }
  return reader.ok;
}

/** Sequences that follow each other: sent and not acknowledged, or `released`: of QoS 2, with their PUBREC there. */
export interface ProgressRun {
  readonly first: number;
  count: number;
  readonly released: boolean;
}

/** How far a session is: every sequence below the boundary is done but those in the runs. */
export interface Progress {
  readonly boundary: number;
  /** Sequences below it that are not sent by what is known here may have been, before a power cut. */
  readonly maybeSentBelow: number;
  readonly runs: readonly ProgressRun[];
}

export function putProgress(writer: FieldWriter, { boundary, maybeSentBelow, runs }: Progress): void {
  writer.u8(VERSION).number(boundary).number(maybeSentBelow).number(runs.length);
  let end = 0;
  for (const { first, count, released } of runs) {
    writer.number(first - end).number(count * 2 + (released ? 1 : 0));
    end = first + count;
  }
}

export function readProgress(reader: FieldReader): Progress | null {
  if (reader.u8() !== VERSION) return null;
  const boundary = reader.number();
  const maybeSentBelow = reader.number();
  const runs: ProgressRun[] = [];
  let end = 0;
  for (let left = reader.number(); left > 0 && reader.ok; left--) {
    const first = end + reader.number();
    const counted = reader.number();
    const count = Math.floor(counted / 2);
    runs.push({ first, count, released: counted % 2 === 1 });
    end = first + count;
  }
  return reader.ok ? { boundary, maybeSentBelow, runs } : null;
}

function versionOf(level: number): Version | null {
  return level === Versions.V31 || level === Versions.V311 || level === Versions.V5 ? level : null;
}
