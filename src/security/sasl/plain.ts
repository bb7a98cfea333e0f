import type { Security } from "../security.ts";
import { NO_BYTES, refused, type SaslExchange, type SaslStep, textOf } from "./exchange.ts";

const MAX_MESSAGE_BYTES = 4_096;

/**
 * PLAIN (RFC 4616): one message, `[authorization id] NUL user name NUL password`. Whoever listens reads the password.
 * Refusals are told in Kafka's way: which of the parts is missing, and never which of them is wrong.
 */
export class PlainExchange implements SaslExchange {
  readonly #security: Pick<Security, "checkPassword">;
  readonly #address: string;
  #withdraw: () => void = () => {};

  constructor(security: Pick<Security, "checkPassword">, address: string) {
    this.#security = security;
    this.#address = address;
  }

  next(message: Uint8Array, done: (step: SaslStep) => void): void {
    const parts = textOf(message, MAX_MESSAGE_BYTES)?.split("\0") ?? [];
    const [authorizationId, userName = "", password = ""] = parts;
    if (parts.length !== 3 || authorizationId === undefined) {
      done(refused("PLAIN with other than three parts", "Invalid SASL/PLAIN response: expected 3 tokens"));
      return;
    }
    if (userName === "" || password === "") {
      const missing = userName === "" ? "username" : "password";
      done(
        refused(
          `PLAIN without a ${missing}`,
          `Authentication failed: ${missing} not specified`,
          "malformed",
          userName || null,
        ),
      );
      return;
    }
    const bytes = new TextEncoder().encode(password);
    this.#withdraw = this.#security.checkPassword(userName, bytes, this.#address, (outcome) => {
      if (outcome.kind !== "good") {
        const message = "Authentication failed: Invalid username or password";
        const what = `${JSON.stringify(userName)} by PLAIN: ${WORDS[outcome.kind]}`;
        done(refused(what, message, REASONS[outcome.kind], userName));
      } else if (authorizationId !== "" && authorizationId !== userName) {
        const what = `${JSON.stringify(userName)} wants to be another`;
        done(refused(what, WANTS_ANOTHER, "other-identity", userName));
      } else {
        const proof = { kind: "password", userName, hash: outcome.hash } as const;
        done({ kind: "admitted", bytes: NO_BYTES, userName, proof, expiresAtMs: null });
      }
    });
  }

  end(): void {
    this.#withdraw();
  }
}

export const WANTS_ANOTHER =
  "Authentication failed: Client requested an authorization id that is different from username";

/** For the audit log. */
export const REASONS = { wrong: "wrong-password", busy: "busy", "too-many": "locked-out" } as const;

const WORDS = {
  wrong: "user name or password is wrong",
  busy: "too many logins wait to be checked",
  "too-many": "too many wrong passwords came from its address",
} as const;
