import { SCRAM_MECHANISM, type ScramCredential } from "../broker/scram-credentials.ts";
import type { Passwords } from "../io/passwords.ts";
import {
  keyBytes,
  type ScramHash,
  type ScramVerifier,
  saltedPassword,
  sameBytes,
  verifierOf,
} from "../kafka/client/scram-keys.ts";

/**
 * What is kept of a user's password, as texts without spaces: an argon2id hash in PHC form, and for SCRAM
 *
 *     $scram-sha-256$i=ITERATIONS$SALT$STORED-KEY$SERVER-KEY
 *
 * and the same with 512, in base64 without padding. A user may have one of each; they stand behind each other with a
 * space between.
 */
const SCRAM =
  /^\$scram-sha-(256|512)\$i=(\d{1,7})\$([A-Za-z0-9+/]{0,344})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
/** Fewer are no protection (RFC 7677); more are an attack on the time of whoever checks. */
const MIN_ITERATIONS = 4_096;
const MAX_ITERATIONS = 1_000_000;

/** The verifiers of a user, from the text with all of them. */
export function verifiersIn(text: string): readonly string[] {
  return text.split(/\s+/).filter((part) => part !== "");
}

/** The verifier that a text stands for, or null where it is none of SCRAM. */
export function parseScramVerifier(text: string): ScramVerifier | null {
  const match = SCRAM.exec(text);
  if (match === null) return null;
  const [, bits, count, salt = "", stored = "", server = ""] = match;
  const hash: ScramHash = bits === "256" ? "SHA-256" : "SHA-512";
  const iterations = Number(count);
  if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) return null;
  try {
    const [storedKey, serverKey] = [Uint8Array.fromBase64(stored), Uint8Array.fromBase64(server)];
    const wrong = storedKey.length !== keyBytes(hash) || serverKey.length !== keyBytes(hash);
    return wrong ? null : { hash, iterations, salt: Uint8Array.fromBase64(salt), storedKey, serverKey };
  } catch {
    return null;
  }
}

export function formatScramVerifier({ hash, iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const [saltText, stored, server] = [salt, storedKey, serverKey].map((bytes) =>
    bytes.toBase64({ omitPadding: true }),
  );
  return `$scram-${hash.toLowerCase()}$i=${iterations}$${saltText}$${stored}$${server}`;
}

/** Of a credential that the metadata log has. */
export function verifierOfCredential({ mechanism, ...credential }: ScramCredential): string {
  return formatScramVerifier({
    ...credential,
    hash: mechanism === SCRAM_MECHANISM.sha256 ? "SHA-256" : "SHA-512",
  });
}

/** Whether a verifier is of this password. SCRAM's take a few milliseconds on another thread, argon2id some tens. */
export async function fits(passwords: Passwords, password: Uint8Array, text: string): Promise<boolean> {
  const verifier = parseScramVerifier(text);
  if (verifier === null) return passwords.verify(password, text);
  if (password.length === 0) return false;
  const { hash, salt, iterations, storedKey } = verifier;
  const salted = await saltedPassword(hash, password, salt, iterations);
  return sameBytes(verifierOf(hash, salted, salt, iterations).storedKey, storedKey);
}
