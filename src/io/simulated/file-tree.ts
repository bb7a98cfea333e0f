import { assert } from "../../base/assert.ts";
import { HeadwaterError } from "../../base/errors.ts";
import { type CrashMode, FileNode } from "./file-node.ts";
import type { SeededRandom } from "./random.ts";

export type Node = FileNode | FolderNode;

export class FolderNode {
  readonly kind = "folder";
  readonly entries = new Map<string, Node>();
  /** What the medium holds. */
  readonly durable = new Map<string, Node>();
}

interface EntryChange {
  readonly name: string;
  /** What the name leads to from now on; null for a removal of `was`. */
  readonly node: Node | null;
  readonly was: Node | null;
}

/** Changes of one folder that reach the medium together or not at all. */
interface FolderChange {
  readonly folder: FolderNode;
  readonly entries: readonly EntryChange[];
  /** Reaches the medium before this one: a file that moves is never nowhere, though it may be in both places. */
  readonly after: FolderChange | null;
}

/** Folders and files as a process sees them, and the changes that no `syncFolder` has covered yet. */
export class FileTree {
  readonly #root: FolderNode;
  /** Files with a handle: their space stays taken after the last name is gone. */
  readonly #open = new Set<FileNode>();
  #pending: FolderChange[];

  constructor(root = new FolderNode(), pending: FolderChange[] = []) {
    this.#root = root;
    this.#pending = pending;
  }

