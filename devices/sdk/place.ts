import { type ClusterMetadata, type Consumer, FetchIsolationLevels, murmur2 } from "@platformatic/kafka";

/** The partition that a device's records are read from. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/**
 * Finds a device at a broker: in the gateway's view of it, in the partition that has its records, else in its key's
 * partition. `asked` is the partition that the caller wants, null for any. Throws, also where several partitions of a
 * view have records.
 */
export async function findDevice(
  consumer: Consumer<Buffer, Buffer, Buffer, Buffer>,
  topic: string,
  device: Uint8Array,
  asked: number | null,
): Promise<Place> {
  const view = `${topic}/${encodeKey(device)}`;
  const viewed = await lookUp(consumer, view, 0).catch(() => null);
  const shown = viewed?.topics.get(view)?.partitionsCount ?? 0;
  const count =
    shown > 0 ? shown : ((await lookUp(consumer, topic, 2)).topics.get(topic)?.partitionsCount ?? 0);
  if (count === 0) throw new Error(`there is no topic ${topic}`);
  if (asked !== null && asked >= count) throw new Error(`${topic} has no partition ${asked}`);
  const usual = (murmur2(Buffer.from(device)) & 0x7fffffff) % count;
  if (shown === 0) return { topic, partition: asked ?? usual };
  const found = asked === null && count > 1 ? await partitionsWithRecords(consumer, view, count) : [];
  if (found.length > 1)
    throw new Error(
      `records of this device are in partitions ${found.join(", ")} of ${topic}: say in \`partition\` which to read`,
    );
  return { topic: view, partition: asked ?? found[0] ?? usual };
}

/** Those partitions of a view in which the device has records. */
async function partitionsWithRecords(
  consumer: Consumer<Buffer, Buffer, Buffer, Buffer>,
  view: string,
  count: number,
): Promise<readonly number[]> {
  const partitions = Array.from({ length: count }, (_, index) => index);
  consumer.topics.track(view);
  const firsts = await consumer.listOffsets({
    topics: [view],
    partitions: { [view]: partitions },
    timestamp: 0n,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED,
  });
  return partitions.filter((partition) => (firsts.get(view)?.[partition] ?? -1n) >= 0n);
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
