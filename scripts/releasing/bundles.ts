import type { KeyObject } from "node:crypto";
import { LOG_FORMATS } from "../../src/log/store-format.ts";
import { encodeHeader, signedPart } from "../../src/update/bundle.ts";
import type { Architecture, LogFormats, Manifest } from "../../src/update/manifest.ts";
import { keyId } from "../../src/update/trusted-keys.ts";
import { orderOf } from "../../src/update/version-order.ts";
import { publicDer, signBytes } from "./keys.ts";

/** Versions before it had no slots to put an update into. */
const MINIMUM_VERSION = "0.1.0";
/** What fits an unpacker that holds 8 MiB. */
const LEVEL = 19;

/** What a bundle is about, and what it holds. */
export interface BundleContents {
  /** As the binary itself says it. */
  readonly version: string;
  /** When its commit was made. */
  readonly epochSeconds: number;
  readonly binaries: Readonly<Partial<Record<Architecture, Uint8Array>>>;
  /** Those of this checkout where left out. */
  readonly logFormats?: LogFormats;
  readonly minimumVersion?: string;
  /** Of zstd; a low one makes larger bundles sooner. */
  readonly level?: number;
}

/**
 * A bundle that `headwater update` takes, signed by each of the keys: gateways that trust one of them take it. See
 * gateway/update.md.
 */
export function updateBundle(contents: BundleContents, keys: readonly KeyObject[]): Uint8Array {
  const { version, epochSeconds, level = LEVEL } = contents;
  const payloads = Object.entries(contents.binaries).map(([architecture, bytes]) => {
    const compressed = Bun.zstdCompressSync(new Uint8Array(bytes), { level });
    const binary = {
      architecture: architecture as Architecture,
      compression: "zstd" as const,
      compressedBytes: compressed.length,
      compressedSha256: sha256(compressed),
      sizeBytes: bytes.length,
      sha256: sha256(bytes),
    };
    return { binary, compressed };
  });
  const manifest: Manifest = {
    program: "headwater",
    version,
    order: orderOf(version, epochSeconds),
    created: new Date(epochSeconds * 1000).toISOString(),
    minimumVersion: contents.minimumVersion ?? MINIMUM_VERSION,
    logFormats: contents.logFormats ?? LOG_FORMATS,
    binaries: payloads.map(({ binary }) => binary),
  };
  const signed = signedPart(manifest);
  const signatures = keys.map((key) => ({
    keyId: keyId(publicDer(key)),
    signature: signBytes(signed, key),
  }));
  const parts = [encodeHeader(signed, signatures), ...payloads.map(({ compressed }) => compressed)];
  return new Uint8Array(Buffer.concat(parts));
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}
