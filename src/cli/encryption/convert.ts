import { HeadwaterError } from "../../base/errors.ts";
import { AES_GCM } from "../../io/bun/aes-gcm.ts";
import { SystemClock } from "../../io/bun/clock.ts";
import { blockBytesOf, CONVERSION_FILE, plainPaths } from "../../io/bun/data-disk.ts";
import { PlainDisk } from "../../io/bun/plain-disk.ts";
import { SystemRandom } from "../../io/bun/random.ts";
import type { Disk, DiskFile } from "../../io/disk.ts";
import { decodeFileHeader, type FileHeader } from "../../io/sealed/file-header.ts";
import {
  isSealedFolder,
  KEYRING_FILES,
  type Keyring,
  newKeyring,
  readKeyring,
  writeKeyring,
} from "../../io/sealed/keyring.ts";
import { FILE_HEADER_BYTES } from "../../io/sealed/layout.ts";
import { SealedDisk } from "../../io/sealed/sealed-disk.ts";
import {
  isDoomedFolderName,
  JOURNAL_FOLDER,
  parsePartitionFolderName,
  QUARANTINE_FOLDER,
} from "../../log/folder-names.ts";
import { OWN_FILES } from "../../log/store-opening.ts";
import { Progress, progressLineOfBytes } from "../progress.ts";
import type { World } from "../world.ts";

const SLICE_BYTES = 1024 * 1024;
const DRAFT_SUFFIX = ".converting";
const MAX_DEPTH = 8;

export interface ConversionOptions {
  /** Taken by the caller. */
  readonly folder: string;
  readonly to: "on" | "off";
  readonly masterKey: Uint8Array;
  readonly world: World;
}

export interface Conversion {
  /** Those converted by this run. */
  readonly files: number;
  readonly sizeBytes: number;
  /** What a log store does not know, and leaves alone. */
  readonly untouched: readonly string[];
  /** Files of which some blocks did not open. */
  readonly damaged: readonly string[];
}

/**
 * Writes every file of the store anew, encrypted or in the clear; goes on where an earlier run was cut off. A marker keeps
 * gateways away until it is done. Throws CONFIG_INVALID where the key is another, or the other conversion was begun;
 * DISK_FULL or DISK_IO.
 */
export function convertFolder(options: ConversionOptions): Conversion {
  const { folder, to } = options;
  const plain = new PlainDisk();
  const marker = `${folder}/${CONVERSION_FILE}`;
  const begun = new TextDecoder().decode(plain.readFile(marker, 16) ?? undefined).trim();
  if (begun !== "" && begun !== to)
    throw new HeadwaterError(
      "CONFIG_INVALID",
      `headwater encryption ${begun} was begun on ${folder}: end that first`,
    );
  const keyring = keyringFor(options, plain, marker);
  const run = keyring === null ? null : new ConversionRun(options, plain, keyring);
  const done = run?.run() ?? { files: 0, sizeBytes: 0, untouched: [], damaged: [] };
  if (to === "off") for (const name of KEYRING_FILES) plain.remove(`${folder}/${name}`);
  plain.syncFolderNow(folder);
  plain.remove(marker);
  plain.syncFolderNow(folder);
  return done;
}

/** Writes the marker, and a keyring where there is none yet. Null where an end to encryption lacks nothing but the marker's. */
function keyringFor(options: ConversionOptions, plain: Disk, marker: string): Keyring | null {
  const { folder, to, masterKey } = options;
  const isSealed = isSealedFolder(plain, folder);
  const begin = () => plain.replaceFile(marker, new TextEncoder().encode(`${to}\n`));
  if (isSealed) {
    const found = readKeyring(plain, folder, masterKey, AES_GCM);
    begin();
    return found.keyring;
  }
  if (to === "off") {
    if (plain.exists(marker)) return null;
    throw new HeadwaterError("CONFIG_INVALID", `${folder} is not encrypted`);
  }
  begin();
  const random = new SystemRandom();
  const keyring = newKeyring(random);
  writeKeyring(plain, folder, keyring, masterKey, AES_GCM, random);
  return keyring;
}

class ConversionRun {
  readonly #options: ConversionOptions;
  readonly #plain: PlainDisk;
  readonly #keyring: Keyring;
  readonly #damaged = new Set<string>();
  readonly #untouched: string[] = [];
  #files = 0;
  #sizeBytes = 0;

  constructor(options: ConversionOptions, plain: PlainDisk, keyring: Keyring) {
    this.#options = options;
    this.#plain = plain;
    this.#keyring = keyring;
  }

