/** Whose a file is, and who may do what with it. */
export interface FileRights {
  /** Permissions as chmod has them, for example 0o640. */
  readonly mode: number;
  /** Numbers of user and group; null for whoever runs the program. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/**
 * Small files that others than the gateway's log need, with their owners: keys, certificates, configuration. What a call
 * did is durable when it returns, and a crash within one leaves the old or the new.
 */
export interface OwnedFiles {
  /** A file whole, or null where there is none. Throws DISK_IO, also of what is no file, or MALFORMED above `maxBytes`. */
  read(path: string, maxBytes: number): Uint8Array | null;
  /** Names in a folder, sorted; empty where there is no such folder. Throws DISK_IO. */
  list(folder: string): readonly string[];
  /** Makes a folder, and those above it. One that is there stays as it is. Throws DISK_IO. */
  makeFolder(path: string, rights: FileRights): void;
  /** Writes a file whole, in place of what is there; never readable by others meanwhile. Throws DISK_FULL or DISK_IO. */
  write(path: string, bytes: Uint8Array, rights: FileRights): void;
  /** No effect where there is none. Throws DISK_IO. */
  remove(path: string): void;
}
