import type { LogFields } from "../../base/logger.ts";
import type { PendingBatch } from "../../broker/ingest.ts";
import { type Identity, OPEN_ACCESS } from "../access.ts";
import type { Client } from "../client.ts";
import type { Door } from "../door.ts";
import { OutgoingAliases } from "../outgoing-aliases.ts";
import { ConnectReturn, Reason, Version } from "../packets/codes.ts";
import { type ConnectPacket, readConnect, type WillPacket } from "../packets/connect.ts";
import { type ConnackProperties, connackSizeBytes } from "../packets/writer.ts";
import { DurableSession } from "../sessions/durable/durable-session.ts";
import { Session } from "../sessions/session.ts";
import { refusalReason } from "../settled-batches.ts";
import { type Admitted, askWho, type ConnectRefusal } from "./admission.ts";

const ASSIGNED_ID_BYTES = 12;
/** MQTT 3.1 asks for 1 to 23 characters. */
const MAX_V31_ID = 23;

/**
 * CONNECT (MQTT 5, 3.1). Who it is comes first, then what it asks for. A client id that is connected already is taken
 * over (MQTT-3.1.4-3), with its session where that goes on. Where a session that outlives its connection begins,
 * goes on or ends, CONNACK leaves when that is durable: what it says of the session holds after a power cut, too.
 * One that is refused in the end has changed nothing: what can't be undone waits until the log has shown that it takes
 * what is written.
 *
 * Deviation: a session of 3.1.1 with clean session 0 ends after `maxSessionExpirySec`, which 3.1.1 has no way to say.
 */
export function handleConnect(client: Client): void {
  const { door } = client;
  const { reader, properties, limits } = door;
  const packet = readConnect(reader, properties, limits.maxProperties, (version) => {
    client.version = version;
  });
  if (packet === null) {
    if (reader.fault !== null) client.refuse(reader.fault);
    return;
  }
  if (packet.version === "unknown") {
    refuse(client, {
      reason: Reason.UNSPECIFIED_ERROR,
      returnCode: ConnectReturn.UNACCEPTABLE_PROTOCOL,
      what: "a protocol level that is not spoken here",
    });
    return;
  }
  client.problemInformation = packet.problemInformation;
  client.maximumPacketBytes = packet.maximumPacketBytes;
  if (packet.authenticationMethod) {
    refuse(client, {
      reason: Reason.BAD_AUTHENTICATION_METHOD,
      returnCode: ConnectReturn.NOT_AUTHORIZED,
      what: "an authentication method; there is none here",
    });
    return;
  }
  askWho(client, packet, (admission) => {
    if ("reason" in admission) refuse(client, admission, saidIn(packet));
    else goOn(client, packet, admission, false);
  });
}

/** What the client asks for, now that it is known who it is. `isProven`: the log takes what is written. */
function goOn(client: Client, packet: ConnectPacket, admitted: Admitted, isProven: boolean): void {
  const clientId = clientIdFor(client, packet, admitted.userName);
  if (typeof clientId !== "string") {
    refuse(client, clientId);
    return;
  }
  const owner = otherOwner(client.door, clientId, admitted.userName);
  if (owner !== null && !givesWay(client.door, owner, admitted.userName)) {
    // Else whoever guesses a client id could put out another user's device, or take its messages.
    const { userName } = owner;
    client.door.audit.takenId(client, admitted.userName, clientId);
    const fields = { userName: admitted.userName, owner: userName?.slice(0, MAX_LOGGED_NAME) ?? null };
    refuse(client, CLIENT_ID_TAKEN, { ...fields, saidClientId: clientId.slice(0, MAX_LOGGED_NAME) });
    return;
  }
  const will = willFor(client, packet, { clientId, userName: admitted.userName });
  if (will !== null && "reason" in will) {
    refuse(client, will);
    return;
  }
  open(client, packet, { clientId, will, admitted, isForeign: owner !== null, isProven });
}

