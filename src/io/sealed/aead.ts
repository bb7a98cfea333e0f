/** Bytes of a tag, and of a nonce. */
export const TAG_BYTES = 16;
export const NONCE_BYTES = 12;
export const KEY_BYTES = 32;

/** An authenticated cipher under one key. A nonce may be used once, by whoever. */
export interface Aead {
  /** Puts the ciphertext, which is as long as `plain`, at `at` of `into`, and the tag at `tagAt`. */
  seal(nonce: Uint8Array, plain: Uint8Array, into: Uint8Array, at: number, tagAt: number): void;
  /** What was sealed; null where it is not that: another key, nonce or content. */
  open(nonce: Uint8Array, ciphertext: Uint8Array, tag: Uint8Array): Uint8Array | null;
}

/** Makes ciphers. `key` has KEY_BYTES. */
export interface Cryptography {
  cipher(key: Uint8Array): Aead;
}
