import {
  digest,
  exclusiveOr,
  hmac,
  keyBytes,
  type ScramHash,
  type ScramVerifier,
  sameBytes,
} from "../../kafka/client/scram-keys.ts";
import { refused, type SaslExchange, type SaslStep, textOf } from "./exchange.ts";
import { WANTS_ANOTHER } from "./plain.ts";

const MAX_MESSAGE_BYTES = 4_096;
const NAME = "(?:[^\\0=,]|=2C|=3D)+";
const EXTENSIONS = "(?:,[A-Za-z]+=[^\\0,]+)*";
/** gs2-cbind-flag and authzid, then what is signed later: `n=NAME,r=NONCE` and extensions, none of them mandatory. */
const FIRST = new RegExp(
  `^([ny],(?:a=(${NAME}))?,)(n=(${NAME}),r=([\\x21-\\x2b\\x2d-\\x7e]+)(${EXTENSIONS}))$`,
);
const FINAL = new RegExp(
  `^(c=([A-Za-z0-9+/=]+),r=([\\x21-\\x2b\\x2d-\\x7e]+)${EXTENSIONS}),p=([A-Za-z0-9+/]+={0,2})$`,
);

/** A user's verifier, and the text that it is kept as. */
export interface KeptVerifier {
  readonly verifier: ScramVerifier;
  readonly text: string;
}

/** What a SCRAM login asks of whoever knows users. */
export interface ScramHost {
  /** Of a user for a hash; `text` is null for a stand-in: there is no such user, and nobody's password fits it. */
  verifierFor(
    userName: string,
    hash: ScramHash,
  ): { readonly verifier: ScramVerifier; readonly text: string | null };
  /** Calls back when the user's next attempt from there may be answered; false where there are too many already. */
  wait(userName: string, address: string, done: () => void): (() => void) | false;
  failed(userName: string, address: string): void;
  succeeded(userName: string, address: string): void;
  /** Printable, never the same twice. */
  nonce(): string;
}

interface Asked {
  readonly userName: string;
  readonly gs2Header: string;
  readonly firstMessages: string;
  readonly nonce: string;
  readonly verifier: ScramVerifier;
  readonly text: string | null;
}

/**
 * SCRAM (RFC 5802 and 7677, without channel binding, as Kafka has it) from the server's side:
 *
 *   client first: n,,n=USER,r=NONCE
 *   server first: r=NONCE+MORE,s=SALT,i=ITERATIONS
 *   client final: c=biws,r=NONCE+MORE,p=PROOF
 *   server final: v=SIGNATURE
 *
 * Whoever asks for a user that does not exist is asked for a proof all the same: nobody learns who exists.
 */
export class ScramServerExchange implements SaslExchange {
  readonly #hash: ScramHash;
  readonly #host: ScramHost;
  readonly #address: string;
  #asked: Asked | null = null;
  #over = false;
  #withdraw: () => void = () => {};

  constructor(hash: ScramHash, host: ScramHost, address: string) {
    this.#hash = hash;
    this.#host = host;
    this.#address = address;
  }

  next(message: Uint8Array, done: (step: SaslStep) => void): void {
    const text = textOf(message, MAX_MESSAGE_BYTES);
    if (text === null || this.#over) {
      this.#over = true;
      done(refused("a message that is none of SCRAM"));
      return;
    }
    if (this.#asked === null) this.#first(text, done);
    else done(this.#final(text, this.#asked));
  }

  end(): void {
    this.#over = true;
    this.#withdraw();
  }

  #first(text: string, done: (step: SaslStep) => void): void {
    const match = FIRST.exec(text);
    if (match === null) {
      this.#over = true;
      done(refused("a first message that is none of SCRAM"));
      return;
    }
    const [, gs2Header = "", authorizationId, bare = "", name = "", clientNonce = ""] = match;
    const userName = plainName(name);
    if (authorizationId !== undefined && plainName(authorizationId) !== userName) {
      this.#over = true;
      const what = `${JSON.stringify(userName)} wants to be another`;
      done(refused(what, WANTS_ANOTHER, "other-identity", userName));
      return;
    }
    const answer = (): void => {
      const { verifier, text } = this.#host.verifierFor(userName, this.#hash);
      const nonce = `${clientNonce}${this.#host.nonce()}`;
      const challenge = `r=${nonce},s=${verifier.salt.toBase64()},i=${verifier.iterations}`;
      this.#asked = { userName, gs2Header, firstMessages: `${bare},${challenge}`, nonce, verifier, text };
      done({ kind: "challenge", bytes: new TextEncoder().encode(challenge) });
    };
    const withdraw = this.#host.wait(userName, this.#address, answer);
    if (withdraw === false) {
      this.#over = true;
      const what = `${JSON.stringify(userName)}: too many wrong passwords came from its address`;
      done(refused(what, null, "locked-out", userName));
    } else this.#withdraw = withdraw;
  }

  #final(text: string, asked: Asked): SaslStep {
    this.#over = true;
    const { userName, verifier } = asked;
    const match = FINAL.exec(text);
    if (match === null) return refused("a final message that is none of SCRAM", null, "malformed", userName);
    const [, withoutProof = "", binding, nonce, proofText = ""] = match;
    if (binding !== btoa(asked.gs2Header))
      return refused("a final message for another first one", null, "malformed", userName);
    // librdkafka before 2.2 has its own part twice; what is new of it is at the end, and signed.
    if (nonce?.endsWith(asked.nonce) !== true)
      return refused("a final message with another nonce", null, "malformed", userName);
    const message = `${asked.firstMessages},${withoutProof}`;
    const proof = bytesOf(proofText);
    const clientSignature = hmac(this.#hash, verifier.storedKey, message);
    const isProof =
      proof.length === keyBytes(this.#hash) &&
      sameBytes(digest(this.#hash, exclusiveOr(proof, clientSignature)), verifier.storedKey);
    if (!isProof || asked.text === null) {
      this.#host.failed(userName, this.#address);
      const what = `${JSON.stringify(userName)} by SCRAM: user name or password is wrong`;
      return refused(what, null, "wrong-password", userName);
    }
    this.#host.succeeded(userName, this.#address);
    const signature = hmac(this.#hash, verifier.serverKey, message).toBase64();
    return {
      kind: "admitted",
      bytes: new TextEncoder().encode(`v=${signature}`),
      userName,
      proof: { kind: "password", userName, hash: asked.text },
      expiresAtMs: null,
    };
  }
}

function plainName(saslName: string): string {
  return saslName.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64, { lastChunkHandling: "strict" });
  } catch {
    return new Uint8Array(0);
  }
}
