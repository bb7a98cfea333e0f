import { crc32c } from "../base/crc32c.ts";
import type { Uuid } from "../base/ids.ts";

/**
 * `partition.metadata` ties a partition's folder to its topic's id, as in Apache Kafka, whose tools read the
 * first two lines. The third lets damage be told from another topic:
 *
 *   version: 0
 *   topic_id: <22 characters of base64url>
 *   checksum: <CRC32C of the lines before, in hex>
 */
export const MAX_PARTITION_METADATA_BYTES = 1024;

export function encodePartitionMetadata(topicId: Uuid): Uint8Array {
  const lines = `version: 0\ntopic_id: ${topicId}\n`;
  return new TextEncoder().encode(`${lines}checksum: ${checksum(lines)}\n`);
}

/** The topic id, or null where the file can't be believed. */
export function decodePartitionMetadata(bytes: Uint8Array): Uuid | null {
  const text = new TextDecoder().decode(bytes);
  const match = /^(version: 0\ntopic_id: ([A-Za-z0-9_-]{22})\n)checksum: ([0-9a-f]{8})\n$/.exec(text);
  if (match === null) return null;
  const [, lines, topicId, sum] = match;
  if (lines === undefined || topicId === undefined || sum !== checksum(lines)) return null;
  return topicId as Uuid;
}

function checksum(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return crc32c(bytes, 0, bytes.length).toString(16).padStart(8, "0");
}