/** A CONNECT that nothing speaks against so far. */
interface Asked {
  readonly clientId: string;
  readonly will: WillPacket | null;
  readonly admitted: Admitted;
  /** The session of this client id is another's, and gives way. */
  readonly isForeign: boolean;
  readonly isProven: boolean;
}

const CLIENT_ID_TAKEN: ConnectRefusal = {
  reason: Reason.NOT_AUTHORIZED,
  returnCode: ConnectReturn.NOT_AUTHORIZED,
  what: "its client id is another user's",
};

/** Another user's session that has this client id. */
function otherOwner(door: Door, clientId: string, userName: string | null): Identity | null {
  const known = door.clients.get(clientId)?.session ?? door.store?.get(clientId) ?? null;
  return known === null || known.userName === userName ? null : known;
}

/**
 * What nobody in particular has left behind keeps no user from the client id, nor does anything of others from one that
 * is his own name.
 */
function givesWay(door: Door, { clientId, userName: owner }: Identity, userName: string | null): boolean {
  return clientId === userName || (owner === null && !door.clients.has(clientId));
}

function open(client: Client, packet: ConnectPacket, asked: Asked): void {
  const { door } = client;
  const { clientId, will, admitted, isProven } = asked;
  const terms = termsOf(door, packet, asked);
  if ("reason" in terms) {
    refuse(client, terms);
    return;
  }
  // One that can't be told that it is accepted takes nobody over and leaves no will.
  if (!canAccept(client, packet, terms)) return;
  const before = door.clients.get(clientId);
  const crowd = crowdRefusal(door, admitted.userName, before);
  if (crowd !== null) {
    door.audit.crowded(client, admitted.userName);
    refuse(client, crowd);
    return;
  }
  const proof = isProven ? null : proofFor(door, before, terms, will);
  if (proof !== null) {
    whenWritten(client, proof, () => {
      if (door.gate.holds(admitted.proof)) goOn(client, packet, admitted, true);
      else refuse(client, NO_LONGER);
    });
    return;
  }
  if (before !== undefined) {
    door.stats.takeovers++;
    before.leave(Reason.SESSION_TAKEN_OVER, "", "publish");
  }
  const { session, written: begun, takeBack } = sessionFor(door, packet, terms);
  if (session instanceof DurableSession) door.store?.own(session, admitted.userName);
  else session.userName = admitted.userName;
  session.certificate = admitted.proof.kind === "certificate" ? admitted.proof.id : null;
  const changed = door.wills.connected(session, will);
  const written = changed.written ?? begun;
  client.takeBack = () => {
    changed.putBack();
    takeBack();
  };
  client.session = session;
  client.proof = admitted.proof;
  client.checksRights = door.access !== OPEN_ACCESS;
  client.sessionExpirySec = packet.sessionExpirySec;
  client.receiveMaximum = packet.receiveMaximum;
  const aliases = Math.min(packet.topicAliasMaximum, door.limits.maxOutgoingAliases);
  if (aliases > 0) client.outgoingAliases = new OutgoingAliases(aliases);
  client.unacknowledged = session.received.size;
  door.clients.set(clientId, client);
  door.userConnections.enter(client, admitted.userName);
  if (written === null) {
    begin(client, packet, terms);
    return;
  }
  whenWritten(client, written, () => begin(client, packet, terms));
}

/** Why a user can't have one more connection, or null. One that it takes over does not count. */
function crowdRefusal(
  door: Door,
  userName: string | null,
  before: Client | undefined,
): ConnectRefusal | null {
  const { maxConnectionsOfUser } = door.limits;
  if (userName === null) return null;
  const others = door.userConnections.of(userName) - (before?.session.userName === userName ? 1 : 0);
  if (others < maxConnectionsOfUser) return null;
  return {
    reason: Reason.QUOTA_EXCEEDED,
    returnCode: ConnectReturn.SERVER_UNAVAILABLE,
    what: `a connection beside ${others} others of its user (mqtt.user.max.connections)`,
  };
}

