import type { Client } from "../client.ts";
import type { WillPacket } from "../packets/connect.ts";
import { MESSAGE_OVERHEAD_BYTES } from "../publishing.ts";
import type { TopicEntry } from "../topic-table.ts";

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
  const { entry, packet } = will;
  if (entry.destination === null || !door.access.mayPublish(session, entry)) return;
  door.stats.willsPublished++;
  door.publish({ ...packet, entry, append: true }, session);
}
