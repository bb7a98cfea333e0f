import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import type { Logger } from "../../base/logger.ts";
import type { Clock } from "../../io/clock.ts";
import { nameFault } from "../users.ts";
import type { TokenOutcome, Tokens } from "./bearer.ts";

/** What a token has to say to be taken. */
export interface TokenRules {
  /** Who has made it (`iss`). */
  readonly issuer: string;
  /** Whom it is for (`aud`): one of these. */
  readonly audiences: readonly string[];
  /** The claim that is the user's name. */
  readonly subjectClaim: string;
  /** By how much clocks may differ. */
  readonly clockSkewMs: number;
  /** How long keys are used before they are fetched again. */
  readonly refreshMs: number;
}

export interface TokenOptions {
  readonly rules: TokenRules;
  /** The issuer's keys: the text of a JSON Web Key Set (RFC 7517). */
  readonly loadKeys: () => Promise<string>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Signatures that only the issuer can make: with a shared secret, or none, whoever checks could, too. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
/** A token of an unknown key has them fetched again, since issuers change keys; no sooner than this. */
const MIN_REFRESH_MS = 10_000;

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** Checks JSON Web Tokens (RFC 7519) of one issuer, against keys that are fetched when they are needed. */
export class BearerTokens implements Tokens {
  readonly #options: TokenOptions;
  #keys: KeySet | null = null;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | null = null;

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  check(token: string, done: (outcome: TokenOutcome) => void): void {
    this.#check(token).then(done, (error: unknown) => done({ kind: "refused", what: wordsOf(error) }));
  }

  async #check(token: string): Promise<TokenOutcome> {
    const { clock, rules } = this.#options;
    const ageMs = clock.monotonicMs() - this.#askedAtMs;
    if (this.#keys === null) await this.#load();
    // Those of before serve meanwhile.
    else if (ageMs >= rules.refreshMs) void this.#load();
    try {
      return this.#holder(await this.#verify(token));
    } catch (error) {
      const isUnknown = error instanceof errors.JWKSNoMatchingKey;
      if (!isUnknown || clock.monotonicMs() - this.#askedAtMs < MIN_REFRESH_MS) throw error;
      await this.#load();
      return this.#holder(await this.#verify(token));
    }
  }

  async #verify(token: string): Promise<JWTPayload> {
    const { rules, clock } = this.#options;
    if (this.#keys === null) throw new Error("the keys of the issuer are not known yet");
    const { payload } = await jwtVerify(token, this.#keys, {
      issuer: rules.issuer,
      audience: [...rules.audiences],
      algorithms: ALGORITHMS,
      clockTolerance: rules.clockSkewMs / 1_000,
      currentDate: new Date(clock.nowMs()),
      requiredClaims: ["exp", rules.subjectClaim],
    });
    return payload;
  }

  #holder(payload: JWTPayload): TokenOutcome {
    const name = payload[this.#options.rules.subjectClaim];
    if (typeof name !== "string" || nameFault(name) !== null)
      return { kind: "refused", what: "a token whose subject is no user's name" };
    return { kind: "good", userName: name, expiresAtMs: (payload.exp ?? 0) * 1_000 };
  }

  /** Once for all who wait. What can't be fetched or used leaves what was there. */
  #load(): Promise<void> {
    const { loadKeys, clock, logger } = this.#options;
    if (this.#loading !== null) return this.#loading;
    this.#askedAtMs = clock.monotonicMs();
    this.#loading = loadKeys()
      .then((text) => {
        this.#keys = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
      })
      .catch((error: unknown) => {
        logger.error("the keys for OAUTHBEARER can't be had; those of before stay", { error });
      })
      .finally(() => {
        this.#loading = null;
      });
    return this.#loading;
  }
}

/** Nothing of the token itself. */
function wordsOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "a token that has expired";
  if (error instanceof errors.JWTClaimValidationFailed) return `a token whose ${error.claim} is wrong`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return "a token with a wrong signature";
  if (error instanceof errors.JWKSNoMatchingKey) return "a token of a key that the issuer does not have";
  if (error instanceof errors.JOSEError) return `a token that can't be used (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}
