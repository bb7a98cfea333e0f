import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";

/** Bits of a file's mode by which others than its owner reach it. */
const OTHERS = 0o077;

/**
 * Makes an ed25519 key pair: the private key in `keyFile` (PKCS #8, PEM, for its owner alone), the public one in
 * `publicFile` (SPKI, PEM). Answers its fingerprint. Throws where one of the files is there already: a key that was
 * written over can't be had back.
 */
export function makeKey(keyFile: string, publicFile: string): string {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const secret = privateKey.export({ type: "pkcs8", format: "pem" });
  writeFileSync(keyFile, secret, { mode: 0o600, flag: "wx" });
  writeFileSync(publicFile, publicPem(publicKey), { mode: 0o644, flag: "wx" });
  return fingerprint(publicKey);
}

/** The key that signs. Throws where others than its owner could read it, or it is no ed25519 key. */
export function readPrivateKey(file: string): KeyObject {
  const mode = statSync(file).mode & 0o777;
  if ((mode & OTHERS) !== 0) {
    throw new Error(`${file} is open to others than its owner (mode ${mode.toString(8)}): chmod 600 ${file}`);
  }
  return ed25519(file, () => createPrivateKey(readFileSync(file)));
}

/** The key that verifies. A private key is refused, so that nobody hands one around. */
export function readPublicKey(file: string): KeyObject {
  const text = readFileSync(file, "utf8");
  if (text.includes("PRIVATE KEY")) throw new Error(`${file} is a private key: name the public one`);
  return ed25519(file, () => createPublicKey(text));
}

/** The public half of a key, as PEM. */
export function publicPem(key: KeyObject): string {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return publicKey.export({ type: "spki", format: "pem" }).toString();
}

/** By what people compare keys: SHA-256 of the public key (SPKI, DER), in base64. */
export function fingerprint(key: KeyObject): string {
  return `SHA256:${createHash("sha256").update(publicDer(key)).digest("base64").replace(/=+$/, "")}`;
}

/** The public half of a key, SPKI in DER. */
export function publicDer(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(publicPem(key)).export({ type: "spki", format: "der" }));
}

/** The 64 bytes of the signature, as `openssl pkeyutl -rawin` reads them. */
export function signBytes(bytes: Uint8Array, key: KeyObject): Uint8Array {
  return new Uint8Array(sign(null, bytes, key));
}

/** Whether that key signed those bytes. */
export function isSignedBy(bytes: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
  return verify(null, bytes, key, signature);
}

function ed25519(file: string, read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw new Error(`${file} holds no key in PEM`, { cause });
  }
  if (key.asymmetricKeyType !== "ed25519") throw new Error(`${file} is no ed25519 key`);
  return key;
}
