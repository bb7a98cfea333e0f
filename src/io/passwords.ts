/** Password hashes. Both calls take tens of milliseconds of a processor and megabytes, beside the event loop. */
export interface Passwords {
  /** An argon2id hash as a PHC string, with a salt of its own. The password is not empty. */
  hash(password: Uint8Array): Promise<string>;
  /** Whether the hash is that of the password. False too for an empty password, and for what is no hash. */
  verify(password: Uint8Array, hash: string): Promise<boolean>;
  /** A quick hash under a key that this process has made for itself: to know a password again, never to store one. */
  fingerprint(password: Uint8Array, hash: string): string;
}
