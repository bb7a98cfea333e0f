import { assertNever } from "../../base/assert.ts";
import type { Clock } from "../../io/clock.ts";
import type { Random } from "../../io/random.ts";
import { hmac, keyBytes, type ScramHash, type ScramVerifier } from "../../kafka/client/scram-keys.ts";
import { networkOf } from "../attempts.ts";
import { LOGIN_LIMITS } from "../logins.ts";
import type { Security } from "../security.ts";
import { parseScramVerifier } from "../verifiers.ts";
import { BearerExchange, type Tokens } from "./bearer.ts";
import type { SaslExchange } from "./exchange.ts";
import { PlainExchange } from "./plain.ts";
import { type ScramHost, ScramServerExchange } from "./scram.ts";

/** Mechanisms by which clients may say who they are; names are those of SASL. */
export const SASL_MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

const NONCE_BYTES = 24;
/** What a user has who does not exist, while nobody has told how users have it: as Kafka's tools make it. */
const USUAL_SHAPE = { saltBytes: 26, iterations: 4_096 } as const;

export interface SaslOptions {
  readonly security: Security;
  readonly clock: Clock;
  readonly random: Random;
  /** Null where nobody logs in with a token. */
  readonly tokens?: Tokens | null;
}

const NO_TOKENS: Tokens = {
  check: (_token, done) => done({ kind: "refused", what: "nobody knows tokens here" }),
};

/** Logins by SASL, from the server's side: which mechanism works how, and who may try how often. */
export class Sasl implements ScramHost {
  readonly #options: SaslOptions;
  /** Makes salts of users that do not exist: the same for each until the process ends. */
  readonly #saltKey: Uint8Array;
  /** First messages whose answers wait, by network, since wrong passwords came from there. */
  readonly #slowed = new Map<string, number>();
  #slowedCount = 0;
  /** How the last user who did exist has it, for those who do not to be alike. */
  #shape: { readonly saltBytes: number; readonly iterations: number } = USUAL_SHAPE;

  constructor(options: SaslOptions) {
    this.#options = options;
    this.#saltKey = options.random.bytes(32);
  }

  /** Begins a login from an address. */
  begin(mechanism: SaslMechanism, address: string): SaslExchange {
    switch (mechanism) {
      case "PLAIN":
        return new PlainExchange(this.#options.security, address);
      case "SCRAM-SHA-256":
        return new ScramServerExchange("SHA-256", this, address);
      case "SCRAM-SHA-512":
        return new ScramServerExchange("SHA-512", this, address);
      case "OAUTHBEARER":
        return new BearerExchange(this.#options.tokens ?? NO_TOKENS);
      default:
        return assertNever(mechanism);
    }
  }

  verifierFor(
    userName: string,
    hash: ScramHash,
  ): { readonly verifier: ScramVerifier; readonly text: string | null } {
    for (const text of this.#options.security.verifiersOf(userName) ?? []) {
      const verifier = parseScramVerifier(text);
      if (verifier?.hash !== hash) continue;
      this.#shape = { saltBytes: verifier.salt.length, iterations: verifier.iterations };
      return { verifier, text };
    }
    return { verifier: this.#nobodys(userName, hash), text: null };
  }

  wait(userName: string, address: string, done: () => void): (() => void) | false {
    const { security, clock } = this.#options;
    const waitMs = security.attempts.waitMs(userName, address);
    if (waitMs === 0) {
      done();
      return () => {};
    }
    const network = networkOf(address);
    const ofNetwork = this.#slowed.get(network) ?? 0;
    const { maxSlowed, maxSlowedOfAddress } = LOGIN_LIMITS;
    if (ofNetwork >= maxSlowedOfAddress || this.#slowedCount >= maxSlowed) return false;
    this.#count(network, 1);
    let waits = true;
    const end = (): boolean => {
      const first = waits;
      waits = false;
      if (first) this.#count(network, -1);
      return first;
    };
    const timer = clock.after(waitMs, () => {
      if (end()) done();
    });
    return () => {
      timer.cancel();
      end();
    };
  }

  failed(userName: string, address: string): void {
    // While users can't be read, that somebody is none is not his fault.
    if (!this.#options.security.knowsUsers) return;
    this.#options.security.attempts.failed(userName, address);
  }

  succeeded(userName: string, address: string): void {
    this.#options.security.attempts.succeeded(userName, address);
  }

  nonce(): string {
    return this.#options.random.bytes(NONCE_BYTES).toBase64();
  }

  /** What stands in for a user who does not exist: always the same salt for a name, and keys that nobody has. */
  #nobodys(userName: string, hash: ScramHash): ScramVerifier {
    const { saltBytes, iterations } = this.#shape;
    const salt = hmac("SHA-512", this.#saltKey, `${hash} ${userName}`).subarray(0, saltBytes);
    const keys = this.#options.random.bytes(2 * keyBytes(hash));
    const [storedKey, serverKey] = [keys.subarray(0, keyBytes(hash)), keys.subarray(keyBytes(hash))];
    return { hash, salt, iterations, storedKey, serverKey };
  }

  #count(network: string, change: number): void {
    this.#slowedCount += change;
    const count = (this.#slowed.get(network) ?? 0) + change;
    if (count > 0) this.#slowed.set(network, count);
    else this.#slowed.delete(network);
  }
}
