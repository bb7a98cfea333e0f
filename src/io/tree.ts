/** What a name in a folder stands for, links not followed. */
export interface TreeEntry {
  readonly name: string;
  /** "elsewhere" is a folder or file of another file system; "other" a link, a pipe, a socket, a device. */
  readonly kind: "file" | "folder" | "elsewhere" | "other";
  readonly sizeBytes: number;
}

/**
 * A folder and all below it, for who takes it away. Paths are relative to it, with slashes; "" is the folder itself. No
 * link is followed on any way through it. All but `list` throw DISK_IO where they fail, or DISK_FULL.
 */
export interface Tree {
  /** What is in a folder, sorted by name. Throws DISK_IO, also where there is none. */
  list(path: string): readonly TreeEntry[];
  /** The start of a file; null where there is no file of that name. */
  read(path: string, maxBytes: number): Uint8Array | null;
  /** Writes a small file so that a power cut leaves the old or the new, and returns once the new is durable. */
  replace(path: string, bytes: Uint8Array): void;
  /**
   * Fills a file with zeros where it lies, durably. False where that would change what is not in here alone: the file has another
   * name too, or is none.
   */
  overwrite(path: string): boolean;
  rename(from: string, to: string): void;
  /** Removes what is no folder; no effect where there is none. */
  unlink(path: string): void;
  /** Removes an empty folder; no effect where there is none. */
  removeFolder(path: string): void;
  /** Returns once removals and renames in a folder are durable. */
  sync(path: string): void;
}
