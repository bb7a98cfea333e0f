/** What a backup is made by; a later one is refused by who does not know it. */
export const BACKUP_FORMAT = "headwater-backup 1";
/** The last file of a backup: without it some of it is missing. */
export const MANIFEST_FILE = "manifest.json";

export interface BackupManifest {
  readonly format: string;
  /** Of the program that made it. */
  readonly version: string;
  readonly gatewayId: string;
  /** ISO 8601. */
  readonly takenAt: string;
  /** Partitions that could not be read, and are not in it. */
  readonly left: readonly string[];
  readonly files: readonly { readonly name: string; readonly sizeBytes: number; readonly sha256: string }[];
}

/** The manifest in these bytes, or null where there is none. */
export function parseManifest(bytes: Uint8Array): BackupManifest | null {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<BackupManifest> | null;
    const isWhole =
      typeof value?.format === "string" &&
      typeof value.takenAt === "string" &&
      Array.isArray(value.left) &&
      Array.isArray(value.files) &&
      value.files.every(
        ({ name, sizeBytes, sha256 }) => [name, sha256].every(isText) && Number.isSafeInteger(sizeBytes),
      );
    return isWhole ? (value as BackupManifest) : null;
  } catch {
    return null;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
