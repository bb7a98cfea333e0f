import { hmac as hmacOf } from "../../base/hmac.ts";

/** The hashes that Apache Kafka has SCRAM with. */
export type ScramHash = "SHA-256" | "SHA-512";

/** What a server has of a user's password: who gets hold of it can neither log in nor read the password off it. */
export interface ScramVerifier {
  readonly hash: ScramHash;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** Bytes of every key of SCRAM. */
export function keyBytes(hash: ScramHash): number {
  return hash === "SHA-256" ? 32 : 64;
}

export function hmac(hash: ScramHash, key: Uint8Array, bytes: Uint8Array | string): Uint8Array {
  return hmacOf(name(hash), key, bytes);
}

export function digest(hash: ScramHash, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(new Bun.CryptoHasher(name(hash)).update(bytes).digest());
}

/** Hi() of RFC 5802, which is PBKDF2; on another thread, since it is meant to take long. */
export async function saltedPassword(
  hash: ScramHash,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  const raw = new Uint8Array(password);
  const key = await crypto.subtle.importKey("raw", raw, "PBKDF2", false, ["deriveBits"]);
  const rule = { name: "PBKDF2", hash, salt: new Uint8Array(salt), iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(rule, key, keyBytes(hash) * 8));
}

export function clientKeyOf(hash: ScramHash, salted: Uint8Array): Uint8Array {
  return hmac(hash, salted, "Client Key");
}

export function serverKeyOf(hash: ScramHash, salted: Uint8Array): Uint8Array {
  return hmac(hash, salted, "Server Key");
}

/** What to keep of a password that was salted so (RFC 5802, section 3). */
export function verifierOf(
  hash: ScramHash,
  salted: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): ScramVerifier {
  const storedKey = digest(hash, clientKeyOf(hash, salted));
  return { hash, salt, iterations, storedKey, serverKey: serverKeyOf(hash, salted) };
}

export function exclusiveOr(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ (b[index] ?? 0));
}

/** Whether two keys are the same, in a time that does not tell where they differ. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}

function name(hash: ScramHash): "sha256" | "sha512" {
  return hash === "SHA-256" ? "sha256" : "sha512";
}
