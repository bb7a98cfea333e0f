import { HeadwaterError } from "../../base/errors.ts";

/** The hashes that Apache Kafka has SCRAM with. */
export type ScramHash = "SHA-256" | "SHA-512";

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
    const salted = await this.#salted(Uint8Array.fromBase64(salt), iterations);
    const clientKey = await this.#hmac(salted, encode("Client Key"));
    const storedKey = new Uint8Array(await crypto.subtle.digest(this.#hash, clientKey));
    const clientSignature = await this.#hmac(storedKey, message);
    const proof = clientKey.map((byte, index) => byte ^ (clientSignature[index] ?? 0));
    const serverKey = await this.#hmac(salted, encode("Server Key"));
    this.#signature = await this.#hmac(serverKey, message);
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

  /** Hi() of RFC 5802, which is PBKDF2; on another thread, since it is meant to take long. */
  async #salted(salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<Uint8Array<ArrayBuffer>> {
    const key = await crypto.subtle.importKey("raw", encode(this.#password), "PBKDF2", false, ["deriveBits"]);
    const rule = { name: "PBKDF2", hash: this.#hash, salt, iterations };
    return new Uint8Array(await crypto.subtle.deriveBits(rule, key, this.#hash === "SHA-256" ? 256 : 512));
  }

  async #hmac(
    key: Uint8Array<ArrayBuffer>,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const rule = { name: "HMAC", hash: this.#hash };
    const imported = await crypto.subtle.importKey("raw", key, rule, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytes));
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
