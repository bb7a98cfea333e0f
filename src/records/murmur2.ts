const SEED = 0x9747b28c | 0;
const MULTIPLIER = 0x5bd1e995;

/**
 * Kafka's murmur2 of a key: 32 bits, signed, with the seed of Kafka's Java client (`Utils.murmur2`). Every
 * client must agree on it, or the records of one device end up in two partitions.
 */
export function murmur2(key: Uint8Array): number {
  const length = key.length;
  const end = length & ~3;
  let hash = SEED ^ length;
  for (let i = 0; i < end; i += 4) {
    let word =
      (key[i] as number) |
      ((key[i + 1] as number) << 8) |
      ((key[i + 2] as number) << 16) |
      ((key[i + 3] as number) << 24);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  if (end < length) {
    let rest = 0;
    for (let i = length - 1; i >= end; i--) rest = (rest << 8) | (key[i] as number);
    hash = Math.imul(hash ^ rest, MULTIPLIER);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** The partition that Kafka's default partitioner gives a key. `partitionCount` is at least 1. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}
