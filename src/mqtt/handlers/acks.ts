import type { Client } from "../client.ts";
import { readAck } from "../packets/acks.ts";
import { PacketType, Reason, Version } from "../packets/codes.ts";
import { DurableSession } from "../sessions/durable/durable-session.ts";
import type { SessionStore } from "../sessions/durable/session-store.ts";

/** Reason codes from here on say that something failed. */
const FIRST_FAILURE = 0x80;

/**
 * PUBACK, PUBREC, PUBCOMP for what the door has sent, PUBREL for what the client has (MQTT 5, 3.4 to 3.7).
 * An identifier that is not under way is no fault: both sides may remember differently after a break
 * (MQTT 5, 4.3.3). MQTT 5 hears 0x92 of it, older versions get the packet that ends the exchange.
 */
export function handleAck(client: Client, type: number): void {
  const { door, version, session } = client;
  const { reader, properties, limits, ack, replies } = door;
  if (version === null) return;
  if (!readAck(reader, version, properties, limits.maxProperties, ack)) {
    if (reader.fault !== null) client.refuse(reader.fault);
    return;
  }
  const { packetId, reason } = ack;
  const { outbound } = session;
  switch (type) {
    case PacketType.PUBACK:
      outbound.acknowledged(packetId);
      break;
    case PacketType.PUBREC:
      if (version === Version.V5 && reason >= FIRST_FAILURE) {
        outbound.refused(packetId);
      } else {
        const answer = outbound.received(packetId);
        if (answer === "later") break;
        const said = answer === "release" ? Reason.SUCCESS : Reason.PACKET_IDENTIFIER_NOT_FOUND;
        replies.ack(PacketType.PUBREL, packetId, said, version);
      }
      break;
    case PacketType.PUBCOMP:
      outbound.completed(packetId);
      break;
    default: {
      const known = client.release(packetId);
      const said = known ? Reason.SUCCESS : Reason.PACKET_IDENTIFIER_NOT_FOUND;
      if (door.store !== null && session instanceof DurableSession) {
        completeLater(client, session, door.store, packetId, known, said);
      } else replies.ack(PacketType.PUBCOMP, packetId, said, version);
      return;
    }
  }
  client.hasRoom = true;
}

/**
 * Answers a PUBREL when it is durable that the identifier is free: else a power cut would bring it back, and the next
 * message that has it would be taken for this one. An identifier that is not known may have been released just now.
 */
function completeLater(
  client: Client,
  session: DurableSession,
  store: SessionStore,
  packetId: number,
  known: boolean,
  reason: number,
): void {
  const { door } = client;
  const written = known ? store.released(session, packetId) : store.batch;
  if (store.bugs.completeAtOnce === true) client.sendAck(PacketType.PUBCOMP, packetId, reason);
  door.afterwards(written, ({ state }) => {
    // What the log refused is as it was. The client sends its PUBREL again with its next connection only (MQTT-4.4.0-1).
    if (state === "refused") {
      if (known && !session.received.has(packetId)) session.received.add(packetId);
      client.leave(Reason.IMPLEMENTATION_SPECIFIC_ERROR, "the release could not be written down", "publish");
    } else if (client.state === "open" && store.bugs.completeAtOnce !== true) {
      client.sendAck(PacketType.PUBCOMP, packetId, reason);
    }
  });
}
