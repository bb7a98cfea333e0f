import { HeadwaterError } from "../base/errors.ts";
import { KEYRING_FILES } from "../io/sealed/keyring.ts";
import type { Tree } from "../io/tree.ts";
import { ERASURE_MARKER } from "./erasure-marker.ts";
import {
  COMPACTED_FILE,
  FORMAT_FILE,
  isDoomedFolderName,
  JOURNAL_FOLDER,
  PARTITION_METADATA_FILE,
  parsePartitionFolderName,
  QUARANTINE_FOLDER,
} from "./folder-names.ts";
import { OWN_FILES } from "./store-opening.ts";

/** What may be found in the marker, but it need not be. */
const MARKER_TEXT = /^erase of ([A-Za-z0-9._-]{1,64})\n$/;
const MAX_MARKER_BYTES = 128;
const LOCK_FILE = "lock";
/** Somebody may add a file meanwhile; nobody does so for ever. */
const MAX_PASSES = 3;
const MAX_DEPTH = 64;
/** To fill larger ones would put off the rest, which a thief may read meanwhile. */
const MAX_OVERWRITE_BYTES = 64 * 1024 * 1024;

/** The order in which files go. */
export const ERASURE_STAGES = ["secrets", "credentials", "records"] as const;

export interface ErasureItem {
  /** Relative to the folder. */
  readonly path: string;
  readonly sizeBytes: number;
  /**
   * secrets: whatever the log does not know, as files of users, rules, keys. credentials: what else may have such, the log of
   * changes to users and rights among it. records: all the others.
   */
  readonly stage: (typeof ERASURE_STAGES)[number];
}

/** Something that stays in the folder. */
export interface Left {
  readonly path: string;
  readonly why: string;
}

export interface ErasurePlan {
  readonly items: readonly ErasureItem[];
  /** Deepest first. */
  readonly folders: readonly string[];
  readonly left: readonly Left[];
}

export interface ErasureOptions {
  /** The topic whose records are users and rights. */
  readonly credentialTopic: string;
  /** Paths of secrets, whatever their names look like. */
  readonly secretPaths: ReadonlySet<string>;
}

/** Whose erasure was begun: null where none was, "" where it is not known whose. */
export function erasureBegun(tree: Tree): string | null {
  if (!tree.list("").some(({ name }) => name === ERASURE_MARKER)) return null;
  const bytes = tree.read(ERASURE_MARKER, MAX_MARKER_BYTES) ?? new Uint8Array(0);
  return MARKER_TEXT.exec(new TextDecoder().decode(bytes))?.[1] ?? "";
}

/** All that would go, in the order of its going. */
export function planErasure(tree: Tree, options: ErasureOptions): ErasurePlan {
  const items: ErasureItem[] = [];
  const folders: string[] = [];
  const left: Left[] = [];
  const walk = (folder: string, depth: number) => {
    for (const { name, kind, sizeBytes } of tree.list(folder)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (path === LOCK_FILE || path === ERASURE_MARKER) continue;
      if (kind === "elsewhere") left.push({ path, why: "it is another file system: unmount it" });
      else if (kind !== "folder") items.push({ path, sizeBytes, stage: stageOf(path, options) });
      else if (depth >= MAX_DEPTH) left.push({ path, why: `it lies ${MAX_DEPTH} folders deep` });
      else {
        const why = failureOf(() => walk(path, depth + 1));
        if (why !== null) left.push({ path, why });
        folders.push(path);
      }
    }
  };
  walk("", 0);
  // Without its keyring an encrypted folder is erased, as good as.
  const order = ({ path, stage }: ErasureItem) =>
    KEYRING_FILES.some((name) => name === path) ? -1 : ERASURE_STAGES.indexOf(stage);
  return { items: items.sort((a, b) => order(a) - order(b)), folders, left };
}

export interface Erasure {
  readonly files: number;
  readonly sizeBytes: number;
  readonly overwritten: number;
  /** Empty where nothing but the marker and the lock is in the folder. */
  readonly left: readonly Left[];
}

/**
 * Takes everything out of the folder but its lock and a marker, which is written first. A power cut leaves the marker, and
 * it is done again then. What can't be removed is told of and the rest goes on. The caller has the folder's lock, and calls
 * `endErasure` where nothing is left. Throws DISK_FULL or DISK_IO where the marker can't be written: nothing is removed then.
 */
