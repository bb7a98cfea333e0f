import type { FileRights, OwnedFiles } from "../../src/io/owned-files.ts";

/** Thrown in place of what a power cut takes: nobody is there to catch it. */
export class PowerCut extends Error {}

/** Files in memory, whose power fails at a chosen change: before it, or right after it. */
export class MemoryFiles implements OwnedFiles {
  readonly files = new Map<string, { readonly bytes: Uint8Array; readonly rights: FileRights }>();
  readonly folders = new Map<string, FileRights>();
  changes = 0;
  /** The power fails at this change, counted from 1; a half more: after it. */
  cutAt = Number.POSITIVE_INFINITY;

  read(path: string, maxBytes: number): Uint8Array | null {
    const bytes = this.files.get(path)?.bytes ?? null;
    if (bytes !== null && bytes.length > maxBytes) throw new Error(`${path} is too large`);
    return bytes;
  }

  list(folder: string): readonly string[] {
    const inside = [...this.files.keys()].filter((path) => path.startsWith(`${folder}/`));
    return inside
      .map((path) => path.slice(folder.length + 1))
      .filter((name) => !name.includes("/"))
      .sort();
  }

  makeFolder(path: string, rights: FileRights): void {
    this.#change(() => {
      if (!this.folders.has(path)) this.folders.set(path, rights);
    });
  }

  write(path: string, bytes: Uint8Array, rights: FileRights): void {
    this.#change(() => this.files.set(path, { bytes: Uint8Array.from(bytes), rights }));
  }

  remove(path: string): void {
    this.#change(() => this.files.delete(path));
  }

  text(path: string): string | null {
    const bytes = this.files.get(path)?.bytes;
    return bytes === undefined ? null : new TextDecoder().decode(bytes);
  }

  #change(act: () => void): void {
    this.changes += 1;
    if (this.changes === this.cutAt) throw new PowerCut();
    act();
    if (this.changes + 0.5 === this.cutAt) throw new PowerCut();
  }
}

/** Every moment at which the power can fail in as many changes. */
export function moments(changes: number): readonly number[] {
  return Array.from({ length: changes }, (_, index) => [index + 1, index + 1.5]).flat();
}
