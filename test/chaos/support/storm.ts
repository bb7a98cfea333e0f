import type { SeededRandom } from "../../../src/io/simulated/random.ts";

/**
 * What a blow hits. gateway and centre: kill -9, and started again on their data. cut: every connection of the link
 * is reset, and none is let through for a while. freeze: nothing passes and nobody is told. half-close: one
 * direction ends, the other goes on.
 */
export type BlowKind = "gateway" | "centre" | "cut" | "freeze" | "half-close";

export interface Blow {
  readonly kind: BlowKind;
  /** Milliseconds after the start of the storm. */
  readonly atMs: number;
  /** How long the thing stays down. */
  readonly downMs: number;
}

/** How long things stay down at most: long enough to be noticed, short enough to be hit again while they recover. */
const MAX_DOWN_MS: Readonly<Record<BlowKind, number>> = {
  gateway: 1500,
  centre: 3000,
  cut: 2000,
  freeze: 6000,
  "half-close": 500,
};

/**
 * A storm of blows: one at a random moment of each equal part of the time, so that they come in pairs and after
 * pauses, but not all at once; of the kinds as listed, each as often as any other, in random order. The same seed
 * makes the same storm.
 */
export function planStorm(
  random: SeededRandom,
  count: number,
  spanMs: number,
  kinds: readonly BlowKind[],
): readonly Blow[] {
  const left = Array.from({ length: count }, (_, index) => kinds[index % kinds.length] ?? "gateway");
  return Array.from({ length: count }, (_, index): Blow => {
    const [kind = "gateway"] = left.splice(random.below(left.length), 1);
    const atMs = Math.floor(((index + random.fraction()) * spanMs) / count);
    return { kind, atMs, downMs: random.below(MAX_DOWN_MS[kind]) };
  });
}