function whenWritten(client: Client, batch: PendingBatch, then: () => void): void {
  client.ask(() => {});
  client.door.afterwards(batch, ({ state }) =>
    client.answered(() => {
      if (state === "durable") then();
      else refuse(client, NOT_WRITTEN);
    }),
  );
}

/**
 * Before a session is ended or a living connection put out, what the log has of them is written once more: where it
 * takes that, it will take what follows. Null where nothing is at stake, or nothing is to be written.
 */
function proofFor(
  door: Door,
  before: Client | undefined,
  { clientId, sessionPresent, sessionExpirySec }: Terms,
  will: WillPacket | null,
): PendingBatch | null {
  const { store } = door;
  if (store === null) return null;
  const known = store.get(clientId);
  if (known !== null) return before !== undefined || !sessionPresent ? store.change(known) : null;
  const writes = sessionExpirySec > 0 || will !== null;
  return before !== undefined && writes ? door.wills.rewrite(before.session) : null;
}

const NOT_WRITTEN: ConnectRefusal = {
  reason: Reason.SERVER_UNAVAILABLE,
  returnCode: ConnectReturn.SERVER_UNAVAILABLE,
  what: "its session could not be written down",
};

const NO_LONGER: ConnectRefusal = {
  reason: Reason.NOT_AUTHORIZED,
  returnCode: ConnectReturn.NOT_AUTHORIZED,
  what: "its user, password or certificate holds no longer",
};

/** Says that it is accepted, and then sends what waits for it. */
function begin(client: Client, packet: ConnectPacket, terms: Terms): void {
  const { door, session } = client;
  if (!door.gate.holds(client.proof)) {
    // While its session was written.
    refuse(client, NO_LONGER);
    door.endIfAbandoned(session);
    return;
  }
  putConnack(client, packet, terms);
  client.silenceMs = terms.keepAliveSec * 1_500;
  // Before anything else (MQTT-3.2.0-1).
  client.flushReplies();
  if (!client.listening) return;
  client.state = "open";
  client.takeBack = null;
  door.stats.connectionsAccepted++;
  door.audit.entered(client);
  door.sys?.noteConnected(door.clients.size);
  client.watchKeepAlive();
  if (client.proof.kind === "certificate") door.watchCertificates();
  session.outbound.attach(client);
  door.returns.add(session);
}

/** On what terms a client is let in. */
interface Terms {
  readonly clientId: string;
  readonly keepAliveSec: number;
  /** Seconds that the session outlives its connection. */
  readonly sessionExpirySec: number;
  /** Whether it is one that was there before. */
  readonly sessionPresent: boolean;
}

function termsOf(
  door: Door,
  packet: ConnectPacket,
  { clientId, isForeign, admitted: { userName } }: Asked,
): Terms | ConnectRefusal {
  const { limits, store } = door;
  const known = store?.get(clientId) ?? null;
  // One that ends with its connection ends by the takeover.
  const sessionPresent = known !== null && !isForeign && !packet.cleanStart && known.expirySec > 0;
  const sessionExpirySec = store === null ? 0 : expiryFor(packet, limits.maxSessionExpirySec);
  if (store !== null && (known === null || isForeign) && sessionExpirySec > 0) {
    const others = store.count - (known === null ? 0 : 1);
    if (others >= limits.maxDurableSessions) return tooMany(others, "");
    const count = store.countOf(userName);
    if (count >= limits.maxDurableSessionsPerUser) return tooMany(count, " of its user");
  }
  const keepAliveSec = keepAliveFor(packet, limits.maxKeepAliveSec);
  return { clientId, keepAliveSec, sessionExpirySec, sessionPresent };
}

