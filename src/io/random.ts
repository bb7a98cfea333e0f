/** Randomness, as rooms see it; seeded in tests. */
export interface Random {
  /** Cryptographically strong in production. */
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1). For jitter and sampling, not for secrets. */
  fraction(): number;
}
