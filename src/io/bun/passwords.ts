import { hmac } from "../../base/hmac.ts";
import type { Passwords } from "../passwords.ts";

/**
 * 19 MiB and two passes, the least that OWASP recommends: about 30 ms of a core. A gateway checks few passwords at
 * once, and none twice, but has little memory for each.
 */
const COST = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

export class SystemPasswords implements Passwords {
  readonly #key = crypto.getRandomValues(new Uint8Array(32));

  hash(password: Uint8Array): Promise<string> {
    return Bun.password.hash(new Uint8Array(password), COST);
  }

  async verify(password: Uint8Array, hash: string): Promise<boolean> {
    if (password.length === 0) return false;
    try {
      return await Bun.password.verify(new Uint8Array(password), hash);
    } catch {
      return false;
    }
  }

  fingerprint(password: Uint8Array, hash: string): string {
    // No hash has a zero byte in it.
    return hmac("sha256", this.#key, hash, "\0", password).toBase64();
  }
}
