import { HeadwaterError } from "../../base/errors.ts";
import {
  clientKeyOf,
  digest,
  exclusiveOr,
  hmac,
  type ScramHash,
  saltedPassword,
  serverKeyOf,
} from "./scram-keys.ts";

/** What a broker has of a user: fewer rounds than RFC 7677 asks for are refused, more are an attack on our time. */
const MIN_ITERATIONS = 4_096;
const MAX_ITERATIONS = 1_000_000;
const MAX_MESSAGE_BYTES = 4_096;
/** base64 of the channel binding header "n,,": none. */
const NO_CHANNEL_BINDING = "biws";

/**
 * One exchange of SCRAM (RFC 5802, without channel binding, as Kafka has it) from the client's side: proves that we know
 * the password without saying it, and that the broker does. Names and passwords are taken as UTF-8, without
 * SASLprep, as Kafka's own clients do.
 *
 *   client first: n,,n=USER,r=NONCE
 *   server first: r=NONCE+MORE,s=SALT,i=ITERATIONS
 *   client final: c=biws,r=NONCE+MORE,p=PROOF
 *   server final: v=SIGNATURE, or e=ERROR
 */
export class ScramExchange {
  readonly #hash: ScramHash;
  readonly #password: string;
  readonly #nonce: string;
  readonly #firstBare: string;
  #signature: Uint8Array | null = null;

  /** `nonce` is never used twice: printable ASCII without commas. */
  constructor(hash: ScramHash, username: string, password: string, nonce: string) {
    this.#hash = hash;
    this.#password = password;
    this.#nonce = nonce;
    const name = username.replaceAll("=", "=3D").replaceAll(",", "=2C");
    this.#firstBare = `n=${name},r=${nonce}`;
  }

  first(): Uint8Array {
    return encode(`n,,${this.#firstBare}`);
  }

  /** The answer to the server's first message. Rejects with AUTHENTICATION where that is none. */
  async final(serverFirst: Uint8Array): Promise<Uint8Array> {
    const text = decode(serverFirst);
    const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9]\d{0,9})(?:,.*)?$/.exec(text);
    if (match === null) throw refusal("its first message is none of SCRAM");
    const [, nonce = "", salt = "", count = ""] = match;
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw refusal("its nonce does not continue ours");
    }
    const iterations = Number(count);
    if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
      throw refusal(`it asks for ${iterations} iterations: ${MIN_ITERATIONS} to ${MAX_ITERATIONS} are taken`);
    }
    const withoutProof = `c=${NO_CHANNEL_BINDING},r=${nonce}`;
    const message = encode(`${this.#firstBare},${text},${withoutProof}`);
    const hash = this.#hash;
    const password = encode(this.#password);
    const salted = await saltedPassword(hash, password, Uint8Array.fromBase64(salt), iterations);
    const clientKey = clientKeyOf(hash, salted);
    const clientSignature = hmac(hash, digest(hash, clientKey), message);
    const proof = exclusiveOr(clientKey, clientSignature);
    this.#signature = hmac(hash, serverKeyOf(hash, salted), message);
    return encode(`${withoutProof},p=${proof.toBase64()}`);
  }

  /** Checks that the server knows the password, too. Throws AUTHENTICATION where it does not show that. */
  check(serverFinal: Uint8Array): void {
    const text = decode(serverFinal);
    const error = /^e=([^,]*)/.exec(text);
    if (error !== null) throw refusal(error[1] ?? "");
    const shown = /^v=([A-Za-z0-9+/=]+)(?:,.*)?$/.exec(text)?.[1];
    if (shown === undefined || this.#signature === null || shown !== this.#signature.toBase64()) {
      throw refusal("it does not know the password itself: it may not be the broker that it seems to be");
    }
  }
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  if (bytes.length > MAX_MESSAGE_BYTES) throw refusal(`its message has ${bytes.length} bytes`);
  return new TextDecoder().decode(bytes);
}

function refusal(reason: string): HeadwaterError {
  return new HeadwaterError("AUTHENTICATION", `SCRAM failed: ${reason}`);
}
