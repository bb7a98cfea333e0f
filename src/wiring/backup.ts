import { linkSync, mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { HeadwaterError } from "../base/errors.ts";
import { BACKUP_FORMAT, type BackupManifest, MANIFEST_FILE } from "../cli/backup-manifest.ts";
import type { Clock } from "../io/clock.ts";
import type { Disk, DiskFile } from "../io/disk.ts";
import { TAR_END, tarHeader, tarPadding } from "../io/tar.ts";
import type { CapturedFile, StoreCapture } from "../log/capture.ts";
import type { LogStore } from "../log/log-store.ts";

/** Where names of the captured files are kept while they are read; it stays behind where power goes meanwhile. */
const SNAPSHOT_FOLDER = "snapshot.backup";
const IDENTITY_FILE = "meta.properties";
const MAX_IDENTITY_BYTES = 64 * 1024;
const SLICE_BYTES = 1024 * 1024;
/** Opened within a turn: about 0.2 ms with the processor's instructions for AES, 4 ms without. */
const SEALED_SLICE_BYTES = 256 * 1024;
/** What was appended when the copy was asked for is durable after a commit round. */
const DURABLE_MS = 30_000;
const LOOK_MS = 5;

export interface BackupParts {
  readonly disk: Disk;
  readonly store: LogStore;
  readonly clock: Clock;
  readonly version: string;
  readonly gatewayId: string;
}

/**
 * Copies of a data folder that is in use, one at a time: everything that was appended when it began, of all partitions the
 * same moment, as a stream of tar. Segments keep a second name meanwhile, so that neither retention nor compaction takes
 * them; that costs no space but for what they would have freed, and ends where the disk fills up.
 */
export class Backups {
  readonly #parts: BackupParts;
  #isRunning = false;

  /** Clears away what a power cut left of one. */
  constructor(parts: BackupParts) {
    this.#parts = parts;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * The copy. Who gives up calls `return`. Throws UNSUPPORTED while another one is being made, or where the file system
   * has no second names; LOG_FENCED, DISK_FULL, DISK_IO.
   */
  async *tar(): AsyncGenerator<Uint8Array> {
    if (this.#isRunning)
      throw new HeadwaterError("UNSUPPORTED", "a backup is being made already: wait for its end");
    this.#isRunning = true;
    try {
      const { capture, files } = this.#capture();
      await this.#durable(capture);
      yield* this.#stream(capture, files);
    } finally {
      this.#isRunning = false;
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  get #folder(): string {
    return join(this.#parts.store.folder, SNAPSHOT_FOLDER);
  }

  /** All of it in one turn: from the next one on files may go, or others have their names. */
  #capture(): { readonly capture: StoreCapture; readonly files: readonly CapturedFile[] } {
    const { store } = this.#parts;
    const folder = this.#folder;
    rmSync(folder, { recursive: true, force: true });
    const capture = store.capture();
    const made = new Set<string>();
    try {
      mkdirSync(folder);
      const files = capture.files.map((file): CapturedFile => {
        if ("bytes" in file) return file;
        const parent = join(folder, file.name, "..");
        if (!made.has(parent)) mkdirSync(parent, { recursive: true });
        made.add(parent);
        linkSync(file.path, join(folder, file.name));
        return { ...file, path: join(folder, file.name) };
      });
      const identity = this.#parts.disk.readFile(join(store.folder, IDENTITY_FILE), MAX_IDENTITY_BYTES);
      if (identity === null) throw new Error(`${IDENTITY_FILE} is missing`);
      return { capture, files: [...files, { name: IDENTITY_FILE, bytes: identity }] };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new HeadwaterError(
        "UNSUPPORTED",
        `no copy can be made while the gateway runs: ${why}; stop it, and back the folder up`,
        {
          cause,
        },
      );
    }
  }

  async #durable(capture: StoreCapture): Promise<void> {
    const { clock } = this.#parts;
    const endMs = clock.monotonicMs() + DURABLE_MS;
    for (;;) {
      // Once at least: an encrypted file gets the block that is being filled when the turn ends.
      await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
      if (capture.isDurable()) return;
      if (clock.monotonicMs() > endMs)
        throw new HeadwaterError("DISK_IO", "the disk does not keep up: try again later");
    }
  }

  async *#stream(capture: StoreCapture, files: readonly CapturedFile[]): AsyncGenerator<Uint8Array> {
    const { disk, version, gatewayId, clock, store } = this.#parts;
    const nowMs = clock.nowMs();
    const sums: BackupManifest["files"][number][] = [];
    for (const file of files) {
      const sizeBytes = "bytes" in file ? file.bytes.length : file.sizeBytes;
      const hasher = new Bun.CryptoHasher("sha256");
      yield tarHeader(file.name, sizeBytes, nowMs / 1000);
      for await (const part of contentOf(file, disk)) {
        if (store.status().fullLimit !== null)
          throw new HeadwaterError(
            "DISK_FULL",
            "the disk is full, and the backup would keep space from being freed",
          );
        hasher.update(part);
        yield part;
      }
      yield tarPadding(sizeBytes);
      sums.push({ name: file.name, sizeBytes, sha256: hasher.digest("hex") });
    }
    const manifest: BackupManifest = {
      format: BACKUP_FORMAT,
      ...{ version, gatewayId },
      takenAt: new Date(nowMs).toISOString(),
      left: capture.left,
      files: sums,
    };
    const bytes = new TextEncoder().encode(`${JSON.stringify(manifest)}\n`);
    yield tarHeader(MANIFEST_FILE, bytes.length, nowMs / 1000);
    yield bytes;
    yield tarPadding(bytes.length);
    yield TAR_END;
  }
}

/** Read in the thread pool: the event loop has other things to do than to wait for a card. */
async function* contentOf(file: CapturedFile, disk: Disk): AsyncGenerator<Uint8Array> {
  if ("bytes" in file) {
    yield file.bytes;
    return;
  }
  if (disk.kind === "sealed") {
    yield* openedContent(disk, file);
    return;
  }
  const source = Bun.file(file.path);
  for (let at = 0; at < file.sizeBytes; at += SLICE_BYTES) {
    const length = Math.min(SLICE_BYTES, file.sizeBytes - at);
    const part = await source.slice(at, at + length).bytes();
    if (part.length !== length)
      throw new HeadwaterError("DISK_IO", `${basename(file.path)} of ${file.name} is shorter than it was`, {
        path: file.path,
      });
    yield part;
  }
}

/** What an encrypted file holds: the copy is in the clear. Between slices others have their turns. */
async function* openedContent(
  disk: Disk,
  { name, path, sizeBytes }: Extract<CapturedFile, { path: string }>,
): AsyncGenerator<Uint8Array> {
  const file: DiskFile = disk.openFile(path, "read");
  try {
    if (file.sizeBytes < sizeBytes)
      throw new HeadwaterError("DISK_IO", `${basename(path)} of ${name} is shorter than it was`, { path });
    for (let at = 0; at < sizeBytes; at += SEALED_SLICE_BYTES) {
      const part = new Uint8Array(Math.min(SEALED_SLICE_BYTES, sizeBytes - at));
      file.copy(at, part.length, part, 0);
      yield part;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  } finally {
    file.close();
  }
}
