import { HeadwaterError } from "../base/errors.ts";
import { isOrder } from "./version-order.ts";

/** Processors that there are binaries for, as the runtime calls them. */
export const ARCHITECTURES = ["x64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** Which formats of the data folder a program reads, and in which one it writes a new folder. */
export interface LogFormats {
  readonly reads: readonly number[];
  readonly writes: number;
}

/** One binary of a bundle; its payload lies behind those of the binaries before it. */
export interface BundledBinary {
  readonly architecture: Architecture;
  readonly compression: "zstd";
  readonly compressedBytes: number;
  /** In hex, as the other one. */
  readonly compressedSha256: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** What a bundle says of itself, and what is signed. */
export interface Manifest {
  readonly program: "headwater";
  /** As the binary itself says it. */
  readonly version: string;
  /** See version-order.ts. */
  readonly order: string;
  /** When it was made, as ISO 8601. For people: the clock of a gateway may be wrong. */
  readonly created: string;
  /** Oldest version that may be replaced by it. */
  readonly minimumVersion: string;
  readonly logFormats: LogFormats;
  readonly binaries: readonly BundledBinary[];
}

export const MAX_MANIFEST_BYTES = 64 * 1024;
/** Of a binary, packed or not. */
const MAX_BINARY_BYTES = 512 * 1024 * 1024;
const MAX_BINARIES = 8;
const MAX_FORMATS = 64;

export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`);
}

/** Reads a manifest whose signature was good: what is wrong with it is a fault of who made it. Throws MALFORMED. */
export function parseManifest(bytes: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new HeadwaterError("MALFORMED", "the manifest of the bundle is no JSON", { cause });
  }
  const fault = faultOf(value);
  if (fault !== null) throw new HeadwaterError("MALFORMED", `the manifest of the bundle: ${fault}`);
  return value as Manifest;
}

type Fields = Readonly<Partial<Record<string, unknown>>>;

function faultOf(value: unknown): string | null {
  if (!isTable(value)) return "it is no object";
  const { program, version, order, created, minimumVersion, logFormats, binaries } = value;
  if (program !== "headwater") return "it is of another program";
  if (!isText(version) || !/^\d{1,9}(?:\.\d{1,9}){0,2}[\w.+~-]*$/.test(version)) return "version is none";
  if (!isText(order) || !isOrder(order)) return "order is none";
  if (!isText(created) || Number.isNaN(Date.parse(created))) return "created is no time";
  if (!isText(minimumVersion) || !/^\d/.test(minimumVersion)) return "minimumVersion is none";
  if (!isTable(logFormats) || !areFormats(logFormats)) return "logFormats are none";
  if (!Array.isArray(binaries) || binaries.length === 0 || binaries.length > MAX_BINARIES)
    return `binaries are not 1 to ${MAX_BINARIES}`;
  const fault = binaries.map(binaryFault).find((found) => found !== null);
  if (fault !== undefined) return fault;
  const names = new Set(binaries.map(({ architecture }) => architecture));
  return names.size === binaries.length ? null : "an architecture is there twice";
}

function areFormats({ reads, writes }: Fields): boolean {
  const isFormat = (format: unknown) => Number.isSafeInteger(format) && Number(format) > 0;
  return (
    Array.isArray(reads) && reads.length <= MAX_FORMATS && reads.every(isFormat) && reads.includes(writes)
  );
}

function binaryFault(value: unknown): string | null {
  if (!isTable(value)) return "a binary is no object";
  const { architecture, compression, compressedBytes, compressedSha256, sizeBytes, sha256 } = value;
  if (!ARCHITECTURES.some((known) => known === architecture))
    return `there is no architecture ${String(architecture)}`;
  if (compression !== "zstd") return `compression ${String(compression)} is not known here`;
  for (const size of [compressedBytes, sizeBytes]) {
    if (!Number.isSafeInteger(size) || Number(size) < 1 || Number(size) > MAX_BINARY_BYTES)
      return `a binary has ${String(size)} bytes, not 1 to ${MAX_BINARY_BYTES}`;
  }
  const isSum = (sum: unknown) => isText(sum) && /^[0-9a-f]{64}$/.test(sum);
  return isSum(compressedSha256) && isSum(sha256) ? null : "a binary has no SHA-256";
}

function isTable(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= 200;
}
