/** A range of versions, both ends included; null is none. `max` is Infinity for "and up". */
export type Versions = { readonly min: number; readonly max: number } | null;

/** Reads "none", "3", "0-5" and "2+", as schemas write them. Throws on anything else. */
export function parseVersions(text: string): Versions {
  if (text === "none") return null;
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  if (match === null) throw new Error(`bad versions "${text}"`);
  const min = Number(match[1]);
  if (match[2] !== undefined) return { min, max: Number.POSITIVE_INFINITY };
  return { min, max: match[3] === undefined ? min : Number(match[3]) };
}

/** The versions in both. */
export function intersect(a: Versions, b: Versions): Versions {
  if (a === null || b === null) return null;
  const min = Math.max(a.min, b.min);
  const max = Math.min(a.max, b.max);
  return min > max ? null : { min, max };
}

/** The smallest range that holds both. */
export function hull(a: Versions, b: Versions): Versions {
  if (a === null) return b;
  if (b === null) return a;
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

export function isWithin(inner: Versions, outer: Versions): boolean {
  if (inner === null) return true;
  return outer !== null && inner.min >= outer.min && inner.max <= outer.max;
}

/**
 * The test that `version`, which is known to be among `known`, is one of `wanted`: true or false where that is certain,
 * else an expression.
 */
export function versionTest(wanted: Versions, known: Versions): boolean | string {
  const both = intersect(wanted, known);
  if (both === null || known === null) return false;
  if (isWithin(known, both)) return true;
  const parts: string[] = [];
  if (both.min > known.min) parts.push(`version >= ${both.min}`);
  if (both.max < known.max) parts.push(`version <= ${both.max}`);
  return parts.join(" && ");
}

/** For comments: "version 3", "versions 3 to 5", "versions 3 and up". */
export function describeVersions(versions: Versions, known: Versions): string {
  if (versions === null || known === null) return "no version";
  if (versions.max >= known.max) return `versions ${versions.min} and up`;
  return versions.min === versions.max
    ? `version ${versions.min}`
    : `versions ${versions.min} to ${versions.max}`;
}
