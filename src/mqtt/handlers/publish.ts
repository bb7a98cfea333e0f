import type { Client } from "../client.ts";
import { PacketType, Reason, Version } from "../packets/codes.ts";
import { type PublishView, readPublish } from "../packets/publish.ts";
import { MESSAGE_OVERHEAD_BYTES } from "../publishing.ts";
import { ForbiddenTopic } from "../settled-batches.ts";
import type { TopicEntry } from "../topic-table.ts";

/**
 * PUBLISH from a client (MQTT 5, 3.3). It is appended whatever its QoS; PUBACK and PUBREC leave when the append
 * is durable, in the order of the PUBLISHes. A QoS 2 packet is appended once: its identifier is known from
 * the first PUBLISH until PUBREL (MQTT 5, 4.3.3, method A). One that comes again is answered at once, or, while the
 * first waits for the log, right behind the first's answer and only if that is no refusal. An answer that came later
 * could reach the client when it has used the identifier for another message.
 *
 * With the retain flag it becomes the topic's retained message; PUBACK waits for both then.
 *
 * Deviation: PUBACK and PUBREC never say 0x10 "no matching subscribers", since the log has taken the message.
 */
export function handlePublish(client: Client, flags: number): void {
  const { door, version, session } = client;
  const { reader, publishView: publish, stats, limits } = door;
  if (version === null) return;
  if (!readPublish(reader, flags, version, limits.maxProperties, publish)) {
    if (reader.fault !== null) client.refuse(reader.fault);
    return;
  }
  const entry = topicOf(client, publish);
  if (entry === null) return;
  const sizeBytes = publish.payloadEnd - publish.topicStart + MESSAGE_OVERHEAD_BYTES;
  stats.publishesReceived++;
  stats.publishBytesReceived += publish.payloadEnd - publish.payloadStart;
  const { qos, packetId } = publish;
  if (qos === 2 && session.received.has(packetId)) {
    stats.duplicates++;
    // MQTT-4.3.3-10
    if (session.unanswered.has(packetId)) session.unanswered.set(packetId, true);
    else door.replies.ack(PacketType.PUBREC, packetId, Reason.SUCCESS, version);
    return;
  }
  if (qos !== 0 && ++client.unacknowledged > limits.receiveMaximum && version === Version.V5) {
    // MQTT-3.3.4-9
    client.refuse({
      reason: Reason.RECEIVE_MAXIMUM_EXCEEDED,
      what: `more than ${limits.receiveMaximum} messages under way`,
    });
    return;
  }
  if (qos === 2) {
    session.received.add(packetId);
    session.unanswered.set(packetId, false);
  }
  const batch = door.publishing.receive(entry, publish, session, door.access, door.nowMs);
  if (batch instanceof ForbiddenTopic) door.audit.denied(client, "publish", batch.topic);
  client.await(batch, packetId, qos, sizeBytes);
}

/** The topic that a PUBLISH names or has an alias for; null where the connection was refused for it. */
function topicOf(client: Client, publish: PublishView): TopicEntry | null {
  const { topicStart, topicEnd, bytes } = publish;
  const alias = publish.properties.topicAlias;
  const { topicAliasMaximum } = client.door.limits;
  if (alias > topicAliasMaximum) {
    // MQTT-3.3.2-9
    client.refuse({
      reason: Reason.TOPIC_ALIAS_INVALID,
      what: `topic alias ${alias}, over ${topicAliasMaximum}`,
    });
    return null;
  }
  if (topicStart === topicEnd) {
    const known = alias === 0 ? undefined : client.aliases[alias];
    if (known !== undefined) return known;
    // MQTT-4.7.3-1, MQTT 5, 3.3.2.1
    const reason = client.version === Version.V5 ? Reason.PROTOCOL_ERROR : Reason.MALFORMED_PACKET;
    client.refuse({ reason, what: alias === 0 ? "an empty topic" : "a topic alias that was never set" });
    return null;
  }
  let entry = client.lastTopic;
  if (entry === null || !entry.is(bytes, topicStart, topicEnd)) {
    const found = client.door.topics.find(bytes, topicStart, topicEnd);
    if ("reason" in found) {
      client.refuse(found);
      return null;
    }
    entry = found;
    client.lastTopic = found;
  }
  if (alias > 0) client.aliases[alias] = entry;
  return entry;
}