function tooMany(count: number, whose: string): ConnectRefusal {
  return {
    reason: Reason.QUOTA_EXCEEDED,
    returnCode: ConnectReturn.SERVER_UNAVAILABLE,
    what: `a session beside ${count} others${whose} that are to be kept`,
  };
}

/** MQTT 5, 3.1.2.11.2; 3.1.1, 3.1.2.4. */
function expiryFor(packet: ConnectPacket, maxSessionExpirySec: number): number {
  if (packet.version === Version.V5) return Math.min(packet.sessionExpirySec, maxSessionExpirySec);
  return packet.cleanStart ? 0 : maxSessionExpirySec;
}

/** The session that a client goes on with or begins. */
interface Taken {
  readonly session: Session;
  /** The batch that has what is to be durable of that. */
  readonly written: PendingBatch | null;
  /** Makes it undone, as far as the session outlives the connection by it. */
  takeBack(): void;
}

function sessionFor(
  door: Door,
  packet: ConnectPacket,
  { clientId, sessionExpirySec, sessionPresent }: Terms,
): Taken {
  const { store } = door;
  const known = store?.get(clientId) ?? null;
  // MQTT-3.1.2-4
  if (known !== null && !sessionPresent) door.endSession(known);
  if (store === null || (!sessionPresent && sessionExpirySec === 0)) {
    const session = new Session(clientId, door.limits, door.stats, door.losses);
    return { session, written: known === null ? null : (store?.batch ?? null), takeBack() {} };
  }
  const session = known !== null && sessionPresent ? known : store.create(clientId, packet.version);
  // A new one ends with the connection that never was.
  const { protocol, expirySec, userName, certificate } = session;
  session.protocol = packet.version;
  session.expirySec = sessionExpirySec;
  const takeBack = () => {
    Object.assign(session, { protocol, expirySec, certificate });
    store.own(session, userName);
  };
  return { session, written: store.connected(session), takeBack };
}

/** Refuses a client that takes no packet of CONNACK's size, and says false. */
function canAccept(client: Client, packet: ConnectPacket, terms: Terms): boolean {
  if (packet.maximumPacketBytes === Number.POSITIVE_INFINITY) return true;
  if (connackSizeBytes(connackOf(client, packet, terms)) <= packet.maximumPacketBytes) return true;
  client.refuse({
    reason: Reason.PACKET_TOO_LARGE,
    what: `a maximum packet size of ${packet.maximumPacketBytes} bytes, less than a CONNACK needs`,
  });
  return false;
}

function putConnack(client: Client, packet: ConnectPacket, terms: Terms): void {
  const { replies } = client.door;
  if (packet.version === Version.V5) {
    replies.connack(terms.sessionPresent, connackOf(client, packet, terms));
  } else replies.legacyConnack(terms.sessionPresent, ConnectReturn.ACCEPTED);
}

function connackOf(client: Client, packet: ConnectPacket, terms: Terms): ConnackProperties {
  const { limits } = client.door;
  const { clientId, keepAliveSec, sessionExpirySec } = terms;
  return {
    // MQTT-3.2.2-21 has it left out where it is what was asked for.
    sessionExpirySec: packet.sessionExpirySec === sessionExpirySec ? null : sessionExpirySec,
    receiveMaximum: limits.receiveMaximum,
    maximumPacketBytes: limits.maxPacketBytes,
    assignedClientId: packet.clientId === "" ? clientId : null,
    topicAliasMaximum: limits.topicAliasMaximum,
    serverKeepAliveSec: keepAliveSec === packet.keepAliveSec ? null : keepAliveSec,
    responseInformation: responseInformationFor(packet, clientId, limits.responseInformation),
  };
}

