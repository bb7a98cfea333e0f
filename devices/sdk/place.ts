import { type ClusterMetadata, type Consumer, murmur2 } from "@platformatic/kafka";

/** The partition that a device's records are read from. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/** Finds a device at a broker: in the gateway's view of it, else in its key's partition. Throws. */
export async function findDevice(
  consumer: Consumer<Buffer, Buffer, Buffer, Buffer>,
  topic: string,
  device: Uint8Array,
): Promise<Place> {
  const view = `${topic}/${encodeKey(device)}`;
  const viewed = await lookUp(consumer, view, 0).catch(() => null);
  if (viewed?.topics.get(view)?.partitionsCount === 1) return { topic: view, partition: 0 };
  const count = (await lookUp(consumer, topic, 2)).topics.get(topic)?.partitionsCount ?? 0;
  if (count === 0) throw new Error(`there is no topic ${topic}`);
  return { topic, partition: (murmur2(Buffer.from(device)) & 0x7fffffff) % count };
}

/** A key in a topic's name: unreserved characters of RFC 3986 stay, other bytes are `%XX`. */
export function encodeKey(key: Uint8Array): string {
  const parts = Array.from(key, (byte) => {
    const character = String.fromCharCode(byte);
    if (byte < 0x80 && UNRESERVED.test(character)) return character;
    return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  return parts.join("");
}

function lookUp(
  consumer: Consumer<Buffer, Buffer, Buffer, Buffer>,
  topic: string,
  retries: number,
): Promise<ClusterMetadata> {
  return consumer.metadata({ topics: [topic], autocreateTopics: false, forceUpdate: true, retries });
}
