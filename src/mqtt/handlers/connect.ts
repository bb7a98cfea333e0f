import { type Identity, OPEN_ACCESS } from "../access.ts";
import type { Client } from "../client.ts";
import { ConnectReturn, Reason, Version } from "../packets/codes.ts";
import { type ConnectPacket, readConnect, type WillPacket } from "../packets/connect.ts";
import { Session } from "../sessions/session.ts";
import { refusalReason } from "../settled-batches.ts";
import { type Admitted, askWho, type ConnectRefusal } from "./admission.ts";
import { newWill, type Will } from "./will.ts";

const ASSIGNED_ID_BYTES = 12;
/** MQTT 3.1 asks for 1 to 23 characters. */
const MAX_V31_ID = 23;

/**
 * CONNECT (MQTT 5, 3.1). Who it is comes first, then what it asks for. Sessions end with
 * their connection: session present is always 0, and MQTT 5 hears a session expiry of 0 where it asked for more.
 * A client id that is connected already is taken over (MQTT-3.1.4-3).
 *
 * Deviation: 3.1.1 with clean session 0 gets a session that is as short, which 3.1.1 has no way to say.
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
    if ("reason" in admission) refuse(client, admission, packet);
    else goOn(client, packet, admission);
  });
}

/** What the client asks for, now that it is known who it is. */
function goOn(client: Client, packet: ConnectPacket, admitted: Admitted): void {
  const clientId = clientIdFor(client, packet);
  if (typeof clientId !== "string") {
    refuse(client, clientId);
    return;
  }
  const before = client.door.clients.get(clientId);
  if (before !== undefined && before.session.userName !== admitted.userName) {
    // Else whoever guesses a client id could put out another user's device.
    refuse(client, {
      reason: Reason.NOT_AUTHORIZED,
      returnCode: ConnectReturn.NOT_AUTHORIZED,
      what: "its client id is connected as another user",
    });
    return;
  }
  const will = willFor(client, packet, { clientId, userName: admitted.userName });
  if (will !== null && "reason" in will) {
    refuse(client, will);
    return;
  }
  open(client, packet, clientId, will, admitted);
}

function open(
  client: Client,
  packet: ConnectPacket,
  clientId: string,
  will: Will | null,
  admitted: Admitted,
): void {
  const { door } = client;
  const keepAliveSec = keepAliveFor(packet, door.limits.maxKeepAliveSec);
  // One that can't be told that it is accepted takes nobody over and leaves no will.
  if (!accept(client, packet, clientId, keepAliveSec)) return;
  const before = door.clients.get(clientId);
  if (before !== undefined) {
    door.stats.takeovers++;
    before.leave(Reason.SESSION_TAKEN_OVER, "", true);
  }
  client.session = new Session(clientId, door.limits, door.stats, door.losses);
  client.session.userName = admitted.userName;
  client.proof = admitted.proof;
  client.checksRights = door.access !== OPEN_ACCESS;
  client.session.outbound.attach(client);
  client.will = will;
  if (will !== null) door.willBytes += will.sizeBytes;
  client.sessionExpirySec = packet.sessionExpirySec;
  client.receiveMaximum = packet.receiveMaximum;
  client.silenceMs = keepAliveSec * 1_500;
  // Before anything else (MQTT-3.2.0-1).
  client.flushReplies();
  if (!client.listening) return;
  client.state = "open";
  door.clients.set(clientId, client);
  door.stats.connectionsAccepted++;
  door.sys?.noteConnected(door.clients.size);
  client.watchKeepAlive();
}

/** Writes CONNACK; refuses a client that takes no packet of its size, and says false. */
function accept(client: Client, packet: ConnectPacket, clientId: string, keepAliveSec: number): boolean {
  const { replies, limits } = client.door;
  if (packet.version !== Version.V5) {
    replies.legacyConnack(false, ConnectReturn.ACCEPTED);
    return true;
  }
  const before = replies.length;
  replies.connack(false, {
    sessionExpirySec: packet.sessionExpirySec === 0 ? null : 0,
    receiveMaximum: limits.receiveMaximum,
    maximumPacketBytes: limits.maxPacketBytes,
    assignedClientId: packet.clientId === "" ? clientId : null,
    topicAliasMaximum: limits.topicAliasMaximum,
    serverKeepAliveSec: keepAliveSec === packet.keepAliveSec ? null : keepAliveSec,
  });
  if (replies.length - before > packet.maximumPacketBytes) {
    replies.clear();
    client.refuse({
      reason: Reason.PACKET_TOO_LARGE,
      what: `a maximum packet size of ${packet.maximumPacketBytes} bytes, less than a CONNACK needs`,
    });
    return false;
  }
  return true;
}

/** Only MQTT 5 can be told another keep alive than it asked for (MQTT-3.1.2-21). */
function keepAliveFor(packet: ConnectPacket, maxKeepAliveSec: number): number {
  const asked = packet.keepAliveSec;
  if (packet.version !== Version.V5) return asked;
  return asked === 0 || asked > maxKeepAliveSec ? maxKeepAliveSec : asked;
}

function clientIdFor(client: Client, packet: ConnectPacket): string | ConnectRefusal {
  const { limits, random } = client.door;
  const { clientId, version } = packet;
  if (clientId === "") {
    // MQTT-3.1.3-6 of 5; MQTT-3.1.3-7 and -8 of 3.1.1
    if (version === Version.V5 || (version === Version.V311 && packet.cleanStart)) {
      return `auto-${random.bytes(ASSIGNED_ID_BYTES).toHex()}`;
    }
    return badId("an empty client id without a clean session");
  }
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
function willFor(client: Client, packet: ConnectPacket, who: Identity): Will | ConnectRefusal | null {
  const { door } = client;
  if (packet.will === null) return null;
  const asked: WillPacket = packet.will;
  const entry = door.topics.find(asked.topic, 0, asked.topic.length);
  if ("reason" in entry) return badWill(Reason.TOPIC_NAME_INVALID, `a will: ${entry.what}`);
  if (entry.destination === null) {
    return badWill(refusalReason(entry.refused.error), "a will to a topic that nobody may publish to");
  }
  if (!door.access.mayPublish(who, entry)) {
    return badWill(Reason.NOT_AUTHORIZED, "a will to a topic that it may not publish to");
  }
  const will = newWill(entry, asked);
  if (door.willBytes + will.sizeBytes > door.limits.maxTotalWillBytes) {
    return {
      ...badWill(Reason.QUOTA_EXCEEDED, "too many wills"),
      returnCode: ConnectReturn.SERVER_UNAVAILABLE,
    };
  }
  return will;
}

function badWill(reason: number, what: string): ConnectRefusal {
  return { reason, what, returnCode: ConnectReturn.NOT_AUTHORIZED };
}

/** Ends the handshake: CONNACK in the client's own form, then the connection. */
function refuse(client: Client, refusal: ConnectRefusal, packet?: ConnectPacket): void {
  if (client.version !== Version.V5) client.door.replies.legacyConnack(false, refusal.returnCode);
  // Who it said that it is, where that is why; never with what.
  const userName = packet?.userName?.slice(0, MAX_LOGGED_NAME) ?? null;
  client.refuse(
    refusal,
    packet === undefined ? {} : { userName, saidClientId: packet.clientId.slice(0, MAX_LOGGED_NAME) },
  );
}

const MAX_LOGGED_NAME = 64;
