import { HeadwaterError } from "../base/errors.ts";

/** A key whose signature is believed. */
export interface TrustedKey {
  /** SHA-256 of the public key (SPKI, DER), in hex: by that a signature says whose it is. */
  readonly id: string;
  readonly key: CryptoKey;
}

/** The signature of a bundle by one key. */
export interface KeySignature {
  readonly keyId: string;
  readonly signature: Uint8Array;
}

export const MAX_KEYS_BYTES = 64 * 1024;
const MAX_KEYS = 16;
const BLOCK = /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g;

/**
 * The ed25519 keys of a file of public keys (SPKI, PEM), one behind the other, with any text between them: the old and the
 * new one while keys are changed. Throws CONFIG_INVALID, where there is none too.
 */
export async function parseTrustedKeys(text: string, path: string): Promise<readonly TrustedKey[]> {
  const invalid = (fault: string, cause?: unknown) =>
    new HeadwaterError("CONFIG_INVALID", `${path}: ${fault}`, { cause });
  if (text.includes("PRIVATE KEY")) throw invalid("it holds a private key; only public ones belong here");
  const keys: TrustedKey[] = [];
  for (const [, kind, base64 = ""] of text.matchAll(BLOCK)) {
    if (kind !== "PUBLIC KEY") throw invalid(`it holds a ${kind}, and only public keys belong here`);
    if (keys.length === MAX_KEYS) throw invalid(`it has more than ${MAX_KEYS} keys`);
    try {
      const der = Uint8Array.fromBase64(base64.replaceAll(/\s/g, ""));
      const key = await crypto.subtle.importKey("spki", der, "Ed25519", false, ["verify"]);
      keys.push({ id: keyId(der), key });
    } catch (cause) {
      throw invalid(`key ${keys.length + 1} is no ed25519 key`, cause);
    }
  }
  if (keys.length === 0) throw invalid("it holds no public key in PEM");
  return keys;
}

/** Of a public key (SPKI, DER). */
export function keyId(der: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(der).digest("hex");
}

/** As people compare keys: SHA-256 in base64. */
export function fingerprintOf(id: string): string {
  return `SHA256:${Uint8Array.fromHex(id).toBase64({ omitPadding: true })}`;
}

/** Throws AUTHENTICATION where no trusted key signed those bytes. */
export async function checkSignatures(
  bytes: Uint8Array<ArrayBuffer>,
  signatures: readonly KeySignature[],
  trusted: readonly TrustedKey[],
): Promise<void> {
  for (const { keyId: id, signature } of signatures) {
    const key = trusted.find((candidate) => candidate.id === id);
    if (key === undefined) continue;
    if (await crypto.subtle.verify("Ed25519", key.key, new Uint8Array(signature), bytes)) return;
    throw new HeadwaterError(
      "AUTHENTICATION",
      `the signature of the bundle by ${fingerprintOf(id)} does not hold: the bundle was changed`,
    );
  }
  const names = (ids: readonly string[]) => ids.map(fingerprintOf).join(", ");
  throw new HeadwaterError(
    "AUTHENTICATION",
    `the bundle is signed by ${names(signatures.map(({ keyId: id }) => id))}, and trusted is only ${names(trusted.map(({ id }) => id))}`,
  );
}