  get usedBytes(): number {
    const files = new Set(this.#open);
    collectFiles(this.#root, files);
    let bytes = 0;
    for (const file of files) bytes += file.sizeBytes;
    return bytes;
  }

  opened(node: FileNode): void {
    node.handles++;
    this.#open.add(node);
  }

  closed(node: FileNode): void {
    node.handles--;
    if (node.handles === 0) this.#open.delete(node);
  }

  find(path: string): Node | null {
    let node: Node = this.#root;
    for (const name of namesOf(path)) {
      const next: Node | undefined = node.kind === "folder" ? node.entries.get(name) : undefined;
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }

  get(path: string): Node {
    const node = this.find(path);
    if (node === null) throw failure("no such file or folder", path);
    return node;
  }

  file(path: string): FileNode {
    const node = this.get(path);
    if (node.kind === "folder") throw failure("not a file", path);
    return node;
  }

  folder(path: string): FolderNode {
    const node = this.get(path);
    if (node.kind === "file") throw failure("not a folder", path);
    return node;
  }

  list(path: string): readonly string[] {
    return this.find(path) === null ? [] : [...this.folder(path).entries.keys()].sort();
  }

  makeFolder(path: string): void {
    let folder = this.#root;
    for (const name of namesOf(path)) {
      let next = folder.entries.get(name);
      if (next === undefined) {
        next = new FolderNode();
        this.#change(folder, [{ name, node: next, was: null }], null);
      }
      if (next.kind === "file") throw failure("not a folder", path);
      folder = next;
    }
  }

  createFile(path: string, sizeBytes: number): FileNode {
    const { folder, name } = this.#place(path);
    if (folder.entries.has(name)) throw failure("file exists", path);
    const node = new FileNode(sizeBytes);
    this.#change(folder, [{ name, node, was: null }], null);
    return node;
  }

  rename(from: string, to: string): void {
    const node = this.get(from);
    const source = this.#place(from);
    const target = this.#place(to);
    const replaced = target.folder.entries.get(target.name) ?? null;
    if (replaced === node) return;
    if (replaced !== null && (node.kind === "folder" || replaced.kind === "folder")) {
      throw failure("file exists", to);
    }
    const removal: EntryChange = { name: source.name, node: null, was: node };
    const arrival: EntryChange = { name: target.name, node, was: replaced };
    if (source.folder === target.folder) {
      this.#change(source.folder, [removal, arrival], null);
    } else {
      const arrived = this.#change(target.folder, [arrival], null);
      this.#change(source.folder, [removal], arrived);
    }
  }

  remove(path: string): void {
    const node = this.find(path);
    if (node === null) return;
    if (node.kind === "folder") for (const name of [...node.entries.keys()]) this.remove(`${path}/${name}`);
    const { folder, name } = this.#place(path);
    this.#change(folder, [{ name, node: null, was: node }], null);
  }

  /** Begins a sync of the folder; what is called to end it makes the changes durable that are there now. */
  beginSync(path: string): () => void {
    const folder = this.folder(path);
    const covered = new Set(this.#pending);
    return () => {
      const done = new Set<FolderChange>();
      // What came since stands behind all that is covered.
      const end = this.#pending.filter((change) => covered.has(change)).length;
      this.#syncUpTo(folder, end, done);
      this.#pending = this.#pending.filter((change) => !done.has(change));
    };
  }

  /** The tree after a crash. The two share nothing that either may change. */
  afterCrash(mode: CrashMode, random: SeededRandom): FileTree {
    const copies = new Map<Node, Node>();
    const reached = mode === "process" ? null : this.#reachedEntries(mode, random);
    const copyFile = (node: FileNode): FileNode => {
      const copy = mode === "process" ? node.copy() : node.afterCrash(mode, random);
      copies.set(node, copy);
      return copy;
    };
    const copyFolder = (node: FolderNode): FolderNode => {
      const copy = new FolderNode();
      copies.set(node, copy);
      const entries = reached === null ? node.entries : (reached.get(node) ?? node.durable);
      for (const [name, child] of entries) copy.entries.set(name, copyOf(child));
      const durable = reached === null ? node.durable : entries;
      for (const [name, child] of durable) copy.durable.set(name, copyOf(child));
      return copy;
    };
    const copyOf = (node: Node): Node => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      return node.kind === "file" ? copyFile(node) : copyFolder(node);
    };
    const root = copyOf(this.#root);
    assert(root.kind === "folder", "the root is a folder");
    return new FileTree(root, reached === null ? copyChanges(this.#pending, copyOf) : []);
  }

  /** The entries of each folder with unsynced changes, with those changes that the crash let through. */
  #reachedEntries(mode: CrashMode, random: SeededRandom): Map<FolderNode, Map<string, Node>> {
    const reached = new Map<FolderNode, Map<string, Node>>();
    const done = new Set<FolderChange>();
    const share = random.pick([0.1, 0.5, 0.9]);
    const carry = (change: FolderChange) => {
      if (done.has(change)) return;
      done.add(change);
      if (change.after !== null) carry(change.after);
      const entries = reached.get(change.folder) ?? new Map(change.folder.durable);
      reached.set(change.folder, entries);
      applyTo(entries, change);
    };
    for (const change of this.#pending) {
      if (mode === "everything" || (mode !== "nothing" && random.chance(share))) carry(change);
    }
    return reached;
  }

  /** Makes the folder's changes before `end` durable, in order, each after the one that it waits for. */
  #syncUpTo(folder: FolderNode, end: number, done: Set<FolderChange>): void {
    for (const [index, change] of this.#pending.slice(0, end).entries()) {
      if (change.folder !== folder || done.has(change)) continue;
      done.add(change);
      const { after } = change;
      // What the arrival in the other folder replaced must not come back: all of that folder up to it.
      if (after !== null)
        this.#syncUpTo(after.folder, Math.min(index, this.#pending.indexOf(after) + 1), done);
      applyTo(folder.durable, change);
    }
  }

  #place(path: string): { folder: FolderNode; name: string } {
    const names = namesOf(path);
    const name = names.pop();
    assert(name !== undefined, "the root has no name");
    return { folder: this.folder(`/${names.join("/")}`), name };
  }

  #change(folder: FolderNode, entries: readonly EntryChange[], after: FolderChange | null): FolderChange {
    const change: FolderChange = { folder, entries, after };
    applyTo(folder.entries, change);
    this.#pending.push(change);
    return change;
  }
}

function applyTo(entries: Map<string, Node>, change: FolderChange): void {
  for (const { name, node, was } of change.entries) {
    if (node !== null) entries.set(name, node);
    else if (entries.get(name) === was) entries.delete(name);
  }
}

function copyChanges(pending: readonly FolderChange[], copyOf: (node: Node) => Node): FolderChange[] {
  const copies = new Map<FolderChange, FolderChange>();
  return pending.map((change) => {
    const folder = copyOf(change.folder);
    assert(folder.kind === "folder", "changes are made to folders");
    const copy: FolderChange = {
      folder,
      entries: change.entries.map(({ name, node, was }) => ({
        name,
        node: node === null ? null : copyOf(node),
        was: was === null ? null : copyOf(was),
      })),
      after: change.after === null ? null : (copies.get(change.after) ?? null),
    };
    copies.set(change, copy);
    return copy;
  });
}

function collectFiles(folder: FolderNode, files: Set<FileNode>): void {
  for (const node of folder.entries.values()) {
    if (node.kind === "file") files.add(node);
    else collectFiles(node, files);
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function failure(reason: string, path: string): HeadwaterError {
  return new HeadwaterError("DISK_IO", `${path}: ${reason} (simulated)`, { path });
}
