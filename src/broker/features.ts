/** A feature of the cluster (KIP-584): the levels this broker can work at, and the one of a new cluster. */
export interface Feature {
  readonly name: string;
  readonly minLevel: number;
  readonly maxLevel: number;
  readonly initialLevel: number;
}

/** What is asked of a feature by its upgrade type (KIP-778). */
export type FeatureChange = "upgrade" | "safe-downgrade" | "unsafe-downgrade" | "unknown";

const METADATA_VERSION = "metadata.version";

/**
 * As a fresh single-node Kafka 4.3 reports them, without streams.version: streams groups (KIP-1071) are not
 * served. metadata.version stands for the protocol's metadata and never moves; kraft.version is about voters that
 * come and go.
 */
export const FEATURES: readonly Feature[] = [
  { name: "eligible.leader.replicas.version", minLevel: 0, maxLevel: 1, initialLevel: 1 },
  { name: "group.version", minLevel: 0, maxLevel: 1, initialLevel: 1 },
  { name: "kraft.version", minLevel: 0, maxLevel: 0, initialLevel: 0 },
  { name: METADATA_VERSION, minLevel: 7, maxLevel: 30, initialLevel: 30 },
  { name: "share.version", minLevel: 0, maxLevel: 1, initialLevel: 1 },
  { name: "transaction.version", minLevel: 0, maxLevel: 2, initialLevel: 2 },
];

const byName = new Map(FEATURES.map((feature) => [feature.name, feature]));

/** The level in force; 0 for what is not known. `set` holds the levels that were changed. */
export function featureLevel(name: string, set: ReadonlyMap<string, number>): number {
  return set.get(name) ?? byName.get(name)?.initialLevel ?? 0;
}

/** Says why a level can't be had, or null. */
export function featureFault(
  name: string,
  level: number,
  change: FeatureChange,
  set: ReadonlyMap<string, number>,
): string | null {
  const invalid = `Invalid update version ${level} for feature ${name.slice(0, 100)}.`;
  if (change === "unknown") return `${invalid} The controller does not support the given upgrade type.`;
  if (level < 0) return `${invalid} A feature version cannot be less than 0.`;
  const feature = byName.get(name);
  if (feature === undefined) return `${invalid} This broker does not support the feature.`;
  if (level > feature.maxLevel || (level !== 0 && level < feature.minLevel)) {
    return `${invalid} This broker supports versions ${feature.minLevel} to ${feature.maxLevel}.`;
  }
  const current = featureLevel(name, set);
  if (level === current) return null;
  if (name === METADATA_VERSION) return `${invalid} It stays at ${current} on this broker.`;
  if (level < current && change === "upgrade") {
    return `${invalid} Can't downgrade without setting the upgrade type to safe or unsafe downgrade.`;
  }
  return null;
}
