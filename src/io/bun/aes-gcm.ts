import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { assert } from "../../base/assert.ts";
import { type Aead, type Cryptography, KEY_BYTES, TAG_BYTES } from "../sealed/aead.ts";

const ALGORITHM = "aes-256-gcm";

/**
 * AES-256-GCM of BoringSSL. `node:crypto` takes 7 MB, so that whoever may do without loads this file when it is needed.
 * A block of 4 KiB takes 2.3 us with the processor's instructions for AES, of which 1.7 are the call.
 */
export const AES_GCM: Cryptography = {
  cipher(key) {
    assert(key.length === KEY_BYTES, `a key of ${key.length} bytes`);
    return new AesGcm(createSecretKey(key));
  },
};

class AesGcm implements Aead {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  seal(nonce: Uint8Array, plain: Uint8Array, into: Uint8Array, at: number, tagAt: number): void {
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce);
    into.set(cipher.update(plain), at);
    cipher.final();
    into.set(cipher.getAuthTag(), tagAt);
  }

  open(nonce: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array): Uint8Array | null {
    const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(tag);
    const plain = decipher.update(ciphertext);
    try {
      decipher.final();
    } catch {
      // The only thing that is refused here is a tag that does not fit.
      return null;
    }
    // As a Buffer its `slice` would be no copy.
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
  }
}
