import type { SeededRandom } from "../../../src/io/simulated/random.ts";

/** Bytes at which lengths, flags and characters change their meaning. */
const EDGES = [0, 1, 2, 0x23, 0x24, 0x2b, 0x2f, 0x7f, 0x80, 0xbf, 0xc0, 0xed, 0xf8, 0xff] as const;
const MAX_CHANGES = 5;

/** A changed copy of a packet: bytes, lengths, cuts, repeats, parts of another one. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  let changed: Uint8Array = bytes.slice();
  for (let changes = random.below(MAX_CHANGES); changes > 0; changes--) {
    changed = changeOnce(changed, other, random);
  }
  // With a length that is true again, most changes get past the framing to whoever reads the fields.
  return random.chance(0.7) ? withTrueLength(changed) : changed;
}

function changeOnce(bytes: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  switch (random.below(8)) {
    case 0:
      bytes[at] = random.below(256);
      return bytes;
    case 1:
      bytes[at] = random.pick(EDGES);
      return bytes;
    case 2:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 3:
      return bytes.slice(0, at);
    case 4:
      return joined(bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at));
    case 5:
      return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4)));
    case 6:
      return joined(bytes, bytes.subarray(at));
    default:
      return joined(bytes.subarray(0, at), other.subarray(random.below(other.length)));
  }
}

/** The same packet with the remaining length that it has; what is too short to be one stays. */
export function withTrueLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 2) return bytes;
  let last = 1;
  while (last < 4 && (bytes[last] ?? 0) >= 0x80) last++;
  const body = bytes.subarray(last + 1);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return joined(bytes.subarray(0, 1), Uint8Array.from(length), body);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** How the bytes of packets arrive. */
export type Chunking = "bytes" | "splits" | "packets" | "coalesced";
export const CHUNKINGS: readonly Chunking[] = ["bytes", "splits", "packets", "coalesced"];
const MAX_SPLIT_BYTES = 60;

/** The chunks in which packets that follow each other arrive. */
export function chunksOf(
  packets: readonly Uint8Array[],
  chunking: Chunking,
  random: SeededRandom,
): readonly Uint8Array[] {
  if (chunking === "packets") return packets.filter(({ length }) => length > 0);
  const all = joined(...packets);
  if (chunking === "coalesced") return all.length === 0 ? [] : [all];
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < all.length; ) {
    const end = chunking === "bytes" ? at + 1 : at + 1 + random.below(MAX_SPLIT_BYTES);
    chunks.push(all.slice(at, end));
    at = end;
  }
  return chunks;
}
