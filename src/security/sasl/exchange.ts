import type { AuditReason } from "../audit/audit-event.ts";
import type { Proof } from "../security.ts";

/** What the server says next in a login by SASL (RFC 4422). */
export type SaslStep =
  | { readonly kind: "challenge"; readonly bytes: Uint8Array }
  | {
      readonly kind: "admitted";
      /** Goes to the client with the news. */
      readonly bytes: Uint8Array;
      readonly userName: string;
      readonly proof: Proof;
      /** Wall time at which what it showed ends; null for never. */
      readonly expiresAtMs: number | null;
    }
  | SaslRefusal;

export interface SaslRefusal {
  readonly kind: "refused";
  /** For the client; null where it is not to know more than that it failed. */
  readonly message: string | null;
  /** For the log. */
  readonly what: string;
  /** For the audit log, with whom it says that it is; null where it has not said so. */
  readonly reason: AuditReason;
  readonly userName: string | null;
}

/** One login by one mechanism, from the server's side. Good for one, well or badly. */
export interface SaslExchange {
  /**
   * Takes what the client says, whose bytes are its own only for now, and calls back once, at once or later. Nobody
   * sends on before the answer.
   */
  next(message: Uint8Array, done: (step: SaslStep) => void): void;
  /** Ends it: nobody is called from now on. */
  end(): void;
}

export function refused(
  what: string,
  message: string | null = null,
  reason: AuditReason = "malformed",
  userName: string | null = null,
): SaslRefusal {
  return { kind: "refused", message, what, reason, userName };
}

/** A message's text, or null where it is too long or none. */
export function textOf(message: Uint8Array, maxBytes: number): string | null {
  if (message.length > maxBytes) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(message);
  } catch {
    return null;
  }
}

export const NO_BYTES = new Uint8Array(0);
