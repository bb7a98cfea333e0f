import { NO_BYTES, refused, type SaslExchange, type SaslStep, textOf } from "./exchange.ts";
import { WANTS_ANOTHER } from "./plain.ts";

const MAX_MESSAGE_BYTES = 65_536;
/** Ends the header, every pair of name and value behind it, and the message. */
const SEPARATOR = "\x01";
const HEADER = /^n,(?:a=([^\0,]+))?,$/;
const PAIR = /^[A-Za-z]+=[\x20-\x7e\t\r\n]*$/;
const BEARER = /^auth=[Bb]earer ([A-Za-z0-9._~+/=-]+)$/;

/** What a token is found to be. */
export type TokenOutcome =
  | {
      readonly kind: "good";
      readonly userName: string;
      /** Wall time. */
      readonly expiresAtMs: number;
    }
  | { readonly kind: "refused"; readonly what: string };

/** Whoever knows tokens. */
export interface Tokens {
  /** Calls back once. */
  check(token: string, done: (outcome: TokenOutcome) => void): void;
}

/**
 * OAUTHBEARER (RFC 7628): one message with a token, `n,,^Aauth=Bearer TOKEN^A^A`. A token that is not good is answered
 * with a challenge in JSON that says so, the client says one byte of 1 to that, and the login fails then.
 */
export class BearerExchange implements SaslExchange {
  readonly #tokens: Tokens;
  #fault: string | null = null;
  #ended = false;

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  next(message: Uint8Array, done: (step: SaslStep) => void): void {
    if (this.#fault !== null) {
      done(refused(this.#fault, '{"status":"invalid_token"}', "token"));
      return;
    }
    const said = firstMessage(textOf(message, MAX_MESSAGE_BYTES) ?? "");
    if (said === null) {
      done(refused("a message that is none of OAUTHBEARER"));
      return;
    }
    const { token, authorizationId } = said;
    this.#tokens.check(token, (outcome) => {
      if (this.#ended) return;
      if (outcome.kind === "refused") {
        this.#fault = outcome.what;
        done({ kind: "challenge", bytes: new TextEncoder().encode('{"status":"invalid_token"}') });
        return;
      }
      const { userName, expiresAtMs } = outcome;
      if (authorizationId !== null && authorizationId !== userName) {
        const what = `${JSON.stringify(userName)} wants to be another`;
        done(refused(what, WANTS_ANOTHER, "other-identity", userName));
        return;
      }
      done({ kind: "admitted", bytes: NO_BYTES, userName, proof: { kind: "token" }, expiresAtMs });
    });
  }

  end(): void {
    this.#ended = true;
  }
}

/** A header with perhaps a name, pairs of which one has the token, and two separators at the end; null where it is not. */
function firstMessage(
  text: string,
): { readonly token: string; readonly authorizationId: string | null } | null {
  const parts = text.split(SEPARATOR);
  const header = HEADER.exec(parts[0] ?? "");
  const pairs = parts.slice(1, -2);
  const isWhole = parts.length > 3 && parts.at(-1) === "" && parts.at(-2) === "";
  if (header === null || !isWhole || !pairs.every((pair) => PAIR.test(pair))) return null;
  const token = pairs.map((pair) => BEARER.exec(pair)?.[1]).find((found) => found !== undefined);
  return token === undefined ? null : { token, authorizationId: header[1] ?? null };
}
