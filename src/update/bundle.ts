import { HeadwaterError } from "../base/errors.ts";
import type { ByteStream } from "./byte-stream.ts";
import {
  type Architecture,
  type BundledBinary,
  encodeManifest,
  MAX_MANIFEST_BYTES,
  type Manifest,
  parseManifest,
} from "./manifest.ts";
import { checkSignatures, type KeySignature, type TrustedKey } from "./trusted-keys.ts";

/*
 * A bundle, integers big-endian:
 *
 *   8 bytes   "HWUPDATE"
 *   4 bytes   format of the bundle, 1
 *   4 bytes   length of the manifest
 *   n bytes   the manifest, JSON
 *   1 byte    number of signatures
 *   96 bytes  for each: 32 bytes SHA-256 of the public key (SPKI, DER), 64 bytes of its ed25519 signature of all before the number
 *   then the payloads, in the order of the manifest
 *
 * The manifest has the sums of the payloads, so that a signature covers every byte of them, and is checked before any.
 */
const MAGIC = "HWUPDATE";
const FORMAT = 1;
const PREFIX_BYTES = 16;
const KEY_ID_BYTES = 32;
const SIGNATURE_BYTES = 64;
const MAX_SIGNATURES = 8;

/** The most that is read of a bundle before its signature is known to be good. */
export const MAX_HEADER_BYTES =
  PREFIX_BYTES + MAX_MANIFEST_BYTES + 1 + MAX_SIGNATURES * (KEY_ID_BYTES + SIGNATURE_BYTES);

/** The start of a bundle, whose signature was good. */
export interface BundleHeader {
  readonly manifest: Manifest;
  /** The bytes up to the payloads: they prove the manifest to whoever looks later. */
  readonly bytes: Uint8Array;
  /** SHA-256 of the manifest, in hex. */
  readonly manifestSha256: string;
  /** Of the whole bundle. */
  readonly sizeBytes: number;
}

/** What has to be signed of a bundle with that manifest. */
export function signedPart(manifest: Manifest): Uint8Array {
  const json = encodeManifest(manifest);
  const bytes = new Uint8Array(PREFIX_BYTES + json.length);
  bytes.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, FORMAT);
  view.setUint32(12, json.length);
  bytes.set(json, PREFIX_BYTES);
  return bytes;
}

/** All of a bundle but its payloads. */
export function encodeHeader(signed: Uint8Array, signatures: readonly KeySignature[]): Uint8Array {
  const parts = signatures.flatMap(({ keyId, signature }) => [Uint8Array.fromHex(keyId), signature]);
  return new Uint8Array(Buffer.concat([signed, Uint8Array.of(signatures.length), ...parts]));
}

/**
 * Reads a bundle up to its payloads. Throws AUTHENTICATION where no trusted key has signed it, and MALFORMED where it is
 * none, or broken off.
 */
export async function readHeader(stream: ByteStream, trusted: readonly TrustedKey[]): Promise<BundleHeader> {
  const prefix = await stream.take(PREFIX_BYTES);
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
  if (new TextDecoder().decode(prefix.subarray(0, 8)) !== MAGIC) {
    throw new HeadwaterError("MALFORMED", "this is no bundle of an update of headwater");
  }
  if (view.getUint32(8) !== FORMAT) {
    throw new HeadwaterError(
      "MALFORMED",
      `the bundle has format ${view.getUint32(8)}, and this version reads ${FORMAT}: install its package instead`,
    );
  }
  const length = view.getUint32(12);
  if (length > MAX_MANIFEST_BYTES)
    throw new HeadwaterError("MALFORMED", `a manifest of ${length} bytes is too long`);
  const json = await stream.take(length);
  const count = (await stream.take(1))[0] ?? 0;
  if (count < 1 || count > MAX_SIGNATURES) {
    throw new HeadwaterError(
      "AUTHENTICATION",
      `the bundle has ${count} signatures, not 1 to ${MAX_SIGNATURES}`,
    );
  }
  const signatures: KeySignature[] = [];
  for (let index = 0; index < count; index += 1) {
    const keyId = (await stream.take(KEY_ID_BYTES)).toHex();
    signatures.push({ keyId, signature: await stream.take(SIGNATURE_BYTES) });
  }
  const signed = Buffer.concat([prefix, json]);
  await checkSignatures(signed, signatures, trusted);
  const manifest = parseManifest(json);
  const bytes = encodeHeader(signed, signatures);
  return {
    manifest,
    bytes,
    manifestSha256: new Bun.CryptoHasher("sha256").update(json).digest("hex"),
    sizeBytes: manifest.binaries.reduce((sum, { compressedBytes }) => sum + compressedBytes, bytes.length),
  };
}

/** The manifest of a header that was read once, and kept. Throws MALFORMED. */
export function storedManifest(bytes: Uint8Array): Manifest {
  const length =
    bytes.length < PREFIX_BYTES
      ? 0
      : new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(12);
  return parseManifest(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length));
}

/** A binary of a bundle and where its payload begins; null where there is none for that architecture. */
export function binaryFor(
  { manifest, bytes }: BundleHeader,
  architecture: string,
): { readonly binary: BundledBinary; readonly position: number } | null {
  let position = bytes.length;
  for (const binary of manifest.binaries) {
    if (binary.architecture === architecture) return { binary, position };
    position += binary.compressedBytes;
  }
  return null;
}

/** The architectures of a bundle. */
export function architecturesOf(manifest: Manifest): readonly Architecture[] {
  return manifest.binaries.map(({ architecture }) => architecture);
}
