import type { Client } from "../client.ts";
import type { WillPacket } from "../packets/connect.ts";
import type { TopicEntry } from "../topic-table.ts";
import { MESSAGE_OVERHEAD_BYTES } from "./publish.ts";

/** A will whose topic was found good when its CONNECT came. */
export interface Will {
  readonly entry: TopicEntry;
  readonly packet: WillPacket;
  readonly sizeBytes: number;
}

export function newWill(entry: TopicEntry, packet: WillPacket): Will {
  const properties = packet.properties === null ? 0 : packet.properties.length;
  return {
    entry,
    packet,
    sizeBytes: entry.bytes.length + packet.payload.length + properties + MESSAGE_OVERHEAD_BYTES,
  };
}

/**
 * Publishes the will of a connection that ended without a proper goodbye (MQTT-3.1.2-8): appended and delivered
 * as any message is. A will delay never runs: the session ends with its connection, and then the will is due
 * (MQTT-3.1.3-9).
 */
export function publishWill(client: Client, will: Will): void {
  const { door, session } = client;
  const { entry, packet, sizeBytes } = will;
  if (entry.destination === null) return;
  door.stats.willsPublished++;
  const batch = door.ingest.appendMessage(
    entry.destination,
    packet.payload,
    packet.properties,
    session.clientId,
    door.clock.nowMs(),
  );
  client.await(batch, 0, 0, sizeBytes);
  if (!door.live.isWanted(entry) || !door.live.hasRoom(sizeBytes)) return;
  const expiresAtMs =
    packet.expirySec < 0 ? Number.POSITIVE_INFINITY : door.clock.monotonicMs() + packet.expirySec * 1_000;
  door.live.stage(
    entry,
    {
      topic: entry.bytes,
      payload: packet.payload,
      properties: packet.properties,
      qos: packet.qos,
      retain: packet.retain,
      expiresAtMs,
      sizeBytes,
    },
    batch,
    session,
  );
}
