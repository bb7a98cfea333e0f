import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Outcome, Refusal, run } from "./refusal.ts";

/** Of e2fsck: nothing found, or all of it repaired. */
const E2FSCK_GOOD = 1;
const PACKAGE = "e2fsprogs";

/** A file to be put into a file system; root's. */
export interface Placed {
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

/**
 * An ext file system somewhere in a file or a disk, which nobody has mounted: written and read by e2fsprogs' own
 * debugfs, so that neither root nor a loop device is needed.
 */
export class ExtFileSystem {
  readonly #name: string;
  /** As e2fsprogs name a place in a file. */
  readonly #place: string;
  readonly #work = mkdtempSync(join(tmpdir(), "headwater-flash-"));

  constructor(path: string, offset: number) {
    this.#name = path;
    this.#place = `${path}?offset=${offset}`;
  }

  /** Repairs what can be repaired without asking. Refuses where more is broken, or the journal has to be replayed. */
  repair(): void {
    // Which e2fsprogs do not do at a place within a file, and writing without it would damage what it has.
    if (/needs_recovery/.test(run(["dumpe2fs", "-h", this.#place], PACKAGE).out)) {
      throw new Refusal(
        this.#name,
        "was not shut down in order",
        "let the machine start from it and shut it down, or write the image onto it again",
      );
    }
    const { status, out, err } = run(["e2fsck", "-p", this.#place], PACKAGE);
    if (status > E2FSCK_GOOD) {
      throw new Refusal(
        this.#name,
        `its file system is damaged: ${(err || out).trim().split("\n").at(-1)}`,
        "write the image onto it again",
      );
    }
  }

  /** Whether nothing is wrong with it, without changing it. */
  isClean(): boolean {
    return run(["e2fsck", "-f", "-n", this.#place], PACKAGE).status === 0;
  }

  freeBytes(): number {
    const { out } = run(["dumpe2fs", "-h", this.#place], PACKAGE);
    const field = (name: string) => Number(new RegExp(`^${name}: +(\\d+)$`, "m").exec(out)?.[1] ?? 0);
    return (field("Free blocks") - field("Reserved block count")) * field("Block size");
  }

  has(path: string): boolean {
    return /^Inode: \d+/.test(this.#debugfs(`stat "${path}"`).out);
  }

  /** A file's bytes, or null where there is none; symbolic links are followed within the file system. */
  read(path: string): Uint8Array | null {
    if (!this.has(path)) return null;
    const file = join(this.#work, "read");
    rmSync(file, { force: true });
    this.#debugfs(`dump "${path}" "${file}"`);
    return readFileSync(file);
  }

  /** Its permissions, as numbers; null where it is not there. */
  modeOf(path: string): number | null {
    const mode = /Mode: +(\d+)/.exec(this.#debugfs(`stat "${path}"`).out)?.[1];
    return mode === undefined ? null : Number.parseInt(mode, 8);
  }

  /** Makes a folder, and those above it, unless they are there. */
  makeFolder(path: string): void {
    const parts = path.split("/").filter((part) => part !== "");
    for (let count = 1; count <= parts.length; count++) {
      const folder = `/${parts.slice(0, count).join("/")}`;
      if (!this.has(folder)) this.#change(`mkdir "${folder}"`);
    }
  }

  /** Writes a file, in place of one that may be there. */
  write({ path, mode, bytes }: Placed): void {
    this.makeFolder(path.slice(0, path.lastIndexOf("/")));
    const file = join(this.#work, "write");
    writeFileSync(file, bytes);
    if (this.has(path)) this.#change(`rm "${path}"`);
    this.#change(`write "${file}" "${path}"`);
    this.#change(`set_inode_field "${path}" mode 0${(0o100000 | mode).toString(8)}`);
    for (const owner of ["uid", "gid"]) this.#change(`set_inode_field "${path}" ${owner} 0`);
  }

  link(path: string, target: string): void {
    this.makeFolder(path.slice(0, path.lastIndexOf("/")));
    if (this.has(path)) this.#change(`rm "${path}"`);
    this.#change(`symlink "${path}" "${target}"`);
  }

  close(): void {
    rmSync(this.#work, { recursive: true, force: true });
  }

  #debugfs(request: string): Outcome {
    return run(["debugfs", "-R", request, this.#place], PACKAGE);
  }

  /** It ends with 0 whatever happens: what it says on standard error, beyond its name, is what went wrong. */
  #change(request: string): void {
    const { err } = run(["debugfs", "-w", "-R", request, this.#place], PACKAGE);
    const complaint = err.split("\n").filter((line) => line !== "" && !line.startsWith("debugfs 1."));
    if (complaint.length > 0) {
      const where = `${complaint.join(" ").trim()} (${request})`;
      throw new Refusal(
        this.#name,
        `can't be written: ${where}`,
        "is there space left, and is it a good card?",
      );
    }
  }
}
