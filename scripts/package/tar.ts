/** What goes into an archive. Paths are relative, without `./` in front; folders have no `/` behind. */
export type Entry = FileEntry | FolderEntry | LinkEntry;

interface EntryBase {
  readonly path: string;
}

export interface FileEntry extends EntryBase {
  readonly kind: "file";
  readonly mode: number;
  readonly bytes: Uint8Array;
}

export interface FolderEntry extends EntryBase {
  readonly kind: "folder";
  readonly mode: number;
  /** User and group by their number; root where left out. */
  readonly owner?: number;
}

export interface LinkEntry extends EntryBase {
  readonly kind: "link";
  readonly target: string;
}

const BLOCK_BYTES = 512;
/** Archives end with two blocks of zeros, and are filled up to this. */
const RECORD_BYTES = 10_240;
const TYPE = { file: "0", link: "2", folder: "5" } as const;
const LINK_MODE = 0o777;
/** Of the fields of a header: offset and length. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  owner: [108, 8],
  group: [116, 8],
  size: [124, 12],
  time: [136, 12],
  sum: [148, 8],
  type: [156, 1],
  target: [157, 100],
  magic: [257, 8],
  ownerName: [265, 32],
  groupName: [297, 32],
} as const;

/**
 * A POSIX (ustar) archive of the entries in their order: the same bytes for the same entries and time, whoever makes
 * it, and wherever. Throws where a path is too long for it.
 */
export function tar(entries: readonly Entry[], epochSeconds: number, prefix = "./"): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const add = (bytes: Uint8Array) => {
    chunks.push(bytes);
    length += bytes.length;
  };
  for (const entry of entries) {
    add(header(entry, epochSeconds, prefix));
    if (entry.kind !== "file") continue;
    add(entry.bytes);
    add(new Uint8Array(-entry.bytes.length & (BLOCK_BYTES - 1)));
  }
  const end = length + 2 * BLOCK_BYTES;
  add(new Uint8Array(Math.ceil(end / RECORD_BYTES) * RECORD_BYTES - length));
  return Buffer.concat(chunks);
}

/** The folders above the paths that are not among the entries themselves, before what is in them. */
export function withFolders(entries: readonly Entry[]): readonly Entry[] {
  const byPath = new Map<string, Entry>();
  for (const entry of entries) {
    const parts = entry.path.split("/");
    for (let count = 1; count < parts.length; count++) {
      const path = parts.slice(0, count).join("/");
      if (!byPath.has(path)) byPath.set(path, { kind: "folder", path, mode: 0o755 });
    }
    byPath.set(entry.path, entry);
  }
  // "a/b" comes after "a", since a text is less than one that goes on.
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A file of text. */
export function text(path: string, content: string, mode = 0o644): FileEntry {
  return { kind: "file", path, mode, bytes: new TextEncoder().encode(content) };
}

function header(entry: Entry, epochSeconds: number, prefix: string): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES);
  const put = (field: keyof typeof FIELD, text: string) => {
    const [offset, length] = FIELD[field];
    if (Buffer.byteLength(text) > length)
      throw new Error(`${entry.path}: ${text} is too long for an archive`);
    block.write(text, offset);
  };
  const octal = (field: keyof typeof FIELD, value: number) =>
    put(field, value.toString(8).padStart(FIELD[field][1] - 1, "0"));
  const owner = entry.kind === "folder" ? (entry.owner ?? 0) : 0;
  put("name", `${prefix}${entry.path}${entry.kind === "folder" ? "/" : ""}`);
  octal("mode", entry.kind === "link" ? LINK_MODE : entry.mode);
  octal("owner", owner);
  octal("group", owner);
  octal("size", entry.kind === "file" ? entry.bytes.length : 0);
  octal("time", epochSeconds);
  put("type", TYPE[entry.kind]);
  if (entry.kind === "link") put("target", entry.target);
  put("magic", "ustar\x0000");
  if (owner === 0) {
    put("ownerName", "root");
    put("groupName", "root");
  }
  // The sum is taken with spaces in its own place.
  put("sum", "        ");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put("sum", `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}
