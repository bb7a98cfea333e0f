const BLOCK_BYTES = { sha256: 64, sha512: 128 } as const;
const INNER = 0x36;
const OUTER = 0x5c;

/**
 * HMAC (RFC 2104) of the parts, one behind the other. Bun's hasher would take a key itself, but then throws what a
 * failure of OpenSSL long before has left behind, that of a certificate that could not be read among them; `node:crypto`
 * costs 7 MB.
 */
export function hmac(
  hash: keyof typeof BLOCK_BYTES,
  key: Uint8Array,
  ...parts: readonly (Uint8Array | string)[]
): Uint8Array {
  const blockBytes = BLOCK_BYTES[hash];
  const short = key.length > blockBytes ? new Bun.CryptoHasher(hash).update(key).digest() : key;
  const padded = new Uint8Array(blockBytes);
  padded.set(short);
  const inner = new Bun.CryptoHasher(hash).update(padded.map((byte) => byte ^ INNER));
  for (const part of parts) inner.update(part);
  const outer = new Bun.CryptoHasher(hash).update(padded.map((byte) => byte ^ OUTER));
  return new Uint8Array(outer.update(inner.digest()).digest());
}
