/**
 * What a gateway is let in by, once: which token of the centre's it is, a secret, and by what to know the centre.
 *
 *     hw1.ID.SECRET.FINGERPRINT
 *
 * in base64url without padding: 9, 24 and 32 bytes, the last being the SHA-256 of the certificate (DER) of the centre's
 * authority. So whoever has the token needs no certificate to begin with, and can't be led to another centre.
 */
export interface EnrolmentToken {
  readonly id: string;
  readonly secret: string;
  readonly fingerprint: string;
}

export const TOKEN_ID_BYTES = 9;
export const TOKEN_SECRET_BYTES = 24;
const TOKEN = /^hw1\.([A-Za-z0-9_-]{12})\.([A-Za-z0-9_-]{32})\.([A-Za-z0-9_-]{43})$/;
const TOKEN_ID = /^[A-Za-z0-9_-]{12}$/;

export function formatToken({ id, secret, fingerprint }: EnrolmentToken): string {
  return `hw1.${id}.${secret}.${fingerprint}`;
}

/** Null where a text is none, one that was cut off among them. */
export function parseToken(text: string): EnrolmentToken | null {
  const match = TOKEN.exec(text.trim());
  if (match === null) return null;
  const [, id = "", secret = "", fingerprint = ""] = match;
  return { id, secret, fingerprint };
}

/** Whether it can be the id of a token: it becomes the name of a file. */
export function isTokenId(text: string): boolean {
  return TOKEN_ID.test(text);
}

/** Random bytes as they stand in a token. */
export function tokenText(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** What the centre keeps of a secret: of 192 random bits nobody finds out what they were. */
export function secretHash(secret: string): string {
  return new Bun.CryptoHasher("sha256").update(secret).digest("hex");
}

/** The fingerprint of the first certificate in a PEM text, or null where there is none. */
export function fingerprintOf(pem: string): string | null {
  const base64 = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/.exec(pem)?.[1];
  if (base64 === undefined) return null;
  try {
    const der = Uint8Array.fromBase64(base64.replaceAll(/\s/g, ""));
    return tokenText(new Uint8Array(new Bun.CryptoHasher("sha256").update(der).digest()));
  } catch {
    return null;
  }
}