  run(): Conversion {
    const progress = new Progress(this.#options.world, new SystemClock(), true, progressLineOfBytes);
    try {
      this.#walk("", 0, () => progress.update(this.#sizeBytes, null));
    } finally {
      progress.end();
    }
    return {
      files: this.#files,
      sizeBytes: this.#sizeBytes,
      untouched: this.#untouched,
      damaged: [...this.#damaged],
    };
  }

  #walk(inside: string, depth: number, progress: () => void): void {
    const { folder } = this.#options;
    const isPlain = plainPaths(folder);
    let changed = false;
    for (const name of this.#plain.list(inside === "" ? folder : `${folder}/${inside}`)) {
      const path = inside === "" ? name : `${inside}/${name}`;
      const full = `${folder}/${path}`;
      if (isPlain(full)) continue;
      if (!isStores(path)) {
        this.#untouched.push(path);
      } else if (!this.#plain.isFile(full)) {
        // What is neither is of no use to a store: it puts it aside when it starts.
        if (depth < MAX_DEPTH && isFolder(this.#plain, full)) this.#walk(path, depth + 1, progress);
      } else if (name.endsWith(DRAFT_SUFFIX)) {
        this.#plain.remove(full);
      } else if (isSealedFile(this.#plain, full) !== (this.#options.to === "on")) {
        this.#convert(full);
        changed = true;
        progress();
      }
    }
    if (changed) this.#plain.syncFolderNow(inside === "" ? folder : `${folder}/${inside}`);
  }

  #convert(path: string): void {
    const { to } = this.#options;
    const [from, into] = to === "on" ? [this.#plain, this.#sealed()] : [this.#sealed(), this.#plain];
    const draft = `${path}${DRAFT_SUFFIX}`;
    const source = from.openFile(path, "read");
    try {
      const { sizeBytes } = source;
      this.#plain.remove(draft);
      const file = into.createFile(draft, sizeBytes);
      try {
        for (let at = 0; at < sizeBytes; at += SLICE_BYTES)
          file.write(at, source.view(at, Math.min(SLICE_BYTES, sizeBytes - at)));
        file.syncNow();
      } finally {
        file.close();
      }
      // By a disk that knows nothing of what was written.
      const again = (to === "on" ? this.#sealed() : this.#plain).openFile(draft, "read");
      try {
        compare(path, source, again);
      } finally {
        again.close();
      }
      this.#plain.rename(draft, path);
      this.#files += 1;
      this.#sizeBytes += sizeBytes;
    } catch (error) {
      this.#plain.remove(draft);
      throw error;
    } finally {
      source.close();
    }
  }

  #sealed(): SealedDisk {
    return new SealedDisk({
      inner: this.#plain,
      cryptography: AES_GCM,
      random: new SystemRandom(),
      keys: this.#keyring,
      isPlain: () => false,
      blockBytesOf: (path) => blockBytesOf(path.replace(/\.converting$/, "")),
      defer: (callback) => void setImmediate(callback),
      damaged: (path) => this.#damaged.add(path),
    });
  }
}

function compare(path: string, source: DiskFile, again: DiskFile): void {
  let isSame = source.sizeBytes === again.sizeBytes;
  for (let at = 0; isSame && at < source.sizeBytes; at += SLICE_BYTES) {
    const length = Math.min(SLICE_BYTES, source.sizeBytes - at);
    isSame = Buffer.compare(source.view(at, length), again.view(at, length)) === 0;
  }
  if (!isSame)
    throw new HeadwaterError("DISK_IO", `${path} reads back as something else: suspect the medium`, { path });
}

/** Whether a path is one of a log store's: what else is in the folder is somebody's own. */
function isStores(path: string): boolean {
  const parts = path.split("/");
  while (parts.length > 1 && /^(?:replaced\.\d+|restore\.new)$/.test(parts[0] ?? "")) parts.shift();
  const [first = "", ...more] = parts;
  if (
    more.length === 0 &&
    [...OWN_FILES, "restore.state"].includes(first.replace(/\.(?:new|converting)$/, ""))
  )
    return true;
  if (/^(?:replaced\.\d+|restore\.new)$/.test(first)) return true;
  if (first === JOURNAL_FOLDER || first === QUARANTINE_FOLDER) return true;
  return parsePartitionFolderName(first) !== null || isDoomedFolderName(first);
}

function isFolder(disk: Disk, path: string): boolean {
  try {
    disk.list(path);
    return true;
  } catch {
    return false;
  }
}

function headerOf(disk: Disk, path: string): FileHeader | null {
  const file = disk.openFile(path, "read");
  try {
    if (file.sizeBytes < FILE_HEADER_BYTES) return null;
    const header = decodeFileHeader(file.view(0, FILE_HEADER_BYTES));
    return header === "none" ? null : header;
  } finally {
    file.close();
  }
}

function isSealedFile(disk: Disk, path: string): boolean {
  return headerOf(disk, path) !== null;
}

/** Numbers of the data keys that files of the folder have. */
export function keyNumbersIn(folder: string): ReadonlySet<number> {
  const disk = new PlainDisk();
  const numbers = new Set<number>();
  const walk = (path: string, depth: number) => {
    for (const name of disk.list(path)) {
      const inner = `${path}/${name}`;
      if (disk.isFile(inner)) {
        const header = headerOf(disk, inner);
        if (header !== null) numbers.add(header.keyNumber);
      } else if (depth < MAX_DEPTH && isFolder(disk, inner)) walk(inner, depth + 1);
    }
  };
  walk(folder, 0);
  return numbers;
}