export function erase(
  tree: Tree,
  gatewayId: string,
  options: ErasureOptions,
  progress: (doneBytes: number) => void = () => {},
): Erasure {
  if (erasureBegun(tree) === null) begin(tree, gatewayId);
  let [files, sizeBytes, overwritten] = [0, 0, 0];
  let left: readonly Left[] = [];
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const plan = planErasure(tree, options);
    left = plan.left;
    if (plan.items.length + plan.folders.length === 0) break;
    const stays: Left[] = [];
    for (const stage of ERASURE_STAGES) {
      const items = plan.items.filter((item) => item.stage === stage);
      if (stage !== "records") overwritten += overwriteAll(tree, items);
      for (const { path, sizeBytes: itemBytes } of items) {
        const why = failureOf(() => tree.unlink(path));
        if (why !== null) stays.push({ path, why });
        else [files, sizeBytes] = [files + 1, sizeBytes + itemBytes];
        progress(sizeBytes);
      }
      // No record goes before the last secret has gone for good.
      for (const folder of parentsOf(items)) failureOf(() => tree.sync(folder));
    }
    for (const folder of plan.folders) {
      const why = failureOf(() => tree.removeFolder(folder));
      const isNamed = [...plan.left, ...stays].some(({ path }) => `${path}/`.startsWith(`${folder}/`));
      if (why !== null && !isNamed) stays.push({ path: folder, why });
    }
    tree.sync("");
    left = [...plan.left, ...stays];
  }
  return { files, sizeBytes, overwritten, left };
}

/** The folder is nobody's from now on: whoever starts there starts anew. */
export function endErasure(tree: Tree): void {
  tree.unlink(`${ERASURE_MARKER}.new`);
  tree.unlink(ERASURE_MARKER);
  tree.sync("");
}

function begin(tree: Tree, gatewayId: string): void {
  try {
    tree.replace(ERASURE_MARKER, new TextEncoder().encode(`erase of ${gatewayId}\n`));
  } catch (error) {
    // A full disk has no room for it, but to give a file another name takes none.
    if (!(error instanceof HeadwaterError) || error.code !== "DISK_FULL") throw error;
    tree.rename(FORMAT_FILE, ERASURE_MARKER);
    tree.sync("");
  }
}

/** How many could be overwritten. What could not is removed all the same. */
function overwriteAll(tree: Tree, items: readonly ErasureItem[]): number {
  let count = 0;
  for (const { path, sizeBytes } of items) {
    if (sizeBytes > MAX_OVERWRITE_BYTES) continue;
    failureOf(() => {
      if (tree.overwrite(path)) count++;
    });
  }
  return count;
}

function parentsOf(items: readonly ErasureItem[]): ReadonlySet<string> {
  return new Set(items.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf("/")))));
}

/** What the log does not know is taken for a secret: a key must not outlive records for its name. */
function stageOf(path: string, options: ErasureOptions): ErasureItem["stage"] {
  if (options.secretPaths.has(path)) return "secrets";
  const parts = path.split("/");
  // What a restore has put aside, or had not put in its place yet, is a data folder in itself.
  while (parts.length > 1 && /^(?:replaced\.\d+|restore\.new)$/.test(parts[0] ?? "")) parts.shift();
  const [first = "", second, ...more] = parts;
  const isCredentials = (name: string) => name.startsWith(`${options.credentialTopic}-`);
  if (second === undefined) return OWN_FILES.includes(first.replace(/\.new$/, "")) ? "records" : "secrets";
  if (first === JOURNAL_FOLDER) return "credentials";
  if (first === QUARANTINE_FOLDER)
    return isCredentials(second) || second.startsWith(`${JOURNAL_FOLDER}-`) ? "credentials" : "records";
  const isPartition = parsePartitionFolderName(first) !== null || isDoomedFolderName(first);
  if (!isPartition || more.length > 0 || !isLogFile(second)) return "secrets";
  return isCredentials(first) ? "credentials" : "records";
}

function isLogFile(name: string): boolean {
  const own = name.replace(/\.new$/, "");
  return /^\d{20}(?:\.[a-z]+)+$/.test(own) || own === COMPACTED_FILE || own === PARTITION_METADATA_FILE;
}

/** Why something failed; null where it did not. */
function failureOf(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return error.message;
  }
}