/** Only to who asks for it (MQTT-3.1.2-28). A client id that would be more than a level of a topic gets none. */
function responseInformationFor(packet: ConnectPacket, clientId: string, template: string): string | null {
  if (!packet.responseInformation || template === "" || /[/+#]/.test(clientId)) return null;
  return template.replaceAll("{client}", () => clientId);
}

/** Only MQTT 5 can be told another keep alive than it asked for (MQTT-3.1.2-21). */
function keepAliveFor(packet: ConnectPacket, maxKeepAliveSec: number): number {
  const asked = packet.keepAliveSec;
  if (packet.version !== Version.V5) return asked;
  return asked === 0 || asked > maxKeepAliveSec ? maxKeepAliveSec : asked;
}

function clientIdFor(
  client: Client,
  packet: ConnectPacket,
  userName: string | null,
): string | ConnectRefusal {
  const { limits, random } = client.door;
  const { clientId, version } = packet;
  if (clientId === "") {
    // MQTT-3.1.3-6 of 5; MQTT-3.1.3-7 and -8 of 3.1.1
    if (version === Version.V5 || (version === Version.V311 && packet.cleanStart)) {
      return `auto-${random.bytes(ASSIGNED_ID_BYTES).toHex()}`;
    }
    return badId("an empty client id without a clean session");
  }
  const isOwn = userName === null || clientId === userName || clientId.startsWith(`${userName}/`);
  if (limits.clientIds === "user" && !isOwn) return badId("a client id that is not its user's name");
  if (version === Version.V31 && clientId.length > MAX_V31_ID)
    return badId("a client id of more than 23 characters");
  // A character takes at most three bytes per UTF-16 unit: most ids need no counting.
  const mayBeLong = clientId.length * 3 > limits.maxClientIdBytes;
  if (mayBeLong && new TextEncoder().encode(clientId).length > limits.maxClientIdBytes) {
    return badId(`a client id of more than ${limits.maxClientIdBytes} bytes`);
  }
  return clientId;
}

function badId(what: string): ConnectRefusal {
  return {
    reason: Reason.CLIENT_IDENTIFIER_NOT_VALID,
    returnCode: ConnectReturn.IDENTIFIER_REJECTED,
    what,
  };
}

/** The will, if it is one that can be published. */
function willFor(client: Client, packet: ConnectPacket, who: Identity): WillPacket | ConnectRefusal | null {
  const { door } = client;
  if (packet.will === null) return null;
  const asked: WillPacket = packet.will;
  const entry = door.topics.find(asked.topic, 0, asked.topic.length);
  if ("reason" in entry) return badWill(Reason.TOPIC_NAME_INVALID, `a will: ${entry.what}`);
  if (entry.destination === null) {
    return badWill(refusalReason(entry.refused.error), "a will to a topic that nobody may publish to");
  }
  if (!door.access.mayPublish(who, entry)) {
    door.audit.denied(client, "publish", entry.text);
    return badWill(Reason.NOT_AUTHORIZED, "a will to a topic that it may not publish to");
  }
  if (!door.wills.hasRoomFor(asked)) {
    return {
      ...badWill(Reason.QUOTA_EXCEEDED, "too many wills"),
      returnCode: ConnectReturn.SERVER_UNAVAILABLE,
    };
  }
  return asked;
}

function badWill(reason: number, what: string): ConnectRefusal {
  return { reason, what, returnCode: ConnectReturn.NOT_AUTHORIZED };
}

/** Ends the handshake: CONNACK in the client's own form, then the connection. */
function refuse(client: Client, refusal: ConnectRefusal, fields: LogFields = {}): void {
  if (client.version !== Version.V5) client.door.replies.legacyConnack(false, refusal.returnCode);
  client.refuse(refusal, fields);
}

/** Who it said that it is, where that is why it is refused; never with what. */
function saidIn({ userName, clientId }: ConnectPacket): LogFields {
  return {
    userName: userName?.slice(0, MAX_LOGGED_NAME) ?? null,
    saidClientId: clientId.slice(0, MAX_LOGGED_NAME),
  };
}

const MAX_LOGGED_NAME = 64;
