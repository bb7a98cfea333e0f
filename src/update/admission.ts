import { architecturesOf, type BundleHeader } from "./bundle.ts";
import { compareOrders, isAtLeast } from "./version-order.ts";

/** What a bundle would replace. */
export interface Present {
  readonly architecture: string;
  readonly version: string;
  readonly order: string;
  /** Of the data folder; null where there is none yet. */
  readonly logFormat: number | null;
}

export interface Allowances {
  /** An older version, or the same one. */
  readonly older: boolean;
  /** SHA-256 that the manifest has to have; null: any. */
  readonly manifestSha256: string | null;
  /** The version that it has to be; null: any. */
  readonly version: string | null;
}

/** Why a bundle whose signature is good is not taken here; null where it is. */
export function refusalOf(header: BundleHeader, present: Present, allowed: Allowances): string | null {
  const { manifest, manifestSha256 } = header;
  const { version, minimumVersion, logFormats } = manifest;
  if (allowed.manifestSha256 !== null && allowed.manifestSha256 !== manifestSha256) {
    return `its manifest has the SHA-256 ${manifestSha256}, and ${allowed.manifestSha256} is wanted`;
  }
  if (allowed.version !== null && allowed.version !== version)
    return `it is ${version}, and ${allowed.version} is wanted`;
  const architectures = architecturesOf(manifest);
  if (!architectures.some((name) => name === present.architecture)) {
    return `it is for ${architectures.join(", ")}, and this gateway is ${present.architecture}`;
  }
  if (present.logFormat !== null && !logFormats.reads.includes(present.logFormat)) {
    const formats = logFormats.reads.join(", ");
    return `${version} reads data folders of format ${formats}, and this one has format ${present.logFormat}: it would not start`;
  }
  if (!isAtLeast(present.version, minimumVersion)) {
    return `${version} replaces versions from ${minimumVersion} on, and this is ${present.version}: update to one between first`;
  }
  const difference = compareOrders(manifest.order, present.order);
  if (difference > 0 || allowed.older) return null;
  return difference === 0
    ? `${version} is what runs; --allow-older takes it all the same`
    : `${version} is older than ${present.version}; --allow-older takes it all the same`;
}
